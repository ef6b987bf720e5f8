//! Calls that are known to hold an event loop up, as data: how to recognise them in a stack, and
//! what to do instead.
//!
//! `docs/causes.md` lists the same advice for people.

use crate::model::CauseKind;

/// What a known call does to a loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// It waits in a system call.
    Blocks,
    /// It waits for another thread.
    Locks,
    /// It computes.
    Computes,
}

/// A call, or all calls into a package.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    /// The end of the file's path; a directory with a slash at its end stands for a whole package.
    pub(super) file: &'static str,
    /// The last part of the function's name; empty for any.
    pub(super) function: &'static str,
    /// What to call it; empty to name it after its file and function.
    pub(super) name: &'static str,
    pub(super) effect: Effect,
    pub(super) advice: &'static str,
}

const HTTP: &str = "use httpx.AsyncClient or aiohttp, else asyncio.to_thread()";
const FILES: &str = "use aiofiles, or asyncio.to_thread()";
const THREAD: &str = "move it off the loop: await asyncio.to_thread(...)";
const CPU: &str = "move it to a process: loop.run_in_executor(ProcessPoolExecutor(), ...)";
const NATIVE: &str = "it releases the GIL for large inputs: await asyncio.to_thread(...)";
const SLEEP: &str = "await asyncio.sleep() instead of time.sleep()";
const STREAMS: &str = "use asyncio.open_connection() or loop.sock_*() instead of a blocking socket";
const PROCESS: &str = "use asyncio.create_subprocess_exec() and await its communicate() or wait()";
const LOGS: &str = "log through logging.handlers.QueueHandler and a QueueListener thread";
const LOOKUP: &str = "await loop.getaddrinfo() instead";
const LOCK: &str = "use asyncio's own Lock, Event or Condition, or wait in asyncio.to_thread()";
const QUEUE: &str = "use asyncio.Queue, or wait in asyncio.to_thread()";
const FUTURE: &str = "await asyncio.wrap_future(future) instead of future.result()";
const JOIN: &str = "await asyncio.to_thread(thread.join)";

const fn known(
    file: &'static str,
    function: &'static str,
    name: &'static str,
    effect: Effect,
    advice: &'static str,
) -> Known {
    Known { file, function, name, effect, advice }
}

