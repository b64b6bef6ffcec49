#!/usr/bin/python3
"""Real queue libraries, unmodified, doing real work against a leanmqd that is started for each.

    libraries.py [--all] [--redis] [--list] [--table] [NAME ...]

Without --all those that `make check` runs. --redis runs the same on redis-server, which shows that they test the
right thing. --list names what would run, --table prints the library, its version and the result as Markdown.

A test is tests/clients/LIBRARY/test.*: a program that takes host and port, prints "ok CASE" for each case and
exits with 1 on a wrong outcome. Its environment has WORK, a folder of its own, and COUNT, how many messages.
After it the server is killed (kill -9) and started again: every key must be what it was. What a library needs is
installed by `make deps check-all`; one that is not there is skipped, and that is said.
"""
import argparse
import os
import re
import subprocess
import sys
import time
from collections import namedtuple

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from leanmq import REDIS, ROOT, Error, Server, StartError, temp_dir  # noqa: E402

MODULES = os.environ.get("NODE_PATH") or os.path.join(ROOT, "build/clients/node_modules")
LIMIT_S = 120

# script: below tests/clients. version: a command that prints it, and fails if the library is not there.
# brief: part of `make check`. env: for the script.
Library = namedtuple("Library", "name script version brief env", defaults=(False, {}))


def python(module):
    return [sys.executable, "-c", "import %s as m; print(m.__version__)" % module]


def leanmq():
    """Its source is in no registry: LEANMQ_SOURCE=DIR says where it lies, else a replay of its traffic runs."""
    return [sys.executable, "-c", "import redis, os; print('real' if os.environ.get('LEANMQ_SOURCE') else 'replayed')"]


def npm(package):
    return ["node", "-p", "require(%r).version" % os.path.join(MODULES, package, "package.json")]


LIBRARIES = (
    Library("leanmq", "leanmq/test.py", leanmq(), True),
    Library("redis-py", "redis-py/test.py", python("redis"), True),
    Library("redis-py-queue", "redis-py-queue/test.py", python("redis"), True),
    Library("ioredis", "ioredis/test.js", npm("ioredis"), True),
    Library("ioredis-5", "ioredis/test.js", npm("ioredis5"), False, {"PACKAGE": "ioredis5"}),
    Library("node-redis", "node-redis/test.js", npm("redis"), True),
    Library("node-redis-5", "node-redis/test.js", npm("redis5"), False, {"PACKAGE": "redis5"}),
    Library("celery", "celery/test.py", python("celery")),
    Library("bull", "bull/test.js", npm("bull")),
    Library("bee-queue", "bee-queue/test.js", npm("bee-queue")),
    Library("node-resque", "node-resque/test.js", npm("node-resque")),
    Library("phpredis", "phpredis/test.php", ["php", "-r", "extension_loaded('redis') or exit(1); echo phpversion('redis');"]),
    Library("symfony-messenger", "symfony-messenger/test.php",
            ["sh", "-c", "dpkg-query -W php-symfony-event-dispatcher >&2 && dpkg-query -W -f='${Version}' php-symfony-redis-messenger"]),
    Library("rsmq", "rsmq/test.js", npm("rsmq")),
    Library("socket.io", "socket.io/test.js", npm("socket.io")),
    Library("rq", "rq/test.py", python("rq")),
    Library("sidekiq", "sidekiq/test.rb", ["ruby", "-e", 'require "sidekiq"; puts Sidekiq::VERSION']),
    Library("hiredis", "hiredis/test.c", ["pkg-config", "--modversion", "hiredis"], True),
    Library("bullmq", "bullmq/test.js", npm("bullmq"), True),
)


def version(library):
    """Text, or None if the library is not there."""
    try:
        p = subprocess.run(library.version, cwd="/", capture_output=True, text=True, timeout=60)  # our folders have the names of modules
    except FileNotFoundError:
        return None
    return p.stdout.strip().split("+")[0] if p.returncode == 0 else None  # without Debian's addition


