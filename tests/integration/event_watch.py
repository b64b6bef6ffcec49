"""For the differential tests: what two servers tell of the same commands as keyspace events."""
from leanmq import Raw, show

FLAGS = "KEAnm"
MARK = b"__keymark"


class Watch:
    """Hears all events of two servers; same() after each command."""

    def __init__(self, servers):
        self.listeners = [Raw(s.port) for s in servers]
        self.speakers = [Raw(s.port) for s in servers]
        self.lean, self.redis = [], []
        self.told = 0
        for c in self.speakers:
            c.expect(("CONFIG", "SET", "notify-keyspace-events", FLAGS), "+OK")
        for c in self.listeners:
            c.expect("PSUBSCRIBE __key*", "[psubscribe __key* :1]")

    def close(self):
        for c in self.listeners + self.speakers:
            c.close()

    def drain(self, i):
        """All that came up to a message of our own."""
        self.speakers[i].send("PUBLISH", MARK, "")
        out = []
        while True:
            message = self.listeners[i].read()
            if message[2] == MARK:
                break
            out.append((message[2], message[3]))
        self.speakers[i].read()
        return out

    def same(self):
        self.lean, self.redis = self.drain(0), self.drain(1)
        self.told += len(self.redis)
        return self.lean == self.redis

    def shown(self):
        return [" ".join(show(c) + "=" + show(m) for c, m in side) or "(nothing)" for side in (self.lean, self.redis)]
