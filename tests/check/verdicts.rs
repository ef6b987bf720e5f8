//! What is said about runs whose truth is known.

use looptrace::analysis::check::{
    Config, Inputs, METRICS, Noise, Run, Scope, Selection, Verdict, interleaved, judge, value,
};

use crate::runs::{check, config, coroutine, place, run, sides, stall, today};

const CPU: &str = "[[budget]]\nmetric = \"stall.cpu.p50\"\nmax_increase = \"10%\"\n";
const WALL: &str = "[[budget]]\nmetric = \"stall.p50\"\nmax_increase = \"10%\"\n";

fn verdict(budgets: &str, base: &[Run], head: &[Run]) -> (Verdict, String) {
    let report = check(budgets, base, head);
    let [outcome] = report.outcomes.as_slice() else { panic!("{:?}", report.outcomes) };
    (outcome.verdict, outcome.reason.clone())
}

#[test]
fn a_regression_fails_and_the_same_passes() {
    let (base, head) = sides(12, 1.3, 0.05);
    let (found, reason) = verdict(CPU, &base, &head);
    assert_eq!(found, Verdict::Fail, "{reason}");
    assert!(reason.contains("above the tolerance of 10 %"), "{reason}");
    let (base, head) = sides(12, 1.0, 0.05);
    let (found, reason) = verdict(CPU, &base, &head);
    assert_eq!(found, Verdict::Pass, "{reason}");
    let (base, head) = sides(12, 0.7, 0.05);
    assert_eq!(verdict(CPU, &base, &head).0, Verdict::Pass, "better is no worse");
}

#[test]
fn an_interval_that_holds_the_tolerance_is_never_a_pass() {
    let (base, head) = sides(12, 1.1, 0.3);
    let report = check(CPU, &base, &head);
    let outcome = &report.outcomes[0];
    let effect = outcome.effect.expect("an effect");
    assert!(effect.low < 0.1 && effect.high > 0.1, "{effect:?}");
    assert_eq!(outcome.verdict, Verdict::Inconclusive);
    assert_eq!(report.verdict, Verdict::Inconclusive);
    assert!(outcome.reason.contains("may be above or below 10 %"), "{}", outcome.reason);
}

#[test]
fn too_few_runs_say_how_many_are_missing() {
    let (base, head) = sides(4, 2.0, 0.05);
    let (found, reason) = verdict(CPU, &base, &head);
    assert_eq!(found, Verdict::Inconclusive);
    assert_eq!(reason, "4 of the 10 runs per side that a comparison needs: record 6 more of each");
}

#[test]
fn more_runs_are_asked_for_the_noisier_the_figures_are() {
    let more = |noise: f64| {
        let (base, head) = sides(12, 1.0, noise);
        check(CPU, &base, &head).outcomes[0].more_runs
    };
    assert_eq!(more(0.02), None, "enough");
    let (some, many) = (more(0.25).expect("some"), more(0.5).expect("many"));
    assert!(some < many, "{some} {many}");
}

#[test]
fn wall_clock_figures_need_turns_and_a_quiet_machine() {
    let (base, head) = sides(12, 1.3, 0.05);
    assert!(interleaved(&base, &head));
    assert_eq!(verdict(WALL, &base, &head).0, Verdict::Fail);

    let mut later = head.clone();
    for run in &mut later {
        run.started += 1_000;
    }
    assert!(!interleaved(&base, &later));
    let (found, reason) = verdict(WALL, &base, &later);
    assert_eq!(found, Verdict::Inconclusive);
    assert!(reason.contains("looptrace ab"), "{reason}");
    assert_eq!(verdict(CPU, &base, &later).0, Verdict::Fail, "CPU time does not drift");

    let loaded = |runs: &[Run]| -> Vec<Run> {
        runs.iter().map(|run| Run { runq_wait: Some(0.3), ..run.clone() }).collect()
    };
    let (found, reason) = verdict(WALL, &base, &loaded(&head));
    assert_eq!(found, Verdict::Inconclusive);
    assert!(reason.contains("waited for a CPU 30 % of the time (limit 5 %)"), "{reason}");
    assert_eq!(verdict(CPU, &loaded(&base), &loaded(&head)).0, Verdict::Fail);
    let absolute = "[[budget]]\nmetric = \"stall.max\"\nmax = \"1s\"\n";
    assert_eq!(verdict(absolute, &[], &loaded(&head)).0, Verdict::Inconclusive);
}

