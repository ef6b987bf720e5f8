//! Every statistic against SciPy (`tests/check/reference.py`).

use looptrace::analysis::check::stats::{
    greater, holm, mad, median, quantile, shift, split_noise, theil_sen,
};
use serde_json::Value;

fn reference() -> Value {
    serde_json::from_str(include_str!("reference.json")).expect("the reference is JSON")
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|one| one.as_f64().expect("a number")).collect()
}

fn near(found: f64, wanted: f64) {
    let error = (found - wanted).abs();
    assert!(error <= 1e-9 + wanted.abs() * 1e-6, "found {found}, SciPy has {wanted}");
}

#[test]
fn the_rank_test_is_scipy_s() {
    let reference = reference();
    for list in ["mann_whitney", "mann_whitney_with_ties"] {
        for case in reference[list].as_array().expect("cases") {
            let p = greater(&numbers(&case["head"]), &numbers(&case["base"]));
            near(p, case["greater"].as_f64().expect("a p-value"));
        }
    }
}

#[test]
fn the_shift_and_its_interval_are_those_that_the_rank_test_does_not_reject() {
    for case in reference()["mann_whitney"].as_array().expect("cases") {
        let found = shift(&numbers(&case["head"]), &numbers(&case["base"]), 0.95).expect("a shift");
        near(found.estimate, case["hodges_lehmann"].as_f64().expect("a shift"));
        if !case["interval"].is_null() {
            let wanted = numbers(&case["interval"]);
            near(found.low, wanted[0]);
            near(found.high, wanted[1]);
        }
    }
}

#[test]
fn quantiles_trends_and_corrections_are_theirs() {
    let reference = reference();
    let values = numbers(&reference["values"]);
    for pair in reference["quantiles"].as_array().expect("pairs") {
        let pair = numbers(pair);
        near(quantile(&values, pair[0]).expect("a quantile"), pair[1]);
    }
    near(mad(&values).expect("a deviation"), reference["mad"].as_f64().expect("a number"));
    for (points, trends) in [("points", "theil_sen"), ("tied_points", "theil_sen_tied")] {
        let points = reference[points].as_array().expect("points");
        let points: Vec<(f64, f64)> =
            points.iter().map(numbers).map(|pair| (pair[0], pair[1])).collect();
        for trend in reference[trends].as_array().expect("trends") {
            let wanted = numbers(trend);
            let found = theil_sen(&points, wanted[0]).expect("a slope");
            near(found.estimate, wanted[1]);
            near(found.low, wanted[2]);
            near(found.high, wanted[3]);
        }
    }
    let adjusted = holm(&numbers(&reference["p_values"]));
    for (found, wanted) in adjusted.iter().zip(numbers(&reference["holm"])) {
        near(*found, wanted);
    }
}

#[test]
fn too_little_is_no_evidence() {
    near(greater(&[], &[1.0]), 1.0);
    near(greater(&[1.0, f64::NAN], &[1.0]), 1.0);
    near(greater(&[2.0; 80], &[2.0; 80]), 1.0);
    assert_eq!(shift(&[], &[1.0], 0.95), None);
    let few = shift(&[2.0, 3.0], &[1.0, 1.5], 0.95).expect("an estimate");
    assert!(few.low == f64::NEG_INFINITY && few.high == f64::INFINITY, "{few:?}");
    assert_eq!(median(&[]), None);
    assert_eq!(theil_sen(&[(1.0, 2.0), (1.0, 3.0)], 0.95), None);
    assert_eq!(split_noise(&[1.0, 2.0, 3.0]), None);
    assert_eq!(split_noise(&[1.0; 20]), Some(0.0));
}
