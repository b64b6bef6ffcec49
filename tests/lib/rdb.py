"""RDB files and dumped values, written by the format and nothing else: every encoding that a Redis may have used,
also those that the Redis at hand does not write any more or not yet. And a dump turned into one of an older version.
"""
import math
import struct

POLYNOMIAL = 0x95ac9329ac4bc9b5


def _table():
    out = []
    for i in range(256):
        for _ in range(8):
            i = i >> 1 ^ (POLYNOMIAL if i & 1 else 0)
        out.append(i)
    return out


TABLE = _table()


def crc64(data):
    c = 0
    for b in data:
        c = c >> 8 ^ TABLE[(c ^ b) & 0xff]
    return c


# ---------------------------------------------------------------------------------------------
# Bytes

def length(n):
    n &= (1 << 64) - 1
    if n < 64:
        return bytes([n])
    if n < 16384:
        return struct.pack(">H", 0x4000 | n)
    if n < 1 << 32:
        return b"\x80" + struct.pack(">I", n)
    return b"\x81" + struct.pack(">Q", n)


def string(s):
    s = to_bytes(s)
    return length(len(s)) + s


def to_bytes(s):
    return s if isinstance(s, bytes) else str(s).encode()


def number_string(v):
    """A string that is a number, as an integer of 1, 2 or 4 bytes."""
    for form, (bits, code) in enumerate(((8, "<b"), (16, "<h"), (32, "<i"))):
        if -(1 << bits - 1) <= v < 1 << bits - 1:
            return bytes([0xc0 | form]) + struct.pack(code, v)
    raise ValueError(v)


def lzf(s):
    """Packs in the simplest way: runs of one byte, else as it is."""
    out, i = b"", 0
    while i < len(s):
        run = 1
        while i + run < len(s) and s[i + run] == s[i] and run < 200:
            run += 1
        if run > 12:
            out += b"\x00" + s[i:i + 1] + bytes([0xe0, run - 1 - 9, 0])
            i += run
        else:
            n = min(32, len(s) - i, max(run, 1))
            out += bytes([n - 1]) + s[i:i + n]
            i += n
    return out


def packed_string(s):
    s = to_bytes(s)
    z = lzf(s)
    return b"\xc3" + length(len(z)) + length(len(s)) + z


# ---------------------------------------------------------------------------------------------
# Blocks. An item that is an int is written as a number, all else as text.

def _back(n):
    size = 1 if n <= 127 else 2 if n < 16383 else 3 if n < 2097151 else 4 if n < 268435455 else 5
    return bytes((n >> 7 * (size - 1 - i) & 127) | (128 if i else 0) for i in range(size))


def listpack_item(v):
    if isinstance(v, int):
        if 0 <= v < 128:
            head = bytes([v])
        elif -4096 <= v < 4096:
            head = struct.pack(">H", 0xc000 | v & 0x1fff)
        elif -32768 <= v < 32768:
            head = b"\xf1" + struct.pack("<h", v)
        elif -(1 << 23) <= v < 1 << 23:
            head = b"\xf2" + struct.pack("<i", v)[:3]
        elif -(1 << 31) <= v < 1 << 31:
            head = b"\xf3" + struct.pack("<i", v)
        else:
            head = b"\xf4" + struct.pack("<q", v)
    else:
        v = to_bytes(v)
        if len(v) < 64:
            head = bytes([0x80 | len(v)]) + v
        elif len(v) < 4096:
            head = struct.pack(">H", 0xe000 | len(v)) + v
        else:
            head = b"\xf0" + struct.pack("<I", len(v)) + v
    return head + _back(len(head))


def listpack(items, count=None):
    body = b"".join(map(listpack_item, items))
    count = min(len(items), 65535) if count is None else count
    return struct.pack("<IH", len(body) + 7, count) + body + b"\xff"


def ziplist_item(v, before):
    prev = bytes([before]) if before < 254 else b"\xfe" + struct.pack("<I", before)
    if isinstance(v, int):
        if 0 <= v <= 12:
            return prev + bytes([0xf1 + v])
        for head, bits, code in ((b"\xfe", 8, "<b"), (b"\xc0", 16, "<h"), (b"\xf0", 24, None), (b"\xd0", 32, "<i"),
                                 (b"\xe0", 64, "<q")):
            if -(1 << bits - 1) <= v < 1 << bits - 1:
                return prev + head + (struct.pack(code, v) if code else struct.pack("<i", v)[:3])
    v = to_bytes(v)
    if len(v) < 64:
        return prev + bytes([len(v)]) + v
    if len(v) < 16384:
        return prev + struct.pack(">H", 0x4000 | len(v)) + v
    return prev + b"\x80" + struct.pack(">I", len(v)) + v


