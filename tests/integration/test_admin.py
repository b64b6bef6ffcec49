#!/usr/bin/python3
"""Commands that operators, exporters and test harnesses send: each answered, with meaning, or refused clearly."""
import hashlib
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import (NIL, NULL, Error, Map, Raw, Server, Skip, Verbatim, as_map, blocked, both, check, main,  # noqa: E402
                    show, temp_dir, under_sanitizer, wait_until)


def lean_only(s):
    if s.redis:
        raise Skip("leanmqd's own")


def is_error(reply):
    return isinstance(reply, Error)


# -- what is on the disk

def test_wait_has_no_replicas(a, b, s):
    a.expect("WAIT 0 0", ":0")
    a.expect("WAIT -5 0", ":0")
    start = time.monotonic()
    a.expect("WAIT 1 60", ":0")
    assert time.monotonic() - start > 0.05
    for command, text in (("WAIT x 0", "value is not an integer or out of range"), ("WAIT 0 x", "timeout is not an integer or out of range"),
                          ("WAIT 0 1.5", "timeout is not an integer or out of range"), ("WAIT 0 -1", "timeout is negative"),
                          ("WAIT 0", "wrong number of arguments for 'wait' command")):
        a.expect(command, "-ERR " + text)
    a.pipeline(["MULTI", "WAIT 1 0"])
    a.expect("EXEC", "[:0]")                            # it cannot wait there
    me = a.id()
    a.send("WAIT 1 0")
    blocked(s, 1)
    b.expect(("CLIENT", "UNBLOCK", me), ":1")
    a.expect_read(":0")


def test_waitaof_errors(s, a):
    lean_only(s)
    for command, text in (("WAITAOF 2 0 0", "value is out of range, value must between 0 and 1"),
                          ("WAITAOF -1 0 0", "value is out of range, value must between 0 and 1"),
                          ("WAITAOF x 0 0", "value is not an integer or out of range"), ("WAITAOF 1 -1 0", "value is out of range, must be positive"),
                          ("WAITAOF 1 x 0", "value is out of range, must be positive"), ("WAITAOF 1 0 -1", "timeout is negative"),
                          ("WAITAOF 1 0 x", "timeout is not an integer or out of range"),
                          ("WAITAOF 1 0 9223372036854775807", "timeout is out of range"), ("WAIT 1 9223372036854775807", "timeout is out of range"),
                          ("WAITAOF 1 0", "wrong number of arguments for 'waitaof' command")):
        a.expect(command, "-ERR " + text)
    with Server(appendonly="no") as off:
        c = off.client()
        c.expect("WAITAOF 0 0 0", "[:0 :0]")
        c.expect("WAITAOF 1 0 0", "-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.")
        c.expect("WAITAOF 0 1 20", "[:0 :0]")


def durability(c):
    return {k: int(v) for k, v in c.info("durability").items() if v.isdigit()}


def test_waitaof_waits_for_the_disk():
    for mode in ("everysec", "no", "always"):
        with Server(appendfsync=mode) as s:
            if s.redis:
                raise Skip("since 7.2")
            a, b = s.client(), s.client()
            a.expect("WAITAOF 1 0 0", "[:1 :0]")       # nothing was written: nothing to wait for
            for i in range(20):
                a.call("SET", "k", i)
                a.expect("WAITAOF 1 0 0", "[:1 :0]")
                info = durability(b)
                assert info["journal_durable"] == info["journal_offset"], (mode, info)
            syncs = durability(b)["journal_syncs"]
            assert syncs >= 20, (mode, syncs)
            a.call("SET", "k", "x")
            a.expect("WAITAOF 1 1 40", "[:1 :0]" if mode == "always" else re.compile(r"\[:[01] :0\]"))
            b.call("GET k")                             # what it has seen counts as well as what it wrote
            b.expect("WAITAOF 1 0 0", "[:1 :0]")
            a.pipeline(["MULTI", "SET k y", "WAITAOF 1 0 0"])
            a.expect("EXEC", "[+OK [:0 :0]]")
            a.expect("WAITAOF 1 0 0", "[:1 :0]")