/// By frames. Packages come before what they are built on: the outermost match names the call.
pub(super) const FRAMES: &[Known] = &[
    known("requests/", "", "requests", Effect::Blocks, HTTP),
    known("urllib3/", "", "urllib3", Effect::Blocks, HTTP),
    known("httpx/", "", "httpx", Effect::Blocks, "use httpx.AsyncClient instead of httpx.Client"),
    known("urllib/request.py", "", "urllib.request", Effect::Blocks, HTTP),
    known("http/client.py", "", "http.client", Effect::Blocks, HTTP),
    known("psycopg2/", "", "psycopg2", Effect::Blocks, "use asyncpg, or psycopg.AsyncConnection"),
    known("psycopg/", "", "psycopg", Effect::Blocks, "use psycopg.AsyncConnection, or asyncpg"),
    known("pymysql/", "", "pymysql", Effect::Blocks, "use aiomysql or asyncmy"),
    known("MySQLdb/", "", "MySQLdb", Effect::Blocks, "use aiomysql or asyncmy"),
    known("pymongo/", "", "pymongo", Effect::Blocks, "use PyMongo's AsyncMongoClient, or motor"),
    known("mysql/", "", "mysql.connector", Effect::Blocks, "use mysql.connector.aio, or aiomysql"),
    known("peewee.py", "", "peewee", Effect::Blocks, THREAD),
    known("redis/", "", "redis", Effect::Blocks, "use redis.asyncio"),
    known("sqlite3/", "", "sqlite3", Effect::Blocks, "use aiosqlite, or asyncio.to_thread()"),
    known("sqlalchemy/", "", "SQLAlchemy", Effect::Blocks, "use SQLAlchemy's AsyncSession"),
    known("django/db/", "", "Django ORM", Effect::Blocks, "use sync_to_async or the a... methods"),
    known("boto3/", "", "boto3", Effect::Blocks, "use aioboto3, or asyncio.to_thread()"),
    known("botocore/", "", "botocore", Effect::Blocks, "use aiobotocore, or asyncio.to_thread()"),
    known("elasticsearch/", "", "elasticsearch", Effect::Blocks, "use AsyncElasticsearch"),
    known("kafka/", "", "kafka", Effect::Blocks, "use aiokafka"),
    known("pika/", "", "pika", Effect::Blocks, "use aio-pika"),
    known("paramiko/", "", "paramiko", Effect::Blocks, "use asyncssh"),
    known("grpc/", "", "grpc", Effect::Blocks, "use grpc.aio"),
    known("smtplib.py", "", "smtplib", Effect::Blocks, "use aiosmtplib, or asyncio.to_thread()"),
    known("ftplib.py", "", "ftplib", Effect::Blocks, THREAD),
    known("imaplib.py", "", "imaplib", Effect::Blocks, THREAD),
    known("poplib.py", "", "poplib", Effect::Blocks, THREAD),
    known("subprocess.py", "run", "subprocess.run", Effect::Blocks, PROCESS),
    known("subprocess.py", "call", "subprocess.call", Effect::Blocks, PROCESS),
    known("subprocess.py", "check_call", "subprocess.check_call", Effect::Blocks, PROCESS),
    known("subprocess.py", "check_output", "subprocess.check_output", Effect::Blocks, PROCESS),
    known("subprocess.py", "", "subprocess", Effect::Blocks, PROCESS),
    known("logging/__init__.py", "", "logging", Effect::Blocks, LOGS),
    known("logging/handlers.py", "", "logging", Effect::Blocks, LOGS),
    known("socket.py", "getaddrinfo", "socket.getaddrinfo", Effect::Blocks, LOOKUP),
    known("socket.py", "create_connection", "socket.create_connection", Effect::Blocks, STREAMS),
    known("socket.py", "getfqdn", "socket.getfqdn", Effect::Blocks, LOOKUP),
    known("socket.py", "", "socket", Effect::Blocks, STREAMS),
    known("ssl.py", "", "ssl", Effect::Blocks, STREAMS),
    known("selectors.py", "select", "select", Effect::Blocks, STREAMS),
    known("concurrent/futures/_base.py", "result", "Future.result", Effect::Locks, FUTURE),
    known("concurrent/futures/_base.py", "exception", "Future.exception", Effect::Locks, FUTURE),
    known("concurrent/futures/_base.py", "wait", "concurrent.futures.wait", Effect::Locks, FUTURE),
    known("concurrent/futures/_base.py", "", "concurrent.futures", Effect::Locks, FUTURE),
    known("concurrent/futures/thread.py", "shutdown", "Executor.shutdown", Effect::Locks, THREAD),
    known("queue.py", "get", "Queue.get", Effect::Locks, QUEUE),
    known("queue.py", "put", "Queue.put", Effect::Locks, QUEUE),
    known("queue.py", "join", "Queue.join", Effect::Locks, QUEUE),
    known("threading.py", "join", "Thread.join", Effect::Locks, JOIN),
    known("threading.py", "_wait_for_tstate_lock", "Thread.join", Effect::Locks, JOIN),
    known("threading.py", "", "threading", Effect::Locks, LOCK),
    known("multiprocessing/", "", "multiprocessing", Effect::Locks, THREAD),
    known("json/decoder.py", "raw_decode", "json.loads", Effect::Computes, CPU),
    known("json/decoder.py", "decode", "json.loads", Effect::Computes, CPU),
    known("json/encoder.py", "iterencode", "json.dumps", Effect::Computes, CPU),
    known("json/encoder.py", "encode", "json.dumps", Effect::Computes, CPU),
    known("re.py", "", "re", Effect::Computes, CPU),
    known("re/__init__.py", "", "re", Effect::Computes, CPU),
    known("numpy/", "", "numpy", Effect::Computes, NATIVE),
    known("pandas/", "", "pandas", Effect::Computes, CPU),
    known("shutil.py", "", "shutil", Effect::Blocks, THREAD),
    known("pathlib.py", "", "pathlib", Effect::Blocks, FILES),
    known("pathlib/", "", "pathlib", Effect::Blocks, FILES),
    known("tempfile.py", "", "tempfile", Effect::Blocks, FILES),
];

/// By the native function that was called: the start of its name.
const CALLEES: &[(&str, Effect, &str)] = &[
    ("time.sleep", Effect::Blocks, SLEEP),
    ("sqlite3.", Effect::Blocks, "use aiosqlite, or asyncio.to_thread()"),
    ("_sqlite3.", Effect::Blocks, "use aiosqlite, or asyncio.to_thread()"),
    ("socket.getaddrinfo", Effect::Blocks, LOOKUP),
    ("_socket.getaddrinfo", Effect::Blocks, LOOKUP),
    ("socket.gethostby", Effect::Blocks, LOOKUP),
    ("_socket.gethostby", Effect::Blocks, LOOKUP),
    ("socket.", Effect::Blocks, STREAMS),
    ("_socket.", Effect::Blocks, STREAMS),
    ("_ssl.", Effect::Blocks, STREAMS),
    ("select.", Effect::Blocks, STREAMS),
    ("_io.", Effect::Blocks, FILES),
    ("io.", Effect::Blocks, FILES),
    ("builtins.open", Effect::Blocks, FILES),
    (
        "builtins.input",
        Effect::Blocks,
        "read with loop.connect_read_pipe() or asyncio.to_thread(input)",
    ),
    ("input", Effect::Blocks, "read with loop.connect_read_pipe() or asyncio.to_thread(input)"),
    ("posix.wait", Effect::Blocks, PROCESS),
    ("posix.system", Effect::Blocks, PROCESS),
    ("_posixsubprocess.", Effect::Blocks, PROCESS),
    ("posix.urandom", Effect::Computes, CPU),
    ("posix.getrandom", Effect::Computes, CPU),
    ("posix.", Effect::Blocks, FILES),
    ("fcntl.", Effect::Blocks, THREAD),
    ("_thread.", Effect::Locks, LOCK),
    ("_queue.", Effect::Locks, QUEUE),
    ("zlib.", Effect::Computes, NATIVE),
    ("_hashlib.", Effect::Computes, NATIVE),
    ("bz2.", Effect::Computes, NATIVE),
    ("_bz2.", Effect::Computes, NATIVE),
    ("_lzma.", Effect::Computes, NATIVE),
    ("numpy.", Effect::Computes, NATIVE),
    ("gc.collect", Effect::Computes, "collect when the loop is idle, or leave it to the collector"),
];

