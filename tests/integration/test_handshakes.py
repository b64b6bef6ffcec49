#!/usr/bin/python3
"""What clients and tools send when they connect, byte for byte, and what they look at in the replies.

Each row is a request and the reply that client needs: text as show() prints it, a pattern, or a function that says
whether the client would go on. Requests of one row are sent in one piece where the client does that. An error that a
client expects is a row like any other: a wrong text would make it fall back, or give up.
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import Error, Map, Raw, Server, as_map, check, encode, main, show, words  # noqa: E402

OK = "+OK"
UNKNOWN = re.compile(r"-ERR unknown (sub)?command '[^']*'.*")
NO_CLUSTER = "-ERR This instance has cluster support disabled"


def hello(version):
    def good(reply):
        h = as_map(reply)
        return (isinstance(reply, Map) == (version == 3) and h[b"proto"] == version and h[b"server"] == b"redis" and h[b"mode"] == b"standalone"
                and h[b"role"] == b"master" and h[b"modules"] == [] and type(h[b"id"]) is int and re.match(rb"7\.2\.\d+$", h[b"version"]))
    return good


def info(*fields):
    def good(reply):
        return all(re.search(rb"^%s" % (f if ":" in f else f + ":").encode(), reply, re.M) for f in fields)
    return good


def pairs(**wanted):
    def good(reply):
        m = as_map(reply)
        return all(m.get(k.replace("_", "-").encode()) == v.encode() for k, v in wanted.items())
    return good


def array(reply):
    return isinstance(reply, list) and not isinstance(reply, Error)


def pipelined(*rows):
    return list(rows)


HANDSHAKES = {
    "go-redis 9": [
        ("HELLO 3", hello(3)),
        pipelined(("CLIENT SETNAME worker", OK), ("SELECT 2", OK)),
        pipelined(("CLIENT SETINFO LIB-NAME go-redis(,go1.22)", OK), ("CLIENT SETINFO LIB-VER 9.7.0", OK)),
        ("CLIENT MAINT_NOTIFICATIONS ON moving-endpoint-type none", UNKNOWN),
        ("PING", "+PONG"),
    ],
    "go-redis 9, read-only routing": [
        ("HELLO 3", hello(3)),
        ("READONLY", NO_CLUSTER),
        ("CLUSTER SLOTS", NO_CLUSTER),
        ("COMMAND", array),
    ],
    "lettuce": [
        ("HELLO 3 SETNAME app", hello(3)),
        pipelined(("CLIENT SETINFO lib-name Lettuce", OK), ("CLIENT SETINFO lib-ver 6.5.0", OK)),
        ("PING", "+PONG"),
        ("SELECT 1", OK),
        ("CLUSTER NODES", NO_CLUSTER),
        ("CLUSTER MYID", NO_CLUSTER),
        ("INFO", info("redis_version", "cluster_enabled", "role")),
        ("QUIT", OK),
    ],
    "lettuce, of a protocol that is not there": [
        ("HELLO 4", re.compile("-NOPROTO .*")),
        ("PING", "+PONG"),
    ],
    "jedis": [
        ("HELLO 3", hello(3)),
        ("CLIENT SETNAME app", OK),
        pipelined(("CLIENT SETINFO LIB-NAME jedis", OK), ("CLIENT SETINFO LIB-VER 5.2.0", OK)),
        ("SELECT 0", OK),
        ("PING", "+PONG"),
    ],
    "jedis, cluster mode against a single server": [
        ("CLUSTER SLOTS", NO_CLUSTER),
        ("CLUSTER KEYSLOT a", NO_CLUSTER),
    ],
    "StackExchange.Redis, RESP2": [
        pipelined(("CLIENT SETNAME host(SE.Redis-v2.8.0)", OK), ("CLIENT SETINFO lib-name SE.Redis", OK), ("CLIENT SETINFO lib-ver 2.8.0", OK), ("CLIENT ID", re.compile(r":\d+")),
                  ("CONFIG GET timeout", "[timeout 0]"), ("CONFIG GET replica-read-only", "[replica-read-only yes]"), ("CONFIG GET slave-read-only", "[slave-read-only yes]"),
                  ("CONFIG GET databases", "[databases 16]"), ("SENTINEL MASTERS", UNKNOWN),
                  ("INFO replication", info("role", "connected_slaves")), ("INFO server", info("redis_version", "redis_mode")), ("CLUSTER NODES", NO_CLUSTER),
                  ("GET __Booksleeve_TieBreak", "nil"), (("ECHO", bytes(range(16))), lambda r: r == bytes(range(16)))),
        ("SUBSCRIBE __Booksleeve_MasterChanged", "[subscribe __Booksleeve_MasterChanged :1]"),
        ("PING", "[pong \"\"]"),
    ],
    "StackExchange.Redis, RESP3": [
        pipelined(("HELLO 3 SETNAME app", hello(3)), ("CLIENT SETINFO lib-name SE.Redis", OK), ("CONFIG GET databases", pairs(databases="16")),
                  ("SENTINEL MASTERS", UNKNOWN), ("CLUSTER NODES", NO_CLUSTER), ("GET __Booksleeve_TieBreak", "null"), (("ECHO", b"\x00\r\n\xff" * 4), lambda r: r == b"\x00\r\n\xff" * 4),
                  ("SUBSCRIBE __Booksleeve_MasterChanged", ">[subscribe __Booksleeve_MasterChanged :1]")),
    ],
    "ioredis": [
        ("hello 3", hello(3)),
        pipelined(("client setinfo LIB-NAME ioredis", OK), ("client setinfo LIB-VER 6.0.0", OK), ("info", info("loading:0", "role", "redis_version"))),
        ("quit", OK),
    ],
    "node-redis": [
        pipelined(("HELLO 3", hello(3)), ("CLIENT SETINFO LIB-NAME node-redis", OK), ("CLIENT SETINFO LIB-VER 6.3.1", OK),
                  ("CLIENT MAINT_NOTIFICATIONS ON", UNKNOWN), ("SELECT 3", OK)),
    ],
    "redis-py": [
        ("HELLO 3", hello(3)),
        ("CLIENT SETNAME w", OK),
        ("CLIENT SETINFO LIB-NAME redis-py", OK),
        ("CLIENT SETINFO LIB-VER 8.0.0", OK),
        ("SELECT 1", OK),
        ("CLIENT MAINT_NOTIFICATIONS ON moving-endpoint-type external-ip", UNKNOWN),
    ],
    "redis_exporter": [
        ("CLIENT SETNAME redis_exporter", OK),
        ("INFO ALL", info("redis_version", "connected_clients", "blocked_clients", "used_memory", "maxmemory", "loading", "aof_enabled", "total_connections_received",
                          "total_commands_processed", "instantaneous_ops_per_sec", "expired_keys", "evicted_keys", "keyspace_hits", "connected_slaves", "master_repl_offset",
                          "used_cpu_sys", "cluster_enabled:0", "total_error_replies", "cmdstat_client\\|setname")),
        ("CONFIG GET *", lambda r: {b"maxmemory", b"maxclients", b"databases", b"requirepass", b"client-output-buffer-limit"} <= set(as_map(r))),
        ("LATENCY LATEST", array),
        ("LATENCY HISTOGRAM", array),
        ("SLOWLOG LEN", re.compile(r":\d+")),
        ("SLOWLOG GET 1", array),
        ("COMMAND INFO COMMANDLOG", "[nil]"),
        ("CLIENT LIST", lambda r: b"name=redis_exporter" in r),
        ("SCAN 0 COUNT 10", array),
    ],
    "RedisInsight": [
        ("INFO", info("redis_version", "used_memory", "connected_clients")),
        ("MODULE LIST", "[]"),
        ("COMMAND INFO FT.SEARCH JSON.GET TS.ADD", "[nil nil nil]"),
        ("CONFIG GET databases", "[databases 16]"),
        ("INFO server clients", info("redis_version", "connected_clients")),
        ("CLIENT LIST", lambda r: b"id=" in r),
        ("CLUSTER INFO", NO_CLUSTER),
        ("DBSIZE", ":0"),
        ("SCAN 0 MATCH * COUNT 500 TYPE stream", "[0 []]"),
        ("ACL WHOAMI", "default"),
        ("CONFIG GET slowlog-*", pairs(slowlog_max_len="128")),
        ("SLOWLOG GET 50", array),
        ("LOLWUT", lambda r: b"leanmqd ver. " in r),
    ],
    "redis-commander": [
        ("info", info("redis_version", "loading:0")),
        ("select 0", OK),
        ("cluster info", NO_CLUSTER),
        ("config get databases", "[databases 16]"),
        ("scan 0 MATCH * COUNT 100", "[0 []]"),
        ("module list", "[]"),
        ("object encoding nosuch", re.compile("nil|-ERR no such key")),
    ],
    "Sentinel-aware clients": [
        ("SENTINEL get-master-addr-by-name mymaster", UNKNOWN),
        ("ROLE", re.compile(r"\[master :\d+ \[\]\]")),
        ("INFO replication", info("role:master")),
    ],
}


def fits(reply, wanted, what):
    if callable(wanted):
        assert not isinstance(reply, Error) and wanted(reply), "%s: got %s" % (what, show(reply)[:500])
    else:
        check(reply, wanted, what)


def test_every_handshake(s):
    for client, steps in HANDSHAKES.items():
        c = Raw(s.port)
        for step in steps:
            rows = step if isinstance(step, list) else [step]
            commands = [words(r[0] if isinstance(r[0], tuple) else (r[0],)) for r in rows]
            c.send_raw(b"".join(map(encode, commands)))
            for command, (_, wanted) in zip(commands, rows):
                fits(c.read(), wanted, "%s, %s" % (client, b" ".join(command).decode("latin-1")))
        c.close()


def test_with_a_password():
    """HELLO with AUTH, AUTH before HELLO, and the error by which a client learns that it needs one."""
    with Server(requirepass="secret") as s:
        c = Raw(s.port)
        c.expect("HELLO 3", re.compile("-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option .*"))
        c.expect("PING", "-NOAUTH Authentication required.")
        c.expect("HELLO 3 AUTH default wrong", re.compile("-WRONGPASS .*"))
        fits(c.call("HELLO 3 AUTH default secret SETNAME app"), hello(3), "HELLO AUTH")
        c.close()
        c = Raw(s.port)
        c.expect("AUTH secret", OK)
        fits(c.call("HELLO 2"), hello(2), "HELLO 2")


main(globals())
