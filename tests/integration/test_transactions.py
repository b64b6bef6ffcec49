#!/usr/bin/python3
"""MULTI, EXEC, DISCARD, WATCH, UNWATCH: all of Redis' rules."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import Skip, blocked, both, check, main, wait_until  # noqa: E402

ABORT = "-EXECABORT Transaction discarded because of previous errors."


@both
def test_exec_answers_in_order(a):
    a.expect("MULTI", "+OK")
    for command in ("SET k 1", "INCR k", "GET k", "LPUSH l a b", "XADD s 1-1 f v", "GET none"):
        a.expect(command, "+QUEUED")
    a.expect("EXEC", "[+OK :2 2 :2 1-1 %s]" % ("null" if a.proto == 3 else "nil"))
    a.expect("GET k", "2")


def test_empty_exec(a):
    a.expect("MULTI", "+OK")
    a.expect("EXEC", "[]")


def test_nothing_runs_before_exec(a, b):
    a.expect("MULTI", "+OK")
    a.expect("SET k v", "+QUEUED")
    b.expect("GET k", "nil")
    a.expect("EXEC", "[+OK]")
    b.expect("GET k", "v")


def test_discard(a):
    a.expect("MULTI", "+OK")
    a.expect("SET k v", "+QUEUED")
    a.expect("DISCARD", "+OK")
    a.expect("GET k", "nil")
    a.expect("EXEC", "-ERR EXEC without MULTI")
    a.expect("DISCARD", "-ERR DISCARD without MULTI")


def test_nested_multi(a):
    a.expect("MULTI", "+OK")
    a.expect("MULTI", "-ERR MULTI calls can not be nested")
    a.expect("SET k v", "+QUEUED")
    a.expect("EXEC", "[+OK]")


def test_watch_inside_multi(a):
    a.expect("MULTI", "+OK")
    a.expect("WATCH k", "-ERR WATCH inside MULTI is not allowed")
    a.expect("PING", "+QUEUED")
    a.expect("EXEC", "[+PONG]")


def test_unknown_command_aborts(a):
    a.expect("MULTI", "+OK")
    a.expect("SET k v", "+QUEUED")
    a.expect_error("NOSUCH", "ERR unknown command 'NOSUCH'")
    a.expect("SET k2 v", "+QUEUED")
    a.expect("EXEC", ABORT)
    a.expect("EXISTS k k2", ":0")


def test_wrong_arity_aborts(a):
    a.expect("MULTI", "+OK")
    a.expect("GET", "-ERR wrong number of arguments for 'get' command")
    a.expect("EXEC", ABORT)
    a.expect("EXEC", "-ERR EXEC without MULTI")


def test_arity_of_multi_itself(a):
    a.expect("MULTI x", "-ERR wrong number of arguments for 'multi' command")
    a.expect("MULTI", "+OK")
    a.expect("EXEC x", "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command")
    a.expect("EXEC", "-ERR EXEC without MULTI")


def test_an_error_while_running_stops_nothing(a):
    a.expect("SET k abc", "+OK")
    a.expect("MULTI", "+OK")
    for command in ("INCR k", "LPUSH k x", "SET k 5", "INCR k", "XADD s * a b c"):
        a.expect(command, "+QUEUED")
    a.expect("EXEC", "[-ERR value is not an integer or out of range -WRONGTYPE Operation against a key holding the "
             "wrong kind of value +OK :6 -ERR wrong number of arguments for 'xadd' command]")


@both
def test_watch_dirtied_by_another(a, b):
    nil = "null" if a.proto == 3 else "nil*"
    a.expect("SET k 1", "+OK")
    a.expect("WATCH k", "+OK")
    b.expect("SET k 2", "+OK")
    a.expect("MULTI", "+OK")
    a.expect("SET k 3", "+QUEUED")
    a.expect("EXEC", nil)
    a.expect("GET k", "2")
    a.expect("MULTI", "+OK")
    a.expect("SET k 3", "+QUEUED")
    a.expect("EXEC", "[+OK]")


def test_watch_dirtied_by_oneself_before_multi(a):
    a.expect("WATCH k", "+OK")
    a.expect("SET k 1", "+OK")
    a.expect("MULTI", "+OK")
    a.expect("GET k", "+QUEUED")
    a.expect("EXEC", "nil*")


def test_watch_dirtied_between_multi_and_exec(a, b):
    a.expect("WATCH k", "+OK")
    a.expect("MULTI", "+OK")
    a.expect("GET k", "+QUEUED")
    b.expect("SET k 1", "+OK")
    a.expect("EXEC", "nil*")


def test_reads_and_vain_writes_do_not_touch(a, b):
    a.expect("SET k 1", "+OK")
    a.expect("LPUSH l x", ":1")
    a.expect("XADD s 1-1 f v", "1-1")
    a.expect("WATCH k l s none", "+OK")
    for command in ("GET k", "TTL k", "EXISTS k none", "DEL none", "PERSIST k", "XDEL s 9-9", "XTRIM s MAXLEN 5", "INCR l",
                    "EXPIRE none 100", "XLEN s", "RPOP none", "LLEN l", "SET k 2 NX", "TYPE k"):
        b.call(command)
    a.expect("MULTI", "+OK")
    a.expect("GET k", "+QUEUED")
    a.expect("EXEC", "[1]")


WRITES = ("SET k v", "INCR k", "DEL k", "EXPIRE k 1000", "PEXPIREAT k 1", "FLUSHALL", "FLUSHDB", "SET k 1 KEEPTTL")


def test_every_write_touches(a, b):
    for write in WRITES:
        a.expect("SET k 1", "+OK")
        a.expect("WATCH k", "+OK")
        b.call(write)
        a.expect("MULTI", "+OK")
        a.expect("PING", "+QUEUED")
        check(a.call("EXEC"), "nil*", "EXEC after " + write)


def test_writes_to_lists_and_streams_touch(a, b):
    for setup, write in (("LPUSH k a", "LPUSH k b"), ("LPUSH k a", "RPOP k"), ("XADD k 1-1 f v", "XADD k 2-1 f v"),
                         ("XADD k 1-1 f v", "XDEL k 1-1"), ("XADD k 1-1 f v", "XTRIM k MAXLEN 0"),
                         ("PING", "XADD k 1-1 f v"), ("PING", "XGROUP CREATE k g $ MKSTREAM"), ("LPUSH k a", "BRPOP k 0")):
        a.call("DEL", "k")
        a.call(setup)
        a.expect("WATCH k", "+OK")
        b.call(write)
        a.expect("MULTI", "+OK")
        a.expect("PING", "+QUEUED")
        check(a.call("EXEC"), "nil*", "EXEC after " + write)


def test_group_writes_touch(s, a, b):
    if s.redis:
        raise Skip("Redis 7.0 does not signal these")
    for write in ("XREADGROUP GROUP g c STREAMS k >", "XACK k g 1-1", "XCLAIM k g d 0 1-2", "XGROUP SETID k g 0",
                  "XGROUP CREATECONSUMER k g new", "XGROUP DELCONSUMER k g d", "XGROUP DESTROY k g"):
        if write.startswith("XREADGROUP"):
            for command in ("XADD k 1-1 f v", "XADD k 1-2 f v", "XGROUP CREATE k g 0"):
                a.call(command)
        a.expect("WATCH k", "+OK")
        b.call(write)
        a.expect("MULTI", "+OK")
        a.expect("PING", "+QUEUED")
        check(a.call("EXEC"), "nil*", "EXEC after " + write)


def test_other_keys_do_not_touch(a, b):
    a.expect("WATCH k", "+OK")
    b.expect("SET k2 1", "+OK")
    b.expect("SELECT 1", "+OK")
    b.expect("SET k 1", "+OK")
    a.expect("MULTI", "+OK")
    a.expect("PING", "+QUEUED")
    a.expect("EXEC", "[+PONG]")


def test_flushall_touches_only_what_was_there(a, b):
    a.expect("SET k 1", "+OK")
    a.expect("WATCH k", "+OK")
    b.expect("FLUSHALL", "+OK")
    a.expect("MULTI", "+OK")
    a.expect("EXEC", "nil*")
    a.expect("WATCH none", "+OK")
    b.expect("FLUSHALL", "+OK")
    a.expect("MULTI", "+OK")
    a.expect("EXEC", "[]")


def test_expiry_touches(a, b):
    a.expect("SET k 1 PX 30", "+OK")
    a.expect("WATCH k", "+OK")
    wait_until(lambda: not b.call("GET", "k"), what="expiry")
    a.expect("MULTI", "+OK")
    a.expect("PING", "+QUEUED")
    a.expect("EXEC", "nil*")


def test_expiry_that_nobody_saw_touches_too(s, a, b):
    a.expect("SET k 1 PX 30", "+OK")
    a.expect("WATCH k", "+OK")
    a.expect("MULTI", "+OK")
    a.expect("GET k", "+QUEUED")
    wait_until(lambda: b.call("DBSIZE") == 0, what="expiry")
    a.expect("EXEC", "nil*")


def test_a_key_expired_when_watched(a, b):
    """WATCH of a key that is already over: EXEC goes on (Redis 6.0.9 and later)."""
    a.expect("SET k 1 PX 1", "+OK")
    wait_until(lambda: b.call("EXISTS", "k") == 0, what="expiry")
    a.expect("WATCH k", "+OK")
    a.expect("MULTI", "+OK")
    a.expect("PING", "+QUEUED")
    a.expect("EXEC", "[+PONG]")


def test_unwatch_and_discard_forget(a, b):
    for forget in (["UNWATCH"], ["MULTI", "DISCARD"], ["MULTI", "EXEC"]):
        a.expect("WATCH k", "+OK")
        for command in forget:
            a.call(command)
        b.call("INCR", "k")
        a.expect("MULTI", "+OK")
        a.expect("PING", "+QUEUED")
        check(a.call("EXEC"), "[+PONG]", forget)


def test_unwatch_inside_multi_comes_too_late(a, b):
    a.expect("WATCH k", "+OK")
    b.expect("SET k 1", "+OK")
    a.expect("MULTI", "+OK")
    a.expect("UNWATCH", "+QUEUED")
    a.expect("EXEC", "nil*")


def test_watch_twice_and_many(a, b):
    a.expect("WATCH k k k2 k", "+OK")
    a.expect("WATCH k3", "+OK")
    b.expect("SET k3 x", "+OK")
    a.expect("MULTI", "+OK")
    a.expect("EXEC", "nil*")
    a.expect("WATCH", "-ERR wrong number of arguments for 'watch' command")


def test_aborted_exec_forgets_watch(a, b):
    a.expect("WATCH k", "+OK")
    a.expect("MULTI", "+OK")
    a.call("NOSUCH")
    a.expect("EXEC", ABORT)
    b.expect("SET k 1", "+OK")
    a.expect("MULTI", "+OK")
    a.expect("EXEC", "[]")


def test_a_watcher_that_leaves(a, new):
    b = new()
    b.expect("WATCH k", "+OK")
    b.expect("MULTI", "+OK")
    b.expect("SET k 1", "+QUEUED")
    b.close()
    a.expect("SET k 2", "+OK")
    a.expect("GET k", "2")


@both
def test_blocking_commands_do_not_block_inside(a):
    nil = "null" if a.proto == 3 else "nil*"
    a.expect("XADD s 1-1 f v", "1-1")
    a.expect("XGROUP CREATE s g $", "+OK")
    a.expect("MULTI", "+OK")
    for command in ("BRPOP none 0", "XREAD BLOCK 0 STREAMS s $", "XREADGROUP GROUP g c BLOCK 0 STREAMS s >", "PING"):
        a.expect(command, "+QUEUED")
    a.expect("EXEC", "[%s %s %s +PONG]" % (nil, nil, nil))


def test_waiters_are_served_after_exec(s, a, b):
    b.send("BRPOP", "q", "0")
    blocked(s, 1)
    a.expect("MULTI", "+OK")
    for command in ("LPUSH q x", "LLEN q", "LPUSH q y"):
        a.expect(command, "+QUEUED")
    a.expect("EXEC", "[:1 :1 :2]")
    b.expect_read("[q x]")
    a.expect("LLEN q", ":1")


def test_push_and_delete_in_one_exec_wakes_nobody(s, a, b):
    b.send("BRPOP", "q", "0")
    blocked(s, 1)
    a.expect("MULTI", "+OK")
    a.expect("LPUSH q x", "+QUEUED")
    a.expect("DEL q", "+QUEUED")
    a.expect("EXEC", "[:1 :1]")
    blocked(s, 1)
    a.expect("LPUSH q y", ":1")
    b.expect_read("[q y]")


def test_select_inside(a):
    a.expect("MULTI", "+OK")
    for command in ("SELECT 4", "SET k four", "SELECT 0", "SET k zero"):
        a.expect(command, "+QUEUED")
    a.expect("EXEC", "[+OK +OK +OK +OK]")
    a.expect("GET k", "zero")
    a.expect("SELECT 4", "+OK")
    a.expect("GET k", "four")


def test_subscribe_inside_resp2_multi(s, a, b):
    a.expect("MULTI", "+OK")
    a.expect("SUBSCRIBE n", "+QUEUED")
    a.expect("SET k v", "+QUEUED")
    a.send("EXEC")
    a.expect_read("[[subscribe n :1] +OK]")
    b.expect("PUBLISH n x", ":1")
    a.expect_read("[message n x]")


def test_quit_inside(s, a, b):
    a.expect("MULTI", "+OK")
    a.expect("SET k v", "+QUEUED")
    a.expect("QUIT", "+OK")
    a.expect_closed()
    b.expect("GET k", "nil")


def test_many_queued(a):
    got = a.pipeline(["MULTI"] + ["INCR n"] * 5000 + ["EXEC"])
    assert got[-1] == list(range(1, 5001))


main(globals())
