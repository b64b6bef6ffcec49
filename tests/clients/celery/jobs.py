"""The tasks of test.py, and how its workers are set up."""
import os
import time

from celery import Celery
from endtoend import Ledger

URL = "redis://%s/0" % os.environ["SERVER"]
VISIBILITY = 3
app = Celery("jobs", broker=URL, backend=URL)
app.conf.update(
    broker_transport_options={"visibility_timeout": VISIBILITY, "priority_steps": [0, 5, 9], "sep": ":", "queue_order_strategy": "priority"},
    task_acks_late=True, worker_prefetch_multiplier=4, result_expires=600, task_track_started=True,
    task_default_priority=5, worker_enable_remote_control=True, broker_connection_retry_on_startup=True)
work = Ledger()


@app.task
def double(n):
    work.add("double", n)
    return n * 2


@app.task
def total(numbers):
    return sum(numbers)


@app.task(bind=True, max_retries=3)
def flaky(self, n):
    work.add("try", n)
    if self.request.retries < 2:
        raise self.retry(countdown=0.1)
    return self.request.retries


@app.task
def fails():
    raise ValueError("on purpose")


@app.task(bind=True)
def holds(self):
    """The first worker that has it never ends; whoever gets it again does."""
    if not work.lines("held"):
        work.add("held", self.request.hostname)
        time.sleep(600)
    work.add("again", self.request.hostname)
    return self.request.hostname


@app.task
def ranked(n):
    work.add("ranked", n)
