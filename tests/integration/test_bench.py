#!/usr/bin/python3
"""leanmq-bench: its numbers are there, and what is wrong with a server does not escape it.

The server is $LEANMQD, else the one built, else redis-server; the tool $LEANMQ_BENCH, else the one built.
"""
import json
import os
import re
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import (ROOT, Server, find_leanmqd, free_port, main, temp_dir, wait_until,  # noqa: E402
                    with_control)

QUEUE = "leanmq-bench"


def find_bench():
    for path in (os.environ.get("LEANMQ_BENCH"), "build/plain/leanmq-bench", "leanmq-bench"):
        if path and os.path.exists(os.path.join(ROOT, path)):
            return os.path.join(ROOT, path)
    raise SystemExit("no leanmq-bench: build it, or set LEANMQ_BENCH=path")


def have_leanmqd():
    try:
        return bool(find_leanmqd())
    except SystemExit:
        return False


BENCH = find_bench()
SETTINGS = {"redis": not have_leanmqd()}


def words_of(args):
    return [BENCH] + [str(a) for a in args]


def bench(*args):
    """Its exit status, what it printed and what it complained about."""
    done = subprocess.run(words_of(args), capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def bench_json(s, *args, code=0):
    """One run against a server (or a port), its JSON checked against the exit status."""
    got, out, err = bench(*args, "--port", getattr(s, "port", s), "--json")
    assert got == code, "exit status %d\n%s%s" % (got, out, err)
    r = json.loads(out)
    assert r["ok"] == (code == 0), r
    return r


def expect_clean(r, workload, messages):
    assert (r["workload"], r["messages"]) == (workload, messages), r
    for name in ("lost", "duplicates", "damaged", "unacked", "errors"):
        assert r[name] == 0, (name, r)
    assert r["rate"] > 0 and r["seconds"] >= 0, r
    assert 0 < r["p50_us"] <= r["p99_us"] <= r["max_us"], r
    assert r["cpu_us_per_msg"] >= 0 and r["client_cpu_us_per_msg"] > 0, r


def test_produce(s, a):
    expect_clean(bench_json(s, "produce", "--count", 3000), "produce", 3000)
    a.expect("EXISTS " + QUEUE, ":0")


def test_produce_keeps_the_queue(s, a):
    bench_json(s, "produce", "--count", 300, "--queue", "other", "--keep")
    a.expect("XLEN other", ":300")


def test_consume_what_it_filled(s, a):
    expect_clean(bench_json(s, "consume", "--fill", "--count", 3000), "consume", 3000)
    a.expect("EXISTS " + QUEUE, ":0")


def test_consume_what_others_produced(s, a):
    bench_json(s, "produce", "--count", 1000, "--keep")
    bench_json(s, "produce", "--count", 1000, "--keep", "--first", 1000)
    expect_clean(bench_json(s, "consume", "--count", 2000, "--batch", 7, "--keep"), "consume", 2000)
    a.expect("XPENDING %s bench" % QUEUE, "[:0 nil nil nil*]")


def test_consume_while_others_produce(s, a):
    consumer = subprocess.Popen(words_of(["consume", "--keep", "--count", 2000, "--timeout", 20, "--json",
                                          "--port", s.port]), stdout=subprocess.PIPE, text=True)
    bench_json(s, "produce", "--keep", "--count", 2000, "--rate", 20000)
    out, _ = consumer.communicate(timeout=30)
    expect_clean(json.loads(out), "consume", 2000)


def test_e2e(s, a):
    expect_clean(bench_json(s, "e2e", "--count", 3000), "e2e", 3000)
    a.expect("EXISTS " + QUEUE, ":0")


def test_e2e_shapes(s):
    for size, clients, consumers, pipeline, batch, count in (
            (24, 1, 1, 1, 1, 300), (24, 1, 20, 1, 100, 300), (300000, 3, 2, 4, 5, 60),
            (1000, 30, 1, 2, 1, 999)):
        r = bench_json(s, "e2e", "--size", size, "--clients", clients, "--consumers", consumers, "--pipeline",
                       pipeline, "--batch", batch, "--count", count)
        expect_clean(r, "e2e", count)


def test_rate_is_kept(s):
    r = bench_json(s, "e2e", "--count", 500, "--rate", 1000)
    expect_clean(r, "e2e", 500)
    assert r["rate"] < 1200, r


def test_text_for_people(s):
    code, out, err = bench("e2e", "--port", s.port, "--count", 1000)
    assert (code, err) == (0, ""), err
    for part in (r"e2e: 1000 messages of 100 bytes", r"rate +\d+ msg/s", r"p50 \d+ us, p99 \d+ us",
                 r"server [\d.]+ us/msg", r"1000 received, 0 lost, 0 duplicates"):
        assert re.search(part, out), (part, out)


def test_unix_socket():
    # A socket's path is short by nature; the server's own folder may be anywhere.
    path = os.path.join(temp_dir(), "s")
    with Server(unixsocket=path, **SETTINGS) as s:
        code, out, err = bench("e2e", "--unix", path, "--count", 500, "--json")
        assert code == 0, err
        expect_clean(json.loads(out), "e2e", 500)
        code, out, err = bench("compare", "unix:" + path, "127.0.0.1:%d" % s.port, "--count", 500,
                               "--rounds", 1)
        assert code == 0, err


def test_compare(s):
    at = "127.0.0.1:%d" % s.port
    for workload in ("produce", "consume", "e2e"):
        code, out, err = bench("compare", at, at, "--workload", workload, "--rounds", 3, "--count", 3000,
                               "--json")
        assert code == 0, err
        r = json.loads(out)
        assert len(r["rounds"]) == 3 and r["ok"] and r["workload"] == workload, r
        for one in r["rounds"]:
            expect_clean(one["a"], workload, 3000)
            expect_clean(one["b"], workload, 3000)
        ratios = sorted(one["rate_ratio"] for one in r["rounds"])
        assert r["median_rate_ratio"] == ratios[1] > 0, r
    code, out, err = bench("compare", at, at, "--rounds", 2, "--count", 2000)
    assert code == 0 and re.search(r"median B/A: cpu \S+, rate [\d.]+", out), (out, err)


def test_compare_stops_at_a_failure(s):
    code, out, err = bench("compare", "127.0.0.1:%d" % s.port, "127.0.0.1:%d" % free_port(), "--count", 100,
                           "--json")
    assert code == 1 and not json.loads(out)["ok"] and "Connection refused" in err, (code, out, err)


# ---------------------------------------------------------------------------------------------
# What is wrong is found

def test_a_lost_message(s, a):
    bench_json(s, "produce", "--count", 100, "--keep")
    gone = a.call("XRANGE", QUEUE, "-", "+", "COUNT", "1")[0][0]
    a.expect(("XDEL", QUEUE, gone), ":1")
    r = bench_json(s, "consume", "--count", 100, "--timeout", 1, code=1)
    assert r["lost"] == 1 and r["messages"] == 99 and "timed out" in r["failure"], r


def test_a_duplicate_is_counted(s, a):
    bench_json(s, "produce", "--count", 50, "--keep")
    bench_json(s, "produce", "--count", 60, "--keep")
    r = bench_json(s, "consume", "--count", 60)
    assert r["duplicates"] == 50 and r["lost"] == 0, r


def test_a_damaged_message(s, a):
    bench_json(s, "produce", "--count", 100, "--keep")
    value = bytearray(a.call("XRANGE", QUEUE, "-", "+", "COUNT", "1")[0][1][1])
    for place in (0, 8, 16, 60, 99):                    # number, time, check, body, last byte
        bad = bytearray(value)
        bad[place] ^= 1
        a.call("XADD", QUEUE, "*", "d", bad)
    a.call("XADD", QUEUE, "*", "d", "short")
    r = bench_json(s, "consume", "--count", 100, "--batch", 1000, code=1)
    assert r["damaged"] == 6 and r["lost"] == 0, r


def test_error_replies(s, a):
    a.expect("SET %s x" % QUEUE, "+OK")
    r = bench_json(s, "produce", "--count", 100, "--keep", code=1)
    assert r["errors"] == 100 and r["first_error"].startswith("WRONGTYPE"), r
    code, _, err = bench("consume", "--port", s.port, "--keep")
    assert code == 1 and "WRONGTYPE" in err, err


def test_a_group_that_goes_away(s, a):
    run = subprocess.Popen(words_of(["e2e", "--count", 5000, "--rate", 1000, "--port", s.port]),
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: a.call("XLEN", QUEUE) > 100)
    a.expect("XGROUP DESTROY %s bench" % QUEUE, ":1")
    _, err = run.communicate(timeout=20)
    assert run.returncode == 1 and "XREADGROUP" in err, err


def test_a_server_that_goes_away():
    with Server(**SETTINGS) as s:
        run = subprocess.Popen(words_of(["e2e", "--count", 50000, "--rate", 1000, "--port", s.port]),
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        with_control(s, lambda c: wait_until(lambda: c.call("XLEN", QUEUE) > 100))
        s.kill()
        _, err = run.communicate(timeout=20)
        assert run.returncode == 1 and re.search("closed the connection|cannot (send|receive)", err), err


def test_a_password():
    with Server(requirepass="secret", **SETTINGS) as s:
        expect_clean(bench_json(s, "e2e", "--count", 200, "--auth", "secret"), "e2e", 200)
        r = bench_json(s, "e2e", "--count", 200, "--auth", "secret", "--user", "default")
        expect_clean(r, "e2e", 200)
        code, _, err = bench("e2e", "--port", s.port)
        assert code == 1 and "use --auth: NOAUTH" in err, err
        code, _, err = bench("e2e", "--port", s.port, "--auth", "wrong")
        assert code == 1 and "login failed: WRONGPASS" in err, err


def test_nobody_there():
    port = free_port()
    code, _, err = bench("e2e", "--port", port)
    assert code == 1 and "cannot connect to 127.0.0.1:%d: Connection refused" % port in err, err
    code, _, err = bench("e2e", "--unix", "/nonexistent/s")
    assert code == 1 and "No such file" in err, err


def test_command_line():
    for args in ((), ("other",), ("e2e", "more"), ("e2e", "--size", 23), ("e2e", "--count", "1x"),
                 ("e2e", "--no-such"), ("compare", "a", "b"), ("compare", "h:1"),
                 ("compare", "h:1", "h:99999")):
        code, out, err = bench(*args)
        assert code == 2 and not out and err, (args, code, out, err)
    code, out, err = bench("--help")
    assert code == 0 and "--pipeline" in out and not err


# ---------------------------------------------------------------------------------------------
# Servers that are no server

class Listener:
    """A port; each connection is given to `serve` in a thread of its own."""

    def __init__(self, serve):
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self._accept, args=(serve,), daemon=True).start()

    def _accept(self, serve):
        while True:
            try:
                conn, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(serve, conn), daemon=True).start()

    @staticmethod
    def _serve(serve, conn):
        try:
            serve(conn)
        except OSError:
            pass
        finally:
            conn.close()

    def close(self):
        self.sock.close()


def test_replies_in_pieces(s):
    def forward(src, dst, size):
        try:
            while data := src.recv(1 << 16):
                for i in range(0, len(data), size):
                    dst.sendall(data[i:i + size])
        except OSError:
            pass
        finally:
            dst.close()

    for size in (1, 7, 1000):
        def serve(conn):
            up = socket.create_connection(("127.0.0.1", s.port))
            for c in (conn, up):
                c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=forward, args=(conn, up, 1 << 16), daemon=True).start()
            forward(up, conn, size)

        proxy = Listener(serve)
        expect_clean(bench_json(proxy, "e2e", "--count", 200, "--clients", 2), "e2e", 200)
        proxy.close()


def test_not_redis():
    def serve(conn):
        conn.recv(100)
        conn.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    listener = Listener(serve)
    code, _, err = bench("e2e", "--port", listener.port)
    assert code == 1 and "does not speak Redis' protocol" in err, err
    listener.close()


def test_silence_has_an_end():
    listener = Listener(lambda conn: conn.recv(1 << 16) and conn.recv(1))
    code, _, err = bench("e2e", "--port", listener.port, "--timeout", 1)
    assert code == 1 and "timed out" in err, err
    listener.close()


if __name__ == "__main__":
    main(globals(), SETTINGS)
