"""RDB files and dumped values, written by the format and nothing else: every encoding that a Redis may have used,
also those that the Redis at hand does not write any more or not yet. And a dump turned into one of an older version.
"""
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
