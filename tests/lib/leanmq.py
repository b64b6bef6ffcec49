"""What the integration tests share: a server to start and kill, a raw RESP client, a test runner.

The server under test is $LEANMQD, else build/plain/leanmqd, else ./leanmqd; a path that ends in
redis-server works too, so that a test can be proved on Redis first. Nothing here sleeps for luck:
what takes time is awaited by wait_until().
"""
import atexit
import ctypes
import inspect
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
REDIS = "/usr/bin/redis-server"


def find_leanmqd():
    """The path of the server under test."""
    if os.environ.get("LEANMQD"):
        return os.path.abspath(os.environ["LEANMQD"])
    for path in ("build/plain/leanmqd", "leanmqd"):
        path = os.path.join(ROOT, path)
        if os.path.exists(path):
            return path
    raise SystemExit("no leanmqd: build it, or set LEANMQD=path")


def testing_redis():
    return os.path.basename(find_leanmqd()).startswith("redis")


def under_sanitizer():
    """Sanitizer builds and valgrind are slower, and reserve memory: some limits do not apply."""
    return any(word in find_leanmqd() for word in ("address", "undefined", "thread", "libc"))


# ---------------------------------------------------------------------------------------------
# Replies: each RESP type is a type of its own here, so that a test can tell "nil" from "nil*".

class Status(bytes):
    pass


class Error(bytes):
    pass


class Double(bytes):
    pass


class Big(bytes):
    pass


class Verbatim(bytes):
    pass


class Bool:
    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return isinstance(other, Bool) and other.value == self.value

    def __hash__(self):
        return hash(self.value)

    def __bool__(self):
        return self.value


class Map(list):
    """A list of (key, value), as sent: order and repeated keys are kept."""

    def get(self, name):
        name = name.encode() if isinstance(name, str) else name
        for key, value in self:
            if key == name:
                return value
        return None


class Set(list):
    pass


class Push(list):
    pass


class Nil:
    """The three ways to say nothing: $-1, *-1 and RESP3's _."""

    def __init__(self, name):
        self.name = name

    def __bool__(self):
        return False

    def __repr__(self):
        return self.name


NIL = Nil("nil")
NIL_ARRAY = Nil("nil*")
NULL = Nil("null")

BARE = re.compile(rb"[A-Za-z0-9_.][^][{}=\"\\\x00-\x20\x7f-\xff]*\Z")


def show(r):
    """A reply as one line: +OK -ERR... :1 word "other bytes" [array] {key=value} nil nil* null."""
    if isinstance(r, Nil):
        return r.name
    if isinstance(r, bool) or isinstance(r, Bool):
        return "#t" if r else "#f"
    if isinstance(r, int):
        return ":%d" % r
    for kind, mark in ((Status, "+"), (Error, "-"), (Double, ","), (Big, "("), (Verbatim, "=")):
        if isinstance(r, kind):
            return mark + r.decode("latin-1")
    if isinstance(r, Map):
        return "{" + " ".join(show(k) + "=" + show(v) for k, v in r) + "}"
    if isinstance(r, list):
        mark = "~" if isinstance(r, Set) else ">" if isinstance(r, Push) else ""
        return mark + "[" + " ".join(show(x) for x in r) + "]"
    if isinstance(r, bytes):
        if BARE.match(r) and r not in (b"nil", b"nil*", b"null"):
            return r.decode()
        return '"' + repr(r)[2:-1].replace('"', '\\"') + '"'
    return repr(r)


def same(a, b):
    """Equal in type as well as in value, all the way down."""
    if type(a) is not type(b):
        return False
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    return a is b if isinstance(a, Nil) else a == b


def as_map(r):
    """A dict from a RESP3 map or RESP2's flat array of the same."""
    if isinstance(r, Map):
        return dict(r)
    return dict(zip(r[0::2], r[1::2]))


def words(args):
    """call("SET k v") is call("SET", "k", "v"): one string is split at its spaces."""
    if len(args) == 1 and isinstance(args[0], str):
        args = args[0].split()
    return [a if isinstance(a, (bytes, bytearray)) else str(a).encode() for a in args]


