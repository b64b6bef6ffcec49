#!/usr/bin/python3
"""CLIENT: what is said of a connection, who is closed, paused, muted."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import blocked, both, main  # noqa: E402


# --- REPLY ---

WAITING = {
    "BRPOP": (("BRPOP", "l", "0"), ("LPUSH", "l", "x")),
    "XREAD": (("XREAD", "BLOCK", "0", "STREAMS", "s", "$"), ("XADD", "s", "1-1", "f", "v")),
    "XREADGROUP": (("XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "s", ">"), ("XADD", "s", "1-1", "f", "v")),
}


@both
def test_a_skipped_command_that_waits_says_nothing_when_served(s, a, new):
    for name, (wait, serve) in WAITING.items():
        a.expect("FLUSHALL", "+OK")
        a.expect("XGROUP CREATE s g $ MKSTREAM", "+OK")
        b = new()
        b.send("CLIENT", "REPLY", "SKIP")
        b.send(*wait)
        b.send("ECHO", name)
        blocked(s, 1)
        a.call(*serve)
        b.expect_read(name)


@both
def test_a_skipped_command_that_waits_says_nothing_when_its_time_is_over(s, a, new):
    for wait in (("BRPOP", "l", "0.01"), ("XREAD", "BLOCK", "10", "STREAMS", "s", "$")):
        b = new()
        b.send("CLIENT", "REPLY", "SKIP")
        b.send(*wait)
        b.send("ECHO", "next")
        b.expect_read("next")


def test_reply_off_holds_while_waiting(s, a, b):
    b.send("CLIENT", "REPLY", "OFF")
    b.send("BRPOP", "l", "0")
    b.send("INCR", "n")
    b.send("CLIENT", "REPLY", "ON")
    blocked(s, 1)
    a.expect("LPUSH l x", ":1")
    b.expect_read("+OK")
    a.expect("GET n", "1")


@both
def test_messages_come_though_replies_do_not(a, new):
    b = new()
    push = ">" if b.proto == 3 else ""
    b.send("CLIENT", "REPLY", "OFF")
    b.send("SUBSCRIBE", "news")
    b.expect_read(push + "[subscribe news :1]")
    a.expect("PUBLISH news one", ":1")
    b.expect_read(push + "[message news one]")
    if b.proto == 3:
        b.send("PUBLISH", "news", "mine")
        b.expect_read(">[message news mine]")
    b.send("UNSUBSCRIBE", "news")
    b.expect_read(push + "[unsubscribe news :0]")


main(globals())
