#!/usr/bin/python3
"""Types docs/operations.md again, as test_tour.py does the README; what redis_exporter asks; the man page."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import ROOT, Error, Server, Skip, find_leanmqd, main, show, temp_dir  # noqa: E402

BLOCK = re.compile(r"<!-- typed(?:: (\w+))? -->\n```console\n(.*?)```", re.S)
PAGE = os.path.join(ROOT, "docs", "operations.md")
MAN = os.path.join(ROOT, "docs", "leanmqd.8")


def text_of(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def steps(text):
    """(command, what is shown) for each line behind `$ `."""
    for part in re.split(r"^\$ ", text, flags=re.M)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown


def typed(command, s, here):
    """In a folder of its own, with the binaries under test and the server's port and folder."""
    bin = os.path.join(here, "bin")
    if not os.path.isdir(bin):
        os.mkdir(bin)
        for name, path in (("leanmqd", find_leanmqd()), ("leanmq-check-aof", os.environ.get("LEANMQ_CHECK_AOF") or
                           os.path.join(os.path.dirname(find_leanmqd()), "leanmq-check-aof"))):
            os.symlink(path, os.path.join(bin, name))
        with open(os.path.join(bin, "redis-cli"), "w", encoding="ascii") as f:
            f.write('#!/bin/sh\ntest "$1" = --pipe || set -- --no-raw "$@"\nexec /usr/bin/redis-cli -p %d "$@"\n' % s.port)
        os.chmod(os.path.join(bin, "redis-cli"), 0o755)
    p = subprocess.run(command.replace("/var/lib/leanmqd", s.dir), shell=True, cwd=here, capture_output=True, text=True,
                       timeout=60, env=dict(os.environ, PATH=bin + ":" + os.environ["PATH"]))
    return (p.stdout + p.stderr).replace("\r\n", "\n")


def matches(shown, got):
    pattern = ".*".join(re.escape(x) for x in shown.rstrip("\n").split("..."))
    return re.fullmatch(pattern, got.rstrip("\n"), re.S)


def test_what_the_page_shows_was_typed():
    here, done = temp_dir(), 0
    with Server() as s:
        if s.redis:
            raise Skip("our own page")
        for state, text in BLOCK.findall(text_of(PAGE)):
            if state == "ended":
                assert s.stop() == 0
            if state == "started":
                s.start()
            for command, shown in steps(text):
                got = typed(command, s, here)
                assert matches(shown, got), "%s\n      shown %r\n      got   %r" % (command, shown, got)
                done += 1
    assert done >= 40, done


def test_every_box_is_typed():
    page = text_of(PAGE)
    assert page.count("```console") == len(BLOCK.findall(page))


def test_the_settings_it_names_are_there():
    with Server() as s:
        if s.redis:
            raise Skip("our own page")
        c, page = s.client(), text_of(PAGE)
        have = {k.decode() for k in c.call("CONFIG", "GET", "*")[::2]}
        table = page[page.index("| setting |"):page.index("Settings are checked")] + page[page.index("## Limits"):]
        named = {n for n in re.findall(r"`([a-z][a-z-]+[a-z])`", table)} - {"everysec", "always"}
        assert len(named) > 12 and named <= have, named - have
        info = c.call("INFO", "ALL").decode() + c.call("INFO", "durability").decode()
        fields = page[page.index("| section |"):page.index("Of a queue")]
        for field in re.findall(r"^\| \w+ \| (.*?) \|", fields, re.M)[1:]:
            for name in re.findall(r"`(\w+)`", field):
                assert name.startswith("errorstat_") or "\n%s:" % name in info, name


def test_what_redis_exporter_asks_is_answered():
    with Server() as s:
        c = s.client()
        c.call("XADD", "st", "1-1", "f", "v")
        c.call("XGROUP", "CREATE", "st", "g", "0")
        for q in ("CLIENT SETNAME redis_exporter", "INFO ALL", "CONFIG GET *", "LATENCY LATEST", "LATENCY HISTOGRAM",
                  "SLOWLOG LEN", "SLOWLOG GET 1", "COMMAND INFO COMMANDLOG", "CLIENT LIST", "TYPE st", "XLEN st",
                  "XINFO STREAM st", "XINFO GROUPS st", "XINFO CONSUMERS st g"):
            reply = c.call(q)
            assert not isinstance(reply, Error), "%s: %s" % (q, show(reply))
        limits = dict(zip(*[iter(c.call("CONFIG", "GET", "*"))] * 2))[b"client-output-buffer-limit"].split()
        assert len(limits) % 4 == 0, limits


def test_the_man_page_is_well_formed():
    p = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-z", MAN], capture_output=True, text=True, timeout=30)
    assert p.returncode == 0 and not p.stderr, p.stderr
    p = subprocess.run(["man", "--warnings", "-l", MAN], capture_output=True, text=True, timeout=30,
                       env=dict(os.environ, MANPAGER="cat", MANWIDTH="80", LC_ALL="C.UTF-8"))
    assert p.returncode == 0 and not p.stderr, p.stderr
    page = re.sub(r".\x08", "", p.stdout)
    usage = subprocess.run([find_leanmqd(), "--help"], capture_output=True, text=True, timeout=20).stdout
    for option in set(re.findall(r"--[a-z-]+[a-z]", usage)):
        assert option in page, option
    for status in ("0", "1", "65", "74"):
        assert re.search(r"^ +%s +\S" % status, page, re.M), status


main(globals())
