//! What the kernel tells of threads.

use super::{Decoder, Encoder, choice, flag, number, optional, required, small};
use crate::model::{
    BlockedLook, CallObject, Duration, EdgeSource, Event, KernelCall, KernelCallId, KernelState,
    LostSwitches, MachineClocks, NativeCode, NativeCodeId, NativeSample, OffCpu, OffCpuRun,
    OffReason, StringId, Tally, ThreadClocks, ThreadId, Timestamp,
};
use crate::recording::column::Column;
use crate::recording::varint::Malformed;

/// A length that may be missing; the longest is not told from the second longest.
fn length_or_0(length: Option<Duration>) -> u64 {
    length.map_or(0, |length| length.as_nanos().saturating_add(1))
}

fn some_length(number: u64) -> Option<Duration> {
    number.checked_sub(1).map(Duration::from_nanos)
}

impl Encoder {
    pub(super) fn edges(&mut self, thread: ThreadId, time: Timestamp, source: EdgeSource) {
        self.columns.put(Column::Edges, u64::from(thread.get()));
        self.columns.put(Column::Edges, self.clock.fold(time));
        self.columns.put(Column::Edges, u64::from(source as u8));
    }

    pub(super) fn off_cpu(&mut self, off: &OffCpu) {
        let OffCpu { thread, start, end, reason, continues } = *off;
        self.columns.put(Column::OffThread, u64::from(thread.get()));
        self.columns.put_delta(Column::OffStart, start.as_nanos());
        self.columns.put(Column::OffLength, end.since(start).as_nanos());
        self.columns.put(Column::OffReason, u64::from(reason as u8) * 2 + u64::from(continues));
    }

    pub(super) fn off_cpu_run(&mut self, run: &OffCpuRun) {
        let OffCpuRun { thread, start, end, blocked, preempted } = *run;
        self.columns.put(Column::RunThread, u64::from(thread.get()));
        self.columns.put_delta(Column::RunStart, start.as_nanos());
        self.columns.put(Column::RunLength, end.since(start).as_nanos());
        for Tally { count, time } in [blocked, preempted] {
            self.columns.put(Column::RunCounts, u64::from(count));
            self.columns.put(Column::RunTimes, time.as_nanos());
        }
    }

    pub(super) fn lost_switches(&mut self, lost: &LostSwitches) {
        let LostSwitches { thread, start, end, count } = *lost;
        self.columns.put(Column::Lost, u64::from(thread.get()));
        self.columns.put(Column::Lost, self.clock.fold(start));
        self.columns.put(Column::Lost, end.since(start).as_nanos());
        self.columns.put(Column::Lost, count);
    }

    pub(super) fn thread_clocks(&mut self, clocks: &ThreadClocks) {
        let ThreadClocks { thread, time, on_cpu, run_queue, minor_faults, major_faults, state } =
            *clocks;
        self.columns.put(Column::ClockThread, u64::from(thread.get()));
        self.columns.put(Column::ClockTime, self.clock.fold(time));
        self.columns.put_delta(Column::ClockOnCpu, length_or_0(on_cpu));
        self.columns.put_delta(Column::ClockQueue, length_or_0(run_queue));
        self.columns.put_delta(Column::ClockMinor, minor_faults);
        self.columns.put_delta(Column::ClockMajor, major_faults);
        self.columns.put(Column::ClockState, u64::from(state as u8));
    }

    pub(super) fn machine_clocks(&mut self, clocks: &MachineClocks) {
        let MachineClocks { time, busy, steal, cpus } = *clocks;
        self.columns.put(Column::MachineTime, self.clock.fold(time));
        self.columns.put_delta(Column::MachineBusy, busy.as_nanos());
        self.columns.put_delta(Column::MachineSteal, steal.as_nanos());
        self.columns.put(Column::MachineCpus, u64::from(cpus));
    }

    pub(super) fn kernel_call(&mut self, id: KernelCallId, call: &KernelCall) {
        let KernelCall { call, object, name, local, peer } = *call;
        self.columns.put(Column::KernelCall, u64::from(id.get()));
        self.columns.put(Column::KernelCall, u64::from(call.get()));
        self.columns.put(Column::KernelCall, u64::from(object as u8));
        for text in [name, local, peer] {
            self.columns.put(Column::KernelCall, number(text, StringId::get));
        }
    }

    pub(super) fn blocked(&mut self, look: &BlockedLook) {
        let BlockedLook { thread, time, state, call, since } = *look;
        self.columns.put(Column::Blocked, u64::from(thread.get()));
        self.columns.put(Column::Blocked, self.clock.fold(time));
        self.columns.put(Column::Blocked, u64::from(state as u8));
        self.columns.put(Column::Blocked, number(call, KernelCallId::get));
        let length = since.map(|since| time.since(since));
        self.columns.put(Column::Blocked, length_or_0(length));
    }

    pub(super) fn native_code(&mut self, id: NativeCodeId, code: NativeCode) {
        self.columns.put(Column::NativeCode, u64::from(id.get()));
        self.columns.put(Column::NativeCode, number(code.module, StringId::get));
        self.columns.put(Column::NativeCode, number(code.symbol, StringId::get));
    }

    pub(super) fn native_sample(&mut self, sample: &NativeSample) {
        let NativeSample { thread, time, code } = *sample;
        self.columns.put(Column::NativeSample, u64::from(thread.get()));
        self.columns.put(Column::NativeSample, self.clock.fold(time));
        self.columns.put(Column::NativeSample, u64::from(code.get()));
    }
}