/// By system call, where nothing else tells what was called.
const CALLS: &[(&str, &str)] = &[
    ("clock_nanosleep", SLEEP),
    ("nanosleep", SLEEP),
    ("connect", STREAMS),
    ("recv", STREAMS),
    ("send", STREAMS),
    ("accept", STREAMS),
    ("wait4", PROCESS),
    ("waitid", PROCESS),
    ("open", FILES),
    ("fsync", THREAD),
    ("fdatasync", THREAD),
    ("pread", FILES),
    ("pwrite", FILES),
    ("flock", THREAD),
    ("read", "read it off the loop: loop.connect_read_pipe(), aiofiles, or asyncio.to_thread()"),
    ("write", "write it off the loop: loop.connect_write_pipe(), aiofiles, or asyncio.to_thread()"),
    ("futex", LOCK),
];

/// The known call that this frame is in.
pub(super) fn by_frame(file: &str, function: &str) -> Option<&'static Known> {
    let file = crate::analysis::short_path(file);
    // Packages have their asynchronous half in a directory of that name.
    if file.contains("/asyncio/") {
        return None;
    }
    let function = function.rsplit('.').next().unwrap_or(function);
    FRAMES.iter().find(|known| {
        let in_file = if known.file.ends_with('/') {
            file.starts_with(known.file)
        } else {
            file == known.file
        };
        in_file && (known.function.is_empty() || known.function == function)
    })
}

/// What is known of a native function.
pub(super) fn by_callee(name: &str) -> Option<(Effect, &'static str)> {
    let found = CALLEES.iter().find(|(start, ..)| name.starts_with(start));
    found.map(|&(_, effect, advice)| (effect, advice))
}

/// What to do instead of a system call.
pub(super) fn by_call(name: &str) -> Option<&'static str> {
    CALLS.iter().find(|(start, _)| name.starts_with(start)).map(|(_, advice)| *advice)
}

/// What to do about a cause, where nothing more is known.
pub(super) const fn by_kind(kind: CauseKind) -> Option<&'static str> {
    Some(match kind {
        CauseKind::CpuPython => {
            "move it to a process (ProcessPoolExecutor), or split it with await asyncio.sleep(0)"
        }
        CauseKind::CpuNative => {
            "await asyncio.to_thread() if it releases the GIL, else a ProcessPoolExecutor"
        }
        CauseKind::GilWait => "move the work of the thread that holds the GIL to a process",
        CauseKind::Gc => "gc.freeze() after start-up, or higher gc.set_threshold() values",
        CauseKind::Import => "import it when the program starts",
        CauseKind::LockWait => LOCK,
        CauseKind::Disk => FILES,
        CauseKind::Starved => "give the process more CPU: other work takes it away",
        CauseKind::PageFault => {
            "touch the memory before it is needed, or give the machine more of it"
        }
        CauseKind::BlockingCall => THREAD,
        CauseKind::Stopped | CauseKind::Unknown => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_advice_is_documented() {
        let page = include_str!("../../../docs/causes.md");
        let frames = FRAMES.iter().map(|known| known.advice);
        let callees = CALLEES.iter().map(|(.., advice)| *advice);
        let calls = CALLS.iter().map(|(_, advice)| *advice);
        let kinds = CauseKind::ALL.iter().filter_map(|&kind| by_kind(kind));
        for advice in frames.chain(callees).chain(calls).chain(kinds) {
            assert!(page.contains(advice), "docs/causes.md does not say: {advice}");
        }
        for kind in CauseKind::ALL {
            assert!(page.contains(&format!("`{}`", kind.name())), "{}", kind.name());
        }
    }

    #[test]
    fn packages_are_known_by_their_path() {
        let known = |file: &str, function: &str| by_frame(file, function).map(|known| known.name);
        let site = "/v/lib/python3.12/site-packages/requests/api.py";
        assert_eq!(known(site, "get"), Some("requests"));
        assert_eq!(known("/usr/lib/python3.13/queue.py", "Queue.get"), Some("Queue.get"));
        assert_eq!(known("/usr/lib/python3.13/queue.py", "Queue.qsize"), None);
        assert_eq!(known("/srv/app/queue.py", "get"), None);
    }

    #[test]
    fn callees_and_calls_have_advice() {
        assert_eq!(by_callee("time.sleep").map(|found| found.0), Some(Effect::Blocks));
        assert_eq!(by_callee("zlib.compress").map(|found| found.0), Some(Effect::Computes));
        assert_eq!(by_callee("mine.compute"), None);
        assert_eq!(by_call("recvfrom"), Some(STREAMS));
    }
}
