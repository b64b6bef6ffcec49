#!/usr/bin/python3
"""The process: signals, log, pid file, the service manager, SHUTDOWN, INFO and COMMAND."""
import os
import re
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import (Closed, Error, Map, Server, Skip, blocked, find_leanmqd, main, show, temp_dir,  # noqa: E402
                    testing_redis, wait_until)


def test_sigterm_is_a_clean_end():
    with Server() as s:
        c, waiting = s.client(), s.client()
        c.expect("SET k v", "+OK")
        waiting.send("BRPOP", "q", "0")
        blocked(s, 1)
        assert s.stop() == 0
        c.expect_closed()
        s.start()
        s.client().expect("GET k", "v")
        assert not re.search(r"truncated|damaged", s.log(), re.I), s.log()


def test_a_second_sigterm_does_not_wait():
    """The first one waits a little for a client that does not read; the second one for nobody."""
    with Server(appendonly="no") as s:
        c = s.client()
        c.expect(["SET", "big", "v" * 1000000], "+OK")
        deaf = s.client()
        for _ in range(40):
            deaf.send("GET", "big")
        unread = lambda: max(int(x) for x in re.findall(rb"omem=(\d+)", c.call("CLIENT", "LIST")))  # noqa: E731
        wait_until(lambda: unread() > 10000000, what="replies that nobody reads")
        began = time.monotonic()
        s.signal(signal.SIGTERM)
        wait_until(lambda: "ending:" in s.log(), what="the end to begin")
        s.signal(signal.SIGTERM)
        s.wait_exit()
        assert time.monotonic() - began < 1.5, "it waited all the same"


def test_sigint_too():
    with Server(appendonly="no") as s:
        s.signal(signal.SIGINT)
        assert s.wait_exit() == 0


def test_sigterm_under_load_keeps_what_was_answered():
    with Server(appendfsync="everysec") as s:
        c = s.client()
        n = 0
        try:
            while True:
                if n == 2000:
                    s.signal(signal.SIGTERM)
                got = c.call("INCR", "n")
                assert not isinstance(got, Error), show(got)
                n = got
        except Closed:
            pass
        assert s.wait_exit() == 0
        s.start()
        assert int(s.client().call("GET", "n")) in (n, n + 1)


def test_log_to_standard_error():
    p = subprocess.run([find_leanmqd(), "--port", "0", "--appendonly", "no", "--logfile", "stderr", "--unixsocket", os.path.join(temp_dir(), "s"),
                        "--pidfile", "/nowhere/pid"], capture_output=True, text=True, timeout=20)
    assert p.returncode == 1 and p.stdout == "" and "starting: " in p.stderr, p


def test_sighup_reopens_the_log():
    if testing_redis():
        raise Skip("Redis opens its log for each line")
    with Server(logfile="server.log", appendonly="no") as s:
        path = os.path.join(s.dir, "server.log")
        wait_until(lambda: os.path.exists(path) and os.path.getsize(path), what="the log")
        os.rename(path, path + ".1")
        s.signal(signal.SIGHUP)
        wait_until(lambda: os.path.exists(path), what="a new log file")
        s.client().expect("PING", "+PONG")
        assert s.stop() == 0
        assert os.path.getsize(path) > 0, "the end of the server is not in the new log"


def test_a_lost_client_is_no_signal():
    """Writing to a closed connection must not end the server (SIGPIPE)."""
    with Server(appendonly="no") as s:
        for _ in range(5):
            c = s.client()
            c.send_raw(b"*2\r\n$4\r\nECHO\r\n$100\r\n" + b"x" * 100 + b"\r\n" + b"PING\r\n" * 2000)
            c.close()
        s.client().expect("PING", "+PONG")


def test_pidfile():
    with Server(pidfile="leanmqd.pid", appendonly="no") as s:
        path = os.path.join(s.dir, "leanmqd.pid")
        wait_until(lambda: os.path.exists(path) and os.path.getsize(path), what="the pid file")
        with open(path) as f:
            assert int(f.read()) == s.pid
        assert s.stop() == 0
        assert not os.path.exists(path), "the pid file is left behind"


def listen_notify():
    path = os.path.join(temp_dir(), "notify")
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(path)
    sock.settimeout(10)
    return sock, path


def test_the_service_manager_is_told():
    if testing_redis():
        raise Skip("not without libsystemd")
    sock, path = listen_notify()
    with Server(env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "200000"}) as s:
        said = []

        def hear(word):
            while not any(word in m for m in said):
                said.append(sock.recv(4096).decode())

        hear("READY=1")
        s.client().expect("PING", "+PONG")
        start = time.monotonic()
        for _ in range(3):
            said.clear()
            hear("WATCHDOG=1")
        assert time.monotonic() - start < 2
        said.clear()
        s.signal(signal.SIGTERM)
        hear("STOPPING=1")
        assert s.wait_exit() == 0


def test_ready_comes_after_loading():
    if testing_redis():
        raise Skip("not without libsystemd")
    with Server() as s:
        c = s.client()
        c.pipeline([("XADD", "k", "*", "f", "v" * 100)] * 5000)
        s.kill()
        sock, path = listen_notify()
        s.env = {"NOTIFY_SOCKET": path}
        s.start(wait=False)
        while "READY=1" not in sock.recv(4096).decode():
            pass
        assert s.client().call("XLEN", "k") == 5000


