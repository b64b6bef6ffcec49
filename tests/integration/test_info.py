#!/usr/bin/python3
"""INFO: every section and field that tools read, and whether the numbers are true."""
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from leanmq import Server, Verbatim, as_map, blocked, both, main, wait_until  # noqa: E402

SECTIONS = ["Server", "Clients", "Memory", "Persistence", "Durability", "Stats", "Replication", "CPU", "Modules", "Commandstats",
            "Errorstats", "Latencystats", "Cluster", "Queues", "Keyspace"]
ON_REQUEST = {"Commandstats", "Latencystats"}
OURS = {"Durability", "Queues"}

# What redis_exporter makes metrics of (and RedisInsight shows), each with what its value looks like.
NUMBER, REAL, WORD = r"-?\d+", r"-?\d+\.\d+", r"\S+"
EXPORTED = {
    NUMBER: "uptime_in_seconds uptime_in_days process_id tcp_port connected_clients blocked_clients maxclients tracking_clients "
            "clients_in_timeout_table client_recent_max_input_buffer client_recent_max_output_buffer pubsub_clients total_watched_keys "
            "total_blocking_keys total_blocking_keys_on_nokey pubsub_channels pubsub_patterns pubsubshard_channels used_memory "
            "used_memory_rss used_memory_peak used_memory_overhead used_memory_dataset used_memory_startup used_memory_lua "
            "used_memory_vm_eval used_memory_scripts_eval used_memory_vm_functions used_memory_vm_total used_memory_functions "
            "used_memory_scripts number_of_cached_scripts number_of_functions number_of_libraries allocator_allocated allocator_active "
            "allocator_resident allocator_frag_bytes allocator_rss_bytes rss_overhead_bytes mem_fragmentation_bytes "
            "mem_not_counted_for_evict total_system_memory maxmemory mem_clients_normal mem_clients_slaves mem_replication_backlog "
            "mem_total_replication_buffers mem_aof_buffer mem_cluster_links active_defrag_running lazyfree_pending_objects "
            "lazyfreed_objects loading async_loading rdb_changes_since_last_save rdb_bgsave_in_progress rdb_last_save_time "
            "rdb_last_bgsave_time_sec rdb_current_bgsave_time_sec rdb_last_cow_size rdb_saves rdb_last_load_keys_loaded "
            "rdb_last_load_keys_expired aof_enabled aof_rewrite_in_progress aof_rewrite_scheduled aof_last_rewrite_time_sec "
            "aof_current_rewrite_time_sec aof_last_cow_size aof_current_size aof_base_size aof_pending_rewrite aof_buffer_length "
            "aof_pending_bio_fsync aof_delayed_fsync module_fork_in_progress module_fork_last_cow_size current_cow_peak "
            "current_cow_size current_cow_size_age current_save_keys_processed current_save_keys_total "
            "total_connections_received total_commands_processed rejected_connections total_net_input_bytes total_net_output_bytes "
            "total_net_repl_input_bytes total_net_repl_output_bytes expired_keys evicted_keys evicted_clients keyspace_hits "
            "keyspace_misses latest_fork_usec total_forks total_error_replies unexpected_error_replies dump_payload_sanitizations "
            "total_reads_processed total_writes_processed io_threaded_reads_processed io_threaded_writes_processed "
            "instantaneous_ops_per_sec sync_full sync_partial_ok sync_partial_err expired_time_cap_reached_count "
            "expire_cycle_cpu_milliseconds migrate_cached_sockets slave_expires_tracked_keys active_defrag_hits active_defrag_misses "
            "active_defrag_key_hits active_defrag_key_misses total_eviction_exceeded_time current_eviction_exceeded_time "
            "total_active_defrag_time current_active_defrag_time tracking_total_keys tracking_total_items tracking_total_prefixes "
            "reply_buffer_shrinks reply_buffer_expands acl_access_denied_auth acl_access_denied_cmd acl_access_denied_key "
            "acl_access_denied_channel connected_slaves master_repl_offset second_repl_offset repl_backlog_active repl_backlog_size "
            "repl_backlog_first_byte_offset repl_backlog_histlen cluster_enabled cluster_connections io_threads_active",
    REAL: "mem_fragmentation_ratio allocator_frag_ratio allocator_rss_ratio rss_overhead_ratio instantaneous_input_kbps "
          "instantaneous_output_kbps instantaneous_input_repl_kbps instantaneous_output_repl_kbps expired_stale_perc current_fork_perc "
          "used_cpu_sys used_cpu_user used_cpu_sys_children used_cpu_user_children used_cpu_sys_main_thread used_cpu_user_main_thread",
    WORD: "redis_version redis_mode os run_id maxmemory_policy mem_allocator role master_replid master_failover_state "
          "rdb_last_bgsave_status aof_last_bgrewrite_status aof_last_write_status used_memory_human used_memory_peak_human",
}
SINCE_72 = {"pubsub_clients", "total_watched_keys", "total_blocking_keys", "total_blocking_keys_on_nokey", "acl_access_denied_auth",
            "acl_access_denied_cmd", "acl_access_denied_key", "acl_access_denied_channel"}


