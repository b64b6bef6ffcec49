#!/usr/bin/python3
"""What is kept: over a clean restart, kill -9, a rewrite under load, torn and damaged files, a full disk."""
import fcntl
import glob
import os
import random
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import (Closed, Error, Raw, Server, Skip, StartError, as_map, check, main, show,  # noqa: E402
                    find_leanmqd, temp_dir, testing_redis, wait_until, _quiet_child)


def digest(s):
    c = s.client()
    try:
        return show(c.call("DEBUG", "DIGEST"))
    finally:
        c.close()


def populate(c, seed=1, n=300):
    """Something of everything, the same for the same seed."""
    rng = random.Random(seed)
    far = int(time.time() * 1000) + 10**8
    commands = []
    for i in range(n):
        key = "%d" % rng.randrange(20)
        commands.append(rng.choice((
            ("SET", "s" + key, "v" * rng.choice((0, 1, 100, 20000))), ("INCR", "n" + key), ("LPUSH", "l" + key, i, "\r\n\0"),
            ("RPOP", "l" + key), ("PEXPIREAT", "s" + key, far + i * 1000), ("PERSIST", "s" + key), ("DEL", "s" + key),
            ("XADD", "x" + key, "*", "f", i, "g", "y" * rng.choice((0, 10, 300))), ("XADD", "x" + key, "MAXLEN", 20, "*", "f", i),
            ("XGROUP", "CREATE", "x" + key, "g", "0", "MKSTREAM"), ("XGROUP", "CREATE", "x" + key, "h", "$", "MKSTREAM"),
            ("XGROUP", "CREATECONSUMER", "x" + key, "g", "idle"), ("XREADGROUP", "GROUP", "g", "a", "COUNT", 3, "STREAMS", "x" + key, ">"),
            ("XREADGROUP", "GROUP", "g", "b", "COUNT", 2, "NOACK", "STREAMS", "x" + key, ">"),
            ("XAUTOCLAIM", "x" + key, "g", "c", 0, "-", "COUNT", 2), ("XTRIM", "x" + key, "MAXLEN", 12),
            ("XGROUP", "SETID", "x" + key, "h", "0"), ("XGROUP", "DELCONSUMER", "x" + key, "g", "a"), ("SELECT", rng.randrange(3)))))
    c.pipeline(commands)
    for db in range(3):
        c.call("SELECT", db)
        for i in range(20):
            rows = c.call("XPENDING", "x%d" % i, "g", "-", "+", 5)
            if isinstance(rows, list) and rows:
                c.call("XACK", "x%d" % i, "g", rows[0][0], rows[-1][0])
                c.call("XCLAIM", "x%d" % i, "g", "d", 0, rows[0][0], "FORCE", "RETRYCOUNT", 7, "IDLE", 100000)
            rows = c.call("XRANGE", "x%d" % i, "-", "+", "COUNT", 3)
            if isinstance(rows, list) and rows:
                c.call("XDEL", "x%d" % i, rows[-1][0])
    c.call("SELECT", 0)


def everything(s):
    """The whole data set through commands: what DEBUG DIGEST may leave out is here (Redis' digest knows
    nothing of groups). Times that nobody promised to keep are dropped."""
    c = s.client()
    out = {}
    for db in range(3):
        c.call("SELECT", db)
        for i in range(20):
            for kind in "snlx":
                key = "%s%d" % (kind, i)
                out[db, key, "type"] = show(c.call("TYPE", key))
                out[db, key, "ttl"] = c.call("TTL", key) // 100
            out[db, i, "s"] = show(c.call("GET", "s%d" % i))
            out[db, i, "n"] = show(c.call("GET", "n%d" % i))
            out[db, i, "l"] = show(c.call("LLEN", "l%d" % i))
            full = c.call("XINFO", "STREAM", "x%d" % i, "FULL", "COUNT", "0")
            if isinstance(full, list):
                full = as_map(full)
                full.pop(b"radix-tree-keys")
                full.pop(b"radix-tree-nodes")
                groups = [as_map(g) for g in full[b"groups"]]
                for g in groups:
                    g[b"consumers"] = [(k[b"name"], k[b"pel-count"], show(k[b"pending"])) for k in map(as_map, g[b"consumers"])]
                    g[b"pending"] = show(g[b"pending"])
                    for counter in (b"entries-read", b"lag"):
                        g[counter] = None if s.redis else show(g[counter])      # Redis 7.0 may lose them
                full[b"groups"] = groups
                for k, v in full.items():
                    full[k] = show(v) if k != b"groups" else v
            out[db, i, "x"] = full
    c.close()
    return out


