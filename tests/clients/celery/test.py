#!/usr/bin/python3
"""Celery: broker and results on the server, two workers of two processes each. Groups, chains, chords, retries,
delays, failures, priorities, remote control, and a worker that is killed with a task in hand: the visibility
timeout brings it to the other."""
import os
import sys
import time

from endtoend import HERE, HOST, PORT, kill_group, run, same, start, stop, wait_until

os.environ["SERVER"] = "%s:%d" % (HOST, PORT)
import redis  # noqa: E402
from celery import chain, chord, group  # noqa: E402
from jobs import VISIBILITY, app, double, fails, flaky, holds, ranked, total, work  # noqa: E402

JOBS = 200
server = redis.Redis(HOST, PORT)
workers = {}


def worker(name):
    workers[name] = start([sys.executable, "-m", "celery", "-A", "jobs", "worker", "-n", name, "-c", "2", "--without-gossip",
                           "--without-mingle", "-l", "INFO"], name + ".log", PYTHONPATH=HERE + ":" + os.environ["PYTHONPATH"])


def up(names):
    return sorted(r for reply in app.control.ping(timeout=0.5) for r in reply) == sorted(names)


def test_two_workers_answer_remote_control():
    for name in ("one@here", "two@here"):
        worker(name)
    wait_until(lambda: up(workers), "both workers to answer ping")


def test_every_task_is_done_once():
    results = group(double.s(n) for n in range(JOBS)).apply_async()
    same(results.get(timeout=60), [n * 2 for n in range(JOBS)])
    same(sorted(map(int, work.lines("double"))), list(range(JOBS)))


def test_chains_and_chords():
    same(chain(double.s(1), double.s(), double.s())().get(timeout=30), 8)
    same(chord((double.s(n) for n in range(10)), total.s())().get(timeout=30), 90)


def test_retries_and_failures():
    same([r.get(timeout=30) for r in [flaky.delay(n) for n in range(5)]], [2] * 5)
    same(sorted(map(int, work.lines("try"))), sorted(list(range(5)) * 3))
    failed = fails.delay()
    wait_until(failed.failed, "the failure")
    same((failed.state, repr(failed.result)), ("FAILURE", "ValueError('on purpose')"))


def test_a_delay():
    before = time.time()
    delayed = double.apply_async((5000,), countdown=1)
    same(delayed.get(timeout=30), 10000)
    assert time.time() - before >= 0.95, "too early"


def test_a_task_that_is_revoked():
    revoked = double.apply_async((6000,), countdown=1.5)
    revoked.revoke()
    last = double.apply_async((7000,), countdown=2)
    same(last.get(timeout=30), 14000)
    assert "6000" not in work.lines("double")


def test_a_killed_worker_loses_nothing():
    result = holds.delay()
    first = wait_until(lambda: work.lines("held"), "a worker to have it in hand")[0]
    kill_group(workers.pop(first))
    # A worker looks for what nobody acknowledged when it starts, then every 100 s.
    (_, since), = server.zrange("unacked_index", 0, -1, withscores=True)
    wait_until(lambda: time.time() > since + VISIBILITY, "the visibility timeout")
    worker("three@here")
    assert result.get(timeout=60) in workers
    same((len(work.lines("held")), len(work.lines("again"))), (1, 1))


def test_priorities():
    wait_until(lambda: not server.hlen("unacked"), "nothing to be in hand")
    for w in workers.values():
        kill_group(w)  # a prefork worker of 5.2 now and then never ends at SIGTERM, on Redis too
    for n in (9, 5, 0, 9, 5, 0):
        ranked.apply_async((n,), priority=n)
    same([server.llen("celery" + s) for s in ("", ":5", ":9")], [2, 2, 2])
    # One at a time, so that the order can be told.
    w = start([sys.executable, "-m", "celery", "-A", "jobs", "worker", "-n", "four@here", "-P", "solo", "-l", "INFO"], "four.log",
              PYTHONPATH=HERE + ":" + os.environ["PYTHONPATH"])
    wait_until(lambda: len(work.lines("ranked")) == 6, "six by priority")
    same(list(map(int, work.lines("ranked"))), [0, 0, 5, 5, 9, 9])
    wait_until(lambda: not server.hlen("unacked"), "the last acknowledgement")
    stop(w)


def test_drained():
    same([server.llen("celery" + s) for s in ("", ":5", ":9")] + [server.hlen("unacked"), server.zcard("unacked_index")], [0] * 5)
    same(len(work.lines("double")), JOBS + 3 + 10 + 2)


run(globals())
