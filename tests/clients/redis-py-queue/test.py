#!/usr/bin/python3
"""An unmodified redis-py consumer that knows XREADGROUP `>` and XACK and nothing else: a loop that dies with what it has in hand,
and is started again under its name, as a service manager does. What the policy of its queue promises is all it has."""
import os
import signal
import sys

import redis
from endtoend import COUNT, PORT, Ledger, run, same, start, wait_until

JOBS = min(COUNT // 100, 300)
POISON = "poison"
HERE = os.path.abspath(__file__)
ledger = Ledger()


def work(port, queue, name):
    """Books what it begins and what it has done. The poison kills it: nothing is caught, cleaned up or given back. It counts
    what it begins, so that a test can let it live once the fault is mended."""
    r = redis.Redis(port=port, decode_responses=True)
    while True:
        for _, messages in r.xreadgroup("workers", name, {queue: ">"}, count=1, block=1000):
            for id, job in messages:
                ledger.add("begin", queue, job["n"])
                if job["n"] == POISON and not r.exists("mended"):
                    os.kill(os.getpid(), signal.SIGKILL)
                ledger.add("done", queue, job["n"])
                r.xack(queue, "workers", id)


class Workers:
    """Keeps so many alive."""

    def __init__(self, queue, n):
        self.queue = queue
        self.deaths = 0
        self.p = {"w%d" % i: self.begin("w%d" % i) for i in range(n)}

    def begin(self, name):
        return start([sys.executable, HERE, "work", str(PORT), self.queue, name], self.queue + "-" + name)

    def revive(self):
        for name, p in self.p.items():
            if p.poll() is not None:
                self.deaths += 1
                self.p[name] = self.begin(name)

    def until(self, condition, what):
        def look():
            self.revive()
            return condition()
        wait_until(look, what)

    def stop(self):
        for p in self.p.values():
            p.kill()
            p.wait()


def connect():
    return redis.Redis(port=PORT, decode_responses=True)


def has(r, command):
    return bool(r.execute_command("COMMAND LIST", "FILTERBY", "PATTERN", command))


def fill(r, queue, **policy):
    words = [word for pair in policy.items() for word in pair]
    r.execute_command("QPOLICY", "SET", queue, *words)
    r.xgroup_create(queue, "workers", "0", mkstream=True)
    ids = {}
    for n in list(range(JOBS // 2)) + [POISON] + list(range(JOBS // 2, JOBS)):
        ids[str(n)] = r.xadd(queue, {"n": n, "body": "of %s" % n})
    return ids


def is_idle(r, queue):
    [g] = r.xinfo_groups(queue)
    return g["pending"] == 0 and g["lag"] == 0


def test_the_poison_ends_in_the_dlq_with_its_record():
    r = connect()
    ids = fill(r, "jobs", ACKWAIT="500ms", MAXDELIVER=3, DLQ="dead:{queue}")
    workers = Workers("jobs", 3)
    workers.until(lambda: is_idle(r, "jobs"), "the queue to be empty")
    done = ledger.lines("done jobs ")
    same(sorted(done), sorted(str(n) for n in range(JOBS)), "done, once each")
    same(ledger.lines("begin jobs ").count(POISON), 3, "deliveries of the poison")
    same(workers.deaths in (2, 3), True, "deaths")  # the last one may not be buried yet
    [(_, letter)] = r.xrange("dead:jobs")
    same(list(letter)[:2], ["n", "body"], "what was in it comes first")
    same(letter["body"], "of poison")
    died = {k[len("x-death-"):]: v for k, v in letter.items() if k.startswith("x-death-")}
    same(sorted(died), ["added", "consumer", "count", "group", "id", "queue", "reason", "time"], "the record")
    same((died["reason"], died["queue"], died["group"], died["count"], died["id"]),
         ("maxdeliver", "jobs", "workers", "3", ids[POISON]))
    same(died["consumer"] in workers.p, True, "who had it last")
    added, time = int(died["added"]), int(died["time"])
    same(added, int(ids[POISON].split("-")[0]), "when it was added")
    same(time - added >= 1500, True, "three leases of half a second")
    redriven(r, workers)
    workers.stop()


def redriven(r, workers):
    """The fault is mended: the letter goes back to its queue, and is done."""
    r.set("mended", 1)
    same(r.execute_command("QREDRIVE", "dead:jobs"), [1, 0, 0], "moved, skipped, left")
    workers.until(lambda: is_idle(r, "jobs"), "the poison to be done")
    same(ledger.lines("done jobs ").count(POISON), 1, "the poison")
    same(r.xlen("dead:jobs"), 0, "letters")
    [(_, job)] = [m for m in r.xrange("jobs") if "x-redrive-count" in m[1]]
    same(job, {"n": POISON, "body": "of poison", "x-redrive-count": "1"})
    r.delete("mended")


def test_a_killed_worker_s_messages_come_back_at_once():
    """ONDISCONNECT: nobody waits for the lease, which is an hour long."""
    r = connect()
    fill(r, "fast", ACKWAIT="1h", MAXDELIVER=4, ONDISCONNECT="requeue", DLQ="dead:{queue}")
    workers = Workers("fast", 2)
    workers.until(lambda: is_idle(r, "fast"), "the queue to be empty")
    workers.stop()
    same(sorted(ledger.lines("done fast ")), sorted(str(n) for n in range(JOBS)), "done, once each")
    same(ledger.lines("begin fast ").count(POISON), 4, "deliveries of the poison")
    [(_, letter)] = r.xrange("dead:fast")
    same((letter["n"], letter["x-death-reason"], letter["x-death-count"]), (POISON, "maxdeliver", "4"))


def test_a_worker_that_is_killed_from_outside():
    """With a message in hand that kills nobody: it is done by the other one, once the lease is over, and counts as delivered
    twice."""
    r = connect()
    r.execute_command("QPOLICY", "SET", "outside", "ACKWAIT", "500ms", "MAXDELIVER", "3")
    r.xgroup_create("outside", "workers", "0", mkstream=True)
    id = r.xadd("outside", {"n": "1"})
    first = start([sys.executable, "-c", "import redis, signal; r = redis.Redis(port=%d)\n"
                   "r.xreadgroup('workers', 'w0', {'outside': '>'}); signal.pause()" % PORT], "outside-w0")
    wait_until(lambda: r.xpending("outside", "workers")["pending"], "the first one to have it")
    first.kill()
    [(_, [(got, job)])] = r.xreadgroup("workers", "w1", {"outside": ">"}, block=20000)
    same((got, job), (id, {"n": "1"}))
    [p] = r.xpending_range("outside", "workers", "-", "+", 9)
    same((p["consumer"], p["times_delivered"]), ("w1", 2))
    same(r.xack("outside", "workers", id), 1)


if sys.argv[1] == "work":
    work(int(sys.argv[2]), sys.argv[3], sys.argv[4])
elif not has(connect(), "QPOLICY"):
    print("ok skipped: Redis has no policies")
else:
    run(globals())
