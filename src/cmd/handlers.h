/* The handlers, by file. Each is the `run` of a row in table.c. */
#ifndef CMD_HANDLERS_H
#define CMD_HANDLERS_H

#include "cmd/call.h"
#include "cmd/key.h"
#include "cmd/service.h"
#include "cmd/session.h"

/* conn_cmds.c */
int cmd_ping(struct call *c), cmd_echo(struct call *c), cmd_hello(struct call *c), cmd_auth(struct call *c),
    cmd_select(struct call *c), cmd_quit(struct call *c), cmd_reset(struct call *c);
/* client_cmds.c */
int cmd_client_id(struct call *c), cmd_client_info(struct call *c), cmd_client_list(struct call *c),
    cmd_client_setname(struct call *c), cmd_client_getname(struct call *c),
    cmd_client_setinfo(struct call *c), cmd_client_kill(struct call *c), cmd_client_unblock(struct call *c),
    cmd_client_reply(struct call *c), cmd_client_help(struct call *c), cmd_client_no_evict(struct call *c),
    cmd_client_no_touch(struct call *c), cmd_client_tracking(struct call *c),
    cmd_client_getredir(struct call *c), cmd_client_trackinginfo(struct call *c),
    cmd_client_pause(struct call *c), cmd_client_unpause(struct call *c);
/* command_cmds.c, command_keys.c, command_docs.c */
int cmd_command(struct call *c), cmd_command_count(struct call *c), cmd_command_info(struct call *c),
    cmd_command_docs(struct call *c), cmd_command_getkeys(struct call *c),
    cmd_command_getkeysandflags(struct call *c), cmd_command_list(struct call *c),
    cmd_command_help(struct call *c);
/* config_cmds.c, server_cmds.c, info.c, debug_cmds.c */
int cmd_info(struct call *c), cmd_config_get(struct call *c), cmd_config_set(struct call *c),
    cmd_config_help(struct call *c), cmd_config_resetstat(struct call *c), cmd_config_rewrite(struct call *c),
    cmd_dbsize(struct call *c), cmd_flushdb(struct call *c), cmd_flushall(struct call *c),
    cmd_shutdown(struct call *c), cmd_bgrewriteaof(struct call *c), cmd_time(struct call *c);
int cmd_debug(struct call *c);
/* slowlog.c, latency.c, monitor.c */
int cmd_slowlog_get(struct call *c), cmd_slowlog_len(struct call *c), cmd_slowlog_reset(struct call *c),
    cmd_slowlog_help(struct call *c);
int cmd_latency_latest(struct call *c), cmd_latency_history(struct call *c),
    cmd_latency_reset(struct call *c), cmd_latency_graph(struct call *c), cmd_latency_doctor(struct call *c),
    cmd_latency_histogram(struct call *c), cmd_latency_help(struct call *c);
int cmd_monitor(struct call *c);
/* policy_cmds.c */
int cmd_qpolicy_set(struct call *c), cmd_qpolicy_get(struct call *c), cmd_qpolicy_del(struct call *c),
    cmd_qpolicy_list(struct call *c), cmd_qpolicy_show(struct call *c), cmd_qpolicy_help(struct call *c);
/* durable_cmds.c */
int cmd_wait(struct call *c), cmd_waitaof(struct call *c), cmd_lastsave(struct call *c),
    cmd_save(struct call *c), cmd_bgsave(struct call *c);
/* replica_cmds.c */
int cmd_role(struct call *c), cmd_replicaof(struct call *c), cmd_no_replication(struct call *c),
    cmd_failover(struct call *c), cmd_no_cluster(struct call *c);
/* memory_cmds.c */
int cmd_memory_usage(struct call *c), cmd_memory_stats(struct call *c), cmd_memory_doctor(struct call *c),
    cmd_memory_malloc_stats(struct call *c), cmd_memory_purge(struct call *c),
    cmd_memory_help(struct call *c);
/* acl_cmds.c */
int cmd_acl_whoami(struct call *c), cmd_acl_list(struct call *c), cmd_acl_users(struct call *c),
    cmd_acl_getuser(struct call *c), cmd_acl_cat(struct call *c), cmd_acl_genpass(struct call *c),
    cmd_acl_log(struct call *c), cmd_acl_dryrun(struct call *c), cmd_acl_help(struct call *c);
