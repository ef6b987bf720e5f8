//! Where a run was recorded.

use crate::model::RecordingMeta;

/// Where a run was recorded, as far as its recording says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Environment {
    /// Name and release.
    pub kernel: Option<String>,
    /// The instruction set.
    pub machine: Option<String>,
    /// The processor's name.
    pub cpu: Option<String>,
    /// How many processors the recorder could use.
    pub cores: Option<String>,
    /// The interpreter's version.
    pub python: Option<String>,
    /// The recorder's version.
    pub looptrace: Option<String>,
    /// Samples per second, as asked for.
    pub rate: Option<String>,
}

/// Something that differs between the sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What.
    pub what: &'static str,
    /// On the side of the baseline.
    pub base: String,
    /// On the other side.
    pub head: String,
}

impl Environment {
    /// Where a recording was made. The host line is taken apart as the recorder puts it together:
    /// kernel, machine, host name, processor, cores.
    #[must_use]
    pub fn of(meta: &RecordingMeta, python: Option<&str>) -> Self {
        let mut parts: Vec<&str> = meta.host.split(", ").filter(|part| !part.is_empty()).collect();
        let cores = parts.pop_if(|last| last.ends_with(" cores")).map(str::to_owned);
        let part = |index: usize| parts.get(index).map(|part| (*part).to_owned());
        let cpu = parts.get(3..).filter(|rest| !rest.is_empty()).map(|rest| rest.join(", "));
        let known = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Self {
            kernel: part(0),
            machine: part(1),
            cpu,
            cores,
            python: python.and_then(known),
            looptrace: known(&meta.looptrace_version),
            rate: (meta.rate_hz > 0).then(|| format!("{} Hz", meta.rate_hz)),
        }
    }

    /// Its parts, with their names.
    #[must_use]
    pub fn parts(&self) -> [(&'static str, Option<&str>); 7] {
        [
            ("kernel", self.kernel.as_deref()),
            ("machine", self.machine.as_deref()),
            ("cpu", self.cpu.as_deref()),
            ("cores", self.cores.as_deref()),
            ("python", self.python.as_deref()),
            ("looptrace", self.looptrace.as_deref()),
            ("rate", self.rate.as_deref()),
        ]
    }

    /// `Linux 6.1, …, Python 3.14.2`: in one line.
    #[must_use]
    pub fn line(&self) -> String {
        let parts = self.parts().into_iter().filter_map(|(what, part)| match what {
            "python" | "looptrace" => part.map(|part| format!("{what} {part}")),
            _ => part.map(str::to_owned),
        });
        parts.collect::<Vec<String>>().join(", ")
    }
}

/// What differs between the environments of two sides, each thing once. What is unknown on one side
/// differs from nothing.
#[must_use]
pub fn differences<'a>(
    base: impl IntoIterator<Item = &'a Environment>,
    head: impl IntoIterator<Item = &'a Environment>,
) -> Vec<Difference> {
    let base = values(base);
    let head = values(head);
    let pairs = base.into_iter().zip(head);
    pairs
        .filter(|((_, base), (_, head))| !base.is_empty() && !head.is_empty() && base != head)
        .map(|((what, base), (_, head))| Difference {
            what,
            base: base.join(" and "),
            head: head.join(" and "),
        })
        .collect()
}

/// Every value of every part that occurs.
fn values<'a>(
    side: impl IntoIterator<Item = &'a Environment>,
) -> Vec<(&'static str, Vec<&'a str>)> {
    let mut found: Vec<(&'static str, Vec<&str>)> =
        Environment::default().parts().map(|(what, _)| (what, Vec::new())).to_vec();
    for environment in side {
        for (slot, (_, part)) in found.iter_mut().zip(environment.parts()) {
            if let Some(part) = part.filter(|part| !slot.1.contains(part)) {
                slot.1.push(part);
            }
        }
    }
    for (_, parts) in &mut found {
        parts.sort_unstable();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(host: &str, python: &str) -> Environment {
        let meta = RecordingMeta { host: host.to_owned(), ..RecordingMeta::default() };
        Environment::of(&meta, Some(python))
    }

    #[test]
    fn a_host_line_is_taken_apart() {
        let found = environment("Linux 6.1.0, x86_64, box, Some CPU, Rev. 2, 4 cores", "3.14.2");
        assert_eq!(found.cpu.as_deref(), Some("Some CPU, Rev. 2"));
        assert_eq!(found.cores.as_deref(), Some("4 cores"));
        assert_eq!(found.line(), "Linux 6.1.0, x86_64, Some CPU, Rev. 2, 4 cores, python 3.14.2");
    }

    #[test]
    fn what_differs_is_said_and_what_is_unknown_is_not() {
        let base = [environment("Linux 6.1, x86_64, a, CPU A, 2 cores", "3.14.1")];
        let head = [environment("Linux 6.1, x86_64, b, CPU B, 2 cores", "3.14.2")];
        let whats: Vec<_> = differences(&base, &head).iter().map(|one| one.what).collect();
        assert_eq!(whats, ["cpu", "python"], "host names may differ");
        assert_eq!(differences(&base, &[environment("", "3.14.1")]), []);
    }
}
