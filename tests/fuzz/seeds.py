#!/usr/bin/python3
"""What fuzzers begin with, where mutations alone come late, in the format that each tells of: for fuzz_session
each command of streams in a place where it does something, over rewrites, time and restarts; for fuzz_rdb values of
all forms, and a file with them; for fuzz_script the scripts of the differential test, and what is decoded.

    seeds.py FOLDER      writes them to corpus-fuzz_... there, the same every time"""
import itertools
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import rdb  # noqa: E402
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))
from differential_scripts import Generator  # noqa: E402

ACT = b"\xfe"
TURN, OTHER, CONNECT, REWRITE = b"\xff", b"\x80", b"\xa0", b"\xa4"

FILL = ["XADD q %d-0 f v g %d" % (i, i) for i in range(1, 9)]
GROUP = FILL + ["XGROUP CREATE q g 0", "XGROUP CREATE q h 3-0 ENTRIESREAD 3", "XREADGROUP GROUP g alice COUNT 4 STREAMS q >",
                "XREADGROUP GROUP g bob COUNT 2 STREAMS q >", "XREADGROUP GROUP h carol NOACK COUNT 1 STREAMS q >"]


def after(ms):
    """Time passes: the square of a byte below 128."""
    return ACT + bytes([min(127, int(ms ** 0.5) + 1)])


SESSIONS = {
    "ids": ["XADD q 0-* f v", "XADD q 5-* f v", "XADD q * f v", "XADD q 18446744073709551615-18446744073709551614 f v",
            "XADD q * f v", "XADD q * f v", "XSETID q 18446744073709551615-18446744073709551615"],
    "trim": FILL + ["XADD q MAXLEN ~ 5 LIMIT 3 * f v", "XTRIM q MINID ~ 4", "XTRIM q MAXLEN = 2", "XADD q MAXLEN 0 * f v", "XLEN q"],
    "read": FILL + ["XRANGE q - + COUNT 2", "XREVRANGE q (6-0 2", "XREAD COUNT 2 STREAMS q r 0 0", "XREAD STREAMS q +", "XDEL q 2-0 3-0",
                    "XRANGE q (1-0 5", "XINFO STREAM q", "XINFO STREAM q FULL COUNT 0"],
    "block": ["XREAD BLOCK 100 STREAMS q r $ $", OTHER, "XADD r * f v", TURN, OTHER, "XGROUP CREATE q g 0 MKSTREAM",
              "XREADGROUP GROUP g alice BLOCK 0 STREAMS q >", OTHER, "MULTI", "XADD q * f v", "XADD q * f w", "EXEC", TURN,
              "XREADGROUP GROUP g bob BLOCK 50 STREAMS q >", after(60), "XREADGROUP GROUP g bob BLOCK 0 STREAMS q >", OTHER, "DEL q", TURN],
    "groups": GROUP + ["XACK q g 1-0 9-9", "XPENDING q g", "XPENDING q g IDLE 1 - + 10 alice", "XINFO GROUPS q", "XINFO CONSUMERS q g",
                       "XREADGROUP GROUP g alice STREAMS q 0", "XGROUP SETID q g 2-0 ENTRIESREAD 2", "XGROUP CREATECONSUMER q g dave",
                       "XGROUP DELCONSUMER q g bob", "XGROUP DESTROY q h", "XINFO STREAM q FULL"],
    "claims": GROUP + [after(500), "XCLAIM q g carol 100 1-0 2-0 IDLE 50 RETRYCOUNT 9", "XCLAIM q g carol 0 8-0 FORCE JUSTID LASTID 8-0",
                       "XDEL q 3-0", "XAUTOCLAIM q g dave 10 - COUNT 2", "XAUTOCLAIM q g dave 0 0 JUSTID",
                       "XREADGROUP GROUP g erin COUNT 9 CLAIM 0 STREAMS q >"],
    "references": GROUP + ["XDELEX q KEEPREF IDS 1 1-0", "XDELEX q DELREF IDS 2 2-0 9-9", "XDELEX q ACKED IDS 2 3-0 7-0",
                           "XACKDEL q g ACKED IDS 2 3-0 4-0", "XTRIM q MAXLEN 2 ACKED", "XADD q DELREF MAXLEN 1 * f v"],
    "nacks": GROUP + ["XNACK q g FAIL IDS 2 1-0 2-0", "XNACK q g SILENT IDS 1 3-0 RETRYCOUNT 5", "XNACK q g FATAL IDS 1 8-0 FORCE",
                      "XREADGROUP GROUP g carol COUNT 3 CLAIM 100000 STREAMS q >", "XPENDING q g - + 10"],
    "producers": ["XADD q IDMP p a * f v", "XADD q IDMP p a * f v", "XADD q IDMPAUTO r MAXLEN 5 * f v g w", "XADD q IDMPAUTO r * g w f v",
                  "XCFGSET q IDMP-DURATION 1 IDMP-MAXSIZE 2", "XADD q IDMP p a * f v", "XADD q IDMP p b * f v", "XADD q IDMP p c * f v",
                  "XADD q 9999999999999-1 f v", "XIDMPRECORD q s a 9999999999999-1", after(1100), "XADD q IDMP p c * f v", "XINFO STREAM q"],
    "policies": FILL + ["QPOLICY SET q* ACKWAIT 30s MAXDELIVER 3 DLQ dead:{queue} OVERFLOW dlq", "QPOLICY SET q TTL 7d PRIORITIES 4",
                        "QPOLICY SHOW q", TURN, "QPOLICY SET dead:q DLQ q", "QPOLICY LIST MATCH q*", "RENAME q r", "COPY r q",
                        "QPOLICY DEL q TTL", "SWAPDB 0 1", TURN, "QPOLICY GET q*", "QPOLICY DEL q*", "FLUSHALL", "XADD q * f v"],
    "later": ["QADD q DELAY 50 DEDUP d WINDOW 1s * f v", "QADD q DEDUP d * f w", "QADD q DELAY 40ms TTL 5s PRIORITY 31 * f v g w", "QADD q AT 9007199254740992 * f v",
              "XLEN q", after(60), "XRANGE q - +", "QCANCEL q 9007199254740992-2 1-1", "QADD q DELAY 1h DEDUP e * f v", "COPY q r", "RENAME q s", "SWAPDB 0 1",
              after(1100), "QADD s NOMKSTREAM * f v", "QADD q DEDUP d 5-5 f v", "DEL r"],
    "many": ["XREAD MAXCOUNT 3 MAXSIZE 40 STREAMS q r 0 0"] + FILL + ["XREAD MAXCOUNT 3 MAXSIZE 40 STREAMS q r 0 0",
                                                                      "XREAD COUNT 2 STREAMS q q 0 5-0"],
    "numbers": FILL + ["XSETID q 9-9 ENTRIESADDED 20 MAXDELETEDID 8-8", "XADD q * f v", "XGROUP CREATE q g $ ENTRIESREAD 3",
                       "XREADGROUP GROUP g a STREAMS q >", "XINFO GROUPS q", "PEXPIRE q 20", after(100), "XLEN q"],
}


