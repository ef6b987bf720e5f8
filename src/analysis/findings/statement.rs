//! Lines of Python that await one call and keep its result, as far as a line alone tells.
//!
//! What is not surely such a line is none: continued lines, several statements, walruses.

/// Names that stand for something that only one task can use at a time.
const SHARED: [&str; 16] = [
    "conn", "cursor", "session", "db", "tx", "trans", "reader", "writer", "stream", "ws", "socket",
    "sock", "channel", "pipe", "file", "lock",
];

/// `a, b = await call(…)`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Statement {
    indent: String,
    targets: Vec<String>,
    /// Every name in the call, those in strings too: an f-string uses them.
    mentions: Vec<String>,
}

/// What a line of source is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Nothing that runs.
    Empty,
    Awaits(Statement),
    Other,
}

impl Line {
    pub(super) fn parse(line: &str) -> Self {
        let text = line.trim();
        if text.is_empty() || text.starts_with('#') {
            return Self::Empty;
        }
        Statement::parse(line).map_or(Self::Other, Self::Awaits)
    }
}

impl Statement {
    fn parse(line: &str) -> Option<Self> {
        let body = line.trim_start();
        let indent = line.get(..line.len() - body.len())?.to_owned();
        let code = without_comment(body);
        let (left, call) = code.split_once(" = await ")?;
        let targets: Vec<String> = left.split(',').map(|name| name.trim().to_owned()).collect();
        if !targets.iter().all(|name| is_name(name)) || !is_one_call(call) {
            return None;
        }
        let mentions = names(call);
        let more = mentions.iter().any(|name| matches!(name.as_str(), "await" | "yield"));
        (!more).then_some(Self { indent, targets, mentions })
    }

    /// Whether `later`, which follows at once, could just as well run beside this one: it is in the
    /// same block, uses none of its results, and nothing that tasks cannot share.
    pub(super) fn leaves_alone(&self, later: &Self) -> bool {
        let uses = |name: &String| later.mentions.contains(name);
        let shares = self.mentions.iter().any(|name| is_shared(name) && uses(name));
        self.indent == later.indent && !self.targets.iter().any(uses) && !shares
    }
}

/// The code of a line before its comment.
fn without_comment(code: &str) -> &str {
    let mut quote = None;
    let comment = code.char_indices().find(|&(_, character)| {
        match (quote, character) {
            (Some(open), _) => quote = (open != character).then_some(open),
            (None, '"' | '\'') => quote = Some(character),
            (None, _) => {}
        }
        quote.is_none() && character == '#'
    });
    comment.map_or(code, |(at, _)| code.get(..at).unwrap_or(code)).trim_end()
}

/// Whether this is a call and nothing after it: its brackets close with its last character.
fn is_one_call(text: &str) -> bool {
    let plain = !text.contains(['\\', ';']) && !text.contains(":=") && text.ends_with(')');
    let mut depth = 0_u32;
    let mut quote = None;
    let mut closed = 0_u32;
    for character in text.chars() {
        match (quote, character) {
            (Some(open), _) => quote = (open != character).then_some(open),
            (None, '"' | '\'') => quote = Some(character),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => match depth.checked_sub(1) {
                Some(less) => {
                    depth = less;
                    closed += u32::from(less == 0);
                }
                None => return false,
            },
            (None, ' ') if depth == 0 => return false,
            _ => {}
        }
    }
    plain && depth == 0 && quote.is_none() && closed == 1
}

fn names(text: &str) -> Vec<String> {
    let words = text.split(|character: char| !(character.is_alphanumeric() || character == '_'));
    words.filter(|word| is_name(word)).map(str::to_owned).collect()
}

fn is_name(word: &str) -> bool {
    let mut characters = word.chars();
    characters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && characters.all(|rest| rest.is_alphanumeric() || rest == '_')
}

fn is_shared(name: &str) -> bool {
    let name = name.to_lowercase();
    name.split('_').any(|part| SHARED.iter().any(|shared| part.starts_with(shared)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alone(first: &str, then: &str) -> bool {
        match (Line::parse(first), Line::parse(then)) {
            (Line::Awaits(first), Line::Awaits(then)) => first.leaves_alone(&then),
            _ => false,
        }
    }

    #[test]
    fn two_calls_that_have_nothing_to_do_with_each_other() {
        assert!(alone("    user = await fetch_user(key)", "    likes = await fetch_likes(key)"));
        assert!(alone("a, b = await api.get('x')  ", "c = await api.get(\"y\", n=[1, 2])"));
        assert!(alone("a = await one('#')  # first", "b = await two()"));
    }

    #[test]
    fn a_result_that_is_used_a_shared_connection_or_another_block() {
        assert!(!alone("user = await fetch_user(key)", "likes = await fetch_likes(user.id)"));
        assert!(!alone("user = await fetch_user(key)", "likes = await get(f'/likes/{user}')"));
        assert!(!alone("a = await conn.fetch(one)", "b = await conn.fetch(two)"));
        assert!(!alone("a = await rows(db_session)", "b = await more(db_session)"));
        assert!(!alone("    a = await one()", "b = await two()"));
    }

    #[test]
    fn what_is_not_surely_one_call_is_none() {
        for line in [
            "await fetch()",
            "a = await task",
            "self.a = await one()",
            "a = await one() or two()",
            "a = await one()[0]",
            "a = await one(",
            "a = await one(await two())",
            "a = await one(b := 2)",
            "a = await one(); b = 2",
            "a = await one('''# two",
            "a = await one()(2)",
            "if x: a = await one()",
            "a: int = await one()",
        ] {
            assert_eq!(Line::parse(line), Line::Other, "{line}");
        }
        assert_eq!(Line::parse("   # a = await one()"), Line::Empty);
    }
}