#[test]
fn a_difference_below_the_noise_floor_is_inconclusive() {
    let (base, head) = sides(12, 1.3, 0.05);
    let (noisy, _) = sides(20, 1.0, 0.9);
    let noise = Noise::of("python app.py", &noisy);
    let budgets = config(CPU);
    let inputs = Inputs { config: &budgets, head: &head, base: &base, noise: None, today: today() };
    assert_eq!(judge(inputs).outcomes[0].verdict, Verdict::Fail);
    let report = judge(Inputs { noise: Some((&noise, "noise.json")), ..inputs });
    let outcome = &report.outcomes[0];
    assert_eq!(outcome.verdict, Verdict::Inconclusive, "{}", outcome.reason);
    assert!(outcome.reason.contains("within the noise of this machine"), "{}", outcome.reason);
    let (quiet, _) = sides(20, 1.0, 0.05);
    let noise = Noise::of("python app.py", &quiet);
    let report = judge(Inputs { noise: Some((&noise, "noise.json")), ..inputs });
    assert_eq!(report.outcomes[0].verdict, Verdict::Fail);
    // The runs were looked at with another threshold than the budgets ask for.
    assert_eq!(noise.stall_threshold, Some(0.01));
    let said =
        "the noise floor of stalls is that of stalls from 10 ms on, here they count from 50 ms";
    assert!(report.notes.iter().any(|note| note == said), "{:?}", report.notes);
    let text = serde_json::to_string(&noise).expect("it can be written");
    assert_eq!(serde_json::from_str::<Noise>(&text).expect("it can be read"), noise);
}

#[test]
fn what_appears_from_nothing_fails() {
    let (mut base, head) = sides(12, 1.0, 0.05);
    for run in &mut base {
        run.stalls.clear();
    }
    let budgets = "[[budget]]\nmetric = \"stall.cpu.max\"\nmax_increase = \"10%\"\n";
    let (found, reason) = verdict(budgets, &base, &head);
    assert_eq!(found, Verdict::Fail, "{reason}");
    assert_eq!(verdict(budgets, &base, &base).0, Verdict::Pass);
}

#[test]
fn many_comparisons_are_corrected_for() {
    let (base, head) = sides(12, 1.13, 0.06);
    let alone = check(CPU, &base, &head);
    let many = check(&CPU.repeat(400), &base, &head);
    let p = |report: &looptrace::analysis::check::CheckReport| {
        (report.outcomes[0].p, report.outcomes[0].p_adjusted.expect("adjusted"))
    };
    assert_eq!(p(&alone).0, p(&many).0);
    assert!(p(&many).1 > p(&alone).1);
}

#[test]
fn ceilings_hold_for_the_run_that_was_asked_for() {
    let mut runs: Vec<Run> = (0..3).map(run).collect();
    for (run, wall) in runs.iter_mut().zip([0.05, 0.15, 0.45]) {
        run.stalls = vec![stall(wall, "render")];
    }
    let of = |aggregate: &str| {
        let budgets = format!(
            "[run]\naggregate = \"{aggregate}\"\n[[budget]]\nmetric = \"stall.max\"\nmax = \"100ms\"\n"
        );
        verdict(&budgets, &[], &runs)
    };
    assert_eq!(of("optimistic").0, Verdict::Pass);
    let (found, reason) = of("median");
    assert_eq!(found, Verdict::Fail);
    assert_eq!(reason, "the middle run had 150 ms, the budget is 100 ms, 50 % over it");
    assert!(of("pessimistic").1.starts_with("the worst run had 450 ms"));
}