SLOW_SYNC = """
#include <time.h>
#include <unistd.h>
#include <sys/syscall.h>
int fdatasync(int fd)
{
    nanosleep(&(struct timespec){.tv_nsec = 300000000}, 0);
    return (int)syscall(SYS_fdatasync, fd);
}
"""


def test_appendfsync_always_holds_at_once():
    if under_sanitizer():
        raise Skip("a sanitizer wants to be loaded first")
    library = os.path.join(temp_dir(), "slow.so")
    subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "-o", library, "-"], input=SLOW_SYNC, text=True, check=True)
    with Server(appendfsync="no", env={"LD_PRELOAD": library}) as s:
        lean_only(s)
        a, b = s.client(), s.client()
        a.call("SET k v")
        start = time.monotonic()
        a.send_raw(b"CONFIG SET appendfsync always\r\nSET k w\r\n")       # one turn
        a.expect_read("+OK")
        a.expect_read("+OK")
        assert time.monotonic() - start >= 0.3, "answered before it was synced"
        b.expect("CONFIG GET appendfsync", "[appendfsync always]")


def test_many_wait_for_one_sync():
    with Server(appendfsync="no") as s:
        if s.redis:
            raise Skip("since 7.2")
        clients = [s.client() for _ in range(30)]
        before = durability(clients[0])["journal_syncs"]
        for c in clients:
            c.send("SET", "k", "v")
            c.send("WAITAOF", 1, 0, 0)
        for c in clients:
            c.expect_read("+OK")
            c.expect_read("[:1 :0]")
        assert durability(clients[0])["journal_syncs"] - before <= 30
        clients[0].send("WAITAOF", 1, 1, 0)
        blocked(s, 1)
        clients[0].close()                              # goes while it waits
        blocked(s, 0)


def test_saving_is_refused_with_the_way_out(s, a):
    lean_only(s)
    for command in ("SAVE", "BGSAVE", "BGSAVE SCHEDULE"):
        reply = a.call(command)
        assert is_error(reply) and b"BGREWRITEAOF" in reply, show(reply)
    a.expect("BGSAVE x", "-ERR syntax error")
    a.expect("SAVE x", "-ERR wrong number of arguments for 'save' command")
    start = a.call("LASTSAVE")
    assert abs(start - time.time()) < 600
    a.call("SET a b")
    a.expect("BGREWRITEAOF", "+Background append only file rewriting started")
    wait_until(lambda: a.info("persistence")["aof_rewrites"] == "1", what="the rewrite")
    assert a.call("LASTSAVE") >= start
    assert a.info("persistence")["rdb_last_save_time"] == str(a.call("LASTSAVE"))


# -- appendonly at run time

def fill(c, n=50):
    """Some of every type; what fingerprint() compares."""
    for i in range(n):
        c.call("SET", "s%d" % i, "v%d" % i)
        c.call("RPUSH", "l", i)
        c.call("XADD", "x", "%d-1" % (i + 1), "f", "v")
    c.call("XGROUP CREATE x g 0")
    c.call("XREADGROUP GROUP g w COUNT 20 STREAMS x >")
    c.call("XACK x g 1-1 3-1")
    c.call("EXPIRE s1 1000000")
    c.call("SELECT 2")
    c.call("SET other db")
    c.call("SELECT 0")


def fingerprint(c):
    return c.call("DEBUG DIGEST")


def files(s):
    return sorted(os.listdir(os.path.join(s.dir, "appendonlydir")))


def test_appendonly_can_be_turned_on():
    with Server(appendonly="no", enable_debug_command="yes") as s:
        if s.redis:
            raise Skip("it loads no journal without a restart")
        c = s.client()
        fill(c)
        c.expect("CONFIG GET appendonly", "[appendonly no]")
        c.expect("CONFIG SET timeout 7 appendonly yes maxclients 500", "+OK")
        c.expect("CONFIG GET appendonly", "[appendonly yes]")
        c.expect("CONFIG GET timeout", "[timeout 7]")
        c.call("SET after on")
        digest = fingerprint(c)
        assert c.info("persistence")["aof_enabled"] == "1" and int(c.info("persistence")["aof_base_size"]) > 0
        c.expect("WAITAOF 1 0 0", "[:1 :0]")
        s.settings["appendonly"] = "yes"
        s.restart(hard=True)
        c = s.client()
        assert fingerprint(c) == digest
        c.expect("GET after", "on")


