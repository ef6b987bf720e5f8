//! What machine this is, for comparisons between recordings.

use nix::sys::utsname::uname;

/// Kernel, machine, processor and host name in one line; parts that cannot be had are left out.
#[must_use]
pub fn describe() -> String {
    let mut parts = Vec::new();
    if let Ok(name) = uname() {
        let text = |part: &std::ffi::OsStr| part.to_string_lossy().into_owned();
        parts.push(format!("{} {}", text(name.sysname()), text(name.release())));
        parts.push(text(name.machine()));
        parts.push(text(name.nodename()));
    }
    if let Some(model) = processor() {
        parts.push(model);
    }
    if let Ok(cores) = std::thread::available_parallelism() {
        parts.push(format!("{cores} cores"));
    }
    parts.join(", ")
}

fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, model)| model.trim().to_owned())
}
