#!/usr/bin/python3
"""What lets a human look: SLOWLOG, LATENCY, MONITOR."""
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import (Closed, Error, Map, Raw, Server, Skip, Status, both, check, main, show,  # noqa: E402
                    wait_until, with_control)


def slow(c):
    """SLOWLOG's entries as their words, the latest first, without those of SLOWLOG and CONFIG."""
    return [e[3] for e in c.call("SLOWLOG", "GET", "-1") if e[3][0].upper() not in (b"SLOWLOG", b"CONFIG")]


# --- SLOWLOG

@both
def test_slowlog(s, new):
    c = new()
    c.expect("CONFIG SET slowlog-log-slower-than 20000", "+OK")
    c.expect("SLOWLOG RESET", "+OK")
    c.expect("CLIENT SETNAME worker", "+OK")
    before = int(time.time())
    c.expect("DEBUG SLEEP 0.03", "+OK")
    c.expect("PING", "+PONG")
    c.expect("SLOWLOG LEN", ":1")
    entry, = c.call("SLOWLOG", "GET")
    assert len(entry) == 6, show(entry)
    number, when, usec, words, addr, name = entry
    assert before <= when <= time.time() and 30000 <= usec < 5000000, show(entry)
    assert words == [b"DEBUG", b"SLEEP", b"0.03"] and name == b"worker", show(entry)
    assert b"addr=" + addr + b" " in c.call("CLIENT", "INFO"), show(addr)
    c.expect("SLOWLOG RESET", "+OK")
    c.expect("SLOWLOG LEN", ":0")
    c.expect("DEBUG SLEEP 0.03", "+OK")
    assert c.call("SLOWLOG", "GET")[0][0] == number + 1, "numbers go on after a RESET"
    c.expect("SLOWLOG GET 0", "[]")


def test_slowlog_errors(s, a):
    for command, wanted in (
            ("SLOWLOG", "-ERR wrong number of arguments for 'slowlog' command"),
            ("SLOWLOG GET x", "-ERR count should be greater than or equal to -1"),
            ("SLOWLOG GET -2", "-ERR count should be greater than or equal to -1"),
            ("SLOWLOG GET 99999999999999999999", "-ERR count should be greater than or equal to -1"),
            ("SLOWLOG GET 1 2", "-ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP."),
            ("SLOWLOG LEN 1", "-ERR wrong number of arguments for 'slowlog|len' command"),
            ("SLOWLOG NOSUCH", "-ERR unknown subcommand 'NOSUCH'. Try SLOWLOG HELP."),
            ("SLOWLOG GET 9223372036854775807", re.compile(r"\[.*\]"))):
        a.expect(command, wanted)


def test_slowlog_keeps_the_last_ones(s, a):
    a.expect("CONFIG SET slowlog-log-slower-than 0 slowlog-max-len 3", "+OK")
    a.expect("SLOWLOG RESET", "+OK")
    for i in range(5):
        a.expect("GET k%d" % i, "nil")
    assert slow(a) == [[b"GET", b"k%d" % i] for i in (4, 3, 2)]
    a.expect("CONFIG SET slowlog-max-len 0", "+OK")
    a.expect("SLOWLOG RESET", "+OK")
    a.expect("GET k", "nil")
    a.expect("SLOWLOG LEN", ":0")
    a.expect("CONFIG SET slowlog-max-len 128 slowlog-log-slower-than -1", "+OK")
    a.expect("SLOWLOG RESET", "+OK")
    a.expect("DEBUG SLEEP 0.02", "+OK")
    a.expect("SLOWLOG LEN", ":0")


