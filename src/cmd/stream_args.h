/* stream_args.h - what the stream commands have in common: ids where they stand, lists of them, options
 * of trimming, groups and their absence. For src/cmd alone.
 *
 * Functions that return an int answer nothing on OK; other values are a handler's to return. */
#ifndef CMD_STREAM_ARGS_H
#define CMD_STREAM_ARGS_H

#include "broker/change_stream.h"
#include "handlers.h"

/* --- ids --- */

/* The bounds of XRANGE, XPENDING, XAUTOCLAIM: `-` and `+`, and `(` for what lies beyond. */
int parse_start(struct call *c, struct slice text, struct stream_id *id);
int parse_end(struct call *c, struct slice text, struct stream_id *id);
/* `-` and `+` without `(`: XGROUP SETID. */
int parse_position(struct slice text, struct stream_id *id);

/* Ids as arguments, all of them parsed before anything is done. A few need no memory. */
#define IDS_ROOM 64
struct ids {
    struct stream_id *v; /* room, or for mem_free() */
    size_t n;
    struct stream_id room[IDS_ROOM];
};
/* Those up to the first that is none; ids_free() in any case. */
void ids_parse(struct ids *ids, const struct slice *arg, size_t n);
void ids_free(struct ids *ids);

/* --- XADD and XTRIM --- */

/* KEEPREF, DELREF or ACKED. */
bool parse_refs(struct slice word, enum refs_policy *refs);

struct add_args {
    struct stream_trim trim;
    bool no_make;    /* NOMKSTREAM */
    bool by_content; /* IDMPAUTO: the idempotent id is to be made; else it stands behind the producer */
    enum stream_id_want want; /* XADD: which id */
    struct stream_id id;
    size_t at;     /* XADD: where the id stands */
    size_t pid_at; /* XADD: where the producer stands, behind IDMP or IDMPAUTO; 0: neither is there */
};
int parse_add(struct call *c, struct add_args *a);
int parse_trim(struct call *c, struct stream_trim *trim);
/* "*", "ms-*", "ms-seq" or "ms": the id of a message to be. */
int parse_new_id(struct slice text, enum stream_id_want *want, struct stream_id *id);

/* --- keys and groups --- */

int stream_read(struct call *c, struct slice name, const struct stream **s); /* NULL: absent */
int stream_write(struct call *c, struct slice name, const struct stream **s);
/* "No such key or consumer group": arg[1] and arg[2] are meant, also when there is no group of that name. */
int group_wanted(struct call *c, const struct stream **s, struct group **g);
int fail_no_group_of(struct call *c, struct slice group, struct slice key); /* the other wording */
/* Whether the group has this consumer or room for it: before consumer_at(). */
int consumer_admit_one(struct call *c, struct slice key, const struct group *g, struct slice name);
static inline int consumer_admit(struct call *c, struct slice key, const struct group *g, struct slice name)
{
    uint64_t most = (uint64_t)c->service->config.stream_group_max_consumers;

    return dict_count(&g->consumers) < most ? OK : consumer_admit_one(c, key, g, name);
}
/* The consumer that reads, made if need be, and seen; its queue knows whose connection reads as it. What else
 * is known of the group may have changed. */
struct consumer *reader_at(struct call *c, struct slice key, const struct stream *s, struct group *g,
                           struct slice name);
/* Now; in a replay, which has no now, when this process started. For what is not journaled. */
msec soft_now(const struct call *c);
/* Delivered at or before this, a pending entry has been idle for so long; see pending_is_idle(). */
msec idle_until(const struct call *c, int64_t min_idle);
/* The consumer (NULL: nobody) holds the message, as *p has it. */
bool lease_is_held(const struct group *g, const struct consumer *who, struct stream_id id, struct pending *p);
/* The entry with that id, live. `pos` is a place to look at first (of stream_seek()), and just behind the
 * entry afterwards: one after the other costs less than finding each. */
bool find_from(const struct stream *s, struct stream_pos *pos, struct stream_id id, struct entry *e);

#endif