def sections(c, *names):
    """{title: {field: value}}, in order."""
    reply = c.call("INFO", *names)
    assert type(reply) is (Verbatim if c.proto == 3 else bytes), type(reply)
    text = reply.decode()
    text = text[4:] if c.proto == 3 else text
    out = {}
    for part in text.split("\r\n\r\n") if text else []:
        lines = part.rstrip("\r\n").split("\r\n")
        assert lines[0].startswith("# "), lines[0]
        assert all(":" in line for line in lines[1:]), lines
        out[lines[0][2:]] = dict(line.split(":", 1) for line in lines[1:])
    return out


def fields(c, *names):
    return {k: v for part in sections(c, *names).values() for k, v in part.items()}


@both
def test_sections(s, a):
    ours = set() if s.redis else OURS
    known = [x for x in SECTIONS if x in ours or x not in OURS]
    everything = sections(a, "everything")
    assert list(everything) == known, list(everything)
    assert set(sections(a)) == set(known) - ON_REQUEST
    assert list(sections(a)) == list(sections(a, "default"))
    assert set(sections(a, "ALL")) >= set(known) - {"Modules"}
    for title in known:
        if title != "Modules":
            assert list(sections(a, title.upper())) == [title], title
    assert list(sections(a, "keyspace", "SERVER", "nosuch", "server")) == ["Server", "Keyspace"]
    assert sections(a, "nosuch") == {}
    assert set(sections(a, "default", "commandstats")) == set(known) - {"Latencystats"}


def test_every_field_that_the_exporter_reads(s, a):
    info = fields(a, "all")
    for form, names in EXPORTED.items():
        for name in names.split():
            if s.redis and name in SINCE_72:
                continue
            assert name in info, name
            assert re.fullmatch(form, info[name]) or form == WORD and info[name], (name, info[name])
    assert s.redis or re.fullmatch(r"7\.2\.\d+", info["redis_version"])
    assert info["process_id"] == str(s.pid) and info["tcp_port"] == str(s.port)
    assert info["role"] == "master" and re.fullmatch("[0-9a-f]{40}", info["run_id"])


def test_keyspace_counts(s, a):
    a.call("CONFIG RESETSTAT")
    a.call("SET x 1")
    a.call("GET x")
    a.call("GET nosuch")
    a.call("SET y 1 PX 1")
    wait_until(lambda: fields(a, "stats")["expired_keys"] == "1", what="y to expire")
    stats = fields(a, "stats")
    assert (stats["keyspace_hits"], stats["keyspace_misses"]) == ("1", "1"), stats
    a.call("SET z 1 EX 1000")
    a.call("SELECT 3")
    a.call("SET z 1")
    space = sections(a, "keyspace")["Keyspace"]
    assert set(space) == {"db0", "db3"} and space["db3"] == "keys=1,expires=0,avg_ttl=0", space
    n = re.fullmatch(r"keys=2,expires=1,avg_ttl=(\d+)", space["db0"])
    assert n and (s.redis or 990000 < int(n.group(1)) <= 1000000), space
    a.call("SELECT 0")


