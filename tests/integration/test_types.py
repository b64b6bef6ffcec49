#!/usr/bin/python3
"""Strings, lists, hashes, sets and sorted sets as redis-py's users meet them, and after a restart."""
import os
import random
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import redis  # noqa: E402
from leanmq import Error, Server, blocked, both, check, main, wait_until  # noqa: E402


def fill(r):
    r.append("text", "a" * 100)
    r.append("text", b"\x00b")
    r.setrange("text", 200, "end")
    r.setbit("bits", 1000, 1)
    r.bitfield("bits").set("u8", "#3", 200).incrby("i5", 100, -3).execute()
    r.incrbyfloat("sum", "0.1")
    r.hset("user", mapping={"name": "ann", "age": "31", "n": "5"})
    r.hincrby("user", "n", -2)
    r.hset("large", mapping={"f%d" % i: "v%d" % i for i in range(2000)})
    r.sadd("ids", *range(100))
    r.sadd("ids:many", *range(2000))
    r.sadd("tags", "a", "b", "c" * 100)
    r.zadd("board", {"ann": 3.5, "bob": -1, "eve": float("inf")})
    r.zadd("board:many", {"m%d" % i: i % 50 for i in range(2000)})
    r.rpush("todo", *range(50))
    r.lrem("todo", 0, 7)
    r.linsert("todo", "before", 9, "x")
    r.ltrim("todo", 1, -2)


def state(r):
    return {
        "strings": r.mget("text", "bits", "sum"),
        "hashes": [r.hgetall("user"), r.hgetall("large")],
        "sets": [r.smembers("ids"), r.smembers("ids:many"), r.smembers("tags")],
        "zsets": [r.zrange("board", 0, -1, withscores=True), r.zrange("board:many", 0, -1, withscores=True)],
        "lists": r.lrange("todo", 0, -1),
    }


def test_values_survive_kill_and_rewrite():
    with Server() as s:
        r = redis.Redis(port=s.port)
        fill(r)
        before = state(r)
        s.signal(9)
        s.wait_exit()
        s.start()
        r = redis.Redis(port=s.port)
        assert state(r) == before
        r.bgrewriteaof()
        wait_until(lambda: r.info("persistence")["aof_rewrite_in_progress"] == 0, what="the rewrite")
        s.signal(9)
        s.wait_exit()
        s.start()
        assert state(redis.Redis(port=s.port)) == before


def test_nothing_has_room_at_every_offset(a):
    """SETRANGE of no bytes is no error however far it points: there is nothing to write."""
    a.expect(("SETRANGE", "k", "9223372036854775807", ""), ":0")
    a.expect("EXISTS k", ":0")
    a.expect("SET k abc", "+OK")
    a.expect(("SETRANGE", "k", "9223372036854775807", ""), ":3")
    a.expect_error("SETRANGE k 9223372036854775807 x", "ERR string exceeds maximum allowed size")
    a.expect("GET k", "abc")


def test_bits_of_every_length(a):
    """BITOP and BITPOS go by words and end by bytes: strings of 0 to 40 bytes, against numbers of Python."""
    r = random.Random(1)
    for _ in range(300):
        text = [bytes(r.choice((0, 0xff, r.randrange(256))) for _ in range(r.randrange(41))) for _ in range(3)]
        n = max(map(len, text))
        for i, t in enumerate(text):
            a.call("SET", "k%d" % i, t)
        number = [int.from_bytes(t.ljust(n, b"\0"), "big") for t in text]
        x, y, z = number
        for op, wanted in (("AND", x & y & z), ("OR", x | y | z), ("XOR", x ^ y ^ z)):
            assert a.call("BITOP", op, "to", "k0", "k1", "k2") == n
            assert (a.call("GET", "to") or b"") == wanted.to_bytes(n, "big")
        a.call("BITOP", "NOT", "k0", "k0")
        assert (a.call("GET", "k0") or b"") == bytes(b ^ 0xff for b in text[0])
        bits = "".join("{:08b}".format(b) for b in text[1])
        if bits:
            first = r.randrange(len(bits))
            for bit in "01":
                assert a.call("BITPOS", "k1", bit, first, -1, "BIT") == bits.find(bit, first)


def test_what_removes_nothing_is_not_journaled():
    with Server() as s:
        a = s.client()
        a.expect("SADD s 1 a", ":2")
        a.expect("HSET h f v", ":1")
        a.expect("ZADD z 1 m", ":1")
        before = a.info("persistence")["aof_current_size"]
        for command in ("SREM s 2 b", "SMOVE s t b", "HDEL h g", "ZREM z n"):
            a.expect(command, ":0")
        assert a.info("persistence")["aof_current_size"] == before