/* absent_cmds.c */
int cmd_module_list(struct call *c), cmd_module_help(struct call *c),
    cmd_lolwut(struct call *c);
/* dump_cmds.c */
int cmd_dump(struct call *c), cmd_restore(struct call *c);
/* key_cmds.c */
int cmd_del(struct call *c), cmd_exists(struct call *c), cmd_type(struct call *c), cmd_expire(struct call *c),
    cmd_pexpire(struct call *c), cmd_expireat(struct call *c), cmd_pexpireat(struct call *c),
    cmd_ttl(struct call *c), cmd_pttl(struct call *c), cmd_persist(struct call *c), cmd_touch(struct call *c),
    cmd_expiretime(struct call *c), cmd_pexpiretime(struct call *c);
/* keyspace_cmds.c */
int cmd_keys(struct call *c), cmd_scan(struct call *c), cmd_randomkey(struct call *c);
/* move_cmds.c */
int cmd_rename(struct call *c), cmd_renamenx(struct call *c), cmd_move(struct call *c),
    cmd_copy(struct call *c), cmd_swapdb(struct call *c);
int call_db(struct call *c, struct slice arg, int *db); /* a database's number; ERR_*, or answered */
/* hll_cmds.c */
int cmd_pfadd(struct call *c), cmd_pfcount(struct call *c), cmd_pfmerge(struct call *c);
/* geo_cmds.c */
int cmd_geoadd(struct call *c), cmd_geopos(struct call *c), cmd_geohash(struct call *c),
    cmd_geodist(struct call *c), cmd_georadius(struct call *c), cmd_georadius_ro(struct call *c),
    cmd_georadiusbymember(struct call *c), cmd_georadiusbymember_ro(struct call *c),
    cmd_geosearch(struct call *c), cmd_geosearchstore(struct call *c);
size_t keys_georadius(const struct slice *arg, size_t n, size_t *pos, size_t max);
/* sort_cmds.c */
int cmd_sort(struct call *c), cmd_sort_ro(struct call *c);
size_t keys_sort(const struct slice *arg, size_t n, size_t *pos, size_t max);
/* object_cmds.c */
int cmd_object_encoding(struct call *c), cmd_object_freq(struct call *c), cmd_object_idletime(struct call *c),
    cmd_object_refcount(struct call *c), cmd_object_help(struct call *c);
/* string_cmds.c */
int cmd_set(struct call *c), cmd_get(struct call *c), cmd_incr(struct call *c), cmd_incrby(struct call *c),
    cmd_decr(struct call *c), cmd_decrby(struct call *c);
/* member_scan_cmds.c */
int cmd_hscan(struct call *c), cmd_sscan(struct call *c), cmd_zscan(struct call *c);
/* hash_cmds.c */
int cmd_hset(struct call *c), cmd_hmset(struct call *c), cmd_hsetnx(struct call *c), cmd_hget(struct call *c),
    cmd_hmget(struct call *c), cmd_hgetall(struct call *c), cmd_hkeys(struct call *c),
    cmd_hvals(struct call *c), cmd_hdel(struct call *c), cmd_hlen(struct call *c),
    cmd_hexists(struct call *c), cmd_hstrlen(struct call *c), cmd_hincrby(struct call *c),
    cmd_hincrbyfloat(struct call *c), cmd_hrandfield(struct call *c);
/* set_cmds.c */
int cmd_sadd(struct call *c), cmd_srem(struct call *c), cmd_sismember(struct call *c),
    cmd_smismember(struct call *c), cmd_scard(struct call *c), cmd_smembers(struct call *c),
    cmd_spop(struct call *c), cmd_srandmember(struct call *c), cmd_smove(struct call *c),
    cmd_sinter(struct call *c), cmd_sunion(struct call *c), cmd_sdiff(struct call *c),
    cmd_sinterstore(struct call *c), cmd_sunionstore(struct call *c), cmd_sdiffstore(struct call *c),
    cmd_sintercard(struct call *c);
