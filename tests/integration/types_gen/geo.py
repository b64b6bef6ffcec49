"""Random places, no two the same: the order of equal distances is left open. Around the very edge of the map, and in areas
larger than half of it, 7.0 does not find all: nothing is searched there. Results without an order are compared sorted; those that COUNT ANY leaves to chance by their shape."""

READ_ALL = {}


def key(g):
    return b"geo:%d" % g.r.randrange(3) if g.odd(0.93) else g.key(g.some("zset", "set", "none"))


def member(g):
    return b"p%d" % g.r.randrange(25)


def lon(g, edge=True):
    if g.odd(0.04):
        return g.some(*[b"180", b"-180"] if edge else [b"179"], b"180.0001", b"-181", b"x", b"nan", b"inf", b"", b"1e300", b"0")
    return b"%.*f" % (g.r.randint(4, 9), g.r.uniform(-180, 180) if g.odd(0.4) else g.r.uniform(10, 14))


def lat(g, edge=True):
    if g.odd(0.04):
        return g.some(*[b"85.05112878", b"-85.05112878"] if edge else [b"80"], b"85.0512", b"-90", b"x", b"nan", b"inf", b"", b"0")
    return b"%.*f" % (g.r.randint(4, 9), g.r.uniform(-85, 85) if g.odd(0.4) else g.r.uniform(40, 44))


def unit(g):
    return g.some(b"m", b"km", b"km", b"KM", b"mi", b"ft") if g.odd(0.97) else g.some(b"", b"cm", b"kms")


def size(g):
    if g.odd(0.04):
        return g.some(b"-1", b"x", b"nan", b"0", b"", b"1e-300")
    return g.some(b"%d" % g.r.randint(1, 600), b"%.2f" % g.r.uniform(0, 3000), b"%d" % g.r.randint(1, 4000))


def options(g, store):
    c = []
    order = False
    for _ in range(g.some(0, 1, 1, 2, 3)):
        pick = g.r.randrange(10)
        if pick < 3:
            c += [g.some(b"WITHDIST", b"WITHHASH", b"WITHCOORD", b"withdist")] if not store or g.odd(0.1) else []
        elif pick < 6:
            c += [g.some(b"ASC", b"DESC", b"asc")]
        elif pick < 9:
            c += [b"COUNT", g.some(b"0", b"-1", b"x") if g.odd(0.05) else b"%d" % g.r.randint(1, 12)]
            c += [b"ANY"] if g.odd(0.15) and not store else []
        else:
            c += g.some([b"ANY"], [b"COUNT"], [b"FOO"], [b"STORE"], [b"STOREDIST"], [b"BYBOX", b"1"]) if g.odd(0.3) else []
    return c


def shape(g):
    c = [b"FROMMEMBER", member(g)] if g.odd(0.4) else [b"FROMLONLAT", lon(g, False), lat(g, False)]
    c += [b"BYRADIUS", size(g), unit(g)] if g.odd(0.5) else [b"BYBOX", size(g), size(g), unit(g)]
    if g.odd(0.03):
        c += g.some([b"FROMMEMBER", member(g)], [b"BYRADIUS", b"1", b"m"], [b"FROMLONLAT", b"1", b"1"], [b"BYBOX", b"1", b"1", b"m"])
    return c[2:] if g.odd(0.02) else c


def command(g):
    pick = g.r.randrange(30)
    k = key(g)
    if pick < 9:
        c = [b"GEOADD", k] + g.some([], [], [], [b"NX"], [b"XX"], [b"CH"], [b"NX", b"XX"], [b"XX", b"CH"])
        for _ in range(g.r.randint(1, 4)):
            c += [lon(g), lat(g), member(g)]
        return c
    if pick < 10:
        return g.some([b"ZADD", k, b"%d.5" % g.r.randrange(1000), member(g)], [b"ZADD", k, b"%d" % g.r.randrange(1 << 52), member(g)], [b"ZREM", k, member(g)],
                      [b"ZRANGE", k, b"0", b"-1", b"WITHSCORES"])
    if pick < 15:
        return [g.some(b"GEOPOS", b"GEOHASH", b"GEOHASH"), k] + [member(g) for _ in range(g.r.randint(0, 3))]
    if pick < 18:
        return [b"GEODIST", k, member(g), member(g)] + ([unit(g)] if g.odd(0.6) else [])
    if pick < 24:
        return [b"GEOSEARCH", k] + shape(g) + options(g, False)
    if pick < 26:
        return [b"GEOSEARCHSTORE", key(g), k] + shape(g) + options(g, True) + ([b"STOREDIST"] if g.odd(0.4) else [])
    head = g.some([b"GEORADIUS", k, lon(g, False), lat(g, False)], [b"GEORADIUS_RO", k, lon(g, False), lat(g, False)], [b"GEORADIUSBYMEMBER", k, member(g)], [b"GEORADIUSBYMEMBER_RO", k, member(g)])
    store = g.odd(0.3)
    return head + [size(g), unit(g)] + options(g, store) + ([g.some(b"STORE", b"STOREDIST"), key(g)] if store else [])
