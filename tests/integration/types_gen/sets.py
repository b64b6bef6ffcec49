"""Random commands on sets. SPOP takes all or nothing: what it leaves would be another set on each side."""

UNORDERED = {b"SMEMBERS", b"SINTER", b"SUNION", b"SDIFF", b"SPOP"}
RANDOM = {b"SRANDMEMBER"}
READ_ALL = {b"set": [b"SMEMBERS"]}


def command(g):
    k = g.key("set")
    pick = g.r.randrange(40)
    if pick < 10:
        return [b"SADD", k] + g.members()
    if pick < 15:
        return [b"SREM", k] + g.members()
    if pick < 18:
        return [b"SISMEMBER", k, g.member()]
    if pick < 19:
        return g.scan(b"SSCAN", k)
    if pick < 20:
        return [b"SMISMEMBER", k] + g.members()
    if pick < 23:
        return [g.some(b"SCARD", b"SMEMBERS", b"SMEMBERS"), k]
    if pick < 26:
        return [b"SMOVE", k, g.key("set"), g.member()]
    if pick < 28:
        return [b"SPOP", k, g.some(b"1000", b"0", b"9223372036854775807", b"-1", g.bad_int())] + g.some([], [], [], [b"x"])
    if pick < 33:
        return [g.some(b"SINTER", b"SUNION", b"SDIFF")] + g.keys("set")
    if pick < 36:
        return [g.some(b"SINTERSTORE", b"SUNIONSTORE", b"SDIFFSTORE"), g.key("set")] + g.keys("set")
    if pick < 38:
        keys = g.keys("set")
        n = b"%d" % len(keys) if g.odd(0.9) else g.integer(-1, 4)
        return [b"SINTERCARD", n] + keys + (g.some([b"LIMIT", g.integer(0, 4)], [b"LIMIT"], [b"foo", b"1"]) if g.odd(0.4) else [])
    c = [b"SRANDMEMBER", k]
    if g.odd(0.8):
        c.append(g.some(g.bad_int(), b"%d" % g.r.randint(-20, 20), b"0", b"9223372036854775807", b"-9223372036854775808"))
        if g.odd(0.1):
            c.append(b"WITHVALUES")
    return c
