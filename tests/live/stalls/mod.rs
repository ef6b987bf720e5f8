//! Stalls that programs plant on purpose, held against what looptrace finds.

mod kinds;
mod matching;
mod planted;
mod rows;
mod told;
