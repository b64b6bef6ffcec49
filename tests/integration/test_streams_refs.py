#!/usr/bin/python3
"""KEEPREF, DELREF and ACKED: what groups still refer to, on the wire, over restarts, and told to Redis."""
import os
import random
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import (Error, Server, Skip, as_map, both, cpu_ms, find_leanmqd, main, show,  # noqa: E402
                    testing_redis, wait_until)

KEYS = ["k%d" % i for i in range(4)]
GROUPS = ["g", "h"]


def newer():
    if testing_redis():
        raise Skip("Redis 7.0 has no XDELEX")


def fill(c, key, n, first=1):
    c.pipeline([("XADD", key, "%d-0" % i, "n", i) for i in range(first, first + n)])


def pending(c, key, group):
    return [r[0].decode() for r in c.call("XPENDING", key, group, "-", "+", 1000)]


@both
def test_a_message_goes_when_the_last_group_is_done(a):
    newer()
    fill(a, "k", 3)
    for g in GROUPS:
        a.expect("XGROUP CREATE k %s 0" % g, "+OK")
        a.call("XREADGROUP", "GROUP", g, "c", "STREAMS", "k", ">")
    a.expect("XACKDEL k g ACKED IDS 2 1-0 2-0", "[:2 :2]")
    a.expect("XACKDEL k h ACKED IDS 2 1-0 3-0", "[:1 :2]")
    a.expect("XLEN k", ":2")
    a.expect("XTRIM k MAXLEN 0 ACKED", ":0")
    a.expect("XACK k g 3-0", ":1")
    a.expect("XTRIM k MAXLEN 0 ACKED", ":1")
    assert pending(a, "k", "h") == ["2-0"]
    a.expect("XDELEX k DELREF IDS 2 2-0 9-0", "[:1 :-1]")
    assert pending(a, "k", "h") == []
    a.expect("XDELEX none IDS 1 1-0", "[:-1]")


def test_no_trim_is_a_deletion(a):
    newer()
    fill(a, "k", 5)
    a.expect("XGROUP CREATE k g 0", "+OK")
    a.call("XREADGROUP", "GROUP", "g", "c", "STREAMS", "k", ">")
    a.expect("XACK k g 2-0 4-0", ":2")
    a.expect("XTRIM k MAXLEN 0 ACKED", ":2")
    info = as_map(a.call("XINFO", "STREAM", "k"))
    assert (info[b"length"], info[b"max-deleted-entry-id"]) == (3, b"0-0"), info
    assert as_map(a.call("XINFO", "GROUPS", "k")[0])[b"lag"] == 0


def test_commands_are_known_to_clients(a):
    newer()
    arity = [(r[0], r[1], r[3:6]) for r in a.call("COMMAND", "INFO", "XDELEX", "XACKDEL")]
    assert arity == [(b"xdelex", -5, [1, 1, 1]), (b"xackdel", -6, [1, 1, 1])], arity
    a.expect("COMMAND GETKEYS XACKDEL k g IDS 1 1-0", "[k]")


def history(c, seed, n):
    """Deliveries, acknowledgements, and every way for a message to go."""
    rng = random.Random(seed)
    top = dict.fromkeys(KEYS, 0)
    commands = [("XGROUP", "CREATE", k, g, 0, "MKSTREAM") for k in KEYS for g in GROUPS]
    for _ in range(n):
        k, g = rng.choice(KEYS), rng.choice(GROUPS)
        refs = rng.choice(("KEEPREF", "DELREF", "ACKED", "ACKED"))
        ids = ["%d-0" % rng.randint(max(1, top[k] - 12), top[k] + 1) for _ in range(rng.choice((1, 2, 5)))]
        pick = rng.randrange(20)
        trim = rng.choice((("MAXLEN", "=", rng.randrange(12)), ("MAXLEN", "~", rng.randrange(12)),
                           ("MINID", max(0, top[k] - rng.randrange(12)))))
        if pick < 6:
            top[k] += 1
            options = (refs,) + trim if rng.random() < 0.4 else ()
            commands.append(("XADD", k) + options + ("%d-0" % top[k], "n", top[k]))
        elif pick < 11:
            commands.append(("XREADGROUP", "GROUP", g, rng.choice("ab"), "COUNT", rng.randint(1, 4), "STREAMS", k, ">"))
        elif pick < 14:
            commands.append(("XACK", k, g, *ids))
        elif pick < 16:
            commands.append(("XDELEX", k, refs, "IDS", len(ids), *ids))
        elif pick < 18:
            commands.append(("XACKDEL", k, g, refs, "IDS", len(ids), *ids))
        elif pick < 19:
            commands.append(("XTRIM", k) + trim + (refs,))
        else:
            commands.append(("XDEL", k, ids[0]))
    replies = c.pipeline(commands)
    bad = [(x, r) for x, r in zip(commands, replies) if isinstance(r, Error)]
    assert not bad, bad[:3]


