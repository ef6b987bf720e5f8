//! Causes in words, with the evidence that their kind wants.

use crate::analysis::FrameNames;
use crate::model::{
    CallObject, CauseKind, Dictionary, EvidenceValue, FrameId, KernelCall, StringId,
};

use super::known::{self, Known};
use super::verdict::Verdict;

fn text_or_unknown(text: Option<String>) -> EvidenceValue {
    text.map_or(EvidenceValue::Unknown, EvidenceValue::Text)
}

/// `requests.get`: the name of a known call, by the frame in which it was recognised.
pub(super) fn qualified(known: &Known, function: &str) -> String {
    if !known.function.is_empty() {
        return known.name.to_owned();
    }
    let function = function.rsplit('.').next().unwrap_or(function);
    if function.starts_with('<') {
        return known.name.to_owned();
    }
    format!("{}.{function}", known.name)
}

/// A call that waits.
pub(super) struct Call<'a> {
    pub(super) dictionary: &'a Dictionary,
    pub(super) function: Option<String>,
    pub(super) call: Option<&'a KernelCall>,
    pub(super) advice: Option<&'static str>,
}

impl Call<'_> {
    pub(super) fn verdict(self, kind: CauseKind) -> Verdict {
        let Self { dictionary, function, call, advice } = self;
        let syscall = call.map(|call| dictionary.text(call.call).to_owned());
        let object = call.and_then(|call| object(dictionary, call));
        let mut text = match (&function, &syscall) {
            (Some(function), Some(syscall)) => format!("{function}() waits in {syscall}"),
            (Some(function), None) => format!("{function}()"),
            (None, Some(syscall)) => format!("{}{syscall}()", sleeps(syscall, call)),
            (None, None) => "a call that waits".to_owned(),
        };
        if let Some((preposition, object)) = &object {
            text.push_str(&format!(" {preposition} {object}"));
        }
        let by_call = syscall.as_deref().and_then(|syscall| {
            known::by_call(if is_sleep(syscall, call) { "nanosleep" } else { syscall })
        });
        Verdict {
            kind,
            text,
            evidence: vec![
                ("function", text_or_unknown(function)),
                ("syscall", text_or_unknown(syscall)),
                ("object", text_or_unknown(object.map(|(_, object)| object))),
            ],
            advice: advice.or(by_call).or(known::by_kind(kind)),
        }
    }
}

/// What is slept in is worth a word. `time.sleep` selects from no descriptors up to Python 3.10.
fn sleeps(syscall: &str, call: Option<&KernelCall>) -> &'static str {
    if is_sleep(syscall, call) { "sleeps in " } else { "waits in " }
}

fn is_sleep(syscall: &str, call: Option<&KernelCall>) -> bool {
    let nothing = call.is_some_and(|call| call.object == CallObject::Nothing);
    syscall.ends_with("nanosleep") || (nothing && matches!(syscall, "select" | "pselect6"))
}

/// What a call works on: a preposition and a name.
fn object(dictionary: &Dictionary, call: &KernelCall) -> Option<(&'static str, String)> {
    let text = |id: Option<StringId>| {
        id.map(|id| dictionary.text(id).to_owned()).filter(|text| !text.is_empty())
    };
    let name = text(call.name);
    let other = text(call.peer);
    let own = || text(call.local).map(|local| ("at", local));
    match call.object {
        CallObject::File | CallObject::Terminal | CallObject::Device | CallObject::Other => {
            let unnamed = match call.object {
                CallObject::Terminal => Some("the terminal".to_owned()),
                _ => None,
            };
            name.or(unnamed).map(|name| ("on", name))
        }
        CallObject::Tcp | CallObject::Udp | CallObject::Unix | CallObject::Socket => other
            .map(|peer| ("with", peer))
            .or_else(|| name.map(|name| ("with", name)))
            .or_else(own),
        CallObject::Pipe => {
            Some(("on", name.map_or("a pipe".to_owned(), |it| format!("pipe {it}"))))
        }
        CallObject::Child => Some(("for", name.map_or("a child process".to_owned(), |it| it))),
        CallObject::Poll => other.map(|peer| ("with", peer)).or_else(|| name.map(|it| ("on", it))),
        CallObject::Gil | CallObject::Futex | CallObject::Nothing => None,
    }
}

pub(super) fn lock(
    dictionary: &Dictionary,
    name: Option<String>,
    call: Option<&KernelCall>,
    advice: Option<&'static str>,
) -> Verdict {
    let text = match &name {
        Some(name) => format!("{name}() waits for another thread"),
        None => "waits for a lock (futex)".to_owned(),
    };
    let syscall = call.map(|call| dictionary.text(call.call).to_owned());
    Verdict {
        kind: CauseKind::LockWait,
        text,
        evidence: vec![
            ("lock", text_or_unknown(name)),
            ("syscall", text_or_unknown(syscall)),
            ("holder", EvidenceValue::Unknown),
            ("holder_stack", EvidenceValue::Unknown),
        ],
        advice: advice.or(known::by_kind(CauseKind::LockWait)),
    }
}

pub(super) fn native(
    callee: Option<String>,
    module: Option<String>,
    advice: Option<&'static str>,
) -> Verdict {
    let text = match (&callee, &module) {
        (Some(callee), _) => format!("{callee}() computes"),
        (None, Some(module)) => format!("native code of {module} computes"),
        (None, None) => "native code computes".to_owned(),
    };
    Verdict {
        kind: CauseKind::CpuNative,
        text,
        evidence: vec![("callee", text_or_unknown(callee)), ("module", text_or_unknown(module))],
        advice: advice.or(known::by_kind(CauseKind::CpuNative)),
    }
}

pub(super) fn import(module: Option<String>) -> Verdict {
    let text = match &module {
        Some(module) => format!("imports {module}"),
        None => "imports a module".to_owned(),
    };
    Verdict {
        kind: CauseKind::Import,
        text,
        evidence: vec![("module", text_or_unknown(module))],
        advice: known::by_kind(CauseKind::Import),
    }
}

pub(super) fn stopped(traced: bool) -> Verdict {
    let text = if traced { "stopped by a debugger" } else { "stopped by a signal" };
    Verdict {
        evidence: vec![
            ("stopped_ns", EvidenceValue::Unknown),
            ("traced", EvidenceValue::Flag(traced)),
        ],
        ..Verdict::new(CauseKind::Stopped, text)
    }
}

/// Nothing explains it; `seen` and the innermost frame are all there is.
pub(super) fn unknown(dictionary: &Dictionary, frames: &[FrameId], seen: &str) -> Verdict {
    let place = frames
        .last()
        .map(|&id| FrameNames::of(dictionary, id))
        .map(|names| format!("{} ({})", names.function_or_unknown(), names.place()));
    let text = match place {
        Some(place) => format!("{seen}, in a call from {place}"),
        None => seen.to_owned(),
    };
    Verdict {
        kind: CauseKind::Unknown,
        evidence: vec![("seen", EvidenceValue::Text(text.clone()))],
        text,
        advice: None,
    }
}
