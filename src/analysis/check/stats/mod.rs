//! Statistics over runs. Every function is checked against SciPy in `tests/check/stats.rs`.

mod correction;
mod quantile;
mod rank;
mod resample;
mod shift;
mod slope;

pub use correction::holm;
pub use quantile::{mad, median, quantile};
pub use rank::greater;
pub use resample::split_noise;
pub use shift::{Shift, shift};
pub use slope::{Slope, theil_sen};