def state(c):
    """Messages, and what is pending with owners and counts."""
    out = {}
    for k in KEYS:
        out[k] = [show(c.call("XRANGE", k, "-", "+"))]
        for g in GROUPS:
            out[k].append([(r[0], r[1], r[3]) for r in c.call("XPENDING", k, g, "-", "+", 10000)])
        out[k].append([(m[b"name"], m[b"last-delivered-id"]) for m in map(as_map, c.call("XINFO", "GROUPS", k))])
    return out


def digest(s):
    c = s.client()
    try:
        return show(c.call("DEBUG", "DIGEST"))
    finally:
        c.close()


def test_kept_over_kill_and_rewrite():
    newer()
    for seed in range(3):
        with Server(stream_node_max_entries=4) as s:
            history(s.client(), seed, 800)
            before = digest(s)
            s.restart(hard=True)
            assert digest(s) == before, "after kill -9, seed %d" % seed
            c = s.client()
            c.call("BGREWRITEAOF")
            wait_until(lambda: c.info("persistence")["aof_rewrite_in_progress"] == "0", what="the rewrite")
            s.restart(hard=True)
            assert digest(s) == before, "after a rewrite, seed %d" % seed


def test_exported_to_redis():
    newer()
    tool = os.path.join(os.path.dirname(os.path.realpath(find_leanmqd())), "leanmq-check-aof")
    if not os.path.exists(tool):
        raise Skip("no %s" % tool)
    with Server(stream_node_max_entries=4) as s:
        history(s.client(), 11, 800)
        wanted = state(s.client())
        assert s.stop() == 0
        export = os.path.join(s.dir, "export.aof")
        r = subprocess.run([tool, "--export", export, os.path.join(s.dir, "appendonlydir")], capture_output=True, text=True, timeout=60)
        assert r.returncode == 0 and "could not be told" not in r.stderr, r.stdout + r.stderr
    with open(export, "rb") as f, Server(redis=True, appendonly="no") as redis:
        c = redis.client()
        c.send_raw(f.read())
        c.send("PING")
        errors = []
        while True:
            reply = c.read()
            if reply == b"PONG":
                break
            if isinstance(reply, Error):
                errors.append(reply)
        assert not errors, errors[:3]
        got = state(c)
        for k in KEYS:
            assert got[k] == wanted[k], "%s\n%s\n%s" % (k, got[k], wanted[k])


def test_one_trim_of_many(a):
    newer()
    n = 60000
    fill(a, "k", n)
    a.expect("XGROUP CREATE k g 0", "+OK")
    a.call("XREADGROUP", "GROUP", "g", "c", "STREAMS", "k", ">")
    a.expect("XTRIM k MAXLEN ~ 0 LIMIT 0 ACKED", ":0")
    a.pipeline([("XACK", "k", "g", *["%d-0" % i for i in range(at, at + 1000)]) for at in range(2, n - 1000, 1000)])
    left = int(a.call("XPENDING", "k", "g")[0])
    a.expect("XTRIM k MAXLEN ~ 0 LIMIT 40000 ACKED", ":39999")        # 1-0 stays in its node of a hundred
    a.expect("XTRIM k MAXLEN 0 ACKED", ":%d" % (n - 39999 - left))
    a.expect("XLEN k", ":%d" % left)
    a.expect("XTRIM k MINID 99999999 DELREF", ":%d" % left)
    a.expect("XPENDING k g", "[:0 nil nil nil*]")


def test_a_message_never_acknowledged_costs_no_add(s, a):
    """100,000 messages hang in the group while others come and go: each XADD must not look at all of them."""
    newer()
    n = 100000
    fill(a, "k", n)
    a.expect("XGROUP CREATE k g 0", "+OK")
    a.call("XREADGROUP", "GROUP", "g", "dead", "STREAMS", "k", ">")
    for trim in (("MAXLEN", "10"), ("MAXLEN", "~", "10")):
        before = cpu_ms(s.pid)
        for i in range(n + 1, n + 1001):
            a.pipeline([("XADD", "k", *trim, "ACKED", "%d-0" % i, "f", "v"), ("XACK", "k", "g", "%d-0" % (i - 1)),
                        ("XREADGROUP", "GROUP", "g", "live", "STREAMS", "k", ">")])
        assert cpu_ms(s.pid) - before < 3000, "%d ms" % (cpu_ms(s.pid) - before)
        n += 1000
    assert a.call("XLEN", "k") < 100000 + 200
    a.expect("XGROUP DELCONSUMER k g dead", ":99999")
    assert a.call("XTRIM", "k", "MAXLEN", "10", "ACKED") >= 100000 - 10


main(globals())
