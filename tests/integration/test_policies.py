#!/usr/bin/python3
"""QPOLICY through a client: policies survive restarts, kills and rewrites, belong to a database, and are seen at once."""
import os
import random
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import Server, Skip, main, temp_dir, testing_redis, under_sanitizer, wait_until  # noqa: E402

try:
    import redis
except ImportError:
    redis = None

if testing_redis():
    raise SystemExit("skipped: Redis has no QPOLICY")


def connect(s, db=0, **options):
    if redis is None:
        raise Skip("no redis-py")
    return redis.Redis(port=s.port, db=db, decode_responses=True, **options)


def pairs(flat):
    return dict(zip(flat[::2], flat[1::2])) if isinstance(flat, list) else flat


def policies(r):
    return {name: pairs(options) for name, options in pairs(r.execute_command("QPOLICY", "LIST")).items()}


def shown(r, key):
    return {name: tuple(v) for name, v in pairs(r.execute_command("QPOLICY", "SHOW", key)).items()}


def fresh(s):
    """The shared server without the policies of the test before, which FLUSHALL leaves."""
    for db in 1, 0:
        r = connect(s, db)
        for name in policies(r):
            r.execute_command("QPOLICY", "DEL", name)
    return r


def rewritten(s, r):
    before = s.log().count("rewrite done")
    r.execute_command("BGREWRITEAOF")
    wait_until(lambda: s.log().count("rewrite done") > before, what="the rewrite")


# -- a user's session

def test_a_user_sets_looks_and_takes_back(s):
    r = fresh(s)
    assert r.execute_command("QPOLICY", "SET", "jobs:*", "ACKWAIT", "30s", "MAXDELIVER", 5, "DLQ", "dead:{queue}")
    assert r.execute_command("QPOLICY", "SET", "jobs:mail", "MAXDELIVER", 10)
    assert pairs(r.execute_command("QPOLICY", "GET", "jobs:mail")) == {"MAXDELIVER": "10"}
    assert r.execute_command("QPOLICY", "GET", "jobs:sms") is None
    v = shown(r, "jobs:mail")
    assert (v["ACKWAIT"], v["MAXDELIVER"], v["DLQ"], v["TTL"]) == \
        (("30s", "jobs:*"), ("10", "jobs:mail"), ("dead:jobs:mail", "jobs:*"), ("0", "default")), v
    assert list(policies(r)) == ["jobs:mail", "jobs:*"]
    assert r.execute_command("QPOLICY", "DEL", "jobs:mail", "MAXDELIVER") == 1
    assert r.execute_command("QPOLICY", "DEL", "jobs:mail") == 0
    assert shown(r, "jobs:mail")["MAXDELIVER"] == ("5", "jobs:*")
    try:
        r.execute_command("QPOLICY", "SET", "jobs:*", "ACKWAIT", "half an hour")
        raise AssertionError("taken")
    except redis.ResponseError as e:
        assert "QPOLICY ACKWAIT is a duration from 0 to 36500d" in str(e), e
    assert shown(r, "jobs:mail")["ACKWAIT"] == ("30s", "jobs:*")


def test_resp3_has_maps(s):
    fresh(s)
    c = s.client(proto=3)
    c.expect("QPOLICY SET q TTL 1h", "+OK")
    assert c.call("QPOLICY", "GET", "q").get(b"TTL") == b"1h"
    assert c.call("QPOLICY", "LIST").get(b"q").get(b"TTL") == b"1h"
    assert c.call("QPOLICY", "SHOW", "q").get(b"TTL") == [b"1h", b"q"]


def test_it_is_for_administrators(s):
    r = fresh(s)
    for sub in "SET", "GET", "DEL", "LIST", "SHOW":
        row = s.client().call("COMMAND", "INFO", "qpolicy|" + sub)[0]
        assert {b"@admin", b"@dangerous", b"@stream"} <= set(row[6]), row
    s.client().expect("COMMAND GETKEYS QPOLICY SHOW jobs", "[jobs]")
    assert r.execute_command("QPOLICY", "HELP")[0].startswith("QPOLICY <subcommand>")


def test_in_a_transaction(s):
    r = fresh(s)
    p = r.pipeline(transaction=True)
    p.execute_command("QPOLICY", "SET", "q", "TTL", "1h")
    p.execute_command("QPOLICY", "SHOW", "q")
    p.execute_command("QPOLICY", "DEL", "q")
    set_, show_, del_ = p.execute()
    assert del_ == 1 and pairs(show_)["TTL"] == ["1h", "q"]
    assert policies(r) == {}


# -- what survives

def test_flushes_leave_them(s):
    a, b = fresh(s), connect(s, 1)
    a.execute_command("QPOLICY", "SET", "q*", "TTL", "1h")
    b.execute_command("QPOLICY", "SET", "q*", "TTL", "2h")
    a.xadd("q1", {"f": 1})
    a.delete("q1")
    a.flushdb()
    a.flushall()
    assert policies(a) == {"q*": {"TTL": "1h"}} and policies(b) == {"q*": {"TTL": "2h"}}
    a.xadd("q1", {"f": 1})
    a.execute_command("SWAPDB", 0, 1)
    assert b.exists("q1") and shown(b, "q1")["TTL"] == ("2h", "q*") and policies(a) == {"q*": {"TTL": "1h"}}


