//! The recorded processes, gaps, the recorder's account of itself, and the end.

use super::{Decoder, Encoder, choice, required, small};
use crate::model::{Duration, EndReason, Event, ProcessId, RecorderStats, Target, Timestamp};
use crate::recording::column::Column;
use crate::recording::limits::{COMMAND_ARGUMENTS, COMMAND_BYTES, TEXT_BYTES};
use crate::recording::varint::Malformed;

const END_REASONS: [EndReason; 4] =
    [EndReason::Interrupted, EndReason::Duration, EndReason::TargetExited, EndReason::Failed];

impl Encoder {
    pub(super) fn target(&mut self, id: ProcessId, target: &Target) {
        let Target { pid, command, python, attached } = target;
        let arguments = fitting(command);
        let python_kept = &python[..python.floor_char_boundary(TEXT_BYTES)];
        let is_cut = arguments < command.len() || python_kept.len() < python.len();
        self.cut += u64::from(is_cut);
        self.columns.put(Column::Target, u64::from(id.get()));
        self.columns.put(Column::Target, u64::from(*pid));
        self.columns.put(Column::Target, self.clock.fold(*attached));
        self.columns.put(Column::Target, arguments as u64);
        self.columns.put_text(python_kept);
        for argument in &command[..arguments] {
            self.columns.put_text(argument);
        }
    }

    pub(super) fn target_ended(&mut self, id: ProcessId, time: Timestamp) {
        self.columns.put(Column::TargetEnded, u64::from(id.get()));
        self.columns.put(Column::TargetEnded, self.clock.fold(time));
    }

    pub(super) fn gap(&mut self, start: Timestamp, length: Duration) {
        self.columns.put(Column::Gap, self.clock.fold(start));
        self.columns.put(Column::Gap, length.as_nanos());
    }

    pub(super) fn stats(&mut self, stats: &RecorderStats) {
        let RecorderStats { time, cpu, dropped, partial_stacks, rate_hz, census_rate_hz } = *stats;
        self.columns.put(Column::Stats, self.clock.fold(time));
        self.columns.put(Column::Stats, cpu.as_nanos());
        self.columns.put(Column::Stats, dropped);
        self.columns.put(Column::Stats, u64::from(rate_hz));
        self.columns.put(Column::Stats, u64::from(census_rate_hz));
        self.columns.put(Column::Stats, partial_stacks);
    }

    pub(super) fn end(&mut self, time: Timestamp, reason: EndReason) {
        self.columns.put(Column::End, self.clock.fold(time));
        self.columns.put(
            Column::End,
            match reason {
                EndReason::Interrupted => 0,
                EndReason::Duration => 1,
                EndReason::TargetExited => 2,
                EndReason::Failed => 3,
            },
        );
    }
}

/// How many arguments of a command line are kept: all within the limits, from the first on.
fn fitting(command: &[String]) -> usize {
    let mut bytes = 0_usize;
    command
        .iter()
        .take(COMMAND_ARGUMENTS)
        .take_while(|argument| {
            bytes = bytes.saturating_add(argument.len());
            bytes <= COMMAND_BYTES
        })
        .count()
}

impl Decoder {
    pub(super) fn target(&mut self) -> Result<Event, Malformed> {
        let id = required(self.columns.take(Column::Target)?, ProcessId::new)?;
        let pid = small(self.columns.take(Column::Target)?)?;
        let attached = self.clock.unfold(self.columns.take(Column::Target)?);
        let arguments = usize::try_from(self.columns.take(Column::Target)?)
            .ok()
            .filter(|&arguments| arguments <= COMMAND_ARGUMENTS)
            .ok_or(Malformed)?;
        let python = self.columns.take_text()?;
        let mut command = Vec::new();
        for _ in 0..arguments {
            command.push(self.columns.take_text()?);
        }
        Ok(Event::Target { id, target: Target { pid, command, python, attached } })
    }

    pub(super) fn target_ended(&mut self) -> Result<Event, Malformed> {
        let id = required(self.columns.take(Column::TargetEnded)?, ProcessId::new)?;
        let time = self.clock.unfold(self.columns.take(Column::TargetEnded)?);
        Ok(Event::TargetEnded { id, time })
    }

    pub(super) fn gap(&mut self) -> Result<Event, Malformed> {
        let start = self.clock.unfold(self.columns.take(Column::Gap)?);
        let length = Duration::from_nanos(self.columns.take(Column::Gap)?);
        Ok(Event::Gap { start, length })
    }

    pub(super) fn stats(&mut self) -> Result<Event, Malformed> {
        let time = self.clock.unfold(self.columns.take(Column::Stats)?);
        let mut next = || self.columns.take(Column::Stats);
        Ok(Event::Stats(RecorderStats {
            time,
            cpu: Duration::from_nanos(next()?),
            dropped: next()?,
            rate_hz: small(next()?)?,
            census_rate_hz: small(next()?)?,
            partial_stacks: next()?,
        }))
    }

    pub(super) fn end(&mut self) -> Result<Event, Malformed> {
        let time = self.clock.unfold(self.columns.take(Column::End)?);
        let reason = choice(&END_REASONS, self.columns.take(Column::End)?)?;
        Ok(Event::End { time, reason })
    }
}
