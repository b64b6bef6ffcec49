#!/usr/bin/python3
"""CLIENT: what is said of a connection, who is closed, paused, muted."""
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import Raw, Server, Skip, Status, alone, blocked, both, cpu_ms, main, wait_until  # noqa: E402


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


# --- PAUSE ---

def held(s, a, n):
    """Until n clients wait; for a pause that lets INFO through."""
    wait_until(lambda: int(a.info("clients")["blocked_clients"]) == n, what="%d clients to wait" % n)


def test_pause_write_lets_reads_pass(s, a, b, c):
    a.call("SET", "k", "v")
    a.expect("CLIENT PAUSE 60000 WRITE", "+OK")
    for command, wanted in (("GET k", "v"), ("EXISTS k", ":1"), ("PING", "+PONG"), ("CLIENT ID", ":%d" % a.id()),
                            ("SUBSCRIBE x", "[subscribe x :1]"), ("UNSUBSCRIBE x", "[unsubscribe x :0]"),
                            ("WATCH k", "+OK"), ("UNWATCH", "+OK"), ("MULTI", "+OK"), ("GET k", "+QUEUED"), ("EXEC", "[v]"),
                            ("CONFIG SET timeout 0", "+OK"), ("SELECT 1", "+OK"), ("SELECT 0", "+OK")):
        a.expect(command, wanted)
    b.send("SET", "k", "w")
    b.send("GET", "k")
    c.send("PUBLISH", "x", "y")
    held(s, a, 2)
    a.expect("GET k", "v")
    text = a.call("CLIENT", "LIST")
    assert text.count(b" flags=b ") == 2 and b" cmd=set " in text and b" cmd=publish " in text, text
    a.expect("CLIENT UNPAUSE", "+OK")
    b.expect_read("+OK")
    b.expect_read("w")
    c.expect_read(":0")
    held(s, a, 0)


def test_pause_all_ends_by_itself(s, a, b, new):
    start = time.monotonic()
    a.expect("CLIENT PAUSE 300", "+OK")
    others = [b] + [new() for _ in range(3)]
    for other in others:
        other.send("PING")
    a.send("CLIENT", "UNPAUSE")             # waits like all others
    a.expect_read("+OK")
    assert time.monotonic() - start >= 0.29
    for other in others:
        other.expect_read("+PONG")


def test_a_refused_command_does_not_wait(s, a, b):
    a.expect("CLIENT PAUSE 60000 WRITE", "+OK")
    b.expect("SET k", "-ERR wrong number of arguments for 'set' command")
    b.expect_error("NOSUCH", "ERR unknown command")
    b.expect("MULTI", "+OK")
    b.expect("WATCH k", "-ERR WATCH inside MULTI is not allowed")
    a.expect("CLIENT UNPAUSE", "+OK")


def test_pause_write_and_transactions(s, a, b, c):
    b.call("MULTI")
    b.call("SET", "k", "v")
    c.call("MULTI")
    a.expect("CLIENT PAUSE 60000 WRITE", "+OK")
    b.send("EXEC")
    c.send("SET", "l", "v")                 # already when it would be queued
    held(s, a, 2)
    a.expect("CLIENT UNPAUSE", "+OK")
    b.expect_read("[+OK]")
    c.expect_read("+QUEUED")
    c.expect("EXEC", "[+OK]")


def test_a_transaction_that_pauses_goes_on(s, a, b):
    a.call("SET", "old", "v", "PX", "1")
    wait_until(lambda: a.call("EXISTS", "old") == 0, what="the key to expire")
    a.expect("MULTI", "+OK")
    a.expect("CLIENT PAUSE 60000 WRITE", "+QUEUED")
    a.expect("SET k v", "+QUEUED")
    a.expect("RPUSH old x", "+QUEUED")
    a.expect("EXEC", "[+OK +OK :1]")
    b.send("SET", "k", "w")
    held(s, a, 1)
    a.expect("GET k", "v")
    a.expect("CLIENT UNPAUSE", "+OK")
    b.expect_read("+OK")


