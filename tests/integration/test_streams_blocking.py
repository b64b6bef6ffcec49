#!/usr/bin/python3
"""Waiting on streams: what wakes a client, what does not, and what it is told."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import Skip, blocked, both, check, main, testing_redis, wait_until  # noqa: E402

WRONGTYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value"
GONE = "-UNBLOCKED the stream key no longer exists"         # Redis 7.0


def no_group(key="k", group="g"):
    return "-NOGROUP No such key '%s' or consumer group '%s' in XREADGROUP with GROUP option" % (key, group)


def newer():
    """Since 7.2 a waiter runs its command again; before, it was given what the key that woke it had."""
    if testing_redis():
        raise Skip("Redis 7.0 serves waiters in another way")


def reply(c, *streams):
    """XREAD's reply: (key, ids) each; the entries are `id [n v]`."""
    parts = [(k, "[" + " ".join("[%s [n v]]" % i for i in ids) + "]") for k, ids in streams]
    if c.proto == 3:
        return "{" + " ".join("%s=%s" % p for p in parts) + "}"
    return "[" + " ".join("[%s %s]" % p for p in parts) + "]"


def add(c, key, *ids):
    for i in ids:
        check(c.call("XADD", key, i, "n", "v"), i)


def wait(s, c, n, *words):
    c.send(*words)
    blocked(s, n)


def read_group(s, c, n, *keys, group="g"):
    wait(s, c, n, "XREADGROUP", "GROUP", group, "c", "BLOCK", "0", "STREAMS", *keys, *[">"] * len(keys))


# -- without a group: only data above the id is an answer

@both
def test_xread_waits_through_the_end_of_its_key(s, a, b):
    add(a, "k", "5-0")
    wait(s, b, 1, "XREAD", "BLOCK", "0", "STREAMS", "k", "$")
    for end in ("DEL k", "FLUSHALL", "FLUSHDB"):
        a.call(end)
        add(a, "k", "4-0")
        blocked(s, 1)
    a.expect("DEL k", ":1")
    a.expect("SET k text", "+OK")
    a.expect("XADD k 9-0 n v", WRONGTYPE)
    a.expect("DEL k", ":1")
    blocked(s, 1)
    add(a, "k", "5-1")
    b.expect_read(reply(b, ("k", ["5-1"])))


def test_xread_waits_through_the_expiry_of_its_key(s, a, b):
    add(a, "k", "5-0")
    wait(s, b, 1, "XREAD", "BLOCK", "0", "STREAMS", "k", "$")
    a.expect("PEXPIRE k 20", ":1")
    wait_until(lambda: a.call("DBSIZE") == 0, what="the key to expire")
    blocked(s, 1)
    add(a, "k", "6-0")
    b.expect_read(reply(b, ("k", ["6-0"])))


def test_what_is_gone_again_is_no_data(s, a, b):
    newer()
    wait(s, b, 1, "XREAD", "BLOCK", "0", "STREAMS", "k", "0")
    a.expect("XADD k MAXLEN 0 1-0 n v", "1-0")
    a.pipeline(["MULTI", "XADD k 2-0 n v", "XDEL k 2-0", "EXEC"])
    a.pipeline(["MULTI", "XADD k 3-0 n v", "DEL k", "EXEC"])
    a.expect("XGROUP CREATE k g 0 MKSTREAM", "+OK")
    a.expect("XSETID k 8-0", "+OK")
    blocked(s, 1)
    add(a, "k", "9-0")
    b.expect_read(reply(b, ("k", ["9-0"])))


# -- several keys

@both
def test_all_that_is_ready_comes_at_once(s, a, b):
    newer()
    wait(s, b, 1, "XREAD", "BLOCK", "0", "STREAMS", "j", "k", "l", "$", "$", "$")
    a.pipeline(["MULTI", "XADD l 1-0 n v", "XADD j 2-0 n v", "XADD j 3-0 n v", "EXEC"])
    b.expect_read(reply(b, ("j", ["2-0", "3-0"]), ("l", ["1-0"])))
    for k in "jkl":
        a.expect("XGROUP CREATE %s g $ MKSTREAM" % k, "+OK")
    read_group(s, b, 1, "l", "k", "j")
    a.pipeline(["MULTI", "XADD k 4-0 n v", "XADD l 4-0 n v", "EXEC"])
    b.expect_read(reply(b, ("l", ["4-0"]), ("k", ["4-0"])))


def test_the_end_of_one_key_ends_the_wait(s, a, b):
    for k in "jk":
        a.expect("XGROUP CREATE %s g $ MKSTREAM" % k, "+OK")
    read_group(s, b, 1, "j", "k")
    a.expect("DEL k", ":1")
    b.expect_read(s.pick(no_group(), GONE))
    a.expect("XGROUP CREATE k g $ MKSTREAM", "+OK")
    read_group(s, b, 1, "j", "k")
    a.expect("SET j v", "+OK")
    b.expect_read(s.pick(WRONGTYPE, GONE))


def test_one_key_twice(s, a, b):
    newer()
    wait(s, b, 1, "XREAD", "BLOCK", "0", "STREAMS", "k", "k", "$", "1-0")
    add(a, "k", "1-0")
    b.expect_read(reply(b, ("k", ["1-0"])))
    wait(s, b, 1, "XREAD", "BLOCK", "0", "STREAMS", "k", "k", "1-0", "1-0")
    add(a, "k", "2-0")
    b.expect_read(reply(b, ("k", ["2-0"]), ("k", ["2-0"])))


# -- groups