def must_be_same(before, after, what):
    for k in before:
        if before[k] != after[k]:
            raise AssertionError("%s: %s\n      was %s\n      is  %s" % (what, k, before[k], after[k]))


def rewrite(c):
    """BGREWRITEAOF and wait for its end."""
    reply = c.call("BGREWRITEAOF")
    assert not isinstance(reply, Error) or b"progress" in reply, show(reply)
    wait_rewrite(c)


def wait_rewrite(c):
    def over():
        i = c.info("persistence")
        return i["aof_rewrite_in_progress"] == "0" and i.get("aof_rewrite_scheduled", "0") == "0"

    wait_until(over, 60, "the rewrite to end")
    assert c.info("persistence")["aof_last_bgrewrite_status"] == "ok"


def journal(s, kind="incr"):
    """The newest file of a kind."""
    files = glob.glob(os.path.join(s.settings["dir"], "appendonlydir", "*.%s.aof" % kind))
    return max(files, key=lambda f: int(re.search(r"\.(\d+)\.%s" % kind, f).group(1)))


def content_end(path):
    """Where the content of a file that is allocated ahead ends."""
    with open(path, "rb") as f:
        return len(f.read().rstrip(b"\0"))


def test_clean_restart():
    with Server() as s:
        populate(s.client())
        before, seen = digest(s), everything(s)
        assert s.stop() == 0
        s.start()
        must_be_same(seen, everything(s), "after a restart")
        assert digest(s) == before


def test_counters_at_their_end_come_back():
    """XSETID and ENTRIESREAD can set them as high as they go: what is counted on from there must load."""
    top = str((1 << 63) - 1)
    with Server(enable_debug_command="yes") as s:
        c = s.client()
        for command in ("XADD s 1-1 a b", "XSETID s 1-1 ENTRIESADDED " + top, "XADD s 1-2 a b", "XSETID s 5-5",
                        "XGROUP CREATE s g 0", "XGROUP SETID s g 0 ENTRIESREAD " + top, "XREADGROUP GROUP g c STREAMS s >"):
            assert not isinstance(c.call(*command.split()), Error), command
        before = c.call("DEBUG", "DIGEST")
        s.restart(hard=True)
        c = s.client()
        assert c.call("DEBUG", "DIGEST") == before
        c.call("BGREWRITEAOF")
        wait_until(lambda: s.client().info("persistence")["aof_rewrite_in_progress"] == "0" and "rewrite done" in s.log(), what="the rewrite")
        s.restart(hard=True)
        assert s.client().call("DEBUG", "DIGEST") == before


def test_kill_9():
    for fsync in ("always", "everysec", "no"):
        with Server(appendfsync=fsync) as s:
            for round in range(3):
                populate(s.client(), seed=round)
                before, seen = digest(s), everything(s)
                s.restart(hard=True)
                must_be_same(seen, everything(s), "kill -9, appendfsync " + fsync)
                assert digest(s) == before


def test_rewrite_then_kill_9():
    with Server() as s:
        for round in range(3):
            c = s.client()
            populate(c, seed=round)
            rewrite(c)
            populate(c, seed=100 + round, n=50)
            before, seen = digest(s), everything(s)
            s.restart(hard=True)
            must_be_same(seen, everything(s), "after a rewrite")
            assert digest(s) == before


def test_rewrite_under_load_then_kill_9():
    with Server(appendfsync="everysec") as s:
        stop = threading.Event()
        acked = [0] * 3

        def work(i):
            c = s.client()
            while not stop.is_set():
                replies = c.pipeline([("XADD", "x%d" % i, "*", "f", "v" * 200), ("INCR", "n%d" % i), ("LPUSH", "l%d" % i, "a")] * 10)
                assert not any(isinstance(r, Error) for r in replies)
                acked[i] += 10

        threads = [threading.Thread(target=work, args=(i,), daemon=True) for i in range(3)]
        for t in threads:
            t.start()
        c = s.client()
        for _ in range(4):
            rewrite(c)
        c.call("BGREWRITEAOF")
        stop.set()
        for t in threads:
            t.join()
        before, seen = digest(s), everything(s)
        s.restart(hard=True)
        must_be_same(seen, everything(s), "rewrite under load")
        assert digest(s) == before
        c = s.client()
        for i in range(3):
            check(c.call("XLEN", "x%d" % i), ":%d" % acked[i])


