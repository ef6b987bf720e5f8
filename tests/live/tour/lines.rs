//! What a program of the tour states in its first lines.
//!
//! ```text
//! looptrace must show:
//!     dump: 2 worker-* waiting_on.kind=lock waiting_on.holders.name=owner
//!     dump (3.11+): deaf cancel_requests=1
//!     dump loops: kind=selector
//!     report: task worker-1 waits.kind=lock
//!     report: contention lock most_waiters=2
//!     report: finding bottleneck line=HERE severity=warning
//!     report: 1.5 s
//!     report: with --independent-awaits
//!     report: until tasks=100
//!     report: until ran=8
//!     report: until rows=12
//!     report: until growth
//! ```
//!
//! After the names come conditions: a path into the JSON, and `=` (all values there, in any order,
//! joined by `+`; `*` stands for anything), `~` (one of them contains the text), `>=`, or `#=` (how
//! many there are).

/// What a program states.
#[derive(Debug)]
pub(super) struct Tour {
    pub(super) lines: Vec<Line>,
    /// Arguments for the program.
    pub(super) arguments: Vec<String>,
    /// How much of its life a recording needs, in nanoseconds.
    pub(super) record: u64,
    /// How many tasks it must show at once, after a line told the program to go.
    pub(super) crowd: u32,
    /// How many tasks must have been seen running.
    pub(super) ran: usize,
    /// How many rows of censuses must have been seen: one for each task, one for each change.
    pub(super) rows: usize,
    /// Whether every quarter of the censuses must have begun with more tasks than the one before.
    pub(super) growth: bool,
    /// Whether only the full run visits it.
    pub(super) costly: bool,
    /// Options that the report is asked for with.
    pub(super) options: Vec<String>,
}

/// One line of it.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) subject: Subject,
    pub(super) conditions: Vec<Condition>,
    oldest: u8,
    newest: u8,
}

/// What a line is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// Tasks of the dump by name; `count` of them, or at least one.
    DumpTasks { name: String, count: Option<usize> },
    /// The loops of the dump together.
    DumpLoops,
    /// A finding of the dump or the report; `maybe` if it may be missing.
    Finding { kind: String, dump: bool, maybe: bool },
    /// A task of the report.
    Task { name: String },
    /// An entry of `contention` of this kind.
    Contention { kind: String },
    /// An executor of this type.
    Executor { of: String },
}

/// One condition.
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) path: String,
    pub(super) relation: Relation,
    pub(super) value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Is,
    Contains,
    AtLeast,
    Count,
}

/// Where nothing else is said.
const RECORD: u64 = 500_000_000;

impl Tour {
    /// `None` if the source states nothing that can be checked.
    pub(super) fn parse(source: &str) -> Option<Self> {
        let (_, rest) = source.split_once("\nlooptrace must show:\n    ")?;
        let (block, _) = rest.split_once("\"\"\"")?;
        let here = source.lines().position(|line| line.contains("# HERE"));
        let here = here.map_or_else(String::new, |line| (line + 1).to_string());
        let arguments = source.lines().find_map(|line| line.strip_prefix("arguments: "));
        let arguments = arguments.unwrap_or_default().split_whitespace().map(str::to_owned);
        let mut tour = Self {
            lines: Vec::new(),
            arguments: arguments.collect(),
            record: RECORD,
            crowd: 0,
            ran: 0,
            rows: 0,
            growth: false,
            costly: false,
            options: Vec::new(),
        };
        for text in block.lines().map(str::trim).filter(|line| !line.is_empty()) {
            if text == "report: in the full run" {
                tour.costly = true;
                continue;
            }
            if let Some(options) = text.strip_prefix("report: with ") {
                tour.options = options.split_whitespace().map(str::to_owned).collect();
                continue;
            }
            if let Some(crowd) = text.strip_prefix("report: until tasks=") {
                tour.crowd = crowd.parse().expect("a number");
                continue;
            }
            if let Some(ran) = text.strip_prefix("report: until ran=") {
                tour.ran = ran.parse().expect("a number");
                continue;
            }
            if text == "report: until growth" {
                tour.growth = true;
                continue;
            }
            if let Some(rows) = text.strip_prefix("report: until rows=") {
                tour.rows = rows.parse().expect("a number");
                continue;
            }
            match text.strip_prefix("report: ").and_then(|rest| rest.strip_suffix(" s")) {
                Some(seconds) => {
                    let seconds: f64 = seconds.parse().expect("seconds");
                    tour.record = std::time::Duration::from_secs_f64(seconds)
                        .as_nanos()
                        .try_into()
                        .expect("a length that fits");
                }
                None => tour.lines.push(Line::parse(&text.replace("=HERE", &format!("={here}")))),
            }
        }
        Some(tour)
    }
}

