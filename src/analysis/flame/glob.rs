//! Patterns for task names.

/// A pattern in which `*` stands for any text and `?` for any character; it must match all of a
/// name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob(Vec<char>);

impl Glob {
    /// The pattern in `text`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.chars().collect())
    }

    /// Whether `name` matches. Takes at most the product of both lengths.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        let (pattern, name) = (&self.0, name.chars().collect::<Vec<char>>());
        let (mut at, mut here) = (0, 0);
        // Where to go on if what follows the last `*` turns out not to fit.
        let mut retry: Option<(usize, usize)> = None;
        while here < name.len() {
            match pattern.get(at) {
                Some('*') => {
                    retry = Some((at + 1, here));
                    at += 1;
                }
                Some(&wanted) if wanted == '?' || wanted == name[here] => {
                    at += 1;
                    here += 1;
                }
                _ => {
                    let Some((after, from)) = retry else { return false };
                    retry = Some((after, from + 1));
                    at = after;
                    here = from + 1;
                }
            }
        }
        pattern[at..].iter().all(|&wanted| wanted == '*')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks() {
        let matches = |pattern: &str, name: &str| Glob::new(pattern).matches(name);
        assert!(matches("worker-*", "worker-12"));
        assert!(matches("*", ""));
        assert!(matches("w?rker*2", "worker-12"));
        assert!(matches("*a*b*", "xxaxxbxx"));
        assert!(!matches("worker", "worker-1"));
        assert!(!matches("w?", "w"));
        assert!(!matches("*a*b", "xxbxxa"));
    }

    #[test]
    fn many_stars_do_not_hang() {
        let pattern = Glob::new(&"*a".repeat(60));
        assert!(!pattern.matches(&"a".repeat(59)));
        assert!(!pattern.matches(&format!("{}b", "a".repeat(2000))));
    }
}
