#!/usr/bin/python3
"""Settings: files, command line, CONFIG, what is warned about, what is refused; maxmemory."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import (ROOT, Error, Server, Skip, StartError, check, find_leanmqd, free_port, main,  # noqa: E402
                    show, temp_dir, testing_redis, wait_until)


def lean_only(why="leanmqd's own"):
    if testing_redis():
        raise Skip(why)


def run(*args, stdin=None, cwd=None):
    return subprocess.run([find_leanmqd()] + list(args), input=stdin, capture_output=True, text=True, timeout=10,
                          cwd=cwd or temp_dir())


def config(c, name):
    reply = c.call("CONFIG", "GET", name)
    return reply[1].decode() if len(reply) == 2 else None


def write(text, name="leanmqd.conf", folder=None):
    path = os.path.join(folder or temp_dir(), name)
    with open(path, "w") as f:
        f.write(text)
    return path


# -- CONFIG

def test_config_get(s, a):
    a.expect("CONFIG GET maxclients", "[maxclients %s]" % config(a, "maxclients"))
    a.expect("CONFIG GET no-such-thing", "[]")
    several = a.call("CONFIG GET client-*")
    assert len(several) % 2 == 0 and all(k.startswith(b"client-") for k in several[0::2]) and len(several) >= 4
    everything = a.call("CONFIG GET *")[0::2]
    for name in ("bind", "port", "maxmemory", "appendonly", "appendfsync", "timeout", "tcp-keepalive", "maxclients", "dir",
                 "requirepass", "maxmemory-policy", "stream-node-max-entries", "stream-node-max-bytes", "proto-max-bulk-len",
                 "client-query-buffer-limit", "client-output-buffer-limit", "databases", "unixsocket", "loglevel", "logfile"):
        assert name.encode() in everything, name
    a.expect("CONFIG GET", "-ERR wrong number of arguments for 'config|get' command")
    a.expect("CONFIG GET MAXCLIENTS", "[%s %s]" % (show(a.call("CONFIG GET MAXCLIENTS")[0]), config(a, "maxclients")))
    assert config(a, "maxmemory-policy") == "noeviction"


def test_config_set(a):
    for name, value, shown in (("timeout", "77", "77"), ("maxmemory", "100mb", "104857600"), ("maxmemory", "1gb", "1073741824"),
                               ("maxmemory", "0", "0"), ("stream-node-max-entries", "50", "50"), ("stream-node-max-bytes", "8kb", "8192"),
                               ("appendfsync", "always", "always"), ("appendfsync", "everysec", "everysec"), ("timeout", "0", "0"),
                               ("requirepass", "secret word", "secret word"), ("requirepass", "", ""), ("tcp-keepalive", "60", "60"),
                               ("client-query-buffer-limit", "2mb", "2097152"), ("stream-node-max-bytes", "4096", "4096"),
                               ("stream-node-max-entries", "100", "100"), ("client-query-buffer-limit", "1gb", "1073741824")):
        check(a.call("CONFIG", "SET", name, value), "+OK", (name, value))
        got = config(a, name)
        assert got == shown, (name, value, got)


def test_config_set_errors(a):
    before = config(a, "maxclients")
    for name, value in (("maxclients", "abc"), ("maxclients", "-5"), ("maxclients", "0"), ("appendfsync", "sometimes"),
                        ("timeout", "-1"), ("maxmemory", "1xb"), ("maxmemory", "-1"), ("loglevel", "loud"), ("protected-mode", "perhaps")):
        reply = a.call("CONFIG", "SET", name, value)
        assert isinstance(reply, Error) and reply.startswith(b"ERR CONFIG SET failed (possibly related to argument '%s')" % name.encode()), \
            (name, value, show(reply))
    assert config(a, "maxclients") == before
    a.expect_error("CONFIG SET no-such-thing 1", "ERR Unknown option or number of arguments for CONFIG SET - 'no-such-thing'")
    a.expect_error("CONFIG SET port", "ERR")
    a.expect_error("CONFIG SET databases 4", "ERR CONFIG SET failed (possibly related to argument 'databases') - can't set immutable config")
    a.expect_error("CONFIG FOO", "ERR unknown subcommand 'FOO'. Try CONFIG HELP.")


def test_output_buffer_limit_setting(a):
    check(a.call("CONFIG", "SET", "client-output-buffer-limit", "pubsub 1mb 512kb 30"), "+OK")
    assert "pubsub 1048576 524288 30" in config(a, "client-output-buffer-limit")
    reply = a.call("CONFIG", "SET", "client-output-buffer-limit", "nobody 1 1 1")
    assert isinstance(reply, Error), show(reply)
    check(a.call("CONFIG", "SET", "client-output-buffer-limit", "pubsub 32mb 8mb 60"), "+OK")


def test_an_evicting_policy_is_refused_at_run_time(s, a):
    if s.redis:
        raise Skip("Redis evicts")
    a.expect_error("CONFIG SET maxmemory-policy allkeys-lru", "ERR")
    a.expect("CONFIG SET maxmemory-policy noeviction", "+OK")


# -- files

def test_a_file_and_the_command_line():
    folder = temp_dir()
    write("timeout 11\n# a comment\n\n  maxclients   123\nrequirepass \"with \\x41 space\"\n", "more.conf", folder)
    path = write("timeout 5\ninclude %s/more.conf\nappendfsync 'always'\n" % folder, folder=folder)
    with Server(config=path, maxmemory="64mb") as s:
        c = s.client()
        c.expect(("AUTH", "with A space"), "+OK")
        for name, wanted in (("timeout", "11"), ("maxclients", "123"), ("appendfsync", "always"), ("maxmemory", "67108864")):
            assert config(c, name) == wanted, (name, config(c, name))


def test_settings_from_stdin():
    port = free_port()
    p = subprocess.Popen([find_leanmqd(), "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=temp_dir())
    try:
        p.stdin.write(b"port %d\nbind 127.0.0.1\ntimeout 42\nappendonly no\n" % port)
        p.stdin.close()
        from leanmq import Raw

        def up():
            assert p.poll() is None, "it left with %s" % p.poll()
            try:
                return Raw(port)
            except ConnectionRefusedError:
                return None

        c = wait_until(up, what="the server")
        assert config(c, "timeout") == "42"
    finally:
        p.kill()
        p.wait()


def test_check_config():
    lean_only()
    good = run("--check-config", write("timeout 5\nport 7000\n")) if accepts_flag_first() else run(write("timeout 5\n"), "--check-config")
    assert good.returncode == 0, good
    bad = run(write("timeout five\n"), "--check-config")
    assert bad.returncode == 1, bad
    text = (bad.stdout + bad.stderr).strip()
    assert len(text.splitlines()) == 1 and "timeout" in text and ":1" in text, text
    assert run("-", "--check-config", stdin="maxclients 10\n").returncode == 0
    assert run("-", "--check-config", stdin="maxclients ten\n").returncode == 1
    assert run("--check-config", "--timeout", "5").returncode == 0


def accepts_flag_first():
    return run("--check-config", "--port", "7000").returncode == 0


def test_the_commands_page_is_up_to_date():
    lean_only()
    with open(os.path.join(ROOT, "docs/commands.md"), encoding="utf-8") as f:
        assert run("--commands-page").stdout == f.read(), "make it anew: leanmqd --commands-page > docs/commands.md"


def test_dump_config_is_leanmqd_conf():
    lean_only()
    r = run("--dump-config")
    assert r.returncode == 0, r
    with open(os.path.join(ROOT, "leanmqd.conf")) as f:
        assert f.read() == r.stdout, "leanmqd.conf is not what --dump-config prints"
    assert run(write(r.stdout), "--check-config").returncode == 0


def test_the_configs_we_ship_are_good():
    lean_only()
    for name in os.listdir(os.path.join(ROOT, "conf")):
        if name.endswith(".conf"):
            r = run(os.path.join(ROOT, "conf", name), "--check-config")
            assert r.returncode == 0, (name, r.stdout + r.stderr)


def test_version_and_help():
    r = run("--version")
    assert r.returncode == 0 and re.search(r"\d+\.\d+", r.stdout), r
    r = run("--help")
    assert r.returncode == 0 if not testing_redis() else True
    assert r.stdout + r.stderr


def refuses(*args, conf=None, words=()):
    """Leaves with 1 and one line that has these words."""
    try:
        r = run(*((write(conf),) if conf is not None else ()), *args, "--port", str(free_port()))
    except subprocess.TimeoutExpired:
        raise AssertionError("it starts with %s" % (conf or args,)) from None
    text = (r.stdout + r.stderr).strip()
    assert r.returncode == 1, (args, conf, r.returncode, text)
    if not testing_redis():
        assert len(text.splitlines()) == 1, "more than a line: " + text
        for word in words:
            assert word in text, "%r is not in: %s" % (word, text)


def test_unknown_and_bad_settings_refuse_to_start():
    refuses(conf="no-such-setting 1\n", words=("no-such-setting", ":1"))
    refuses(conf="timeout 5\ntimeout\n", words=("timeout", ":2"))
    refuses(conf="timeout abc\n", words=("timeout",))
    refuses(conf="requirepass \"open\n", words=(":1",))
    refuses("--no-such-setting", "1", words=("no-such-setting",))
    refuses("--maxclients", "many", words=("maxclients",))
    refuses(conf="include /no/such/file.conf\n", words=("/no/such/file.conf",))


REFUSED = ("tls-port 6380", "user bob on", "aclfile /tmp/x.acl", "rename-command FLUSHALL \"\"", "replicaof 127.0.0.1 1",
           "slaveof 127.0.0.1 1", "cluster-enabled yes", "loadmodule /tmp/x.so", "maxmemory-policy allkeys-lru",
           "maxmemory-policy volatile-ttl", "tls-cert-file /x")


def test_settings_that_would_change_the_promise_refuse():
    lean_only()
    for line in REFUSED:
        refuses(conf=line + "\n", words=(line.split()[0],))


WARNED = ("save 900 1", "save \"\"", "rdbcompression yes", "rdbchecksum yes", "hz 10", "activedefrag no", "lfu-log-factor 10",
          "lfu-decay-time 1", "cluster-enabled no", "list-compress-depth 1", "lazyfree-lazy-expire yes")


def test_settings_without_meaning_warn():
    lean_only()
    for line in WARNED:
        with Server(config=write(line + "\n"), appendonly="no") as s:
            s.client().expect("PING", "+PONG")
            name = line.split()[0]
            assert name in s.log() or "no" in line, "no warning of %s:\n%s" % (line, s.log())


def test_settings_without_effect_are_kept(s, a):
    """Tools set them, and look whether they stick."""
    a.expect("CONFIG GET hz", "[hz 10]")
    a.expect("CONFIG SET hz 50 lazyfree-lazy-server-del yes list-compress-depth 1", "+OK")
    a.expect("CONFIG GET hz", "[hz 50]")
    a.expect("CONFIG GET lazyfree-lazy-server-del", "[lazyfree-lazy-server-del yes]")
    a.expect_error("CONFIG SET hz many", "ERR CONFIG SET failed (possibly related to argument 'hz') - ")
    a.expect_error("CONFIG SET active-expire-effort 11", "ERR CONFIG SET failed (possibly related to argument 'active-expire-effort') - ")
    assert "hz" not in subprocess.run([find_leanmqd(), "--dump-config"], capture_output=True, text=True).stdout.split()


def test_what_a_list_is_called(s, a):
    a.expect("RPUSH l 1 2 3", ":3")
    for name, size, wanted in (("list-max-listpack-size", "3", "listpack"), ("list-max-ziplist-size", "2", "quicklist"), ("list-max-listpack-size", "0", "quicklist"),
                               ("list-max-listpack-size", "-2", "listpack")):
        a.expect(("CONFIG", "SET", name, size), "+OK")
        a.expect("CONFIG GET list-max-listpack-size", '[list-max-listpack-size %s]' % (size if size[0] != "-" else '"%s"' % size))
        a.expect("OBJECT ENCODING l", wanted)
    a.call("RPUSH", "m", "x" * 6000)
    for size, wanted in (("-1", "quicklist"), ("-2", "listpack"), ("-5", "listpack"), ("-2147483648", "listpack"), ("2147483647", "listpack")):
        a.expect(("CONFIG", "SET", "list-max-listpack-size", size), "+OK")
        a.expect("OBJECT ENCODING m", wanted)


def test_a_port_in_use():
    with Server(appendonly="no") as s:
        try:
            with Server(appendonly="no", port=s.port):
                raise AssertionError("two servers on a port")
        except StartError as e:
            assert e.code == 1 and re.search("in use|listen|bind", e.log, re.I), e.log


# -- CONFIG REWRITE

def everything(c):
    reply = c.call("CONFIG GET *")
    return {k.decode(): v for k, v in zip(reply[0::2], reply[1::2])}


CHANGES = {b"yes": "no", b"no": "yes", b"everysec": "always", b"notice": "warning"}
ODD = {"requirepass": 'with "quotes", \\ and\ta tab', "client-output-buffer-limit": "normal 3mb 2mb 10 pubsub 64mb 16mb 30",
       "latency-tracking-info-percentiles": "25 99.5"}


def test_rewrite_keeps_every_setting():
    lean_only()
    folder = temp_dir()
    path = write("# ours\ntimeout 3\n\n# the rest\nmaxclients 100\nsave 900 1\n", folder=folder)
    os.chmod(path, 0o640)
    with Server(config=path, enable_debug_command="local") as s:
        c = s.client()
        changed = set()
        for name, value in everything(c).items():
            new = ODD.get(name) or CHANGES.get(value) or (b"%d" % (int(value) * 2 + 3) if value.isdigit() else None)
            if new is not None and name not in ("maxmemory", "appendonly", "protected-mode"):
                reply = c.call("CONFIG", "SET", name, new)
                if show(reply) == "+OK":
                    changed.add(name)
                else:
                    assert reply.startswith(b"ERR CONFIG SET failed (possibly related to argument '%s')" % name.encode()), (name, new, show(reply))
        assert len(changed) > 18, changed
        c.expect("CONFIG REWRITE", "+OK")
        before = everything(c)
        with open(path) as f:
            text = f.read()
        assert text.startswith("# ours\ntimeout 9\n\n# the rest\nmaxclients ") and "\nsave 900 1\n" in text, text
        assert text.count("# Written by CONFIG REWRITE\n") == 1, text
        c.expect("CONFIG REWRITE", "+OK")
        with open(path) as f:
            assert f.read() == text
        assert os.stat(path).st_mode & 0o7777 == 0o640 and not os.path.exists(path + ".tmp")
        # what the command line said is in the file now, so it starts without
        s.settings = {}
        s.kill()
        s.start()
        c = s.client()
        c.call("AUTH", ODD["requirepass"])
        after = everything(c)
        assert after == before, {k: (before[k], after[k]) for k in before if before[k] != after[k]}


def test_rewrite_without_a_file_or_into_a_bad_one():
    with Server(appendonly="no") as s:
        s.client().expect_error("CONFIG REWRITE", "ERR The server is running without a config file")
    path = write("timeout 3\n")
    with Server(config=path, appendonly="no") as s:
        c = s.client()
        c.expect("CONFIG SET timeout 4", "+OK")
        os.unlink(path)
        if not s.redis:
            c.expect("CONFIG REWRITE", "-ERR Rewriting config file: No such file or directory")
            write("timeout 3\nnosuch 1\n", folder=os.path.dirname(path))
            c.expect_error("CONFIG REWRITE", "ERR Rewriting config file: ")
            with open(path) as f:
                assert f.read() == "timeout 3\nnosuch 1\n"
            c.expect("CONFIG REWRITE x", "-ERR wrong number of arguments for 'config|rewrite' command")
            assert c.info("server")["config_file"] == path


# -- maxmemory

def test_maxmemory_refuses_what_grows_and_nothing_else():
    with Server(maxmemory="40mb", appendonly="no") as s:
        c = s.client()
        c.expect("XGROUP CREATE k g 0 MKSTREAM", "+OK")
        c.expect("SET small 1", "+OK")
        n = 0
        for size in (10000, 100):
            while not isinstance(reply := c.call("XADD", "k", "*", "f", "v" * size), Error):
                n += 1
                assert n < 100000
        oom = "-OOM command not allowed when used memory > 'maxmemory'."
        check(reply, oom)
        c.expect(("SET", "new", "v" * 20000), oom)
        c.expect(("LPUSH", "l", "v" * 20000), oom)
        c.expect("GET small", "1")
        check(c.call("XLEN", "k"), ":%d" % n)
        ids = [e[0] for e in c.call("XREADGROUP GROUP g a COUNT 100 STREAMS k >")[0][1]]
        assert len(ids) == 100
        check(c.call("XACK", "k", "g", *ids), ":100")
        c.expect("MULTI", "+OK")
        c.expect(("SET", "x", "y" * 20000), oom)
        c.expect("EXEC", "-EXECABORT Transaction discarded because of previous errors.")
        c.expect("EXPIRE small 1000", ":1")
        c.expect("PUBLISH n x", ":0")
        check(c.call("XTRIM", "k", "MAXLEN", "100"), ":%d" % (n - 100))
        c.expect("SET new v", "+OK")
        assert not isinstance(c.call("XADD", "k", "*", "f", "v"), Error)
        info = c.info("memory")
        assert info["maxmemory"] == str(40 << 20) and info["maxmemory_policy"] == "noeviction"


def test_databases_setting():
    with Server(databases=3, appendonly="no") as s:
        c = s.client()
        c.expect("SELECT 2", "+OK")
        c.expect("SELECT 3", "-ERR DB index is out of range")


main(globals())