def encode(args):
    """A request in RESP."""
    out = [b"*%d\r\n" % len(args)]
    for a in args:
        out.append(b"$%d\r\n%b\r\n" % (len(a), a))
    return b"".join(out)


class Closed(Exception):
    """The server closed the connection."""


AGGREGATES = {b"*": list, b"%": Map, b"~": Set, b">": Push}
SIMPLE = {b"+": Status, b"-": Error, b",": Double, b"(": Big}


class Reader:
    """Takes bytes, gives replies; None when the next one is not whole yet. What is parsed of it is
    kept, so that a reply of many reads costs no more than one of one."""

    def __init__(self):
        self.buf = bytearray()
        self.pos = 0
        self.open = []                  # [type, items still to come, items] of each unfinished aggregate
        self.bulk = None                # (length, type) of a bulk whose bytes are awaited

    def feed(self, data):
        if self.pos > 1 << 16:
            del self.buf[:self.pos]
            self.pos = 0
        self.buf += data

    def next(self):
        while True:
            value = self._take()
            if value is None:
                return None
            value = self._close(value)
            if value is not None:
                return value

    def _take(self):
        """The next scalar or empty aggregate; opens the others. None if bytes are missing."""
        while True:
            if self.bulk:
                return self._bytes()
            end = self.buf.find(b"\r\n", self.pos)
            if end < 0:
                return None
            kind, rest = bytes(self.buf[self.pos:self.pos + 1]), bytes(self.buf[self.pos + 1:end])
            self.pos = end + 2
            if kind in b"$=" and kind:
                if rest == b"-1":
                    return NIL
                self.bulk = (int(rest), Verbatim if kind == b"=" else bytes)
            elif kind in AGGREGATES:
                if rest == b"-1":
                    return NIL_ARRAY
                if int(rest) == 0:
                    return AGGREGATES[kind]()
                self.open.append([AGGREGATES[kind], int(rest) * (2 if kind == b"%" else 1), []])
            else:
                return self._scalar(kind, rest)

    @staticmethod
    def _scalar(kind, rest):
        if kind == b":":
            return int(rest)
        if kind in SIMPLE:
            return SIMPLE[kind](rest)
        if kind == b"#" and rest in (b"t", b"f"):
            return Bool(rest == b"t")
        if kind == b"_" and not rest:
            return NULL
        raise ValueError("not RESP: %r" % (kind + rest)[:80])

    def _bytes(self):
        n, kind = self.bulk
        end = self.pos + n
        if len(self.buf) < end + 2:
            return None
        data = kind(self.buf[self.pos:end])
        if self.buf[end:end + 2] != b"\r\n":
            raise ValueError("bulk not ended by CRLF: %r" % data[-80:])
        self.pos, self.bulk = end + 2, None
        return data

    def _close(self, value):
        """Puts a value into the innermost open aggregate; the outermost one when it is complete."""
        while self.open:
            top = self.open[-1]
            top[2].append(value)
            top[1] -= 1
            if top[1]:
                return None
            self.open.pop()
            kind, _, items = top
            value = Map(zip(items[0::2], items[1::2])) if kind is Map else kind(items)
        return value


