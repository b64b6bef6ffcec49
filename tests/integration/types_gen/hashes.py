"""Random commands on hashes."""

UNORDERED = {b"HKEYS", b"HVALS"}
UNORDERED_PAIRS = {b"HGETALL"}
RANDOM = {b"HRANDFIELD"}
READ_ALL = {b"hash": [b"HGETALL"]}


def command(g):
    k = g.key("hash")
    pick = g.r.randrange(32)
    if pick < 7:
        c = [g.some(b"HSET", b"HSET", b"HMSET"), k]
        for m in g.members():
            c += [m, g.value()]
        return c
    if pick < 8:
        return [b"HSETNX", k, g.member(), g.value()]
    if pick < 11:
        return [g.some(b"HGET", b"HEXISTS", b"HSTRLEN"), k, g.member()]
    if pick < 13:
        return [b"HMGET", k] + g.members()
    if pick < 18:
        return [b"HDEL", k] + g.members()
    if pick < 21:
        return [g.some(b"HGETALL", b"HKEYS", b"HVALS"), k]
    if pick < 22:
        return [b"HLEN", k]
    if pick < 26:
        return [b"HINCRBY", k, g.member(), g.integer(-5, 50)]
    if pick < 27:
        return g.scan(b"HSCAN", k)
    if pick < 29:
        return [b"HINCRBYFLOAT", k, g.member(), g.float()]
    c = [b"HRANDFIELD", k]
    if g.odd(0.8):
        c.append(g.some(g.bad_int(), b"%d" % g.r.randint(-20, 20), b"0", b"9223372036854775807", b"-9223372036854775808"))
        if g.odd(0.5):
            c.append(g.some(b"WITHVALUES", b"withvalues", b"WITHVALUE"))
    return c
