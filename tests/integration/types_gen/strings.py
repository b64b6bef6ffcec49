"""Random commands on strings and their bits."""

NEAR = {b"TTL", b"PTTL"}


def bits(g):
    return g.integer(0, 80)


def limit(g):
    return g.some([b"EX", g.integer(1000, 9000)], [b"PX", g.integer(1000000, 9000000)], [b"PERSIST"], [b"EX"], [b"FOO"],
                  [b"EXAT", b"99999999999"], [b"PXAT", b"99999999999999"], [b"KEEPTTL"], [b"EX", b"100", b"PERSIST"])


def field(g):
    """No numbers near 2^63: Redis' check of their range overflows, and takes the least for too large."""
    t = g.some(b"u8", b"i8", b"u4", b"i64", b"u63", b"i16", b"u1", b"i5") if g.odd(0.95) else g.some(b"u64", b"i65", b"x8", b"u0", b"i", b"")
    at = g.some(b"%d" % g.r.randint(0, 40), b"#%d" % g.r.randint(0, 5), b"#-1", g.integer(0, 40))
    return g.some([b"GET", t, at], [b"SET", t, at, g.integer(-300, 300, False)], [b"INCRBY", t, at, g.integer(-300, 300, False)], [b"OVERFLOW", g.some(b"WRAP", b"SAT", b"FAIL", b"sat", b"FOO")])


def command(g):
    k = g.key("str")
    pick = g.r.randrange(60)
    if pick < 6:
        return [g.some(b"SET", b"SET", b"SETNX", b"GETSET"), k, g.value()]
    if pick < 9:
        return [g.some(b"GET", b"STRLEN", b"GETDEL", b"GET"), k]
    if pick < 12:
        return [g.some(b"SETEX", b"PSETEX"), k, g.integer(100000, 900000), g.value()]
    if pick < 15:
        return [b"GETEX", k] + (limit(g) if g.odd(0.7) else [])
    if pick < 16:
        return [g.some(b"TTL", b"PTTL"), k]
    if pick < 21:
        return [b"APPEND", k, g.value()]
    if pick < 24:
        return [b"SETRANGE", k, g.integer(-1, 30, False), g.value()]
    if pick < 28:
        return [g.some(b"GETRANGE", b"SUBSTR"), k, g.integer(-12, 12), g.integer(-12, 12)]
    if pick < 30:
        return [b"INCRBYFLOAT", k, g.float()]
    if pick < 32:
        return [b"INCRBY", k, g.integer(-5, 5)]
    if pick < 34:
        return [b"MGET"] + g.keys("str")
    if pick < 36:
        return [g.some(b"MSET", b"MSETNX")] + sum(([x, g.value()] for x in g.keys("str")), [])
    if pick < 38:
        c = [b"LCS", k, g.key("str")]
        for _ in range(g.some(0, 0, 1, 2)):
            c += g.some([b"LEN"], [b"IDX"], [b"WITHMATCHLEN"], [b"MINMATCHLEN", g.integer(0, 3)], [b"FOO"])
        return c
    if pick < 41:
        return [b"SETBIT", k, bits(g) if g.odd(0.95) else b"99999999999", g.some(b"0", b"1", b"1", b"2", b"x")]
    if pick < 43:
        return [b"GETBIT", k, bits(g)]
    if pick < 46:
        return [b"BITCOUNT", k] + g.some([], [g.integer(-9, 9), g.integer(-9, 9)], [g.integer(-60, 60), g.integer(-60, 60), g.some(b"BIT", b"BYTE", b"bit", b"x")], [b"1"])
    if pick < 49:
        return [b"BITPOS", k, g.some(b"0", b"1", b"0", b"1", b"2", b"x")] + g.some([], [g.integer(-9, 9)], [g.integer(-9, 9), g.integer(-9, 9)],
                                                                                  [g.integer(-60, 60), g.integer(-60, 60), g.some(b"BIT", b"BYTE", b"x")])
    if pick < 52:
        return [b"BITOP", g.some(b"AND", b"OR", b"XOR", b"NOT", b"and", b"NAND"), g.key("str")] + g.keys("str")
    c = [g.some(b"BITFIELD", b"BITFIELD", b"BITFIELD_RO"), k]
    for _ in range(g.r.randint(0, 4)):
        c += field(g) if c[0] == b"BITFIELD" or g.odd(0.2) else [b"GET", g.some(b"u8", b"i16"), g.integer(0, 20)]
    return c
