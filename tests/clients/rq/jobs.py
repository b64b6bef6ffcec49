"""The jobs of test.py."""
import os
import time

from endtoend import Ledger

work = Ledger()


def double(n):
    work.add("double", n)
    return n * 2


def flaky(n):
    work.add("try", n)
    if len(work.lines("try %d" % n)) < 3:
        raise RuntimeError("not yet")
    return "at last"


def fails():
    raise ValueError("on purpose")


def holds(name):
    work.add("held", name, os.getpid(), os.getppid())
    if len(work.lines("held " + name)) == 1:
        time.sleep(600)
    return "again"
