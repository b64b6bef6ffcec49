#!/usr/bin/python3
"""Connections: how many, from where, with which password; CLIENT, RESET, QUIT, SELECT."""
import ctypes
import os
import re
import resource
import socket
import stat
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import (Closed, Error, Raw, Server, Skip, Status, blocked, both, check, main, show,  # noqa: E402
                    wait_until, with_control, _quiet_child)


def listed(c, **wanted):
    """CLIENT LIST as dicts, those whose fields are as wanted."""
    rows = [dict(f.split("=", 1) for f in line.split(" ")) for line in c.call("CLIENT", "LIST").decode().splitlines()]
    return [r for r in rows if all(r.get(k) == v for k, v in wanted.items())]


def test_maxclients():
    with Server(maxclients=10) as s:
        held = [s.client() for _ in range(10)]
        for c in held:
            c.expect("PING", "+PONG")
        extra = s.client()
        extra.expect_read("-ERR max number of clients reached")
        extra.expect_closed()
        held.pop().close()

        def fits():
            c = s.client()
            try:
                return c.call("PING") == b"PONG" and c
            except Closed:
                return None

        held.append(wait_until(fits, what="a place for a new client"))
        assert int(held[0].info("stats")["rejected_connections"]) >= 1
        assert int(held[0].info("clients")["connected_clients"]) == 10


def few_descriptors():
    """500 at most; and root may not raise every limit."""
    _quiet_child()
    if os.geteuid() == 0:
        ctypes.CDLL(None).prctl(24, 24)             # PR_CAPBSET_DROP, CAP_SYS_RESOURCE: gone with the exec
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, 500))


def test_maxclients_is_raised_as_far_as_there_are_descriptors():
    with Server(maxclients=20, preexec=few_descriptors) as s:
        c = s.client()
        c.expect("CONFIG SET maxclients 300", "+OK")
        held = [s.client() for _ in range(299)]
        for other in held:
            other.expect("PING", "+PONG")
        s.client().expect_read("-ERR max number of clients reached")
        c.expect("CONFIG SET maxclients 10000",
                 "-ERR CONFIG SET failed (possibly related to argument 'maxclients') - The operating system is not "
                 "able to handle the specified number of clients, try with 468")
        c.expect("CONFIG GET maxclients", "[maxclients 300]")
        c.expect("CONFIG SET maxclients 10000 timeout 77", re.compile("-ERR CONFIG SET failed .*"))
        c.expect("CONFIG GET timeout", "[timeout 0]")
        c.expect("CONFIG SET maxclients 468", "+OK")
        c.expect("CONFIG SET maxclients 10", "+OK")
        assert held[0].call("PING") == b"PONG"


def test_maxclients_at_the_start_is_lowered_to_what_there_is():
    with Server(maxclients=10000, preexec=few_descriptors) as s:
        s.client().expect("CONFIG GET maxclients", "[maxclients 468]")
        assert "maxclients lowered" in s.log()


def test_nothing_is_taken_out_for_a_killed_waiter():
    with Server(appendonly="no") as s:
        a, b = s.client(), s.client()
        me = a.call("CLIENT", "ID")
        a.send("BRPOP", "l", "0")
        blocked(s, 1)
        for command in (("CLIENT", "KILL", "ID", str(me)), ("LPUSH", "l", "precious"), ("LLEN", "l")):
            b.send(*command)
        assert [b.read() for _ in range(3)] == [1, 1, 1]
        b.expect("RPOP l", "precious")


def test_nothing_is_taken_out_for_a_waiter_that_left():
    """It hangs up while the server is busy; what is pushed in the same turn stays for others."""
    with Server(appendonly="no", enable_debug_command="yes") as s:
        a, busy, b = s.client(), s.client(), s.client()
        a.send("BRPOP", "l", "0")
        blocked(s, 1)
        busy.send("DEBUG", "SLEEP", "0.3")
        a.close()
        b.send("LPUSH", "l", "precious")
        busy.read()
        assert b.read() == 1
        b.expect("LLEN l", ":1")


def test_watching_many_keys_is_quick():
    with Server(appendonly="no") as s:
        c = s.client()
        began = time.monotonic()
        c.expect(["WATCH"] + ["key:%d" % i for i in range(50000)], "+OK")
        assert time.monotonic() - began < 5


