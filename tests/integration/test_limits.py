#!/usr/bin/python3
"""What a hostile or broken client may cost: bounded memory, and no time of the others."""
import os
import re
import resource
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import (Closed, Error, Server, Skip, alone, cpu_ms, encode, main, under_sanitizer,  # noqa: E402
                    wait_until, words)

MB = 1 << 20


class Peak:
    """The most resident memory a server has from here on, above what it has now."""

    def __init__(self, server):
        self.path = "/proc/%d/" % server.pid
        with open(self.path + "clear_refs", "w") as f:
            f.write("5")
        self.start = self._field("VmRSS")

    def _field(self, name):
        with open(self.path + "status") as f:
            return next(int(line.split()[1]) << 10 for line in f if line.startswith(name))

    def grown(self):
        return self._field("VmHWM") - self.start

    def below(self, limit):
        grown = self.grown()
        assert grown < limit or under_sanitizer(), "grew by %.1f MB" % (grown / MB)


def raise_descriptors(wanted):
    """This process may open so many; those there can be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(wanted, hard)))
        except (ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


# --- client-output-buffer-limit ---

def limits(**kw):
    return [(name,) + value for name, value in kw.items()]


def test_one_message_for_a_thousand_patterns_stays_within_the_limit():
    with Server(appendonly="no", client_output_buffer_limit=limits(pubsub=("4mb", "0", "0"))) as s:
        c, deaf = s.client(), s.client(rcvbuf=4096)
        deaf.call("PSUBSCRIBE", *["news" + "*" * i for i in range(1, 1001)])
        peak = Peak(s)
        assert c.call("PUBLISH", "news", "x" * MB) == 1000
        alone(c)
        peak.below(30 * MB)
        assert "output buffer over 4194304 bytes" in s.log()


def test_messages_of_one_turn_stay_within_the_limit():
    """All are delivered before anything is sent."""
    with Server(appendonly="no", turn_commands=100000, client_output_buffer_limit=limits(pubsub=("4mb", "0", "0"))) as s:
        c, deaf = s.client(), s.client(rcvbuf=4096)
        deaf.call("SUBSCRIBE", "news")
        c.expect("MULTI", "+OK")
        for _ in range(100):
            c.call("PUBLISH", "news", "x" * MB)
        peak = Peak(s)
        assert c.call("EXEC") == [1] * 100
        alone(c)
        peak.below(30 * MB)


def test_ones_own_messages_inside_a_transaction_are_bounded_too():
    with Server(appendonly="no", client_output_buffer_limit=limits(pubsub=("4mb", "0", "0"))) as s:
        c, me = s.client(), s.client(proto=3)
        for i in range(1, 1001):
            me.call("PSUBSCRIBE", "news" + "*" * i)
        me.call("MULTI")
        me.call("PUBLISH", "news", "x" * MB)
        peak = Peak(s)
        me.send("EXEC")
        me.expect_closed()
        alone(c)
        peak.below(30 * MB)


def test_one_reply_stays_within_the_limit():
    with Server(appendonly="no", client_output_buffer_limit=limits(normal=("4mb", "0", "0"))) as s:
        c, lazy = s.client(), s.client(rcvbuf=4096)
        assert c.call("XADD", "s", "*", "f", "x" * MB)
        for _ in range(99):
            c.call("XADD", "s", "*", "f", "x" * MB)
        lazy.call("MULTI")
        for _ in range(10):
            lazy.call("XRANGE", "s", "-", "+")
        peak = Peak(s)
        lazy.send("EXEC")
        lazy.expect_closed()
        alone(c)
        peak.below(30 * MB)
        c.expect("XLEN s", ":100")


def test_a_pipeline_stops_at_the_limit():
    """Its replies over the limit, no more of its requests run."""
    with Server(appendonly="no", client_output_buffer_limit=limits(normal=("4mb", "0", "0"))) as s:
        c, lazy = s.client(), s.client(rcvbuf=4096)
        c.call("SET", "big", "x" * MB)
        try:
            lazy.send_raw((encode(words(("GET", "big"))) + encode(words(("INCR", "n")))) * 100)
        except Closed:
            pass
        alone(c)
        assert int(c.call("GET", "n")) <= 10


def test_a_limit_set_later_holds_at_once():
    with Server(appendonly="no") as s:
        c, deaf = s.client(), s.client(rcvbuf=4096)
        deaf.call("SUBSCRIBE", "news")
        c.call("CONFIG", "SET", "client-output-buffer-limit", "pubsub 1mb 0 0")
        assert c.call("PUBLISH", "news", "x" * 8 * MB) == 1
        alone(c)


def test_a_limit_lowered_below_what_waits_closes():
    """Nothing more is run for such a client, so its requests must not keep the loop awake either."""
    with Server(appendonly="no") as s:
        c, lazy = s.client(), s.client(rcvbuf=4096)
        c.call("SET", "big", "x" * 8 * MB)
        lazy.send("GET", "big")
        wait_until(lambda: b" oll=1 " in c.call("CLIENT", "LIST"), what="the reply to wait for its reader")
        c.call("CONFIG", "SET", "client-output-buffer-limit", "normal 1mb 0 0")
        lazy.send("PING")
        alone(c)


def test_the_soft_limit_closes_after_its_seconds():
    with Server(appendonly="no", client_output_buffer_limit=limits(normal=("0", "1mb", "1"), pubsub=("0", "1mb", "1"))) as s:
        c, lazy, deaf, quick = s.client(), s.client(rcvbuf=4096), s.client(rcvbuf=4096), s.client()
        c.call("SET", "big", "x" * 8 * MB)
        quick.call("SUBSCRIBE", "news")
        deaf.call("SUBSCRIBE", "news")
        lazy.send("GET", "big")
        assert c.call("PUBLISH", "news", "x" * 8 * MB) == 2
        assert len(quick.read()) == 3
        listed = c.call("CLIENT", "LIST")
        assert listed.count(b"\n") == 4, "closed before its time"
        wait_until(lambda: c.call("CLIENT", "LIST").count(b"\n") == 2, what="the two that do not read to be closed")
        assert c.call("PUBLISH", "news", "still here") == 1
        assert quick.read()[2] == b"still here"


# --- many connections ---

def connect(port, n):
    out = []
    for _ in range(n):
        out.append(socket.create_connection(("127.0.0.1", port)))
    return out


def ping_all(socks):
    for c in socks:
        c.sendall(b"PING\r\n")
    for c in socks:
        assert c.recv(16) == b"+PONG\r\n"


def test_idle_connections_cost_4_kb_each():
    """10,000 of them at most 40 MB; as many as the limit of descriptors allows, and then in proportion."""
    most = raise_descriptors(10200)
    n = min(10000, most - 200)
    with Server(appendonly="no", maxclients=n + 10) as s:
        a = s.client()
        a.expect("CONFIG GET maxclients", "[maxclients %d]" % (n + 10))
        before = s.rss()
        socks = connect(s.port, n)
        ping_all(socks)
        grown = s.rss() - before
        assert grown < n * 40 * MB / 10000 or under_sanitizer(), "%d connections take %.1f MB" % (n, grown / MB)
        assert int(a.info("clients")["connected_clients"]) == n + 1
        print("        %d connections take %.1f MB" % (n, grown / MB), "" if n == 10000 else "(no descriptors for 10000)")
        cpu = cpu_ms(s.pid)
        start = time.monotonic()
        while time.monotonic() - start < 0.5:       # the idle ones cost the busy one nothing
            a.expect("PING", "+PONG")
        assert cpu_ms(s.pid) - cpu < 1000
        for c in socks:
            c.close()
        alone(a)
        ping_all(connect(s.port, 10))


def test_buffers_of_many_are_given_back():
    """Each had a large request and a large reply once; idle again, they cost what they cost before."""
    n = min(1000, raise_descriptors(1200) - 200)
    with Server(appendonly="no") as s:
        a = s.client()
        socks = connect(s.port, n)
        ping_all(socks)
        before = s.rss()
        for c in socks:
            c.sendall(encode(words(("ECHO", "x" * 100000))))
            want = 100011
            while want:
                want -= len(c.recv(want))
        grown = s.rss() - before
        assert grown < 20 * MB or under_sanitizer(), "grew by %.1f MB" % (grown / MB)
        row = a.call("CLIENT", "LIST").splitlines()[1]
        assert b" qbuf=0 qbuf-free=0 " in row and b" omem=0 " in row, row


# --- requests that are not what they seem ---

def quick(c, what="PING", wanted=b"PONG", within=0.5):
    """The others are served meanwhile."""
    worst = 0
    for _ in range(20):
        start = time.monotonic()
        assert c.call(what) == wanted
        worst = max(worst, time.monotonic() - start)
    assert worst < within or under_sanitizer(), "a PING took %.3f s" % worst


def test_512_mb_announced_by_a_hundred_clients():
    with Server(appendonly="no") as s:
        a = s.client()
        peak = Peak(s)
        socks = connect(s.port, 100)
        for c in socks:
            c.sendall(b"*2\r\n$4\r\nECHO\r\n$536870912\r\n")
        quick(a)
        peak.below(4 * MB)
        got = a.call("CLIENT", "LIST").splitlines()
        assert len(got) == len(socks) + 1 and all(int(re.search(rb"tot-mem=(\d+)", row).group(1)) < 5000 for row in got), got[1]


def test_512_mb_are_taken_and_given_back():
    if under_sanitizer():
        raise Skip("its allocator keeps what is freed")
    with Server(appendonly="no") as s:
        a, b = s.client(), s.client(timeout=60)
        peak = Peak(s)
        b.send_raw(b"*2\r\n$6\r\nEXISTS\r\n$536870912\r\n")
        piece = b"x" * (8 * MB)
        for _ in range(64):
            b.send_raw(piece)
            assert a.call("PING") == b"PONG"
        b.send_raw(b"\r\n")
        assert b.read() == 0
        peak.below(1100 * MB)                       # the buffer grows by doubling, at most
        wait_until(lambda: s.rss() - peak.start < 30 * MB, what="the memory to be given back")
        b.send_raw(b"*2\r\n$6\r\nEXISTS\r\n$536870913\r\n")
        b.expect_read("-ERR Protocol error: invalid bulk length")


def test_a_million_arguments():
    with Server(appendonly="no") as s:
        a, b, c = s.client(), s.client(timeout=60), s.client()
        peak = Peak(s)
        b.send_raw(b"*1048576\r\n$6\r\nEXISTS\r\n" + b"$1\r\nk\r\n" * 1048575)
        quick(a)
        assert b.read() == 0
        peak.below(100 * MB)
        wait_until(lambda: s.rss() - peak.start < 30 * MB or under_sanitizer(), what="the memory to be given back")
        c.send_raw(b"*1048577\r\n")
        c.expect_read("-ERR Protocol error: invalid multibulk length")
        c.expect_closed()
        b.send_raw(b"*1048576\r\n" + b"$1\r\nk\r\n" * 500000)  # and no more of it: parsed once, not again with each byte
        cpu = cpu_ms(s.pid)
        for _ in range(300):
            b.send_raw(b"$1\r\nk\r\n")
            assert a.call("PING") == b"PONG"
        assert cpu_ms(s.pid) - cpu < 1500 or under_sanitizer()


def test_one_byte_at_a_time_of_a_large_request():
    """The time it takes the server is of the bytes, not of their square."""
    with Server(appendonly="no") as s:
        a, b = s.client(), s.client()
        b.send_raw(b"*2\r\n$4\r\nECHO\r\n$1000000\r\n" + b"x" * 999000)
        wait_until(lambda: b"qbuf=9990" in a.call("CLIENT", "LIST"), what="the bytes to arrive")
        cpu = cpu_ms(s.pid)
        for _ in range(1000):
            b.send_raw(b"x")
            assert a.call("PING") == b"PONG"
        b.send_raw(b"\r\n")
        assert len(b.read()) == 1000000
        assert cpu_ms(s.pid) - cpu < 1000 or under_sanitizer(), cpu_ms(s.pid) - cpu


def test_a_header_without_an_end():
    with Server(appendonly="no") as s:
        a = s.client()
        for text in (b"*" + b"1" * 70000, b"GET " + b"x" * 70000, b"*1\r\n$" + b"0" * 70000):
            c = s.client()
            try:
                for i in range(0, len(text), 1000):
                    c.send_raw(text[i:i + 1000])
                assert isinstance(c.read(), Error)
                c.expect_closed()
            except Closed:
                pass
        alone(a)


# --- before AUTH ---

def test_a_flood_before_auth():
    """Strangers get little memory, and the one who has logged in is served all the while."""
    with Server(appendonly="no", requirepass="secret") as s:
        a = s.client()
        a.expect("AUTH secret", "+OK")
        peak = Peak(s)
        strangers = [s.client() for _ in range(200)]
        for i, c in enumerate(strangers):
            try:
                if i % 4 == 0:                      # requests without end, never a reply read
                    c.sock.setblocking(False)
                    c.sock.send(b"PING\r\n" * 20000)
                elif i % 4 == 1:                    # more than a stranger may say in one word
                    c.send_raw(b"*2\r\n$4\r\nAUTH\r\n$536870912\r\n")
                elif i % 4 == 2:                    # as much as he may, unfinished
                    c.send_raw(b"*10\r\n" + b"$16384\r\n%s\r\n" % (b"x" * 16384) * 9)
                else:                               # wrong passwords
                    c.send_raw(b"AUTH x\r\n" * 1000)
            except (Closed, BlockingIOError, ConnectionResetError):
                pass
        quick(a)
        peak.below(100 * MB)
        for i, c in enumerate(strangers):
            if i % 4 == 1:
                c.expect_read("-ERR Protocol error: unauthenticated bulk length")
                c.expect_closed()
            elif i % 4 == 3:
                assert c.read().startswith(b"WRONGPASS")
        quick(a)


# --- turns ---

def test_a_client_with_much_to_do_lets_the_others_pass():
    with Server(appendonly="no") as s:
        a, b = s.client(), s.client()
        for i in range(100):
            a.call("RPUSH", "l", "x" * 100)
        flood = encode(words(("INCR", "n"))) * 100000
        done = threading.Event()

        def push():
            b.send_raw(flood)
            done.set()

        thread = threading.Thread(target=push)
        thread.start()
        quick(a)
        for _ in range(100000):
            last = b.read()
        thread.join()
        assert last == 100000 and done.is_set()


main(globals())
