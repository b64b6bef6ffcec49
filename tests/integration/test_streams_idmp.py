#!/usr/bin/python3
"""Producers that send again: XADD IDMP over kill -9, rewrites and time, through redis-py and raw sockets."""
import os
import subprocess
import sys
import threading
import uuid

import redis

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import Raw, Server, Skip, as_map, blocked, both, main, show, wait_until  # noqa: E402


def numbers(c, key):
    """pids-tracked, iids-tracked, iids-added, iids-duplicates."""
    info = as_map(c.call("XINFO", "STREAM", key))
    return [info[b] for b in (b"pids-tracked", b"iids-tracked", b"iids-added", b"iids-duplicates")]


def digest(s):
    c = s.client()
    try:
        return show(c.call("DEBUG", "DIGEST"))
    finally:
        c.close()


def rewrite(c):
    assert c.call("BGREWRITEAOF").startswith(b"Background")
    wait_until(lambda: c.info("persistence")["aof_rewrite_in_progress"] == "0", what="the rewrite")
    assert c.info("persistence")["aof_last_bgrewrite_status"] == "ok"


# -- one server

@both
def test_a_message_sent_twice_is_there_once(s, a, b):
    b.send("XREAD", "BLOCK", "0", "STREAMS", "jobs", "$")
    blocked(s, 1)
    first = a.call("XADD", "jobs", "IDMP", "p", "1", "*", "n", "1")
    assert show(b.read()).count("jobs") == 1
    b.send("XREAD", "BLOCK", "0", "STREAMS", "jobs", "$")
    blocked(s, 1)
    assert a.call("XADD", "jobs", "IDMP", "p", "1", "MAXLEN", "0", "*", "n", "changed") == first
    blocked(s, 1)
    a.expect("XLEN jobs", ":1")
    assert a.call("XADD", "jobs", "IDMP", "p", b"\0\r\n\xff", "*", "n", "2") != first
    assert show(b.read()).count("jobs") == 1
    assert numbers(a, "jobs") == [1, 2, 2, 1]


@both
def test_xinfo_has_sixteen_pairs(a):
    a.expect("XADD k 1-1 f v", "1-1")
    order = [b"length", b"radix-tree-keys", b"radix-tree-nodes", b"last-generated-id", b"max-deleted-entry-id", b"entries-added",
             b"recorded-first-entry-id", b"idmp-duration", b"idmp-maxsize", b"pids-tracked", b"iids-tracked", b"iids-added",
             b"iids-duplicates"]
    assert list(as_map(a.call("XINFO", "STREAM", "k"))) == order + [b"groups", b"first-entry", b"last-entry"]
    assert list(as_map(a.call("XINFO", "STREAM", "k", "FULL"))) == order + [b"entries", b"groups"]


def test_a_duplicate_in_a_transaction(a):
    a.expect("MULTI", "+OK")
    for n in (1, 2, 1):
        a.expect("XADD jobs IDMP p %d * n %d" % (n, n), "+QUEUED")
    ids = a.call("EXEC")
    assert ids[0] == ids[2] != ids[1]
    a.expect("XLEN jobs", ":2")


