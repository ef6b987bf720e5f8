//! Whom the sockets are connected to that threads wait for, asked on a thread of its own: the kernel
//! may take 20 ms to tell, and no tick waits for that. Looks at such threads are recorded once it is
//! known.

use std::time::{Duration as StdDuration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::model::{BlockedLook, Duration, Event, KernelCallId, Timestamp};
use crate::os::objects::Object;
use crate::os::sockets::{Protocol, look_up};

use super::sink::Sink;

/// Questions and answers on their way, and looks that wait for them.
const MOST: usize = 1024;
/// Looks are recorded without an answer after this long.
const PATIENCE: Duration = Duration::from_nanos(1_000_000_000);
/// How long answers are waited for once the recording is over.
const LAST_WAIT: StdDuration = StdDuration::from_millis(200);
/// The thread works for one part in so many of the time.
const SHARE: u32 = 20;
/// What it may have saved up.
const SAVED: StdDuration = StdDuration::from_secs(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) inode: u64,
    pub(super) protocol: Protocol,
}

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) inode: u64,
    /// `None` where the kernel lists no such socket.
    pub(super) object: Option<Object>,
}

#[derive(Debug)]
struct Ends {
    ask: Sender<Question>,
    answers: Receiver<Answer>,
}

/// The questions of one process.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    ends: Option<Ends>,
    /// Calls that are not known in full yet.
    pending: Vec<KernelCallId>,
    waiting: Vec<BlockedLook>,
}

impl Sockets {
    /// Asks about a socket that `call` works on. Tells whether an answer will come.
    pub(super) fn ask(
        &mut self,
        pid: u32,
        inode: u64,
        protocol: Protocol,
        call: KernelCallId,
    ) -> bool {
        if protocol == Protocol::Other || self.pending.len() >= MOST {
            return false;
        }
        if self.ends.is_none() {
            self.ends = start(pid);
        }
        let Some(ends) = &self.ends else { return false };
        let asked = ends.ask.try_send(Question { inode, protocol }).is_ok();
        if asked {
            self.pending.push(call);
        }
        asked
    }

    /// Records a look, now or once its call is known.
    pub(super) fn record(&mut self, look: BlockedLook, sink: &mut Sink) {
        let waits = look.call.is_some_and(|call| self.pending.contains(&call));
        if waits && self.waiting.len() < MOST {
            self.waiting.push(look);
        } else {
            sink.push(Event::Blocked(look));
        }
    }

    /// The next answer, if there is one.
    pub(super) fn answer(&self) -> Option<Answer> {
        self.ends.as_ref()?.answers.try_recv().ok()
    }

    /// As [`Self::answer`], waiting for a moment while looks need one.
    pub(super) fn last_answer(&self, until: Instant) -> Option<Answer> {
        if self.waiting.is_empty() {
            return None;
        }
        self.ends.as_ref()?.answers.recv_deadline(until).ok()
    }

    /// When waiting for last answers ends.
    pub(super) fn deadline() -> Instant {
        Instant::now() + LAST_WAIT
    }

    /// Records the looks in a call that is `full` now.
    pub(super) fn settle(&mut self, call: KernelCallId, full: KernelCallId, sink: &mut Sink) {
        self.pending.retain(|&pending| pending != call);
        self.waiting.retain(|look| {
            let theirs = look.call == Some(call);
            if theirs {
                sink.push(Event::Blocked(BlockedLook { call: Some(full), ..*look }));
            }
            !theirs
        });
    }

    /// Records looks that have waited too long as they are; all of them with `rest`.
    pub(super) fn give_up(&mut self, now: Timestamp, rest: bool, sink: &mut Sink) {
        self.waiting.retain(|look| {
            let stays = !rest && now.since(look.time) < PATIENCE;
            if !stays {
                sink.push(Event::Blocked(*look));
            }
            stays
        });
    }
}

