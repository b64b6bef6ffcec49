#!/usr/bin/python3
"""RESP as bytes: fragments, inline commands, pipelines, what is too large, who never reads."""
import os
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import (Closed, Error, Map, Raw, Server, both, check, cpu_ms, encode, main, show,  # noqa: E402
                    under_sanitizer, wait_until, with_control, words)


def test_byte_by_byte(a):
    data = encode(words(("XADD", "s", "1-1", "f\r\n", b"\x00\xff*3\r\n$"))) + encode([b"PING"])
    for i in range(len(data)):
        a.send_raw(data[i:i + 1])
    a.expect_read("1-1")
    a.expect_read("+PONG")
    a.expect("XRANGE s - +", '[[1-1 ["f\\r\\n" "\\x00\\xff*3\\r\\n$"]]]')


def test_every_split_in_two(a):
    data = encode(words(("SET", "key", "some value"))) + b"GET key\r\n"
    for cut in range(1, len(data)):
        a.send_raw(data[:cut])
        a.send_raw(data[cut:])
        a.expect_read("+OK")
        a.expect_read('"some value"')


def test_inline(a):
    a.send_raw(b"PING\r\n  ping  \r\nSET k 'a b'\nGET \"k\"\r\n")
    for wanted in ("+PONG", "+PONG", "+OK", '"a b"'):
        a.expect_read(wanted)
    a.send_raw(b"\r\n\r\nECHO \"\\x41\\n\\\"\"\r\n")
    a.expect_read('"A\\n\\""')


def test_inline_unbalanced_quotes(a):
    a.send_raw(b"SET k \"abc\r\nPING\r\n")
    a.expect_read("-ERR Protocol error: unbalanced quotes in request")
    a.expect_closed()


def test_inline_too_long(a):
    try:
        a.send_raw(b"A" * (70 << 10))
        check(a.read(), "-ERR Protocol error: too big inline request")
        a.expect_closed()
    except Closed:
        pass


def test_empty_requests_are_skipped(a):
    a.send_raw(b"*0\r\n*-1\r\n\r\n*1\r\n$4\r\nPING\r\n")
    a.expect_read("+PONG")


def test_pipeline_of_10000(a):
    n = 10000
    replies = []
    commands = b"".join(encode(words(("INCR", "n"))) for _ in range(n))
    a.send_raw(commands)
    replies = [a.read() for _ in range(n)]
    assert replies == list(range(1, n + 1))


def test_pipeline_mixes_errors_and_replies(a):
    got = [show(r) for r in a.pipeline(["SET k v", "INCR k", "GET k", "NOSUCH a", "PING"])]
    assert got == ["+OK", "-ERR value is not an integer or out of range", "v",
                   "-ERR unknown command 'NOSUCH', with args beginning with: 'a' ", "+PONG"], got


def test_large_value_there_and_back(a):
    value = os.urandom(5 << 20)
    check(a.call("SET", "big", value), "+OK")
    assert a.call("GET", "big") == value


BROKEN = (
    (b"*1\r\n:4\r\n", "expected '$', got ':'"),
    (b"*1\r\n$x\r\n", "invalid bulk length"),
    (b"*1\r\n$-5\r\n", "invalid bulk length"),
    (b"*x\r\n", "invalid multibulk length"),
    (b"*2147483648\r\n", "invalid multibulk length"),
    (b"*1\r\n$99999999999\r\n", "invalid bulk length"),
    (b"*1\r\n$536870913\r\n", "invalid bulk length"),
)


def test_broken_requests(new):
    for data, text in BROKEN:
        c = new()
        c.send_raw(data)
        check(c.read(), "-ERR Protocol error: " + text, data)
        c.expect_closed()


def test_replies_before_a_protocol_error_arrive(a):
    a.send_raw(b"SET k 1\r\n*1\r\n$4\r\nPING\r\n*1\r\n!\r\n")
    a.expect_read("+OK")
    a.expect_read("+PONG")
    a.expect_read("-ERR Protocol error: expected '$', got '!'")
    a.expect_closed()


