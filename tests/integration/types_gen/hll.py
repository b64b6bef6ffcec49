"""Random HyperLogLogs. Their bytes are compared too, but for those with a count that Redis has kept in them."""

READ_ALL = {}


def key(g):
    return b"hll:%d" % g.r.randrange(4) if g.odd(0.95) else g.key(g.some("str", "list", "none"))


def element(g):
    return b"%d" % g.r.randrange(3000) if g.odd(0.7) else g.member() if g.odd(0.7) else b"x" * g.r.randrange(40) + b"%d" % g.r.randrange(9)


def elements(g):
    if g.odd(0.03):
        n = g.some(200, 1500, 4000)
        return [b"e%d" % g.r.randrange(10**6) for _ in range(n)]
    return [element(g) for _ in range(g.some(0, 1, 1, 2, 3, 8))]


def damage(g):
    head = g.some(b"HYLL", b"HYLL", b"hyll", b"HYL")
    rest = g.some(b"\1", b"\0", b"\2", b"\xff") + b"\0\0\0" + g.some(b"\5\0\0\0\0\0\0\0", b"\0\0\0\0\0\0\0\x80")
    runs = g.some(b"", b"\x7f\xff", b"\x7f", b"\x7f\xfe", b"\x7f\xff\0", b"\x80" * 9, b"\x7f\xfe\x80", b"\x7f\xfd\x84\x80", b"\0" * 12288, b"\xff" * 12288)
    return [b"SET", key(g), head + rest + runs]


def command(g):
    pick = g.r.randrange(20)
    if pick < 9:
        return [b"PFADD", key(g)] + elements(g)
    if pick < 14:
        return [b"PFCOUNT", key(g)] + [key(g) for _ in range(g.some(0, 0, 1, 2))]
    if pick < 16:
        return [b"PFMERGE", key(g)] + [key(g) for _ in range(g.r.randrange(4))]
    if pick < 18:
        return g.some([b"DEL", key(g)], [b"STRLEN", key(g)])
    return [b"GET", key(g)] if g.odd(0.85) else damage(g)
