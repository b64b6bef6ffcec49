#!/usr/bin/python3
"""ioredis, node-redis, BullMQ and hiredis against a server started for each. The Node libraries are looked for
in build/clients/node_modules ($NODE_PATH overrides), where `make deps` puts them. $COUNT: messages."""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import ROOT, Server, Skip, main, temp_dir  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
COUNT = os.environ.get("COUNT", "20000")
MODULES = os.environ.get("NODE_PATH") or os.path.join(ROOT, "build/clients/node_modules")


def run(command, **env):
    p = subprocess.run(command, env=dict(os.environ, COUNT=COUNT, **env), capture_output=True, text=True, timeout=600)
    print(p.stdout, end="")
    if p.returncode:
        raise AssertionError("exit %d:\n%s" % (p.returncode, p.stderr[-3000:]))


def node(script, module):
    if not shutil.which("node"):
        raise Skip("no node")
    if not os.path.isdir(os.path.join(MODULES, module)):
        raise Skip("no %s in %s: make deps" % (module, MODULES))
    with Server() as s:
        run(["node", os.path.join(HERE, script)], PORT=str(s.port), NODE_PATH=MODULES)
        assert s.running()


def test_ioredis():
    node("ioredis.js", "ioredis")


def test_node_redis():
    node("node_redis.js", "redis")


def test_bullmq():
    node("bullmq.js", "bullmq")


def test_hiredis():
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "hiredis"], capture_output=True, text=True)
    if flags.returncode:
        raise Skip("no libhiredis-dev")
    program = os.path.join(temp_dir(), "hiredis")
    subprocess.run(["cc", "-std=c11", "-O1", "-Wall", "-Wextra", "-o", program, os.path.join(HERE, "hiredis.c")] + flags.stdout.split(),
                   check=True, timeout=60)
    with Server() as s:
        run([program, str(s.port), COUNT])


main(globals())
