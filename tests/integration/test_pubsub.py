#!/usr/bin/python3
"""Publish and subscribe, in RESP2 (a mode of its own) and RESP3 (pushes between replies)."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import Raw, Server, blocked, both, check, main, show, wait_until  # noqa: E402


def mark(c):
    return ">" if c.proto == 3 else ""


@both
def test_one_to_many(a, b, c, d):
    m = mark(a)
    a.expect("PUBLISH news hello", ":0")
    for sub in (b, c):
        sub.expect("SUBSCRIBE news", m + "[subscribe news :1]")
    d.expect("SUBSCRIBE other", m + "[subscribe other :1]")
    a.expect("PUBLISH news hello", ":2")
    for sub in (b, c):
        sub.expect_read(m + "[message news hello]")
    d.expect_silence()


@both
def test_shard_channels(a, b, c):
    m = mark(a)
    b.expect("SSUBSCRIBE jobs more", m + "[ssubscribe jobs :1]")
    b.expect_read(m + "[ssubscribe more :2]")
    c.expect("SUBSCRIBE jobs", m + "[subscribe jobs :1]")     # not the same channel
    c.expect("PSUBSCRIBE *", m + '[psubscribe "*" :2]')
    c.expect("SSUBSCRIBE jobs", m + "[ssubscribe jobs :1]")   # counted apart
    a.expect("SPUBLISH jobs hello", ":2")
    b.expect_read(m + "[smessage jobs hello]")
    c.expect_read(m + "[smessage jobs hello]")
    a.expect("PUBSUB SHARDNUMSUB jobs more none", "[jobs :2 more :1 none :0]")
    a.expect("PUBSUB NUMSUB jobs", "[jobs :1]")
    a.expect("PUBSUB NUMPAT", ":1")
    a.expect("PUBSUB CHANNELS", "[jobs]")
    a.expect("PUBSUB SHARDCHANNELS m*", "[more]")
    a.expect_error("PUBSUB CHANNELS a b", "ERR ")
    a.expect_error("PUBSUB FOO", "ERR unknown subcommand 'FOO'. Try PUBSUB HELP.")
    b.expect("SUNSUBSCRIBE jobs", m + "[sunsubscribe jobs :1]")
    b.expect("SUNSUBSCRIBE", m + "[sunsubscribe more :0]")
    b.expect("SUNSUBSCRIBE", m + ("[sunsubscribe null :0]" if b.proto == 3 else "[sunsubscribe nil :0]"))
    b.expect("ECHO free", "free")


@both
def test_counts_of_subscriptions(a, b):
    m = mark(a)
    a.send("SUBSCRIBE", "x", "y", "x")
    for wanted in ("[subscribe x :1]", "[subscribe y :2]", "[subscribe x :2]"):
        a.expect_read(m + wanted)
    a.expect("PSUBSCRIBE x*", m + '[psubscribe x* :3]')
    a.expect("UNSUBSCRIBE y", m + "[unsubscribe y :2]")
    a.expect("UNSUBSCRIBE never", m + "[unsubscribe never :2]")
    a.expect("PUNSUBSCRIBE x*", m + '[punsubscribe x* :1]')
    a.expect("UNSUBSCRIBE", m + "[unsubscribe x :0]")
    a.expect("UNSUBSCRIBE", m + "[unsubscribe %s :0]" % ("null" if a.proto == 3 else "nil"))
    a.expect("PUNSUBSCRIBE", m + "[punsubscribe %s :0]" % ("null" if a.proto == 3 else "nil"))
    a.expect("GET none", "null" if a.proto == 3 else "nil")


@both
def test_patterns(a, b):
    m = mark(a)
    b.expect("PSUBSCRIBE h?llo", m + '[psubscribe h?llo :1]')
    for channel, n in (("hello", 1), ("hxllo", 1), ("hllo", 0), ("heello", 0), ("Hello", 0)):
        check(a.call("PUBLISH", channel, "x"), ":%d" % n, channel)
    b.expect_read(m + '[pmessage h?llo hello x]')
    b.expect_read(m + '[pmessage h?llo hxllo x]')
    for pattern, hit, miss in (("a[bc]d", "acd", "aed"), ("a[^b]d", "acd", "abd"), ("a[b-d]e", "ace", "aee"),
                               ("a\\*b", "a*b", "axb"), ("*", "anything", None), ("a*c*e", "abcde", "abcd")):

        b.call("PUNSUBSCRIBE")
        b.call("PSUBSCRIBE", pattern)
        check(a.call("PUBLISH", hit, "x"), ":1", pattern)
        b.read()
        if miss:
            check(a.call("PUBLISH", miss, "x"), ":0", pattern)


@both
def test_channel_and_pattern_both_get_it(a, b):
    m = mark(a)
    b.expect("SUBSCRIBE news", m + "[subscribe news :1]")
    b.expect("PSUBSCRIBE n*", m + '[psubscribe n* :2]')
    a.expect("PUBLISH news x", ":2")
    b.expect_read(m + "[message news x]")
    b.expect_read(m + '[pmessage n* news x]')


def test_resp2_allows_few_commands_while_subscribed(a):
    a.expect("SUBSCRIBE n", "[subscribe n :1]")
    a.expect("GET k", "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context")
    a.expect("PING", '[pong ""]')
    a.expect("PING hi", "[pong hi]")
    a.expect("UNSUBSCRIBE n", "[unsubscribe n :0]")
    a.expect("GET k", "nil")
    a.expect("PING", "+PONG")
    a.expect("SUBSCRIBE n", "[subscribe n :1]")
    a.expect("RESET", "+RESET")
    a.expect("GET k", "nil")
    a.expect("SUBSCRIBE n", "[subscribe n :1]")
    a.expect("QUIT", "+OK")
    a.expect_closed()


def test_resp3_pushes_between_replies(a, new):
    c = new(proto=3)
    c.expect("SUBSCRIBE n", ">[subscribe n :1]")
    c.expect("SET k v", "+OK")
    c.expect("PUBLISH n self", ":1")            # one's own message comes behind, as since 7.2
    c.expect_read(">[message n self]")
    a.expect("PUBLISH n x", ":1")
    c.send("GET", "k")
    got = [show(c.read()), show(c.read())]
    assert got == [">[message n x]", "v"], got


def test_resp3_push_reaches_a_blocked_client(s, a, new):
    c = new(proto=3)
    c.expect("SUBSCRIBE n", ">[subscribe n :1]")
    c.send("BRPOP", "q", "0")
    blocked(s, 1)
    a.expect("PUBLISH n x", ":1")
    c.expect_read(">[message n x]")
    a.expect("LPUSH q y", ":1")
    c.expect_read("[q y]")


def test_a_subscriber_that_leaves(a, new):
    b = new()
    b.expect("SUBSCRIBE n", "[subscribe n :1]")
    b.send("PSUBSCRIBE", "n*")
    b.read()
    b.close()
    wait_until(lambda: a.call("PUBLISH", "n", "x") == 0, what="the subscription to go")


def test_order_and_number(a, b):
    b.expect("SUBSCRIBE n", "[subscribe n :1]")
    n = 5000
    assert a.pipeline([("PUBLISH", "n", str(i)) for i in range(n)]) == [1] * n
    for i in range(n):
        assert b.read()[2] == b"%d" % i


def test_publish_inside_multi(a, b):
    b.expect("SUBSCRIBE n", "[subscribe n :1]")
    a.expect("MULTI", "+OK")
    a.expect("PUBLISH n 1", "+QUEUED")
    a.expect("PUBLISH n 2", "+QUEUED")
    b.expect_silence()
    a.expect("EXEC", "[:1 :1]")
    b.expect_read("[message n 1]")
    b.expect_read("[message n 2]")


def test_binary_channels(a, b):
    name = b"\x00\r\n\xff"
    b.send("SUBSCRIBE", name)
    assert b.read()[1] == name
    check(a.call("PUBLISH", name, b""), ":1")
    assert b.read() == [b"message", name, b""]


def test_arity(a):
    a.expect("PUBLISH n", "-ERR wrong number of arguments for 'publish' command")
    a.expect("SUBSCRIBE", "-ERR wrong number of arguments for 'subscribe' command")
    a.expect("PSUBSCRIBE", "-ERR wrong number of arguments for 'psubscribe' command")


def test_databases_do_not_matter(a, b):
    b.expect("SUBSCRIBE n", "[subscribe n :1]")
    a.expect("SELECT 3", "+OK")
    a.expect("PUBLISH n x", ":1")
    b.expect_read("[message n x]")


def test_ones_own_message_comes_behind_the_reply():
    """RESP3: a push between the elements of EXEC's reply would be taken for one of them."""
    with Server(appendonly="no") as s:
        c = Raw(s.port, proto=3)
        c.call("SUBSCRIBE", "ch")
        c.expect("MULTI", "+OK")
        for command in ("SET q 1", "PUBLISH ch x", "GET q"):
            c.expect(command, "+QUEUED")
        check(c.call("EXEC"), "[+OK :1 1]", "EXEC")
        check(c.read(), ">[message ch x]", "the message")
        c.expect("PING", "+PONG")


main(globals())