impl Line {
    fn parse(text: &str) -> Self {
        let (head, rest) = text.split_once(": ").unwrap_or_else(|| panic!("no colon: {text}"));
        let (oldest, newest) = versions(text);
        let source = head.split_whitespace().next().unwrap_or_default();
        let mut words = rest.split_whitespace().filter(|word| !word.starts_with('(')).peekable();
        let mut next = || words.next().unwrap_or_else(|| panic!("too short: {text}")).to_owned();
        let subject = match source {
            "dump" if head.contains("loops") => Subject::DumpLoops,
            "dump" => match next() {
                word if word == "finding" => {
                    Subject::Finding { kind: next(), dump: true, maybe: false }
                }
                word => match word.parse() {
                    Ok(count) => Subject::DumpTasks { name: next(), count: Some(count) },
                    Err(_) => Subject::DumpTasks { name: word, count: None },
                },
            },
            "report" => match next().as_str() {
                "task" => Subject::Task { name: next() },
                "contention" => Subject::Contention { kind: next() },
                "executor" => Subject::Executor { of: next() },
                "finding" => {
                    let maybe = rest.ends_with(" maybe");
                    Subject::Finding { kind: next(), dump: false, maybe }
                }
                other => panic!("{other} in {text}"),
            },
            other => panic!("{other} in {text}"),
        };
        let conditions = words.filter(|word| *word != "maybe").map(Condition::parse).collect();
        Self { text: text.to_owned(), subject, conditions, oldest, newest }
    }

    /// Whether it is said of this minor version.
    pub(super) fn holds_on(&self, minor: u8) -> bool {
        (self.oldest..=self.newest).contains(&minor)
    }

    /// The finding that it states of dump or report.
    pub(super) fn finding(&self, of_dump: bool) -> Option<&str> {
        match &self.subject {
            Subject::Finding { kind, dump, .. } if *dump == of_dump => Some(kind),
            _ => None,
        }
    }
}

impl Subject {
    /// Whether it is looked for in the dump.
    pub(super) fn of_dump(&self) -> bool {
        matches!(self, Self::DumpTasks { .. } | Self::DumpLoops | Self::Finding { dump: true, .. })
    }
}

impl Condition {
    fn parse(word: &str) -> Self {
        let relations = [
            (">=", Relation::AtLeast),
            ("#=", Relation::Count),
            ("=", Relation::Is),
            ("~", Relation::Contains),
        ];
        let found = relations.iter().filter_map(|&(sign, relation)| {
            let (path, value) = word.split_once(sign)?;
            Some(Self { path: path.to_owned(), relation, value: value.to_owned() })
        });
        found
            .min_by_key(|condition| condition.path.len())
            .unwrap_or_else(|| panic!("no condition: {word}"))
    }
}

/// `(3.11+)` and `(3.11-)`: the first and the last minor version.
fn versions(text: &str) -> (u8, u8) {
    let Some((_, rest)) = text.split_once("(3.") else { return (0, u8::MAX) };
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let minor = digits.parse().unwrap_or_else(|_| panic!("version in {text}"));
    match rest.get(digits.len()..).and_then(|rest| rest.chars().next()) {
        Some('+') => (minor, u8::MAX),
        Some('-') => (0, minor),
        _ => panic!("version in {text}"),
    }
}