def test_slowlog_shortens_arguments(s, a):
    a.expect("CONFIG SET slowlog-log-slower-than 0", "+OK")
    a.expect("SLOWLOG RESET", "+OK")
    a.call("SET", "k", "x" * 128)
    a.call("SET", "k", "x" * 129)
    a.call("SET", "k", b"y\x00" * 50000)
    for n in (31, 32, 300):
        a.call("EXISTS", *["k%d" % i for i in range(n)])
    many, two, all_of_them, long, longer, fits = slow(a)
    assert fits[2] == b"x" * 128
    assert longer[2] == b"x" * 128 + b"... (1 more bytes)"
    assert long[2] == b"y\x00" * 64 + b"... (99872 more bytes)"
    assert len(all_of_them) == 32 and all_of_them[31] == b"k30"
    assert len(two) == 32 and two[30] == b"k29" and two[31] == b"... (2 more arguments)"
    assert len(many) == 32 and many[31] == b"... (270 more arguments)"


def test_slowlog_has_no_passwords(s, a):
    a.expect("CONFIG SET slowlog-log-slower-than 0", "+OK")
    a.expect("SLOWLOG RESET", "+OK")
    a.call("AUTH", "hidden1")
    a.call("AUTH", "default", "hidden2")
    a.call("HELLO", "2", "AUTH", "default", "hidden3", "SETNAME", "me")
    a.call("HELLO", "2", "SETNAME", "me", "AUTH", "default", "hidden4")
    a.call("CONFIG", "SET", "maxclients", "100", "requirepass", "hidden5")
    a.call("CONFIG", "SET", "requirepass", "")
    entries = [e[3] for e in a.call("SLOWLOG", "GET", "-1")]
    assert b"hidden" not in b" ".join(w for e in entries for w in e), show(entries)
    r = b"(redacted)"
    for wanted in ([b"AUTH", r], [b"AUTH", r, r], [b"HELLO", b"2", b"AUTH", r, r, b"SETNAME", b"me"],
                   [b"HELLO", b"2", b"SETNAME", b"me", b"AUTH", r, r],
                   [b"CONFIG", b"SET", b"maxclients", b"100", b"requirepass", r]):
        assert wanted in entries, (wanted, show(entries))


def test_slowlog_shows_what_a_transaction_ran(s, a):
    a.expect("CONFIG SET slowlog-log-slower-than 20000", "+OK")
    a.expect("SLOWLOG RESET", "+OK")
    a.expect("MULTI", "+OK")
    a.expect("DEBUG SLEEP 0.03", "+QUEUED")
    a.expect("GET k", "+QUEUED")
    a.expect("EXEC", "[+OK nil]")
    assert slow(a) == [[b"DEBUG", b"SLEEP", b"0.03"]]       # not EXEC besides


def test_slowlog_does_not_count_a_wait(s, a, b):
    a.expect("CONFIG SET slowlog-log-slower-than 20000", "+OK")
    a.expect("SLOWLOG RESET", "+OK")
    b.expect("BRPOP q 0.05", re.compile("nil.*"))
    a.expect("SLOWLOG LEN", ":0")


def test_slowlog_finds_what_is_slow_in_a_pipeline():
    """Quick commands of a pipeline are timed together. One that is slow is still noticed, and found with
    its arguments when it comes again."""
    with Server(appendonly="no", slowlog_log_slower_than=5000) as s:
        c = s.client()
        if s.redis:
            raise Skip("Redis times each command")
        element = b"x" * 64
        for _ in range(2):
            for _ in range(40):
                c.call("RPUSH", "big", *[element] * 10000)
            c.call("CONFIG", "SET", "slowlog-log-slower-than", "5000")
            c.call("SLOWLOG", "RESET")

            def slow_one(c):
                return c.pipeline([("GET", "a"), ("LPOP", "big", "400000"), ("GET", "b"), ("PING",)])

            slow_one(c)
            entries = slow(c)
            if entries:
                break
        assert len(entries) == 1, show(entries)
        assert entries[0][:-1] == [b"GET", b"LPOP", b"PING"] and entries[0][-1] == b"(4 commands timed together)", show(entries)
        for _ in range(40):
            c.call("RPUSH", "big", *[element] * 10000)
        c.call("SLOWLOG", "RESET")
        slow_one(c)
        assert slow(c) == [[b"LPOP", b"big", b"400000"]], show(slow(c))


