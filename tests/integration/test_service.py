#!/usr/bin/python3
"""conf/leanmqd.service under a systemd of its own, in namespaces: nothing of it is seen outside."""
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import Raw, Skip, find_leanmqd, free_port, main, temp_dir, testing_redis, wait_until  # noqa: E402

SYSTEMD = "/lib/systemd/systemd"
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")

# Process 1 of the namespaces. What it writes to /etc, /usr/local and /var goes to a tmpfs; of the machine's
# units it knows none; the kernel's settings it can only read.
INSIDE = """
set -e
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
for d in etc usr/local var; do
    mkdir -p /run/over/$d/upper /run/over/$d/work
    mount -t overlay overlay -o lowerdir=/$d,upperdir=/run/over/$d/upper,workdir=/run/over/$d/work /$d
done
mount -o bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
mount -t cgroup2 none /sys/fs/cgroup
echo mounted
cd "$1"
install -D -m 755 leanmqd /usr/local/bin/leanmqd
install -D -m 644 leanmqd.conf /etc/leanmqd/leanmqd.conf
systemd-sysusers "$PWD/leanmqd.sysusers"
cp -r units /run/units
exec env -i PATH="$PATH" container=lxc SYSTEMD_UNIT_PATH=/run/units SYSTEMD_GENERATOR_PATH=/run/none \\
    SYSTEMD_ENVIRONMENT_GENERATOR_PATH=/run/none SYSTEMD_PROC_CMDLINE=systemd.unified_cgroup_hierarchy=1 \\
    %s --system --unit=basic.target --log-target=console --show-status=no
""" % SYSTEMD


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)


def read(path):
    with open(path) as f:
        return f.read()


def own_cgroup():
    """A new group of the unified hierarchy below the one we are in."""
    mounts = [line.split() for line in read("/proc/mounts").splitlines()]
    at = [m[1] for m in mounts if m[2] == "cgroup2"]
    here = re.search(r"^0::(/.*)$", read("/proc/self/cgroup"), re.M)
    if not at or not here:
        raise Skip("no unified cgroup hierarchy")
    path = os.path.join(at[0] + here.group(1).rstrip("/"), "leanmqd-test-%d" % os.getpid())
    try:
        os.mkdir(path)
    except OSError as e:
        raise Skip("no cgroup can be made: %s" % e) from None
    return path


class Systemd:
    def __init__(self, watchdog):
        if testing_redis() or os.geteuid() or not os.path.exists(SYSTEMD):
            raise Skip("needs root, systemd and leanmqd")
        if "jemalloc" not in subprocess.run([find_leanmqd(), "--version"], capture_output=True, text=True).stdout:
            raise Skip("a sanitizer does not live in that sandbox")
        self.dir = temp_dir()
        self.port = free_port()
        self.lay_out(watchdog)
        self.cgroup = own_cgroup()
        self.log = open(os.path.join(self.dir, "systemd.log"), "wb")
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc", "--cgroup", "bash", "-c", INSIDE, "inside", self.dir],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            preexec_fn=lambda: write(os.path.join(self.cgroup, "cgroup.procs"), str(os.getpid())))
        try:
            self.await_up()
        except BaseException:
            self.close()
            raise

    def lay_out(self, watchdog):
        with open(find_leanmqd(), "rb") as f:
            binary = f.read()
        with open(os.path.join(self.dir, "leanmqd"), "wb") as f:
            f.write(binary)
        conf = re.sub(r"(?m)^#* *port .*$", "port %d" % self.port, read(os.path.join(ROOT, "leanmqd.conf")), 1)
        assert "\nport %d\n" % self.port in conf
        write(os.path.join(self.dir, "leanmqd.conf"), conf)
        write(os.path.join(self.dir, "leanmqd.sysusers"), read(os.path.join(ROOT, "conf", "leanmqd.sysusers")))
        units = os.path.join(self.dir, "units")
        write(os.path.join(units, "leanmqd.service"), read(os.path.join(ROOT, "conf", "leanmqd.service")))
        write(os.path.join(units, "leanmqd.service.d", "test.conf"),
              "[Service]\nWatchdogSec=%ds\nStandardOutput=append:/run/leanmqd.log\nStandardError=inherit\n" % watchdog)
        for name in ("sysinit", "basic", "shutdown", "umount", "network-online", "multi-user"):
            write(os.path.join(units, name + ".target"), "[Unit]\nDescription=%s\nDefaultDependencies=no\n" % name)

    def await_up(self):
        def up():
            if self.process.poll() is not None:
                said = read(self.log.name).strip()[-300:]
                assert "mounted" not in said, said
                raise Skip("no namespaces: " + said)
            with open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)) as f:
                self.pid = f.read().strip()
            return self.pid and read("/proc/%s/comm" % self.pid) == "systemd\n" and not self.ctl("show", "-p", "Version").returncode

        wait_until(up, 20, "systemd to answer")

    def inside(self, *argv):
        return subprocess.run(["nsenter", "-t", self.pid, "--mount", "--pid", "--uts", "--ipc", "--cgroup"] + list(argv),
                              capture_output=True, text=True, timeout=60)

    def ctl(self, *words):
        return self.inside("systemctl", *words)

    def state(self):
        text = self.ctl("show", "leanmqd", "-p", "ActiveState,Result,NRestarts,MainPID,StatusText,ExecMainStatus").stdout
        return dict(line.split("=", 1) for line in text.splitlines())

    def must(self, *words):
        r = self.ctl(*words)
        assert r.returncode == 0, "%s: %s\n%s" % (words, r.stderr, self.inside("cat", "/run/leanmqd.log").stdout)

    def close(self):
        self.process.kill()                     # and --kill-child its systemd, and that all the others
        self.process.wait()
        self.log.close()
        wait_until(lambda: not read(os.path.join(self.cgroup, "cgroup.events")).count("populated 1"), what="the end of systemd")
        for path, _, _ in os.walk(self.cgroup, topdown=False):
            os.rmdir(path)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


