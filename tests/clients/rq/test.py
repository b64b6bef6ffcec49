#!/usr/bin/python3
"""RQ: three workers, one of them with the scheduler. Dependencies, retries, delays, failures, a work horse that is
killed, a worker that is killed with its horse: RQ moves its job to the failed ones, from where it is requeued."""
import os
import signal
import time
from datetime import timedelta

import redis
from endtoend import HERE, HOST, PORT, kill_group, run, same, start, stop, wait_until
from jobs import double, fails, flaky, holds, work
from rq import Queue, Retry, Worker
from rq.command import send_stop_job_command
from rq.registry import FailedJobRegistry, FinishedJobRegistry, ScheduledJobRegistry, StartedJobRegistry

JOBS = 60
r = redis.Redis(HOST, PORT)
queue = Queue(connection=r)
failed, started, scheduled = (kind(queue=queue) for kind in (FailedJobRegistry, StartedJobRegistry, ScheduledJobRegistry))
workers = {}


def worker(name, *more):
    workers[name] = start(["rq", "worker", "-u", "redis://%s:%d" % (HOST, PORT), "-P", HERE, "-n", name, "--job-monitoring-interval",
                           "1", *more], name + ".log")


def finished(job):
    status = job.get_status()
    assert status != "failed", job.exc_info
    return status == "finished"


def test_every_job_is_done_once():
    for name in ("one", "two"):
        worker(name)
    worker("three", "--with-scheduler")
    jobs = queue.enqueue_many([Queue.prepare_data(double, (n,), timeout=30) for n in range(JOBS)])
    for n, job in enumerate(jobs):
        wait_until(lambda: finished(job), "job %d" % n)
        same(job.result, n * 2)
    same(sorted(map(int, work.lines("double"))), list(range(JOBS)))
    same(len(FinishedJobRegistry(queue=queue)), JOBS)
    same(sorted(w.name for w in Worker.all(connection=r)), sorted(workers))


def test_a_job_waits_for_another():
    first = queue.enqueue(double, 1000)
    second = queue.enqueue(double, 2000, depends_on=first, at_front=True)
    wait_until(lambda: finished(second), "the second")
    first.refresh()
    second.refresh()
    assert first.ended_at <= second.started_at


def test_retries():
    jobs = [queue.enqueue(flaky, n, retry=Retry(max=3)) for n in range(3)]
    for job in jobs:
        wait_until(lambda: finished(job), "the third attempt")
        same(job.result, "at last")
    same(sorted(map(int, work.lines("try"))), sorted(list(range(3)) * 3))


def test_failures():
    job = queue.enqueue(fails)
    wait_until(job.get_status, "a status")
    wait_until(lambda: job.get_id() in failed.get_job_ids(), "the failure")
    assert "ValueError: on purpose" in job.latest_result().exc_string
    same(job.get_status(refresh=True), "failed")
    failed.remove(job, delete_job=True)


def test_a_delay():
    before = time.time()
    job = queue.enqueue_in(timedelta(seconds=2), double, 3000)  # whole seconds, rounded down
    same(job.get_id() in scheduled.get_job_ids(), True)
    wait_until(lambda: finished(job), "the delayed job", 30)
    assert time.time() - before >= 0.95, "too early"


def test_a_killed_horse_fails_its_job():
    job = queue.enqueue(holds, "horse")
    horse = int(wait_until(lambda: work.lines("held horse"), "the horse to have it in hand")[0].split()[0])
    os.kill(horse, signal.SIGKILL)
    wait_until(lambda: job.get_status() == "failed", "the failure")
    assert "work-horse terminated unexpectedly" in job.latest_result().exc_string.lower(), job.latest_result().exc_string
    job.requeue()
    wait_until(lambda: finished(job), "the second run")
    same((job.result, len(work.lines("held horse"))), ("again", 2))


def test_a_job_is_stopped_by_command():
    job = queue.enqueue(holds, "stopped")
    wait_until(lambda: work.lines("held stopped"), "somebody to have it in hand")
    send_stop_job_command(r, job.get_id())
    wait_until(lambda: job.get_status() == "stopped", "the end of it")
    failed.remove(job, delete_job=True)


def test_a_killed_worker_loses_nothing():
    job = queue.enqueue(holds, "worker")
    horse, parent = map(int, wait_until(lambda: work.lines("held worker"), "somebody to have it in hand")[0].split())
    name, = [n for n, p in workers.items() if p.pid == parent]
    kill_group(workers.pop(name))
    try:
        os.kill(horse, signal.SIGKILL)  # a horse has a group of its own
    except ProcessLookupError:
        pass
    # Its entry is good for the monitoring interval and a minute: the test does not wait for it.
    (ident, expires), = r.zrange(started.key, 0, -1, withscores=True)
    same(ident.decode(), job.get_id())
    assert time.time() + 40 < expires < time.time() + 70, expires - time.time()
    started.cleanup(int(expires) + 1)
    wait_until(lambda: job.get_status() == "failed", "the failure")
    same(job.get_id() in failed.get_job_ids(), True)
    job.requeue()
    wait_until(lambda: finished(job), "the second run")
    same((job.result, len(work.lines("held worker"))), ("again", 2))


def test_drained():
    for p in workers.values():
        stop(p)
    same([len(queue), len(failed), len(scheduled), len(started)], [0, 0, 0, 0])
    for n in range(5):
        queue.enqueue(double, n)
    same((len(queue), queue.empty(), len(queue)), (5, 5, 0))


run(globals())