class Raw:
    """A connection that hides nothing. `path` for a unix socket, else 127.0.0.1:port."""

    def __init__(self, port=None, host="127.0.0.1", path=None, proto=2, timeout=20, rcvbuf=None):
        family = socket.AF_UNIX if path else socket.AF_INET6 if ":" in host else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.settimeout(timeout)
        if rcvbuf:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        self.sock.connect(path if path else (host, port))
        if not path:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = Reader()
        self.proto = proto
        if proto == 3:
            hello = self.call("HELLO", "3")
            if not isinstance(hello, Map):
                raise AssertionError("HELLO 3: " + show(hello))

    def close(self):
        self.sock.close()

    def send_raw(self, data):
        try:
            self.sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError) as e:
            raise Closed(str(e)) from None

    def send(self, *args):
        """Sends a command and does not wait for its reply: read() brings it."""
        self.send_raw(encode(words(args)))

    def read(self, timeout=None):
        """The next reply, whatever its type."""
        reply = self.reader.next()
        if reply is not None:
            return reply
        old = self.sock.gettimeout()
        if timeout is not None:
            self.sock.settimeout(timeout)
        try:
            while reply is None:
                try:
                    data = self.sock.recv(1 << 18)
                except ConnectionResetError:
                    data = b""
                if not data:
                    raise Closed("closed by the server")
                self.reader.feed(data)
                reply = self.reader.next()
        finally:
            self.sock.settimeout(old)
        return reply

    def call(self, *args):
        self.send(*args)
        return self.read()

    __call__ = call

    def pipeline(self, commands):
        """Sends all, then reads all. For batches that fit the socket buffers."""
        self.send_raw(b"".join(encode(words(c if isinstance(c, (list, tuple)) else (c,))) for c in commands))
        return [self.read() for _ in commands]

    def expect(self, command, wanted):
        """Runs a command (text, or a tuple of words) and compares show(reply) with `wanted`."""
        args = command if isinstance(command, (list, tuple)) else (command,)
        check(self.call(*args), wanted, command)

    def expect_error(self, command, start=""):
        """The reply is an error whose text begins with `start`."""
        args = command if isinstance(command, (list, tuple)) else (command,)
        reply = self.call(*args)
        if not isinstance(reply, Error) or not reply.startswith(start.encode()):
            raise AssertionError("%s: wanted an error '%s...', got %s" % (command, start, show(reply)[:500]))

    def expect_read(self, wanted, timeout=None):
        """The next reply or push, without sending anything."""
        check(self.read(timeout), wanted, "next reply")

    def expect_silence(self):
        """Nothing has been sent to us: a command and its reply come back with nothing before it.
        Only for a connection that is not blocked."""
        check(self.call("PING", "still-there"), None, "silence",
              lambda r: r == b"still-there" or r == [b"pong", b"still-there"])

    def expect_closed(self, timeout=10):
        """The server closes; replies that came before are returned."""
        seen = []
        try:
            while True:
                seen.append(self.read(timeout))
        except Closed:
            return seen
        except TimeoutError:
            raise AssertionError("still open after %d s; got %s" % (timeout, show(seen)[:300])) from None

    def id(self):
        return self.call("CLIENT", "ID")

    def info(self, section):
        """One section of INFO as a dict."""
        text = self.call("INFO", section).decode()
        text = text[4:] if text.startswith("txt:") else text
        return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)


def check(reply, wanted, what="reply", test=None):
    got = show(reply)
    if test:
        good = test(reply)
    elif isinstance(wanted, re.Pattern):
        good = wanted.fullmatch(got)
    else:
        good = got == wanted
    if not good:
        wanted = wanted.pattern if isinstance(wanted, re.Pattern) else wanted
        raise AssertionError("%s:\n      wanted %s\n      got    %s" % (what, wanted, got[:2000]))


# ---------------------------------------------------------------------------------------------
# A server

def wait_until(condition, timeout=20, what="condition"):
    """Polls until condition() is true and returns its value."""
    end = time.monotonic() + timeout
    pause = 0.001
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("waited %d s in vain for: %s" % (timeout, what))
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


def free_port():
    """A port that nobody has right now; above the ephemeral range's start it may be taken by a
    connection, so below it."""
    for _ in range(200):
        port = random.SystemRandom().randrange(11000, 32000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise AssertionError("no free port")


_live = set()
_dirs = set()


@atexit.register
def _clean_up():
    for process in list(_live):
        if process.poll() is None:
            process.kill()
            process.wait()
    for path in _dirs:
        if not os.environ.get("KEEP"):
            shutil.rmtree(path, ignore_errors=True)


def _die(signum, _frame):
    sys.exit(128 + signum)


signal.signal(signal.SIGTERM, _die)


def temp_dir(prefix="leanmq-"):
    """A folder that goes when the script ends ($KEEP keeps it)."""
    path = tempfile.mkdtemp(prefix=prefix)
    _dirs.add(path)
    return path


def _quiet_child():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)      # PR_SET_PDEATHSIG: never outlive the test


class StartError(AssertionError):
    """The server left instead of serving; .code is its exit status, .log what it said."""

    def __init__(self, text, code, log):
        super().__init__(text)
        self.code = code
        self.log = log