def test_a_key_that_expires_in_a_pause_looks_gone_and_is_kept():
    with Server(enable_debug_command="yes") as s:
        a, b = s.client(), s.client()
        a.call("SET", "k", "v", "PX", "60")
        a.call("SET", "l", "v", "PX", "60")
        a.expect("CLIENT PAUSE 60000 WRITE", "+OK")
        wait_until(lambda: a.call("GET", "k") != b"v", what="the key to look gone")
        a.expect("GET l", "nil")
        a.expect("TTL k", ":-2")
        a.expect("DBSIZE", ":2")
        assert a.info("stats")["expired_keys"] == "0"
        a.expect("MULTI", "+OK")
        a.expect("GET k", "+QUEUED")
        a.expect("EXEC", "[nil]")
        cpu = cpu_ms(s.pid)
        end = time.monotonic() + 0.3
        while time.monotonic() < end:       # a deadline in the past must not keep the loop awake
            time.sleep(0.05)
        assert cpu_ms(s.pid) - cpu < 150
        b.send("SET", "k", "new")
        a.expect("CLIENT UNPAUSE", "+OK")
        b.expect_read("+OK")
        wait_until(lambda: a.call("DBSIZE") == 1, what="the other key to go")
        assert a.info("stats")["expired_keys"] == "2"


def test_who_waits_to_take_something_waits_for_the_end_of_a_pause(s, a, b, c, new):
    if s.redis:
        raise Skip("7.0 has no CLAIM, and ends where a transaction that pauses wakes a reader of a group")
    claimer, reader = b, c
    a.pipeline(["XADD s 1-1 f v", "XGROUP CREATE s g 0", "XREADGROUP GROUP g x STREAMS s >", "XGROUP CREATE t g 0 MKSTREAM"])
    claimer.send("XREADGROUP GROUP g y CLAIM 150 BLOCK 0 STREAMS s >")
    reader.send("XREADGROUP GROUP g y BLOCK 0 STREAMS t >")
    taker, copier = new(), new()
    taker.send("BLMOVE l m LEFT RIGHT 0")
    copier.send("XREAD BLOCK 0 STREAMS t $")
    held(s, a, 4)
    a.pipeline(["MULTI", "XADD t 1-1 f v", "RPUSH l e", "CLIENT PAUSE 60000 WRITE", "EXEC"])
    copier.expect_read("[[t [[1-1 [f v]]]]]")
    wait_until(lambda: a.call("XPENDING", "s", "g", "IDLE", "200", "-", "+", "9"), what="the entry to be idle for long enough")
    a.expect("XPENDING t g", "[:0 nil nil nil*]")
    a.expect("LRANGE l 0 -1", "[e]")
    a.expect("XPENDING s g", "[:1 1-1 1-1 [[x 1]]]")
    cpu = cpu_ms(s.pid)
    end = time.monotonic() + 0.3
    while time.monotonic() < end:
        time.sleep(0.05)
    assert cpu_ms(s.pid) - cpu < 150
    a.expect("CLIENT UNPAUSE", "+OK")
    taker.expect_read("e")
    reader.expect_read("[[t [[1-1 [f v]]]]]")
    claimer.expect_read(re.compile(r"\[\[s \[\[1-1 \[f v\] :\d+ :1\]\]\]\]"))
    held(s, a, 0)


def test_the_longer_and_the_stricter_pause_hold(s, a, b, c):
    a.expect("MULTI", "+OK")
    for command in ("CLIENT PAUSE 300 WRITE", "CLIENT PAUSE 1 WRITE", "CLIENT PAUSE 0 WRITE", "CLIENT PAUSE 250 WRITE"):
        a.expect(command, "+QUEUED")
    start = time.monotonic()
    a.expect("EXEC", "[+OK +OK +OK +OK]")
    b.send("SET", "k", "v")
    held(s, a, 1)
    b.expect_read("+OK")
    assert 0.29 <= time.monotonic() - start < 5
    a.expect("MULTI", "+OK")
    for command in ("CLIENT PAUSE 300 ALL", "CLIENT PAUSE 10 WRITE"):
        a.expect(command, "+QUEUED")
    start = time.monotonic()
    a.expect("EXEC", "[+OK +OK]")
    b.expect("PING", "+PONG")
    assert 0.29 <= time.monotonic() - start < 5
    a.expect("CLIENT PAUSE 300 WRITE", "+OK")
    start = time.monotonic()
    a.expect("CLIENT PAUSE 0", "+OK")       # ALL, of no time: what there is becomes strict
    b.expect("PING", "+PONG")
    assert 0.28 <= time.monotonic() - start < 5