/* zset_cmds.c, zrange_cmds.c, zpop_cmds.c, zalgebra_cmds.c */
int cmd_zadd(struct call *c), cmd_zincrby(struct call *c), cmd_zrem(struct call *c),
    cmd_zcard(struct call *c), cmd_zscore(struct call *c), cmd_zmscore(struct call *c),
    cmd_zrank(struct call *c), cmd_zrevrank(struct call *c), cmd_zrandmember(struct call *c);
int cmd_zrange(struct call *c), cmd_zrevrange(struct call *c), cmd_zrangebyscore(struct call *c),
    cmd_zrevrangebyscore(struct call *c), cmd_zrangebylex(struct call *c), cmd_zrevrangebylex(struct call *c),
    cmd_zrangestore(struct call *c), cmd_zcount(struct call *c), cmd_zlexcount(struct call *c),
    cmd_zremrangebyrank(struct call *c), cmd_zremrangebyscore(struct call *c),
    cmd_zremrangebylex(struct call *c);
int cmd_zpopmin(struct call *c), cmd_zpopmax(struct call *c), cmd_bzpopmin(struct call *c),
    cmd_bzpopmax(struct call *c), cmd_zmpop(struct call *c), cmd_bzmpop(struct call *c);
int cmd_zinter(struct call *c), cmd_zunion(struct call *c), cmd_zdiff(struct call *c),
    cmd_zinterstore(struct call *c), cmd_zunionstore(struct call *c), cmd_zdiffstore(struct call *c),
    cmd_zintercard(struct call *c);
int cmd_setnx(struct call *c), cmd_setex(struct call *c), cmd_psetex(struct call *c),
    cmd_getset(struct call *c), cmd_getdel(struct call *c), cmd_getex(struct call *c),
    cmd_mget(struct call *c), cmd_mset(struct call *c), cmd_msetnx(struct call *c),
    cmd_incrbyfloat(struct call *c);
/* string_range_cmds.c, bit_cmds.c, bitfield_cmds.c */
int cmd_strlen(struct call *c), cmd_append(struct call *c), cmd_setrange(struct call *c),
    cmd_getrange(struct call *c), cmd_lcs(struct call *c);
int cmd_getbit(struct call *c), cmd_setbit(struct call *c), cmd_bitcount(struct call *c),
    cmd_bitpos(struct call *c), cmd_bitop(struct call *c), cmd_bitfield(struct call *c),
    cmd_bitfield_ro(struct call *c);
/* lmove_cmds.c */
int cmd_lmove(struct call *c), cmd_rpoplpush(struct call *c), cmd_lmovem(struct call *c),
    cmd_blmove(struct call *c), cmd_brpoplpush(struct call *c), cmd_blmovem(struct call *c),
    cmd_blpop(struct call *c), cmd_brpop(struct call *c), cmd_lmpop(struct call *c),
    cmd_blmpop(struct call *c);
/* list_cmds.c */
int cmd_lpushx(struct call *c), cmd_rpushx(struct call *c), cmd_lrange(struct call *c),
    cmd_lindex(struct call *c), cmd_lpos(struct call *c), cmd_lset(struct call *c),
    cmd_linsert(struct call *c), cmd_lrem(struct call *c), cmd_ltrim(struct call *c);
int cmd_lpush(struct call *c), cmd_rpush(struct call *c), cmd_lpop(struct call *c), cmd_rpop(struct call *c),
    cmd_llen(struct call *c);
/* pubsub_cmds.c */
int cmd_spublish(struct call *c), cmd_ssubscribe(struct call *c), cmd_sunsubscribe(struct call *c),
    cmd_pubsub_channels(struct call *c), cmd_pubsub_shardchannels(struct call *c),
    cmd_pubsub_numsub(struct call *c), cmd_pubsub_shardnumsub(struct call *c),
    cmd_pubsub_numpat(struct call *c), cmd_pubsub_help(struct call *c);
int cmd_publish(struct call *c), cmd_subscribe(struct call *c), cmd_unsubscribe(struct call *c),
    cmd_psubscribe(struct call *c), cmd_punsubscribe(struct call *c);
/* script_cmds.c */
int cmd_eval(struct call *c), cmd_evalsha(struct call *c), cmd_eval_ro(struct call *c),
    cmd_evalsha_ro(struct call *c), cmd_script_load(struct call *c), cmd_script_exists(struct call *c),
    cmd_script_flush(struct call *c), cmd_script_kill(struct call *c), cmd_script_debug(struct call *c),
    cmd_script_help(struct call *c);