class Server:
    """A running server. Settings are keywords with _ for -, a list for several of one name:

        with Server(appendfsync="always", requirepass="x") as s: ...

    `args` are more words for the command line; `redis=True` starts Redis whatever $LEANMQD says.
    Persistence is on unless appendonly="no".
    """

    def __init__(self, *args, redis=False, binary=None, dir=None, env=None, start=True, wait=True,
                 config=None, preexec=_quiet_child, **settings):
        self.binary = binary or (REDIS if redis else find_leanmqd())
        self.redis = os.path.basename(self.binary).startswith("redis")
        self.dir = dir or temp_dir()
        self.config = config
        self.env = env
        self.args = [str(a) for a in args]
        self.settings = {"bind": "127.0.0.1", "appendonly": "yes", "enable-debug-command": "yes"}
        if self.redis:
            self.settings.update({"save": "", "auto-aof-rewrite-percentage": "100"})
        self.settings.update((k.replace("_", "-"), v) for k, v in settings.items())
        self.settings = {k: v for k, v in self.settings.items() if v is not None}
        self.settings["dir"] = self.settings.get("dir", self.dir)
        self.own_port = "port" not in self.settings
        self.port = None if self.own_port else int(self.settings["port"])
        self.preexec = preexec
        self.process = None
        self.log_path = os.path.join(self.dir, "stdio.log")
        if start:
            self.start(wait)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.kill()

    def argv(self):
        out = [self.binary] + ([self.config] if self.config else [])
        for name, value in dict(self.settings, port=self.port).items():
            for v in value if isinstance(value, list) else [value]:
                v = v if isinstance(v, tuple) else (v,)
                out += ["--" + name] + [str(x) for x in v]
        return out + self.args

    def start(self, wait=True):
        """Starts in the same folder; waits until commands are served."""
        for attempt in range(5):
            if self.own_port and (self.port is None or attempt):
                self.port = free_port()
            self.log_start = os.path.getsize(self.log_path) if os.path.exists(self.log_path) else 0
            with open(self.log_path, "ab") as log:
                self.process = subprocess.Popen(
                    self.argv(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.dir,
                    env=dict(os.environ, **(self.env or {})), preexec_fn=self.preexec)
            _live.add(self.process)
            if not wait:
                return self
            try:
                self.wait_ready()
                return self
            except StartError as e:
                if not (self.own_port and re.search("address already in use", e.log, re.I)):
                    raise
        raise AssertionError("no port could be bound")

    def log(self):
        """What this run of the server has written, and its logfile if it has one."""
        with open(self.log_path, "rb") as f:
            f.seek(self.log_start)
            text = f.read().decode("utf-8", "replace")
        name = self.settings.get("logfile")
        if name and os.path.exists(os.path.join(self.dir, name)):
            with open(os.path.join(self.dir, name), "rb") as f:
                text += f.read().decode("utf-8", "replace")
        return text

    def tail(self, lines=15):
        return "\n".join("      | " + line for line in self.log().splitlines()[-lines:])

    def _serves(self):
        code = self.process.poll()
        if code is not None:
            _live.discard(self.process)
            raise StartError("the server left with %d:\n%s" % (code, self.tail()), code, self.log())
        try:
            c = Raw(self.port, timeout=5) if self.port else Raw(path=self.unix_path(), timeout=5)
        except (ConnectionRefusedError, ConnectionResetError, FileNotFoundError):
            return False                            # reset: it listened, and is ending
        try:
            reply = c.call("PING")
            if isinstance(reply, Error) and reply.startswith(b"LOADING"):
                return False
            text = c.call("INFO", "server")         # not another server on the same port
            return isinstance(text, Error) or b"process_id:%d\r" % self.process.pid in text
        except (Closed, TimeoutError):
            return False
        finally:
            c.close()

    def unix_path(self):
        return os.path.join(self.dir, self.settings["unixsocket"])

    def wait_ready(self, timeout=60):
        wait_until(self._serves, timeout, "the server to answer PING\n" + self.tail())

    def wait_exit(self, timeout=20):
        """Its exit status; -9 for a kill."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError("the server did not leave in %d s:\n%s" % (timeout, self.tail())) from None
        finally:
            if self.process.poll() is not None:
                _live.discard(self.process)

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        os.kill(self.process.pid, number)

    def stop(self, timeout=20):
        """SIGTERM; the exit status."""
        self.signal(signal.SIGTERM)
        return self.wait_exit(timeout)

    def kill(self):
        """kill -9, and its forked helper of a rewrite sees its parent gone."""
        if self.running():
            self.process.kill()
        if self.process:
            self.process.wait()
            _live.discard(self.process)

    def restart(self, hard=False):
        """Ends it (kill -9 if hard) and starts it on the same folder and port."""
        if self.running():
            if hard:
                self.kill()
            else:
                self.stop()
        return self.start()

    def client(self, **kw):
        return Raw(self.port, **kw)

    def pick(self, lean, redis):
        """What a test wants from leanmqd, or from Redis 7.0 where that is deliberately different."""
        return redis if self.redis else lean

    def rss(self):
        """Resident bytes."""
        with open("/proc/%d/statm" % self.pid) as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def cpu_ms(pid):
    """User and system time a process has used, in ms."""
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 // os.sysconf("SC_CLK_TCK")


# ---------------------------------------------------------------------------------------------
# A runner

class Skip(Exception):
    """raise Skip("reason")"""


def both(test):
    """Runs a test twice, its clients in RESP2 and in RESP3."""
    test.protos = (2, 3)
    return test


def blocked(s, n):
    """Waits until exactly n clients are blocked."""
    with_control(s, lambda c: wait_until(lambda: int(c.info("clients")["blocked_clients"]) == n,
                                         what="%d blocked clients" % n))


def alone(c):
    """Waits until there is no client but c."""
    wait_until(lambda: c.call("CLIENT", "LIST").count(b"\n") == 1, what="the others to be closed")


def with_control(s, what):
    c = s.client()
    try:
        return what(c)
    finally:
        c.close()


class Clients:
    """Hands out connections to one test and closes them when it is over."""

    def __init__(self, server, proto):
        self.server, self.proto, self.made = server, proto, []

    def __call__(self, **kw):
        c = self.server.client(**dict({"proto": self.proto}, **kw))
        self.made.append(c)
        return c

    def close(self):
        for c in self.made:
            c.close()


def run_one(test, server, proto):
    """Parameters by name: s the shared server, new a maker of clients, a b c d e clients."""
    new = Clients(server, proto) if server else None
    params = inspect.signature(test).parameters
    try:
        given = {name: server if name == "s" else new if name == "new" else new() for name in params}
        test(**given)
    finally:
        if new:
            new.close()


def main(module, settings=None):
    """Runs the test_* functions of a module (vars of it, or globals()). Those with parameters share
    one server, started with `settings` and emptied before each; the others make their own."""
    tests = [(n, f) for n, f in module.items() if n.startswith("test_") and callable(f)]
    chosen = [a for a in sys.argv[1:] if not a.startswith("-")]
    if chosen:
        tests = [(n, f) for n, f in tests if any(c in n for c in chosen)]
    passed = failed = 0
    server = None
    for name, test in tests:
        shared = bool(inspect.signature(test).parameters)
        for proto in getattr(test, "protos", (2,)):
            label = name[5:] + (" (RESP3)" if proto == 3 else "")
            start = time.monotonic()
            try:
                if shared:
                    if server is None or not server.running():
                        server = Server(**(settings or {}))
                    with_control(server, lambda c: (c.expect("FLUSHALL", "+OK")))
                run_one(test, server if shared else None, proto)
                if shared and not server.running():
                    raise AssertionError("the server died:\n" + server.tail(30))
                passed += 1
                print("  ok    %s  (%.2f s)" % (label, time.monotonic() - start))
            except Skip as e:
                print("  skip  %s: %s" % (label, e))
            except Exception as e:                      # one failing test must not hide the others
                failed += 1
                print("  FAIL  %s" % label)
                text = "".join(traceback.format_tb(e.__traceback__)[-2:])
                print("      " + (text + "%s: %s" % (type(e).__name__, e)).replace("\n", "\n      "))
                if server is not None and shared:
                    if not server.running():
                        print("      the server died:\n" + server.tail(30))
                    server.kill()                       # a fresh one for the next test
                    server = None
            sys.stdout.flush()
    if server:
        server.kill()
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(1 if failed or not passed + failed and chosen else 0)
