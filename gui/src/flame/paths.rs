//! From stacks to paths of names, changed as was asked.

use looptrace::analysis::{FrameNames, short_path, timeline::SpanState};
use looptrace::model::{CodeId, Dictionary, StackId, WaitId};
use rustc_hash::FxHashMap;

use super::{Name, Transform};
use crate::text;

/// Gives out names, each once, and paths of them.
#[derive(Debug)]
pub(super) struct Paths<'a> {
    dictionary: &'a Dictionary,
    transforms: &'a [Transform],
    names: Vec<Name>,
    ids: FxHashMap<Name, u32>,
    codes: FxHashMap<CodeId, u32>,
}

impl<'a> Paths<'a> {
    pub(super) fn new(dictionary: &'a Dictionary, transforms: &'a [Transform]) -> Self {
        Self {
            dictionary,
            transforms,
            names: Vec::new(),
            ids: FxHashMap::default(),
            codes: FxHashMap::default(),
        }
    }

    pub(super) fn names(&self) -> &[Name] {
        &self.names
    }

    pub(super) fn into_names(self) -> Vec<Name> {
        self.names
    }

    fn id(&mut self, name: Name) -> u32 {
        if let Some(&id) = self.ids.get(&name) {
            return id;
        }
        let id = self.names.len() as u32;
        self.names.push(name.clone());
        self.ids.insert(name, id);
        id
    }

    pub(super) fn note(&mut self, text: String) -> u32 {
        self.id(Name { text, file: None, line: 0, code: None, internal: true })
    }

    /// What a stack becomes; `None` where nothing of it is wanted.
    pub(super) fn path(&mut self, stack: Option<StackId>) -> Option<Vec<u32>> {
        let frames = stack.map(|stack| self.dictionary.stack_frames(stack)).unwrap_or_default();
        let mut codes: Vec<(Option<CodeId>, u32)> = Vec::with_capacity(frames.len());
        for frame in frames {
            let code = self.dictionary.get_frame(frame).map(|frame| frame.code);
            let name = match code.and_then(|code| self.codes.get(&code)) {
                Some(&name) => name,
                None => {
                    let name = self.id(name_of(self.dictionary, frame, code));
                    if let Some(code) = code {
                        self.codes.insert(code, name);
                    }
                    name
                }
            };
            codes.push((code, name));
        }
        for transform in self.transforms {
            let place = |wanted: CodeId| codes.iter().position(|(code, _)| *code == Some(wanted));
            match *transform {
                Transform::HideInternals => {
                    codes.retain(|(_, name)| !self.names[*name as usize].internal);
                }
                Transform::Focus(code) => {
                    let begin = place(code)?;
                    codes.drain(..begin);
                }
                Transform::Collapse(code) => {
                    if let Some(end) = place(code) {
                        codes.truncate(end + 1);
                    }
                }
                Transform::Merge(code) => codes.retain(|(known, _)| *known != Some(code)),
            }
        }
        if codes.is_empty() {
            return Some(vec![self.note("(event loop)".to_owned())]);
        }
        Some(codes.into_iter().map(|(_, name)| name).collect())
    }

    /// What a task waited for, as the innermost box.
    pub(super) fn suspension(&mut self, state: SpanState, wait: Option<WaitId>) -> u32 {
        let text = match state {
            SpanState::Ready => "(ready, not run)".to_owned(),
            _ => format!("(waits for {})", text::wait(self.dictionary, wait)),
        };
        self.note(text)
    }
}

fn name_of(
    dictionary: &Dictionary,
    frame: looptrace::model::FrameId,
    code: Option<CodeId>,
) -> Name {
    let names = FrameNames::of(dictionary, frame);
    let line = code.and_then(|code| dictionary.get_code(code)).map_or(0, |code| code.first_line);
    Name {
        text: names.function_or_unknown().to_owned(),
        file: names.file.map(str::to_owned),
        line,
        code,
        internal: names.file.is_some_and(is_internal),
    }
}

/// Whether a file belongs to asyncio, or to what starts a program.
#[must_use]
pub(super) fn is_internal(file: &str) -> bool {
    const INTERNAL: [&str; 7] = [
        "asyncio/",
        "selectors.py",
        "runpy.py",
        "threading.py",
        "concurrent/futures/",
        "uvloop/",
        "<frozen runpy>",
    ];
    let short = short_path(file);
    INTERNAL.iter().any(|prefix| short.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::is_internal;

    #[test]
    fn asyncio_is_internal_and_programs_are_not() {
        assert!(is_internal("/usr/lib/python3.13/asyncio/base_events.py"));
        assert!(is_internal("<frozen runpy>"));
        assert!(!is_internal("/srv/asyncio/app.py"));
        assert!(!is_internal("/usr/lib/python3.13/json/decoder.py"));
    }
}