def test_appendonly_off_and_on_again():
    with Server(enable_debug_command="yes") as s:
        if s.redis:
            raise Skip("leanmqd's own")
        c, other = s.client(), s.client()
        fill(c)
        kept = fingerprint(c)
        c.expect("BGREWRITEAOF", "+Background append only file rewriting started")
        c.expect("CONFIG SET appendonly no", "+OK")
        other.expect("GET s1", "v1")
        c.call("SET lost yes")
        c.expect("WAITAOF 1 0 0", "-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.")
        c.expect("BGREWRITEAOF", "-ERR appendonly is off: there is nothing to rewrite")
        assert c.info("persistence")["aof_rewrite_in_progress"] == "0"
        s.restart(hard=True)                            # what it had promised until then is there
        c = s.client()
        assert fingerprint(c) == kept
        c.expect("CONFIG SET appendonly no", "+OK")
        c.call("SET kept yes")
        c.expect("CONFIG SET appendonly yes", "+OK")
        c.call("SET more yes")
        for _ in range(3):
            c.expect("CONFIG SET appendonly no", "+OK")
            c.expect("CONFIG SET appendonly yes", "+OK")
        digest = fingerprint(c)
        assert len(files(s)) <= 4, files(s)
        s.restart(hard=True)
        c = s.client()
        assert fingerprint(c) == digest
        c.expect("GET kept", "yes")
        c.expect("BGREWRITEAOF", "+Background append only file rewriting started")
        wait_until(lambda: c.info("persistence")["aof_rewrites"] == "1", what="the rewrite")
        s.restart()
        assert fingerprint(s.client()) == digest


def test_appendonly_does_not_overwrite_what_was_not_loaded():
    with Server(enable_debug_command="yes") as s:
        if s.redis:
            raise Skip("it overwrites")
        fill(s.client())
        digest = fingerprint(s.client())
        s.settings["appendonly"] = "no"
        s.restart()
        c = s.client()
        before = files(s)
        c.expect_error("CONFIG SET timeout 9 appendonly yes",
                       "ERR CONFIG SET failed (possibly related to argument 'appendonly') - there is a journal that this server has not loaded")
        c.expect("CONFIG GET timeout", "[timeout 0]")
        c.expect("CONFIG GET appendonly", "[appendonly no]")
        assert files(s) == before
        with Server(dir=s.dir, appendonly="yes", enable_debug_command="yes") as again:        # the lock was given back
            assert fingerprint(again.client()) == digest
            c.expect_error("CONFIG SET appendonly yes", "ERR CONFIG SET failed")        # another process has it now


def test_appendonly_where_it_cannot_wait(s, a, b):
    lean_only(s)
    a.pipeline(["MULTI", "CONFIG SET appendonly no"])
    reply = a.call("EXEC")
    assert len(reply) == 1 and is_error(reply[0]) and b"transaction" in reply[0]
    a.expect("CONFIG SET appendonly perhaps", "-ERR CONFIG SET failed (possibly related to argument 'appendonly') - argument must be 'yes' or 'no'")
    a.expect("CONFIG SET appendonly yes", "+OK")        # which it is
    a.expect("CONFIG SET appendonly no nosuch 1", "-ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'")
    a.expect("CONFIG GET appendonly", "[appendonly yes]")
    a.send_raw(b"CONFIG SET appendonly no\r\nSET k v\r\nCONFIG SET appendonly yes\r\nGET k\r\n")
    for wanted in ("+OK", "+OK", "+OK", "v"):
        a.expect_read(wanted)