def stat(line):
    return dict(x.split("=") for x in line.split(","))


def test_command_error_and_latency_stats(s, a, b):
    a.call("CONFIG RESETSTAT")
    a.pipeline([("SET", "k", "v")] * 100 + [("LPUSH", "k", "x")] * 3 + [("GET",)] * 2 + [("XGROUP", "CREATE", "no", "g", "0")])
    info = sections(a, "everything")
    one = stat(info["Commandstats"]["cmdstat_set"])
    assert one["calls"] == "100" and int(one["usec"]) >= 0 and one["rejected_calls"] == one["failed_calls"] == "0", one
    assert abs(float(one["usec_per_call"]) - int(one["usec"]) / 100) < 0.02, one
    assert stat(info["Commandstats"]["cmdstat_lpush"])["failed_calls"] == "3"
    assert stat(info["Commandstats"]["cmdstat_get"])["rejected_calls"] == "2"
    assert stat(info["Commandstats"]["cmdstat_xgroup|create"])["failed_calls"] == "1"
    assert info["Errorstats"] == {"errorstat_WRONGTYPE": "count=3", "errorstat_ERR": "count=3"}
    assert info["Stats"]["total_error_replies"] == "6"
    p = stat(info["Latencystats"]["latency_percentiles_usec_set"])
    assert list(p) == ["p50", "p99", "p99.9"] and 0 < float(p["p50"]) <= float(p["p99"]) <= float(p["p99.9"]) < 1e6, p
    a.call("CONFIG RESETSTAT")
    info = sections(a, "everything")
    assert set(info["Commandstats"]) <= {"cmdstat_config|resetstat", "cmdstat_info"} and not info["Errorstats"], info


@both
def test_latency_histogram(s, a):
    a.call("CONFIG RESETSTAT")
    a.expect("LATENCY HISTOGRAM nosuch", "{}" if a.proto == 3 else "[]")
    for _ in range(50):
        a.call("SET", "k", "v")
    a.call("DEBUG SLEEP 0.02")
    a.call("XINFO STREAM nosuch")
    every = as_map(a.call("LATENCY HISTOGRAM"))
    assert {b"set", b"debug", b"xinfo|stream", b"config|resetstat"} <= set(every), every
    one = as_map(as_map(a.call("LATENCY HISTOGRAM SET"))[b"set"])
    assert list(one) == [b"calls", b"histogram_usec"] and one[b"calls"] == 50
    steps = list(as_map(one[b"histogram_usec"]).items())
    assert steps == sorted(steps) and steps[-1][1] == 50 and len({n for _, n in steps}) == len(steps), steps
    slow = as_map(as_map(every[b"debug"])[b"histogram_usec"])
    assert min(slow) >= 20000 and list(slow.values()) == [1], slow
    some = as_map(a.call("LATENCY HISTOGRAM xinfo nosuch set"))
    assert list(some) == [b"xinfo|stream", b"set"], some


def test_a_slow_command_is_seen(s, a):
    if not s.redis:
        a = s.client()
    a.call("CONFIG RESETSTAT")
    if b"not allowed" in a.call("DEBUG SLEEP 0.02"):
        return
    info = sections(a, "all")
    assert int(stat(info["Commandstats"]["cmdstat_debug"])["usec"]) >= 20000
    assert float(stat(info["Latencystats"]["latency_percentiles_usec_debug"])["p50"]) >= 20000


def test_clients_and_waiting(s, new):
    a, b, c, d = new(), new(), new(), new()
    b.send("BRPOP q r 0")
    blocked(s, 1)
    c.call("SUBSCRIBE x y")
    c.read()
    d.call("WATCH w1 w2")
    info = fields(a, "clients", "stats")
    want = {"blocked_clients": "1", "pubsub_channels": "2"}
    if not s.redis:
        want.update({"pubsub_clients": "1", "total_watched_keys": "2", "total_blocking_keys": "2"})
    assert {k: info[k] for k in want} == want, info
    assert int(info["connected_clients"]) >= 4