@both
def test_waiters_of_every_type_are_served_in_turn(s, a, b, c, d):
    for n, (client, command) in enumerate(((a, "BLPOP k 0"), (b, "BZPOPMIN k 0"), (c, "BRPOP k 0"))):
        client.send(*command.split())
        blocked(s, n + 1)
    d.expect("ZADD k 1 m", ":1")                # only the one who wants a sorted set
    b.expect_read("[k m ,1]" if b.proto == 3 else "[k m 1]")
    d.expect("RPUSH k a b", ":2")               # the oldest one first
    a.expect_read("[k a]")
    c.expect_read("[k b]")
    d.expect("EXISTS k", ":0")


def test_moves_go_round_among_waiters(s, a, b, c):
    a.send("BLMOVE", "one", "two", "LEFT", "RIGHT", "0")
    blocked(s, 1)
    b.send("BRPOPLPUSH", "two", "three", "0")
    blocked(s, 2)
    c.expect("RPUSH one x", ":1")
    a.expect_read("x")
    b.expect_read("x")
    c.expect("LRANGE three 0 -1", "[x]")
    c.expect("EXISTS one two", ":0")


def test_a_waiting_move_hears_of_a_wrong_target(s, a, c):
    c.expect("SET target text", "+OK")
    a.send("BLMOVE", "source", "target", "LEFT", "RIGHT", "0")
    blocked(s, 1)
    c.expect("RPUSH source x", ":1")
    reply = a.read()
    assert isinstance(reply, Error) and reply.startswith(b"WRONGTYPE"), reply
    c.expect("LRANGE source 0 -1", "[x]")       # nothing was lost


def test_exactly_so_many(s, a, c):
    check(c.call("LMOVEM", "in", "out", "LEFT", "RIGHT", "EXACTLY", "3", "BULK"), "nil*")
    a.send("BLMOVEM", "in", "out", "LEFT", "RIGHT", "0", "EXACTLY", "3", "OBO")
    blocked(s, 1)
    c.expect("RPUSH in 1 2", ":2")
    blocked(s, 1)
    c.expect("RPUSH in 3 4", ":4")
    a.expect_read("[1 2 3]")
    c.expect("LRANGE in 0 -1", "[4]")
    c.expect("RPUSH in 5 6", ":3")
    c.expect("LMOVEM in in LEFT LEFT COUNT 2 OBO", "[5 4]")
    c.expect("LRANGE in 0 -1", "[5 4 6]")
    c.expect("LMOVEM in in RIGHT RIGHT COUNT 9 BULK", "[5 4 6]")
    c.expect("LRANGE in 0 -1", "[5 4 6]")
    c.expect("LMOVEM in in RIGHT RIGHT COUNT 9 OBO", "[6 4 5]")
    c.expect("LRANGE in 0 -1", "[6 4 5]")
    c.expect("LMOVEM none out LEFT LEFT", "[]")
    c.expect_error("LMOVEM in out LEFT LEFT COUNT 2", "ERR syntax error")
    c.expect_error("LMOVEM in out LEFT LEFT COUNT 0 OBO", "ERR count should be greater than 0")


def test_a_list_that_goes_round_keeps_its_time_limit(c):
    c.expect("RPUSH k x", ":1")
    c.expect("EXPIRE k 1000", ":1")
    for ends in ("LEFT LEFT", "LEFT RIGHT", "RIGHT LEFT", "RIGHT RIGHT"):
        c.expect("LMOVE k k " + ends, "x")
    c.expect("RPUSH k y", ":2")
    c.expect("LMOVEM k k LEFT LEFT COUNT 2 OBO", "[y x]")
    assert 990 < c.call("TTL", "k") <= 1000


def test_random_picks_are_distinct(c):
    c.call("SADD", "s", *range(5000))
    for key, kind in (("s", "SRANDMEMBER"),):
        for n in (1, 10, 1000, 4000, 5000, 9000):
            got = c.call(kind, key, str(n))
            assert len(got) == len(set(got)) == min(n, 5000), (kind, n, len(got))
    got = c.call("SPOP", "s", "4999")
    assert len(set(got)) == 4999 and c.call("SCARD", "s") == 1
    assert len(c.call("SRANDMEMBER", "s", "-1000")) == 1000
    c.expect_error("SRANDMEMBER s -99999999999", "ERR value is out of range")


def test_many_workers_lose_nothing():
    with Server() as s:
        n, got = 4000, []

        def work():
            r = redis.Redis(port=s.port)
            while True:
                item = r.blmove("jobs", "doing", 1, "RIGHT", "LEFT")
                if item is None or item == b"end":
                    return
                got.append(item)
                r.lrem("doing", 1, item)

        workers = [threading.Thread(target=work) for _ in range(4)]
        for w in workers:
            w.start()
        r = redis.Redis(port=s.port)
        for i in range(0, n, 100):
            r.lpush("jobs", *range(i, i + 100))
        for _ in workers:
            r.lpush("jobs", "end")
        for w in workers:
            w.join()
        assert sorted(map(int, got)) == list(range(n))
        assert set(r.lrange("doing", 0, -1)) == {b"end"}


main(globals())