def test_a_refused_hello_does_not_log_in():
    with Server(appendonly="no", requirepass="pw") as s:
        c = Raw(s.port)
        assert isinstance(c.call("HELLO", "3", "AUTH", "default", "pw", "BOGUS"), Error)
        c.expect("DBSIZE", "-NOAUTH Authentication required.")


def test_timeout_closes_the_idle_and_no_other():
    with Server(timeout=1) as s:
        idle, busy, sub, waiting = s.client(), s.client(), s.client(), s.client()
        idle.expect("PING", "+PONG")
        sub.expect("SUBSCRIBE n", "[subscribe n :1]")
        waiting.send("BRPOP", "q", "0")
        start = time.monotonic()

        def closed():
            busy.expect("PING", "+PONG")
            return len(listed(busy)) == 3

        wait_until(closed, 15, "the idle client to be closed")
        assert time.monotonic() - start > 0.5
        idle.expect_closed()
        busy.expect("LPUSH q x", ":1")
        waiting.expect_read("[q x]")
        sub.expect("PING", '[pong ""]')


def test_client_id_rises(s, new):
    a, b = new(), new()
    x = a.id()
    assert b.id() > x and a.id() == x


def test_client_names(s, a, b):
    a.expect("CLIENT GETNAME", "nil")
    a.expect("CLIENT SETNAME worker-1", "+OK")
    a.expect("CLIENT GETNAME", "worker-1")
    assert [r["id"] for r in listed(b, name="worker-1")] == [str(a.id())]
    a.expect(("CLIENT", "SETNAME", "a b"), "-ERR Client names cannot contain spaces, newlines or special characters.")
    a.expect(("CLIENT", "SETNAME", "a\n"), "-ERR Client names cannot contain spaces, newlines or special characters.")
    a.expect(("CLIENT", "SETNAME", ""), "+OK")
    a.expect("CLIENT GETNAME", "nil")


def test_client_setinfo(s, a, b):
    if s.redis:
        raise Skip("Redis 7.2")
    a.expect("CLIENT SETINFO LIB-NAME redis-py", "+OK")
    a.expect("CLIENT SETINFO lib-ver 5.0.1", "+OK")
    row, = listed(b, id=str(a.id()))
    assert row["lib-name"] == "redis-py" and row["lib-ver"] == "5.0.1", row
    a.expect_error("CLIENT SETINFO FOO x", "ERR Unrecognized option 'FOO'")
    a.expect_error(("CLIENT", "SETINFO", "lib-name", "a b"), "ERR lib-name cannot contain spaces, newlines or special characters.")


def test_client_list_and_info(s, a, b):
    a.expect("SELECT 3", "+OK")
    a.expect("CLIENT SETNAME me", "+OK")
    me = dict(f.split("=", 1) for f in a.call("CLIENT", "INFO").decode().strip().split(" "))
    for field in ("id addr laddr fd name age idle flags db sub psub multi qbuf qbuf-free obl oll omem events cmd user resp").split():
        assert field in me, field
    assert me["name"] == "me" and me["db"] == "3" and me["flags"] == "N" and me["cmd"] == "client|info", me
    assert me["addr"].startswith("127.0.0.1:") and me["laddr"] == "127.0.0.1:%d" % s.port
    b.send("BRPOP", "none", "0")
    blocked(s, 1)
    row, = listed(a, cmd="brpop")
    assert "b" in row["flags"], row


def test_client_list_filters(s, a, b):
    ids = [a.id(), b.id()]
    text = a.call("CLIENT", "LIST", "ID", *ids).decode()
    assert [int(x) for x in re.findall(r"(?:^|\n)id=(\d+)", text)] == sorted(ids)
    b.expect("SUBSCRIBE n", "[subscribe n :1]")
    text = a.call("CLIENT", "LIST", "TYPE", "pubsub").decode()
    assert len(text.splitlines()) == 1 and "id=%d " % ids[1] in text
    a.expect_error("CLIENT LIST TYPE foo", "ERR Unknown client type 'foo'")