def ziplist(items):
    body, last, at = b"", 0, 10
    for v in items:
        item = ziplist_item(v, last)
        at = 10 + len(body)
        body += item
        last = len(item)
    return struct.pack("<IIH", len(body) + 11, at, min(len(items), 65535)) + body + b"\xff"


def intset(numbers):
    numbers = sorted(numbers)
    code = next(c for c, bits in (("h", 16), ("i", 32), ("q", 64))
                if all(-(1 << bits - 1) <= v < 1 << bits - 1 for v in numbers))
    return struct.pack("<II", struct.calcsize(code), len(numbers)) + struct.pack("<%d%s" % (len(numbers), code), *numbers)


# ---------------------------------------------------------------------------------------------
# Streams: {"nodes": [(base id, names, [(id, deleted, [(field, value), ...])])], "last", "first", "deleted", "added",
# "groups": [{"name", "last", "read", "pending": [(id, time, count)], "consumers": [(name, seen, active, [id])]}]}
# An id is a pair of numbers.

def raw_id(i):
    return struct.pack(">QQ", *i)


def signed(v):
    v &= (1 << 64) - 1
    return v - (1 << 64) if v >> 63 else v


def stream_node(base, names, entries):
    alive = sum(not deleted for _, deleted, _ in entries)
    items = [alive, len(entries) - alive, len(names)] + list(names) + [0]
    for i, deleted, fields in entries:
        same = [f for f, _ in fields] == list(names)
        one = [(2 if same else 0) | (1 if deleted else 0), signed(i[0] - base[0]), signed(i[1] - base[1])]
        one += [] if same else [len(fields)]
        for f, v in fields:
            one += [v] if same else [f, v]
        items += one + [len(one)]
    return string(raw_id(base)) + string(listpack(items))


def stream(s, form):
    out = length(len(s["nodes"])) + b"".join(stream_node(*n) for n in s["nodes"])
    alive = sum(not deleted for _, _, entries in s["nodes"] for _, deleted, _ in entries)
    out += length(s.get("length", alive)) + length(s["last"][0]) + length(s["last"][1])
    if form >= 19:
        for i in (s["first"], s["deleted"]):
            out += length(i[0]) + length(i[1])
        out += length(s["added"])
    out += length(len(s["groups"]))
    for g in s["groups"]:
        out += string(g["name"]) + length(g["last"][0]) + length(g["last"][1])
        out += length(g["read"]) if form >= 19 else b""
        out += length(len(g["pending"]))
        out += b"".join(raw_id(i) + struct.pack("<q", time) + length(count) for i, time, count in g["pending"])
        out += length(len(g["consumers"]))
        for name, seen, active, ids in g["consumers"]:
            out += string(name) + struct.pack("<q", seen) + (struct.pack("<q", active) if form >= 21 else b"")
            out += length(len(ids)) + b"".join(map(raw_id, ids))
    return out


# ---------------------------------------------------------------------------------------------
# Dumps and files

def dump(form, body, version=11):
    """What DUMP would give: `body` is a value of the form of that number."""
    data = bytes([form]) + body + struct.pack("<H", version)
    return data + struct.pack("<Q", crc64(data))


def rdb_file(parts, version=11, checksum=True):
    data = b"REDIS%04d" % version + b"".join(parts) + b"\xff"
    return data + struct.pack("<Q", crc64(data) if checksum else 0)


def key(name, form, body, at=None):
    return (b"" if at is None else b"\xfc" + struct.pack("<q", at)) + bytes([form]) + string(name) + body


def select(db):
    return b"\xfe" + length(db)


def aux(name, value):
    return b"\xfa" + string(name) + string(value)


class _Bytes:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        self.at += n
        return self.data[self.at - n:self.at]

    def length(self):
        first = self.take(1)[0]
        if first >> 6 == 0:
            return first
        if first >> 6 == 1:
            return (first & 63) << 8 | self.take(1)[0]
        return struct.unpack(">I", self.take(4))[0] if first == 0x80 else struct.unpack(">Q", self.take(8))[0]


def for_redis_7_0(payload):
    """A dump of version 11 as one of version 10: Redis 7.0 does not know when a consumer was active."""
    form, body = payload[0], payload[1:-10]
    if form != 21:
        return dump(form, body, 10)
    b, cut = _Bytes(body), []
    for _ in range(b.length()):
        b.take(b.length())
        b.take(b.length())
    for _ in range(8):
        b.length()
    for _ in range(b.length()):
        b.take(b.length())
        for _ in range(3):
            b.length()
        for _ in range(b.length()):
            b.take(24)
            b.length()
        for _ in range(b.length()):
            b.take(b.length())
            b.take(8)
            cut.append(b.at)
            b.take(8)
            b.take(16 * b.length())
    assert b.at == len(body), "a stream that does not end where its dump does"
    for at in reversed(cut):
        body = body[:at] + body[at + 8:]
    return dump(19, body, 10)


