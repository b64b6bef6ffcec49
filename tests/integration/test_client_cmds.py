#!/usr/bin/python3
"""CLIENT: what is said of a connection, who is closed, paused, muted."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import Raw, Server, alone, blocked, both, main, wait_until  # noqa: E402


# --- LIST, INFO ---

# As Redis 7.2 has them, with `watch` of 7.4.
FIELDS = ("id addr laddr fd name age idle flags db sub psub ssub multi watch qbuf qbuf-free argv-mem multi-mem rbs rbp "
          "obl oll omem tot-mem events cmd user redir resp lib-name lib-ver").split()


def row(c, ident):
    """What CLIENT LIST says of one client."""
    text = c.call("CLIENT", "LIST", "ID", ident).decode()
    assert text.endswith("\n") and text.count("\n") == 1, text
    return dict(f.split("=", 1) for f in text[:-1].split(" "))


def has(c, ident, **wanted):
    got = row(c, ident)
    return all(got[k.replace("_", "-")] == v for k, v in wanted.items())


def test_fields_come_in_order(s, a):
    text = a.call("CLIENT", "LIST").decode()
    names = [f.split("=", 1)[0] for f in text.splitlines()[0].split(" ")]
    new = {"watch", "lib-name", "lib-ver"} if s.redis else set()
    assert names == [f for f in FIELDS if f not in new], names


def test_a_line_on_an_idle_connection(s, a, b):
    got = row(a, b.id())
    wanted = dict(name="", flags="N", db="0", sub="0", psub="0", ssub="0", multi="-1", watch="0", qbuf="0", events="r",
                  cmd="client|id", user="default", redir="-1", resp="2", obl="0", oll="0", omem="0", idle="0", age="0",
                  laddr="127.0.0.1:%d" % s.port, addr="127.0.0.1:%d" % b.sock.getsockname()[1])
    wanted["qbuf-free"] = wanted["argv-mem"] = wanted["multi-mem"] = "0"
    if s.redis:
        for name in ("watch", "qbuf-free"):
            del wanted[name]
    assert {k: got[k] for k in wanted} == wanted, got
    assert os.readlink("/proc/%d/fd/%s" % (s.pid, got["fd"])).startswith("socket:")
    assert s.redis or 500 < int(got["tot-mem"]) < 2500, got


def test_a_line_on_oneself(s, a):
    got = dict(f.split("=", 1) for f in a.call("CLIENT", "INFO").decode().strip().split(" "))
    assert got["qbuf"] == "26" and got["argv-mem"] == "10" and got["obl"] == "0" and got["omem"] == "0", got


def test_a_line_on_one_that_waits(s, a, b):
    ident = b.id()
    b.send("BRPOP", "list-of-20-bytes-xxx", "0")
    b.send("PING", "behind")
    blocked(s, 1)
    if s.redis:
        wait_until(lambda: has(a, ident, flags="b", cmd="brpop"), what="the client to wait")
        return
    wait_until(lambda: has(a, ident, flags="b", cmd="brpop", qbuf="26", argv_mem="26"), what="the client to wait")


def test_a_line_on_an_unfinished_request(s, a, b):
    ident = b.id()
    b.send_raw(b"*2\r\n$4\r\nPING\r\n$500000\r\n" + b"x" * 300000)
    wait_until(lambda: has(a, ident, qbuf="300023") or s.redis, what="the bytes to arrive")
    got = row(a, ident)
    assert int(got["tot-mem"]) > 300000, got
    b.send_raw(b"x" * 200000 + b"\r\n")
    assert len(b.read()) == 500000
    wait_until(lambda: has(a, ident, qbuf="0"), what="the buffer to be empty")
    assert s.redis or int(row(a, ident)["tot-mem"]) < 100000


def test_a_line_on_a_transaction(s, a, b):
    ident = b.id()
    b.call("WATCH", "k", "l")
    b.call("MULTI")
    b.call("SET", "k", "x" * 1000)
    got = row(a, ident)
    assert got["flags"] == "x" and got["multi"] == "1" and got["cmd"] == "set", got
    assert s.redis or got["watch"] == "2"
    assert int(got["multi-mem"]) >= 1000 and int(got["tot-mem"]) > int(got["multi-mem"]), got
    a.call("SET", "k", "v")
    assert row(a, ident)["flags"] == "xd"
    b.call("EXEC")
    got = row(a, ident)
    assert got["flags"] == "N" and got["multi"] == "-1" and got["multi-mem"] == "0", got


def test_a_line_on_one_that_does_not_read(s, a, new):
    b = new(rcvbuf=4096)
    ident = b.id()
    a.call("SET", "k", "x" * (8 << 20))
    b.send("GET", "k")
    wait_until(lambda: has(a, ident, events="rw") and int(row(a, ident)["omem"]) > 1 << 20, what="the reply to pile up")
    got = row(a, ident)
    assert int(got["oll"]) >= 1 and int(got["tot-mem"]) > int(got["omem"]), got
    assert len(b.read()) == 8 << 20
    wait_until(lambda: has(a, ident, events="r", oll="0", omem="0"), what="the reply to be gone")


def test_idle_is_since_the_last_byte_in_or_out(s, a, b, c):
    ids = [x.id() for x in (b, c)]
    b.call("SUBSCRIBE", "news")
    wait_until(lambda: int(row(a, ids[1])["idle"]) >= 2, what="two idle seconds")
    a.expect("PUBLISH news x", ":1")
    assert b.read()
    got = [row(a, i) for i in ids]
    assert int(got[0]["idle"]) <= 1 and int(got[1]["idle"]) >= 2 and int(got[1]["age"]) >= 2, got


def test_a_line_on_a_unix_socket_has_its_whole_path():
    name = "a-name-that-is-longer-than-any-ip-address-and-port-would-be-but-fits"
    with Server(unixsocket=name) as s:
        c = Raw(path=s.unix_path())
        text = c.call("CLIENT", "INFO").decode()
        if not s.redis:
            assert " addr=%s:0 laddr=%s:0 " % (name, name) in text, text
        assert " flags=U " in text, text


def test_lists_by_type_and_id(s, a, b, c):
    ids = [x.id() for x in (a, b, c)]
    b.call("SUBSCRIBE", "news")

    def listed(*args):
        reply = a.call("CLIENT", "LIST", *args)
        return [int(line.split(b" ")[0][3:]) for line in reply.splitlines()]

    assert listed() == sorted(ids) and listed("TYPE", "NORMAL") == [ids[0], ids[2]]
    assert listed("type", "pubsub") == [ids[1]]
    for kind in ("master", "replica", "slave"):
        assert listed("TYPE", kind) == []
    assert listed("ID", ids[2], ids[0]) == [ids[2], ids[0]]
    assert listed("ID", ids[2], ids[2], 0, -1, 1 << 62) == [ids[2], ids[2]]
    a.expect("CLIENT LIST ID x", "-ERR Invalid client ID")
    a.expect("CLIENT LIST ID 9223372036854775808", "-ERR Invalid client ID")
    a.expect("CLIENT LIST TYPE x" + "y" * 200, "-ERR Unknown client type 'x" + "y" * 200 + "'")
    for wrong in ("TYPE", "ID", "TYPE normal ID", "FOO", "TYPE normal x", "ID", "FOO BAR"):
        a.expect("CLIENT LIST " + wrong, "-ERR syntax error")


def test_a_list_of_many_ids_is_quick(s, a, new):
    others = [new() for _ in range(300)]
    start = time.monotonic()
    a.call("CLIENT", "LIST", "ID", *["9%d" % i for i in range(1000000)])
    assert time.monotonic() - start < 5
    assert len(others) == 300


# --- KILL ---

def test_kill_by_every_filter(s, a, new):
    def addr(c):
        return "127.0.0.1:%d" % c.sock.getsockname()[1]

    b = new()
    for args, n in ((("ID", a.id()), 0), (("ADDR", addr(a)), 0), (("ADDR", "127.0.0.1:1"), 0), (("LADDR", "127.0.0.1:1"), 0),
                    (("TYPE", "pubsub"), 0), (("TYPE", "master"), 0), (("ID", b.id(), "TYPE", "replica"), 0)):
        assert a.call("CLIENT", "KILL", *args) == n, args
    assert s.redis or a.call("CLIENT", "KILL", "MAXAGE", "100") == 0
    b.expect("PING", "+PONG")
    b.close()
    for args in (lambda c: ("ID", c.id()), lambda c: ("ADDR", addr(c)), lambda c: ("LADDR", "127.0.0.1:%d" % s.port),
                 lambda c: ("TYPE", "normal"), lambda c: ("USER", "default"), lambda c: ("SKIPME", "yes"),
                 lambda c: ("ID", c.id(), "ADDR", addr(c), "LADDR", "127.0.0.1:%d" % s.port, "TYPE", "NORMAL",
                            "USER", "default", "SKIPME", "YES")):
        alone(a)
        b = new()
        wait_until(lambda: a.call("CLIENT", "LIST").count(b"\n") == 2, what="two clients")
        assert a.call("CLIENT", "KILL", *args(b)) == 1
        b.expect_closed()


def test_kill_of_the_old(s, a, b, new):
    if s.redis:
        return
    wait_until(lambda: int(row(a, b.id())["age"]) >= 1, what="an age")
    c = new()
    ids = c.id(), b.id()
    assert a.call("CLIENT", "KILL", "ID", ids[0], "MAXAGE", "1") == 0
    assert a.call("CLIENT", "KILL", "ID", ids[1], "MAXAGE", "1") == 1
    b.expect_closed()
    c.expect("PING", "+PONG")


def test_kill_of_oneself_is_answered(s, new):
    c = new()
    c.expect("CLIENT KILL 127.0.0.1:%d" % c.sock.getsockname()[1], "+OK")
    c.expect_closed()


def test_kill_is_particular(s, a):
    for args, wanted in (
            ("ID", "No such client"), ("1.2.3.4:5", "No such client"), ("ID x", "client-id should be greater than 0"),
            ("ID 0", "client-id should be greater than 0"), ("ID -1", "client-id should be greater than 0"),
            ("ID 99999999999999999999", "client-id should be greater than 0"), ("ID x ADDR", "client-id should be greater than 0"),
            ("ID 1 ADDR", "syntax error"), ("TYPE x", "Unknown client type 'x'"), ("USER nobody", "No such user 'nobody'"),
            ("SKIPME maybe", "syntax error"), ("FOO bar", "syntax error"), ("ID 1 FOO", "syntax error")):
        a.expect("CLIENT KILL " + args, "-ERR " + wanted)
    a.expect("CLIENT KILL", "-ERR wrong number of arguments for 'client|kill' command")


# --- REPLY ---

WAITING = {
    "BRPOP": (("BRPOP", "l", "0"), ("LPUSH", "l", "x")),
    "XREAD": (("XREAD", "BLOCK", "0", "STREAMS", "s", "$"), ("XADD", "s", "1-1", "f", "v")),
    "XREADGROUP": (("XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "s", ">"), ("XADD", "s", "1-1", "f", "v")),
}


@both
def test_a_skipped_command_that_waits_says_nothing_when_served(s, a, new):
    for name, (wait, serve) in WAITING.items():
        a.expect("FLUSHALL", "+OK")
        a.expect("XGROUP CREATE s g $ MKSTREAM", "+OK")
        b = new()
        b.send("CLIENT", "REPLY", "SKIP")
        b.send(*wait)
        b.send("ECHO", name)
        blocked(s, 1)
        a.call(*serve)
        b.expect_read(name)


@both
def test_a_skipped_command_that_waits_says_nothing_when_its_time_is_over(s, a, new):
    for wait in (("BRPOP", "l", "0.01"), ("XREAD", "BLOCK", "10", "STREAMS", "s", "$")):
        b = new()
        b.send("CLIENT", "REPLY", "SKIP")
        b.send(*wait)
        b.send("ECHO", "next")
        b.expect_read("next")


def test_reply_off_holds_while_waiting(s, a, b):
    b.send("CLIENT", "REPLY", "OFF")
    b.send("BRPOP", "l", "0")
    b.send("INCR", "n")
    b.send("CLIENT", "REPLY", "ON")
    blocked(s, 1)
    a.expect("LPUSH l x", ":1")
    b.expect_read("+OK")
    a.expect("GET n", "1")


@both
def test_messages_come_though_replies_do_not(a, new):
    b = new()
    push = ">" if b.proto == 3 else ""
    b.send("CLIENT", "REPLY", "OFF")
    b.send("SUBSCRIBE", "news")
    b.expect_read(push + "[subscribe news :1]")
    a.expect("PUBLISH news one", ":1")
    b.expect_read(push + "[message news one]")
    if b.proto == 3:
        b.send("PUBLISH", "news", "mine")
        b.expect_read(">[message news mine]")
    b.send("UNSUBSCRIBE", "news")
    b.expect_read(push + "[unsubscribe news :0]")


main(globals())