def test_client_kill(s, a, new):
    b = new()
    check(a.call("CLIENT", "KILL", "ID", b.id()), ":1")
    b.expect_closed()
    check(a.call("CLIENT", "KILL", "ID", "999999999"), ":0")
    c = new()
    addr = c.call("CLIENT", "INFO").decode().split("addr=")[1].split(" ")[0]
    a.expect("CLIENT KILL " + addr, "+OK")
    c.expect_closed()
    a.expect("CLIENT KILL 1.2.3.4:5", "-ERR No such client")
    d, e = new(), new()
    d.expect("SUBSCRIBE x", "[subscribe x :1]")
    a.expect("CLIENT KILL TYPE pubsub", ":1")
    d.expect_closed()
    e.expect("PING", "+PONG")
    me = a.id()
    check(a.call("CLIENT", "KILL", "ID", me, "SKIPME", "yes"), ":0")
    check(a.call("CLIENT", "KILL", "ID", me, "SKIPME", "no"), ":1")
    a.expect_closed()


def test_client_kill_of_a_blocked_one(s, a, b):
    b.send("BRPOP", "q", "0")
    blocked(s, 1)
    row, = listed(a, cmd="brpop")
    a.expect("CLIENT KILL ID " + row["id"], ":1")
    b.expect_closed()
    a.expect("LPUSH q x", ":1")
    a.expect("LLEN q", ":1")
    blocked(s, 0)