def test_many_producers_at_once(s, a):
    """Each sends each message three times, in pipelines, over connections of its own."""
    def produce(who):
        c = s.client()
        for again in range(3):
            c.pipeline([("XADD", "jobs", "IDMP", "p%d" % who, str(i), "*", "n", str(i)) for i in range(90)])
        c.close()

    threads = [threading.Thread(target=produce, args=(i,)) for i in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    a.expect("XLEN jobs", ":540")
    assert numbers(a, "jobs") == [6, 540, 540, 1080]


def test_long_names(a):
    pid, iid = "p" * 100000, "i" * 1000000
    first = a.call("XADD", "k", "IDMP", pid, iid, "*", "f", "v")
    assert a.call("XADD", "k", "IDMP", pid, iid, "*", "f", "v") == first
    assert a.call("XADD", "k", "IDMP", pid, iid + "x", "*", "f", "v") != first


# -- time

def test_ids_are_forgotten_without_being_looked_for():
    with Server() as s:
        c = s.client()
        c.expect("XGROUP CREATE k g $ MKSTREAM", "+OK")
        c.expect("XCFGSET k IDMP-DURATION 1", "+OK")
        first = c.call("XADD", "k", "IDMP", "p", "1", "*", "f", "v")
        assert numbers(c, "k") == [1, 1, 1, 0]
        wait_until(lambda: numbers(c, "k")[:2] == [0, 0], what="the id to be forgotten")
        assert c.call("XADD", "k", "IDMP", "p", "1", "*", "f", "v") != first
        before = digest(s)
        wait_until(lambda: numbers(c, "k")[:2] == [0, 0], what="the id to be forgotten")
        c.expect("XLEN k", ":2")
        assert digest(s) != before
        before = digest(s)
        s.restart(hard=True)
        assert digest(s) == before


# -- what is kept

def produce_as_a_library_does(r, n, names):
    """redis-py, each message with a name of its own; the ids."""
    return [r.execute_command("XADD", "jobs", "IDMP", "worker-1", names[i], "*", "n", str(i), "body", "x" * 100) for i in range(n)]


def retry_finds_the_first(s, ids, names, contents):
    r = redis.Redis(port=s.port)
    length = r.xlen("jobs")
    assert produce_as_a_library_does(r, len(ids), names) == ids
    assert r.execute_command("XADD", "jobs", "IDMPAUTO", "worker-2", "*", "b", "2", "a", "1") == contents
    assert r.xlen("jobs") == length
    r.close()


def test_a_retry_after_kill_9_finds_the_first():
    names = [str(uuid.uuid4()) for _ in range(80)]
    with Server(appendfsync="everysec") as s:
        r = redis.Redis(port=s.port)
        ids = produce_as_a_library_does(r, len(names), names)
        contents = r.execute_command("XADD", "jobs", "IDMPAUTO", "worker-2", "*", "a", "1", "b", "2")
        r.xdel("jobs", ids[3])
        retry_finds_the_first(s, ids, names, contents)
        before = digest(s)
        s.restart(hard=True)
        assert digest(s) == before
        retry_finds_the_first(s, ids, names, contents)
        c = s.client()
        assert numbers(c, "jobs") == [2, 81, 81, 162]
        rewrite(c)
        retry_finds_the_first(s, ids, names, contents)
        before = digest(s)
        s.restart(hard=True)
        assert digest(s) == before
        retry_finds_the_first(s, ids, names, contents)
        c = s.client()
        assert numbers(c, "jobs") == [2, 81, 81, 81 * 4]
        s.restart()
        retry_finds_the_first(s, ids, names, contents)


def test_limits_are_kept_and_settings_are_for_new_streams():
    with Server(stream_idmp_duration=50, stream_idmp_maxsize=7) as s:
        c = s.client()
        first = c.call("XADD", "k", "IDMP", "p", "1", "*", "f", "v")
        c.expect("XADD own 1-1 f v", "1-1")
        c.expect("XCFGSET own IDMP-DURATION 86400 IDMP-MAXSIZE 9", "+OK")
        s.settings.update({"stream-idmp-duration": 60, "stream-idmp-maxsize": 8})
        for hard in (True, False):
            s.restart(hard=hard)
            c = s.client()
            for key, duration, size in (("k", 50, 7), ("own", 86400, 9)):
                info = as_map(c.call("XINFO", "STREAM", key))
                assert (info[b"idmp-duration"], info[b"idmp-maxsize"]) == (duration, size)
            assert c.call("XADD", "k", "IDMP", "p", "1", "*", "f", "v") == first
            rewrite(c)
        c.expect("XADD new 1-1 f v", "1-1")
        assert as_map(c.call("XINFO", "STREAM", "new"))[b"idmp-duration"] == 60


def test_a_producer_that_never_ends():
    """A new name each time: it is the bound that counts, and it is kept over a restart with another one."""
    with Server(stream_idmp_max_ids=100) as s:
        c = s.client()
        c.pipeline([("XADD", "k", "IDMP", "p%d" % i, "1", "MAXLEN", "10", "*", "f", "v") for i in range(5000)])
        assert numbers(c, "k") == [100, 100, 5000, 0]
        before = digest(s)
        s.settings["stream-idmp-max-ids"] = 1000000
        s.restart(hard=True)
        assert digest(s) == before


def test_export_leaves_out_what_redis_7_0_does_not_know():
    binary = os.environ.get("LEANMQD") or "leanmqd"
    tool = os.path.join(os.path.dirname(os.path.realpath(binary)), "leanmq-check-aof")
    if not os.path.exists(tool):
        raise Skip("no %s" % tool)
    with Server() as s:
        c = s.client()
        c.expect("XGROUP CREATE k g $ MKSTREAM", "+OK")
        for i in range(20):
            c.call("XADD", "k", "IDMP", "p", str(i % 15), "MAXLEN", "8", "*", "f", str(i))
        rewrite(c)
        for i in range(20):
            c.call("XADD", "k", "IDMPAUTO", "p", "*", "f", str(i % 15))
        c.call("XREADGROUP", "GROUP", "g", "me", "COUNT", "5", "STREAMS", "k", ">")
        c.expect("XCFGSET k IDMP-MAXSIZE 5", "+OK")
        entries = show(c.call("XRANGE", "k", "-", "+"))
        pending = show(c.call("XPENDING", "k", "g"))
        folder = os.path.join(s.settings["dir"], "appendonlydir")
        s.stop()
        out = subprocess.run([tool, "--export", "-", folder], capture_output=True, timeout=60)
    assert out.returncode == 0, out.stderr
    assert b"idempotent producers" in out.stderr and b"Redis 7.0" in out.stderr, out.stderr
    assert b"could not be told" not in out.stderr, out.stderr
    for word in (b"IDMP", b"LMQ.", b"XCFGSET"):
        assert word not in out.stdout, word
    with Server(redis=True) as s:
        c = Raw(s.port)
        c.send_raw(out.stdout)
        c.send("PING", "done")
        while True:
            reply = c.read()
            assert not show(reply).startswith("-"), show(reply)
            if reply == b"done":
                break
        assert show(c.call("XRANGE", "k", "-", "+")) == entries
        assert show(c.call("XPENDING", "k", "g")) == pending


if __name__ == "__main__":
    main(globals(), {"enable_debug_command": "yes"})