def test_slowlog_below_a_millisecond_times_each(s, a):
    a.expect("CONFIG SET slowlog-log-slower-than 0", "+OK")
    a.expect("SLOWLOG RESET", "+OK")
    a.pipeline([("GET", "k%d" % i) for i in range(100)])
    assert slow(a)[:100] == [[b"GET", b"k%d" % i] for i in range(99, -1, -1)]


# --- LATENCY

LATENCY_NAME = re.compile(rb"(fast-)?command|fork|aof-write|aof-fsync-always|expire-cycle")


@both
def test_latency(s, new):
    c = new()
    c.expect("LATENCY RESET", re.compile(":.*"))
    c.expect("CONFIG SET latency-monitor-threshold 20", "+OK")
    c.expect("LATENCY LATEST", "[]")
    for pause in ("0.03", "0.06", "0.03"):
        c.expect("DEBUG SLEEP " + pause, "+OK")
    c.expect("DEBUG SLEEP 0.001", "+OK")
    row, = [r for r in c.call("LATENCY", "LATEST") if r[0] == b"command"]
    assert abs(row[1] - time.time()) < 5 and row[2] >= 30 and 60 <= row[3] < 5000, show(row)
    history = c.call("LATENCY", "HISTORY", "command")
    assert 1 <= len(history) <= 3 and max(h[1] for h in history) == row[3], show(history)
    assert history[-1][0] == row[1] and history == sorted(history, key=lambda h: h[0])
    graph = c.call("LATENCY", "GRAPH", "command").decode()
    assert re.match(r"(txt:)?command - high \d+ ms, low \d+ ms \(all time high %d ms\)\n-{80}\n" % row[3], graph), graph
    assert b"command" in c.call("LATENCY", "DOCTOR")
    c.expect("LATENCY RESET command nosuch", ":1")
    c.expect("LATENCY LATEST", "[]")
    c.expect("LATENCY HISTORY command", "[]")
    c.expect("LATENCY RESET", ":0")


def test_latency_errors(s, a):
    for command, wanted in (
            ("LATENCY", "-ERR wrong number of arguments for 'latency' command"),
            ("LATENCY HISTORY", "-ERR wrong number of arguments for 'latency|history' command"),
            ("LATENCY HISTORY nosuch", "[]"),
            ("LATENCY HISTORY COMMAND", "[]"),
            ("LATENCY GRAPH nosuch", "-ERR No samples available for event 'nosuch'"),
            ("LATENCY RESET a b", ":0"),
            ("LATENCY HISTOGRAM nosuch", "[]"),
            ("LATENCY NOSUCH", "-ERR unknown subcommand 'NOSUCH'. Try LATENCY HELP.")):
        a.expect(command, wanted)


def test_latency_is_off_by_default():
    with Server() as s:
        c = s.client()
        c.expect("DEBUG SLEEP 0.02", "+OK")
        c.expect("LATENCY LATEST", "[]")


def test_latency_of_a_rewrite_and_of_the_disk():
    """A threshold of one millisecond, and enough work to be over it."""
    with Server(appendfsync="always", latency_monitor_threshold=1) as s:
        if s.redis:
            raise Skip("what is slow is not the same there")
        c = s.client()
        big = b"x" * (64 << 20)

        def seen():
            c.call("SET", "k", big)
            return {r[0] for r in c.call("LATENCY", "LATEST")} >= {b"aof-write", b"aof-fsync-always", b"command"}

        wait_until(seen, what="a slow write and sync")
        assert all(LATENCY_NAME.fullmatch(r[0]) for r in c.call("LATENCY", "LATEST"))


# --- MONITOR