def test_turning_it_while_others_write():
    with Server(enable_debug_command="yes", appendfsync="always") as s:
        if s.redis:
            raise Skip("leanmqd's own")
        clients = [s.client() for _ in range(4)]
        admin = s.client()
        for n in range(6):
            for i, c in enumerate(clients):
                c.send_raw(b"".join(b"SET k%d:%d %d\r\n" % (i, j, n) for j in range(200)))
            admin.expect("CONFIG SET appendonly %s" % ("yes" if n % 2 else "no"), "+OK")
            for c in clients:
                for _ in range(200):
                    c.expect_read("+OK")
        digest = fingerprint(admin)
        s.restart(hard=True)
        assert fingerprint(s.client()) == digest


# -- DEBUG

def test_debug_reload_and_loadaof(s, a, b):
    fill(a)
    digest = fingerprint(a)
    b.send("BRPOP nothing 0")
    blocked(s, 1)
    a.call("WATCH s1")
    a.expect("DEBUG RELOAD", "+OK")
    assert fingerprint(a) == digest
    a.expect("TTL s1", re.compile(":(9999..|1000000)"))
    if not s.redis:
        a.expect("DEBUG LOADAOF", "+OK")
        assert fingerprint(a) == digest
        a.expect_error("DEBUG RELOAD NOSAVE", "ERR")
        a.pipeline(["MULTI", "DEBUG LOADAOF"])
        a.call("EXEC")
    a.call("SET s1 changed")
    changed = fingerprint(a)
    assert changed != digest
    if not s.redis:
        a.expect("DEBUG LOADAOF", "+OK")
        assert fingerprint(a) == changed
        s.restart(hard=True)
        assert fingerprint(s.client()) == changed


def connected(s):
    try:
        return Raw(s.port)
    except OSError:                                     # does not listen yet
        return None


def test_debug_leaves_what_is_being_loaded_alone():
    with Server(enable_debug_command="yes", auto_aof_rewrite_percentage=0) as s:
        lean_only(s)
        c = s.client()
        for db in (9, 5):                               # after a RELOAD half way, the records of 5 would go to 9
            c.call("SELECT", db)
            for at in range(0, 40000 if db == 5 else 10, 2000):
                c.pipeline([("SET", "k%d" % i, "x" * 2000) for i in range(at, at + 2000)])
        digest = fingerprint(c)
        s.kill()
        s.start(wait=False)
        c = wait_until(lambda: connected(s), what="it to listen")
        for command in ("RELOAD", "LOADAOF", "POPULATE 3 new", "DIGEST", "OBJECT k1", "HTSTATS 0"):
            loading = is_error(c.call("DBSIZE"))
            reply = c.call("DEBUG " + command) if loading else None
            assert not loading or reply.startswith(b"LOADING") or not is_error(c.call("DBSIZE")), show(reply)
        wait_until(lambda: not is_error(c.call("DBSIZE")), what="the data to be loaded")
        assert fingerprint(c) == digest


def test_debug_loadaof_without_a_journal():
    with Server(appendonly="no", enable_debug_command="yes") as s:
        if not s.redis:
            s.client().expect("DEBUG LOADAOF", "-ERR appendonly is off")


def test_debug_populate_and_the_rest(s, a):
    a.expect("DEBUG POPULATE 10", "+OK")
    a.expect("GET key:9", "value:9")
    a.expect("DEBUG POPULATE 12 key", "+OK")
    a.expect("DEBUG POPULATE 3 big 1000", "+OK")
    a.expect("DBSIZE", ":15")
    assert len(a.call("GET big:2")) == 1000 and a.call("GET big:2").startswith(b"value:2")
    assert b"[Dictionary HT]" in a.call("DEBUG HTSTATS 0")
    a.expect("DEBUG HTSTATS 99", "-ERR Out of range database")
    a.call("RPUSH l a")
    a.expect("DEBUG LISTPACK l", "-ERR Not a listpack encoded object.")
    a.expect("DEBUG QUICKLIST-PACKED-THRESHOLD 100", "+OK")
    a.expect("DEBUG SET-ACTIVE-EXPIRE 1", "+OK")
    a.expect("DEBUG CHANGE-REPL-ID", "+OK")
    start = time.monotonic()
    a.expect("DEBUG SLEEP 0.05", "+OK")
    assert time.monotonic() - start >= 0.05
    a.expect("DEBUG", "-ERR wrong number of arguments for 'debug' command")
    a.expect("DEBUG FOO", "-ERR unknown subcommand or wrong number of arguments for 'FOO'. Try DEBUG HELP.")


