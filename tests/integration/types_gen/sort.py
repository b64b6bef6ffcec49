"""Random SORTs. Where what BY finds is the same for two elements and ALPHA compares it, their order is left open in
Redis: so weights are told apart by their keys."""

READ_ALL = {}


def pattern(g, by):
    if by and g.odd(0.1):
        return g.some(b"nosort", b"", b"#", b"nosort\x00*")
    return g.some(b"w:*", b"w:*", b"wh:*->f", b"wh:*->g", b"#", b"*", b"w:*->f", b"wh:*", b"wh:*->", b"->*", b"none", b"wh:*->f->g", b"*->*", b"")


def source(g):
    return g.key(g.some(b"list", b"set", b"zset", b"list").decode()) if g.odd(0.3) else g.some(b"sort:l", b"sort:s", b"sort:z", b"sort:i")


def data(g):
    n = g.r.randint(0, 12)
    k = g.some(b"sort:l", b"sort:s", b"sort:z", b"sort:i")
    if k == b"sort:l":
        return [b"RPUSH", k] + [b"%d" % g.r.randint(-9, 12) if g.odd(0.97) else g.float() for _ in range(n)]
    if k == b"sort:i":
        return [b"SADD", k] + [b"%d" % g.r.randint(-9, 12) for _ in range(n)]
    if k == b"sort:s":
        return [b"SADD", k] + [g.member() if g.odd(0.2) else b"m%d" % g.r.randrange(12) for _ in range(n)]
    return [b"ZADD", k] + sum(([b"%d" % g.r.randint(-3, 3), b"%d" % g.r.randint(-9, 12)] for _ in range(n)), [])


def weight(g):
    what = b"m%d" % g.r.randrange(12) if g.odd(0.3) else b"%d" % g.r.randint(-9, 12)
    mine = b"%d" % g.r.randint(-5, 5)
    if g.odd(0.05):
        mine = g.some(b"", b"1e5", b" 7", b"0x10", b"inf", b"nan", b"x", b"1 ")
    if g.odd(0.5):
        return [b"SET", b"w:" + what, mine + (what if g.odd(0.3) else b"")]
    return [b"HSET", b"wh:" + what, g.some(b"f", b"g", b"f->g"), mine]


def sort(g):
    c = [g.some(b"SORT", b"SORT", b"SORT_RO"), source(g)]
    by = False
    for _ in range(g.some(0, 1, 1, 2, 3, 4)):
        pick = g.r.randrange(12)
        if pick < 2:
            c += [g.some(b"ASC", b"DESC", b"desc")]
        elif pick < 4 and not by:
            c += [b"ALPHA"]
            by = None
        elif pick < 6:
            c += [b"LIMIT", g.integer(-2, 8), g.integer(-2, 8)]
        elif pick < 8:
            one = pattern(g, True)
            if b"*" not in one.split(b"\0")[0] and c[1] not in (b"sort:l", b"sort:z"):
                continue                        # the order of a set is each server's own
            if by is None and b"*" in one:
                continue
            c += [b"BY", one]
            by = b"*" in one
        elif pick < 10:
            c += [b"GET", pattern(g, False)]
        else:
            c += g.some([b"STORE", g.key("list")], [b"STORE", source(g)], [b"STORE"], [b"FOO"], [b"limit", b"1"])
    if c[0] == b"SORT" and g.odd(0.2):
        c += [b"STORE", g.key(g.some("list", "list", "str"))]
    return c


def command(g):
    pick = g.r.randrange(10)
    if pick < 3:
        return data(g)
    if pick < 5:
        return weight(g)
    if pick < 6:
        return g.some([b"DEL", source(g)], [b"LRANGE", g.key("list"), b"0", b"-1"])
    return sort(g)