LINE = re.compile(rb'(\d+\.\d{6}) \[(\d+) (\S+)\] (".*")')


class Watcher:
    """A monitor; seen() is what it has been shown, as (db, addr, words)."""

    def __init__(self, s, **kw):
        self.c = Raw(s.port, **kw)
        self.control = Raw(s.port)
        self.n = 0
        self.c.expect("MONITOR", "+OK")

    def seen(self):
        self.n += 1
        self.control.call("PING", "mark%d" % self.n)
        out = []
        while True:
            line = self.c.read()
            assert isinstance(line, Status), show(line)
            m = LINE.fullmatch(line)
            assert m, line
            if m[4] == b'"PING" "mark%d"' % self.n:
                return out
            out.append((int(m[2]), m[3].decode(), m[4].decode()))

    def words(self):
        return [w for _, _, w in self.seen()]


@both
def test_monitor(s, new):
    c, w = new(), Watcher(s)
    w.seen()
    addr = c.call("CLIENT", "INFO").decode().split("addr=")[1].split(" ")[0]
    w.seen()
    before = time.time()
    c.expect("SET k v", "+OK")
    assert w.seen() == [(0, addr, '"SET" "k" "v"')]
    c.call("set", b"a\n\r\t\a\b\x01\"\\ ", b"\xff\x00\xc3\xa9'")
    assert w.words() == ['"set" "a\\n\\r\\t\\a\\b\\x01\\"\\\\ " "\\xff\\x00\\xc3\\xa9\'"']
    c.expect("SELECT 5", "+OK")
    c.expect("GET k", "null" if c.proto == 3 else "nil")
    assert [(db, x) for db, _, x in w.seen()] == [(5, '"SELECT" "5"'), (5, '"GET" "k"')]
    w.control.call("PING", "now")
    stamp = float(LINE.fullmatch(w.c.read())[1])
    assert before - 2 < stamp < time.time() + 2


def test_monitor_is_the_same_in_resp3(s, new):
    w = Watcher(s, proto=3)
    new(proto=3).expect("SET k v", "+OK")
    assert w.words()[-1] == '"SET" "k" "v"'         # a status, not a push: as in Redis


def test_monitor_does_not_show_everything(s, a):
    w = Watcher(s)
    w.seen()
    a.call("CONFIG", "GET", "port")
    a.call("CONFIG", "SET", "requirepass", "")
    a.call("CLIENT", "LIST")
    a.call("SLOWLOG", "GET")
    a.call("DEBUG", "SLEEP", "0")
    a.call("GET")
    a.call("NOSUCH", "a")
    a.call("XGROUP", "NOSUCH")
    a.call("MULTI")
    a.call("SET", "x", "1")
    a.call("DISCARD")
    seen = [x for x in w.words() if not x.startswith('"CLIENT"')]    # not for admins in Redis 7
    assert seen == ['"MULTI"', '"DISCARD"'], seen


def test_monitor_has_no_passwords(s, a):
    w = Watcher(s)
    w.seen()
    a.call("AUTH", "hidden")
    a.call("AUTH", "default", "hidden")
    a.call("HELLO", "2", "AUTH", "default", "hidden", "SETNAME", "me")
    assert w.words() == ['"AUTH" "(redacted)"', '"AUTH" "(redacted)" "(redacted)"',
                         '"HELLO" "2" "AUTH" "(redacted)" "(redacted)" "SETNAME" "me"']


def test_monitor_shows_a_transaction_when_it_runs(s, a, b):
    w = Watcher(s)
    a.expect("MULTI", "+OK")
    a.expect("SET k v", "+QUEUED")
    b.expect("GET k", "nil")
    w.seen()
    a.expect("LPUSH k v", "+QUEUED")
    a.expect("EXEC", re.compile(r"\[\+OK -WRONGTYPE.*\]"))
    assert w.words() == ['"SET" "k" "v"', '"LPUSH" "k" "v"', '"EXEC"']
    a.expect("MULTI", "+OK")
    a.expect("MONITOR", "+QUEUED")
    a.expect("EXEC", "[-ERR MONITOR isn't allowed for DENY BLOCKING client]")


