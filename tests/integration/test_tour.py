#!/usr/bin/python3
"""Types the README's tour again: every line behind `$ ` is run against a server of its own, and what it
prints must be what stands there. Where the README shows `...`, anything may stand."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import ROOT, Server, main  # noqa: E402

BLOCK = re.compile(r"<!-- tour(: restart)? -->\n```console\n(.*?)```", re.S)


def blocks():
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as f:
        return [(bool(restart), text) for restart, text in BLOCK.findall(f.read())]


def steps(text):
    """(command, what is shown) for each line behind `$ `."""
    for part in re.split(r"^\$ ", text, flags=re.M)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown


def typed(command, port):
    assert re.match(r"(printf .* \| )?redis-cli ?", command), "the tour types only redis-cli: " + command
    command = re.sub(r"\bredis-cli\b", "redis-cli --no-raw -p %d" % port, command)
    p = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=30)
    return p.stdout + p.stderr


def matches(shown, got):
    pattern = ".*".join(re.escape(x) for x in shown.rstrip("\n").split("..."))
    return re.fullmatch(pattern, got.rstrip("\n"), re.S)


def test_tour():
    found = blocks()
    assert len(found) >= 2 and any(restart for restart, _ in found), "the README has lost its tour"
    done = 0
    with Server() as s:
        for restart, text in found:
            if restart:
                s.restart(hard=True)
            for command, shown in steps(text):
                got = typed(command, s.port)
                assert matches(shown, got), "%s\n      shown %r\n      got   %r" % (command, shown, got)
                done += 1
    assert done >= 10, done


main(globals())
