//! Taking a table apart, with the place of every mistake.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::suggest::suggestion;
use super::error::Mistake;

/// A table, its place, and the keys that it may have.
pub(super) struct Table<'a, 'i> {
    table: &'a DeTable<'i>,
    pub(super) span: Range<usize>,
    /// What it is called in messages: `[run]`.
    name: &'static str,
}

/// A value, its place and its key.
pub(super) struct Entry<'a, 'i> {
    pub(super) key: &'static str,
    pub(super) value: &'a DeValue<'i>,
    pub(super) span: Range<usize>,
}

impl<'a, 'i> Table<'a, 'i> {
    /// A table with no other keys than `known`.
    pub(super) fn new(
        table: &'a DeTable<'i>,
        span: Range<usize>,
        name: &'static str,
        known: &[&str],
    ) -> Result<Self, Mistake> {
        // In the order of the text: the first mistake is the one to mend first.
        let mut keys: Vec<_> = table.keys().collect();
        keys.sort_by_key(|key| key.span().start);
        for key in keys {
            let text: &str = key.get_ref();
            if !known.contains(&text) {
                let message = format!("unknown key \"{text}\" in {name}");
                let hint = suggestion(text, known.iter().copied()).map_or_else(
                    || format!("it may have: {}", known.join(", ")),
                    |near| format!("did you mean \"{near}\"?"),
                );
                return Err(Mistake::new(key.span(), message).hint(hint));
            }
        }
        Ok(Self { table, span, name })
    }

    /// The value of a key, if there is one.
    pub(super) fn get(&self, key: &'static str) -> Option<Entry<'a, 'i>> {
        let value: &Spanned<DeValue<'i>> = self.table.get(key)?;
        Some(Entry { key, value: value.get_ref(), span: value.span() })
    }

    /// The value of a key that must be there.
    pub(super) fn required(&self, key: &'static str, hint: &str) -> Result<Entry<'a, 'i>, Mistake> {
        self.get(key).ok_or_else(|| {
            Mistake::new(self.span.clone(), format!("{} lacks \"{key}\"", self.name)).hint(hint)
        })
    }

    /// The text of a key, if there is one.
    pub(super) fn text(
        &self,
        key: &'static str,
    ) -> Result<Option<(&'a str, Range<usize>)>, Mistake> {
        let Some(entry) = self.get(key) else { return Ok(None) };
        entry.text().map(|text| Some((text, entry.span)))
    }

    /// One of `words`, if the key is there.
    pub(super) fn word<T: Copy>(
        &self,
        key: &'static str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, Mistake> {
        let Some(entry) = self.get(key) else { return Ok(None) };
        let text = entry.text()?;
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
            return Ok(Some(*meaning));
        }
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        Err(entry.wrong(&format!("\"{text}\"")).hint(format!("it is one of: {}", names.join(", "))))
    }
}

impl<'a> Entry<'a, '_> {
    pub(super) fn text(&self) -> Result<&'a str, Mistake> {
        self.value.as_str().ok_or_else(|| {
            self.wrong(self.value.type_str()).hint(format!("write a text: {} = \"…\"", self.key))
        })
    }

    /// A whole number from `least` on.
    pub(super) fn whole(&self, least: usize) -> Result<usize, Mistake> {
        let number = self.value.as_integer().and_then(|integer| {
            usize::from_str_radix(&integer.as_str().replace('_', ""), integer.radix()).ok()
        });
        number.filter(|&number| number >= least && number <= 1_000_000).ok_or_else(|| {
            let hint =
                format!("write a whole number from {least} on: {} = {}", self.key, least.max(10));
            self.wrong(&self.shown()).hint(hint)
        })
    }

    /// Any number.
    pub(super) fn number(&self) -> Option<f64> {
        let text = match self.value {
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str(),
            DeValue::Float(float) => float.as_str(),
            _ => return None,
        };
        text.replace('_', "").parse().ok()
    }

    /// The mistake that this key cannot have this value.
    pub(super) fn wrong(&self, shown: &str) -> Mistake {
        Mistake::new(self.span.clone(), format!("\"{}\" cannot be {shown}", self.key))
    }

    /// The value as it stands in the file, or its type.
    pub(super) fn shown(&self) -> String {
        match self.value {
            DeValue::String(text) => format!("\"{text}\""),
            DeValue::Integer(integer) => integer.as_str().to_owned(),
            DeValue::Float(float) => float.as_str().to_owned(),
            DeValue::Boolean(value) => value.to_string(),
            other => format!("of type {}", other.type_str()),
        }
    }
}