def test_proto_max_bulk_len():
    with Server(proto_max_bulk_len="1mb") as s:
        c = s.client()
        check(c.call("SET", "k", "x" * (1 << 20)), "+OK")
        c.send_raw(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1048577\r\n")
        c.expect_read("-ERR Protocol error: invalid bulk length")
        c.expect_closed()


def test_client_query_buffer_limit():
    with Server(client_query_buffer_limit="2mb") as s:
        c = s.client()
        c.send_raw(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000000\r\n")
        try:
            for _ in range(40):
                c.send_raw(b"x" * (256 << 10))
            c.expect_closed()
        except Closed:
            pass
        s.client().expect("PING", "+PONG")


def test_small_limits_before_auth():
    with Server(requirepass="secret") as s:
        c = s.client()
        c.send_raw(b"*11\r\n")
        c.expect_read("-ERR Protocol error: unauthenticated multibulk length")
        c.expect_closed()
        c = s.client()
        c.send_raw(b"*2\r\n$16385\r\n")
        c.expect_read("-ERR Protocol error: unauthenticated bulk length")
        c.expect_closed()
        c = s.client()
        c.expect("AUTH secret", "+OK")
        check(c.call("SET", "k", "x" * 100000), "+OK")
        check(c.call("EXISTS", *["k"] * 20), ":20")


def test_an_announced_512_mb_costs_nothing(s, new):
    before = s.rss()
    clients = [new() for _ in range(10)]
    for c in clients:
        c.send_raw(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\n" + b"x" * 1000)
    clients[-1].send_raw(b"y" * 100000)
    with_control(s, lambda c: c.expect("PING", "+PONG"))
    grown = s.rss() - before
    if not s.redis:                     # Redis 7.0 makes room for 512 MB: touched only when written
        assert grown < 8 << 20, "grew by %d bytes" % grown
    c = new()
    c.send_raw(b"*1000000\r\n$1\r\na\r\n")
    with_control(s, lambda c: c.expect("PING", "+PONG"))


def test_a_client_that_sends_a_byte_at_a_time_delays_nobody(s, a, b):
    data = encode(words(("SET", "slow", "x" * 50)))
    for i in range(len(data)):
        a.send_raw(data[i:i + 1])
        b.expect("PING", "+PONG")
    a.expect_read("+OK")


def test_a_client_that_never_reads_is_closed():
    with Server(client_output_buffer_limit=[("normal", "4mb", "0", "0"), ("pubsub", "1mb", "0", "0")]) as s:
        c = s.client()
        check(c.call("SET", "big", "x" * (1 << 20)), "+OK")
        lazy = s.client(rcvbuf=4096)
        try:
            lazy.send_raw(encode(words(("GET", "big"))) * 200)
        except Closed:
            pass
        wait_until(lambda: c.call("CLIENT", "LIST").count(b"\n") == 1, what="the reader of nothing to be closed")
        deaf = s.client(rcvbuf=4096)
        deaf.call("SUBSCRIBE", "news")

        def flooded():
            c.call("PUBLISH", "news", "x" * 100000)
            return c.call("CLIENT", "LIST").count(b"\n") == 1

        wait_until(flooded, what="the deaf subscriber to be closed")
        assert s.rss() < 200 << 20 or under_sanitizer()


def test_a_client_that_never_reads_is_not_served_without_end(s, a):
    """Its requests stay in the kernel once replies pile up; the server does not spin over it."""
    lazy = Raw(s.port, rcvbuf=4096)
    check(a.call("SET", "big", "x" * (1 << 20)), "+OK")
    lazy.sock.setblocking(False)
    sent = encode(words(("GET", "big"))) * 40
    lazy.sock.send(sent)
    start = cpu_ms(s.pid)
    with_control(s, lambda c: c.expect("PING", "+PONG"))
    t = time.monotonic()
    while time.monotonic() - t < 0.5:
        a.expect("PING", "+PONG")
    lazy.close()
    a.expect("PING", "+PONG")
    assert cpu_ms(s.pid) - start < 2000


@both
def test_types_of_nil(a):
    three = a.proto == 3
    a.expect("GET none", "null" if three else "nil")
    a.expect("XREAD STREAMS none 0", "null" if three else "nil*")
    a.expect("RPOP none", "null" if three else "nil")
    a.expect("BRPOP none 0.001", "null" if three else "nil*")
    a.expect("XADD none NOMKSTREAM * a b", "null" if three else "nil")


def test_hello(s, a, new):
    reply = a.call("HELLO")
    assert isinstance(reply, list) and not isinstance(reply, Map), show(reply)
    assert dict(zip(reply[0::2], reply[1::2]))[b"proto"] == 2
    reply = a.call("HELLO", "3")
    assert isinstance(reply, Map), show(reply)
    assert [k for k, _ in reply] == [b"server", b"version", b"proto", b"id", b"mode", b"role", b"modules"], show(reply)
    assert reply.get("proto") == 3 and reply.get("mode") == b"standalone" and reply.get("role") == b"master"
    assert reply.get("version").startswith(b"7.") and reply.get("id") == a.id()
    a.expect("GET none", "null")
    check(a.call("HELLO", "3", "SETNAME", "me"), None, "HELLO 3 SETNAME", lambda r: isinstance(r, Map))
    a.expect("CLIENT GETNAME", "me")
    a.expect("HELLO 4", "-NOPROTO unsupported protocol version")
    a.expect("HELLO 1", "-NOPROTO unsupported protocol version")
    a.expect("HELLO abc", "-ERR Protocol version is not an integer or out of range")
    a.expect("HELLO 3 AUTH", "-ERR Syntax error in HELLO option 'AUTH'")
    a.expect("HELLO 3 FOO", "-ERR Syntax error in HELLO option 'FOO'")
    a.expect(("HELLO", "3", "SETNAME", "a b"), "-ERR Client names cannot contain spaces, newlines or special characters.")
    assert isinstance(a.call("HELLO", "2"), list)
    a.expect("GET none", "nil")


def test_hello_before_auth():
    with Server(requirepass="secret") as s:
        c = s.client()
        c.expect_error("HELLO 3", "NOAUTH HELLO must be called with the client already authenticated")
        c.expect("HELLO 3 AUTH default wrong", "-WRONGPASS invalid username-password pair or user is disabled.")
        c.expect("GET k", "-NOAUTH Authentication required.")
        reply = c.call("HELLO", "3", "AUTH", "default", "secret", "SETNAME", "me")
        assert isinstance(reply, Map), show(reply)
        c.expect("GET k", "null")
        c.expect("CLIENT GETNAME", "me")


def test_resp3_shapes(s, a, new):
    c = new(proto=3)
    c.expect("XADD s 1-1 f v", "1-1")
    c.expect("XREAD STREAMS s 0", "{s=[[1-1 [f v]]]}")
    c.expect("XREAD STREAMS s s 0 0", "{s=[[1-1 [f v]]] s=[[1-1 [f v]]]}")
    c.expect("XRANGE s - +", "[[1-1 [f v]]]")
    check(c.call("XINFO", "STREAM", "s"), None, "XINFO", lambda r: isinstance(r, Map))
    check(c.call("CONFIG", "GET", "maxclients"), None, "CONFIG GET", lambda r: isinstance(r, Map))
    reply = c.call("INFO")
    assert show(reply).startswith("=txt:# Server\r\n"), show(reply)[:60]
    c.expect("SUBSCRIBE n", ">[subscribe n :1]")
    c.expect("PING", "+PONG")
    c.expect("GET k", "null")
    a.expect("PUBLISH n x", ":1")
    c.expect_read(">[message n x]")


def test_half_closed_client_gets_its_replies(s, a):
    a.send_raw(encode([b"PING"]) * 3)
    a.sock.shutdown(socket.SHUT_WR)
    got = a.expect_closed()
    assert len(got) in (0, 1, 2, 3) and not any(isinstance(r, Error) for r in got)


def test_a_browser_gets_nowhere(s, a):
    """A page may send HTTP to any address of its reader's machine, with commands in the body."""
    for head in ("POST / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: 127.0.0.1:6379\r\n", "post /\r\n"):
        c = s.client()
        c.send_raw((head + "\r\n\r\nSET hacked yes\r\n").encode())
        while True:
            try:
                c.read()                        # GET is a command: it has its answer
            except Closed:
                break
        c.close()
    a.expect("EXISTS hacked", ":0")


main(globals())