# -- MEMORY

@both
def test_memory(s, a):
    a.expect("MEMORY USAGE nosuch", "null" if a.proto == 3 else "nil")
    a.call("SET", "s", "v" * 10000)
    a.call("RPUSH", "l", *["v" * 100] * 100)
    for i in range(100):
        a.call("XADD", "x", "*", "f", "v" * 100)
    a.call("XGROUP CREATE x g 0")
    sizes = {}
    for key in "slx":
        sizes[key] = a.call("MEMORY", "USAGE", key, "SAMPLES", "0")
        assert 10000 <= sizes[key] < (30000 if s.redis else 25000), (key, sizes)
    a.call("XREADGROUP GROUP g c STREAMS x >")
    assert a.call("MEMORY USAGE x") > sizes["x"]
    a.call("APPEND" if s.redis else "SET", "s", "v")
    for command, text in (("MEMORY USAGE s FOO 1", "syntax error"), ("MEMORY USAGE s SAMPLES", "syntax error"),
                          ("MEMORY USAGE s SAMPLES -1", "syntax error"), ("MEMORY USAGE s SAMPLES x", "value is not an integer or out of range"),
                          ("MEMORY FOO", "unknown subcommand 'FOO'. Try MEMORY HELP."),
                          ("MEMORY USAGE", "wrong number of arguments for 'memory|usage' command")):
        a.expect(command, "-ERR " + text)
    reply = a.call("MEMORY STATS")
    assert isinstance(reply, Map) == (a.proto == 3)
    stats = as_map(reply)
    for name in ("peak.allocated", "total.allocated", "startup.allocated", "clients.normal", "overhead.total", "keys.count",
                 "keys.bytes-per-key", "dataset.bytes", "allocator.resident", "fragmentation.bytes", "aof.buffer"):
        assert type(stats[name.encode()]) is int, name
    assert float(stats[b"fragmentation"]) > 0 and stats[b"keys.count"] == 3
    assert as_map(stats[b"db.0"])[b"overhead.hashtable.main"] > 0
    for command in ("MEMORY DOCTOR", "MEMORY MALLOC-STATS"):
        assert isinstance(a.call(command), Verbatim if a.proto == 3 else bytes) and len(a.call(command)) > 20, command
    a.expect("MEMORY PURGE", "+OK")


def test_memory_usage_changes_nothing(s, a):
    a.call("SET k v")
    a.call("CONFIG RESETSTAT")
    a.call("MEMORY USAGE k")
    a.call("MEMORY USAGE nosuch")
    stats = a.info("stats")
    assert stats["keyspace_hits"] == stats["keyspace_misses"] == "0", stats


# -- users