# ---------------------------------------------------------------------------------------------
# Samples

ITEMS = [b"a", b"", -1, 0, 12, 13, 63, 64, 127, 128, 255, -128, -129, 4095, 4096, -4096, -4097, 32767, -32768, 32768, 8388607, -8388609,
         (1 << 31) - 1, 1 << 31, (1 << 63) - 1, -(1 << 63), b"z" * 63, b"y" * 64, b"x" * 4095, b"w" * 4096, b"v" * 20000, b"007", b"-0", b"\x00\xff"]
STREAM = {
    "nodes": [((5, 0), [b"f", b"g"], [((5, 1), False, [(b"f", b"1"), (b"g", 70000)]), ((5, 2), True, [(b"f", b"x"), (b"g", b"y")]),
                                      ((9, 0), False, [(b"other", b"v" * 300)])]),
              ((10, 1 << 63), [b"f"], [((10, 1 << 63), False, [(b"f", b"")]), ((11, 3), False, [(b"f", -5)])])],
    "last": (12, 7), "first": (5, 1), "deleted": (5, 2), "added": 9,
    "groups": [{"name": b"g", "last": (9, 0), "read": 3, "pending": [((5, 1), 1000, 2), ((5, 2), 2000, 1), ((9, 0), 1700000000000, 300)],
                "consumers": [(b"ann", 5, 6, [(5, 1), (9, 0)]), (b"", 7, -1, [(5, 2)]), (b"idle", 8, 8, [])]},
               {"name": b"", "last": (0, 0), "read": -1, "pending": [], "consumers": []}]}


def scores(pairs_):
    return {to_bytes(m): float(to_bytes(s)) for m, s in zip(pairs_[0::2], pairs_[1::2])}


def text_scores():
    out = length(3)
    for member, s in ((b"low", b"\xff"), (b"high", b"\xfe"), (b"mid", b"\x03-.5")):
        out += string(member) + s
    return out


def forms(items=tuple(ITEMS)):
    """A value of each: (name, number, body, what a reading of it gives; of a stream its form)."""
    lp, zl, items = listpack, ziplist, list(items)
    words = [to_bytes(v) for v in items]
    pairs = [v for i, w in enumerate(items) for v in (w, i)]
    scored = [v for i, w in enumerate(items) for v in (w, (b"-inf", b"inf", 7, b"2.5", -40000)[i % 5])]
    h = dict(zip(map(to_bytes, pairs[0::2]), map(to_bytes, pairs[1::2])))
    yield "string", 0, string(b"plain"), b"plain"
    for v in (0, -128, 127, 128, -32768, 40000, -(1 << 31)):
        yield "string %d" % v, 0, number_string(v), b"%d" % v
    yield "string packed", 0, packed_string(b"abc" + b"d" * 500 + b"efg" * 9), b"abc" + b"d" * 500 + b"efg" * 9
    yield "string with a long length", 0, b"\x81" + b"\0" * 7 + b"\x02hi", b"hi"
    yield "list", 1, length(len(words)) + b"".join(map(string, words)), words
    yield "list ziplist", 10, string(zl(items)), words
    yield "list quicklist", 14, length(3) + string(zl(items[:9])) + string(zl([])) + packed_string(zl(items[9:])), words
    yield "list quicklist 2", 18, (length(3) + length(2) + string(lp(items[:20])) + length(1) + string(items[20]) +
                                   length(2) + string(lp(items[21:], 65535))), words
    yield "set", 2, length(len(words)) + b"".join(map(string, words)), set(words)
    for numbers in ([1], [-32768, 0, 32767], [-1 << 31, 5, 70000], [-1 << 63, 0, (1 << 63) - 1]):
        yield "set intset", 11, string(intset(numbers)), {b"%d" % v for v in numbers}
    yield "set listpack", 20, string(lp(items)), set(words)
    yield "hash", 4, length(len(h)) + b"".join(string(k) + string(v) for k, v in h.items()), h
    yield "hash ziplist", 13, string(zl(pairs)), h
    yield "hash listpack", 16, string(lp(pairs)), h
    yield "zset", 3, text_scores(), {b"low": -math.inf, b"mid": -0.5, b"high": math.inf}
    yield "zset 2", 5, length(1) + string(b"m") + b"\x00\x00\x00\x00\x00\x00\xf8\x3f", {b"m": 1.5}
    yield "zset ziplist", 12, string(zl(scored)), scores(scored)
    yield "zset listpack", 17, string(lp(scored)), scores(scored)
    for form in (15, 19, 21):
        yield "stream %d" % form, form, stream(STREAM, form), form
