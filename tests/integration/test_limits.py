#!/usr/bin/python3
"""What a hostile or broken client may cost: bounded memory, and no time of the others."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import Closed, Server, alone, encode, main, under_sanitizer, wait_until, words  # noqa: E402

MB = 1 << 20


class Peak:
    """The most resident memory a server has from here on, above what it has now."""

    def __init__(self, server):
        self.path = "/proc/%d/" % server.pid
        with open(self.path + "clear_refs", "w") as f:
            f.write("5")
        self.start = self._field("VmRSS")

    def _field(self, name):
        with open(self.path + "status") as f:
            return next(int(line.split()[1]) << 10 for line in f if line.startswith(name))

    def grown(self):
        return self._field("VmHWM") - self.start

    def below(self, limit):
        grown = self.grown()
        assert grown < limit or under_sanitizer(), "grew by %.1f MB" % (grown / MB)


# --- client-output-buffer-limit ---

def limits(**kw):
    return [(name,) + value for name, value in kw.items()]


def test_one_message_for_a_thousand_patterns_stays_within_the_limit():
    with Server(appendonly="no", client_output_buffer_limit=limits(pubsub=("4mb", "0", "0"))) as s:
        c, deaf = s.client(), s.client(rcvbuf=4096)
        deaf.call("PSUBSCRIBE", *["news" + "*" * i for i in range(1, 1001)])
        peak = Peak(s)
        assert c.call("PUBLISH", "news", "x" * MB) == 1000
        alone(c)
        peak.below(30 * MB)
        assert "output buffer over 4194304 bytes" in s.log()


def test_messages_of_one_turn_stay_within_the_limit():
    """All are delivered before anything is sent."""
    with Server(appendonly="no", turn_commands=100000, client_output_buffer_limit=limits(pubsub=("4mb", "0", "0"))) as s:
        c, deaf = s.client(), s.client(rcvbuf=4096)
        deaf.call("SUBSCRIBE", "news")
        c.expect("MULTI", "+OK")
        for _ in range(100):
            c.call("PUBLISH", "news", "x" * MB)
        peak = Peak(s)
        assert c.call("EXEC") == [1] * 100
        alone(c)
        peak.below(30 * MB)


def test_ones_own_messages_inside_a_transaction_are_bounded_too():
    with Server(appendonly="no", client_output_buffer_limit=limits(pubsub=("4mb", "0", "0"))) as s:
        c, me = s.client(), s.client(proto=3)
        for i in range(1, 1001):
            me.call("PSUBSCRIBE", "news" + "*" * i)
        me.call("MULTI")
        me.call("PUBLISH", "news", "x" * MB)
        peak = Peak(s)
        me.send("EXEC")
        me.expect_closed()
        alone(c)
        peak.below(30 * MB)


def test_one_reply_stays_within_the_limit():
    with Server(appendonly="no", client_output_buffer_limit=limits(normal=("4mb", "0", "0"))) as s:
        c, lazy = s.client(), s.client(rcvbuf=4096)
        assert c.call("XADD", "s", "*", "f", "x" * MB)
        for _ in range(99):
            c.call("XADD", "s", "*", "f", "x" * MB)
        lazy.call("MULTI")
        for _ in range(10):
            lazy.call("XRANGE", "s", "-", "+")
        peak = Peak(s)
        lazy.send("EXEC")
        lazy.expect_closed()
        alone(c)
        peak.below(30 * MB)
        c.expect("XLEN s", ":100")


def test_a_pipeline_stops_at_the_limit():
    """Its replies over the limit, no more of its requests run."""
    with Server(appendonly="no", client_output_buffer_limit=limits(normal=("4mb", "0", "0"))) as s:
        c, lazy = s.client(), s.client(rcvbuf=4096)
        c.call("SET", "big", "x" * MB)
        try:
            lazy.send_raw((encode(words(("GET", "big"))) + encode(words(("INCR", "n")))) * 100)
        except Closed:
            pass
        alone(c)
        assert int(c.call("GET", "n")) <= 10


def test_a_limit_set_later_holds_at_once():
    with Server(appendonly="no") as s:
        c, deaf = s.client(), s.client(rcvbuf=4096)
        deaf.call("SUBSCRIBE", "news")
        c.call("CONFIG", "SET", "client-output-buffer-limit", "pubsub 1mb 0 0")
        assert c.call("PUBLISH", "news", "x" * 8 * MB) == 1
        alone(c)


def test_the_soft_limit_closes_after_its_seconds():
    with Server(appendonly="no", client_output_buffer_limit=limits(normal=("0", "1mb", "1"), pubsub=("0", "1mb", "1"))) as s:
        c, lazy, deaf, quick = s.client(), s.client(rcvbuf=4096), s.client(rcvbuf=4096), s.client()
        c.call("SET", "big", "x" * 8 * MB)
        quick.call("SUBSCRIBE", "news")
        deaf.call("SUBSCRIBE", "news")
        lazy.send("GET", "big")
        assert c.call("PUBLISH", "news", "x" * 8 * MB) == 2
        assert len(quick.read()) == 3
        listed = c.call("CLIENT", "LIST")
        assert listed.count(b"\n") == 4, "closed before its time"
        wait_until(lambda: c.call("CLIENT", "LIST").count(b"\n") == 2, what="the two that do not read to be closed")
        assert c.call("PUBLISH", "news", "still here") == 1
        assert quick.read()[2] == b"still here"


main(globals())