def session(steps, proto, ends):
    out = b"HELLO 3\r\n" if proto == 3 else b""
    for step in steps:
        out += step.encode() + b"\r\n" if isinstance(step, str) else step if step[:1] == ACT else ACT + step
    return out + b"".join(ACT + e for e in ends)


def sessions():
    for (name, steps), proto, journal in itertools.product(SESSIONS.items(), (2, 3), (0, 1)):
        ends = (TURN, REWRITE, REWRITE, CONNECT, TURN) if journal else (TURN,)
        yield "%s-%d-%d" % (name, proto, journal), bytes([journal]) + session(steps, proto, ends)


def values():
    """None of them long; the file has no check sum, for a mutation would not keep it."""
    parts = [rdb.aux("redis-ver", "7.4.1"), b"\xf7\x05\x02\x02\x01\x05\x03abcd\x05\x01x\x00", rdb.select(1), b"\xfb\x09\x01\xf4\x01\x02\x03"]
    short = [v for v in rdb.ITEMS if isinstance(v, int) or len(v) < 100]
    for i, (_, form, body, _) in enumerate(rdb.forms(short)):
        yield "form-%d-%d" % (form, i), bytes([form]) + body
        parts.append(b"\xf8\x07" + rdb.key("k%d" % i, form, body, at=4102444800000 if i % 3 else None))
    parts += [b"\xf5\x02ab", b"\xf9\x07", b"\xfd\x01\0\0\0" + rdb.key("old", 1, rdb.length(0))]
    yield "file", b"\xff" + rdb.rdb_file(parts, checksum=False)
    yield "small", b"\xff" + rdb.rdb_file(parts[:4] + parts[-3:], checksum=False)


SCRIPT, LIBRARY, JSON, MSGPACK, STRUCT, PATTERN = 0, 3, 4, 5, 6, 7      # the first byte

LIBRARIES = [b"redis.register_function('f', function(keys, args) return redis.call('SET', keys[1], args[1]) end)",
             b"local n = 0 redis.register_function{function_name = 'g', flags = {'no-writes'}, description = 'd',"
             b" callback = function(k) n = n + 1 return {n, k[1]} end}"]
OTHERS = {
    JSON: [b'{"a": [1, -2.5e3, true, null, "\\u00e9\\ud83d\\ude00"], "b": {}}', b"[[[[[1]]]]]", b'"x"'],
    MSGPACK: [b"\x93\x01\xc0\xa1x", b"\x82\xa1a\x01\xcb\x3f\xf8\0\0\0\0\0\0\xdc\0\x01\xc3", b"\xd9\x03abc\xcf\xff\xff\xff\xff\xff\xff\xff\xff"],
    STRUCT: [b">I2i4hBc3s\0abcdefghijklmnopqrstuvwx\0", b"!4bdfx\0" + bytes(40), b"Bc0\0\x03abc", b"<!8bLi7\0" + bytes(range(32))],
    PATTERN: [b"^(%a+)%s*(.-)$\0hello world", b"%f[%w]%w+%f[%W]\0the quick", b"%b()\0a (b (c)) d", b"([^,]*),?\0a,b,,c", b"%5.2f %q %s\0x"],
}


def scripts():
    """(kind, bytes) of each."""
    g = Generator(random.Random("fuzz"))
    out = [(SCRIPT, g.script().encode("latin-1")) for _ in range(300)] + [(LIBRARY, code) for code in LIBRARIES]
    return out + [(kind, text) for kind, texts in OTHERS.items() for text in texts]


def named_scripts():
    for i, (kind, text) in enumerate(scripts()):
        yield str(i), bytes([kind]) + text


def main():
    for fuzzer, seeds in (("fuzz_session", sessions()), ("fuzz_rdb", values()), ("fuzz_script", named_scripts())):
        folder = os.path.join(sys.argv[1], "corpus-" + fuzzer)
        os.makedirs(folder, exist_ok=True)
        for name, content in seeds:
            with open(os.path.join(folder, "seed-" + name), "wb") as f:
                f.write(content)


if __name__ == "__main__":
    main()
