"""What the Python tests of libraries share: cases, a ledger of what was done, processes that end with us."""
import ctypes
import os
import signal
import subprocess
import sys
import time
import traceback

HOST, PORT = (sys.argv[1], int(sys.argv[2])) if sys.argv[0].endswith("test.py") else (None, None)  # else a worker
HERE = os.path.dirname(os.path.abspath(sys.argv[0]))
WORK = os.environ.get("WORK", ".")
COUNT = int(os.environ.get("COUNT", 20000))


def wait_until(condition, what, timeout=60):
    """Polls until condition() is true and returns its value."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("waited %d s for %s" % (timeout, what() if callable(what) else what))
        time.sleep(0.02)


def same(got, wanted, what=""):
    assert got == wanted, "%s: wanted %r, got %r" % (what, wanted, got)


class Ledger:
    """Lines that several processes append, each in one write; it outlives a kill -9 of any of them."""

    def __init__(self, name="ledger"):
        self.path = os.path.join(WORK, name)

    def add(self, *words):
        out = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(out, (" ".join(map(str, words)) + "\n").encode())
        os.close(out)

    def lines(self, start=""):
        """Those that begin with `start`, without it."""
        if not os.path.exists(self.path):
            return []
        with open(self.path) as f:
            return [line[len(start):].strip() for line in f if line.startswith(start)]


def _die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


_started = []


def start(argv, log, **env):
    """A process in a group of its own; its output goes to WORK/log."""
    with open(os.path.join(WORK, log), "ab") as out:
        p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=WORK, start_new_session=True,
                             env=dict(os.environ, **env), preexec_fn=_die_with_parent)
    p.log = os.path.join(WORK, log)
    _started.append(p)
    return p


def kill_group(p):
    """kill -9 of a process and its children."""
    try:
        os.killpg(p.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    p.wait()


def stop(p, number=signal.SIGTERM, timeout=30):
    p.send_signal(number)
    p.wait(timeout)


def run(module):
    """The test_* functions in their order."""
    try:
        for name, test in list(module.items()):
            if name.startswith("test_"):
                begin = time.monotonic()
                test()
                print("ok %s (%.1f s)" % (name[5:].replace("_", " "), time.monotonic() - begin), flush=True)
    except BaseException:
        for p in _started:
            kill_group(p)
            print("--- %s:\n%s" % (p.log, open(p.log, errors="replace").read()[-3000:]), file=sys.stderr)
        traceback.print_exc()
        sys.exit(1)
    for p in _started:
        kill_group(p)
