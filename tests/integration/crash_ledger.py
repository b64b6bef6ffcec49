#!/usr/bin/python3
"""Nothing acknowledged is lost: a server is killed -9 again and again while clients work on it, and
what they were told is compared with what is there after recovery.

    crash_ledger.py [--kills N] [--seed S] [--fsync always|everysec|no|mix] [--load SECONDS]

Each worker keeps a ledger of what was sent and what was acknowledged. After a kill an operation is
known (its reply came) or open (it was sent, nothing came: it may have happened, or not); the checks
are exact for the known and accept both for the open. BGREWRITEAOF goes on all the time.
"""
import argparse
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import Closed, Error, NIL, NIL_ARRAY, Raw, Server, show, wait_until  # noqa: E402

GONE = (Closed, OSError, TimeoutError)


class Lost(AssertionError):
    """A promise was broken."""


def must_hold(condition, text, *args):
    if not condition:
        raise Lost(text % args)


class Worker:
    """Works on a connection of its own until told to stop or until the server is gone."""

    def __init__(self, name, rng):
        self.name, self.rng = name, rng
        self.acked_ops = 0
        self.error = None

    def start(self, port, stop):
        self.thread = threading.Thread(target=self._run, args=(port, stop), daemon=True)
        self.thread.start()

    def _run(self, port, stop):
        try:
            c = Raw(port, timeout=30)
            while not stop.is_set():
                self.work(c)
        except GONE:
            pass
        except Exception as e:                         # carried to the main thread
            self.error = e

    def batch(self, c, commands, on_reply, on_send=None):
        """Pipelines commands; on_reply(i, reply) for each reply that arrives."""
        if on_send:
            on_send()
        c.send_raw(b"".join(encode_text(x) for x in commands))
        for i in range(len(commands)):
            reply = c.read()
            if isinstance(reply, Error):
                raise Lost("%s: %s answered %s" % (self.name, commands[i], show(reply)))
            on_reply(i, reply)
            self.acked_ops += 1


def encode_text(command):
    args = [a if isinstance(a, bytes) else str(a).encode() for a in command]
    return b"*%d\r\n" % len(args) + b"".join(b"$%d\r\n%b\r\n" % (len(a), a) for a in args)


class Queue:
    """What all know of the stream `jobs`, read by group `g`; entries carry a number of their own."""

    def __init__(self):
        self.lock = threading.Lock()
        self.added = {}             # number -> id, acknowledged
        self.open_adds = set()      # numbers sent without an answer
        self.pending = {}           # id -> consumer: shown to it, not acknowledged
        self.acked = set()          # ids whose XACK was answered
        self.open_acks = set()
        self.deleted = set()        # ids whose XDEL was answered
        self.open_dels = set()
        self.claims_open = False    # an XAUTOCLAIM without answer: owners are not known

    def check(self, c):
        """After recovery, nobody working."""
        entries = {}
        for id, fields in asked(c, "XRANGE", "jobs", "-", "+"):
            entries[id] = int(fields[1])
        rows = asked(c, "XPENDING", "jobs", "g", "-", "+", 10**9)
        pel = {row[0]: row[1].decode() for row in rows}
        for number, id in self.added.items():
            if id in entries:
                must_hold(entries[id] == number, "entry %s holds number %d, not %d", id, entries[id], number)
                must_hold(id not in self.deleted, "deleted entry %s is back", id)
            else:
                must_hold(id in self.deleted or id in self.open_dels, "acknowledged entry %s (number %d) is gone", id, number)
        known = set(self.added.values())
        for id, number in entries.items():
            must_hold(id in known or number in self.open_adds, "entry %s with number %d: nobody added it", id, number)
        for id in self.acked:
            must_hold(id not in pel, "%s was acknowledged and is pending again", id)
        for id, owner in self.pending.items():
            if id in pel:
                must_hold(self.claims_open or pel[id] == owner, "%s is pending with %s, not %s", id, pel.get(id), owner)
            else:
                must_hold(id in self.open_acks, "%s was delivered to %s and is not pending", id, owner)
        last = as_key(dict(zip(*[iter(c.call("XINFO", "GROUPS", "jobs")[0])] * 2))[b"last-delivered-id"])
        seen = [as_key(id) for id in list(self.acked) + list(self.pending)]
        must_hold(not seen or max(seen) <= last, "last-delivered-id went back to %s", last)
        self.settle(entries, pel)

    def settle(self, entries, pel):
        """What was open is known now."""
        for id, number in entries.items():
            if number in self.open_adds:
                self.added[number] = id
        self.open_adds.clear()
        known = {id: n for n, id in self.added.items()}
        for id in set(self.deleted) | (self.open_dels - set(entries)):
            if id in known:
                del self.added[known[id]]
        self.acked -= self.deleted | (self.open_dels - set(entries))
        self.acked |= self.open_acks - set(pel) - self.deleted
        self.deleted.clear()
        self.open_dels.clear()
        self.open_acks.clear()
        self.pending = pel
        self.claims_open = False


