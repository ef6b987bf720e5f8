//! Which processes belong to a recording, as they come, go and become other programs.

use crate::os::{ids, process};
use crate::python::{AttachOptions, Target};

/// A child that cannot be attached to (yet) is tried again after so many rescans, doubling from
/// the first one on up to the last.
const RETRY_AFTER: [u32; 6] = [1, 1, 2, 4, 8, 16];

/// The root process and, if wanted, its descendants.
#[derive(Debug)]
pub(super) struct Family {
    root: u32,
    /// When the root process began; another one with its number began later.
    root_began: Option<u64>,
    with_children: bool,
    suspects: Vec<u32>,
    candidates: Vec<Candidate>,
}

/// A process that is not attached to.
#[derive(Debug)]
struct Candidate {
    pid: u32,
    tries: usize,
    rescans_left: u32,
}

impl Family {
    pub(super) fn new(root: u32, with_children: bool) -> Self {
        let root_began = ids::start_time(root);
        Self { root, root_began, with_children, suspects: Vec::new(), candidates: Vec::new() }
    }

    pub(super) fn root_is_alive(&self) -> bool {
        ids::start_time(self.root) == self.root_began
            && process::Status::of(self.root).is_some_and(|status| !status.is_over())
    }

    /// Notes that a process could not be read.
    pub(super) fn suspect(&mut self, pid: u32) {
        if !self.suspects.contains(&pid) {
            self.suspects.push(pid);
        }
    }

    /// Whether this still is the process and the program that was attached to. That the process
    /// is the same one is believed to mean the same program unless it was suspected.
    pub(super) fn confirm(&mut self, attached: &Target) -> bool {
        let pid = attached.pid;
        let suspected = self.suspects.iter().position(|&suspect| suspect == pid);
        let stays = attached.still_same()
            && suspected.is_none_or(|index| {
                self.suspects.swap_remove(index);
                same_program(attached)
            });
        if !stays && attached.is_same_process() {
            // If it lives on it executed another program, perhaps another Python. A stranger that
            // has got its number is nobody's business.
            self.candidates.push(Candidate { pid, tries: 0, rescans_left: 0 });
        }
        stays
    }

    /// Processes that belong here, are not `known` and can be attached to now.
    pub(super) fn newcomers(&mut self, known: &[u32], options: AttachOptions) -> Vec<Target> {
        if self.with_children {
            for pid in self.descendants() {
                let new = !known.contains(&pid)
                    && !self.candidates.iter().any(|candidate| candidate.pid == pid);
                if new {
                    self.candidates.push(Candidate { pid, tries: 0, rescans_left: 0 });
                }
            }
        }
        let mut found = Vec::new();
        self.candidates.retain_mut(|candidate| {
            if process::Status::of(candidate.pid).is_none_or(|status| status.is_over()) {
                return false;
            }
            if candidate.rescans_left > 0 {
                candidate.rescans_left -= 1;
                return true;
            }
            if let Ok(attached) = Target::attach(candidate.pid, options) {
                found.push(attached);
                return false;
            }
            let last = RETRY_AFTER.len() - 1;
            candidate.rescans_left = RETRY_AFTER.get(candidate.tries.min(last)).map_or(1, |&n| n);
            candidate.tries += 1;
            true
        });
        found
    }

    fn descendants(&self) -> Vec<u32> {
        let mut found: Vec<u32> = Vec::new();
        let mut next = vec![self.root];
        while let Some(parent) = next.pop() {
            for child in process::children(parent) {
                if !found.contains(&child) {
                    found.push(child);
                    next.push(child);
                }
            }
        }
        found.sort_unstable();
        found
    }
}

/// Whether the interpreter still is where it was: after an exec it is elsewhere.
fn same_program(attached: &Target) -> bool {
    let options = AttachOptions { force_unverified: true };
    Target::attach(attached.pid, options).is_ok_and(|now| {
        let (now, before) = (&now.interpreter, &attached.interpreter);
        now.runtime == before.runtime && now.interpreters.last() == before.interpreters.last()
    })
}
