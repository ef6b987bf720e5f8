//! Attaching as users and operators do it: other users, containers, and every refusal that can be
//! provoked. Most of it needs root; without it, each test says what it skips. The recipes are in
//! `docs/attaching.md`; `tests/live/attach.rs` has clocks and recordings.
#![cfg(test)]

#[path = "attach/contained.rs"]
mod contained;
#[path = "attach/container.rs"]
mod container;
#[path = "attach/namespaces.rs"]
mod namespaces;
#[path = "attach/nobody.rs"]
mod nobody;
#[path = "attach/refused.rs"]
mod refused;
#[path = "attach/stream.rs"]
mod stream;
#[path = "support/mod.rs"]
#[expect(dead_code, reason = "the live tests use the rest")]
mod support;

use std::process::Command;

/// Whether a command can be run here and succeeds.
fn works(words: &[&str]) -> bool {
    let Some((program, arguments)) = words.split_first() else { return false };
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

/// Whether this test has root's rights; says so if not.
fn is_root(what: &str) -> bool {
    let root = nix::unistd::geteuid().is_root();
    if !root {
        println!("SKIPPED: {what}: needs root");
    }
    root
}