impl Decoder {
    pub(super) fn edges(&mut self) -> Result<Event, Malformed> {
        let thread = required(self.columns.take(Column::Edges)?, ThreadId::new)?;
        let time = self.clock.unfold(self.columns.take(Column::Edges)?);
        let source = choice(EdgeSource::ALL, self.columns.take(Column::Edges)?)?;
        Ok(Event::Edges { thread, time, source })
    }

    pub(super) fn off_cpu(&mut self) -> Result<Event, Malformed> {
        let thread = required(self.columns.take(Column::OffThread)?, ThreadId::new)?;
        let start = self.columns.take_delta(Column::OffStart)?;
        let length = self.columns.take(Column::OffLength)?;
        let code = self.columns.take(Column::OffReason)?;
        let end = Timestamp::from_nanos(start.saturating_add(length));
        let start = Timestamp::from_nanos(start);
        let (reason, continues) = (choice(OffReason::ALL, code / 2)?, flag(code % 2)?);
        Ok(Event::OffCpu(OffCpu { thread, start, end, reason, continues }))
    }

    pub(super) fn off_cpu_run(&mut self) -> Result<Event, Malformed> {
        let thread = required(self.columns.take(Column::RunThread)?, ThreadId::new)?;
        let start = self.columns.take_delta(Column::RunStart)?;
        let length = self.columns.take(Column::RunLength)?;
        let mut tally = || {
            let count = small(self.columns.take(Column::RunCounts)?)?;
            let time = Duration::from_nanos(self.columns.take(Column::RunTimes)?);
            Ok(Tally { count, time })
        };
        let (blocked, preempted) = (tally()?, tally()?);
        let end = Timestamp::from_nanos(start.saturating_add(length));
        let start = Timestamp::from_nanos(start);
        Ok(Event::OffCpuRun(OffCpuRun { thread, start, end, blocked, preempted }))
    }

    pub(super) fn lost_switches(&mut self) -> Result<Event, Malformed> {
        let thread = required(self.columns.take(Column::Lost)?, ThreadId::new)?;
        let start = self.clock.unfold(self.columns.take(Column::Lost)?);
        let end = start + Duration::from_nanos(self.columns.take(Column::Lost)?);
        let count = self.columns.take(Column::Lost)?;
        Ok(Event::LostSwitches(LostSwitches { thread, start, end, count }))
    }

    pub(super) fn thread_clocks(&mut self) -> Result<Event, Malformed> {
        let thread = required(self.columns.take(Column::ClockThread)?, ThreadId::new)?;
        let time = self.clock.unfold(self.columns.take(Column::ClockTime)?);
        Ok(Event::ThreadClocks(ThreadClocks {
            thread,
            time,
            on_cpu: some_length(self.columns.take_delta(Column::ClockOnCpu)?),
            run_queue: some_length(self.columns.take_delta(Column::ClockQueue)?),
            minor_faults: self.columns.take_delta(Column::ClockMinor)?,
            major_faults: self.columns.take_delta(Column::ClockMajor)?,
            state: choice(KernelState::ALL, self.columns.take(Column::ClockState)?)?,
        }))
    }

    pub(super) fn machine_clocks(&mut self) -> Result<Event, Malformed> {
        let time = self.clock.unfold(self.columns.take(Column::MachineTime)?);
        Ok(Event::MachineClocks(MachineClocks {
            time,
            busy: Duration::from_nanos(self.columns.take_delta(Column::MachineBusy)?),
            steal: Duration::from_nanos(self.columns.take_delta(Column::MachineSteal)?),
            cpus: small(self.columns.take(Column::MachineCpus)?)?,
        }))
    }

    pub(super) fn kernel_call(&mut self) -> Result<Event, Malformed> {
        let mut next = || self.columns.take(Column::KernelCall);
        let id = required(next()?, KernelCallId::new)?;
        let call = KernelCall {
            call: required(next()?, StringId::new)?,
            object: choice(CallObject::ALL, next()?)?,
            name: optional(next()?, StringId::new)?,
            local: optional(next()?, StringId::new)?,
            peer: optional(next()?, StringId::new)?,
        };
        Ok(Event::KernelCall { id, call })
    }

    pub(super) fn blocked(&mut self) -> Result<Event, Malformed> {
        let thread = required(self.columns.take(Column::Blocked)?, ThreadId::new)?;
        let time = self.clock.unfold(self.columns.take(Column::Blocked)?);
        let state = choice(KernelState::ALL, self.columns.take(Column::Blocked)?)?;
        let call = optional(self.columns.take(Column::Blocked)?, KernelCallId::new)?;
        let length = some_length(self.columns.take(Column::Blocked)?);
        let since = length
            .map(|length| Timestamp::from_nanos(time.as_nanos().saturating_sub(length.as_nanos())));
        Ok(Event::Blocked(BlockedLook { thread, time, state, call, since }))
    }

    pub(super) fn native_code(&mut self) -> Result<Event, Malformed> {
        let mut next = || self.columns.take(Column::NativeCode);
        let id = required(next()?, NativeCodeId::new)?;
        let module = optional(next()?, StringId::new)?;
        let symbol = optional(next()?, StringId::new)?;
        Ok(Event::NativeCode { id, code: NativeCode { module, symbol } })
    }

    pub(super) fn native_sample(&mut self) -> Result<Event, Malformed> {
        let thread = required(self.columns.take(Column::NativeSample)?, ThreadId::new)?;
        let time = self.clock.unfold(self.columns.take(Column::NativeSample)?);
        let code = required(self.columns.take(Column::NativeSample)?, NativeCodeId::new)?;
        Ok(Event::NativeSample(NativeSample { thread, time, code }))
    }
}
