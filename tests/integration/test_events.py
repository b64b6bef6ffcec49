#!/usr/bin/python3
"""Keyspace events: which, in which order, to whom; from expiry, transactions and waiters, and never from a replay.
That random commands give the events of Redis is what the differential tests look at, in RESP3."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import Raw, Server, blocked, main, testing_redis, wait_until  # noqa: E402

# commands, and the events they are told by: event[@key of one letter]
TOLD = (
    ("SET k v", "new set"),
    ("SET k v", "set"),
    ("SET k v EX 100", "set expire"),
    ("SET k v KEEPTTL", "set"),
    ("GETEX k PERSIST", "persist"),
    ("SET k v EXAT 1", "set expire expired"),
    ("SET none v XX", ""),
    ("INCR n", "new@n incrby@n"),
    ("DECRBY n 3", "incrby@n"),
    ("INCRBYFLOAT n 1.5", "incrbyfloat@n"),
    ("MSET a 1 b 2", "new@a set@a new@b set@b"),
    ("SETRANGE a 5 x", "setrange@a"),
    ("APPEND a x", "append@a"),
    ("SETBIT a 6 1", "setbit@a"),
    ("BITFIELD a SET u8 0 1 SET u8 8 2", "setbit@a"),
    ("EXPIRE a 100", "expire@a"),
    ("PERSIST a", "persist@a"),
    ("EXPIRE a -1", "del@a"),
    ("RENAME b a", "new@a rename_from@b rename_to@a"),
    ("COPY a b", "new@b copy_to@b"),
    ("GETDEL a", "del@a"),
    ("GET a", "keymiss@a"),
    ("DEL b n none", "del@b del@n"),
    ("LPUSH l 1 2 3", "new@l lpush@l"),
    ("RPUSHX l 4", "rpush@l"),
    ("LINSERT l BEFORE 1 0", "linsert@l"),
    ("LSET l 0 9", "lset@l"),
    ("LREM l 0 4", "lrem@l"),
    ("LREM l 0 none", ""),
    ("LMOVE l m LEFT RIGHT", "new@m rpush@m lpop@l"),
    ("LMOVE l l LEFT LEFT", "lpush@l lpop@l"),
    ("RPOPLPUSH m m", "lpush@m rpop@m"),
    ("LTRIM l 1 0", "ltrim@l del@l"),
    ("RPOP m", "rpop@m del@m"),
    ("HSET h f 1", "new@h hset@h"),
    ("HINCRBY h f 1", "hincrby@h"),
    ("HINCRBYFLOAT h f 1", "hincrbyfloat@h"),
    ("HDEL h f", "hdel@h del@h"),
    ("SADD s 1 2 3", "new@s sadd@s"),
    ("SADD s 1", ""),
    ("SMOVE s t 1", "srem@s new@t sadd@t"),
    ("SMOVE t s 1", "srem@t del@t sadd@s"),
    ("SUNIONSTORE t s", "new@t sunionstore@t"),
    ("SDIFFSTORE t s", "sdiffstore@t"),
    ("SINTERSTORE t s none", "keymiss@none del@t"),
    ("SREM s 1", "srem@s"),
    ("SPOP s 5", "spop@s del@s"),
    ("ZADD z 1 a 2 b 3 c 4 d 5 e 6 f", "new@z zadd@z"),
    ("ZADD z 1 a", ""),
    ("ZINCRBY z 1 a", "zincr@z"),
    ("ZADD z INCR 1 a", "zincr@z"),
    ("ZREM z a", "zrem@z"),
    ("ZREMRANGEBYRANK z 0 0", "zremrangebyrank@z"),
    ("ZREMRANGEBYSCORE z 3 3", "zremrangebyscore@z"),
    ("ZRANGESTORE y z 0 -1", "new@y zrangestore@y"),
    ("ZUNIONSTORE y 1 z", "zunionstore@y"),
    ("ZINTERSTORE y 1 z", "zinterstore@y"),
    ("ZDIFFSTORE y 2 z z", "del@y"),
    ("ZPOPMIN z", "zpopmin@z"),
    ("BZPOPMAX z 1", "zpopmax@z"),
    ("ZPOPMAX z 9", "zpopmax@z del@z"),
    ("XADD x 1-1 f v", "new@x xadd@x"),
    ("XADD x MAXLEN 1 2-1 f v", "xadd@x xtrim@x"),
    ("XTRIM x MAXLEN 5", ""),
    ("XGROUP CREATE x g 0", "xgroup-create@x"),
    ("XGROUP SETID x g 0", "xgroup-setid@x"),
    ("XREADGROUP GROUP g alice STREAMS x >", "xgroup-createconsumer@x"),
    ("XGROUP CREATECONSUMER x g bob", "xgroup-createconsumer@x"),
    ("XGROUP CREATECONSUMER x g bob", ""),
    ("XGROUP DELCONSUMER x g bob", "xgroup-delconsumer@x"),
    ("XACK x g 2-1", ""),
    ("XGROUP DESTROY x g", "xgroup-destroy@x"),
    ("XSETID x 9-9", "xsetid@x"),
    ("XDEL x 2-1", "xdel@x"),
    ("XGROUP CREATE w g $ MKSTREAM", "new@w xgroup-create@w"),
    ("FLUSHALL", ""),
    ("OBJECT ENCODING none", ""),
)


def listen(s, flags, *channels):
    """A listener, and a function that gives what it heard up to now as 'event@key ...'."""
    c, mark = Raw(s.port), Raw(s.port)
    mark.expect(("CONFIG", "SET", "notify-keyspace-events", flags), "+OK")
    c.send("PSUBSCRIBE", *(channels or ("__key*",)))
    for _ in channels or (1,):
        c.read()
    c.send("SUBSCRIBE", "mark")
    c.read()

    def heard():
        mark.call("PUBLISH", "mark", "")
        out = []
        while True:
            m = c.read()
            if m[1] == b"mark":
                return out
            out.append((m[2].decode(), m[3].decode()))
    heard.conn = c
    return heard


def equal(got, wanted, what=""):
    assert got == wanted, "%s: wanted %r, got %r" % (what, wanted, got)


def short(events):
    return " ".join("%s@%s" % (c.split(":", 1)[1], m) for c, m in events).replace("@k", "")


def test_what_is_told(s, a):
    heard = listen(s, "EAnm")
    for command, wanted in TOLD:
        a.call(command)
        got = short(heard())
        if not (testing_redis() and "EXAT 1" in command):   # there it expires later
            equal(got, wanted, command)


def test_channels_and_classes(s, a):
    heard = listen(s, "KEA")
    a.call("SET k v")
    equal(heard(), [("__keyspace@0__:k", "set"), ("__keyevent@0__:set", "k")])
    for flags, wanted in (("E", ""), ("A", ""), ("El", "lpush@l"), ("Eg", "del@l del"), ("E$", "set"), ("Es", "")):
        a.expect(("CONFIG", "SET", "notify-keyspace-events", flags), "+OK")
        for command in ("SET k v", "LPUSH l 1", "DEL l k"):
            a.call(command)
        equal(short(heard()), wanted, flags)
    a.expect("CONFIG SET notify-keyspace-events KEA", "+OK")
    a.expect("SELECT 3", "+OK")
    a.call("SET k v")
    a.call("MOVE k 4")
    equal([e for e in heard() if "event" in e[0]], [("__keyevent@3__:set", "k"), ("__keyevent@3__:move_from", "k"),
                                                    ("__keyevent@4__:move_to", "k")])


def test_flags_are_shown_as_redis_does(s, a):
    for flags, wanted in (("KEA", "AKE"), ("EKx", "xKE"), ("Kg$lshzxetd", "AK"), ("mKE", "KEm"), ("n", "n"), ("", '""')):
        a.expect(("CONFIG", "SET", "notify-keyspace-events", flags), "+OK")
        a.expect("CONFIG GET notify-keyspace-events", "[notify-keyspace-events %s]" % wanted)
    a.expect_error("CONFIG SET notify-keyspace-events KEq",
                   "ERR CONFIG SET failed (possibly related to argument 'notify-keyspace-events') - "
                   "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")


def test_expiry_is_told(s, a):
    heard = listen(s, "Ex")
    a.call("SET k v PX 30")                     # by nobody's touch
    events = []
    wait_until(lambda: events.extend(heard()) or events)
    assert events == [("__keyevent@0__:expired", "k")], events


def test_transactions_and_waiters(s, a, b, new):
    heard = listen(s, "EA")
    a.expect("MULTI", "+OK")
    a.expect("RPUSH l 1", "+QUEUED")
    a.expect("DEL l", "+QUEUED")
    a.expect("SET k v", "+QUEUED")
    assert heard() == []
    a.call("EXEC")
    equal(short(heard()), "rpush@l del@l set")
    b.send("BLPOP l 0")
    blocked(s, 1)
    a.call("RPUSH l 1")
    b.read()
    equal(short(heard()), "rpush@l lpop@l del@l")


def test_ones_own_events_come_behind_the_reply(s, new):
    if testing_redis():                         # 7.0 puts them into it
        return
    c = new(proto=3)
    c.expect("CONFIG SET notify-keyspace-events KEAm", "+OK")
    c.expect("SUBSCRIBE __keyevent@0__:keymiss __keyevent@0__:lpop", ">[subscribe __keyevent@0__:keymiss :1]")
    c.expect_read(">[subscribe __keyevent@0__:lpop :2]")
    c.expect("MGET a b", "[null null]")
    c.expect_read(">[message __keyevent@0__:keymiss a]")
    c.expect_read(">[message __keyevent@0__:keymiss b]")
    c.send("BLPOP l 0")
    blocked(s, 1)
    new().call("RPUSH l 1")
    c.expect_read("[l 1]")
    c.expect_read(">[message __keyevent@0__:lpop l]")


def test_a_restart_tells_nothing(s, a):
    """Nor does a setting that came from the file lose its letters."""
    if testing_redis():
        return
    with Server(appendonly="yes", notify_keyspace_events="KEA") as lean:
        c = Raw(lean.port)
        c.expect("CONFIG GET notify-keyspace-events", "[notify-keyspace-events AKE]")
        c.pipeline(["SET k v"] * 100 + ["LPUSH l 1", "DEL k"])
        lean.kill()
        lean.start()
        heard = listen(lean, "KEA")
        assert heard() == []
        Raw(lean.port).expect("LLEN l", ":1")
        heard.conn.close()


main(globals())
