//! Connection pools of well-known libraries, by the code that waits for a connection.

use crate::model::WaitKind;

struct Pool {
    /// The end of the file's path.
    file: &'static str,
    /// The last part of the function's name.
    function: &'static str,
    /// What a task waits for inside of it.
    kind: WaitKind,
    name: &'static str,
}

const fn pool(
    name: &'static str,
    kind: WaitKind,
    file: &'static str,
    function: &'static str,
) -> Pool {
    Pool { file, function, kind, name }
}

/// The table. aiohttp waited in `connect` itself before 3.11; SQLAlchemy's queue is waited for by
/// functions in a greenlet, of which only the coroutine that started it is to be seen.
const POOLS: &[Pool] = &[
    pool(
        "aiohttp connector",
        WaitKind::Future,
        "/aiohttp/connector.py",
        "_wait_for_available_connection",
    ),
    pool("aiohttp connector", WaitKind::Future, "/aiohttp/connector.py", "connect"),
    pool(
        "httpcore pool",
        WaitKind::Event,
        "/httpcore/_async/connection_pool.py",
        "wait_for_connection",
    ),
    pool("asyncpg pool", WaitKind::QueueGet, "/asyncpg/pool.py", "_acquire_impl"),
    pool(
        "SQLAlchemy pool",
        WaitKind::QueueGet,
        "/sqlalchemy/util/concurrency.py",
        "greenlet_spawn",
    ),
    pool(
        "SQLAlchemy pool",
        WaitKind::QueueGet,
        "/sqlalchemy/util/_concurrency_py3k.py",
        "greenlet_spawn",
    ),
    pool("psycopg pool", WaitKind::Condition, "/psycopg_pool/pool_async.py", "wait"),
    pool("redis pool", WaitKind::Condition, "/redis/asyncio/connection.py", "get_connection"),
];

/// The pool in whose code a task waits for something of this kind.
pub(super) fn named(kind: WaitKind, file: &str, function: &str) -> Option<&'static str> {
    // Qualified from 3.11 on, bare before.
    let function = function.rsplit('.').next().unwrap_or(function);
    let fits =
        |pool: &&Pool| pool.kind == kind && pool.function == function && file.ends_with(pool.file);
    POOLS.iter().find(fits).map(|pool| pool.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pools_are_known_by_what_is_waited_for_where() {
        let connector = "/v/lib/python3.12/site-packages/aiohttp/connector.py";
        let wait = "BaseConnector._wait_for_available_connection";
        assert_eq!(named(WaitKind::Future, connector, wait), Some("aiohttp connector"));
        assert_eq!(named(WaitKind::Lock, connector, wait), None);
        assert_eq!(named(WaitKind::Future, connector, "TCPConnector._resolve_host"), None);
        assert_eq!(named(WaitKind::Future, "/srv/connector.py", "connect"), None);
    }
}
