#!/usr/bin/python3
"""Runs the examples of docs/queues.md: what is typed against one server, in the order of the page, and the Python sessions with
redis-py. What they print must be what stands there; where the page shows `...`, anything may stand."""
import doctest
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import ROOT, Server, main, testing_redis  # noqa: E402
from typed import check_steps  # noqa: E402

if testing_redis():
    raise SystemExit("skipped: Redis has no queues")

BLOCK = re.compile(r"^(<!-- guide(?:: python)? -->\n)?```(console|python)\n(.*?)^```$", re.S | re.M)


def run_python(text, port, names):
    """The session goes on where the one before ended."""
    text = text.replace("port=6379", "port=%d" % port)
    test = doctest.DocTestParser().get_doctest(text, names, "docs/queues.md", "docs/queues.md", 0)
    said = []
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=said.append, clear_globs=False)
    names.update(test.globs)
    assert result.attempted and not result.failed, "".join(said)
    return result.attempted


def test_guide():
    with open(os.path.join(ROOT, "docs/queues.md"), encoding="utf-8") as f:
        found = BLOCK.findall(f.read())
    assert len(found) >= 10, "the guide has lost its examples"
    names, done = {}, 0
    with Server() as s:
        for marked, kind, text in found:
            assert marked, "an example that is not run:\n" + text
            done += check_steps(text, s.port) if kind == "console" else run_python(text, s.port, names)
    assert done >= 80, done


main(globals())
