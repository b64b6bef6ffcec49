#!/usr/bin/python3
"""redis-cli and redis-benchmark in their modes: each has to get answers it can work with."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import Server, Skip, encode, main, temp_dir, wait_until  # noqa: E402


def cli(s, *args, given=None, tool="redis-cli", env=None):
    """What it prints, and its exit status."""
    p = subprocess.run([tool, "-p", str(s.port), *args], input=given, stdin=subprocess.DEVNULL if given is None else None,
                       capture_output=True, timeout=60, env=dict(os.environ, **(env or {})))
    return p.stdout.decode() + p.stderr.decode(), p.returncode


def needs(s, *names):
    have = {x.decode().upper() for x in s.client().call("COMMAND", "LIST")}
    if not have >= set(names):
        raise Skip("no " + ", ".join(set(names) - have))


class Terminal:
    """redis-cli at a terminal, for what it does only there."""

    def __init__(self, s, *args):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm", HOME=temp_dir())
            os.execvp("redis-cli", ["redis-cli", "-p", str(s.port), *args])
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 250, 0, 0))
        self.seen = ""

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)

    def sees(self, pattern):
        """Until it has printed that, colours and cursor movements apart; what it printed."""
        def there():
            if select.select([self.fd], [], [], 0.02)[0]:
                try:
                    self.seen += os.read(self.fd, 65536).decode("utf-8", "replace")
                except OSError:
                    raise AssertionError("redis-cli has left: %r" % self.seen) from None
            return re.search(pattern, re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", self.seen), re.S)

        return wait_until(there, what="redis-cli to print " + pattern)

    def types(self, text):
        self.seen = ""
        os.write(self.fd, text.encode())


def test_hints_while_typing():
    """From COMMAND DOCS: the same as with Redis."""
    with Server(appendonly="no") as s, Terminal(s) as t:
        t.sees("> ")
        for typed, hint in (
                ("set k v ", r"set k v \[NX\|XX\] \[GET\] \[EX seconds\|PX milliseconds\|EXAT unix-time-seconds\|"
                             r"PXAT unix-time-milliseconds\|KEEPTTL\]"),
                ("xadd ", r"xadd key \[NOMKSTREAM\] .*\[MAXLEN\|MINID \[=\|~\] threshold \[LIMIT count\]\] \*\|id "
                          r"field value \[field value \.\.\.\]"),
                ("brpop ", r"brpop key \[key \.\.\.\] timeout"),
                ("xread ", r"xread \[COUNT count\] \[MAXCOUNT count\] \[MAXSIZE bytes\] \[BLOCK milliseconds\] STREAMS key \[key \.\.\.\] id \[id \.\.\.\]")):
            t.types(typed)
            t.sees(hint)
            t.types("\x15")                     # ctrl-u: the line goes


def test_completion_and_help():
    with Server(appendonly="no") as s:
        with Terminal(s) as t:
            t.sees("> ")
            t.types("help @transactions\r")
            t.sees("WATCH key.*> $")
            t.types("xle\t")
            t.sees("XLEN")
            t.types(" nokey\r")
            t.sees(r"\(integer\) 0")
        text, status = cli(s, "help", "xadd")
        assert status == 0 and "group:" in text and "XADD" in text and "MAXLEN|MINID" in text, text


def test_replies_in_every_format():
    with Server(appendonly="no") as s:
        cli(s, "xadd", "st", "1-1", "f", "v")
        for args, wanted in ((("--no-raw", "xrange", "st", "-", "+"), '1) 1) "1-1"\n   2) 1) "f"\n      2) "v"\n'),
                             (("--csv", "xrange", "st", "-", "+"), '"1-1","f","v"\n'),
                             (("--json", "xrange", "st", "-", "+"), '[["1-1",["f","v"]]]\n'),
                             (("-3", "--no-raw", "config", "get", "port"), '1# "port" => "%d"\n' % s.port),
                             (("-r", "3", "incr", "n"), "1\n2\n3\n"),
                             (("-n", "3", "dbsize"), "0\n"),
                             (("-c", "get", "n"), "3\n"),
                             (("-e", "nosuch"), "ERR unknown command 'nosuch', with args beginning with: \n")):
            text, status = cli(s, *args)
            assert text == wanted and status == (1 if "-e" in args else 0), (args, text, status)
        assert cli(s, "-x", "set", "file", given=b"bytes") == ("OK\n", 0)
        assert cli(s, "get", "file") == ("bytes\n", 0)


def test_passwords():
    with Server(appendonly="no", requirepass="secret") as s:
        assert cli(s, "ping")[0] == "NOAUTH Authentication required.\n\n"
        assert cli(s, "-a", "secret", "--no-auth-warning", "ping") == ("PONG\n", 0)
        assert cli(s, "--user", "default", "--pass", "secret", "--no-auth-warning", "ping") == ("PONG\n", 0)
        assert cli(s, "ping", env={"REDISCLI_AUTH": "secret"}) == ("PONG\n", 0)
        assert "WRONGPASS" in cli(s, "-a", "wrong", "--no-auth-warning", "ping")[0]


def test_stat():
    with Server(appendonly="no") as s:
        s.client().call("SET", "k", "v")
        with Terminal(s, "--stat", "-i", "0.05") as t:
            t.sees(r"keys +mem +clients +blocked +requests +connections *\s+1 +[\d.]+[KM] +\d+ +0 +\d+ \(\+0\) +\d+")
            t.sees(r"1 +[\d.]+[KM] +\d+ +0 +\d+ \(\+1\)")


def test_latency():
    with Server(appendonly="no") as s:
        text, status = cli(s, "--latency", "--raw", "-i", "0.2")
        assert status == 0 and re.fullmatch(r"\d+ \d+ [\d.]+ \d+\n", text), text
        with Terminal(s, "--latency-history", "-i", "0.2") as t:
            t.sees(r"min: \d+, max: \d+, avg: [\d.]+ \(\d+ samples\) -- 0\.\d+ seconds range")
        with Terminal(s, "--latency-dist", "-i", "0.2") as t:
            t.sees(r"-{20,}")


def test_pipe():
    with Server() as s:
        requests = b"".join(encode([b"SET", b"k%d" % i, b"v"]) for i in range(20000))
        text, status = cli(s, "--pipe", given=requests + encode([b"LPUSH", b"k1", b"x"]))
        assert status == 1 and "errors: 1, replies: 20001" in text, text
        assert cli(s, "dbsize") == ("20000\n", 0)


def test_monitor_and_subscribe():
    with Server(appendonly="no") as s:
        with Terminal(s, "monitor") as t:
            t.sees("OK")
            cli(s, "set", "k", "a b")
            t.sees(r'\d+\.\d{6} \[0 127\.0\.0\.1:\d+\] "set" "k" "a b"')
        with Terminal(s, "subscribe", "news") as t:
            t.sees(r"subscribe.*news.*1")
            cli(s, "publish", "news", "hello")
            t.sees("message.*news.*hello")
        with Terminal(s) as t:                  # and back, which redis-cli does by RESET or by leaving
            t.sees("> ")
            t.types("monitor\r")
            t.sees("OK")
            cli(s, "incr", "n")
            t.sees('"incr" "n"')


def test_slowlog_and_latency_are_readable():
    with Server(appendonly="no", latency_monitor_threshold=10) as s:
        cli(s, "debug", "sleep", "0.03")
        text, _ = cli(s, "--no-raw", "slowlog", "get")
        assert re.match(r'1\) 1\) \(integer\) 0\n   2\) \(integer\) \d+\n   3\) \(integer\) \d+\n   4\) 1\) "debug"\n', text), text
        assert "high 3" in cli(s, "latency", "graph", "command")[0]
        assert "command: 1 times" in cli(s, "latency", "doctor")[0]


def keyspace(s):
    c = s.client()
    for i in range(50):
        c.call("SET", "str:%d" % i, "x" * i)
    c.call("RPUSH", "big:list", *range(100))
    for i in range(30):
        c.call("XADD", "big:stream", "*", "f", "v")


def test_bigkeys():
    with Server(appendonly="no") as s:
        needs(s, "SCAN", "STRLEN")
        keyspace(s)
        text, status = cli(s, "--bigkeys")
        assert status == 0 and "Sampled 52 keys" in text, text
        for wanted in (r'Biggest string found \S+str:49\S+ has 49 bytes', r'Biggest\s+list found \S+big:list\S+ has 100 items',
                       r'Biggest stream found \S+big:stream\S+ has 30 entries'):
            assert re.search(wanted, text), text


def test_memkeys():
    with Server(appendonly="no") as s:
        needs(s, "SCAN", "MEMORY")
        keyspace(s)
        text, status = cli(s, "--memkeys")
        assert status == 0 and "Sampled 52 keys" in text and re.search(r"Biggest stream found \S+big:stream\S+ has \d+ bytes", text), text


def test_scan():
    with Server(appendonly="no") as s:
        needs(s, "SCAN")
        keyspace(s)
        text, status = cli(s, "--scan", "--pattern", "str:*")
        assert status == 0 and sorted(text.split()) == sorted("str:%d" % i for i in range(50)), text


def test_what_there_is_not_fails_clearly():
    with Server(appendonly="no") as s:
        out = os.path.join(temp_dir(), "x.rdb")
        for args in (("--rdb", out), ("--functions-rdb", out), ("--cluster", "info", "127.0.0.1:%d" % s.port)):
            text, status = cli(s, *args)
            assert status == 1 and ("ERR replication is not supported" in text or "not configured as a cluster" in text), (args, text)
        assert cli(s, "ping") == ("PONG\n", 0)


def test_redis_benchmark():
    with Server() as s:
        tests = ["ping", "set", "get", "incr", "lpush", "rpush", "lpop", "rpop"]
        names = ["PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "LPUSH", "RPUSH", "LPOP", "RPOP"]
        for more in ((), ("-P", "16", "--threads", "2"), ("-k", "0", "-c", "20"), ("-r", "1000", "-d", "500"), ("-3",)):
            text, status = cli(s, "-t", ",".join(tests), "-n", "2000", "-q", *more, tool="redis-benchmark")
            done = re.findall(r"(\w+): [\d.]+ requests per second", text)
            assert status == 0 and set(done) == set(names), (more, text)
        text, status = cli(s, "-n", "2000", "-q", "-r", "10", "XADD", "bench:__rand_int__", "*", "f", "v", tool="redis-benchmark")
        assert status == 0 and "requests per second" in text, text
        assert s.client().call("XLEN", "bench:000000000003") > 50


main(globals())