def test_a_pause_of_nothing(s, a):
    a.expect("CLIENT PAUSE 0", "+OK")
    a.expect("SET k v", "+OK")
    a.expect("CLIENT UNPAUSE", "+OK")
    a.expect("CLIENT UNPAUSE", "+OK")


def test_a_blocked_client_and_a_pause(s, a, b, c):
    """Its time runs on; what would serve it waits; it cannot be told from others that wait."""
    b.send("BRPOP", "l", "0")
    c.send("BRPOP", "m", "0.2")
    held(s, a, 2)
    a.expect("CLIENT PAUSE 60000 WRITE", "+OK")
    c.expect_read("nil*")
    c.send("LPUSH", "l", "x")
    held(s, a, 2)
    a.expect("CLIENT UNPAUSE", "+OK")
    c.expect_read(":1")
    b.expect_read("[l x]")


def test_unblock_does_not_end_a_pause_for_one(s, a, b):
    ident = b.id()
    a.expect("CLIENT PAUSE 60000 WRITE", "+OK")
    b.send("SET", "k", "v")
    held(s, a, 1)
    if not s.redis:
        a.expect("CLIENT UNBLOCK %d" % ident, ":0")
        a.expect("CLIENT UNBLOCK %d ERROR" % ident, ":0")
    a.expect("CLIENT UNPAUSE", "+OK")
    b.expect_read("+OK")


def test_a_paused_client_that_leaves_or_is_killed_writes_nothing(s, a, b, c):
    ident = c.id()
    a.expect("CLIENT PAUSE 60000 WRITE", "+OK")
    b.send("SET", "k", "v")
    c.send("SET", "l", "v")
    held(s, a, 2)
    b.close()
    held(s, a, 1)
    a.expect("CLIENT KILL ID %d" % ident, ":1")
    c.expect_closed()
    held(s, a, 0)
    a.expect("CLIENT UNPAUSE", "+OK")
    a.expect("EXISTS k l", ":0")


def test_a_skipped_reply_stays_skipped_over_a_pause(s, a, b):
    a.expect("CLIENT PAUSE 60000 WRITE", "+OK")
    b.send("CLIENT", "REPLY", "SKIP")
    b.send("SET", "k", "v")
    b.send("ECHO", "next")
    held(s, a, 1)
    a.expect("CLIENT UNPAUSE", "+OK")
    b.expect_read("next")
    b.expect("GET k", "v")


def test_requests_of_all_forms_and_sizes_wait_whole(s, a, new):
    big = "x" * (3 << 20)
    a.expect("CLIENT PAUSE 60000 WRITE", "+OK")
    inline, large, cut, many = [new() for _ in range(4)]
    inline.send_raw(b'SET "key one" "a b"\r\nGET "key one"\r\n')
    large.send("SET", "big", big)
    large.send("STRLEN" if s.redis else "GET", "big")
    cut.send_raw(b"*3\r\n$3\r\nSET\r\n$3\r\ncut\r\n$1\r\n1\r\n*2\r\n$3\r\nGE")
    many.send_raw(b"INCR n\r\n" * 1000)
    held(s, a, 4)
    cut.send_raw(b"T\r\n$3\r\ncut\r\n")
    a.expect("CLIENT UNPAUSE", "+OK")
    inline.expect_read("+OK")
    inline.expect_read('"a b"')
    large.expect_read("+OK")
    assert large.read() in (big.encode(), len(big))
    cut.expect_read("+OK")
    cut.expect_read("1")
    assert [many.read() for _ in range(1000)] == list(range(1, 1001))


def test_after_a_pause_all_go_on_in_their_order(s, a, new):
    a.expect("CLIENT PAUSE 60000 WRITE", "+OK")
    others = [new() for _ in range(50)]
    for i, other in enumerate(others):
        other.send("RPUSH", "l", i)
        held(s, a, i + 1)
    a.expect("CLIENT UNPAUSE", "+OK")
    assert [other.read() for other in others] == list(range(1, 51))


def test_shutdown_and_a_rewrite_work_in_a_pause():
    for mode in ("ALL", "WRITE"):
        with Server() as s:
            a, b, c = s.client(), s.client(), s.client()
            a.call("SET", "k", "v")
            a.expect("CLIENT PAUSE 3600000 " + mode, "+OK")
            b.send("SET", "k", "w")
            if mode == "WRITE":
                held(s, c, 1)
                assert isinstance(c.call("BGREWRITEAOF"), Status)
                wait_until(lambda: c.info("persistence")["aof_rewrite_in_progress"] == "0", what="the rewrite")
            c.send("SHUTDOWN")
            assert s.wait_exit() == 0
            s.start()
            s.client().expect("GET k", "v")