def asked(c, *command):
    reply = c.call(*command)
    must_hold(not isinstance(reply, Error), "%s: %s", " ".join(map(str, command)), show(reply))
    return reply


def as_key(id):
    return tuple(int(x) for x in id.split(b"-"))


class Producer(Worker):
    numbers = 0

    def __init__(self, name, rng, queue):
        super().__init__(name, rng)
        self.queue = queue

    def work(self, c):
        q = self.queue
        n = self.rng.choice((1, 1, 4, 16))
        with q.lock:
            numbers = list(range(Producer.numbers, Producer.numbers + n))
            Producer.numbers += n
            q.open_adds.update(numbers)
        pad = b"x" * self.rng.choice((0, 10, 100, 100, 1000, 9000))

        def added(i, id):
            with q.lock:
                q.open_adds.discard(numbers[i])
                q.added[numbers[i]] = id

        self.batch(c, [("XADD", "jobs", "*", "n", number, "pad", pad) for number in numbers], added)


class Consumer(Worker):
    def __init__(self, name, rng, queue):
        super().__init__(name, rng)
        self.queue = queue

    def work(self, c):
        if self.rng.random() < 0.05:
            ids = self.claim(c)
        else:
            ids = self.take(c)
        keep = self.rng.random()
        ids = ids if keep < 0.9 else ids[:len(ids) // 2]
        if ids:
            self.finish(c, ids)

    def take(self, c):
        q = self.queue
        reply = c.call("XREADGROUP", "GROUP", "g", self.name, "COUNT", self.rng.randint(1, 20), "BLOCK", 20,
                       "STREAMS", "jobs", ">")
        if reply is NIL_ARRAY:
            return []
        if isinstance(reply, Error):
            raise Lost("XREADGROUP: " + show(reply))
        ids = [id for id, _ in reply[0][1]]
        with q.lock:
            for id in ids:
                must_hold(id not in q.acked and id not in q.pending, "%s was delivered before and comes again by >", id)
                q.pending[id] = self.name
        return ids

    def claim(self, c):
        """Takes over what another consumer left; what it acknowledges meanwhile is its business."""
        q = self.queue
        with q.lock:
            q.claims_open = True
        reply = c.call("XAUTOCLAIM", "jobs", "g", self.name, 300, "0-0", "COUNT", 5, "JUSTID")
        if isinstance(reply, Error):
            raise Lost("XAUTOCLAIM: " + show(reply))
        with q.lock:
            for id in reply[1]:
                if id in q.pending:
                    q.pending[id] = self.name
            return [id for id in reply[1] if id in q.pending]

    def finish(self, c, ids):
        q = self.queue
        delete = self.rng.random() < 0.7
        with q.lock:
            q.open_acks.update(ids)
            if delete:
                q.open_dels.update(ids)

        def done(i, reply):
            with q.lock:
                if i == 0:
                    q.open_acks.difference_update(ids)
                    q.acked.update(ids)
                    for id in ids:
                        q.pending.pop(id, None)
                else:
                    q.open_dels.difference_update(ids)
                    q.deleted.update(ids)

        self.batch(c, [("XACK", "jobs", "g", *ids)] + ([("XDEL", "jobs", *ids)] if delete else []), done)


class Counter(Worker):
    """INCR of a counter of its own: never below what was answered, never above what was sent."""

    def __init__(self, name, rng):
        super().__init__(name, rng)
        self.value = self.sent = 0

    def work(self, c):
        n = self.rng.choice((1, 1, 8, 50))

        def sent():
            self.sent += n

        def got(_, reply):
            must_hold(reply == self.value + 1, "INCR %s answered %d after %d", self.name, reply, self.value)
            self.value = reply

        self.batch(c, [("INCR", self.name)] * n, got, sent)

    def check(self, c):
        value = int(c.call("GET", self.name) or 0)
        must_hold(self.value <= value <= self.sent, "counter %s is %d: %d was acknowledged, %d sent",
                  self.name, value, self.value, self.sent)
        self.value = self.sent = value


class Transactor(Worker):
    """MULTI: four keys move together or not at all; the counter in each says how often."""

    def __init__(self, name, rng):
        super().__init__(name, rng)
        self.done = self.sent = 0

    def commands(self):
        n = self.name
        return [("MULTI",), ("INCR", n + ":a"), ("LPUSH", n + ":list", "x" * self.rng.choice((1, 500, 5000))),
                ("XADD", n + ":log", "*", "f", "v"), ("SET", n + ":s", self.sent), ("INCR", n + ":b"), ("EXEC",)]

    def work(self, c):
        self.sent += 1

        def got(i, reply):
            if i == 6:
                must_hold(isinstance(reply, list) and reply[0] == reply[4] == self.done + 1,
                          "EXEC answered %s after %d", show(reply), self.done)
                self.done += 1

        self.batch(c, self.commands(), got)

    def check(self, c):
        n = self.name
        found = [int(c.call("GET", n + ":a") or 0), c.call("LLEN", n + ":list"), c.call("XLEN", n + ":log"),
                 int(c.call("GET", n + ":s") or 0), int(c.call("GET", n + ":b") or 0)]
        must_hold(len(set(found)) == 1, "transaction %s is half there: %s", n, found)
        must_hold(self.done <= found[0] <= self.sent, "transaction %s is at %d: %d acknowledged, %d sent",
                  n, found[0], self.done, self.sent)
        self.done = self.sent = found[0]


class Lister(Worker):
    """LPUSH rising numbers, RPOP takes them in that order."""

    def __init__(self, name, rng):
        super().__init__(name, rng)
        self.pushed = self.pushes_sent = self.popped = self.pops_sent = 0

    def work(self, c):
        if self.rng.random() < 0.6:
            n = self.rng.choice((1, 3, 20))
            first = self.pushes_sent
            self.pushes_sent += n

            def pushed(i, _):
                self.pushed = first + i + 1

            self.batch(c, [("LPUSH", self.name, first + i) for i in range(n)], pushed)
        else:
            self.pops_sent += 1

            def popped(_, reply):
                if reply is NIL:
                    must_hold(self.popped >= self.pushed, "list %s empty after %d of %d", self.name, self.popped, self.pushed)
                    self.pops_sent -= 1
                else:
                    must_hold(int(reply) == self.popped, "RPOP %s gave %s, not %d", self.name, reply, self.popped)
                    self.popped += 1

            self.batch(c, [("RPOP", self.name)], popped)

    def check(self, c):
        length = c.call("LLEN", self.name)
        low, high = self.pushed - self.pops_sent, self.pushes_sent - self.popped
        must_hold(low <= length <= high, "list %s has %d, wanted %d to %d", self.name, length, low, high)
        head = c.call("RPOP", self.name)
        if head is not NIL:
            must_hold(self.popped <= int(head) <= self.pops_sent, "list %s begins at %s, wanted %d to %d",
                      self.name, head, self.popped, self.pops_sent)
            self.popped = self.pops_sent = int(head) + 1
            self.pushed = self.pushes_sent = int(head) + length
        else:
            c.call("DEL", self.name)
            self.pushed = self.pushes_sent = self.popped = self.pops_sent = 0


class Trimmer(Worker):
    """A stream held at 50 entries: never longer, and what was acknowledged last is in it."""

    def __init__(self, name, rng):
        super().__init__(name, rng)
        self.last = None

    def work(self, c):
        def added(_, id):
            self.last = id

        self.batch(c, [("XADD", self.name, "MAXLEN", 50, "*", "f", "v" * self.rng.choice((1, 300)))
                       for _ in range(self.rng.choice((1, 5, 20)))], added)

    def check(self, c):
        length = c.call("XLEN", self.name)
        must_hold(length <= 50, "trimmed stream has %d entries", length)
        if self.last:
            must_hold(len(c.call("XRANGE", self.name, self.last, self.last)) == 1, "%s is not in the trimmed stream", self.last)


class Expirer(Worker):
    """Keys with a TTL: there, with that TTL, or gone when their time is over."""

    def __init__(self, name, rng):
        super().__init__(name, rng)
        self.n = 0
        self.until = {}

    def work(self, c):
        self.n += 1
        key = "%s:%d" % (self.name, self.n % 200)
        at = int(time.time() * 1000) + self.rng.choice((300, 10**6, 10**7))
        self.until.pop(key, None)
        self.batch(c, [("SET", key, at), ("PEXPIREAT", key, at)], lambda i, _: i and self.until.update({key: at}))

    def check(self, c):
        for key, at in self.until.items():
            now = int(time.time() * 1000)
            value, left = c.call("GET", key), c.call("TTL", key)
            if at < now:
                must_hold(value is NIL, "%s outlived its time by %d ms", key, now - at)
            elif at > now + 5000:
                must_hold(value == str(at).encode() and abs(left * 1000 - (at - now)) < 5000,
                          "%s is %s with %s s to live, wanted %d", key, show(value), left, (at - now) // 1000)


    def settle(self, server):
        """Waits for the short-lived ones to go."""
        soon = [k for k, at in self.until.items() if at < time.time() * 1000 + 5000]
        c = server.client()
        wait_until(lambda: all(r is NIL for r in c.pipeline([("GET", k) for k in soon])), what="keys to expire")
        c.close()


class Rewriter(Worker):
    def work(self, c):
        c.call("BGREWRITEAOF")              # "already in progress" is as good
        self.acked_ops += 1
        time.sleep(self.rng.uniform(0.01, 0.15))


def make_workers(seed):
    rng = random.Random(seed)

    def r():
        return random.Random(rng.random())

    q = Queue()
    workers = [Producer("p1", r(), q), Producer("p2", r(), q)]
    workers += [Consumer("c%d" % i, r(), q) for i in range(3)]
    workers += [Counter("n1", r()), Counter("n2", r()), Transactor("t1", r()), Transactor("t2", r()), Lister("l1", r()),
                Trimmer("trimmed", r()), Expirer("e", r()), Rewriter("rewrite", r())]
    return q, workers


def load(server, workers, kill_after, hard):
    """Lets all work for a while, then kills the server under them, or stops them first."""
    stop = threading.Event()
    for w in workers:
        w.start(server.port, stop)
    time.sleep(kill_after)                  # the moment of the kill is what is random here
    if hard:
        server.kill()
    stop.set()
    for w in workers:
        w.thread.join(60)
        if w.thread.is_alive():
            raise Lost("%s hangs: a reply never came" % w.name)
        if w.error:
            raise w.error


def digest(server):
    c = server.client()
    try:
        return c.call("DEBUG", "DIGEST")
    finally:
        c.close()


def verify(server, q, workers):
    c = server.client(timeout=60)
    q.check(c)
    for w in workers:
        if hasattr(w, "check"):
            w.check(c)
    c.close()


def same_digest(server, workers):
    """A kill with nobody working changes nothing. Keys that are about to expire go first."""
    for w in workers:
        if isinstance(w, Expirer):
            w.settle(server)
    before = digest(server)
    server.restart(hard=True)
    after = digest(server)
    must_hold(before == after, "a kill at rest: the digest was %s and is %s", show(before), show(after))


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    p.add_argument("--kills", type=int, default=int(os.environ.get("KILLS", 20)))
    p.add_argument("--seed", default=os.environ.get("SEED") or str(random.SystemRandom().randrange(10**6)))
    p.add_argument("--fsync", default="mix", choices=("always", "everysec", "no", "mix"))
    p.add_argument("--load", type=float, default=0.8, help="at most so many seconds of work before a kill")
    opts = p.parse_args()
    rng = random.Random(opts.seed)
    print("crash ledger: seed %s, %d kills" % (opts.seed, opts.kills))
    passed = 0
    q, workers = make_workers(opts.seed)
    server = Server(start=False, auto_aof_rewrite_min_size="1mb")
    try:
        for kill in range(opts.kills):
            fsync = rng.choice(("always", "everysec", "no")) if opts.fsync == "mix" else opts.fsync
            server.settings["appendfsync"] = fsync
            if not server.running():
                server.start()
            c = server.client()
            c.call("CONFIG", "SET", "appendfsync", fsync)
            c.call("XGROUP", "CREATE", "jobs", "g", "0", "MKSTREAM")
            c.close()
            hard = kill % 4 != 3
            load(server, workers, rng.uniform(0.02, opts.load), hard)
            if hard:
                server.start()
            verify(server, q, workers)
            if kill % 2 or not hard:
                same_digest(server, workers)
                verify(server, q, workers)
            passed += 1
            print("  kill %d (%s, %s): %d operations acknowledged, %d entries, %d pending" % (
                kill + 1, fsync, "at work" if hard else "at rest", sum(w.acked_ops for w in workers),
                len(q.added), len(q.pending)))
            sys.stdout.flush()
    except AssertionError as e:
        print("  FAIL after %d kills, seed %s: %s" % (passed, opts.seed, e))
        print(server.tail(20))
        keep = os.environ.get("KEEP")
        print("  files: %s%s" % (server.dir, "" if keep else " (KEEP=1 keeps them)"))
    server.kill()
    print("%d passed, %d failed" % (passed, opts.kills - passed))
    sys.exit(0 if passed == opts.kills else 1)


if __name__ == "__main__":
    main()
