//! Whom stalls hurt, and how much, held against what the program says.

use looptrace::analysis::task_name;
use looptrace::model::{Duration, Victim};

use super::matching::best_match;
use super::told::{self, Compared, ToldStall};
use crate::full_run;
use crate::support::interpreter::interpreter;

const THRESHOLD: Duration = Duration::from_nanos(50_000_000);
/// Beyond the stated errors: between the program's readings of its clock and its loop's work.
const SLACK: u64 = 10_000_000;

macro_rules! victims {
    ($($name:ident = $minor:literal, $options:expr, $always:literal;)+) => {$(
        #[test]
        fn $name() {
            if let Some(python) = interpreter($minor).filter(|_| $always || full_run()) {
                check(&told::record(python, "stall_victims", &["3"], &$options, THRESHOLD));
            }
        }
    )+};
}

victims! {
    on_3_08 = 8, [], true;
    on_3_09 = 9, [], false;
    on_3_10 = 10, [], false;
    on_3_11 = 11, [], false;
    on_3_12 = 12, ["--no-kernel-stream"], true;
    on_3_13 = 13, [], false;
    on_3_14 = 14, [], true;
    on_3_15 = 15, [], false;
}

fn check(compared: &Compared) {
    let (mut right, mut of) = (0, 0);
    for planted in &compared.told.stalls {
        if !full_run() && !compared.saw(planted, THRESHOLD) {
            continue;
        }
        let taken = vec![false; compared.facts.stalls.len()];
        let Some((_, stall)) = best_match(planted, &compared.facts.stalls, &taken) else {
            println!("not found: {planted:?}");
            continue;
        };
        for (name, told) in &planted.victims {
            let found = stall.victims.iter().find(|victim| {
                task_name(&compared.facts.dictionary, victim.task) == Some(name.as_str())
            });
            let fits = found.is_some_and(|victim| suffered(victim, told, planted));
            if !fits {
                println!("{name} {told:?} found as {found:?}");
            }
            of += 1;
            right += u32::from(fits);
        }
    }
    println!("{right} of {of} victims as they say");
    if of == 0 {
        println!("SKIPPED: the recorder came too late for all stalls");
    }
    assert_eq!(right, of, "victims as they say");
}

fn suffered(victim: &Victim, (reason, delay): &(String, u64), planted: &ToldStall) -> bool {
    let off = victim.delay.as_nanos().abs_diff(*delay);
    let error = victim.error.as_nanos() + SLACK + planted.length().as_nanos() / 100;
    victim.reason.name() == reason && off <= error
}
