//! A thread's clocks and counters, and the machine's.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

use nix::unistd::{SysconfVar, sysconf};

use crate::model::{Duration, KernelState};

/// A thread's clocks and counters, cumulative since it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    /// Time on the CPU.
    pub on_cpu: Option<Duration>,
    /// Time ready to run without a CPU.
    pub run_queue: Option<Duration>,
    /// Page faults that needed no disk.
    pub minor_faults: u64,
    /// Page faults that waited for a disk.
    pub major_faults: u64,
    /// What it is doing.
    pub state: KernelState,
}

/// `/proc/PID/task/TID/{stat,schedstat}`, kept open.
#[derive(Debug)]
pub struct ThreadProbe {
    stat: File,
    schedstat: Option<File>,
}

impl ThreadProbe {
    /// The probe of one thread; `None` if it is gone.
    #[must_use]
    pub fn open(pid: u32, tid: u32) -> Option<Self> {
        let stat = File::open(format!("/proc/{pid}/task/{tid}/stat")).ok()?;
        let schedstat = File::open(format!("/proc/{pid}/task/{tid}/schedstat")).ok();
        Some(Self { stat, schedstat })
    }

    /// Two system calls.
    #[must_use]
    pub fn clocks(&self) -> Option<Clocks> {
        let mut text = [0; 1024];
        let stat = read(&self.stat, &mut text)?;
        let (state, minor_faults, major_faults) = parse_stat(stat)?;
        let mut text = [0; 128];
        let times = self.schedstat.as_ref().and_then(|file| read(file, &mut text));
        let times = times.and_then(parse_schedstat);
        let on_cpu = times.map(|times| times.0);
        let run_queue = times.map(|times| times.1);
        Some(Clocks { on_cpu, run_queue, minor_faults, major_faults, state })
    }

    /// What it is doing. One system call.
    #[must_use]
    pub fn state(&self) -> Option<KernelState> {
        let mut text = [0; 1024];
        parse_stat(read(&self.stat, &mut text)?).map(|stat| stat.0)
    }
}

fn read<'a>(file: &File, into: &'a mut [u8]) -> Option<&'a str> {
    let length = file.read_at(into, 0).ok()?;
    // The thread's name may be anything; it stands before the last bracket.
    let bytes = into.get(..length)?;
    let start = bytes.iter().rposition(|&byte| byte == b')').map_or(0, |at| at + 1);
    std::str::from_utf8(bytes.get(start..)?).ok()
}

/// State, minor and major faults, of what follows the name.
fn parse_stat(text: &str) -> Option<(KernelState, u64, u64)> {
    let mut fields = text.split_ascii_whitespace();
    let state = match fields.next()? {
        "R" => KernelState::Running,
        "S" | "I" => KernelState::Sleeping,
        "D" => KernelState::DiskSleep,
        "T" => KernelState::Stopped,
        "t" => KernelState::Traced,
        "Z" | "X" | "x" => KernelState::Dead,
        _ => KernelState::Other,
    };
    let minor = fields.nth(6)?.parse().ok()?;
    let major = fields.nth(1)?.parse().ok()?;
    Some((state, minor, major))
}

fn parse_schedstat(text: &str) -> Option<(Duration, Duration)> {
    let mut fields = text.split_ascii_whitespace().map(str::parse::<u64>);
    let on_cpu = fields.next()?.ok()?;
    let run_queue = fields.next()?.ok()?;
    // All are zero where the kernel does not account for it.
    (on_cpu > 0).then(|| (Duration::from_nanos(on_cpu), Duration::from_nanos(run_queue)))
}

/// The machine's clocks, summed over its CPUs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// Time in which CPUs worked for anyone.
    pub busy: Duration,
    /// Time in which the hypervisor let others run.
    pub steal: Duration,
    /// CPUs that are online.
    pub cpus: u32,
}

/// `/proc/stat`, kept open.
#[derive(Debug)]
pub struct MachineProbe {
    stat: File,
    nanos_per_tick: u64,
    cpus: u32,
}

impl MachineProbe {
    /// `None` where the kernel has no such file.
    #[must_use]
    pub fn open() -> Option<Self> {
        let number = |name| sysconf(name).ok().flatten().and_then(|number| number.try_into().ok());
        let hz: u64 = number(SysconfVar::CLK_TCK).filter(|&hz| hz > 0)?;
        let cpus = number(SysconfVar::_NPROCESSORS_ONLN).unwrap_or(1);
        let stat = File::open("/proc/stat").ok()?;
        Some(Self {
            stat,
            nanos_per_tick: 1_000_000_000 / hz,
            cpus: u32::try_from(cpus).unwrap_or(1),
        })
    }

    /// One system call.
    #[must_use]
    pub fn clocks(&self) -> Option<Machine> {
        let mut text = [0; 512];
        let length = self.stat.read_at(&mut text, 0).ok()?;
        let line = text.get(..length)?.split(|&byte| byte == b'\n').next()?;
        let (busy, steal) = parse_machine(std::str::from_utf8(line).ok()?)?;
        let time = |ticks: u64| Duration::from_nanos(ticks.saturating_mul(self.nanos_per_tick));
        Some(Machine { busy: time(busy), steal: time(steal), cpus: self.cpus })
    }
}

/// Ticks busy and stolen, of `cpu user nice system idle iowait irq softirq steal …`.
fn parse_machine(line: &str) -> Option<(u64, u64)> {
    let fields = line.strip_prefix("cpu ")?.split_ascii_whitespace();
    let mut ticks = [0; 8];
    for (slot, field) in ticks.iter_mut().zip(fields) {
        *slot = field.parse::<u64>().ok()?;
    }
    let [user, nice, system, _, _, irq, softirq, steal] = ticks;
    let busy = [user, nice, system, irq, softirq].iter().fold(0_u64, |a, &b| a.saturating_add(b));
    Some((busy, steal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_clocks_run() {
        let tid = u32::try_from(nix::unistd::gettid().as_raw()).unwrap();
        let probe = ThreadProbe::open(std::process::id(), tid).unwrap();
        let clocks = probe.clocks().unwrap();
        assert_eq!(clocks.state, KernelState::Running);
        assert!(clocks.minor_faults > 0);
        assert!(MachineProbe::open().unwrap().clocks().unwrap().busy > Duration::ZERO);
    }

    #[test]
    fn a_stat_line_is_read_behind_a_hostile_name() {
        let fields = " T 1 1 1 0 -1 4194304 120 0 7 0 1 2";
        assert_eq!(parse_stat(fields), Some((KernelState::Stopped, 120, 7)));
        assert_eq!(parse_stat(" T 1"), None);
        assert_eq!(parse_machine("cpu  1 2 3 4 5 6 7 8 9 0"), Some((19, 8)));
        assert_eq!(parse_machine("intr 1"), None);
        assert_eq!(parse_schedstat("0 0 0"), None);
    }
}