def test_rates_and_bytes(s, a):
    before = fields(a, "stats")
    size = 1000
    deadline = time.monotonic() + 20
    while True:
        a.pipeline([("SET", "k", "v" * size)] * 100)
        info = fields(a, "stats")
        if int(info["instantaneous_ops_per_sec"]) > 100 and float(info["instantaneous_input_kbps"]) > 10:
            break
        assert time.monotonic() < deadline, info
    assert float(info["instantaneous_output_kbps"]) > 0
    sent = int(info["total_commands_processed"]) - int(before["total_commands_processed"])
    assert int(info["total_net_input_bytes"]) - int(before["total_net_input_bytes"]) > (sent - 300) * size * 0.9
    assert int(info["total_net_output_bytes"]) > int(before["total_net_output_bytes"])
    assert int(info["total_reads_processed"]) > int(before["total_reads_processed"])


def test_memory_adds_up(s, a):
    before = fields(a, "memory")
    a.pipeline([("SET", "key:%d" % i, "v" * 1000) for i in range(2000)])
    after = fields(a, "memory")
    grown = int(after["used_memory"]) - int(before["used_memory"])
    assert 2000 * 1000 <= grown < 2000 * 1500, grown
    assert int(after["used_memory_dataset"]) - int(before["used_memory_dataset"]) > 1900 * 1000
    assert int(after["used_memory_dataset"]) + int(after["used_memory_overhead"]) == int(after["used_memory"])
    assert int(after["used_memory_peak"]) >= int(after["used_memory"])


def test_queues():
    with Server() as s:
        if s.redis:
            return
        c = s.client()

        def counted(c):
            return {k: v for k, v in fields(c, "queues").items() if k.startswith("stream")}

        zero = {"streams": "0", "stream_entries": "0", "stream_groups": "0", "stream_consumers": "0", "stream_pending": "0"}
        assert list(sections(c, "queues")) == ["Queues"] and counted(c) == zero
        for k in range(5):
            c.call("XGROUP", "CREATE", "q%d" % k, "g", "0", "MKSTREAM")
            c.pipeline([("XADD", "q%d" % k, "*", "f", "v")] * 100)
            c.call("XREADGROUP", "GROUP", "g", "w", "COUNT", "30", "STREAMS", "q%d" % k, ">")
        want = {"streams": "5", "stream_entries": "500", "stream_groups": "5", "stream_consumers": "5", "stream_pending": "150"}
        assert counted(c) == want
        s.restart(hard=True)
        c = s.client()
        assert counted(c) == want, counted(c)
        c.call("BGREWRITEAOF")
        wait_until(lambda: fields(c, "persistence")["aof_rewrites"] == "1", what="the rewrite")
        s.restart()
        c = s.client()
        assert counted(c) == want
        c.call("FLUSHALL")
        assert counted(c) == zero


def test_what_a_rewrite_changes():
    with Server() as s:
        c = s.client()
        c.pipeline([("SET", "k%d" % i, "v") for i in range(10)])
        info = fields(c, "persistence")
        assert info["rdb_changes_since_last_save"] == "10" and info["aof_rewrites"] == "0", info
        c.call("BGREWRITEAOF")
        wait_until(lambda: int(fields(c, "persistence")["aof_base_size"]) > 0, what="the rewrite")
        info = fields(c, "persistence", "stats")
        assert info["aof_last_bgrewrite_status"] == "ok" and int(info["aof_base_size"]) > 0 and info["total_forks"] == "1", info
        if not s.redis:
            assert info["rdb_changes_since_last_save"] == "0", info
        s.restart()
        assert s.redis or fields(s.client(), "persistence")["rdb_last_load_keys_loaded"] == "10"


main(globals())