#[test]
fn stalls_are_selected_and_allowed() {
    let mut one = run(0);
    one.stalls = vec![stall(0.2, "render"), stall(0.4, "load_model")];
    one.stalls[0].test = Some("tests/test_a.py::test_x".to_owned());
    one.tests = vec!["tests/test_a.py::test_x".to_owned(), "tests/test_a.py::test_y".to_owned()];
    let budget =
        |more: &str| format!("[[budget]]\nmetric = \"stall.max\"\nmax = \"100ms\"\n{more}\n");
    let of = |text: &str| check(text, &[], std::slice::from_ref(&one));
    let all = of(&budget(""));
    assert_eq!(all.outcomes[0].guilty[0].place.function, "load_model");
    assert_eq!(of(&budget("cause = \"gc\"")).verdict, Verdict::Pass);
    assert_eq!(
        of(&budget("at = \"app.views:render\"")).outcomes[0].head.as_ref().expect("it").median,
        0.2
    );

    let tests = of(&budget("test = \"*\""));
    let verdicts: Vec<_> =
        tests.outcomes.iter().map(|outcome| (outcome.test.as_deref(), outcome.verdict)).collect();
    assert_eq!(
        verdicts,
        [
            (Some("tests/test_a.py::test_x"), Verdict::Fail),
            (Some("tests/test_a.py::test_y"), Verdict::Pass),
        ]
    );

    let allow = |what: &str, until: &str| {
        format!("[[allow]]\n{what}\nuntil = \"{until}\"\nreason = \"known\"\n")
    };
    let lifted =
        of(&(budget("at = \"load_model\"") + &allow("stall = \"load_model\"", "2026-11-21")));
    assert_eq!(lifted.verdict, Verdict::Pass, "the last day still counts");
    assert!(lifted.notes.iter().any(|note| note.contains("known")), "{:?}", lifted.notes);
    let ended = of(&(budget("") + &allow("stall = \"load_model\"", "2026-11-20")));
    assert_eq!(ended.verdict, Verdict::Fail);
    assert!(
        ended.notes.iter().any(|note| note.contains("ended on 2026-11-20")),
        "{:?}",
        ended.notes
    );
    let metric = of(&(budget("") + &allow("metric = \"stall.max\"", "2027-01-01")));
    assert_eq!((metric.verdict, metric.outcomes[0].verdict), (Verdict::Pass, Verdict::Allowed));
}

#[test]
fn each_coroutine_is_compared_with_itself() {
    let (mut base, mut head) = sides(12, 1.0, 0.0);
    for (index, (base, head)) in base.iter_mut().zip(&mut head).enumerate() {
        let jitter = 1.0 + 0.001 * index as f64;
        base.coroutines = vec![
            coroutine("get", 2.0 * jitter),
            coroutine("post", 1.0 * jitter),
            coroutine("old", 0.5),
        ];
        head.coroutines = vec![
            coroutine("get", 2.0 * jitter),
            coroutine("post", 1.5 * jitter),
            coroutine("new", 0.5),
        ];
        // The definition moved.
        head.coroutines[1].place = place("post", "/srv/app/api.py", 99);
    }
    let budgets = "[[budget]]\nmetric = \"coroutine.running.per_task\"\ncoroutine = \"app.api.*\"\nmax_increase = \"20%\"\n";
    let report = check(budgets, &base, &head);
    let of = |name: &str| {
        let about = |outcome: &&looptrace::analysis::check::Outcome| {
            outcome.coroutine.as_ref().is_some_and(|place| place.function == name)
        };
        report.outcomes.iter().find(about).expect(name).verdict
    };
    assert_eq!((of("get"), of("post")), (Verdict::Pass, Verdict::Fail));
    assert_eq!((of("new"), of("old")), (Verdict::Skipped, Verdict::Skipped));
    let few = check(&format!("{budgets}top = 1\n"), &base, &head);
    assert_eq!(few.outcomes.len(), 1);
    let none = check(&format!("{budgets}min_value = \"1s\"\n"), &base, &head);
    assert_eq!(none.verdict, Verdict::Pass);
}