def test_monitor_shows_a_blocked_command_when_it_comes(s, a, b):
    w = Watcher(s)
    w.seen()
    b.send("BRPOP", "q", "0")
    wait_until(lambda: a.info("clients")["blocked_clients"] == "1", what="BRPOP to wait")
    assert '"BRPOP" "q" "0"' in w.words()
    a.expect("RPUSH q x", ":1")
    b.expect_read("[q x]")
    assert w.words() == ['"RPUSH" "q" "x"']


def test_a_monitor_may_go_on_working(s, a):
    """Its own commands are shown behind their replies; those of its EXEC behind the reply of EXEC."""
    c = Raw(s.port)
    c.expect("MONITOR", "+OK")
    c.send("MONITOR")                               # again: no answer at all, as in Redis
    c.expect("PING x", "x")
    assert LINE.fullmatch(c.read())[4] == b'"PING" "x"'
    assert " flags=O " in a.call("CLIENT", "LIST").decode()
    if s.redis:
        return                                      # there the lines land inside EXEC's reply
    for command in ("MULTI", "SET k v", "INCR n"):
        c.send(command)
    check(c.read(), "+OK")
    c.read()
    check(c.read(), "+QUEUED")
    check(c.read(), "+QUEUED")
    c.expect("EXEC", "[+OK :1]")
    assert [LINE.fullmatch(c.read())[4] for _ in range(3)] == [b'"SET" "k" "v"', b'"INCR" "n"', b'"EXEC"']


def test_reset_and_quit_end_it(s, a):
    c = Raw(s.port)
    c.expect("MONITOR", "+OK")
    c.expect("RESET", "+RESET")
    a.expect("SET k v", "+OK")
    c.expect_silence()
    c.expect("MONITOR", "+OK")
    c.expect("QUIT", "+OK")
    c.expect_closed()
    a.expect("SET k v", "+OK")


def test_monitor_needs_the_password():
    with Server(requirepass="secret") as s:
        s.client().expect("MONITOR", "-NOAUTH Authentication required.")


def test_a_slow_monitor_is_closed_and_holds_up_nobody():
    with Server(appendonly="no", client_output_buffer_limit="pubsub 1mb 0 0") as s:
        if s.redis:
            raise Skip("Redis gathers without end")
        m, c = Raw(s.port, rcvbuf=4096), s.client()
        m.expect("MONITOR", "+OK")
        value = b"x" * 10000
        for _ in range(2000):
            c.call("SET", "k", value)
            if " flags=O " not in c.call("CLIENT", "LIST").decode():
                break
        else:
            raise AssertionError("a monitor that does not read is still there")
        assert s.rss() < 200 << 20
        seen = m.expect_closed()
        assert len(seen) > 10


def test_an_argument_no_monitor_could_take():
    with Server(appendonly="no", client_output_buffer_limit="pubsub 1mb 0 0") as s:
        if s.redis:
            raise Skip("Redis gathers without end")
        m, c = s.client(), s.client()
        m.expect("MONITOR", "+OK")
        c.call("SET", "k", b"x" * (2 << 20))
        m.expect_closed()
        c.expect("PING", "+PONG")


def test_what_a_monitor_sees_is_kept():
    """A line waits for the journal like a reply: what it shows survives a kill -9 at any time."""
    with Server() as s:
        m, c = s.client(), s.client()
        m.expect("MONITOR", "+OK")
        for i in range(500):
            c.send("INCR", "n")
        shown = 0
        while shown < 200:
            shown += LINE.fullmatch(m.read())[4] == b'"INCR" "n"'
        s.kill()
        s.start()
        assert int(s.client().call("GET", "n")) >= shown


main(globals())
