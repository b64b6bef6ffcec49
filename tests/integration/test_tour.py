#!/usr/bin/python3
"""Types the README's tour again: every line behind `$ ` is run against a server of its own, and what it
prints must be what stands there. Where the README shows `...`, anything may stand."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import ROOT, Server, main  # noqa: E402
from typed import check_steps  # noqa: E402

BLOCK = re.compile(r"<!-- tour(: restart)? -->\n```console\n(.*?)```", re.S)


def blocks():
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as f:
        return [(bool(restart), text) for restart, text in BLOCK.findall(f.read())]


def test_tour():
    found = blocks()
    assert len(found) >= 2 and any(restart for restart, _ in found), "the README has lost its tour"
    done = 0
    with Server() as s:
        for restart, text in found:
            if restart:
                s.restart(hard=True)
            done += check_steps(text, s.port)
    assert done >= 10, done


main(globals())