def test_shutdown():
    for how in ((), ("NOSAVE",), ("SAVE",)):
        with Server() as s:
            c = s.client()
            c.expect("SET k v", "+OK")
            c.send("SHUTDOWN", *how)
            got = c.expect_closed()
            if got and how == ("SAVE",) and not s.redis:
                continue                # an honest error is as good
            assert not got, show(got)
            assert s.wait_exit() == 0
            s.start()
            s.client().expect("GET k", "v")


def test_info(s, a):
    text = a.call("INFO").decode()
    assert "\r\n" in text and "# Server\r\n" in text
    server = a.info("server")
    assert re.match(r"7\.\d+\.\d+", server["redis_version"]), server["redis_version"]
    assert server["tcp_port"] == str(s.port) and server["process_id"] == str(s.pid) and len(server["run_id"]) == 40
    if not s.redis:
        assert server["server_name"] == "leanmqd" and server["leanmqd_version"]
        assert a.info("durability")
    for section, fields in (("clients", "connected_clients blocked_clients maxclients"),
                            ("memory", "used_memory used_memory_human used_memory_peak_human maxmemory maxmemory_policy"),
                            ("persistence", "loading aof_enabled"), ("stats", "total_connections_received total_commands_processed"),
                            ("replication", "role")):
        got = a.info(section)
        for field in fields.split():
            assert field in got, (section, field)
    assert a.info("replication")["role"] == "master"
    a.expect("SET k v EX 100", "+OK")
    a.expect("SET k2 v", "+OK")
    assert a.info("keyspace")["db0"].startswith("keys=2,expires=1"), a.info("keyspace")


def test_counters_of_info(s, a):
    before = int(a.info("stats")["total_commands_processed"])
    for _ in range(10):
        a.expect("PING", "+PONG")
    assert int(a.info("stats")["total_commands_processed"]) - before >= 10
    a.expect("SET k v PX 20", "+OK")
    wait_until(lambda: a.call("DBSIZE") == 0, what="active expiry")
    assert int(a.info("stats")["expired_keys"]) >= 1


def test_command(s, a, new):
    assert a.call("COMMAND", "COUNT") > 50
    rows = a.call("COMMAND", "INFO", "get", "xadd", "nosuch")
    get, xadd, none = rows
    assert get[0] == b"get" and get[1] == 2 and get[3:6] == [1, 1, 1], show(get)
    assert xadd[0] == b"xadd" and xadd[1] == -5, show(xadd)
    assert show(none) == "nil", show(none)
    assert {f.decode() for f in xadd[2]} >= {"write", "denyoom", "fast"}, show(xadd)
    all_rows = a.call("COMMAND")
    assert len(all_rows) == a.call("COMMAND", "COUNT")
    docs = new(proto=3).call("COMMAND", "DOCS", "xadd")
    assert isinstance(docs, Map) and docs[0][0] == b"xadd" and docs[0][1].get("summary"), show(docs)[:200]
    a.expect("COMMAND GETKEYS SET a b", "[a]")
    a.expect("COMMAND GETKEYS XREADGROUP GROUP streams c STREAMS x y > >", "[x y]")
    a.expect("COMMAND GETKEYS BRPOP a b 0", "[a b]")
    a.expect("COMMAND GETKEYS PING x", "-ERR The command has no key arguments")


def test_debug_sleep_and_digest(s, a):
    empty = show(a.call("DEBUG", "DIGEST"))
    a.expect("SET k v", "+OK")
    one = show(a.call("DEBUG", "DIGEST"))
    assert one != empty
    a.expect("SET k w", "+OK")
    assert show(a.call("DEBUG", "DIGEST")) not in (one, empty)
    a.expect("DEL k", ":1")
    assert show(a.call("DEBUG", "DIGEST")) == empty
    start = time.monotonic()
    a.expect("DEBUG SLEEP 0.1", "+OK")
    assert time.monotonic() - start >= 0.1


def test_a_command_never_seen(a):
    a.expect("NOSUCH a b", "-ERR unknown command 'NOSUCH', with args beginning with: 'a' 'b' ")
    a.expect("XADD k", "-ERR wrong number of arguments for 'xadd' command")


def test_idle_costs_no_cpu():
    """No busy loop: half a second with idle and blocked clients uses next to nothing."""
    from leanmq import cpu_ms
    with Server(appendonly="no") as s:
        c = s.client()
        c.expect("PING", "+PONG")
        b = s.client()
        b.send("BRPOP", "q", "0")
        blocked(s, 1)
        before = cpu_ms(s.pid)
        time.sleep(0.5)
        used = cpu_ms(s.pid) - before
        assert used <= 50, "%d ms of CPU in half a second of nothing" % used


def test_redis_cli():
    """An unmodified redis-cli works on it."""
    if subprocess.run(["which", "redis-cli"], capture_output=True).returncode:
        raise Skip("no redis-cli")
    with Server(appendonly="no") as s:
        def cli(*args, **kw):
            return subprocess.run(["redis-cli", "-p", str(s.port)] + list(args), capture_output=True, text=True, timeout=20, **kw)
        assert cli("PING").stdout == "PONG\n"
        assert cli("XADD", "k", "1-1", "f", "v").stdout == "1-1\n"
        assert cli("-3", "XREAD", "STREAMS", "k", "0").stdout.startswith('1# "k"') or "1-1" in cli("-3", "XREAD", "STREAMS", "k", "0").stdout
        assert cli(input="SET a 1\nINCR a\nGET a\n").stdout.splitlines() == ["OK", "2", "2"]
        assert "1-1" in cli("--csv", "XRANGE", "k", "-", "+").stdout


main(globals())
