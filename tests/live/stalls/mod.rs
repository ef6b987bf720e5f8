//! Stalls that programs plant on purpose, held against what looptrace finds.

mod changes;
mod healthy;
mod kinds;
mod matching;
mod ongoing;
mod places;
mod planted;
mod rows;
mod told;
mod victims;
