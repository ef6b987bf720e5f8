//! Which places of two checkouts are the same.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::place::Place;
use super::run::Run;

/// Gives the places of both sides names by which they can be matched: a file's own name where each
/// side has one such file only, so that `main/app.py` and `head/app.py` are the same, else with its
/// directory, which tells `users/views.py` from `orders/views.py`.
pub fn align(sides: [&mut [Run]; 2]) {
    let mut files: FxHashMap<String, [BTreeSet<String>; 2]> = FxHashMap::default();
    for (index, runs) in sides.iter().enumerate() {
        for place in runs.iter().flat_map(places) {
            let paths = files.entry(name(&place.file).to_owned()).or_default();
            paths[index].insert(place.tail().to_owned());
        }
    }
    for place in sides.into_iter().flatten().flat_map(places_mut) {
        let name = name(&place.file);
        let alone = files.get(name).is_none_or(|paths| paths.iter().all(|side| side.len() <= 1));
        place.module = if alone { name.to_owned() } else { place.tail().to_owned() };
    }
}

fn name(file: &str) -> &str {
    file.rsplit('/').next().unwrap_or(file)
}

fn places(run: &Run) -> impl Iterator<Item = &Place> {
    let coroutines = run.coroutines.iter().map(|row| &row.place);
    let stalls = run.stalls.iter().filter_map(|stall| stall.place.as_ref());
    let locks = run.locks.iter().flatten().filter_map(|lock| lock.place.as_ref());
    coroutines.chain(stalls).chain(locks)
}

fn places_mut(run: &mut Run) -> impl Iterator<Item = &mut Place> {
    let coroutines = run.coroutines.iter_mut().map(|row| &mut row.place);
    let stalls = run.stalls.iter_mut().filter_map(|stall| stall.place.as_mut());
    let locks = run.locks.iter_mut().flatten().filter_map(|lock| lock.place.as_mut());
    coroutines.chain(stalls).chain(locks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::check::CoroutineRun;

    fn run(files: &[&str]) -> Run {
        let row = |file: &&str| CoroutineRun {
            place: Place {
                function: "get".to_owned(),
                file: (*file).to_owned(),
                ..Place::default()
            },
            tasks: 1,
            running: 0.0,
            ready: 0.0,
            waiting: 0.0,
        };
        Run { coroutines: files.iter().map(row).collect(), ..Run::default() }
    }

    fn keys(base: &[&str], head: &[&str]) -> [Vec<String>; 2] {
        let (mut base, mut head) = ([run(base)], [run(head)]);
        align([&mut base, &mut head]);
        let of = |runs: &[Run]| runs.iter().flat_map(places).map(Place::key).collect();
        [of(&base), of(&head)]
    }

    #[test]
    fn checkouts_need_not_be_called_the_same() {
        let [base, head] = keys(&["../shop-main/app.py"], &["app.py"]);
        assert_eq!((&base, base[0].as_str()), (&head, "app.py:get"));
        let [base, head] = keys(
            &["/ci/base/users/views.py", "/ci/base/orders/views.py"],
            &["/ci/head/users/views.py", "/ci/head/orders/views.py"],
        );
        assert_eq!(base, head);
        assert_eq!(base, ["users/views.py:get", "orders/views.py:get"]);
        // What is new on one side does not take its namesake's place.
        let [base, head] = keys(&["b/users/views.py"], &["h/users/views.py", "h/orders/views.py"]);
        assert_eq!((base[0] == head[0], base[0] == head[1]), (true, false));
    }
}
