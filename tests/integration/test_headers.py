#!/usr/bin/python3
"""Policy HEADERS through redis-py: a producer that knows only XADD delays, expires, ranks and names its messages, over kill -9 and
a rewrite."""
import os
import sys
import time

import redis

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import main, show, testing_redis, wait_until  # noqa: E402

if testing_redis():
    raise SystemExit("skipped: Redis has no QPOLICY")


def connect(s):
    return redis.Redis(port=s.port, decode_responses=True)


def refused(call, *args):
    try:
        call(*args)
    except redis.ResponseError as e:
        return str(e)
    raise AssertionError("%r was taken" % (args,))


def test_a_producer_that_knows_only_xadd(s):
    r = connect(s)
    r.execute_command("QPOLICY", "SET", "jobs", "HEADERS", "yes")
    r.xgroup_create("jobs", "g", "$", mkstream=True)
    before = time.time()
    due = r.xadd("jobs", {"n": "1", "x-delay": "300ms"})
    assert int(due.split("-")[0]) >= int(before * 1000) + 300 and r.xlen("jobs") == 0
    [(_, [(_, fields)])] = r.xreadgroup("g", "alice", {"jobs": ">"}, block=20000)
    assert fields == {"n": "1", "x-delay": "300ms"} and time.time() - before >= 0.3
    first = r.xadd("jobs", {"n": "2", "x-dedup-id": "order-7"}, maxlen=1000)
    assert r.xadd("jobs", {"n": "3", "x-dedup-id": "order-7"}, maxlen=1000) == first and r.xlen("jobs") == 2
    assert "the header x-priority must" in refused(r.xadd, "jobs", {"n": "4", "x-priority": "urgent"})
    assert "the header x-delay takes *" in refused(r.xadd, "jobs", {"n": "4", "x-delay": "1s"}, "9999999999999-0")
    r.xadd("jobs", {"n": "5", "x-ttl": "100ms"})
    wait_until(lambda: show(s.client().call("QSTAT", "jobs")).find("expired :1") > 0, what="its end")


def test_over_a_kill_and_a_rewrite(s):
    r = connect(s)
    r.execute_command("QPOLICY", "SET", "work", "HEADERS", "yes")
    due = r.xadd("work", {"n": "1", "x-delay": "1h", "x-dedup-id": "a"})
    now = r.xadd("work", {"n": "2", "x-ttl": "1h", "x-priority": "3"})
    for how in "kill", "rewrite":
        if how == "rewrite":
            r.bgrewriteaof()
            wait_until(lambda: r.info("persistence")["aof_rewrite_in_progress"] == 0, what="the rewrite")
        s.restart(hard=True)
        r = connect(s)
        assert r.xadd("work", {"n": "3", "x-dedup-id": "a"}) == due
        assert r.xrange("work") == [(now, {"n": "2", "x-ttl": "1h", "x-priority": "3"})]
        assert r.execute_command("QPEEK", "work")
    assert r.execute_command("QCANCEL", "work", due) == 1


main(globals())
