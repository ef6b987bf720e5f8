//! `looptrace doctor`.

use std::process::Command;

use super::support::{code, dead_pid, looptrace, stdout};

#[test]
fn doctor_finds_that_we_may_read_our_own_child() {
    let mut child = Command::new("sleep").arg("60").spawn().expect("sleep starts");
    let output = looptrace(&["doctor", &child.id().to_string(), "--format", "json"]);
    child.kill().expect("sleep can be killed");
    child.wait().expect("sleep ends");
    let report: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert_eq!(report["schema"], "looptrace.doctor/1");
    let schema = serde_json::from_str(include_str!("../../docs/schema/doctor-1.json"));
    let schema = jsonschema::validator_for(&schema.expect("JSON")).expect("a schema");
    assert!(schema.is_valid(&report), "{report}");
    assert_eq!(report["pid"], child.id());
    let check = |name: &str| {
        let checks = report["checks"].as_array().expect("a list");
        checks.iter().find(|check| check["name"] == name).cloned().expect("the check")
    };
    // The child descends from this test, not from looptrace, so Yama may stand in between.
    let restricted = std::fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope")
        .is_ok_and(|scope| scope.trim() != "0")
        && check("CAP_SYS_PTRACE")["verdict"] != "ok";
    if !restricted {
        assert_eq!(check("target's memory")["verdict"], "ok");
    }
    assert_ne!(check("interpreter")["verdict"], "ok", "sleep is no interpreter");
    let stream = check("switch stream");
    let of_threads = check("target's switch stream");
    let present = |check: &serde_json::Value| check["present"].as_str().unwrap_or("").to_owned();
    if stream["verdict"] == "ok" {
        assert_eq!(present(&of_threads), "1 of 1 threads");
    } else {
        assert!(present(&stream).starts_with("refused: "), "{stream}");
        assert!(present(&of_threads).contains("not "), "{of_threads}");
    }
}

#[test]
fn doctor_says_that_nobody_has_this_pid() {
    let pid = dead_pid();
    let output = looptrace(&["doctor", &pid]);
    assert_eq!(code(&output), 3);
    assert!(stdout(&output).contains(&format!("no process {pid}")), "{}", stdout(&output));
    assert!(stdout(&output).contains("fix: "));
}