def state(s):
    return connect(s).execute_command("DEBUG", "DIGEST"), [policies(connect(s, db)) for db in (0, 3)]


def test_they_survive_whatever_ends_the_process():
    with Server(appendfsync="always") as s:
        r, other = connect(s), connect(s, 3)
        every = {"ACKWAIT": "30s", "MAXDELIVER": "5", "BACKOFF": "1s", "BACKOFFMAX": "90s", "JITTER": "10",
                 "DLQ": "dead:{queue}", "TTL": "7d", "MAXLEN": "1000", "MAXBYTES": "1048576", "OVERFLOW": "dlq",
                 "RETENTION": "queue", "PRIORITIES": "8", "AGING": "1500ms", "MAXINFLIGHT": "100", "PREFETCH": "10",
                 "RATE": "50", "ONDISCONNECT": "requeue", "CONSUMERIDLE": "1h", "PAUSE": "out", "HEADERS": "yes"}
        r.execute_command("QPOLICY", "SET", "jobs:*", *sum(map(list, every.items()), []))
        r.execute_command("QPOLICY", "SET", "order \r\n\x01 *", "ORDERKEY", "a\r\nb", "ONPOISON", "halt")
        r.execute_command("QPOLICY", "SET", "gone", "TTL", "1s")
        r.execute_command("QPOLICY", "DEL", "gone")
        other.execute_command("QPOLICY", "SET", "no key is here", "TTL", "1s", "RATE", "0")
        other.execute_command("QPOLICY", "DEL", "no key is here", "TTL")
        r.xadd("jobs:a", {"f": 1})
        before = state(s)
        assert policies(r)["jobs:*"] == every
        for again in range(3):
            s.restart(hard=True)
            assert state(s) == before, again
            if again == 0:                          # once from records, then from a base, then from a copy of it
                rewritten(s, connect(s))
        connect(s).execute_command("DEBUG", "LOADAOF")
        assert state(s) == before
        connect(s).execute_command("DEBUG", "RELOAD")
        assert state(s) == before
        s.stop()
        s.start()
        assert state(s) == before


def test_what_was_answered_is_there_after_a_kill():
    """Killed at any time, again and again: what had been answered is there, what had been taken back is not."""
    rng = random.Random(4)
    with Server() as s:
        for _ in range(8):
            r = connect(s)
            known = policies(r)
            victim = s.process.pid
            end = time.monotonic() + rng.uniform(0.02, 0.2)
            while time.monotonic() < end:
                name, ttl = "q%d" % rng.randrange(20), str(rng.randrange(1, 999)) + "ms"
                if rng.random() < 0.3:
                    r.execute_command("QPOLICY", "DEL", name)
                    known.pop(name, None)
                else:
                    r.execute_command("QPOLICY", "SET", name, "TTL", ttl)
                    known[name] = {"TTL": ttl}
            assert s.process.pid == victim
            s.restart(hard=True)
            assert policies(connect(s)) == known


def test_export_leaves_them_out():
    tool = os.path.join(os.path.dirname(os.path.realpath(os.environ.get("LEANMQD") or "leanmqd")), "leanmq-check-aof")
    if not os.path.exists(tool):
        raise Skip("no leanmq-check-aof")
    out = os.path.join(temp_dir(), "export.aof")
    with Server() as s:
        r = connect(s)
        r.execute_command("QPOLICY", "SET", "q", "TTL", "1h")
        r.xadd("q", {"f": 1}, id="1-0")
        assert s.stop() == 0
        done = subprocess.run([tool, "--export", out, os.path.join(s.dir, "appendonlydir")], capture_output=True, text=True,
                              timeout=60)
        assert done.returncode == 0 and "1 records say of queues (QPOLICY) is left out" in done.stderr, done.stderr
        with open(out, "rb") as f:
            text = f.read()
        assert b"XADD" in text and b"QPOLICY" not in text


# -- limits

def test_there_are_so_many_and_no_more():
    with Server(queue_policies_max=50) as s:
        r = connect(s)
        for i in range(50):
            r.execute_command("QPOLICY", "SET", "q%d*" % i, "TTL", 1)
        try:
            r.execute_command("QPOLICY", "SET", "one more", "TTL", 1)
            raise AssertionError("taken")
        except redis.ResponseError as e:
            assert "queue-policies-max" in str(e), e
        r.execute_command("CONFIG", "SET", "queue-policies-max", 10)    # what is there stays, over restarts too
        s.settings["queue-policies-max"] = "10"
        s.restart(hard=True)
        assert len(policies(connect(s))) == 50


def test_others_are_served_while_policies_reach_all_streams():
    """A change that concerns 100,000 streams holds nobody up, and reaches all of them."""
    with Server(appendonly="no") as s:
        r = connect(s)
        n = 20000 if under_sanitizer() else 100000
        p = r.pipeline(transaction=False)
        for i in range(n):
            p.execute_command("XADD", "s%d" % i, "1-0", "f", "v")
        p.execute()
        longest = 0
        for i in range(30):
            if i % 10 == 0:
                r.execute_command("QPOLICY", "SET", "s*", "TTL", "%dh" % (i + 1))
            t = time.monotonic()
            r.ping()
            longest = max(longest, time.monotonic() - t)
        assert longest < 0.5, longest
        assert shown(r, "s7")["TTL"] == ("21h", "s*")


main(globals())
