//! Tests against running Python programs. One binary, so that all of them share `support`.
#![cfg(test)]

#[path = "../support/mod.rs"]
mod support;

/// Whether every combination is to be tried (`tests/run --full`).
pub(crate) fn full_run() -> bool {
    std::env::var_os("LOOPTRACE_TEST_FULL").is_some()
}

/// One test per version, so that they run side by side and a version fails alone.
macro_rules! on_every_version {
    ($check:ident: $($name:ident = $minor:literal),+ $(,)?) => {$(
        #[test]
        fn $name() {
            if let Some(python) = interpreter($minor) {
                $check(python);
            }
        }
    )+};
}

mod attach;
mod busy;
mod census;
mod dump;
mod ends;
mod evidence;
mod export;
mod gate;
mod pools;
mod reborn;
mod record;
mod samples;
mod stalls;
mod suites;
mod tour;
mod turns;
mod unwinds;
