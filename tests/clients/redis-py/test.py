#!/usr/bin/python3
"""An unmodified redis-py: two producers, four consumers of a group as processes of their own, one of
them killed half way with messages in hand, which the others take over by XAUTOCLAIM. Every message is
processed, counted, none lost. Then one of each kind of thing that redis-py offers."""
import multiprocessing
import os
import signal

import redis
from endtoend import COUNT, PORT, WORK, run, wait_until

PRODUCERS, CONSUMERS, BATCH = 2, 4, 100
IDLE_MS = 400


def produce(first, step):
    r = redis.Redis(port=PORT)
    pipe = r.pipeline(transaction=False)
    for n in range(first, COUNT, step):
        pipe.xadd("jobs", {"n": n, "body": "x" * (n % 200)})
        if len(pipe) >= 100:
            pipe.execute()
    pipe.execute()
    r.lpush("producers-done", first)


def consume(name, holds):
    """Writes the numbers that it processed to a file of its own, then acknowledges. One that `holds`
    stops at its share with a batch in hand, and waits to be killed."""
    r = redis.Redis(port=PORT, decode_responses=True)
    out = os.open(os.path.join(WORK, name), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    done = 0

    def process(messages):
        os.write(out, "".join(m["n"] + "\n" for _, m in messages).encode())
        assert r.xack("jobs", "workers", *[i for i, _ in messages]) >= 0

    while True:
        reply = r.xreadgroup("workers", name, {"jobs": ">"}, count=BATCH, block=100)
        messages = reply[0][1] if reply else r.xautoclaim("jobs", "workers", name, IDLE_MS, "0-0", count=BATCH)[1]
        if messages and holds and done >= COUNT // 2 // CONSUMERS:
            open(os.path.join(WORK, "holding"), "w").write(str(len(messages)))
            signal.pause()
        if messages:
            process(messages)
            done += len(messages)
        elif r.llen("producers-done") == PRODUCERS and r.xpending("jobs", "workers")["pending"] == 0:
            return


def start(target, *args):
    p = multiprocessing.Process(target=target, args=args, daemon=True)
    p.start()
    return p


def test_every_message_is_processed():
    r = redis.Redis(port=PORT)
    r.xgroup_create("jobs", "workers", id="0", mkstream=True)
    producers = [start(produce, i, PRODUCERS) for i in range(PRODUCERS)]
    workers = [start(consume, "w%d" % i, i == 0) for i in range(CONSUMERS)]
    holding = os.path.join(WORK, "holding")
    try:
        wait_until(lambda: os.path.exists(holding) and os.path.getsize(holding), "the first worker to have a batch in hand", 300)
        os.kill(workers[0].pid, signal.SIGKILL)
        for p in producers + workers[1:]:
            p.join(300)
            assert p.exitcode == 0, "a process ended with %s" % p.exitcode
    finally:
        for p in producers + workers:
            if p.is_alive():
                p.kill()
    numbers, by = [], {}
    for i in range(CONSUMERS):
        path = os.path.join(WORK, "w%d" % i)
        mine = [int(x) for x in open(path)] if os.path.exists(path) else []
        by["w%d" % i] = len(mine)
        numbers += mine
    assert set(numbers) == set(range(COUNT)), "lost: %s" % sorted(set(range(COUNT)) - set(numbers))[:10]
    assert len(numbers) == COUNT, "%d were processed twice" % (len(numbers) - COUNT)
    assert r.xpending("jobs", "workers")["pending"] == 0 and r.xlen("jobs") == COUNT
    group, = r.xinfo_groups("jobs")
    assert group["name"] == b"workers" and group["consumers"] == CONSUMERS, group
    print("   processed by each: %s; %s taken over" % (by, open(holding).read()))


def test_one_of_each_kind():
    """Blocking, transactions with WATCH, pub/sub, expiry, errors as exceptions."""
    r = redis.Redis(port=PORT, db=1, decode_responses=True)
    assert r.ping() and r.set("k", "v", ex=100) and r.get("k") == "v" and 90 < r.ttl("k") <= 100
    assert r.execute_command("INCR", "n") == 1 and r.exists("k", "n", "x") == 2 and r.delete("k", "x") == 1 and r.type("n") == "string"
    r.lpush("l", "a", "b")
    assert r.llen("l") == 2 and r.brpop("l", timeout=1) == ("l", "a") and r.rpop("l") == "b" and r.brpop("l", timeout=0.05) is None

    def add_one(pipe):
        value = int(pipe.get("n"))
        pipe.multi()
        pipe.set("n", value + 1)

    assert r.transaction(add_one, "n") == [True] and r.get("n") == "2"
    p = r.pubsub()
    p.subscribe("news")
    p.psubscribe("n*")
    assert [p.get_message(timeout=5)["type"] for _ in range(2)] == ["subscribe", "psubscribe"]
    assert r.publish("news", "hi") == 2
    assert [p.get_message(timeout=5)["data"] for _ in range(2)] == ["hi", "hi"]
    p.close()
    first = r.xadd("s", {"a": "1"})
    r.xadd("s", {"a": "2"}, maxlen=10, approximate=True)
    assert r.xrange("s")[0] == (first, {"a": "1"}) and r.xlen("s") == 2
    r.xgroup_create("s", "g", id="0")
    try:
        r.xgroup_create("s", "g", id="0")
        raise AssertionError("no BUSYGROUP")
    except redis.ResponseError as e:
        assert str(e).startswith("BUSYGROUP"), e
    ((name, messages),) = r.xreadgroup("g", "c", {"s": ">"}, count=10)
    assert name == "s" and len(messages) == 2
    assert r.xpending("s", "g")["pending"] == 2 and len(r.xpending_range("s", "g", "-", "+", 10)) == 2
    assert len(r.xclaim("s", "g", "d", 0, [first])) == 1
    assert r.xautoclaim("s", "g", "e", 0, "0-0")[0] == "0-0"
    assert r.xack("s", "g", first) == 1 and r.xdel("s", first) == 1 and r.xtrim("s", maxlen=0, approximate=False) == 1
    info = r.xinfo_stream("s")
    assert info["length"] == 0 and info["groups"] == 1
    assert r.xinfo_stream("s", full=True)["groups"][0]["name"] == "g"
    assert {c["name"] for c in r.xinfo_consumers("s", "g")} == {"c", "d", "e"}
    assert r.xgroup_delconsumer("s", "g", "e") == 1 and r.xgroup_destroy("s", "g")
    assert r.info()["redis_version"].startswith("7.") and r.config_get("maxclients") and r.dbsize() == 2
    assert r.client_setname("me") and r.client_getname() == "me" and r.client_list() and r.client_id() > 0
    assert r.command_count() > 0 and r.flushdb()


run(globals())
