#!/usr/bin/python3
"""LeanMQ: producers, workers of which one is killed, dead letters and their return, messages that expire,
transactions, everything its manager tells. With LEANMQ_SOURCE=DIR (where the package leanmq lies) the real
library runs, and then our replay of its traffic too, and both are compared command by command; without it
the replay alone."""
import os
import re
import signal
import sys
import time

from endtoend import HOST, PORT, Ledger, run, same, start, wait_until

SOURCE = os.environ.get("LEANMQ_SOURCE")
if SOURCE:
    sys.path.insert(0, SOURCE)
import redis  # noqa: E402
import traffic  # noqa: E402

JOBS, HELD = 2000, 7


class RealQueue:
    """The library's queue, with the names that traffic.py gives."""

    def __init__(self, q):
        self.q, self.name = q, q.name
        self.ack, self.delete, self.purge = q.acknowledge_messages, q.delete_messages, q.purge

    def send(self, data, ttl=None):
        return self.q.send_message(data, ttl=ttl)

    def get(self, count=1, block=None, consumer="default-consumer"):
        return [(m.id, m.data, m.delivery_count) for m in self.q.get_messages(count, block, consumer)]

    def bury(self, ids, reason, dlq):
        return self.q.move_to_dlq(ids, reason, dlq.q)

    def requeue(self, ids, to):
        return self.q.requeue_messages(ids, to.q)


class RealManager:
    def __init__(self, host, port, prefix="mq:"):
        import leanmq
        self.mq = leanmq.LeanMQ(redis_host=host, redis_port=port, prefix=prefix)
        self.expire, self.remove, self.close = self.mq.process_expired_messages, self.mq.delete_queue, self.mq.close

    def pair(self, name):
        return tuple(map(RealQueue, self.mq.create_queue_pair(name)))

    def get(self, name):
        q = self.mq.get_queue(name)
        return q and RealQueue(q)

    def all(self):
        return {i.name: (i.message_count, i.pending_messages) for i in self.mq.list_queues()}

    def transaction(self, messages):
        with self.mq.transaction() as tx:
            for queue, data in messages:
                tx.send_message(queue.q, data)


KINDS = {"replay": traffic.Manager}
if SOURCE:
    KINDS["real"] = RealManager
work = Ledger()


def produce(kind, first):
    queue = KINDS[kind](HOST, PORT).get("jobs-" + kind)
    for n in range(first, JOBS, 2):
        queue.send({"n": n, "body": "x" * (n % 200)})


def consume(kind, name, holds):
    """Every tenth message fails the first time and goes to the dead letters. One that `holds` stops with
    HELD messages in hand."""
    m = KINDS[kind](HOST, PORT)
    queue, dlq = m.pair("jobs-" + kind)
    work.add("ready-" + kind, name)
    done = 0
    while True:
        messages = queue.get(HELD, 1, name)
        if messages and holds and done > 20:
            work.add("holds-" + kind, *[data["n"] for _, data, _ in messages])
            signal.pause()
        for at, data, times in messages:
            same(times, 1, "times delivered")
            if data["n"] % 10 == 0 and "_requeues" not in data:
                same(queue.bury([at], "by ten", dlq), 1)
            else:
                work.add("done-" + kind, data["n"])
                same(queue.ack([at]), 1)
                done += 1
        if not messages and work.lines("finish-" + kind):
            return


def workers_and_a_kill(kind):
    m = KINDS[kind](HOST, PORT)
    queue, dlq = m.pair("jobs-" + kind)
    me = [sys.executable, os.path.abspath(__file__), HOST, str(PORT)]
    workers = [start(me + ["consume", kind, "w%d" % i, "holds" if i == 0 else ""], "w%d.log" % i) for i in range(4)]
    wait_until(lambda: len(work.lines("ready-" + kind)) == 4, "four workers")
    producers = [start(me + ["produce", kind, str(i)], "p%d.log" % i) for i in range(2)]
    wait_until(lambda: work.lines("holds-" + kind), "the first worker to have messages in hand")
    workers[0].kill()
    for p in producers:
        same(p.wait(60), 0, "the producer")
    held = [int(n) for n in work.lines("holds-" + kind)[0].split()]
    done = lambda: [int(n) for n in work.lines("done-" + kind)]  # noqa: E731
    due = sorted(set(n for n in range(JOBS) if n % 10) - set(held))
    wait_until(lambda: len(done()) >= len(due), lambda: "%d of %d done" % (len(done()), len(due)))
    tens = sorted(set(n for n in range(JOBS) if n % 10 == 0) - set(held))
    wait_until(lambda: m.all()[queue.name][1] == len(held), "nothing to be pending but what the dead one held")
    letters = dlq.get(JOBS, None, "operator")
    same(sorted(data["n"] for _, data, _ in letters), tens, "dead letters")
    same({data["_failures"][0]["reason"] for _, data, _ in letters}, {"by ten"})
    same(dlq.requeue([at for at, _, _ in letters], queue), len(tens), "requeued")
    wait_until(lambda: len(done()) >= len(due) + len(tens), "the dead letters to be done")
    work.add("finish-" + kind)
    for p in workers[1:]:
        same(p.wait(30), 0, "a worker")
    same(sorted(done()), sorted(due + tens), "each done once, but for what the killed one held")
    # The library has no way to take over: the messages are not lost, they wait for a claim.
    r = redis.Redis(HOST, PORT)
    _, claimed, *_ = r.xautoclaim(queue.name, "jobs-%s-group" % kind, "heir", 0, "0-0", count=100)
    same(len(claimed), len(held), "claimed from the dead one")
    same(queue.ack([at.decode() for at, _ in claimed]), len(held))
    same((m.all()[queue.name][1], m.all()[dlq.name][0]), (0, 0), "drained")
    same(sorted(done() + held), list(range(JOBS)), "all of them, each once")


