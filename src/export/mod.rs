//! Recordings in the formats of other tools.

mod collapsed;
mod labels;
mod speedscope;
mod svg;

pub use collapsed::collapsed;
pub use speedscope::speedscope;
pub use svg::svg;
