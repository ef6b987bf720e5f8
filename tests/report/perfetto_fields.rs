//! Every field of a Perfetto trace against Perfetto's own schema.
//!
//! `perfetto-fields.txt` holds the fields of the messages that looptrace writes, as the descriptors
//! of the Python package `perfetto` 0.59.1 list them: message, number, name, type. `message` is one
//! that looptrace does not write.

const FIELDS: &str = include_str!("perfetto-fields.txt");

/// What in a trace is not as the schema says.
pub(crate) fn strays(trace: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    if message("Trace", trace, &mut found).is_none() {
        found.push("a message is cut short".to_owned());
    }
    found.truncate(20);
    found
}

/// The name and type of a field.
fn field(of: &str, number: u64) -> Option<(&'static str, &'static str)> {
    let number = number.to_string();
    FIELDS.lines().find_map(|line| {
        let mut words = line.splitn(4, ' ');
        let fits = words.next() == Some(of) && words.next() == Some(&number);
        fits.then_some((words.next()?, words.next()?))
    })
}

fn message(of: &str, mut bytes: &[u8], found: &mut Vec<String>) -> Option<()> {
    let mut seen = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let (number, wire) = (tag >> 3, tag & 7);
        let (value, content) = match wire {
            0 => (varint(&mut bytes)?, &[][..]),
            1 => (0, bytes.split_off(..8)?),
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                (0, bytes.split_off(..length)?)
            }
            5 => (0, bytes.split_off(..4)?),
            _ => return None,
        };
        let Some((name, kind)) = field(of, number) else {
            found.push(format!("{of} has no field {number}"));
            continue;
        };
        let single = kind.strip_prefix("repeated ");
        if single.is_none() && seen.contains(&number) {
            found.push(format!("{of}.{name} comes twice"));
        }
        seen.push(number);
        let kind = single.unwrap_or(kind);
        let fits = match (kind, wire) {
            ("uint64" | "uint32" | "int64" | "int32" | "bool", 0)
            | ("fixed64" | "double", 1)
            | ("bytes", 2) => true,
            ("string", 2) => std::str::from_utf8(content).is_ok(),
            (values, 0) => values
                .strip_prefix("enum:")
                .is_some_and(|values| values.split(',').any(|one| one == value.to_string())),
            (other, 2) if other != "message" => {
                message(other, content, found)?;
                true
            }
            _ => false,
        };
        if !fits {
            found.push(format!("{of}.{name} is no {kind}: wire type {wire}, {value}"));
        }
    }
    Some(())
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[test]
fn what_the_schema_does_not_know_is_found() {
    // A packet with a timestamp, with an unknown field, and with a text for a number.
    assert_eq!(strays(&[10, 2, 8 << 3, 7]), [""; 0]);
    assert_eq!(strays(&[10, 3, 0xf8, 0x7f, 7]), ["TracePacket has no field 2047"]);
    assert_eq!(strays(&[10, 3, 8 << 3 | 2, 1, b'x']).len(), 1);
    assert_eq!(strays(&[10, 9, 8 << 3]), ["a message is cut short"]);
}
