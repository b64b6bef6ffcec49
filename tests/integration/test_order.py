#!/usr/bin/python3
"""Which message a client gets next: PRIORITIES, AGING, ORDERKEY, ONPOISON, and after a kill and a rewrite as before."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import Server, Skip, main, testing_redis, wait_until  # noqa: E402

try:
    import redis
except ImportError:
    redis = None

if testing_redis():
    raise SystemExit("skipped: Redis has no policies")


def connect(s):
    if redis is None:
        raise Skip("no redis-py")
    return redis.Redis(port=s.port, decode_responses=True)


def begin(r, *policy):
    r.execute_command("QPOLICY", "SET", "jobs", *policy)
    r.xgroup_create("jobs", "g", "0", mkstream=True)


def add(r, level, name):
    return r.execute_command("QADD", "jobs", "PRIORITY", level, "*", "name", name)


def read(r, count=1, block=None):
    """The names of the messages that come next, and their ids by name."""
    found = r.xreadgroup("g", "worker", {"jobs": ">"}, count=count, block=block)
    messages = found[0][1] if found else []
    ids.update({m["name"]: i for i, m in messages})
    return [m["name"] for _, m in messages]


ids = {}


def rewritten(s, r):
    before = s.log().count("rewrite done")
    r.execute_command("BGREWRITEAOF")
    wait_until(lambda: s.log().count("rewrite done") > before, what="the rewrite")


# -- levels

def test_the_urgent_go_first():
    with Server() as s:
        r = connect(s)
        begin(r, "PRIORITIES", 3)
        for i in range(50):
            add(r, i % 5, "%d-%02d" % (min(i % 5, 2), i))
        wanted = sorted(("%d-%02d" % (min(i % 5, 2), i) for i in range(50)), key=lambda n: (-int(n[0]), n))
        assert read(r, 20) == wanted[:20]
        r.execute_command("QNACK", "jobs", "g", "worker", ids[wanted[3]])
        assert read(r) == [wanted[3]]
        s.kill()
        s.start()
        r = connect(s)
        assert read(r, 10) == wanted[20:30]
        rewritten(s, r)
        s.kill()
        s.start()
        r = connect(s)
        assert read(r, 100) == wanted[30:]
        assert r.xack("jobs", "g", *ids.values()) == 50
        assert r.xinfo_groups("jobs")[0]["lag"] == 0


def test_the_old_become_urgent():
    with Server() as s:
        r = connect(s)
        begin(r, "PRIORITIES", 2, "AGING", "100ms")
        add(r, 0, "old")
        wait_until(lambda: int(r.time()[0]) * 1000 + r.time()[1] // 1000 > int(ids_of(r)[0].split("-")[0]) + 250,
                   what="its rise")
        add(r, 1, "urgent")
        assert read(r, 2) == ["old", "urgent"]


def ids_of(r):
    return [i for i, _ in r.xrange("jobs")]


# -- keys

def test_one_at_a_time_for_each_customer():
    with Server() as s:
        r = connect(s)
        begin(r, "ORDERKEY", "customer", "MAXDELIVER", 2, "DLQ", "dead")
        for i in range(12):
            r.xadd("jobs", {"name": "%s%d" % ("abc"[i % 3], i // 3), "customer": "abc"[i % 3]})
        assert read(r, 100) == ["a0", "b0", "c0"]
        assert read(r, 100) == []
        r.xack("jobs", "g", ids["b0"])
        s.kill()
        s.start()
        r = connect(s)
        assert read(r, 100) == ["b1"]
        r.execute_command("QNACK", "jobs", "g", "worker", ids["a0"])
        assert read(r, 100) == ["a0"]
        rewritten(s, r)
        s.kill()
        s.start()
        r = connect(s)
        assert read(r, 100) == []
        r.execute_command("QNACK", "jobs", "g", "worker", ids["a0"])  # the second time: to the dead letters
        assert read(r, 100) == ["a1"] and r.xlen("dead") == 1
        served, left = [], ["a1", "b1", "c0"]
        while left:
            r.xack("jobs", "g", *(ids[name] for name in left))
            served += left
            left = read(r, 100)
        for customer in "abc":
            assert [n for n in served if n[0] == customer] == sorted(n for n in served if n[0] == customer)
        assert len(served) == 10, served


def test_poison_halts_its_key():
    with Server() as s:
        r = connect(s)
        begin(r, "ORDERKEY", "customer", "MAXDELIVER", 1, "ONPOISON", "halt", "DLQ", "dead")
        for name in "a0", "b0", "a1":
            r.xadd("jobs", {"name": name, "customer": name[0]})
        assert read(r) == ["a0"]
        r.execute_command("QNACK", "jobs", "g", "worker", ids["a0"])
        assert read(r, 10) == ["b0"] and r.exists("dead") == 0
        s.kill()
        s.start()
        r = connect(s)
        assert read(r, 10) == []
        r.xack("jobs", "g", ids["a0"])
        assert read(r, 10) == ["a1"]


def test_who_waits_gets_the_next():
    with Server() as s:
        r = connect(s)
        begin(r, "ORDERKEY", "customer")
        for i in range(2200):
            r.xadd("jobs", {"name": "a%d" % i, "customer": "a"})
        r.xadd("jobs", {"name": "b", "customer": "b"})
        assert read(r) == ["a0"]
        assert read(r, 1, block=10000) == ["b"]
        waiting = s.client()
        waiting.send("XREADGROUP", "GROUP", "g", "other", "BLOCK", "0", "STREAMS", "jobs", ">")
        wait_until(lambda: r.info("clients")["blocked_clients"] == 1, what="somebody who waits")
        r.xack("jobs", "g", ids["a0"])
        assert waiting.read()[0][1][0][1] == [b"name", b"a1", b"customer", b"a"]


if __name__ == "__main__":
    main(globals(), {})
