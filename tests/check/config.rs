//! Mistakes in `looptrace.toml`: what is wrong, where, and what would be right.

use looptrace::analysis::check::{Config, METRICS};

/// Place, message and hint of the mistake in a text.
fn mistake(text: &str) -> (usize, usize, String, String) {
    let error = Config::parse(text, "looptrace.toml").expect_err("there is a mistake");
    let hint = error.hint.clone().expect("every mistake has a hint");
    (error.line, error.column, error.message, hint)
}

/// A text, line and column of its mistake, and the start of what is said about it, and of the hint.
const MISTAKES: &[(&str, usize, usize, &str, &str)] = &[
    ("[run\n", 1, 5, "this is no TOML", "toml.io"),
    (
        "\n[[budget]]\nmetric = \"stall.mx\"\nmax = \"1s\"\n",
        3,
        10,
        "unknown metric \"stall.mx\"",
        "did you mean \"stall.max\"?",
    ),
    ("[[budget]]\nmetric = \"zzz\"\nmax = 1\n", 2, 10, "unknown metric \"zzz\"", "--list-metrics"),
    (
        "[[budget]]\nmetric = \"stall.max\"\nmaximum = 1\n",
        3,
        1,
        "unknown key \"maximum\" in [[budget]]",
        "did you mean \"max\"?",
    ),
    ("[runs]\nmin_runs = 3\n", 1, 2, "unknown key \"runs\" in the file", "did you mean \"run\"?"),
    (
        "[[budget]]\nmetric = \"stall.max\"\nmax = \"100\"\n",
        3,
        7,
        "\"max\" cannot be \"100\"",
        "\"100ms\"",
    ),
    (
        "[[budget]]\nmetric = \"stall.max\"\nmax = -1\n",
        3,
        7,
        "\"max\" cannot be -1",
        "a time such as",
    ),
    (
        "[[budget]]\nmetric = \"task.alive.max\"\nmax = \"10ms\"\n",
        3,
        7,
        "\"max\" cannot be \"10ms\"",
        "a number such as 5",
    ),
    ("[[budget]]\nmetric = \"stall.max\"\n", 1, 1, "[[budget]] limits nothing", "max_increase"),
    ("[[budget]]\nmax = 1\n", 1, 1, "[[budget]] lacks \"metric\"", "metric = "),
    (
        "[[budget]]\nmetric = \"stall.max\"\nmax = 1\nlevel = \"fatal\"\n",
        4,
        9,
        "\"level\" cannot be \"fatal\"",
        "off, warn, error",
    ),
    (
        "[[budget]]\nmetric = \"stall.max\"\nmax = 1\ncause = \"gcc\"\n",
        4,
        9,
        "unknown cause \"gcc\"",
        "did you mean \"gc\"?",
    ),
    (
        "[[budget]]\nmetric = \"stall.max\"\nmax = 1\ncoroutine = \"*\"\n",
        4,
        13,
        "\"coroutine\" says nothing about stall.max",
        "coroutine.running.per_task",
    ),
    ("[run]\nmin_runs = 0\n", 2, 12, "\"min_runs\" cannot be 0", "from 1 on"),
    ("[stats]\nalpha = 5\n", 2, 9, "\"alpha\" cannot be 5", "alpha = 0.05"),
    ("schema = 2\n", 1, 10, "\"schema\" cannot be 2", "schema = 1"),
    ("[[allow]]\nstall = \"x\"\nreason = \"y\"\n", 1, 1, "[[allow]] lacks \"until\"", "until = "),
    (
        "[[allow]]\nstall = \"x\"\nuntil = \"2027-02-30\"\nreason = \"y\"\n",
        3,
        9,
        "\"until\" cannot be \"2027-02-30\"",
        "2027-01-31",
    ),
    (
        "[[allow]]\nstall = \"x\"\nuntil = \"2027-02-03\"\nreason = \" \"\n",
        4,
        10,
        "\"reason\" cannot be empty",
        "say why",
    ),
    (
        "[[allow]]\nuntil = \"2027-02-03\"\nreason = \"y\"\n",
        1,
        1,
        "[[allow]] needs either",
        "stall = ",
    ),
    ("budget = 3\n", 1, 10, "\"budget\" cannot be 3", "[[budget]]"),
    (
        "[stats]\nenv_mismatch = 1\n",
        2,
        16,
        "\"env_mismatch\" cannot be integer",
        "env_mismatch = \"…\"",
    ),
];

#[test]
fn every_mistake_has_its_place_and_what_would_be_right() {
    for &(text, line, column, message, hint) in MISTAKES {
        let found = mistake(text);
        assert_eq!((found.0, found.1), (line, column), "{text}: {found:?}");
        assert!(found.2.starts_with(message), "{text}: {found:?}");
        assert!(found.3.contains(hint), "{text}: {found:?}");
    }
}

#[test]
fn columns_count_characters_and_crlf_is_fine() {
    let found = mistake("# ümläut\r\n[run]\r\nmin_runs = \"ü\"\r\n");
    assert_eq!((found.0, found.1), (3, 12), "{found:?}");
}

#[test]
fn what_is_left_out_has_its_default() {
    let config = Config::parse("", "looptrace.toml").expect("nothing is fine");
    assert_eq!((config.run.min_runs, config.stats.alpha), (10, 0.05));
    assert!(config.budgets.is_empty() && config.allowances.is_empty());
}

#[test]
fn every_metric_can_be_budgeted() {
    for metric in METRICS {
        let text =
            format!("[[budget]]\nmetric = \"{}\"\nmax = 1\nmax_increase = \"10%\"\n", metric.id);
        let config = Config::parse(&text, "looptrace.toml").expect(metric.id);
        assert_eq!(config.budgets[0].limits.len(), 2);
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_text_is_too_strange(text in "(\\[\\[budget\\]\\]\n|metric = \"stall.max\"\n|max = |[0-9\"'=\\[\\]{}#.\\n ]|\\PC){0,40}") {
        if let Err(error) = Config::parse(&text, "looptrace.toml") {
            proptest::prop_assert!(error.line >= 1 && error.column >= 1);
        }
    }
}