fn start(pid: u32) -> Option<Ends> {
    let (ask, questions) = bounded(MOST);
    let (give, answers) = bounded(MOST);
    std::thread::Builder::new()
        .name("looptrace-sockets".to_owned())
        .spawn(move || work(pid, &questions, &give))
        .ok()?;
    Some(Ends { ask, answers })
}

/// Answers until nobody asks any more. What comes while the tables are read, or while the thread
/// has used up its share of the time, is answered together.
fn work(pid: u32, questions: &Receiver<Question>, give: &Sender<Answer>) {
    let mut saved = SAVED;
    let mut counted = Instant::now();
    let mut open = Vec::new();
    while let Ok(first) = questions.recv() {
        let elapsed = std::mem::replace(&mut counted, Instant::now()).elapsed();
        saved = saved.saturating_add(elapsed / SHARE).min(SAVED);
        if saved.is_zero() {
            // So much of the time passes that the next look into a table is earned.
            std::thread::sleep(SAVED / SHARE);
        }
        open.clear();
        open.push(first);
        open.extend(questions.try_iter().take(MOST - 1));
        let begun = Instant::now();
        for answer in answers_to(pid, &open) {
            // Nobody waits for them once the recording is over.
            if give.send_timeout(answer, StdDuration::from_secs(1)).is_err() {
                return;
            }
        }
        saved = saved.saturating_sub(begun.elapsed());
    }
}

/// Asks the kernel, here and now.
pub(super) fn answers_to(pid: u32, questions: &[Question]) -> Vec<Answer> {
    use Protocol::{Tcp, Tcp6, Udp, Udp6, Unix};
    let nobody = |question: &Question| Answer { inode: question.inode, object: None };
    let mut answers: Vec<Answer> = questions.iter().map(nobody).collect();
    for protocol in [Unix, Udp, Udp6, Tcp, Tcp6] {
        // The kernel lists them piece by piece: what others open and close meanwhile may hide some.
        for _attempt in 0..2 {
            let open = answers.iter().zip(questions).filter(|(answer, question)| {
                question.protocol == protocol && answer.object.is_none()
            });
            let wanted: Vec<u64> = open.map(|(answer, _)| answer.inode).collect();
            if wanted.is_empty() {
                break;
            }
            let told = look_up(pid, protocol, &wanted, &mut |inode, object| {
                for answer in answers.iter_mut().filter(|answer| answer.inode == inode) {
                    answer.object = Some(object.clone());
                }
            });
            // The process is gone, or its network is not ours to see: what was found stands.
            if told.is_err() {
                break;
            }
        }
    }
    answers
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsRawFd as _;

    use super::*;
    use crate::os::{objects, sockets};

    #[test]
    fn many_are_answered_together_and_strangers_are_not_known() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(server.local_addr().unwrap()).unwrap();
        let pid = std::process::id();
        let link = objects::link(pid, u64::try_from(client.as_raw_fd()).unwrap()).unwrap();
        let inode = sockets::inode(&link).unwrap();
        let ask = |inode, protocol| Question { inode, protocol };
        let questions = [
            ask(inode, Protocol::Tcp),
            ask(u64::MAX, Protocol::Tcp),
            ask(inode, Protocol::Tcp),
            ask(inode, Protocol::Udp),
        ];
        let answers = answers_to(pid, &questions);
        let peer = Some(server.local_addr().unwrap().to_string());
        let found: Vec<bool> = answers
            .iter()
            .map(|answer| answer.object.as_ref().is_some_and(|object| object.peer == peer))
            .collect();
        assert_eq!(found, [true, false, true, true]);
    }

    #[test]
    fn the_thread_answers_and_ends_with_its_questions() {
        let ends = start(std::process::id()).unwrap();
        ends.ask.send(Question { inode: u64::MAX, protocol: Protocol::Unix }).unwrap();
        let answer = ends.answers.recv().unwrap();
        assert_eq!((answer.inode, answer.object), (u64::MAX, None));
        let Ends { ask, answers } = ends;
        drop(ask);
        assert!(answers.recv().is_err());
    }
}
