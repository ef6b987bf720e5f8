//! From a recording to facts. Pure: events in, facts out; every front end shows the same.

pub mod check;
pub mod contention;
mod coroutines;
pub mod diff;
pub mod executors;
mod facts;
pub mod findings;
pub mod flame;
mod names;
mod overview;
mod pace;
mod pass;
pub mod path;
pub mod population;
mod read;
mod series;
mod source;
mod stacks;
mod stalls;
mod task_clock;
mod task_clocks;
pub mod timeline;
mod wait_sums;
pub mod waits;

pub use facts::{
    Analysis, AnalysisOptions, CoroutineTime, Gap, HotStack, LoopTime, Overview, Source, StackTask,
    TargetFacts, TaskTime,
};
pub use names::{
    FrameNames, code_place, is_default_name, is_library, is_parked, own_frame, short_path,
    task_coroutine, task_name,
};
pub use pass::{Analyzer, analyze};
pub use read::{analyze_file, analyze_file_reading, analyze_file_with, flame_file, timeline_file};
pub use series::Series;
pub use source::{NoSource, SourceLines};