@both
def test_client_unblock(s, a, new):
    b = new()
    ident = b.id()
    nil = "null" if b.proto == 3 else "nil*"
    for how, wanted in ((), nil), (("TIMEOUT",), nil), (("ERROR",), "-UNBLOCKED client unblocked via CLIENT UNBLOCK"):
        b.send("BRPOP", "q", "0")
        blocked(s, 1)
        check(a.call("CLIENT", "UNBLOCK", ident, *how), ":1")
        b.expect_read(wanted)
        check(a.call("CLIENT", "UNBLOCK", ident, *how), ":0")
    b.expect("PING", "+PONG")
    a.expect("CLIENT UNBLOCK 1 FOO", "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
    a.expect_error("CLIENT UNBLOCK abc", "ERR value is not an integer or out of range")


def test_commands_wait_behind_a_blocked_one(s, a, b):
    b.send("BRPOP", "q", "0")
    b.send("PING")
    b.send("INCR", "n")
    blocked(s, 1)
    a.expect("GET n", "nil")
    a.expect("LPUSH q x", ":1")
    b.expect_read("[q x]")
    b.expect_read("+PONG")
    b.expect_read(":1")


def test_a_blocked_client_that_leaves_is_forgotten(s, a, new):
    b = new()
    b.send("BRPOP", "q", "0")
    blocked(s, 1)
    b.close()
    blocked(s, 0)
    a.expect("LPUSH q x", ":1")
    a.expect("LLEN q", ":1")


def test_select(s, a, b):
    a.expect("SET k zero", "+OK")
    a.expect("SELECT 5", "+OK")
    a.expect("GET k", "nil")
    a.expect("SET k five", "+OK")
    a.expect("DBSIZE", ":1")
    b.expect("GET k", "zero")
    a.expect("SELECT 16", "-ERR DB index is out of range")
    a.expect("SELECT -1", "-ERR DB index is out of range")
    a.expect_error("SELECT x", "ERR value is not an integer or out of range" if not s.redis else "ERR")
    a.expect("FLUSHDB", "+OK")
    b.expect("GET k", "zero")


def test_quit(s, a):
    a.send("QUIT")
    a.send("SET", "k", "v")
    a.expect_read("+OK")
    a.expect_closed()
    with_control(s, lambda c: c.expect("GET k", "nil"))


def test_reset(s, new):
    c = new(proto=3)
    c.expect("CLIENT SETNAME me", "+OK")
    c.expect("SELECT 2", "+OK")
    c.expect("WATCH k", "+OK")
    c.expect("SUBSCRIBE n", ">[subscribe n :1]")
    c.expect("MULTI", "+OK")
    c.expect("SET a b", "+QUEUED")
    c.expect("RESET", "+RESET")
    c.expect("GET none", "nil")
    c.expect("CLIENT GETNAME", "nil")
    c.expect("EXEC", "-ERR EXEC without MULTI")
    row = c.call("CLIENT", "INFO").decode()
    assert " db=0 " in row and " sub=0 " in row and " resp=2" in row, row
    with_control(s, lambda o: o.expect("PUBLISH n x", ":0"))


def test_reset_needs_the_password_again():
    with Server(requirepass="secret") as s:
        c = s.client()
        c.expect("AUTH secret", "+OK")
        c.expect("RESET", "+RESET")
        c.expect("GET k", "-NOAUTH Authentication required.")


def test_requirepass():
    with Server(requirepass="secret") as s:
        c = s.client()
        for command in ("PING", "GET k", "NOSUCH", "MULTI", "CLIENT ID", "INFO", "CONFIG GET maxclients", "SUBSCRIBE n"):
            c.expect(command, "-NOAUTH Authentication required." if command != "NOSUCH"
                     else re.compile("-(NOAUTH|ERR unknown command).*"))
        c.expect("AUTH wrong", "-WRONGPASS invalid username-password pair or user is disabled.")
        c.expect("AUTH nobody secret", "-WRONGPASS invalid username-password pair or user is disabled.")
        c.expect_error("AUTH a b c", "ERR")
        c.expect("AUTH default secret", "+OK")
        c.expect("PING", "+PONG")
        c.expect("AUTH wrong", "-WRONGPASS invalid username-password pair or user is disabled.")
        c.expect("PING", "+PONG")
        d = s.client()
        d.expect("QUIT", "+OK")
        d.expect_closed()


def test_auth_without_a_password(s, a):
    a.expect("AUTH x", "-ERR AUTH <password> called without any password configured for the default user. "
             "Are you sure your configuration is correct?")
    a.expect("AUTH default whatever", "+OK")


def test_unix_socket_with_permissions():
    with Server(unixsocket="leanmq.sock", unixsocketperm="700", port=0) as s:
        path = s.unix_path()
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o700
        c = Raw(path=path)
        c.expect("SET k v", "+OK")
        assert "addr=" in c.call("CLIENT", "INFO").decode()
        assert s.stop() == 0
        assert not os.path.exists(path), "the socket file is left behind"


def test_a_stale_unix_socket_is_replaced():
    with Server(unixsocket="leanmq.sock") as s:
        s.kill()
        assert os.path.exists(s.unix_path())
        s.start()
        Raw(path=s.unix_path()).expect("PING", "+PONG")


def test_several_addresses():
    with Server(bind=[("127.0.0.1", "127.0.0.2")]) as s:
        Raw(s.port).expect("PING", "+PONG")
        Raw(s.port, host="127.0.0.2").expect("PING", "+PONG")
        try:
            Raw(s.port, host="127.0.0.3")
            raise AssertionError("127.0.0.3 is served")
        except ConnectionRefusedError:
            pass


def test_ipv6():
    try:
        probe = socket.socket(socket.AF_INET6)
        probe.bind(("::1", 0))
        probe.close()
    except OSError as e:
        raise Skip("no IPv6 here: %s" % e)
    with Server(bind=[("127.0.0.1", "::1")]) as s:
        c = Raw(s.port, host="::1")
        c.expect("PING", "+PONG")
        assert "addr=[::1]:" in c.call("CLIENT", "INFO").decode()


def test_an_address_after_a_dash_may_be_missing():
    with Server(bind=[("127.0.0.1", "-192.0.2.77")]) as s:
        s.client().expect("PING", "+PONG")


def own_address():
    """An address of this machine that is not loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return probe.getsockname()[0]
        except OSError as e:
            raise Skip("no address but loopback: %s" % e)


def test_protected_mode():
    host = own_address()
    with Server(bind="* -::*") as s:
        far = Raw(s.port, host=host)
        reply = far.read()
        assert isinstance(reply, Error) and reply.startswith(b"DENIED "), show(reply)
        assert b"protected mode" in reply
        far.expect_closed()
        s.client().expect("PING", "+PONG")
        s.client().expect("CONFIG SET protected-mode no", "+OK")
        Raw(s.port, host=host).expect("PING", "+PONG")


def test_protected_mode_is_content_with_a_password():
    host = own_address()
    with Server(bind="* -::*", requirepass="secret") as s:
        Raw(s.port, host=host).expect("AUTH secret", "+OK")


def test_tcp_keepalive_is_taken(s, a):
    a.expect("CONFIG GET tcp-keepalive", "[tcp-keepalive 300]")


def test_a_thousand_connections(s, a):
    many = []
    try:
        for _ in range(1000):
            many.append(s.client())
    except OSError as e:
        raise Skip(str(e))
    for c in many:
        c.send("PING")
    for c in many:
        assert isinstance(c.read(), Status)
    assert int(a.info("clients")["connected_clients"]) == 1001
    for c in many:
        c.close()
    wait_until(lambda: int(a.info("clients")["connected_clients"]) == 1, what="all to be gone")


main(globals())
