/* cmd/key.c - see cmd/key.h. */
#include "cmd/key.h"
#include "broker/change.h"
#include "cmd/session.h"

/* Past its time: it looks gone, and goes, but for a pause. Who may write in a pause (a transaction that made
 * it) may delete. */
static __attribute__((noinline)) void key_late(struct call *c, struct key *k)
{
    if (c->broker->frozen && !(c->cmd->flags & CMD_WRITE))
        return;
    change_expired(c->broker, c->db, key_name(k));
}

/* A key past its time is not there: whoever meets it first removes it. Not a replay: there the journal
 * says when it went. */
bool key_end(struct call *c, struct key *k)
{
    if (!k->expiry || c->broker->origin == ORIGIN_REPLAY || !key_expired(k, c->now.wall))
        return false;
    key_late(c, k);
    return true;
}

static inline struct key *key_live(struct call *c, struct slice name)
{
    struct key *k = db_find(c->broker, c->db, name);

    return k && key_end(c, k) ? NULL : k;
}

static inline struct key *used(struct call *c, struct key *k)
{
    if (k && !(c->session && c->session->no_touch))
        k->used = c->broker->ticks;
    return k;
}

static __attribute__((noinline)) void miss(struct call *c, struct slice name)
{
    c->broker->stats.keyspace_misses++;
    event_tell(c->broker, c->db, name, EVENT_KEYMISS);
}

struct key *key_look(struct call *c, struct slice name)
{
    struct key *k = key_live(c, name);

    if (k)
        c->broker->stats.keyspace_hits++;
    else
        miss(c, name);
    return k;
}

struct key *key_peek(struct call *c, struct slice name)
{
    struct key *k = key_live(c, name);

    *(k ? &c->broker->stats.keyspace_hits : &c->broker->stats.keyspace_misses) += 1;
    return k;
}

struct key *key_read(struct call *c, struct slice name)
{
    return used(c, key_look(c, name));
}

struct key *key_write(struct call *c, struct slice name)
{
    return used(c, key_live(c, name));
}

struct key *key_write_in(struct call *c, int db, struct slice name)
{
    struct call other = *c;

    other.db = db;
    return key_write(&other, name);
}

static int typed(struct key *k, enum key_type type, struct key **out)
{
    *out = k;
    return k && k->type != type ? ERR_TYPE : OK;
}

int key_read_as(struct call *c, struct slice name, enum key_type type, struct key **out)
{
    return typed(key_read(c, name), type, out);
}

int key_write_as(struct call *c, struct slice name, enum key_type type, struct key **out)
{
    return typed(key_write(c, name), type, out);
}