#[test]
fn patterns_that_fit_nothing_are_said() {
    let (base, head) = sides(12, 1.0, 0.05);
    let budgets = "[[budget]]\nmetric = \"stall.max\"\nmax = 0\ntest = \"x*\"\n\
                   [[budget]]\nmetric = \"coroutine.running.ratio\"\nmax_increase = 0.1\ncoroutine = \"y*\"\n";
    let report = check(budgets, &base, &head);
    let reasons: Vec<&str> =
        report.outcomes.iter().map(|outcome| outcome.reason.as_str()).collect();
    assert_eq!(
        reasons,
        ["no test that was seen matches \"x*\"", "no coroutine that was seen matches \"y*\""]
    );
    assert_eq!(report.count(Verdict::Inconclusive), 2);
    assert_eq!(report.verdict, Verdict::Inconclusive);
}

#[test]
fn stalls_that_other_work_made_are_not_the_program_s() {
    let mut one = run(0);
    let mut starved = stall(0.3, "render");
    (starved.cpu, starved.blocked) = (Some(0.002), Some(0.001));
    one.stalls = vec![stall(0.05, "render"), starved];
    let of = |id: &str| {
        let metric = looptrace::analysis::check::Metric::named(id).expect(id);
        value(&one, metric, &Selection::default()).expect(id)
    };
    assert_eq!((of("stall.count"), of("stall.max")), (2.0, 0.3));
    assert_eq!((of("stall.cpu.p50"), of("stall.cpu.min")), (0.05 * 0.98, 0.05 * 0.98));
}

#[test]
fn locks_are_selected_by_the_line_that_waited() {
    let of = |budget: &str| {
        let text = format!("[[budget]]\n{budget}\n");
        check(&text, &[], &[run(0)]).outcomes[0].head.clone().expect("a figure").median
    };
    assert_eq!(of("metric = \"lock.wait.seconds_per_minute\"\nmax = 0"), 12.0);
    assert_eq!(of("metric = \"lock.wait.max\"\nmax = 0"), 0.5);
    assert_eq!(of("metric = \"lock.waiters.max\"\nmax = 0"), 7.0);
    assert_eq!(of("metric = \"lock.waiters.max\"\nmax = 0\nat = \"app.db:save\""), 3.0);
    assert_eq!(of("metric = \"executor.saturated_ratio\"\nmax = 0"), 0.05);
    assert_eq!(of("metric = \"loop.cpu.per_callback\"\nmax = 0"), 0.0002);
}

#[test]
fn sums_over_what_was_seen_are_compared_in_turns_only() {
    let (base, head) = sides(12, 1.0, 0.0);
    let later: Vec<Run> =
        head.iter().map(|run| Run { started: run.started + 1_000, ..run.clone() }).collect();
    for (metric, drifts) in [
        ("stall.cpu.p50", false),
        ("stall.blocked.max", false),
        ("task.growth_per_minute", false),
        ("loop.cpu.per_callback", true),
        ("lag_corrected.p99", true),
    ] {
        let budgets = format!("[[budget]]\nmetric = \"{metric}\"\nmax_increase = \"20%\"\n");
        assert_eq!(verdict(&budgets, &base, &head).0, Verdict::Pass, "{metric}");
        let (found, reason) = verdict(&budgets, &base, &later);
        let wanted = if drifts { Verdict::Inconclusive } else { Verdict::Pass };
        assert_eq!(found, wanted, "{metric}: {reason}");
    }
}

#[test]
fn runs_in_which_the_recorder_was_starved_are_not_used() {
    let (base, head) = sides(12, 1.3, 0.05);
    let starve = |runs: &[Run], count: usize| -> Vec<Run> {
        let mut runs = runs.to_vec();
        for run in runs.iter_mut().take(count) {
            // It saw half of four seconds on a CPU, and none of the stalls.
            run.unseen = Some(0.5);
            run.stalls.clear();
        }
        runs
    };
    let two = check(CPU, &base, &starve(&head, 2));
    assert_eq!(two.outcomes[0].head.as_ref().map(|figure| figure.values.len()), Some(10));
    assert_eq!(two.verdict, Verdict::Fail);
    assert!(two.notes[0].contains("it missed 50 % of what the loop did"), "{:?}", two.notes);
    let three = check(CPU, &base, &starve(&head, 3));
    assert_eq!(three.verdict, Verdict::Inconclusive);
    let (found, reason) = verdict(CPU, &base, &starve(&head, 12));
    assert_eq!(found, Verdict::Inconclusive, "{reason}");
    let (found, _) =
        verdict("[[budget]]\nmetric = \"stall.max\"\nmax = \"1s\"\n", &[], &starve(&head, 12));
    assert_eq!(found, Verdict::Inconclusive);
    let mut idle = run(0);
    // Most of little: short polls, which looks do not tell from sleep.
    (idle.loop_cpu, idle.unseen) = (Some(0.1), Some(0.9));
    assert_eq!(idle.blind(), None);
    idle.dropped = 1;
    assert_eq!(idle.blind().as_deref(), Some("the recorder lost 1 events"));
}