/* function_cmds.c, function_dump.c */
int cmd_fcall(struct call *c), cmd_fcall_ro(struct call *c), cmd_function_load(struct call *c),
    cmd_function_delete(struct call *c), cmd_function_flush(struct call *c), cmd_function_list(struct call *c),
    cmd_function_stats(struct call *c), cmd_function_kill(struct call *c), cmd_function_help(struct call *c);
int cmd_function_dump(struct call *c), cmd_function_restore(struct call *c);
/* multi_cmds.c */
int cmd_multi(struct call *c), cmd_exec(struct call *c), cmd_discard(struct call *c),
    cmd_watch(struct call *c), cmd_unwatch(struct call *c);
void multi_queue(struct call *c);     /* inside MULTI: keeps the command, answers QUEUED */
void multi_forget(struct session *s); /* DISCARD without a reply: RESET, a closed connection */
/* stream_cmds.c */
int cmd_xadd(struct call *c), cmd_xlen(struct call *c), cmd_xrange(struct call *c),
    cmd_xrevrange(struct call *c), cmd_xdel(struct call *c), cmd_xtrim(struct call *c),
    cmd_xsetid(struct call *c);
/* removal_cmds.c */
int cmd_xdelex(struct call *c), cmd_xackdel(struct call *c);
/* idmp_cmds.c */
int cmd_xcfgset(struct call *c), cmd_xidmprecord(struct call *c);
/* read_cmds.c */
int cmd_xread(struct call *c), cmd_xreadgroup(struct call *c);
size_t keys_xread(const struct slice *arg, size_t n, size_t *pos, size_t max);
/* group_cmds.c */
int cmd_xack(struct call *c), cmd_xclaim(struct call *c), cmd_xautoclaim(struct call *c),
    cmd_xpending(struct call *c), cmd_xgroup_create(struct call *c), cmd_xgroup_setid(struct call *c),
    cmd_xgroup_destroy(struct call *c), cmd_xgroup_createconsumer(struct call *c),
    cmd_xgroup_delconsumer(struct call *c), cmd_xgroup_help(struct call *c);
/* nack_cmds.c */
int cmd_xnack(struct call *c);
/* xinfo_cmds.c */
int cmd_xinfo_stream(struct call *c), cmd_xinfo_groups(struct call *c), cmd_xinfo_consumers(struct call *c),
    cmd_xinfo_help(struct call *c);
/* qlease_cmds.c, qpeek_cmds.c, qlook_cmds.c */
int cmd_qack(struct call *c);
int cmd_qnack(struct call *c);
int cmd_qextend(struct call *c);
int cmd_qpeek(struct call *c);
int cmd_qstat(struct call *c);
int cmd_qlist(struct call *c);
int cmd_qredrive(struct call *c);
int cmd_qwatch(struct call *c);
int cmd_qpurge(struct call *c);
size_t keys_redrive(const struct slice *arg, size_t n, size_t *pos, size_t max);
/* record_cmds.c */
int cmd_record_add(struct call *c);
int cmd_record_deliver(struct call *c);
int cmd_record_dlq(struct call *c);
int cmd_record_drop(struct call *c);
int cmd_record_forget(struct call *c);
int cmd_record_hold(struct call *c);
int cmd_record_idmp(struct call *c);
int cmd_record_nack(struct call *c);
int cmd_record_skip(struct call *c);
/* queue_record_cmds.c */
int cmd_record_back(struct call *c);
int cmd_record_end(struct call *c);
int cmd_record_extend(struct call *c);
int cmd_record_passed(struct call *c);
int cmd_record_queue(struct call *c);
int cmd_record_take(struct call *c);
int cmd_record_totals(struct call *c);
/* delay_record_cmds.c */
int cmd_record_arrive(struct call *c);
int cmd_record_cancel(struct call *c);
int cmd_record_delay(struct call *c);
int cmd_record_lapse(struct call *c);
int cmd_record_number(struct call *c);
int cmd_record_seen(struct call *c);
int cmd_qadd(struct call *c);
int cmd_qcancel(struct call *c);

/* HELP of a container: a line of text each. */
int reply_help(struct call *c, const char *const *line);

#endif
