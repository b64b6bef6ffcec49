#!/usr/bin/python3
"""`make install` into a folder: what it puts where, and that what it puts there works."""
import os
import stat
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import ROOT, find_leanmqd, main, temp_dir  # noqa: E402


def install(prefix, dest=None):
    """With the binaries under test, so that nothing is built here."""
    dest, out = dest or temp_dir(), os.path.dirname(find_leanmqd())
    env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    built = [x for name in ("leanmqd", "leanmq-bench", "leanmq-check-aof") for x in ("-o", name)]
    subprocess.run(["make", "-s", "-C", ROOT, "install", "OUT=" + out, "DESTDIR=" + dest, "PREFIX=" + prefix] + built,
                   check=True, timeout=120, stdout=subprocess.DEVNULL, env=env)
    return dest


def test_what_is_installed_runs():
    dest = install("/opt/lmq")
    for name in ("leanmqd", "leanmq-bench", "leanmq-check-aof"):
        path = os.path.join(dest, "opt/lmq/bin", name)
        assert subprocess.run([path, "--help"], capture_output=True, timeout=20).returncode == 0, path
    conf = os.path.join(dest, "etc/leanmqd/leanmqd.conf")
    assert stat.S_IMODE(os.stat(conf).st_mode) == 0o640, "it may hold a password"
    good = subprocess.run([os.path.join(dest, "opt/lmq/bin/leanmqd"), conf, "--check-config"], capture_output=True, timeout=20)
    assert good.returncode == 0, good.stderr


def test_the_unit_names_the_prefix():
    dest = install("/opt/lmq")
    with open(os.path.join(dest, "opt/lmq/lib/systemd/system/leanmqd.service"), encoding="utf-8") as f:
        unit = f.read()
    assert "ExecStart=/opt/lmq/bin/leanmqd /etc/leanmqd/leanmqd.conf" in unit
    assert "ExecPaths=/opt/lmq/bin/leanmqd" in unit and "Type=notify" in unit
    assert os.path.exists(os.path.join(dest, "opt/lmq/lib/sysusers.d/leanmqd.conf"))


def test_the_documents_are_where_they_are_looked_for():
    dest = install("/opt/lmq")
    for name in ("operations.md", "commands.md", "README.md", "durable.conf"):
        assert os.path.exists(os.path.join(dest, "opt/lmq/share/doc/leanmqd", name)), name
    shown = subprocess.run(["man", "-M", os.path.join(dest, "opt/lmq/share/man"), "8", "leanmqd"], capture_output=True,
                           text=True, timeout=30, env=dict(os.environ, MANPAGER="cat", LC_ALL="C.UTF-8"))
    assert shown.returncode == 0 and "message broker" in shown.stdout, shown.stderr


def test_settings_that_are_there_are_kept():
    dest = install("/usr")
    conf = os.path.join(dest, "etc/leanmqd/leanmqd.conf")
    with open(conf, "w", encoding="utf-8") as f:
        f.write("port 7000\n")
    install("/usr", dest)
    with open(conf, encoding="utf-8") as f:
        assert f.read() == "port 7000\n"


main(globals())
