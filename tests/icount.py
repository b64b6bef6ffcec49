#!/usr/bin/python3
"""User instructions per request, counted by callgrind: the figures that do not depend on the machine's mood.

    icount.py [--write] [NAME ...]

Each workload of tests/icount.c runs with two numbers of requests; the difference is what one costs, without
start and preparation. It is compared with tests/icount.txt: more than 5 % above fails, and so does a count
over the limit that was set for it. --write keeps the new counts. LEANMQ_ICOUNT names the driver
(build/plain/tests/icount)."""

import concurrent.futures
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
KEPT = os.path.join(HERE, "icount.txt")
DRIVER = os.environ.get("LEANMQ_ICOUNT") or os.path.join(HERE, "..", "build", "plain", "tests", "icount")

FEW, MANY = 320, 1600
SLACK = 1.05
# What was promised of each, whatever it was last time; None: nothing.
LIMITS = {
    "PING": 600,
    "SET-100": None,
    "GET-100": None,
    "INCR": None,
    "LPUSH-100": None,
    "RPOP-100": None,
    "XADD-100": 2500,
    "XADD-MAXLEN": None,
    "MULTI-XADD-EXEC": None,
    "XREADGROUP-10": 8000,
    "XACK-10": 5000,
    # With ACKWAIT, MAXDELIVER, BACKOFF, DLQ and TTL, a message may cost 1.5 times what it costs without: together.
    "QUEUE-XADD-100": 3640,
    "QUEUE-XREADGROUP-10": 11970,
    "QUEUE-XACK-10": 7340,
}


def instructions(name, n):
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", DRIVER, name, str(n), str(MANY)],
        capture_output=True, text=True, env={**os.environ, "TZ": "UTC"}, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or not found:
        sys.exit("icount: %s failed:\n%s%s" % (name, done.stdout, done.stderr))
    return int(found.group(1))


def count(name):
    return round((instructions(name, MANY) - instructions(name, FEW)) / (MANY - FEW))


def read_kept():
    kept = {}
    try:
        with open(KEPT, encoding="ascii") as f:
            for line in f:
                words = line.split("#")[0].split()
                if words:
                    kept[words[0]] = int(words[1])
    except FileNotFoundError:
        pass
    return kept


def write_kept(counts):
    with open(KEPT, "w", encoding="ascii") as f:
        f.write("# User instructions per request, as tests/icount.py --write found them: name, count.\n")
        for name in LIMITS:
            if name in counts:
                f.write("%-16s %d\n" % (name, counts[name]))


def verdict(name, n, kept):
    limit = LIMITS[name]
    if limit is not None and n > limit:
        return "FAILED: over its limit"
    if name not in kept:
        return "FAILED: not in icount.txt (--write)"
    if n > kept[name] * SLACK:
        return "FAILED: more than 5 % above what it was"
    if n < kept[name] / SLACK:
        return "good, and less than it was: --write"
    return "good"


def main():
    args = sys.argv[1:]
    write = "--write" in args
    names = [a for a in args if a != "--write"] or list(LIMITS)
    unknown = [n for n in names if n not in LIMITS]
    if unknown:
        sys.exit("icount: no such workload: " + " ".join(unknown))
    kept = read_kept()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        counts = dict(zip(names, pool.map(count, names)))
    before = dict(kept)
    if write:
        kept.update(counts)
        write_kept(kept)
    failed = 0
    print("%-16s %8s %8s %8s" % ("request", "now", "was", "limit"))
    for name in names:
        said = verdict(name, counts[name], kept)
        failed += said.startswith("FAILED")
        print("%-16s %8d %8s %8s  %s" % (name, counts[name], before.get(name, "-"), LIMITS[name] or "-", said))
    print("%d passed, %d failed" % (len(names) - failed, failed))
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