@both
def test_only_the_group_that_goes_is_told(s, a, b, c):
    for g in "gh":
        a.expect("XGROUP CREATE k %s $ MKSTREAM" % g, "+OK")
    read_group(s, b, 1, "k")
    read_group(s, c, 2, "k", group="h")
    a.expect("XGROUP DESTROY k g", ":1")
    b.expect_read(s.pick(no_group(), "-NOGROUP the consumer group this client was blocked on no longer exists"))
    blocked(s, 1)
    add(a, "k", "1-0")
    c.expect_read(reply(c, ("k", ["1-0"])))


def test_everyone_in_the_line_is_told(s, a, b, c, d):
    a.expect("XGROUP CREATE k g $ MKSTREAM", "+OK")
    for n, waiter in enumerate((b, c, d)):
        read_group(s, waiter, n + 1, "k")
    a.expect("DEL k", ":1")
    for waiter in (b, c, d):
        waiter.expect_read(s.pick(no_group(), GONE))
    blocked(s, 0)


def test_a_group_made_anew_in_one_exec_is_the_same(s, a, b):
    newer()
    a.expect("XGROUP CREATE k g $ MKSTREAM", "+OK")
    read_group(s, b, 1, "k")
    a.pipeline(["MULTI", "SET k v", "DEL k", "XGROUP CREATE k g $ MKSTREAM", "EXEC"])
    a.pipeline(["MULTI", "XGROUP DESTROY k g", "XGROUP CREATE k g 0", "EXEC"])
    blocked(s, 1)
    add(a, "k", "1-0")
    b.expect_read(reply(b, ("k", ["1-0"])))


def test_adding_and_ending_in_one_exec(s, a, b):
    newer()
    for end, told in (("DEL k", no_group()), ("SET k v", WRONGTYPE), ("XGROUP DESTROY k g", no_group()), ("FLUSHALL", no_group())):
        a.call("DEL", "k")
        a.expect("XGROUP CREATE k g $ MKSTREAM", "+OK")
        read_group(s, b, 1, "k")
        a.pipeline(["MULTI", "XADD k 1-0 n v", end, "EXEC"])
        b.expect_read(told)


def test_a_deleted_consumer_comes_back(s, a, b):
    a.expect("XGROUP CREATE k g $ MKSTREAM", "+OK")
    read_group(s, b, 1, "k")
    a.call("XGROUP DELCONSUMER k g c")
    blocked(s, 1)
    add(a, "k", "1-0")
    b.expect_read(reply(b, ("k", ["1-0"])))
    a.expect("XPENDING k g", "[:1 1-0 1-0 [[c 1]]]")


def test_a_position_set_back_is_read_with_the_next_add(s, a, b):
    add(a, "k", "1-0", "2-0")
    a.expect("XGROUP CREATE k g $", "+OK")
    read_group(s, b, 1, "k")
    a.expect("XGROUP SETID k g 0", "+OK")
    a.expect("XDEL k 1-0", ":1")
    a.expect("XTRIM k MAXLEN 1", ":0")
    blocked(s, 1)
    add(a, "k", "3-0")
    b.expect_read(reply(b, ("k", ["2-0", "3-0"])))


def test_another_database_is_another_key(s, a, b):
    a.expect("XGROUP CREATE k g $ MKSTREAM", "+OK")
    a.expect("SELECT 1", "+OK")
    a.expect("XGROUP CREATE k g $ MKSTREAM", "+OK")
    read_group(s, b, 1, "k")
    a.expect("FLUSHDB", "+OK")
    add(a, "k", "1-0")
    blocked(s, 1)
    a.expect("SELECT 0", "+OK")
    add(a, "k", "2-0")
    b.expect_read(reply(b, ("k", ["2-0"])))


@both
def test_client_unblock(s, a, b):
    nil = "null" if b.proto == 3 else "nil*"
    a.expect("XGROUP CREATE k g $ MKSTREAM", "+OK")
    who = b.id()
    for how, told in ((), nil), (("TIMEOUT",), nil), (("ERROR",), "-UNBLOCKED client unblocked via CLIENT UNBLOCK"):
        for words in (("XREAD", "BLOCK", "0", "STREAMS", "k", "$"),
                      ("XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "k", ">")):
            wait(s, b, 1, *words)
            check(a.call("CLIENT", "UNBLOCK", who, *how), ":1")
            b.expect_read(told)
            check(a.call("CLIENT", "UNBLOCK", who, *how), ":0")
    add(a, "k", "1-0")
    a.expect("XPENDING k g", "[:0 %s %s %s]" % (("null",) * 3 if a.proto == 3 else ("nil", "nil", "nil*")))


@both
def test_nobody_waits_in_a_transaction(s, a):
    nil = "null" if a.proto == 3 else "nil*"
    a.expect("XGROUP CREATE k g $ MKSTREAM", "+OK")
    replies = a.pipeline(["MULTI", "XREAD BLOCK 0 STREAMS k $", "XREADGROUP GROUP g c BLOCK 0 STREAMS k >",
                          "XADD k 1-0 n v", "XREADGROUP GROUP g c BLOCK 0 STREAMS k >", "EXEC"])
    check(replies[-1], "[%s %s 1-0 %s]" % (nil, nil, reply(a, ("k", ["1-0"]))))


def test_long_timeouts(s, a, b):
    newer()
    a.expect("XREAD BLOCK 9223372036854775807 STREAMS k $", "-ERR timeout is out of range")
    a.expect("XREAD BLOCK 9223372036854775808 STREAMS k $", "-ERR timeout is not an integer or out of range")
    a.expect("XREAD BLOCK -1 STREAMS k $", "-ERR timeout is negative")
    wait(s, b, 1, "XREAD", "BLOCK", str((1 << 63) - 1 - int(time.time() * 1000) - 3600000), "STREAMS", "k", "$")
    add(a, "k", "1-0")
    b.expect_read(reply(b, ("k", ["1-0"])))


main(globals())