@both
def test_acl(s, a):
    a.expect("ACL WHOAMI", "default")
    a.expect("ACL USERS", "[default]")
    a.expect("ACL LIST", '["user default on nopass ~* &* +@all"]')
    user = as_map(a.call("ACL GETUSER default"))
    check(user[b"flags"], "~[on nopass]" if a.proto == 3 else "[on nopass]")
    assert user[b"passwords"] == [] and user[b"commands"] == b"+@all" and user[b"keys"] == b"~*" and user[b"selectors"] == []
    assert a.call("ACL GETUSER nobody") in (NIL, NULL)
    assert set(a.call("ACL CAT")) >= {b"stream", b"read", b"write", b"admin", b"dangerous", b"pubsub"}
    stream = a.call("ACL CAT stream")
    assert {b"xadd", b"xreadgroup", b"xgroup|create", b"xinfo|help"} <= set(stream) and b"get" not in stream
    assert b"config|set" in a.call("ACL CAT DANGEROUS")
    a.expect("ACL CAT nosuch", "-ERR Unknown category 'nosuch'")
    password = a.call("ACL GENPASS")
    assert re.fullmatch(rb"[0-9a-f]{64}", password) and password != a.call("ACL GENPASS")
    assert [len(a.call("ACL", "GENPASS", bits)) for bits in (1, 4, 5, 128, 4096)] == [1, 1, 2, 32, 1024]
    for bits in ("0", "-1", "4097"):
        a.expect_error("ACL GENPASS " + bits, "ERR ACL GENPASS argument must be the number of bits")
    a.expect("ACL GENPASS x", "-ERR value is not an integer or out of range")
    a.expect("ACL LOG", "[]")
    a.expect("ACL LOG RESET", "+OK")
    a.expect("ACL DRYRUN default GET k", "+OK")
    a.expect("ACL DRYRUN nobody GET k", "-ERR User 'nobody' not found")
    a.expect("ACL DRYRUN default NOSUCH", "-ERR Command 'NOSUCH' not found")
    a.expect("ACL DRYRUN default GET", "-ERR wrong number of arguments for 'get' command")
    if not s.redis:
        a.expect_error("ACL SETUSER bob on", "ERR unknown subcommand 'SETUSER'")


def test_acl_shows_the_password_as_its_hash():
    with Server(requirepass="secret", appendonly="no") as s:
        c = s.client()
        c.expect_error("ACL WHOAMI", "NOAUTH")
        c.call("AUTH secret")
        digest = hashlib.sha256(b"secret").hexdigest()
        c.expect("ACL LIST", '["user default on #%s ~* &* +@all"]' % digest)
        user = as_map(c.call("ACL GETUSER default"))
        assert user[b"passwords"] == [digest.encode()] and user[b"flags"] == [b"on"]


# -- what there is none of

@both
def test_replication_and_cluster(s, a):
    role = a.call("ROLE")
    assert role[0] == b"master" and type(role[1]) is int and role[2] == []
    a.expect("REPLICAOF NO ONE", "+OK")
    a.expect("SLAVEOF no one", "+OK")
    a.expect("REPLICAOF 127.0.0.1 x", "-ERR Invalid master port")
    a.expect("FAILOVER", "-ERR FAILOVER requires connected replicas.")
    disabled = "-ERR This instance has cluster support disabled"
    for command in ("CLUSTER INFO", "CLUSTER NODES", "CLUSTER SLOTS", "CLUSTER MYID", "CLUSTER KEYSLOT a", "READONLY", "READWRITE"):
        a.expect(command, disabled)
    a.expect("CLUSTER FOO", "-ERR unknown subcommand 'FOO'. Try CLUSTER HELP.")
    if not s.redis:
        for command in ("REPLICAOF 127.0.0.1 6379", "SLAVEOF localhost 6379", "PSYNC ? -1", "SYNC", "REPLCONF listening-port 1"):
            a.expect(command, "-ERR replication is not supported")


@both
def test_scripts_functions_and_modules(s, a):
    for command in ("FUNCTION FLUSH", "FUNCTION FLUSH ASYNC", "SCRIPT FLUSH", "SCRIPT FLUSH sync"):
        a.expect(command, "+OK")
    a.expect("FUNCTION FLUSH x", "-ERR FUNCTION FLUSH only supports SYNC|ASYNC option")
    a.expect("SCRIPT FLUSH x", "-ERR SCRIPT FLUSH only support SYNC|ASYNC option")
    a.expect("FUNCTION LIST", "[]")
    a.expect("FUNCTION LIST LIBRARYNAME x WITHCODE", "[]")
    a.expect("FUNCTION LIST FOO", "-ERR Unknown argument FOO")
    a.expect("FUNCTION DELETE x", "-ERR Library not found")
    stats = as_map(a.call("FUNCTION STATS"))
    assert list(stats) == [b"running_script", b"engines"] and stats[b"running_script"] in (NIL, NULL)
    a.expect("FUNCTION KILL", "-NOTBUSY No scripts in execution right now.")
    a.expect("SCRIPT EXISTS a b", "[:0 :0]")
    a.expect("SCRIPT KILL", "-NOTBUSY No scripts in execution right now.")
    a.expect("MODULE LIST", "[]")
    assert b" ver. " in a.call("LOLWUT")
    a.expect("LOLWUT VERSION x", "-ERR value is not an integer or out of range")
    for command in ("EVAL x 0", "EVALSHA x 0", "SCRIPT LOAD x", "FUNCTION LOAD x", "FCALL f 0", "MODULE LOAD x"):
        assert is_error(a.call(command)), command