def ask(port, *words):
    c = Raw(port)
    try:
        return c.call(*words)
    finally:
        c.close()


def restarted(sd, times):
    def up():
        s = sd.state()
        return s["NRestarts"] == str(times) and s["ActiveState"] == "active"

    wait_until(up, 20, "restart number %d" % times)
    assert ask(sd.port, "GET", "k") == b"v"


def test_the_unit_from_start_to_end():
    with Systemd(watchdog=2) as sd:
        sd.must("start", "leanmqd")
        state = sd.state()
        assert state["ActiveState"] == "active" and state["StatusText"] == "ready", state
        status = sd.inside("cat", "/proc/%s/status" % state["MainPID"]).stdout
        for line in (r"Uid:\s+[1-9]", r"CapBnd:\s+0+$", r"NoNewPrivs:\s+1", r"Seccomp:\s+2"):
            assert re.search("^" + line, status, re.M), (line, status)
        assert sd.inside("stat", "-c", "%U %a", "/var/lib/leanmqd", "/var/log/leanmqd").stdout == "leanmqd 750\n" * 2
        ask(sd.port, "SET", "k", "v")
        ask(sd.port, "BGREWRITEAOF")            # forks, in the sandbox
        wait_until(lambda: "rewrite done" in sd.inside("cat", "/run/leanmqd.log").stdout, what="a rewrite")
        sd.must("reload", "leanmqd")
        assert sd.state()["MainPID"] == state["MainPID"]
        sd.must("kill", "--signal=KILL", "leanmqd")
        restarted(sd, 1)
        time.sleep(3)                           # longer than the watchdog waits: it is fed
        restarted(sd, 1)
        sd.must("kill", "--signal=STOP", "leanmqd")
        restarted(sd, 2)
        sd.must("restart", "leanmqd")
        assert sd.state()["Result"] == "success"
        sd.must("stop", "leanmqd")
        state = sd.state()
        assert state["ActiveState"] == "inactive" and state["Result"] == "success", state


def test_what_the_unit_does_not_start_again():
    with Systemd(watchdog=60) as sd:
        sd.must("start", "leanmqd")
        c = Raw(sd.port)
        c.send("SHUTDOWN")
        wait_until(lambda: sd.state()["ActiveState"] == "inactive", what="the end")
        sd.inside("sh", "-c", "echo nonsense 1 >> /etc/leanmqd/leanmqd.conf")
        assert sd.ctl("start", "leanmqd").returncode != 0
        time.sleep(1.5)                         # RestartSec, and a little
        state = sd.state()
        assert state["ActiveState"] == "failed" and state["ExecMainStatus"] == "1" and state["NRestarts"] == "0", state


def test_the_unit_is_well_formed():
    with Systemd(watchdog=60) as sd:
        r = sd.inside("systemd-analyze", "verify", "--man=no", "/run/units/leanmqd.service")
        assert r.returncode == 0 and not r.stderr.strip(), r.stderr
        r = sd.inside("systemd-analyze", "security", "--offline=true", "--threshold=15", "/run/units/leanmqd.service")
        assert r.returncode == 0, r.stdout[-300:] + r.stderr


main(globals())
