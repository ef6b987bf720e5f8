//! How much disk a minute takes.

use std::num::NonZeroU32;

use looptrace::model::{Activity, CensusEnd, Event, Sample, TaskRow, TaskState, Timestamp};
use looptrace::recording::Writer;

use super::support::{Dice, Program, meta, temporary};

const MINUTE_NS: u64 = 60_000_000_000;
const TICK_NS: u64 = 1_000_000;
const CENSUS_TICKS: u64 = 50;
const FLUSH_TICKS: u64 = 500;
const BUDGET: u64 = 2 << 20;

/// A recorded minute at 1 kHz, with a census at 20 Hz.
struct Minute {
    /// Tasks of the program.
    tasks: u32,
    /// Different stacks in which it is seen.
    stacks: u32,
    /// How long (in samples) one task runs before another does.
    step: u64,
    /// Tasks whose row differs from one census to the next.
    changing: usize,
}

impl Minute {
    /// Bytes of the recording.
    fn record(&self) -> u64 {
        let program = Program::new(self.tasks, self.stacks, 12);
        let mut dice = Dice(42);
        let (_folder, path) = temporary("run.looptrace");
        let mut writer = Writer::create(&path, &meta(), false).unwrap();
        program.definitions.iter().for_each(|event| writer.push(event).unwrap());
        let mut running = program.tasks[0];
        let (mut version, mut callback) = (1, 1);
        for tick in 0..MINUTE_NS / TICK_NS {
            if tick % self.step == 0 {
                running = program.tasks[dice.below(program.tasks.len())];
                version += 2 * dice.below(40) as u64;
                callback += 1;
            }
            // A timer is late by up to 60 µs.
            let time = Timestamp::from_nanos(tick * TICK_NS + dice.below(60_000) as u64);
            let sample = Sample {
                time,
                thread: program.thread,
                stack: Some(program.stacks[dice.below(program.stacks.len())]),
                task: Some(running),
                task_depth: Some(4),
                activity: Activity::Busy,
                context_ver: Some(version),
                callback: NonZeroU32::new(callback),
            };
            writer.push(&Event::Sample(sample)).unwrap();
            if tick % CENSUS_TICKS == 0 {
                self.census(&program, &mut dice, time, &mut writer);
            }
            if tick % FLUSH_TICKS == 0 {
                writer.flush().unwrap();
            }
        }
        writer.finish().unwrap()
    }

    fn census(&self, program: &Program, dice: &mut Dice, time: Timestamp, writer: &mut Writer) {
        let process = program.process;
        writer.push(&Event::CensusBegin { process, time }).unwrap();
        // Those that change are scattered over all tasks.
        let stride = program.tasks.len() / self.changing;
        for &task in program.tasks.iter().skip(dice.below(stride)).step_by(stride) {
            let row = TaskRow {
                task,
                state: TaskState::Waiting,
                chain: Some(program.stacks[dice.below(program.stacks.len())]),
                wait: Some(program.waits[dice.below(4)]),
                cancel_requests: Some(0),
            };
            writer.push(&Event::TaskRow(row)).unwrap();
        }
        let end = CensusEnd { time, complete: true, tasks: self.tasks, torn: 0, unreadable: 0 };
        writer.push(&Event::CensusEnd { process, end }).unwrap();
    }
}

#[test]
fn a_minute_of_a_busy_loop_with_1000_tasks_stays_within_2_mib() {
    let usual = Minute { tasks: 1000, stacks: 30, step: 5, changing: 100 }.record();
    println!("1,000 tasks, 100 change between censuses: {usual} bytes a minute");
    assert!(usual <= BUDGET / 2, "{usual}");

    let restless = Minute { tasks: 1000, stacks: 30, step: 1, changing: 1000 }.record();
    println!("1,000 tasks, all change at random between censuses: {restless} bytes a minute");
    assert!(restless <= BUDGET, "{restless}");
}

#[test]
fn a_minute_of_one_busy_task_takes_little_more_than_its_times() {
    let steady = Minute { tasks: 1, stacks: 1, step: 1000, changing: 1 }.record();
    println!("one task in one stack: {steady} bytes a minute");
    assert!(steady <= 60_000 * 4, "{steady}");
}
