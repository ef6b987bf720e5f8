//! Recordings in the formats of other tools.

mod collapsed;
mod differential;
mod labels;
mod perfetto;
mod speedscope;
mod svg;

pub use collapsed::collapsed;
pub use differential::differential;
pub use perfetto::perfetto;
pub use speedscope::speedscope;
pub use svg::svg;