def command(library, work):
    path = os.path.join(HERE, library.script)
    kind = path.rsplit(".", 1)[1]
    if kind == "c":
        program = os.path.join(work, library.name)
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", library.name], capture_output=True, text=True, check=True)
        subprocess.run(["cc", "-std=c11", "-O1", "-Wall", "-Wextra", "-o", program, path] + flags.stdout.split(), check=True, timeout=60)
        return [program]
    return {"py": [sys.executable], "js": ["node"], "rb": ["ruby"], "php": ["php", "-d", "display_errors=stderr"]}[kind] + [path]


def lasting(server):
    """The digest of each key that does not expire, by database and name."""
    c = server.client()
    found = {}
    try:
        for db in range(16):
            c.expect(("SELECT", str(db)), "+OK")
            for key in c.call("KEYS", "*"):
                ttl, digest = c.pipeline([(b"PTTL", key), (b"DEBUG", b"DIGEST-VALUE", key)])
                if ttl == -1:
                    found[db, key] = digest[0] if isinstance(digest, list) else digest
    finally:
        c.close()
    return found


def same_after_kill(server):
    """What a kill -9 and a restart changed, or None."""
    before = lasting(server)
    server.restart(hard=True)
    after = lasting(server)
    changed = sorted(k for k in before.keys() | after.keys() if before.get(k) != after.get(k))
    broken = [d for d in before.values() if isinstance(d, Error)]
    return "after kill -9 and a restart: %s" % changed[:5] if changed else "DEBUG DIGEST-VALUE: %s" % broken[0] if broken else None


def run(library):
    """(cases that passed, what went wrong or None)."""
    work = temp_dir()
    with Server(appendonly="yes", appendfsync="everysec", databases=16, **{"enable-debug-command": "yes"}) as s:
        env = dict(os.environ, WORK=work, NODE_PATH=MODULES, PYTHONPATH=os.path.join(HERE, "lib"), **library.env)
        try:
            p = subprocess.run(command(library, work) + ["127.0.0.1", str(s.port)], env=env, cwd=work, text=True, errors="replace",
                               capture_output=True, timeout=LIMIT_S)
            out, err, wrong = p.stdout, p.stderr, None if p.returncode == 0 else "exit %d" % p.returncode
        except subprocess.TimeoutExpired as e:
            out, err = ((x or b"").decode("utf-8", "replace") for x in (e.stdout, e.stderr))
            wrong = "not done in %d s" % LIMIT_S
        cases = re.findall(r"^ok (.*)", out, re.M)
        print("".join("  %s\n" % line for line in out.splitlines()), end="")
        if not s.running():
            wrong = "the server died:\n" + s.tail(30)
        elif not wrong and not cases:
            wrong = "no case ran"
        elif not wrong:
            wrong = same_after_kill(s)
        if wrong:
            wrong += "\n" + err[-4000:]
            if os.environ.get("KEEP"):
                print(out, err)
    return len(cases), wrong


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    p.add_argument("--all", action="store_true")
    p.add_argument("--redis", action="store_true")
    p.add_argument("--list", action="store_true")
    p.add_argument("--table", action="store_true")
    p.add_argument("names", nargs="*")
    opts = p.parse_args()
    if opts.redis:
        os.environ["LEANMQD"] = REDIS
    unknown = set(opts.names) - {x.name for x in LIBRARIES}
    if unknown:
        raise SystemExit("no such library: %s" % ", ".join(sorted(unknown)))
    chosen = [x for x in LIBRARIES if (x.name in opts.names if opts.names else opts.all or x.brief)]
    if opts.list:
        print("\n".join(x.name for x in chosen))
        return
    passed = failed = 0
    table = []
    for library in chosen:
        found = version(library)
        if found is None:
            print("skip %s: not installed, `make deps check-all` does" % library.name)
            continue
        print("%s %s" % (library.name, found))
        start = time.monotonic()
        try:
            cases, wrong = run(library)
        except (StartError, subprocess.CalledProcessError) as e:
            cases, wrong = 0, str(e)
        print("  %s  (%.1f s)" % ("FAIL " + wrong.replace("\n", "\n    ") if wrong else "ok, and after kill -9", time.monotonic() - start))
        sys.stdout.flush()
        passed += cases
        failed += bool(wrong)
        table.append("| %s | %s | %d cases | %s |" % (library.name, found, cases, "failed" if wrong else "passed"))
    if opts.table:
        print("\n".join(table))
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(1 if failed else 0)


main()