#[test]
fn levels_decide_what_a_broken_budget_does() {
    let mut one = run(0);
    one.stalls = vec![stall(0.2, "render")];
    let of = |level: &str| {
        let text = format!("[[budget]]\nmetric = \"stall.max\"\nmax = 0\nlevel = \"{level}\"\n");
        let report = check(&text, &[], std::slice::from_ref(&one));
        (report.verdict, report.outcomes.len())
    };
    assert_eq!(of("error"), (Verdict::Fail, 1));
    assert_eq!(of("warn"), (Verdict::Pass, 1));
    assert_eq!(of("off"), (Verdict::Pass, 0));
}

#[test]
fn other_machines_are_said_and_can_fail() {
    let (base, mut head) = sides(12, 1.0, 0.05);
    for run in &mut head {
        run.environment.python = Some("3.13.0".to_owned());
    }
    let of = |mismatch: &str| {
        check(&format!("[stats]\nenv_mismatch = \"{mismatch}\"\n{CPU}"), &base, &head)
    };
    let warned = of("warn");
    assert_eq!((warned.verdict, warned.differences.len()), (Verdict::Pass, 1));
    assert_eq!(warned.differences[0].what, "python");
    assert_eq!(of("fail").verdict, Verdict::Fail);
    assert!(of("ignore").differences.is_empty());
}

#[test]
fn without_a_baseline_comparisons_are_skipped() {
    let (_, head) = sides(12, 1.0, 0.05);
    let (found, reason) = verdict(CPU, &[], &head);
    assert_eq!(found, Verdict::Skipped);
    assert!(reason.contains("--baseline"), "{reason}");
}

#[test]
fn what_is_not_known_is_not_zero() {
    let mut blind = run(0);
    (blind.lag, blind.loops) = (None, 0);
    let budgets = "[[budget]]\nmetric = \"lag.p99\"\nmax = \"1s\"\n[[budget]]\nmetric = \"stall.max\"\nmax = \"1s\"\n";
    let report = check(budgets, &[], &[blind]);
    assert!(report.outcomes.iter().all(|outcome| outcome.verdict == Verdict::Inconclusive));
    let mut unmeasured = run(0);
    unmeasured.stalls = vec![looptrace::analysis::check::StallRun { cpu: None, ..stall(0.2, "f") }];
    let metric = looptrace::analysis::check::Metric::named("stall.cpu.max").expect("it");
    assert_eq!(value(&unmeasured, metric, &Selection::default()), None);
}

#[test]
fn every_metric_has_a_value_in_a_whole_run() {
    let mut whole = run(0);
    whole.stalls = vec![stall(0.2, "render")];
    whole.coroutines = vec![coroutine("get", 1.0)];
    let key = whole.coroutines[0].place.key();
    for metric in METRICS {
        let coroutine = (metric.scope == Scope::Coroutine).then_some(key.as_str());
        let selection = Selection { coroutine, ..Selection::default() };
        assert!(value(&whole, metric, &selection).is_some(), "{}", metric.id);
    }
}

#[test]
fn a_configuration_without_budgets_passes() {
    let none = Config::parse("", "looptrace.toml").expect("empty");
    let inputs = Inputs { config: &none, head: &[run(0)], base: &[], noise: None, today: today() };
    assert_eq!(judge(inputs).verdict, Verdict::Pass);
}