@both
def test_every_container_helps(s, a):
    for name in ("ACL", "MEMORY", "MODULE", "FUNCTION", "SCRIPT", "CONFIG"):
        help = a.call(name, "HELP")
        assert isinstance(help, list) and help[0].startswith(name.encode() + b" <subcommand>"), (name, show(help))


# -- tools

EXPORTER = ["CLIENT SETNAME redis_exporter", "INFO ALL", "INFO", "CONFIG GET *", "COMMAND INFO COMMANDLOG", "CLIENT LIST", "DBSIZE",
            "SCAN 0 COUNT 10", "TYPE x", "TYPE s", "XINFO STREAM x", "XINFO GROUPS x", "XINFO CONSUMERS x g", "XLEN x", "MEMORY USAGE x",
            "MEMORY USAGE s", "MEMORY USAGE l", "LLEN l", "LATENCY LATEST", "LATENCY HISTOGRAM", "SLOWLOG LEN", "SLOWLOG GET 1"]
INSIGHT = ["INFO", "INFO server", "INFO server clients", "MODULE LIST", "CONFIG GET databases", "CLIENT LIST", "DBSIZE", "COMMAND", "ACL WHOAMI",
           "ACL LIST", "ACL CAT", "SCAN 0 MATCH * COUNT 500", "SCAN 0 MATCH * COUNT 500 TYPE stream", "TYPE x", "TTL x", "PTTL x", "MEMORY USAGE x SAMPLES 0",
           "XINFO STREAM x", "XINFO GROUPS x", "XINFO CONSUMERS x g", "XRANGE x - + COUNT 10", "XREVRANGE x + - COUNT 10", "XPENDING x g",
           "XPENDING x g - + 10", "XLEN x", "LRANGE l 0 -1", "LLEN l", "GET s", "STRLEN s", "OBJECT ENCODING x", "CONFIG GET slowlog-*", "SLOWLOG GET 10", "COMMAND INFO FT.SEARCH"]
# of other parts of the server, that may be absent in a build of these alone
OPTIONAL = ("SCAN", "LATENCY", "SLOWLOG", "LRANGE", "STRLEN", "OBJECT")


@both
def test_what_exporters_and_browsers_send(s, a):
    a.call("SET s v")
    a.call("RPUSH l a b")
    a.call("XADD x 1-1 f v")
    a.call("XGROUP CREATE x g 0")
    a.call("XREADGROUP GROUP g c STREAMS x >")
    for command in EXPORTER + INSIGHT:
        reply = a.call(command)
        if is_error(reply) and command.startswith(OPTIONAL) and b"unknown command" in reply:
            continue
        assert not is_error(reply), (command, show(reply))
        assert reply not in (b"", {}) and (reply != [] or command in ("MODULE LIST", "LATENCY LATEST", "LATENCY HISTOGRAM", "SLOWLOG GET 1", "SLOWLOG GET 10") or
                                           command.startswith("CONFIG GET slowlog")), (command, show(reply))
    assert is_error(a.call("CLUSTER INFO"))             # by which it knows that there is no cluster
    names = as_map(a.call("CONFIG GET *"))
    for name in (b"maxmemory", b"maxclients", b"databases", b"requirepass", b"client-output-buffer-limit"):
        assert name in names, name
    limits = names[b"client-output-buffer-limit"].split()
    assert len(limits) % 4 == 0 and b"normal" in limits


main(globals(), {"enable_debug_command": "yes"})