def everything_else(kind, prefix):
    """The rest of what the library does, in a fixed order: this is what is compared on the wire."""
    m = KINDS[kind](HOST, PORT, prefix)
    a, dead = m.pair("a")
    b, _ = m.pair("b")
    same((a.get(5), m.all()[a.name]), ([], (0, 0)))
    same(m.get("none"), None)
    ids = [a.send({"n": n}) for n in range(4)]
    same(m.get("a").name, prefix + "a")
    got = a.get(3, 1, "one")
    same([(at, d["n"], t) for at, d, t in got], [(ids[n], n, 1) for n in range(3)])
    same((a.ack(ids[:1]), a.delete(ids[1:2])), (1, 1))
    same((a.bury(ids[2:3], "why", dead), a.bury(["9-9"], "none", dead)), (1, 0))
    letter, = dead.get(5)
    same((letter[1]["n"], letter[1]["_failures"][0]["reason"]), (2, "why"))
    same((dead.requeue([letter[0]], a), m.all()[dead.name]), (1, (0, 1)), "a letter that returned")
    m.transaction([(a, {"n": 10}), (b, {"n": 11})])
    same([d["n"] for _, d, _ in a.get(10)], [3, 2, 10])
    same([d["n"] for _, d, _ in b.get(10)], [11])
    short, long = b.send({"n": 20}, ttl=0), b.send({"n": 21}, ttl=100)
    time.sleep(0.01)
    same((m.expire(), m.expire()), (1, 0), "expired")
    same([at for at, _, _ in b.get(10)], [long], "what has not expired")
    same(b.delete([long]), 1)
    same(m.all(), {prefix + "a": (5, 3), prefix + "a:dlq": (0, 1), prefix + "b": (1, 1), prefix + "b:dlq": (0, 0)})
    same((a.purge(), m.all()[a.name]), (5, (0, 0)), "purged")
    m.remove("a")
    same(sorted(m.all()), [prefix + "b", prefix + "b:dlq"])
    m.close()


def on_the_wire(what):
    """The commands that were sent meanwhile, without what is different each time."""
    r = redis.Redis(HOST, PORT)
    with r.monitor() as monitor:
        what()
        redis.Redis(HOST, PORT).echo("end")
        seen = []
        for c in monitor.listen():
            if c["command"] == "ECHO end":
                break
            c = re.sub(r'[0-9a-f]{8}-[0-9a-f-]{27}', "UUID", c["command"])
            c = re.sub(r"\b\d{13}-\d+\b", "ID", c)
            c = re.sub(r"\b\d{10}\.\d+\b", "TIME", c)
            if not re.match("(CLIENT|HELLO|SELECT)", c):
                seen.append(c)
    return seen


def test_two_producers_four_workers_one_killed_and_dead_letters():
    for kind in KINDS:
        workers_and_a_kill(kind)


def test_everything_else_that_it_offers():
    for kind in KINDS:
        everything_else(kind, kind + ":")


def the_same_on_the_wire():
    sent = {}
    r = redis.Redis(HOST, PORT)
    for kind in KINDS:
        r.delete(*r.keys("same:*") or ["same:"])
        sent[kind] = on_the_wire(lambda: everything_else(kind, "same:"))
    for i, (a, b) in enumerate(zip(sent["real"], sent["replay"])):
        same(b, a, "command %d" % i)
    same(len(sent["replay"]), len(sent["real"]))
    print("   %d commands" % len(sent["real"]))


if SOURCE:
    test_the_real_library_and_the_replay_send_the_same = the_same_on_the_wire

if sys.argv[3:4] == ["produce"]:
    produce(sys.argv[4], int(sys.argv[5]))
elif sys.argv[3:4] == ["consume"]:
    consume(sys.argv[4], sys.argv[5], bool(sys.argv[6]))
else:
    run(globals())
