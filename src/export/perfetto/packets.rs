//! Packets, one after the other, into a writer.

use std::io::{self, Write};

use prost::Message as _;

use crate::analysis::FrameNames;
use crate::model::{Dictionary, FrameId, StackId, Timestamp};

use super::proto::{
    CounterDescriptor, DebugAnnotation, EventType, Frame, InlineCallstack, TracePacket,
    TrackDescriptor, TrackEvent, Unit,
};

/// Field 1 of `Trace`, of the length-delimited type.
const PACKET: u8 = 1 << 3 | 2;
/// The one sequence that all packets belong to.
const SEQUENCE: u32 = 1;

/// A track, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Track(u64);

/// A slice of a track.
#[derive(Debug, Clone, Default)]
pub(super) struct Slice {
    pub(super) name: String,
    pub(super) category: &'static str,
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    pub(super) notes: Vec<DebugAnnotation>,
    pub(super) frames: Vec<FrameId>,
    /// Flows that begin here.
    pub(super) begins: Vec<u64>,
    /// Flows that end here.
    pub(super) ends: Vec<u64>,
}

/// Writes packets.
pub(super) struct Packets<'a, W> {
    out: W,
    dictionary: &'a Dictionary,
    tracks: u64,
    buffer: Vec<u8>,
}

impl<'a, W: Write> Packets<'a, W> {
    pub(super) fn new(dictionary: &'a Dictionary, out: W) -> Self {
        Self { out, dictionary, tracks: 0, buffer: Vec::new() }
    }

    fn packet(&mut self, packet: &TracePacket) -> io::Result<()> {
        self.buffer.clear();
        self.buffer.push(PACKET);
        packet.encode_length_delimited(&mut self.buffer).map_err(io::Error::other)?;
        self.out.write_all(&self.buffer)
    }

    /// Describes a track; its number is given to it here.
    pub(super) fn track(&mut self, descriptor: TrackDescriptor) -> io::Result<Track> {
        self.tracks += 1;
        let track = Track(self.tracks);
        let descriptor = TrackDescriptor { uuid: Some(track.0), ..descriptor };
        self.packet(&TracePacket {
            trusted_packet_sequence_id: Some(SEQUENCE),
            track_descriptor: Some(descriptor),
            ..TracePacket::default()
        })?;
        Ok(track)
    }

    /// A named track below another.
    pub(super) fn below(&mut self, parent: Track, name: String) -> io::Result<Track> {
        self.track(TrackDescriptor {
            name: Some(name),
            parent_uuid: Some(parent.0),
            sibling_merge_behavior: Some(super::proto::SiblingMerge::Never.into()),
            ..TrackDescriptor::default()
        })
    }

    /// A counter below another track.
    pub(super) fn counter(&mut self, parent: Track, name: String, unit: Unit) -> io::Result<Track> {
        self.track(TrackDescriptor {
            name: Some(name),
            parent_uuid: Some(parent.0),
            counter: Some(CounterDescriptor { unit: Some(unit.into()) }),
            ..TrackDescriptor::default()
        })
    }

    /// A counter's value from `time` on.
    pub(super) fn value(&mut self, track: Track, time: Timestamp, value: u64) -> io::Result<()> {
        self.event(
            time,
            TrackEvent {
                r#type: Some(EventType::Counter.into()),
                track_uuid: Some(track.0),
                counter_value: Some(i64::try_from(value).unwrap_or(i64::MAX)),
                ..TrackEvent::default()
            },
        )
    }

    /// A slice, which must not overlap those before it on its track.
    pub(super) fn slice(&mut self, track: Track, slice: Slice) -> io::Result<()> {
        let frames: Vec<Frame> = slice.frames.iter().map(|&id| self.frame(id)).collect();
        self.event(
            slice.start,
            TrackEvent {
                r#type: Some(EventType::SliceBegin.into()),
                track_uuid: Some(track.0),
                categories: vec![slice.category.to_owned()],
                name: Some(slice.name),
                debug_annotations: slice.notes,
                flow_ids: slice.begins,
                terminating_flow_ids: slice.ends,
                callstack: (!frames.is_empty()).then_some(InlineCallstack { frames }),
                ..TrackEvent::default()
            },
        )?;
        self.event(
            slice.end,
            TrackEvent {
                r#type: Some(EventType::SliceEnd.into()),
                track_uuid: Some(track.0),
                ..TrackEvent::default()
            },
        )
    }

    fn event(&mut self, time: Timestamp, event: TrackEvent) -> io::Result<()> {
        self.packet(&TracePacket {
            timestamp: Some(time.as_nanos()),
            trusted_packet_sequence_id: Some(SEQUENCE),
            track_event: Some(event),
            ..TracePacket::default()
        })
    }

    fn frame(&self, id: FrameId) -> Frame {
        let FrameNames { function, file, line, .. } = FrameNames::of(self.dictionary, id);
        Frame {
            function_name: function.map(str::to_owned),
            source_file: file.map(str::to_owned),
            line_number: line,
        }
    }

    /// The frames of a stack that may be unknown.
    pub(super) fn frames(&self, stack: Option<StackId>) -> Vec<FrameId> {
        stack.map_or_else(Vec::new, |stack| self.dictionary.stack_frames(stack))
    }
}

/// A number shown with a slice.
pub(super) fn number(name: &str, value: u64) -> DebugAnnotation {
    DebugAnnotation {
        name: Some(name.to_owned()),
        uint_value: Some(value),
        ..DebugAnnotation::default()
    }
}

/// A text shown with a slice.
pub(super) fn text(name: &str, value: impl Into<String>) -> DebugAnnotation {
    DebugAnnotation {
        name: Some(name.to_owned()),
        string_value: Some(value.into()),
        ..DebugAnnotation::default()
    }
}
