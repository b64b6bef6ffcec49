#!/usr/bin/python3
"""COMMAND: what it says of each command is what Redis says, so far as both have the command."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import Error, Map, Raw, Server, Set, Skip, as_map, both, main, same, show  # noqa: E402

# What Redis 7.0 says and leanmqd does not, or the other way round.
KNOWN = {
    **{(name, "flags"): "7.2 has it in scripts, where it does not wait"
       for name in ("blpop", "brpop", "blmove", "brpoplpush", "bzpopmin", "bzpopmax", "wait")},
    **{(name, "flags"): "no_async_loading: there is none" for name in ("bgrewriteaof", "bgsave", "save", "psync", "sync", "replicaof", "slaveof")},
    ("zrank", "arity"): "7.2 has WITHSCORE",
    ("zrevrank", "arity"): "7.2 has WITHSCORE",
    ("command|getkeys", "arity"): "7.2 takes a command without arguments",
    ("command|getkeysandflags", "arity"): "7.2 takes a command without arguments",
}


def rows(c):
    """All rows of COMMAND, sub-commands too, by name."""
    out = {}

    def add(row):
        out[row[0].decode()] = row
        for sub in row[9]:
            add(sub)

    for row in c.call("COMMAND"):
        add(row)
    return out


def servers():
    return Server(appendonly="no"), Server(redis=True, appendonly="no")


def without_notes(specs):
    """Redis comments some of its key specifications."""
    return [sorted((show(k), show(v)) for k, v in as_map(s).items() if k != b"notes") for s in specs]


def facts(row):
    return {"arity": row[1], "flags": set(row[2]), "keys": row[3:6], "categories": set(row[6]),
            "tips": set(row[7]), "specs": without_notes(row[8])}


def test_rows_are_those_of_redis():
    ours, theirs = servers()
    with ours, theirs:
        if ours.redis:
            raise Skip("nothing to compare")
        a, b = rows(ours.client()), rows(theirs.client())
        wrong, compared = [], 0
        for name in sorted(set(a) & set(b)):
            compared += 1
            x, y = facts(a[name]), facts(b[name])
            wrong += ["%s %s: %s, Redis %s" % (name, k, x[k], y[k]) for k in x
                      if x[k] != y[k] and (name, k) not in KNOWN]
        assert compared > 60, compared
        assert not wrong, "\n      " + "\n      ".join(wrong)


@both
def test_shapes_are_those_of_redis(s, new):
    """The same questions to both: types too."""
    c = new()
    if s.redis:
        raise Skip("nothing to compare")
    with Server(redis=True, appendonly="no") as redis:
        r = Raw(redis.port, proto=c.proto)
        for q in ("COMMAND INFO get nosuch", "COMMAND LIST FILTERBY MODULE x", "COMMAND LIST FILTERBY ACLCAT nosuch",
                  "COMMAND LIST FILTERBY PATTERN xle*", "COMMAND LIST FILTERBY pattern XLE?", "COMMAND LIST FILTERBY",
                  "COMMAND LIST FOO", "COMMAND LIST FILTERBY FOO x", "COMMAND LIST FILTERBY PATTERN a b",
                  "COMMAND GETKEYSANDFLAGS SET a b", "COMMAND GETKEYSANDFLAGS SET a b GET", "COMMAND DOCS nosuch",
                  "COMMAND GETKEYSANDFLAGS del a b", "COMMAND GETKEYSANDFLAGS xread streams a b 1 2",
                  "COMMAND GETKEYSANDFLAGS xgroup create k g $", "COMMAND GETKEYSANDFLAGS nosuch a b",
                  "COMMAND GETKEYSANDFLAGS publish a b", "COMMAND GETKEYSANDFLAGS set a", "COMMAND GETKEYSANDFLAGS",
                  "COMMAND GETKEYS set a", "COMMAND COUNT x", "COMMAND NOSUCH"):
            x, y = c.call(q), r.call(q)
            assert same(x, y), "%s:\n      %s\n      Redis %s" % (q, show(x), show(y))
        assert type(c.call("COMMAND LIST")) is type(r.call("COMMAND LIST"))
        assert all({b"xadd", b"xgroup|create"} <= set(x.call("COMMAND LIST")) for x in (c, r))


def test_unknown_commands_as_in_redis():
    ours, theirs = servers()
    long = "x" * 200
    with ours, theirs:
        a, b = ours.client(), theirs.client()
        for q in (("nosuch",), ("NoSuch", "a", "b c"), ("nosuch", long, "b"), (long,), (long, long, long),
                  ("no\r\nsuch", "a\nb"), ("nosuch", "\x00a"), ("nosuch", ""), ("", "a"), ("nosuch", "a" * 127, "b" * 9),
                  ("nosuch", "a" * 125, "b"), ("nosuch",) + ("ab",) * 100, ("xgroup", long), ("xgroup", "NoSuch", "k"),
                  ("xgroup",), ("XGROUP", "create", "a"), ("xgroup|create", "k", "g", "$"), ("get",), ("GET", "a", "b"),
                  ("config", "nosuch"), ("client", "nosuch", "a"), ("client",), ("command", "nosuch"), ("get|x", "a"),
                  ("object", "nosuch") if b"object" in a.call("COMMAND", "LIST") else ("ping", "a", "b")):
            x, y = a.call(*q), b.call(*q)
            assert isinstance(x, Error) and same(x, y), "%r:\n      %s\n      Redis %s" % (q, show(x), show(y))
        a.call("MULTI")
        b.call("MULTI")
        for q in (("nosuch", "a"), ("get",), ("xgroup", "nosuch"), ("EXEC", "a")):
            x, y = a.call(*q), b.call(*q)
            assert same(x, y), "%r:\n      %s\n      Redis %s" % (q, show(x), show(y))


def arguments(docs):
    """name=type of every argument in COMMAND DOCS, blocks opened."""
    for a in docs:
        a = as_map(a)
        if b"arguments" in a:
            yield from arguments(a[b"arguments"])
        else:
            yield a[b"name"], a[b"type"], a.get(b"token"), tuple(sorted(a.get(b"flags", [])))


def test_arguments_have_redis_types():
    """Names are our own; tokens, and the types of what goes with them, are Redis'."""
    ours, theirs = servers()
    with ours, theirs:
        if ours.redis:
            raise Skip("nothing to compare")
        wrong = []

        def compare(name, x, y):
            x, y = as_map(x), as_map(y)
            mine = {(t, kind) for _, kind, t, _ in arguments(x.get(b"arguments", [])) if t}
            his = {(t, kind) for _, kind, t, _ in arguments(y.get(b"arguments", [])) if t}
            tokens = {t for t, _ in mine} & {t for t, _ in his}
            for t in tokens:
                a, b = {k for u, k in mine if u == t}, {k for u, k in his if u == t}
                if a != b:
                    wrong.append("%s %s: %s, Redis %s" % (name, t, a, b))
            keys = [sum(k == b"key" for _, k, _, _ in arguments(d.get(b"arguments", []))) for d in (x, y)]
            if keys[0] != keys[1]:
                wrong.append("%s has %d keys, in Redis %d" % (name, *keys))
            subs, his = as_map(x.get(b"subcommands", [])), as_map(y.get(b"subcommands", []))
            for sub in set(subs) & set(his):
                compare(sub, subs[sub], his[sub])

        a, b = (as_map(s.client().call("COMMAND", "DOCS")) for s in (ours, theirs))
        for name in sorted(set(a) & set(b)):
            compare(name, a[name], b[name])
        assert not wrong, "\n      " + "\n      ".join(wrong)


main(globals())
