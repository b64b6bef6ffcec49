"""Random commands on lists."""

READ_ALL = {b"list": [b"LRANGE", b"0", b"-1"]}


def end(g):
    return g.some(b"LEFT", b"RIGHT", b"left", b"RIGHT") if g.odd(0.97) else g.some(b"", b"UP")


def wait(g):
    return g.some(b"0.001", b"0.002", b"0.001", b"-1", b"abc", b"nan", b"0.001 ", b"")


def element(g):
    return g.member() if g.odd(0.9) else g.value()


def elements(g):
    return g.members() if g.odd(0.95) else [b"x" * g.some(100, 8100, 8200)]


def command(g):
    k = g.key("list")
    pick = g.r.randrange(60)
    if pick < 12:
        return [g.some(b"LPUSH", b"RPUSH", b"RPUSH", b"LPUSHX", b"RPUSHX"), k] + elements(g)
    if pick < 16:
        return [g.some(b"LPOP", b"RPOP"), k] + ([g.integer(0, 4)] if g.odd(0.4) else [])
    if pick < 21:
        return [b"LRANGE", k, g.integer(-8, 8), g.integer(-8, 8)]
    if pick < 23:
        return g.some([b"LLEN", k], [b"LINDEX", k, g.integer(-8, 8)])
    if pick < 27:
        return [b"LSET", k, g.integer(-6, 6), element(g)]
    if pick < 30:
        return [b"LINSERT", k, g.some(b"BEFORE", b"AFTER", b"before", b"AROUND"), element(g), element(g)]
    if pick < 33:
        return [b"LREM", k, g.integer(-2, 2), element(g)]
    if pick < 36:
        return [b"LTRIM", k, g.some(g.integer(-3, 3), b"0"), g.some(g.integer(-3, 12), b"-1")]
    if pick < 40:
        c = [b"LPOS", k, element(g)]
        for _ in range(g.some(0, 1, 1, 2, 3)):
            c += [g.some(b"RANK", b"COUNT", b"MAXLEN", b"count"), g.integer(-2, 4)] if g.odd(0.95) else [b"RANK"]
        return c
    if pick < 45:
        return g.some([b"LMOVE", k, g.key("list"), end(g), end(g)], [b"RPOPLPUSH", k, g.key("list")])
    if pick < 50:
        keys = g.keys("list")
        c = [g.some(b"%d" % len(keys), b"%d" % len(keys), g.integer(0, 3))] + keys + [end(g)]
        if g.odd(0.4):
            c += [b"COUNT", g.integer(0, 4)]
        return [b"LMPOP"] + c if g.odd(0.7) else [b"BLMPOP", wait(g)] + c
    if pick < 55:
        return [g.some(b"BLPOP", b"BRPOP")] + g.keys("list") + [wait(g)]
    return g.some([b"BLMOVE", k, g.key("list"), end(g), end(g), wait(g)], [b"BRPOPLPUSH", k, g.key("list"), wait(g)])
