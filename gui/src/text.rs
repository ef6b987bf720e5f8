//! Figures as text.

use looptrace::analysis::{FrameNames, task_coroutine, task_name};
use looptrace::model::{Dictionary, Duration, TaskId, WaitId};

/// A length of time, three digits.
#[must_use]
pub fn nanos(nanos: u64) -> String {
    Duration::from_nanos(nanos).to_string()
}

/// A point in time, as exact as a step of `step` nanoseconds asks for: `12.345 s`.
#[must_use]
pub fn instant(at: u64, step: u64) -> String {
    let digits = match step {
        0..1_000 => 9,
        1_000..1_000_000 => 6,
        1_000_000..1_000_000_000 => 3,
        _ => 0,
    };
    let seconds = at as f64 / 1e9;
    if at >= 60_000_000_000 {
        let minutes = at / 60_000_000_000;
        let rest = (at % 60_000_000_000) as f64 / 1e9;
        let width = if digits == 0 { 2 } else { digits + 3 };
        return format!("{minutes}:{rest:0width$.digits$}");
    }
    format!("{seconds:.digits$} s")
}

/// A share: `12 %`, `0.3 %`.
#[must_use]
pub fn percent(part: f64, whole: f64) -> String {
    if whole <= 0.0 {
        return "–".to_owned();
    }
    let percent = part / whole * 100.0;
    if percent > 0.0 && percent < 9.95 {
        format!("{percent:.1} %")
    } else {
        format!("{percent:.0} %")
    }
}

/// How many there are of something: `1 stall`, `12 345 stalls`.
#[must_use]
pub fn many(number: u64, one: &str) -> String {
    format!("{} {one}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A count with thin gaps between thousands: `12 345`.
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// Bytes: `3.4 MB`.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}

/// A task's name and number.
#[must_use]
pub fn task(dictionary: &Dictionary, id: TaskId) -> String {
    task_name(dictionary, id).map_or_else(|| format!("task {id}"), str::to_owned)
}

/// A task's coroutine.
#[must_use]
pub fn coroutine(dictionary: &Dictionary, id: TaskId) -> String {
    task_coroutine(dictionary, id).unwrap_or("(unknown coroutine)").to_owned()
}

/// What a task waits for: `lock asyncio.Lock #3`.
#[must_use]
pub fn wait(dictionary: &Dictionary, id: Option<WaitId>) -> String {
    let Some(reason) = id.and_then(|id| dictionary.get_wait(id)) else {
        return "unknown".to_owned();
    };
    let type_name = reason
        .type_name
        .or_else(|| reason.object.and_then(|object| dictionary.get_object(object)))
        .map(|id| dictionary.text(id))
        .filter(|text| !text.is_empty());
    let mut text = reason.kind.name().replace('_', " ");
    if let Some(type_name) = type_name {
        text = format!("{text} ({type_name})");
    }
    if let Some(object) = reason.object {
        text = format!("{text} #{object}");
    }
    text
}

/// `function  dir/file.py:12`.
#[must_use]
pub fn frame(names: &FrameNames<'_>) -> String {
    format!("{}  {}", names.function_or_unknown(), names.place())
}

/// The end of a path, which is what tells files apart: `shop/orders.py:12`.
#[must_use]
pub fn brief(place: &str) -> &str {
    let tail = place.rmatch_indices('/').nth(1).and_then(|(at, _)| place.get(at + 1..));
    tail.filter(|_| place.starts_with(['/', '…'])).unwrap_or(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_many() {
        assert_eq!([many(0, "gap"), many(1, "gap"), many(2, "gap")], ["0 gaps", "1 gap", "2 gaps"]);
    }

    #[test]
    fn instants_are_as_exact_as_asked() {
        assert_eq!(instant(12_345_678_901, 1_000_000_000), "12 s");
        assert_eq!(instant(12_345_678_901, 1_000_000), "12.346 s");
        assert_eq!(instant(72_345_678_901, 10_000_000), "1:12.346");
        assert_eq!(instant(60_000_000_000, 5_000_000_000), "1:00");
    }

    #[test]
    fn counts_and_shares_are_short() {
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(count(999), "999");
        assert_eq!(percent(1.0, 8.0), "12 %");
        assert_eq!(percent(1.0, 300.0), "0.3 %");
        assert_eq!(percent(0.0, 0.0), "–");
        assert_eq!(bytes(3_400_000), "3.4 MB");
    }

    #[test]
    fn places_keep_their_end() {
        assert_eq!(brief("/srv/app/shop/orders.py:12"), "shop/orders.py:12");
        assert_eq!(brief("…/shop/orders.py:12"), "shop/orders.py:12");
        assert_eq!(brief("asyncio/tasks.py:1"), "asyncio/tasks.py:1");
        assert_eq!(brief("/orders.py"), "/orders.py");
    }
}
