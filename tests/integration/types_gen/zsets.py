"""Random commands on sorted sets."""

UNORDERED = set()
RANDOM = {b"ZRANDMEMBER"}
READ_ALL = {b"zset": [b"ZRANGE", b"0", b"-1", b"WITHSCORES"]}


def bound(g):
    x = g.r.random()
    if x < 0.1:
        return g.some(b"-inf", b"+inf", b"(-inf", b"(+inf", b"inf")
    if x < 0.16:
        return g.some(b"", b"(", b"abc", b"nan", b" 1", b"1 ", b"((1", b"[1", b"1\x00", b"1e400", b"-", b"+")
    return (b"(" if g.odd(0.25) else b"") + (b"%d" % g.r.randint(-6, 20) if g.odd(0.7) else g.float())


def lex(g):
    x = g.r.random()
    if x < 0.3:
        return g.some(b"-", b"+", b"-", b"+", b"(", b"[", b"", b"a", b"--")
    return g.some(b"[", b"(") + g.member()


def lex_key(g):
    """Members in the order of their bytes: what a range of them means where scores differ is left open."""
    return b"lex:%d" % g.r.randrange(2) if g.odd(0.95) else g.key("set")


def limit(g):
    return [b"LIMIT", g.integer(-2, 5), g.integer(-2, 6)] if g.odd(0.8) else g.some([b"LIMIT"], [b"LIMIT", b"1"], [b"LIMIT", b"0", b"-1"])


def zrange(g, k):
    c = [b"ZRANGE", k]
    how = g.some(b"", b"", b"BYSCORE", b"BYLEX")
    if how == b"BYLEX":
        c[1] = k = lex_key(g)
    make = {b"": lambda: g.integer(-8, 8), b"BYSCORE": lambda: bound(g), b"BYLEX": lambda: lex(g)}[how]
    c += [make(), make()]
    rest = [[how]] if how else []
    if g.odd(0.3):
        rest.append([b"REV"])
    if g.odd(0.3 if how else 0.05):
        rest.append(limit(g))
    if g.odd(0.3 if how != b"BYLEX" else 0.05):
        rest.append([g.some(b"WITHSCORES", b"withscores")])
    g.r.shuffle(rest)
    return c + sum(rest, [])


def combine(g):
    op = g.some(b"ZUNION", b"ZINTER", b"ZDIFF")
    store = g.odd(0.5)
    keys = [g.key(g.some("zset", "zset", "zset", "set")) for _ in range(g.r.randint(1, 3))]
    c = [op + (b"STORE" if store else b"")] + ([g.key("zset")] if store else [])
    c += [b"%d" % len(keys) if g.odd(0.94) else g.integer(-1, 4)] + keys
    if g.odd(0.4) and (op != b"ZDIFF" or g.odd(0.1)):
        c += [b"WEIGHTS"] + [g.float() for _ in keys]
    if g.odd(0.4) and (op != b"ZDIFF" or g.odd(0.1)):
        c += [b"AGGREGATE", g.some(b"SUM", b"MIN", b"MAX", b"sum", b"AVG")]
    if g.odd(0.5 if not store else 0.05):
        c += [b"WITHSCORES"]
    return c


def scored(g, k):
    c = [b"ZADD", k]
    for _ in range(g.some(0, 0, 0, 1, 1, 2)):
        c.append(g.some(b"NX", b"XX", b"GT", b"LT", b"CH", b"CH", b"INCR"))
    for m in g.members(1 if b"INCR" in c and g.odd(0.9) else 4):
        c += [g.float(), m]
    return c


def command(g):
    k = g.key("zset")
    pick = g.r.randrange(60)
    if pick < 12:
        return scored(g, k)
    if pick < 13:
        return [b"ZADD", lex_key(g)] + sum(([b"0", m] for m in g.members()), [])
    if pick < 14:
        return [b"ZINCRBY", k, g.float(), g.member()]
    if pick < 18:
        return [b"ZREM", k] + g.members()
    if pick < 19 and g.odd(0.6):
        return g.scan(b"ZSCAN", k)
    if pick < 19:
        return [b"ZCARD", k]
    if pick < 22:
        return g.some([b"ZSCORE", k, g.member()], [b"ZMSCORE", k] + g.members())
    if pick < 25:
        return [g.some(b"ZRANK", b"ZREVRANK"), k, g.member()]
    if pick < 28:
        return g.some([b"ZCOUNT", k, bound(g), bound(g)], [b"ZLEXCOUNT", lex_key(g), lex(g), lex(g)])
    if pick < 36:
        return zrange(g, k)
    if pick < 40:
        c = zrange(g, k)
        return [b"ZRANGESTORE", g.key("zset")] + c[1:]
    if pick < 42:
        return [b"ZREVRANGE", k, g.integer(-8, 8), g.integer(-8, 8)] + ([b"WITHSCORES"] if g.odd(0.4) else [])
    if pick < 45:
        return [g.some(b"ZRANGEBYSCORE", b"ZREVRANGEBYSCORE"), k, bound(g), bound(g)] + \
            ([b"WITHSCORES"] if g.odd(0.4) else []) + (limit(g) if g.odd(0.4) else [])
    if pick < 47:
        return [g.some(b"ZRANGEBYLEX", b"ZREVRANGEBYLEX"), lex_key(g), lex(g), lex(g)] + (limit(g) if g.odd(0.4) else [])
    if pick < 49:
        return g.some([b"ZREMRANGEBYRANK", k, g.integer(-8, 8), g.integer(-8, 8)], [b"ZREMRANGEBYSCORE", k, bound(g), bound(g)],
                      [b"ZREMRANGEBYLEX", lex_key(g), lex(g), lex(g)])
    if pick < 51:
        return [g.some(b"ZPOPMIN", b"ZPOPMAX"), k] + ([g.integer(0, 4)] if g.odd(0.5) else [])
    if pick < 52:
        return [g.some(b"BZPOPMIN", b"BZPOPMAX")] + g.keys("zset") + [g.some(b"0.001", b"0.002", b"-1", b"abc", b"")]
    if pick < 54:
        keys = g.keys("zset")
        c = [g.some(b"%d" % len(keys), b"%d" % len(keys), g.integer(0, 3))] + keys + [g.some(b"MIN", b"MAX", b"max", b"foo")]
        if g.odd(0.4):
            c += [b"COUNT", g.integer(0, 4)]
        return [b"ZMPOP"] + c if g.odd(0.7) else [b"BZMPOP", g.some(b"0.001", b"0.002", b"-1", b"x")] + c
    if pick < 57:
        return combine(g)
    if pick < 58:
        keys = [g.key(g.some("zset", "zset", "set")) for _ in range(g.r.randint(1, 3))]
        return [b"ZINTERCARD", b"%d" % len(keys) if g.odd(0.9) else g.integer(-1, 4)] + keys + \
            (g.some([b"LIMIT", g.integer(0, 4)], [b"LIMIT"], [b"foo", b"1"]) if g.odd(0.4) else [])
    c = [b"ZRANDMEMBER", k]
    if g.odd(0.8):
        c.append(g.some(g.bad_int(), b"%d" % g.r.randint(-20, 20), b"0", b"9223372036854775807", b"-9223372036854775808"))
        if g.odd(0.5):
            c.append(g.some(b"WITHSCORES", b"withscores", b"WITHSCORE"))
    return c