def rewriting_server(size=100 << 20):
    """With so much data that a rewrite takes a while, and its child at work; .before is the digest."""
    s = Server(auto_aof_rewrite_percentage=0, appendfsync="no")
    c = s.client()
    value = "v" * 10000
    for i in range(0, size // 10000, 500):
        c.pipeline([("SET", "k%d" % (i + j), value) for j in range(500)])
    s.before = digest(s)
    c.call("BGREWRITEAOF")
    wait_until(lambda: children(s.pid), what="the child of a rewrite")
    return s


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        return [int(word) for word in f.read().split()]


def held(pid):
    """What a process has open, or None when it has ended."""
    try:
        return [os.readlink("/proc/%d/fd/%s" % (pid, n)) for n in os.listdir("/proc/%d/fd" % pid)]
    except OSError:
        return None


def test_a_rewrite_holds_nothing_of_its_parent():
    """Neither sockets nor the lock, which would be taken until the system has torn down the child."""
    if testing_redis():
        raise Skip("Redis' child keeps them")
    with rewriting_server() as s:
        child, = children(s.pid)

        def let_go():
            files = held(child)
            assert files is not None, "the rewrite was over too soon"
            return not any(f.startswith("socket:") or f.endswith(".lock") for f in files) and any("temp-rewrite" in f for f in files)

        wait_until(let_go, what="the child to close what is not its own")
        s.client().expect("PING", "+PONG")
        wait_rewrite(s.client())


def test_kill_9_in_a_rewrite_and_a_start_at_once():
    for _ in range(3):
        with rewriting_server() as s:
            waiting, port = s.client(), s.port
            assert children(s.pid), "the rewrite was over too soon"
            s.kill()
            s.start()
            assert s.port == port and "waiting:" not in s.log(), s.log()
            waiting.expect_closed()
            assert digest(s) == s.before
            leftovers = [f for f in os.listdir(os.path.join(s.dir, "appendonlydir")) if f.startswith("temp-")]
            assert not leftovers, leftovers


def test_a_clean_end_in_a_rewrite_leaves_nothing():
    with rewriting_server() as s:
        assert children(s.pid), "the rewrite was over too soon"
        assert s.stop() == 0
        assert not [f for f in os.listdir(os.path.join(s.dir, "appendonlydir")) if f.startswith("temp-")]


def test_a_start_waits_for_a_process_that_is_going():
    """Its address and its lock are waited for, each for a while."""
    if testing_redis():
        raise Skip("Redis gives up at once")
    with Server() as s:
        s.client().expect("SET k v", "+OK")
        s.kill()
        with socket.socket() as there, open(os.path.join(s.dir, "appendonlydir", "leanmqd.lock")) as lock:
            there.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            there.bind(("127.0.0.1", s.port))
            there.listen()
            fcntl.flock(lock, fcntl.LOCK_EX)
            s.start(wait=False)
            wait_until(lambda: s.log().count("waiting:") == 1, what="it to say that it waits")
            there.close()
            wait_until(lambda: s.log().count("waiting:") == 2, what="it to say that it waits for the lock")
        s.wait_ready()
        s.client().expect("GET k", "v")


def test_a_start_that_waits_can_be_ended():
    if testing_redis():
        raise Skip("Redis gives up at once")
    with Server(appendonly="no") as first:
        with Server(appendonly="no", port=first.port, start=False) as s:
            s.start(wait=False)
            wait_until(lambda: "waiting:" in s.log(), what="it to say that it waits")
            assert s.stop() == 0 and "ending: reason=signal" in s.log(), s.log()


def test_a_failed_rewrite_is_not_tried_again_at_once():
    with rewriting_server() as s:
        if s.redis:
            raise Skip("not as Redis")
        c = s.client()
        os.kill(children(s.pid)[0], signal.SIGKILL)
        wait_until(lambda: "rewrite failed: step=child" in s.log(), what="the failure to be noticed")
        assert c.info("persistence")["aof_last_bgrewrite_status"] == "err"
        c.expect("CONFIG SET auto-aof-rewrite-percentage 1 auto-aof-rewrite-min-size 1mb", "+OK")
        end = time.monotonic() + 0.5
        while time.monotonic() < end:   # by itself: not for a minute
            c.call("SET", "k", "v" * 100000)
        assert s.log().count("rewrite started:") == 1, s.log()
        c.call("BGREWRITEAOF")          # by order: at once
        wait_rewrite(c)
        assert s.log().count("rewrite started:") >= 2
        assert not [f for f in os.listdir(os.path.join(s.dir, "appendonlydir")) if f.startswith("temp-")]


def test_a_rewrite_is_not_a_reason_for_the_next():
    """However small the data is: the files that it leaves count as not grown."""
    with Server(auto_aof_rewrite_percentage=1, auto_aof_rewrite_min_size=0) as s:
        c = s.client()
        done = lambda: int(c.info("persistence")["aof_rewrites"])  # noqa: E731
        c.call("SET", "k", "x" * 2000)
        wait_until(lambda: done() == 1, what="a rewrite")
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            assert done() == 1
        c.call("SET", "k", "y" * 2000)
        wait_until(lambda: done() == 2, what="another one")


def test_automatic_rewrite():
    with Server(auto_aof_rewrite_percentage=100, auto_aof_rewrite_min_size="1mb") as s:
        c = s.client()
        value = "v" * 10000

        def grown():
            c.pipeline([("SET", "k", value)] * 50)
            return int(c.info("persistence")["aof_base_size"]) > 0 and "appendonly.aof.2.base" in " ".join(
                os.listdir(os.path.join(s.settings["dir"], "appendonlydir")))

        wait_until(grown, 60, "a rewrite by itself")
        wait_rewrite(c)
        size = sum(os.path.getsize(f) for f in glob.glob(os.path.join(s.settings["dir"], "appendonlydir", "*.aof"))
                   if content_end(f) == os.path.getsize(f))
        assert size < 20 << 20, "old files are left: %d bytes" % size
        s.restart(hard=True)
        assert s.client().call("GET", "k") == value.encode()


def test_old_files_go():
    with Server() as s:
        c = s.client()
        populate(c)
        for _ in range(3):
            rewrite(c)
        folder = os.path.join(s.settings["dir"], "appendonlydir")
        wait_until(lambda: len([f for f in os.listdir(folder) if f.endswith((".aof", ".rdb"))]) == 2, what="old files to go")


def test_expiry_is_absolute():
    with Server() as s:
        c = s.client()
        c.expect("SET short x PX 300", "+OK")
        c.expect("SET long x EX 1000", "+OK")
        s.kill()
        time.sleep(0.35)                # the key's time goes by while no server runs
        s.start()
        c = s.client()
        c.expect("GET short", "nil")
        assert 990 <= c.call("TTL", "long") <= 1000


def test_debug_jmap_is_only_for_those_who_enabled_it():
    with Server(enable_debug_command="no") as s:
        s.client().expect_error("DEBUG SLEEP 0", "ERR DEBUG command not allowed.")


def test_torn_tail_is_cut_and_reported():
    with Server(appendfsync="no") as s:
        c = s.client()
        for i in range(20):
            c.call("XADD", "k", "%d-0" % (i + 1), "f", "v" * 100)
        s.kill()
        path = journal(s)
        end = content_end(path)
        with open(path, "r+b") as f:
            f.truncate(end - 30)
        s.start()
        c = s.client()
        n = c.call("XLEN", "k")
        assert n == 19, n
        assert re.search(r"cut|truncat", s.log(), re.I), s.log()
        c.expect("XADD k 100-0 f v", "100-0")
        s.restart(hard=True)
        assert s.client().call("XLEN", "k") == 20
        if not s.redis:
            kept = [f for f in os.listdir(os.path.dirname(path)) if not f.endswith((".aof", ".manifest", ".rdb")) and "lock" not in f]
            assert kept, "the cut bytes were not kept aside"


def test_garbage_tail_is_cut_too():
    with Server(appendfsync="no") as s:
        if s.redis:
            raise Skip("Redis refuses it")
        c = s.client()
        for i in range(20):
            c.call("XADD", "k", "%d-0" % (i + 1), "f", "v" * 100)
        s.kill()
        path = journal(s)
        end = content_end(path)
        with open(path, "r+b") as f:
            f.seek(end - 50)
            f.write(os.urandom(500))
        s.start()
        assert s.client().call("XLEN", "k") == 19
        assert s.log().strip()


def damaged_server(fsync="always"):
    s = Server(appendfsync=fsync)
    c = s.client()
    for i in range(200):
        c.call("XADD", "k", "%d-0" % (i + 1), "f", "value-%d" % i)
    s.kill()
    return s


def refuses(s, *words):
    """It leaves with a status and says why; the files stay as they are."""
    folder = os.path.join(s.settings["dir"], "appendonlydir")
    before = {f: os.path.getsize(os.path.join(folder, f)) for f in os.listdir(folder)}
    try:
        s.start()
    except StartError as e:
        assert e.code not in (0, -11, -6), e.code
        for w in words:
            assert re.search(w, e.log, re.I), "%r is not in:\n%s" % (w, e.log)
        after = {f: os.path.getsize(os.path.join(folder, f)) for f in os.listdir(folder)}
        assert before == after, "files changed: %s %s" % (before, after)
        return e
    raise AssertionError("it started with %s entries" % show(s.client().call("XLEN", "k")))


def test_damage_in_the_middle_refuses_to_start():
    with damaged_server() as s:
        path = journal(s)
        end = content_end(path)
        with open(path, "r+b") as f:
            f.seek(end // 3)
            byte = f.read(1)[0]
            f.seek(end // 3)
            f.write(bytes([byte ^ 0x55]))
        if s.redis:
            return                      # Redis has no check sums: it may load a changed value
        refuses(s, re.escape(os.path.basename(path)), "leanmq-check-aof", r"\d+")


def test_a_hole_of_zeros_in_the_middle_refuses_to_start():
    with damaged_server() as s:
        path = journal(s)
        end = content_end(path)
        with open(path, "r+b") as f:
            f.seek(end // 2)
            f.write(b"\0" * 300)
        refuses(s, re.escape(os.path.basename(path)))


def test_a_missing_file_refuses_to_start():
    with damaged_server() as s:
        path = journal(s)
        os.rename(path, path + ".away")
        refuses(s, re.escape(os.path.basename(path)))
        os.rename(path + ".away", path)
        s.start()
        assert s.client().call("XLEN", "k") == 200


def test_a_missing_manifest_refuses_to_start():
    with damaged_server() as s:
        if s.redis:
            raise Skip("Redis starts empty")
        manifest, = glob.glob(os.path.join(s.settings["dir"], "appendonlydir", "*.manifest"))
        os.unlink(manifest)
        refuses(s, "manifest")


def test_a_broken_manifest_refuses_to_start():
    with damaged_server() as s:
        manifest, = glob.glob(os.path.join(s.settings["dir"], "appendonlydir", "*.manifest"))
        with open(manifest, "w") as f:
            f.write("what is this\n")
        refuses(s, "manifest")


def test_a_second_server_on_the_same_folder_refuses():
    with Server() as s:
        if s.redis:
            raise Skip("Redis takes no lock")
        s.client().expect("SET k v", "+OK")
        try:
            with Server(dir=s.dir):
                raise AssertionError("two servers on one folder")
        except StartError as e:
            assert e.code not in (0, None) and re.search("lock|another|in use", e.log, re.I), e.log
        s.client().expect("GET k", "v")


def test_appendonly_no_writes_nothing():
    with Server(appendonly="no") as s:
        s.client().expect("SET k v", "+OK")
        assert not glob.glob(os.path.join(s.dir, "appendonlydir", "*.incr.aof"))
        assert s.stop() == 0


def test_check_aof_tool():
    tool = os.path.join(os.path.dirname(os.path.realpath(os.environ.get("LEANMQD") or "leanmqd")), "leanmq-check-aof")
    if not os.path.exists(tool):
        raise Skip("no %s" % tool)
    with damaged_server() as s:
        folder = os.path.join(s.settings["dir"], "appendonlydir")
        good = subprocess.run([tool, folder], capture_output=True, text=True, timeout=60)
        assert good.returncode == 0, good.stdout + good.stderr
        path = journal(s)
        with open(path, "r+b") as f:
            f.seek(content_end(path) // 3)
            f.write(b"\xff\xff")
        bad = subprocess.run([tool, folder], capture_output=True, text=True, timeout=60)
        assert bad.returncode != 0 and os.path.basename(path) in bad.stdout + bad.stderr, bad.stdout + bad.stderr


class SmallDisk:
    """A tmpfs of a few MB."""

    def __init__(self, size):
        self.path = temp_dir("leanmq-disk-")
        r = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", self.path], capture_output=True, text=True)
        if r.returncode:
            raise Skip("no tmpfs can be mounted: " + r.stderr.strip())

    def __enter__(self):
        return self.path

    def __exit__(self, *exc):
        subprocess.run(["umount", "-l", self.path], check=True)


def fill_up(c, wanted="MISCONF"):
    """XADDs until they are refused; how many were acknowledged."""
    n = 0
    for _ in range(100000):
        reply = c.call("XADD", "k", "%d-0" % (n + 1), "f", "v" * 10000)
        if isinstance(reply, Error):
            assert reply.startswith(wanted.encode()), show(reply)
            return n
        n += 1
    raise AssertionError("never refused")


def test_full_disk():
    if testing_redis():
        raise Skip("Redis takes no reserve")
    with SmallDisk("24m") as disk:
        with Server(dir=disk, journal_reserve="2mb", auto_aof_rewrite_percentage=0) as s:
            c = s.client()
            c.call("XGROUP CREATE k g 0 MKSTREAM")
            c.call("SET other x")
            ballast = os.path.join(disk, "ballast")
            with open(ballast, "wb") as f:
                f.write(b"x" * (8 << 20))
            n = fill_up(c)
            assert n > 100, n
            c.expect_error("SET new " + "x" * 100, "MISCONF")
            c.expect_error("LPUSH l x", "MISCONF")
            c.expect("GET other", "x")
            check(c.call("XLEN", "k"), ":%d" % n)
            ids = [e[0] for e in c.call("XREADGROUP GROUP g a COUNT 50 STREAMS k >")[0][1]]
            check(c.call("XACK", "k", "g", *ids), ":50")
            check(c.call("XDEL", "k", *ids), ":50")
            c.expect("DEL other", ":1")
            before = digest(s)
            s.restart(hard=True)
            assert digest(s) == before
            c = s.client()
            c.expect_error(("XADD", "k", "*", "f", "v" * 10000), "MISCONF")
            os.unlink(ballast)
            wait_until(lambda: not isinstance(c.call("XADD", "k", "*", "f", "v"), Error), 30, "room to be noticed")
            check(c.call("XLEN", "k"), ":%d" % (n - 50 + 1))
            before = digest(s)
            s.restart(hard=True)
            assert digest(s) == before


def half_written(disk):
    """A server whose write of a commit has met the end of the disk, so that a client waits for an answer."""
    s = Server(dir=disk, journal_reserve="1mb", auto_aof_rewrite_percentage=0)
    c = s.client()
    c.expect("SET k v", "+OK")
    s.waiting = s.client()
    s.waiting.send("SET", "huge", "v" * (20 << 20))
    wait_until(lambda: "disk full" in s.log(), what="the disk to be full")
    c.send("GET", "k")                   # answered in the order of the journal, or not at all
    return s


def test_a_full_disk_and_kill_9():
    """What is cut off makes the room in which it is kept."""
    if testing_redis():
        raise Skip("Redis takes no reserve")
    with SmallDisk("16m") as disk:
        with half_written(disk) as s:
            s.kill()
            s.start()
            c = s.client()
            c.expect("GET k", "v")
            c.expect("EXISTS huge", ":0")
            bytes, kept, name = re.search(r'journal cut: bytes=(\d+) kept=(\d+) file="(.*?)"', s.log()).groups()
            assert int(bytes) > 10 << 20 and int(kept) >= int(bytes) // 2, s.log()
            path = os.path.join(disk, "appendonlydir", name)
            assert os.path.getsize(path) == int(kept), s.log()
            os.unlink(path)
            wait_until(lambda: not isinstance(c.call("SET", "k", "w"), Error), 30, "room to be noticed")
            s.restart(hard=True)
            s.client().expect("GET k", "w")
            assert "journal cut" not in s.log()


def test_a_full_disk_and_sigterm():
    if testing_redis():
        raise Skip("Redis takes no reserve")
    with SmallDisk("16m") as disk:
        with half_written(disk) as s:
            assert s.stop() == 74 and "ended on a full disk" in s.log(), s.log()
            assert not s.waiting.expect_closed(), "it was answered"
            s.start()
            c = s.client()
            c.expect("GET k", "v")
            c.expect("SET k w", "+OK")
            assert "journal cut" not in s.log() and "outcome=clean" in s.log(), s.log()


def test_a_first_start_on_a_full_disk_says_so():
    if testing_redis():
        raise Skip("Redis takes no reserve")
    with SmallDisk("1m") as disk:
        with open(os.path.join(disk, "ballast"), "wb") as f:
            f.write(b"x" * (1 << 20))
        with Server(dir=disk, start=False) as s:
            s.log_path = os.path.join(temp_dir(), "log")
            try:
                s.start()
                raise AssertionError("it started")
            except StartError as e:
                assert e.code == 74 and "no space" in e.log, e.log
            os.unlink(os.path.join(disk, "ballast"))
            s.start()                   # what it left is no journal, and no obstacle


def test_a_full_disk_is_rewritten_by_itself():
    """What was overwritten or deleted stands in the way no longer, without anybody's doing."""
    if testing_redis():
        raise Skip("Redis does not")
    with SmallDisk("24m") as disk:
        with Server(dir=disk, journal_reserve="2mb", auto_aof_rewrite_percentage=0) as s:
            c = s.client()
            value = "v" * 10000
            n = 0

            def takes():
                reply = c.call("SET", "k", "%d %s" % (n, value))
                assert not isinstance(reply, Error) or reply.startswith(b"MISCONF"), show(reply)
                return not isinstance(reply, Error)

            for n in range(4000):
                if not takes():
                    wait_until(takes, 20, "a rewrite to make room, at %d" % n)
                    break
            assert 1500 < n < 3000 and "rewrite done" in s.log(), "%d\n%s" % (n, s.log())
            s.restart(hard=True)
            assert s.client().call("GET", "k") == b"%d %s" % (n, value.encode())


def test_a_file_size_limit_is_a_full_disk():
    """RLIMIT_FSIZE: refused commands instead of a death by SIGXFSZ, of the server or of a rewrite."""
    if testing_redis():
        raise Skip("Redis takes no reserve")

    def limited():
        _quiet_child()
        resource.setrlimit(resource.RLIMIT_FSIZE, (8 << 20, resource.RLIM_INFINITY))

    with Server(journal_reserve="1mb", auto_aof_rewrite_percentage=0, preexec=limited) as s:
        c = s.client()
        c.call("XGROUP CREATE k g 0 MKSTREAM")
        n = fill_up(c)
        assert n > 1000, n              # a first file, rewritten by itself, and a second one
        check(c.call("XACK", "k", "g", *[e[0] for e in c.call("XREADGROUP GROUP g a COUNT 50 STREAMS k >")[0][1]]), ":50")

        def gave_up():                  # one that it began by itself may have ended just now
            c.call("BGREWRITEAOF")
            return "rewrite failed: step=child" in s.log()

        wait_until(gave_up, 60, "the rewrite to give up")
        c.expect("SET other v", "+OK")  # to the third file
        check(c.call("XLEN", "k"), ":%d" % n)
        before = digest(s)
        s.preexec = _quiet_child
        s.restart(hard=True)
        assert digest(s) == before
        s.client().expect("SET k2 v", "+OK")


def test_full_disk_during_rewrite():
    if testing_redis():
        raise Skip("Redis takes no reserve")
    with SmallDisk("30m") as disk:
        with Server(dir=disk, journal_reserve="2mb", auto_aof_rewrite_percentage=0) as s:
            c = s.client()
            for i in range(1400):
                check(c.call("SET", "k%d" % i, "v" * 10000), "+OK")
            c.call("BGREWRITEAOF")
            wait_until(lambda: c.info("persistence")["aof_rewrite_in_progress"] == "0", 60, "the rewrite to give up")
            c.expect("SET after v", "+OK")
            before = digest(s)
            s.restart(hard=True)
            assert digest(s) == before


def test_info_persistence():
    with Server() as s:
        i = s.client().info("persistence")
        for field in ("loading", "aof_enabled", "aof_rewrite_in_progress", "aof_last_bgrewrite_status", "aof_last_write_status",
                      "aof_current_size", "aof_base_size"):
            assert field in i, field
        assert i["loading"] == "0" and i["aof_enabled"] == "1" and i["aof_last_write_status"] == "ok"


def files_of(s):
    folder = os.path.join(s.dir, "appendonlydir")
    return {f: (st.st_size, st.st_mtime_ns) for f in os.listdir(folder) for st in (os.stat(os.path.join(folder, f)),)}


def test_an_end_while_loading_is_at_once():
    """By a signal or SHUTDOWN: status 0, the files as they were, and nothing missing later."""
    if testing_redis():
        raise Skip("not as Redis")
    with Server() as s:
        c = s.client()
        for i in range(40):
            c.pipeline([("XADD", "x%d" % i, "*", "f", j, "g", "v" * 20) for j in range(10000)])
        before = digest(s)
        s.kill()
        files = files_of(s)

        def ask(*words):
            wait_until(lambda: "starting:" in s.log(), what="the start")
            if words:
                wait_until(lambda: connects(s), what="the socket").send(*words)
            else:
                s.signal(signal.SIGTERM)

        for words in ((), ("SHUTDOWN", "NOSAVE"), ("SHUTDOWN",), ("SHUTDOWN", "SAVE")):
            s.start(wait=False)
            ask(*words)
            assert s.wait_exit() == 0, s.log()
            assert "ending: reason=" in s.log() and "journal loaded" not in s.log(), s.log()
            assert files_of(s) == files
        s.start()
        assert digest(s) == before


def connects(s):
    try:
        return s.client()
    except ConnectionRefusedError:
        return None


def test_loading_answers_loading():
    """While it loads, PING says so and so does everything else; then all is there."""
    with Server() as s:
        c = s.client()
        for _ in range(40):
            c.pipeline([("SET", "k%d" % i, "v" * 1000) for i in range(1000)])
        c.pipeline([("XADD", "x", "*", "f", "v" * 500)] * 20000)
        before = digest(s)
        s.kill()
        s.start(wait=False)
        replies = set()

        def ready():
            try:
                c = Raw(s.port, timeout=5)
            except ConnectionRefusedError:
                return False
            try:
                reply = c.call("GET", "k0")
            except Closed:
                return False
            finally:
                c.close()
            replies.add(show(reply)[:8])
            return not isinstance(reply, Error)

        wait_until(ready, 60, "the end of loading")
        assert replies <= {"-LOADING", "v" * 8}, replies
        assert digest(s) == before


def test_a_repair_names_what_it_left_out():
    with Server() as s:
        c = s.client()
        for i in range(200):
            c.expect("SET k%d %s" % (i, "v" * 20), "+OK")
        c.call("BGREWRITEAOF")
        wait_until(lambda: c.info("persistence")["aof_rewrite_in_progress"] == "0", what="the rewrite")
        c.expect("SET after rewrite", "+OK")
        s.stop()
        files = os.path.join(s.dir, "appendonlydir")
        base = [f for f in os.listdir(files) if f.endswith(".base.aof")][0]
        with open(os.path.join(files, base), "r+b") as f:
            f.seek(3000)
            byte = f.read(1)
            f.seek(3000)
            f.write(bytes([byte[0] ^ 1]))
        new = os.path.join(s.dir, "repaired")
        tool = os.environ.get("LEANMQ_CHECK_AOF") or os.path.join(os.path.dirname(os.path.abspath(find_leanmqd())), "leanmq-check-aof")
        r = subprocess.run([tool, "--repair-to", new, files], capture_output=True, text=True)
        assert r.returncode == 3, r
        assert base + " from byte" in r.stdout and ".incr.aof, all of it" in r.stdout, r.stdout
        os.unlink(os.path.join(files, base))
        r = subprocess.run([tool, "--repair-to", new + "2", files], capture_output=True, text=True)
        assert r.returncode == 1 and not os.path.exists(new + "2"), r


main(globals())
