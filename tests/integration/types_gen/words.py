"""What the generators of random commands share: keys, values, numbers, most of them sensible, many odd."""


class Words:
    def __init__(self, rng):
        self.r = rng

    def some(self, *choices):
        return self.r.choice(choices)

    def odd(self, p):
        return self.r.random() < p

    def key(self, kind):
        """Mostly a key of the right kind, sometimes of another, sometimes none."""
        if self.odd(0.05):
            kind = self.some("hash", "set", "zset", "list", "str", "none")
        if self.odd(0.003):
            return b""
        return b"%s:%d" % (kind.encode(), self.r.randrange(4))

    def keys(self, kind, most=3):
        return [self.key(kind) for _ in range(self.r.randint(1, most))]

    def member(self):
        """One of few, so that it is often there already."""
        x = self.r.random()
        if x < 0.5:
            return b"m%d" % self.r.randrange(12)
        if x < 0.8:
            return b"%d" % self.r.randrange(-6, 20)
        return self.some(b"", b"\x00\r\n\xff", b"x" * 70, b"-9223372036854775808", b"9223372036854775807", b"01",
                         b"+5", b" 1", b"3.5", b"70000", b"3000000000")

    def members(self, most=4):
        n = self.r.randint(1, most)
        if self.odd(0.01):
            n = self.some(130, 520, 600)
            return [b"n%d" % self.r.randrange(700) if self.odd(0.5) else b"%d" % self.r.randrange(700) for _ in range(n)]
        return [self.member() for _ in range(n)]

    def value(self):
        return self.some(b"v", b"", b"0", b"10", b"-7", b"hello world", b"\x00\r\n\xff", b"x" * 70, b"3.5", b"1e5",
                         b"9223372036854775807", b" 1", b"+5", b"01", b"nan", b"inf", b"0.1")

    def bad_int(self):
        return self.some(b"", b"abc", b"1.5", b" 1", b"1 ", b"+1", b"01", b"-", b"1e3", b"0x10", b"-0",
                         b"9223372036854775808", b"-9223372036854775809", b"18446744073709551616",
                         b"9999999999999999999999999", b"1\x00", b"nan", b"inf", b"--1")

    def extreme(self):
        return self.some(b"-1", b"0", b"9223372036854775807", b"-9223372036854775807", b"2147483647",
                         b"-2147483648", b"4294967296", b"4611686018427387904", b"1000000000000000000")

    def integer(self, low, high, extremes=True):
        x = self.r.random()
        if x < 0.04:
            return self.bad_int()
        if x < 0.07 and extremes:
            return self.extreme()
        return b"%d" % self.r.randint(low, high)

    def float(self):
        x = self.r.random()
        if x < 0.05:
            return self.some(b"", b"abc", b"nan", b"1.2.3", b" 1", b"1 ", b"0x1p3", b"--1", b"1e400", b"-1e400", b"infinityx")
        if x < 0.12:
            return self.some(b"inf", b"-inf", b"+inf", b"1e308", b"-1e308", b"1e-310", b"17179869184", b"9007199254740993",
                             b"-0", b"0.1", b"3.0000000000000004", b"0x10", b"+5", b"1e20", b"123456789.123")
        if x < 0.5:
            return b"%d" % self.r.randint(-5, 20)
        return b"%.*f" % (self.r.randint(1, 4), self.r.uniform(-10, 10))

    def scan(self, name, key):
        """One of small values, which come whole, or of any with COUNT so high that it comes whole."""
        c = [name, key, self.some(b"0", b"0", b"0", b"0", b"", b"abc", b"-0", b"+0", b" 0", b"99999999999999999999")]
        c += [b"COUNT", self.some(b"100000", b"100000", b"100000", b"0", self.bad_int())]
        if self.odd(0.4):
            c += [b"MATCH", self.some(b"*", b"m*", b"[0-5]", b"?", b"", b"*1*")]
        if self.odd(0.05):
            c += self.some([b"TYPE", b"set"], [b"COUNT"], [b"foo", b"1"])
        return c

    def mess(self, command):
        """Now and then a word too many, too few, doubled, or in the wrong place. Not where that might make it
        wait for ever, or take other members than on the other side."""
        if self.odd(0.96) or len(command) < 2 or command[0].upper() == b"SPOP" or command[0].startswith(b"B"):
            return command
        i = self.r.randrange(1, len(command))
        how = self.r.randrange(5)
        if how == 0:
            return command[:i] + command[i + 1:]
        if how == 1:
            return command + [self.value()]
        if how == 2:
            return command[:i] + [command[i]] + command[i:]
        if how == 3:
            return command[:i]
        return command[:i] + [self.some(b"", b"foo", b"0", b"-1")] + command[i + 1:]
