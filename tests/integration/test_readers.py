#!/usr/bin/python3
"""ONDISCONNECT and CONSUMERIDLE through redis-py: what a consumer holds comes back when its connection closes, however that
comes about; a restart leaves it to ACKWAIT; consumers that nobody has seen are removed, and count as seen at a start."""
import os
import subprocess
import sys
import time

import redis

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import main, testing_redis, wait_until  # noqa: E402

if testing_redis():
    raise SystemExit("skipped: Redis has no QPOLICY")

WORKER = """
import redis, sys
r = redis.Redis(port=int(sys.argv[1]), decode_responses=True)
print(r.xreadgroup("g", "alice", {sys.argv[2]: ">"}, count=1)[0][1][0][1]["n"], flush=True)
r.xreadgroup("g", "alice", {sys.argv[2]: ">"}, block=0) if sys.argv[3] == "block" else sys.stdin.read()
"""


def connect(s):
    return redis.Redis(port=s.port, decode_responses=True)


def queue(s, key, **policy):
    r = connect(s)
    r.execute_command("QPOLICY", "SET", key, *[word for pair in policy.items() for word in pair])
    r.xgroup_create(key, "g", "0", mkstream=True)
    r.xadd(key, {"n": "1"})
    return r


def pending(r, key):
    return [(p["consumer"], p["times_delivered"]) for p in r.xpending_range(key, "g", "-", "+", 9)]


def worker(s, key, how="idle"):
    p = subprocess.Popen([sys.executable, "-c", WORKER, str(s.port), key, how], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, text=True)
    assert p.stdout.readline().strip() == "1"
    return p


def end(p):
    p.kill()
    p.communicate()


def test_a_worker_that_is_killed(s):
    for how in "idle", "block":
        key = "killed:" + how
        r = queue(s, key, ACKWAIT="1h", ONDISCONNECT="requeue")
        p = worker(s, key, how)
        assert pending(r, key) == [("alice", 1)]
        started = time.time()
        end(p)
        [(_, [(_, fields)])] = r.xreadgroup("g", "bob", {key: ">"}, block=20000)
        assert fields == {"n": "1"} and time.time() - started < 10
        assert pending(r, key) == [("bob", 2)]


def test_client_kill_and_a_key_that_was_renamed(s):
    r = queue(s, "kill", ACKWAIT="1h", ONDISCONNECT="requeue")
    other = connect(s)
    assert other.xreadgroup("g", "alice", {"kill": ">"})
    r.execute_command("QPOLICY", "SET", "kill:2", "ACKWAIT", "1h", "ONDISCONNECT", "requeue")
    r.rename("kill", "kill:2")
    r.client_kill_filter(_id=other.client_id())
    wait_until(lambda: pending(r, "kill:2") == [("", 1)], what="the message")
    assert r.xinfo_consumers("kill:2", "g")[0]["pending"] == 0


def test_a_restart_leaves_it_to_ackwait(s):
    r = queue(s, "again", ACKWAIT="2s", ONDISCONNECT="requeue")
    assert r.xreadgroup("g", "alice", {"again": ">"})
    for hard in False, True:
        s.restart(hard=hard)
        r = connect(s)
        assert pending(r, "again") == [("alice", 1)]
    wait_until(lambda: pending(r, "again") == [("", 1)], what="the end of the lease")


def test_consumers_that_nobody_sees(s):
    r = queue(s, "idle", CONSUMERIDLE="1s")
    waits = s.client()
    waits.send("XREADGROUP", "GROUP", "g", "bob", "BLOCK", "0", "STREAMS", "idle", ">")
    assert waits.read()
    waits.send("XREADGROUP", "GROUP", "g", "bob", "BLOCK", "0", "STREAMS", "idle", ">")
    r.xadd("idle", {"n": "2"})
    assert waits.read()
    waits.send("XREADGROUP", "GROUP", "g", "bob", "BLOCK", "0", "STREAMS", "idle", ">")
    r.xadd("idle", {"n": "3"})
    assert waits.read()
    assert pending(r, "idle") == [("bob", 1)] * 3
    r.xgroup_createconsumer("idle", "g", "alice")
    waits.send("XREADGROUP", "GROUP", "g", "bob", "BLOCK", "0", "STREAMS", "idle", ">")
    wait_until(lambda: [c["name"] for c in r.xinfo_consumers("idle", "g")] == ["bob"], what="alice's end")
    assert pending(r, "idle") == [("bob", 1)] * 3
    waits.close()
    wait_until(lambda: r.xinfo_consumers("idle", "g") == [], what="bob's end")
    assert pending(r, "idle") == [("", 1)] * 3
    time_seen = r.xreadgroup("g", "carol", {"idle": ">"}, count=1)
    assert time_seen
    r.execute_command("QPOLICY", "SET", "idle", "CONSUMERIDLE", "1h")
    s.restart(hard=True)
    r = connect(s)
    assert [c["name"] for c in r.xinfo_consumers("idle", "g")] == ["carol"]
    assert r.xinfo_consumers("idle", "g")[0]["idle"] < 20000


main(globals())
