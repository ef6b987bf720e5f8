//! Frames as the JSON contracts have them.

use serde::Serialize;

use crate::analysis::FrameNames;
use crate::model::{Dictionary, FrameId, StackId};

/// A frame in JSON.
#[derive(Debug, Serialize)]
pub(super) struct FrameJson<'a> {
    function: Option<&'a str>,
    file: Option<&'a str>,
    line: Option<u32>,
    kind: Option<&'static str>,
}

impl<'a> FrameJson<'a> {
    pub(super) fn new(dictionary: &'a Dictionary, id: FrameId) -> Self {
        let FrameNames { function, file, line, kind } = FrameNames::of(dictionary, id);
        Self { function, file, line, kind: kind.map(crate::model::FrameKind::name) }
    }
}

/// The frames of a stack, outermost first.
pub(super) fn frames_json(dictionary: &Dictionary, stack: StackId) -> Vec<FrameJson<'_>> {
    dictionary.stack_frames(stack).into_iter().map(|id| FrameJson::new(dictionary, id)).collect()
}
