//! Refusals: each with exit code 3, the reason that applies and what lifts it, and a program that
//! runs on as if nothing had been.

use super::nobody::{self, BECOME, ID, Reachable};
use super::{is_root, works};
use crate::support::interpreter::Interpreter;
use crate::support::{Target, interpreters};

/// Capability numbers of the kernel.
const CAP_NET_BIND_SERVICE: u32 = 10;
const CAP_SYS_PTRACE: u32 = 19;

const WITHOUT_PTRACE: [&str; 5] =
    ["setpriv", "--bounding-set", "-sys_ptrace", "--inh-caps", "-sys_ptrace"];

/// Runs the program given as its arguments with `process_vm_readv` forbidden to it, or the system call
/// of another number.
#[cfg(target_arch = "x86_64")]
pub(crate) const FORBID: &str = "
import ctypes, os, struct, sys
CALL = int(os.environ.get('FORBIDDEN_CALL', '310'))
rules = [(0x20, 0, 0, 0), (0x15, 0, 1, CALL), (6, 0, 0, 0x50001), (6, 0, 0, 0x7fff0000)]
code = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *rule) for rule in rules))
class Program(ctypes.Structure):
    _fields_ = [('length', ctypes.c_ushort), ('code', ctypes.c_void_p)]
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(Program(len(rules), ctypes.addressof(code))), 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
";

fn has_capability(number: u32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ours = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    ours.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & (1 << number) != 0)
}

/// A program of root's may be any version: it is not read.
fn any() -> &'static Interpreter {
    interpreters().first().expect("there is one")
}

fn skip(what: &str, needs: &str) {
    println!("SKIPPED: {what}: needs {needs}");
}

/// Every command that reads a program refuses alike, for `reason`, and leaves nothing behind.
fn refused(wrapper: &[&str], target: &Target, reason: &str, hint: &str) {
    let looptrace = Reachable::new();
    let pid = target.pid().to_string();
    let dump: &[&str] = &["dump", "--pid", &pid];
    let json: &[&str] = &["dump", "--format", "json", "--pid", &pid];
    let record: &[&str] = &["record", "--duration", "1s", "--pid", &pid];
    for arguments in [dump, json, record] {
        let output = looptrace.run(wrapper, arguments);
        let words = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {words}");
        assert!(output.stdout.is_empty(), "{arguments:?}: data on stdout");
        let first = format!("error: not permitted to read process {pid}: ");
        let line = words.lines().next().unwrap_or_default();
        assert!(line.starts_with(&first) && line.contains(reason), "{arguments:?}: {words}");
        assert!(words.lines().any(|l| l.starts_with("hint: ") && l.contains(hint)), "{words}");
        assert!(
            words.ends_with(&format!("hint: see every precondition: looptrace doctor {pid}\n"))
        );
    }
    let left = std::fs::read_dir(looptrace.folder.path()).expect("it can be listed").count();
    assert_eq!(left, 1, "a recording was left behind");

    let doctor = looptrace.run(wrapper, &["doctor", &pid]);
    let said = String::from_utf8_lossy(&doctor.stdout);
    assert_eq!(doctor.status.code(), Some(3), "{said}");
    assert!(said.contains("FAILED") && said.contains(reason), "{said}");
    assert!(said.ends_with(&format!("attaching to {pid} does not work\n")), "{said}");
    assert!(!target.is_held(), "{}: left stopped", target.label);
}

#[test]
fn another_users_program() {
    if !is_root("another user's program") {
        return;
    }
    let target = nobody::program(&["env"], any(), "");
    let reason = format!("it runs as user 0, looptrace as user {ID}");
    refused(&BECOME, &target, &reason, "sudo looptrace");
}

#[test]
fn the_same_user_in_another_group() {
    if !is_root("another group") {
        return;
    }
    let Some(python) = nobody::interpreter() else { return };
    let target = nobody::program(&BECOME, python, "");
    let other = ["setpriv", "--reuid", ID, "--regid", "1", "--clear-groups"];
    let reason = format!("it runs in group {ID}, looptrace in group 1");
    refused(&other, &target, &reason, "the same user and group");
}

#[test]
fn a_program_that_is_not_dumpable() {
    if !is_root("a program that is not dumpable") {
        return;
    }
    let Some(python) = nobody::interpreter() else { return };
    let first = "import ctypes; assert ctypes.CDLL(None).prctl(4, 0, 0, 0, 0) == 0";
    let target = nobody::program(&BECOME, python, first);
    refused(&BECOME, &target, "the process is marked as not dumpable", "root");
}

#[test]
fn a_program_of_ones_own_with_more_capabilities() {
    let what = "a program with more capabilities";
    if !is_root(what) {
        return;
    }
    if !has_capability(CAP_NET_BIND_SERVICE) {
        return skip(what, "a capability to give away");
    }
    let Some(python) = nobody::interpreter() else { return };
    let cap = "+net_bind_service";
    let wrapper = [&BECOME[..], &["--inh-caps", cap, "--ambient-caps", cap]].concat();
    let target = nobody::program(&wrapper, python, "");
    refused(&BECOME, &target, "it has capabilities that looptrace lacks", "all capabilities");
}

#[test]
fn root_without_the_capability() {
    let what = "root without CAP_SYS_PTRACE";
    if !is_root(what) {
        return;
    }
    if !has_capability(CAP_SYS_PTRACE) {
        return skip(what, "CAP_SYS_PTRACE to drop");
    }
    let target = nobody::program(&["env"], any(), "");
    let reason = "it has capabilities that looptrace lacks";
    refused(&WITHOUT_PTRACE, &target, reason, "--cap-add=SYS_PTRACE");
}

#[test]
fn from_a_user_namespace() {
    if !is_root("another user namespace") {
        return;
    }
    let mapped = [&BECOME[..], &["unshare", "--map-root-user"]].concat();
    if !works(&[&mapped[..], &["true"]].concat()) {
        return skip("another user namespace", "unprivileged user namespaces");
    }
    let Some(python) = nobody::interpreter() else { return };
    let target = nobody::program(&BECOME, python, "");
    let reason = "it lives in another user namespace";
    refused(&mapped, &target, reason, "as root on the host");
    // Without a mapping there is no capability in it either.
    let unmapped = [&BECOME[..], &["unshare", "--user"]].concat();
    refused(&unmapped, &target, reason, "as root on the host");
}

#[cfg(target_arch = "x86_64")]
#[test]
fn a_seccomp_filter_around_looptrace() {
    let Some(python) = interpreters().iter().find(|python| python.chroot.is_none()) else {
        return skip("a seccomp filter", "a Python on the host");
    };
    let target = nobody::program(&["env"], python, "");
    let path = python.path.to_str().expect("a path is text");
    let reason = "process_vm_readv is blocked in this process (a seccomp filter)";
    refused(&[path, "-c", FORBID], &target, reason, "seccomp profile");
}

#[test]
fn nobody_may_read_nobodys_own() {
    if !is_root("a program of one's own") {
        return;
    }
    let Some(python) = nobody::interpreter() else { return };
    let target = nobody::program(&BECOME, python, "");
    let scope = std::fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope");
    let scope = scope.map_or(0, |scope| scope.trim().parse().unwrap_or(0));
    if scope > 0 {
        let reason = format!("kernel.yama.ptrace_scope is {scope}");
        return refused(&BECOME, &target, &reason, "root");
    }
    let pid = target.pid().to_string();
    let output = Reachable::new().run(&BECOME, &["dump", "--pid", &pid]);
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{words}");
}