def test_sigterm_ends_a_pause():
    with Server() as s:
        a, b = s.client(), s.client()
        a.expect("CLIENT PAUSE 3600000", "+OK")
        b.send("SET", "k", "w")
        assert s.stop() == 0


def test_pause_is_particular(s, a):
    for args, wanted in (("abc", "timeout is not an integer or out of range"), ("-1", "timeout is negative"),
                         ("1.5", "timeout is not an integer or out of range"), ("1 foo", "CLIENT PAUSE mode must be WRITE or ALL"),
                         ("abc foo", "CLIENT PAUSE mode must be WRITE or ALL"), ("99999999999999999999", "timeout is not an integer or out of range"),
                         ("1 WRITE x", "unknown subcommand or wrong number of arguments for 'PAUSE'. Try CLIENT HELP.")):
        a.expect("CLIENT PAUSE " + args, "-ERR " + wanted)
    if not s.redis:
        a.expect("CLIENT PAUSE 9223372036854775807", "-ERR timeout is out of range")
        a.expect("CLIENT PAUSE 9000000000000000000 WRITE", "+OK")
        a.expect("PING", "+PONG")
        a.expect("CLIENT UNPAUSE", "+OK")
    a.expect("CLIENT PAUSE", "-ERR wrong number of arguments for 'client|pause' command")
    a.expect("CLIENT UNPAUSE 1", "-ERR wrong number of arguments for 'client|unpause' command")


# --- flags, tracking ---

def test_flags(s, a, b):
    names = ("NO-EVICT",) if s.redis else ("NO-EVICT", "NO-TOUCH")
    for name in names:
        b.expect("CLIENT %s on" % name, "+OK")
        b.expect("CLIENT %s maybe" % name, "-ERR syntax error")
        b.expect("CLIENT %s" % name, "-ERR wrong number of arguments for 'client|%s' command" % name.lower())
    ident = b.id()
    assert row(a, ident)["flags"] == s.pick("eT", "e")
    b.expect("CLIENT NO-EVICT off", "+OK")
    assert row(a, ident)["flags"] == s.pick("T", "N")
    if not s.redis:
        b.call("CLIENT", "SETINFO", "LIB-NAME", "lib")
        b.expect("RESET", "+RESET")
        got = row(a, ident)
        assert got["flags"] == "N" and got["lib-name"] == "lib", got


@both
def test_there_is_no_tracking_and_it_says_so(s, a):
    off = "{flags=~[off] redirect=:-1 prefixes=[]}" if a.proto == 3 else "[flags [off] redirect :-1 prefixes []]"
    a.expect("CLIENT TRACKINGINFO", off)
    a.expect("CLIENT GETREDIR", ":-1")
    if s.redis:
        return
    for command in ("TRACKING ON", "TRACKING OFF", "TRACKING ON BCAST PREFIX a", "TRACKING maybe", "CACHING YES"):
        a.expect("CLIENT " + command, "-ERR client-side caching is not supported: nobody is told when a key changes")
    a.expect("CLIENT TRACKINGINFO", off)
    a.expect("CLIENT MAINT_NOTIFICATIONS ON", "-ERR unknown subcommand 'MAINT_NOTIFICATIONS'. Try CLIENT HELP.")
    a.expect("PING", "+PONG")


def test_setinfo_says_the_option_as_it_was_given(s, a):
    if s.redis:
        return
    a.expect(("CLIENT", "SETINFO", "Lib-Name", "a b"), "-ERR Lib-Name cannot contain spaces, newlines or special characters.")
    a.expect(("CLIENT", "SETINFO", "lib-ver", ""), "+OK")


def test_help_names_every_subcommand(s, a):
    text = b" ".join(a.call("CLIENT", "HELP"))
    for name in ("GETNAME GETREDIR ID INFO KILL LIST NO-EVICT NO-TOUCH PAUSE REPLY SETINFO SETNAME TRACKINGINFO "
                 "UNBLOCK UNPAUSE").split():
        assert s.redis or name.encode() in text, name


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
