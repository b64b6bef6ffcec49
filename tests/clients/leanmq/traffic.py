"""What LeanMQ's Python library sends, command by command, from a script of ours: a queue is a stream with one
group, beside it a dead letter stream, a sorted set of expiry times and a hash about both. The test compares
the two on the wire where the library is at hand (LEANMQ_SOURCE)."""
import json
import time
import uuid

import redis

MAX = 100000


def text(value):
    return value.decode() if isinstance(value, bytes) else value


class Queue:
    def __init__(self, client, name, group, dead=False):
        self.client, self.name, self.group, self.dead = client, name, group, dead
        self.ensure()

    def ensure(self):
        try:
            self.client.xgroup_create(self.name, self.group, "$", mkstream=True)
        except redis.ResponseError as e:
            if "BUSYGROUP" not in str(e):
                raise

    def send(self, data, ttl=None, ident=None):
        at = self.client.xadd(self.name, {"data": body(data, ttl, ident)}, maxlen=MAX)
        if ttl is not None:
            self.client.zadd(self.name + ":expiry", {at: time.time() + ttl})
        return text(at)

    def get(self, count=1, block=None, consumer="default-consumer"):
        """[(id, data, times delivered)]; each message costs an XPENDING of its own."""
        reply = self.client.xreadgroup(self.group, consumer, {self.name: ">"}, count=count, block=None if block is None else block * 1000)
        out = []
        for _, messages in reply:
            for at, fields in messages:
                data = json.loads(fields[b"data"])
                data.pop("_metadata")
                pending = self.client.xpending_range(self.name, self.group, at, at, 1)
                out.append((text(at), data, pending[0]["times_delivered"] if pending else 0))
        return out

    def ack(self, ids):
        return self.client.xack(self.name, self.group, *ids)

    def delete(self, ids):
        if not self.dead:
            self.ack(ids)
        n = self.client.xdel(self.name, *ids)
        if self.client.exists(self.name + ":expiry"):
            self.client.zrem(self.name + ":expiry", *ids)
        return n

    def _move(self, ids, to, note, left):
        n = 0
        for at in ids:
            found = self.client.xrange(self.name, min=at, max=at, count=1)
            if found:
                data = json.loads(found[0][1][b"data"])
                key, what = note
                data.setdefault(key, []).append(what)
                to.send(data, ident=data["_metadata"]["id"])
                left([at])
                n += 1
        return n

    def bury(self, ids, reason, dlq):
        return self._move(ids, dlq, ("_failures", {"timestamp": time.time(), "reason": reason}), self.ack)

    def requeue(self, ids, to):
        return self._move(ids, to, ("_requeues", {"timestamp": time.time(), "from_dlq": self.name, "to_queue": to.name}), self.delete)

    def purge(self):
        n = self.client.xinfo_stream(self.name)["length"]
        self.client.delete(self.name)
        self.client.delete(self.name + ":expiry")
        self.ensure()
        return n


def body(data, ttl, ident=None):
    return json.dumps(dict(data, _metadata={"id": ident or str(uuid.uuid4()), "timestamp": time.time(), "ttl": ttl}))


class Manager:
    def __init__(self, host, port, prefix="mq:"):
        self.client = redis.Redis(host=host, port=port, socket_timeout=5.0, socket_keepalive=True)
        self.prefix = prefix

    def pair(self, name):
        main, dead, group = self.prefix + name, self.prefix + name + ":dlq", name + "-group"
        queue, dlq = Queue(self.client, main, group), Queue(self.client, dead, group + "-dlq", True)
        self.client.sadd(self.prefix + "registry", main, dead)
        self.client.hset(main + ":metadata", mapping={"created_at": str(time.time()), "dlq": dead, "consumer_group": group})
        self.client.hset(dead + ":metadata", mapping={"created_at": str(time.time()), "main_queue": main,
                                                      "consumer_group": group + "-dlq", "is_dlq": "true"})
        return queue, dlq

    def all(self):
        """{name: (messages, pending)}"""
        out = {}
        for name in map(text, self.client.smembers(self.prefix + "registry")):
            if self.client.exists(name + ":metadata"):
                about = self.client.hgetall(name + ":metadata")
                length = self.client.xinfo_stream(name)["length"]
                out[name] = (length, self.client.xpending(name, about[b"consumer_group"].decode())["pending"])
        return out

    def get(self, name):
        """A queue that is there, or None."""
        name = self.prefix + name
        if not self.client.exists(name + ":metadata"):
            return None
        about = self.client.hgetall(name + ":metadata")
        return Queue(self.client, name, about[b"consumer_group"].decode())

    def transaction(self, messages):
        """[(queue, data)], all or none."""
        p = self.client.pipeline(transaction=True)
        for queue, data in messages:
            p.xadd(queue.name, {"data": body(data, None)}, maxlen=MAX)
        p.execute()

    def expire(self):
        n = 0
        now = time.time()
        for name in self.all():
            if self.client.exists(name + ":expiry"):
                for at in self.client.zrangebyscore(name + ":expiry", 0, now):
                    self.client.xdel(name, at)
                    self.client.zrem(name + ":expiry", at)
                    n += 1
        return n

    def remove(self, name):
        name = self.prefix + name
        if self.client.exists(name + ":metadata"):
            dead = text(self.client.hget(name + ":metadata", "dlq"))
        self.client.delete(name, name + ":metadata", name + ":expiry")
        self.client.srem(self.prefix + "registry", name)
        self.client.delete(dead, dead + ":metadata", dead + ":expiry")
        self.client.srem(self.prefix + "registry", dead)

    def close(self):
        self.client.connection_pool.disconnect()
