#!/usr/bin/python3
"""Streams as clients see them: what one connection is told, and who is woken by what."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import Skip, as_map, blocked, both, check, main, show  # noqa: E402

SMALL = "-ERR The ID specified in XADD is equal or smaller than the target stream top item"
BAD_ID = "-ERR Invalid stream ID specified as stream command argument"
WRONGTYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value"
NOGROUP_READ = "-NOGROUP No such key 'k' or consumer group 'g' in XREADGROUP with GROUP option"
MAX = "18446744073709551615"


def fill(c, key, n, first=1):
    c.pipeline([("XADD", key, "%d-0" % i, "n", i) for i in range(first, first + n)])


def length(c, key):
    return c.call("XLEN", key)


def info(c, key, *more):
    return as_map(c.call("XINFO", "STREAM", key, *more))


def group(c, key, name="g"):
    for g in c.call("XINFO", "GROUPS", key):
        g = as_map(g)
        if g[b"name"] == name.encode():
            return g
    raise AssertionError("no group " + name)


# -- ids

def test_ids_rise(a):
    a.expect("XADD k 5-1 f v", "5-1")
    a.expect("XADD k 5-1 f v", SMALL)
    a.expect("XADD k 5-0 f v", SMALL)
    a.expect("XADD k 5-* f v", "5-2")
    a.expect("XADD k 6-* f v", "6-0")
    a.expect("XADD k 5-* f v", SMALL)
    a.expect("XADD k 7 f v", "7-0")
    a.expect("XDEL k 7-0", ":1")
    a.expect("XADD k 7-0 f v", SMALL)
    a.expect("XADD new 0-* f v", "0-1")
    a.expect("XADD none 0-0 f v", "-ERR The ID specified in XADD must be greater than 0-0")
    a.expect("EXISTS none", ":0")


def test_auto_ids_follow_the_clock_and_never_go_back(a):
    before = int(time.time() * 1000)
    ms = int(a.call("XADD", "k", "*", "f", "v").split(b"-")[0])
    assert before - 5 <= ms <= time.time() * 1000 + 5
    ids = a.pipeline([("XADD", "k", "*", "f", "v")] * 500)
    keys = [tuple(map(int, i.split(b"-"))) for i in ids]
    assert keys == sorted(set(keys))
    a.expect("XADD far 99999999999999-5 f v", "99999999999999-5")
    a.expect("XADD far * f v", "99999999999999-6")


def test_exhausted_ids(s, a):
    a.expect("XADD k 5-%s f v" % MAX, "5-" + MAX)
    a.expect("XADD k 5-* f v", s.pick(SMALL, "-ERR Elements are too large to be stored"))
    a.expect("XADD k %s-%s f v" % (MAX, MAX), "%s-%s" % (MAX, MAX))
    a.expect("XADD k * f v", "-ERR The stream has exhausted the last possible ID, unable to add more items")


def test_an_auto_id_carries_over_when_the_sequence_is_spent(a):
    a.expect("XADD k 99999999999999-%s f v" % MAX, "99999999999999-" + MAX)
    a.expect("XADD k * f v", "100000000000000-0")


def test_bad_ids(a):
    a.expect("XADD k 1-1 f v", "1-1")
    for bad in ("", "-", "+", "abc", "1-", "-1", "1-1-1", "1.5", MAX + "0", "1-x", "1 1", "$", ">", "(1", "9" * 128):
        for command in (("XADD", "k", bad, "f", "v"), ("XDEL", "k", bad), ("XTRIM", "k", "MINID", bad)):
            check(a.call(*command), BAD_ID, command)


def test_ranges(a):
    fill(a, "k", 5)
    a.expect("XRANGE k 2 4", "[[2-0 [n 2]] [3-0 [n 3]] [4-0 [n 4]]]")
    a.expect("XRANGE k (2 (4", "[[3-0 [n 3]] [4-0 [n 4]]]")
    a.expect("XRANGE k (2-0 (4-0", "[[3-0 [n 3]]]")
    a.expect("XREVRANGE k + - COUNT 2", "[[5-0 [n 5]] [4-0 [n 4]]]")
    a.expect("XRANGE k 4 2", "[]")
    a.expect("XRANGE k - + COUNT 0", "nil*")
    a.expect("XRANGE none - + COUNT 0", "[]")
    a.expect("XRANGE k (- +", BAD_ID)
    a.expect("XRANGE k (%s-%s +" % (MAX, MAX), "-ERR invalid start ID for the interval")
    a.expect("XRANGE k - (0-0", "-ERR invalid end ID for the interval")
    a.expect("XRANGE k - (0", "[]")
    a.expect("XRANGE k - + COUNT x", "-ERR value is not an integer or out of range")
    a.expect("XRANGE k - + FOO 1", "-ERR syntax error")


# -- adding and trimming

def test_nomkstream(a):
    a.expect("XADD k NOMKSTREAM * f v", "nil")
    a.expect("EXISTS k", ":0")
    a.expect("XADD k 1-1 f v", "1-1")
    a.expect("XADD k NOMKSTREAM 1-2 f v", "1-2")


def test_xadd_option_errors(a):
    for options, text in (("MAXLEN -1", "ERR The MAXLEN argument must be >= 0."),
                          ("MAXLEN ~ 5 LIMIT -1", "ERR The LIMIT argument must be >= 0."),
                          ("MAXLEN 5 MINID 1", "ERR syntax error, MAXLEN and MINID options at the same time are not compatible"),
                          ("MAXLEN 5 LIMIT 3", "ERR syntax error, LIMIT cannot be used without the special ~ option"),
                          ("LIMIT 3", "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy"),
                          ("MAXLEN x", "ERR value is not an integer or out of range")):
        check(a.call("XADD k %s * f v" % options), "-" + text, options)
    a.expect("XADD k * f", "-ERR wrong number of arguments for 'xadd' command")
    a.expect("XADD k * f v g", "-ERR wrong number of arguments for 'xadd' command")
    a.expect("EXISTS k", ":0")
    a.expect("SET k v", "+OK")
    a.expect("XADD k * f v", WRONGTYPE)


def test_trim(a):
    fill(a, "k", 10)
    a.expect("XTRIM k MAXLEN 8", ":2")
    a.expect("XTRIM k MAXLEN = 8", ":0")
    a.expect("XTRIM k MINID 5", ":2")
    a.expect("XRANGE k - + COUNT 1", "[[5-0 [n 5]]]")
    a.expect("XADD k MAXLEN 3 11-0 n 11", "11-0")
    assert length(a, "k") == 3
    a.expect("XADD k MAXLEN 0 12-0 n 12", "12-0")
    a.expect("XLEN k", ":0")
    a.expect("EXISTS k", ":1")
    assert info(a, "k")[b"last-generated-id"] == b"12-0"
    assert info(a, "k")[b"max-deleted-entry-id"] == b"0-0", "a trim is not a deletion"
    a.expect("XTRIM none MAXLEN 3", ":0")


def test_approximate_trim_goes_by_nodes(a):
    a.expect("CONFIG SET stream-node-max-entries 100", "+OK")
    fill(a, "k", 1000)
    a.expect("XADD k MAXLEN ~ 555 2000-0 f v", "2000-0")
    assert 555 <= length(a, "k") < 555 + 100, length(a, "k")
    a.expect("CONFIG SET stream-node-max-entries 2", "+OK")
    fill(a, "l", 3)
    a.expect("XTRIM l MAXLEN ~ 0 LIMIT 1", ":0")
    a.expect("XTRIM l MAXLEN ~ 0 LIMIT 2", ":2")
    a.expect("CONFIG SET stream-node-max-entries 10", "+OK")
    fill(a, "m", 100)
    a.expect("XADD m MAXLEN ~ 55 LIMIT 30 200-0 f v", "200-0")
    a.expect("XLEN m", ":71")
    a.expect("XADD m MAXLEN ~ 55 LIMIT 30 201-0 f v", "201-0")
    a.expect("XLEN m", ":62")
    a.expect("CONFIG SET stream-node-max-entries 100", "+OK")


def test_delete(a):
    fill(a, "k", 3)
    a.expect("XDEL k 2-0 2-0 9-9", ":1")
    a.expect("XDEL k 1-0 bad", BAD_ID)
    a.expect("XLEN k", ":2")
    a.expect("XDEL none bad", ":0")
    got = info(a, "k")
    assert got[b"max-deleted-entry-id"] == b"2-0" and got[b"recorded-first-entry-id"] == b"1-0" and got[b"entries-added"] == 3
    a.expect("XDEL k 1-0 3-0", ":2")
    a.expect("EXISTS k", ":1")
    assert info(a, "k")[b"recorded-first-entry-id"] == b"0-0" and info(a, "k")[b"length"] == 0


# -- XREAD

@both
def test_xread(s, a):
    nil = "null" if a.proto == 3 else "nil*"
    open_, close = ("{", "}") if a.proto == 3 else ("[[", "]]")
    is_ = "=" if a.proto == 3 else " "
    fill(a, "k", 3)
    a.expect("XREAD COUNT 2 STREAMS k none 0 0", "%sk%s[[1-0 [n 1]] [2-0 [n 2]]]%s" % (open_, is_, close))
    a.expect("XREAD STREAMS k $", nil)
    a.expect("XREAD STREAMS k 3-0", nil)
    a.expect("XREAD COUNT 0 STREAMS k 2", "%sk%s[[3-0 [n 3]]]%s" % (open_, is_, close))
    if not s.redis:
        a.expect("XREAD STREAMS k +", "%sk%s[[3-0 [n 3]]]%s" % (open_, is_, close))
        a.expect("XREAD STREAMS none +", nil)
    a.expect("SET str v", "+OK")
    a.expect("XREAD STREAMS k str 0 0", WRONGTYPE)


def test_xread_errors(s, a):
    a.expect("XREAD STREAMS a b 0", s.pick(
        "-ERR Unbalanced 'xread' list of streams: for each stream key an ID, '+', or '$' must be specified.",
        "-ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified."))
    a.expect_error("XREADGROUP GROUP g c STREAMS a b 0", "ERR Unbalanced")
    a.expect("XREAD STREAMS k >", "-ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.")
    a.expect("XREAD NOACK STREAMS k 0", "-ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.")
    a.expect("XREAD GROUP g c STREAMS k 0", "-ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.")
    a.expect("XREAD BLOCK -1 STREAMS k 0", "-ERR timeout is negative")
    a.expect("XREAD BLOCK x STREAMS k 0", "-ERR timeout is not an integer or out of range")
    a.expect("XREAD BLOCK 18446744073709551616 STREAMS k 0", "-ERR timeout is not an integer or out of range")
    a.expect("XREAD COUNT x STREAMS k 0", "-ERR value is not an integer or out of range")
    a.expect("XREADGROUP COUNT 1 STREAMS a b > >", "-ERR Missing GROUP option for XREADGROUP")
    a.expect("XADD k 1-1 f v", "1-1")
    a.expect("XGROUP CREATE k g 0", "+OK")
    a.expect_error("XREADGROUP GROUP g c STREAMS k $", "ERR The $ ID is meaningless in the context of XREADGROUP")


# -- groups

def test_group_life(a):
    a.expect_error("XGROUP CREATE k g $", "ERR The XGROUP subcommand requires the key to exist.")
    a.expect("XGROUP CREATE k g $ MKSTREAM", "+OK")
    a.expect("XGROUP CREATE k g $", "-BUSYGROUP Consumer Group name already exists")
    a.expect("XGROUP CREATE k2 g bad MKSTREAM", BAD_ID)
    a.expect("EXISTS k2", ":0")
    a.expect("XGROUP CREATE k h -", BAD_ID)
    a.expect("XGROUP SETID k g -", "+OK")
    a.expect("XGROUP CREATECONSUMER k g c", ":1")
    a.expect("XGROUP CREATECONSUMER k g c", ":0")
    a.expect("XGROUP DELCONSUMER k g nobody", ":0")
    a.expect("XGROUP DELCONSUMER k g c", ":0")
    a.expect("XGROUP SETID k nope 0", "-NOGROUP No such consumer group 'nope' for key name 'k'")
    a.expect("XGROUP DESTROY k nope", ":0")
    a.expect("XGROUP DESTROY k g", ":1")
    a.expect("XGROUP FOO k g", "-ERR unknown subcommand 'FOO'. Try XGROUP HELP.")
    a.expect("XGROUP CREATE k", "-ERR wrong number of arguments for 'xgroup|create' command")
    a.expect("XINFO GROUPS k", "[]")


@both
def test_read_acknowledge_and_history(a):
    nil = "null" if a.proto == 3 else "nil*"

    def one(entries):
        return "{k=[%s]}" % entries if a.proto == 3 else "[[k [%s]]]" % entries

    fill(a, "k", 3)
    a.expect("XGROUP CREATE k g 0", "+OK")
    a.expect("XREADGROUP GROUP g alice COUNT 2 STREAMS k >", one("[1-0 [n 1]] [2-0 [n 2]]"))
    a.expect("XREADGROUP GROUP g bob STREAMS k >", one("[3-0 [n 3]]"))
    a.expect("XREADGROUP GROUP g bob STREAMS k >", nil)
    a.expect("XPENDING k g", "[:3 1-0 3-0 [[alice 2] [bob 1]]]")
    a.expect("XREADGROUP GROUP g alice STREAMS k 0", one("[1-0 [n 1]] [2-0 [n 2]]"))
    rows = a.call("XPENDING k g - + 10")
    assert [(r[0], r[1], r[3]) for r in rows] == [(b"1-0", b"alice", 2), (b"2-0", b"alice", 2), (b"3-0", b"bob", 1)], show(rows)
    a.expect("XDEL k 1-0", ":1")
    a.expect("XREADGROUP GROUP g alice STREAMS k 0", one("[1-0 %s] [2-0 [n 2]]" % nil))
    a.expect("XREADGROUP GROUP g alice STREAMS k 2-0", one(""))
    a.expect("XACK k g 1-0 2-0 2-0 9-9", ":2")
    a.expect("XACK k g 3-0 bad", BAD_ID)
    a.expect("XACK k nogroup 3-0", ":0")
    a.expect("XPENDING k g", "[:1 3-0 3-0 [[bob 1]]]")
    a.expect("XACK k g 3-0", ":1")
    a.expect("XPENDING k g", "[:0 %s %s %s]" % (("null",) * 3 if a.proto == 3 else ("nil", "nil", "nil*")))


def test_noack(a):
    fill(a, "k", 2)
    a.expect("XGROUP CREATE k g 0", "+OK")
    a.expect("XREADGROUP GROUP g c NOACK COUNT 1 STREAMS k >", "[[k [[1-0 [n 1]]]]]")
    a.expect("XPENDING k g", "[:0 nil nil nil*]")
    assert group(a, "k")[b"last-delivered-id"] == b"1-0"


def test_consumer_is_made_even_when_nothing_comes(s, a):
    if s.redis:
        raise Skip("since 7.2")
    a.expect("XGROUP CREATE k g $ MKSTREAM", "+OK")
    a.expect("XREADGROUP GROUP g c STREAMS k >", "nil*")
    assert group(a, "k")[b"consumers"] == 1
    row = as_map(a.call("XINFO", "CONSUMERS", "k", "g")[0])
    assert row[b"name"] == b"c" and row[b"pending"] == 0
    if b"inactive" in row:
        assert row[b"inactive"] == -1


def test_setid_back_moves_what_is_pending(a):
    fill(a, "k", 2)
    a.expect("XGROUP CREATE k g 0", "+OK")
    a.call("XREADGROUP GROUP g alice STREAMS k >")
    a.expect("XGROUP SETID k g 0", "+OK")
    a.expect("XREADGROUP GROUP g bob COUNT 1 STREAMS k >", "[[k [[1-0 [n 1]]]]]")
    rows = a.call("XPENDING k g - + 10")
    assert [(r[0], r[1], r[3]) for r in rows] == [(b"1-0", b"bob", 1), (b"2-0", b"alice", 1)], show(rows)


def test_delconsumer_drops_its_pending(a):
    fill(a, "k", 3)
    a.expect("XGROUP CREATE k g 0", "+OK")
    a.call("XREADGROUP GROUP g alice STREAMS k >")
    a.expect("XGROUP DELCONSUMER k g alice", ":3")
    a.expect("XPENDING k g", "[:0 nil nil nil*]")
    a.expect("XREADGROUP GROUP g bob STREAMS k >", "nil*")


def test_xpending_forms(a):
    fill(a, "k", 4)
    a.expect("XGROUP CREATE k g 0", "+OK")
    a.call("XREADGROUP GROUP g alice COUNT 3 STREAMS k >")
    a.call("XREADGROUP GROUP g bob STREAMS k >")
    ids = lambda reply: [r[0] for r in reply]
    assert ids(a.call("XPENDING k g - + 2")) == [b"1-0", b"2-0"]
    assert ids(a.call("XPENDING k g (1-0 4 10")) == [b"2-0", b"3-0", b"4-0"]
    assert ids(a.call("XPENDING k g - + 10 bob")) == [b"4-0"]
    a.expect("XPENDING k g - + 10 nobody", "[]")
    a.expect("XPENDING k g - + 0", "[]")
    a.expect("XPENDING k g - + -1", "[]")
    a.expect("XPENDING k g IDLE 100000 - + 10", "[]")
    assert len(a.call("XPENDING k g IDLE 0 - + 10")) == 4
    a.expect("XPENDING k nog", "-NOGROUP No such key 'k' or consumer group 'nog'")
    a.expect("XPENDING k g -", "-ERR syntax error")
    a.expect("XPENDING k g - + x", "-ERR value is not an integer or out of range")


def test_xclaim(a):
    fill(a, "k", 4)
    a.expect("XGROUP CREATE k g 0", "+OK")
    a.call("XREADGROUP GROUP g alice COUNT 3 STREAMS k >")
    a.expect("XCLAIM k g bob 100000 1-0", "[]")
    a.expect("XCLAIM k g bob 0 1-0 9-9", "[[1-0 [n 1]]]")
    a.expect("XCLAIM k g bob 0 2-0 JUSTID", "[2-0]")
    rows = a.call("XPENDING k g - + 10")
    assert [(r[0], r[1], r[3]) for r in rows] == [(b"1-0", b"bob", 2), (b"2-0", b"bob", 1), (b"3-0", b"alice", 1)], show(rows)
    a.expect("XCLAIM k g bob 0 4-0", "[]")
    a.expect("XCLAIM k g bob 0 4-0 FORCE JUSTID", "[4-0]")
    a.expect("XCLAIM k g bob 0 3-0 RETRYCOUNT 9 IDLE 50000", "[[3-0 [n 3]]]")
    row, = a.call("XPENDING k g 3-0 3-0 1")
    assert row[3] == 9 and 50000 <= row[2] < 60000, row
    a.expect("XDEL k 3-0", ":1")
    a.expect("XCLAIM k g alice 0 3-0", "[]")
    a.expect("XPENDING k g 3-0 3-0 1", "[]")
    a.expect("XCLAIM k g alice 0 1-0 FOO", "-ERR Unrecognized XCLAIM option 'FOO'")
    a.expect("XCLAIM k g alice x 1-0", "-ERR Invalid min-idle-time argument for XCLAIM")
    a.expect("XCLAIM k g alice 0 1-0 IDLE x", "-ERR Invalid IDLE option argument for XCLAIM")
    a.expect("XCLAIM k nog alice 0 bad", "-NOGROUP No such key 'k' or consumer group 'nog'")
    a.expect("XCLAIM k g x 0 1-0 LASTID 50-0 JUSTID", "[1-0]")
    assert group(a, "k")[b"last-delivered-id"] == b"50-0"


def test_xautoclaim(a):
    fill(a, "k", 6)
    a.expect("XGROUP CREATE k g 0", "+OK")
    a.call("XREADGROUP GROUP g alice STREAMS k >")
    a.expect("XAUTOCLAIM k g bob 0 - COUNT 2", "[3-0 [[1-0 [n 1]] [2-0 [n 2]]] []]")
    a.expect("XDEL k 4-0", ":1")
    a.expect("XAUTOCLAIM k g bob 0 3-0 COUNT 2 JUSTID", "[5-0 [3-0] [4-0]]")
    a.expect("XAUTOCLAIM k g bob 0 (5-0", "[0-0 [[6-0 [n 6]]] []]")
    a.expect("XAUTOCLAIM k g bob 100000 -", "[0-0 [] []]")
    a.expect("XPENDING k g", "[:5 1-0 6-0 [[alice 1] [bob 4]]]")
    for bad in ("0", "-1", "x", "99999999999999999999"):
        a.expect("XAUTOCLAIM k g bob 0 - COUNT " + bad, "-ERR COUNT must be > 0")
    a.expect("XAUTOCLAIM k g bob x -", "-ERR Invalid min-idle-time argument for XAUTOCLAIM")
    a.expect("XAUTOCLAIM k nog bob 0 -", "-NOGROUP No such key 'k' or consumer group 'nog'")


def test_xautoclaim_looks_at_ten_times_count(a):
    """A young entry counts as examined: the cursor moves on, so that one call is bounded."""
    fill(a, "k", 30)
    a.expect("XGROUP CREATE k g 0", "+OK")
    a.call("XREADGROUP GROUP g alice STREAMS k >")
    a.expect("XAUTOCLAIM k g bob 100000 - COUNT 1", "[11-0 [] []]")


def test_lag_and_entries_read(s, a):
    if s.redis:
        raise Skip("7.0 has older rules")
    fill(a, "k", 5)
    a.expect("XGROUP CREATE k g $", "+OK")
    a.expect("XGROUP CREATE k h 0", "+OK")
    h = group(a, "k", "h")
    assert show(h[b"entries-read"]) == "nil" and h[b"lag"] == 5, h
    g = group(a, "k", "g")
    assert show(g[b"entries-read"]) == "nil" and g[b"lag"] == 0, g
    a.call("XREADGROUP GROUP h c COUNT 1 STREAMS k >")
    h = group(a, "k", "h")
    assert h[b"entries-read"] == 1 and h[b"lag"] == 4, h
    a.expect("XDEL k 4-0", ":1")
    h = group(a, "k", "h")
    assert show(h[b"lag"]) == "nil", h
    a.call("XREADGROUP GROUP h c STREAMS k >")
    h = group(a, "k", "h")
    assert h[b"entries-read"] == 5 and h[b"lag"] == 0, h
    fill(a, "m", 3)
    a.expect("XGROUP CREATE m g 0 ENTRIESREAD 99", "+OK")
    assert group(a, "m")[b"entries-read"] == 3
    a.expect("XTRIM m MAXLEN 1", ":2")
    a.expect("XGROUP SETID m g 0", "+OK")
    assert group(a, "m")[b"lag"] == 1
    a.expect("XTRIM m MAXLEN 0", ":1")
    assert group(a, "m")[b"lag"] == 0


@both
def test_xinfo_stream_full(s, a):
    fill(a, "k", 12)
    a.expect("XGROUP CREATE k g 0", "+OK")
    a.call("XREADGROUP GROUP g c COUNT 11 STREAMS k >")
    full = info(a, "k", "FULL")
    assert len(full[b"entries"]) == 10
    g = as_map(full[b"groups"][0])
    assert g[b"pel-count"] == 11 and len(g[b"pending"]) == 10 and g[b"entries-read"] == 11 and g[b"lag"] == 1
    c = as_map(g[b"consumers"][0])
    assert c[b"pel-count"] == 11 and len(c[b"pending"]) == 10 and c[b"name"] == b"c"
    assert abs(c[b"seen-time"] - time.time() * 1000) < 10000
    assert len(info(a, "k", "FULL", "COUNT", "0")[b"entries"]) == 12
    assert len(info(a, "k", "FULL", "COUNT", "1")[b"entries"]) == 1
    a.expect("XINFO STREAM none", "-ERR no such key")
    a.expect("XINFO CONSUMERS k nog", "-NOGROUP No such consumer group 'nog' for key name 'k'")
    a.expect_error("XINFO STREAM k FOO", "ERR")


# -- blocking

@both
def test_timeout(s, a):
    nil = "null" if a.proto == 3 else "nil*"
    a.expect("XGROUP CREATE k g $ MKSTREAM", "+OK")
    for command in ("XREAD BLOCK 40 STREAMS k $", "XREADGROUP GROUP g c BLOCK 40 STREAMS k >"):
        start = time.monotonic()
        a.expect(command, nil)
        assert 0.035 < time.monotonic() - start < 5
    blocked(s, 0)


def test_history_never_blocks(a):
    a.expect("XGROUP CREATE k g $ MKSTREAM", "+OK")
    a.expect("XREADGROUP GROUP g c BLOCK 0 STREAMS k 0", "[[k []]]")


def test_xread_fans_out(s, a, b, c, d):
    for waiter in (b, c, d):
        waiter.send("XREAD", "BLOCK", "0", "STREAMS", "k", "$")
    blocked(s, 3)
    a.expect("XADD k 1-1 f v", "1-1")
    for waiter in (b, c, d):
        waiter.expect_read("[[k [[1-1 [f v]]]]]")
    blocked(s, 0)


def test_xreadgroup_serves_the_longest_waiting_first(s, a, b, c, d):
    a.expect("XGROUP CREATE k g $ MKSTREAM", "+OK")
    for i, waiter in enumerate((b, c, d)):
        waiter.send("XREADGROUP", "GROUP", "g", "w%d" % i, "BLOCK", "0", "STREAMS", "k", ">")
        blocked(s, i + 1)
    for i, waiter in enumerate((b, c)):
        check(a.call("XADD", "k", "%d-0" % (i + 1), "n", i), "%d-0" % (i + 1))
        waiter.expect_read("[[k [[%d-0 [n %d]]]]]" % (i + 1, i))
        blocked(s, 2 - i)
    a.expect("XADD k 3-0 n 2", "3-0")
    d.expect_read("[[k [[3-0 [n 2]]]]]")
    a.expect("XPENDING k g", "[:3 1-0 3-0 [[w0 1] [w1 1] [w2 1]]]")


def test_two_adds_in_one_exec_go_to_the_first_waiter(s, a, b, c):
    a.expect("XGROUP CREATE k g $ MKSTREAM", "+OK")
    b.send("XREADGROUP", "GROUP", "g", "b", "BLOCK", "0", "STREAMS", "k", ">")
    blocked(s, 1)
    c.send("XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "k", ">")
    blocked(s, 2)
    a.pipeline(["MULTI", "XADD k 1-0 n 1", "XADD k 2-0 n 2", "EXEC"])
    b.expect_read("[[k [[1-0 [n 1]] [2-0 [n 2]]]]]")
    blocked(s, 1)
    a.expect("XADD k 3-0 n 3", "3-0")
    c.expect_read("[[k [[3-0 [n 3]]]]]")


def test_count_of_the_first_leaves_the_rest_to_the_next(s, a, b, c):
    a.expect("XGROUP CREATE k g $ MKSTREAM", "+OK")
    b.send("XREADGROUP", "GROUP", "g", "b", "COUNT", "1", "BLOCK", "0", "STREAMS", "k", ">")
    blocked(s, 1)
    c.send("XREADGROUP", "GROUP", "g", "c", "COUNT", "5", "BLOCK", "0", "STREAMS", "k", ">")
    blocked(s, 2)
    a.pipeline(["MULTI", "XADD k 1-0 n 1", "XADD k 2-0 n 2", "XADD k 3-0 n 3", "EXEC"])
    b.expect_read("[[k [[1-0 [n 1]]]]]")
    c.expect_read("[[k [[2-0 [n 2]] [3-0 [n 3]]]]]")


def test_a_pipeline_of_adds_loses_nothing_for_waiters(s, a, b, c):
    """However many waiters a run of adds wakes: in order, each message once, none left behind."""
    a.expect("XGROUP CREATE k g $ MKSTREAM", "+OK")
    b.send("XREADGROUP", "GROUP", "g", "b", "COUNT", "3", "BLOCK", "0", "STREAMS", "k", ">")
    blocked(s, 1)
    c.send("XREADGROUP", "GROUP", "g", "c", "COUNT", "3", "BLOCK", "0", "STREAMS", "k", ">")
    blocked(s, 2)
    fill(a, "k", 8)
    got = [int(e[0].split(b"-")[0]) for e in b.read()[0][1]]
    got += [int(e[0].split(b"-")[0]) for e in c.read()[0][1]]
    rest = a.call("XREADGROUP GROUP g a STREAMS k >")
    got += [int(e[0].split(b"-")[0]) for e in rest[0][1]]
    assert got == list(range(1, 9)), got


def test_add_and_delete_in_one_exec_wakes_nobody(s, a, b):
    b.send("XREAD", "BLOCK", "0", "STREAMS", "k", "$")
    blocked(s, 1)
    a.pipeline(["MULTI", "XADD k 1-0 n 1", "DEL k", "EXEC"])
    blocked(s, 1)
    a.expect("XADD k 2-0 n 2", "2-0")
    b.expect_read("[[k [[2-0 [n 2]]]]]")


def test_dollar_is_resolved_once(s, a, b):
    fill(a, "k", 5)
    b.send("XREAD", "BLOCK", "0", "STREAMS", "k", "$")
    blocked(s, 1)
    a.expect("DEL k", ":1")
    a.expect("XADD k 3-0 n 3", "3-0")
    blocked(s, 1)
    a.expect("XADD k 6-0 n 6", "6-0")
    b.expect_read("[[k [[6-0 [n 6]]]]]")


def test_xread_waits_through_a_change_of_type(s, a, b):
    b.send("XREAD", "BLOCK", "0", "STREAMS", "k", "$")
    blocked(s, 1)
    a.expect("SET k v", "+OK")
    a.expect("DEL k", ":1")
    a.expect("LPUSH k x", ":1")
    a.expect("DEL k", ":1")
    blocked(s, 1)
    a.expect("XADD k 1-0 n 1", "1-0")
    b.expect_read("[[k [[1-0 [n 1]]]]]")


def wait_in_group(s, a, b):
    a.expect("XGROUP CREATE k g $ MKSTREAM", "+OK")
    b.send("XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "k", ">")
    blocked(s, 1)


def test_group_waiter_woken_by_del(s, a, b):
    wait_in_group(s, a, b)
    a.expect("DEL k", ":1")
    b.expect_read(s.pick(NOGROUP_READ, "-UNBLOCKED the stream key no longer exists"))


def test_group_waiter_woken_by_flush(s, a, b):
    for flush in ("FLUSHALL", "FLUSHDB"):
        wait_in_group(s, a, b)
        a.expect(flush, "+OK")
        b.expect_read(s.pick(NOGROUP_READ, "-UNBLOCKED the stream key no longer exists"))


def test_group_waiter_woken_by_set(s, a, b):
    wait_in_group(s, a, b)
    a.expect("SET k v", "+OK")
    b.expect_read(s.pick(WRONGTYPE, "-UNBLOCKED the stream key no longer exists"))


def test_group_waiter_woken_by_destroy(s, a, b):
    wait_in_group(s, a, b)
    a.expect("XGROUP DESTROY k g", ":1")
    b.expect_read(s.pick(NOGROUP_READ, "-NOGROUP the consumer group this client was blocked on no longer exists"))


def test_group_waiter_woken_by_expiry_that_nobody_touches(s, a, b):
    wait_in_group(s, a, b)
    at = int(time.time() * 1000) + 100
    check(a.call("PEXPIREAT", "k", at), ":1")
    b.expect_read(s.pick(NOGROUP_READ, "-UNBLOCKED the stream key no longer exists"), timeout=5)
    assert time.time() * 1000 - at < 1500


def test_delete_and_create_again_in_one_exec(s, a, b):
    if s.redis:
        raise Skip("7.0 tells the waiter that the key is gone")
    wait_in_group(s, a, b)
    a.pipeline(["MULTI", "DEL k", "XADD k 1-0 n 1", "XGROUP CREATE k g 0", "EXEC"])
    b.expect_read("[[k [[1-0 [n 1]]]]]")


def test_setid_does_not_wake_the_next_add_does(s, a, b):
    fill(a, "k", 3)
    a.expect("XGROUP CREATE k g $", "+OK")
    b.send("XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "k", ">")
    blocked(s, 1)
    a.expect("XGROUP SETID k g 1-0", "+OK")
    blocked(s, 1)
    a.expect("XADD k 4-0 n 4", "4-0")
    b.expect_read("[[k [[2-0 [n 2]] [3-0 [n 3]] [4-0 [n 4]]]]]")


def test_several_keys(s, a, b):
    for key in ("x", "y", "z"):
        a.expect("XGROUP CREATE %s g $ MKSTREAM" % key, "+OK")
    b.send("XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "x", "y", "z", ">", ">", ">")
    blocked(s, 1)
    a.pipeline(["MULTI", "XADD z 1-0 n 1", "XADD x 1-0 n 1", "EXEC"])
    b.expect_read(s.pick("[[x [[1-0 [n 1]]]] [z [[1-0 [n 1]]]]]", "[[z [[1-0 [n 1]]]]]"))


def test_mixed_waiters_on_one_key(s, a, b, c, d):
    b.send("BRPOP", "k", "0")
    c.send("XREAD", "BLOCK", "0", "STREAMS", "k", "0")
    blocked(s, 2)
    a.expect("XADD k 1-0 n 1", "1-0")
    c.expect_read("[[k [[1-0 [n 1]]]]]")
    blocked(s, 1)
    a.expect("DEL k", ":1")
    a.expect("LPUSH k x", ":1")
    b.expect_read("[k x]")
    a.expect("XGROUP CREATE k g $ MKSTREAM", "+OK")
    c.send("XREAD", "BLOCK", "0", "STREAMS", "k", "$")
    d.send("XREADGROUP", "GROUP", "g", "d", "BLOCK", "0", "STREAMS", "k", ">")
    blocked(s, 2)
    a.expect("XADD k 1-0 n 1", "1-0")
    c.expect_read("[[k [[1-0 [n 1]]]]]")
    d.expect_read("[[k [[1-0 [n 1]]]]]")


@both
def test_client_unblock(s, a, b):
    nil = "null" if a.proto == 3 else "nil*"
    a.expect("XGROUP CREATE k g $ MKSTREAM", "+OK")
    ident = b.id()
    for command in ("XREAD BLOCK 0 STREAMS k $", "XREADGROUP GROUP g c BLOCK 0 STREAMS k >"):
        for how, wanted in ((), nil), (("ERROR",), "-UNBLOCKED client unblocked via CLIENT UNBLOCK"):
            b.send(command)
            blocked(s, 1)
            check(a.call("CLIENT", "UNBLOCK", ident, *how), ":1")
            b.expect_read(wanted)
    a.expect("XADD k 1-0 n 1", "1-0")
    assert group(a, "k")[b"pending"] == 0


def test_a_waiter_that_leaves_gets_nothing_and_its_consumer_stays(s, a, new):
    b = new()
    wait_in_group(s, a, b)
    b.close()
    blocked(s, 0)
    a.expect("XADD k 1-0 n 1", "1-0")
    a.expect("XPENDING k g", "[:0 nil nil nil*]")
    assert group(a, "k")[b"consumers"] == s.pick(1, 0)


def test_blocked_with_more_in_the_pipeline(s, a, b):
    b.send("XREAD", "BLOCK", "0", "STREAMS", "k", "$")
    b.send("XLEN", "k")
    b.send("XREAD", "BLOCK", "0", "STREAMS", "k", "$")
    blocked(s, 1)
    a.expect("XADD k 1-0 n 1", "1-0")
    b.expect_read("[[k [[1-0 [n 1]]]]]")
    b.expect_read(":1")
    blocked(s, 1)
    a.expect("XADD k 2-0 n 2", "2-0")
    b.expect_read("[[k [[2-0 [n 2]]]]]")


def test_brpop_order(s, a, b, c):
    b.send("BRPOP", "q", "r", "0")
    blocked(s, 1)
    c.send("BRPOP", "r", "q", "0")
    blocked(s, 2)
    a.expect("LPUSH q x y", ":2")
    b.expect_read("[q x]")
    c.expect_read("[q y]")
    b.send("BRPOP", "q", "0.05")
    b.expect_read("nil*")
    a.expect("EXISTS q", ":0")
    a.expect("SET q v", "+OK")
    a.expect("BRPOP q 0", WRONGTYPE)


def test_many_waiters(s, a, new):
    n = 200
    a.expect("XGROUP CREATE k g $ MKSTREAM", "+OK")
    waiters = [new() for _ in range(n)]
    for i, w in enumerate(waiters):
        w.send("XREADGROUP", "GROUP", "g", "c%d" % i, "COUNT", "1", "BLOCK", "0", "STREAMS", "k", ">")
    blocked(s, n)
    fill(a, "k", n)
    got = sorted(int(w.read()[0][1][0][0].split(b"-")[0]) for w in waiters)
    assert got == list(range(1, n + 1))


def test_large_entries(a):
    value = os.urandom(3 << 20)
    a.call("XADD", "k", "1-0", "f", value)
    a.call("XADD", "k", "2-0", *["f%d" % i for i in range(2000)])
    assert a.call("XRANGE", "k", "-", "+")[0][1][1] == value
    assert len(a.call("XRANGE", "k", "2", "2")[0][1]) == 2000


main(globals())
