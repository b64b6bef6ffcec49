/* cmd/lmove_cmds.c - commands that move elements between lists, and those that wait for some. */
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "block_keys.h"
#include "broker/change.h"
#include "keys_at.h"
#include "list_reply.h"

/* --- moving --- */

struct moved {
    struct buf text;
    struct slice *v; /* in the order of the destination */
    size_t n;
};

/* Copies of n elements from an end of a list: what moves may go back into the same one. */
static void moved_take(struct moved *m, const struct deque *d, bool front, size_t n, bool reverse)
{
    struct deque_pos pos;
    size_t *end = mem_alloc(n * sizeof *end);

    *m = (struct moved){.v = mem_alloc(n * sizeof *m->v), .n = n};
    deque_seek(d, front ? 0 : -(int64_t)n, &pos);
    for (size_t i = 0; i < n; i++, deque_next(&pos)) {
        buf_add_slice(&m->text, deque_value(&pos));
        end[i] = m->text.n;
    }
    for (size_t i = 0, at = 0; i < n; at = end[i++])
        m->v[reverse ? n - 1 - i : i] = (struct slice){m->text.p + at, end[i] - at};
    mem_free(end);
}

static void moved_free(struct moved *m)
{
    buf_free(&m->text);
    mem_free(m->v);
}

/* change_push() takes them one by one: at the front the last one of the destination's order goes first. */
static void moved_push(struct call *c, struct slice to, bool front, struct moved *m)
{
    for (size_t i = 0; front && i < m->n / 2; i++) {
        struct slice v = m->v[i];

        m->v[i] = m->v[m->n - 1 - i];
        m->v[m->n - 1 - i] = v;
    }
    change_push(c->broker, c->db, to, front, m->v, m->n);
}

/* The elements of a list go to its other end, or stay: told as of two lists, whatever is done. */
static void go_round(struct call *c, struct slice name, size_t length, const struct block_keys *a,
                     struct moved *m)
{
    unsigned events = c->broker->events;
    bool same_end = a->front == a->front_to;

    c->broker->events = 0;
    if (same_end && m->n < length) {
        change_pop(c->broker, c->db, name, a->front, m->n);
        moved_push(c, name, a->front_to, m);
    } else {
        moved_push(c, name, same_end ? !a->front_to : a->front_to, m);
        change_pop(c->broker, c->db, name, a->front, m->n);
    }
    c->broker->events = events;
    event_tell(c->broker, c->db, name, a->front_to ? EVENT_LPUSH : EVENT_RPUSH);
    event_tell(c->broker, c->db, name, a->front ? EVENT_LPOP : EVENT_RPOP);
}

/* A list that goes round is never empty in between, or it would lose its time limit: what is pushed comes
 * before what is popped goes. Onto the same end of the same list that order would undo itself. */
static void move(struct call *c, struct slice from, struct slice to, size_t length,
                 const struct block_keys *a, struct moved *m)
{
    if (slice_eq(from, to)) {
        go_round(c, from, length, a, m);
        return;
    }
    moved_push(c, to, a->front_to, m);
    change_pop(c->broker, c->db, from, a->front, m->n);
}

/* How many elements there are to move now: 0, not enough. */
static size_t movable(const struct block_keys *a, const struct deque *d)
{
    size_t have = deque_length(d), wanted = a->count ? (size_t)a->count : 1;

    if (a->exactly)
        return have < wanted ? 0 : wanted;
    return have < wanted ? have : wanted;
}

static int move_serve(struct call *c, const struct block_keys *a)
{
    struct key *from, *to;
    struct moved m;
    size_t n;
    int err = key_write_as(c, a->key[0], KEY_LIST, &from);

    if (err != OK)
        return err;
    n = from ? movable(a, from->list) : 0;
    if (n == 0)
        return ERR_BLOCK;
    if (key_write_as(c, a->target, KEY_LIST, &to) != OK) { /* an answer also to one who waited */
        call_error(c, ERR_TYPE);
        return ERR_REPLIED;
    }
    moved_take(&m, from->list, a->front, n, n > 1 && !a->bulk && a->front == a->front_to);
    if (a->count)
        reply_array(c->reply, n);
    for (size_t i = 0; i < n; i++)
        reply_bulk(c->reply, m.v[i]);
    move(c, a->key[0], a->target, deque_length(from->list), a, &m);
    moved_free(&m);
    return OK;
}

static bool parse_end(struct slice word, bool *front)
{
    *front = slice_is(word, "LEFT");
    return *front || slice_is(word, "RIGHT");
}

/* Without waiting: what there is, or `nothing`. */
static int move_now(struct call *c, struct block_keys *a)
{
    int err = move_serve(c, a);

    if (err != ERR_BLOCK)
        return err;
    a->nothing(c->reply);
    return OK;
}

int cmd_lmove(struct call *c)
{
    struct block_keys a = {
        .type = KEY_LIST, .key = c->arg + 1, .n = 1, .target = c->arg[2], .nothing = reply_null};

    if (!parse_end(c->arg[3], &a.front) || !parse_end(c->arg[4], &a.front_to))
        return ERR_SYNTAX;
    return move_now(c, &a);
}

int cmd_rpoplpush(struct call *c)
{
    struct block_keys a = {.type = KEY_LIST,
                           .key = c->arg + 1,
                           .n = 1,
                           .target = c->arg[2],
                           .front_to = true,
                           .nothing = reply_null};

    return move_now(c, &a);
}

/* Nothing is a null in a transaction, and a null array when the time is over. */
static int move_wait(struct call *c, struct slice timeout, struct block_keys *a)
{
    int err = block_timeout(c, timeout, &a->timeout);

    a->serve = move_serve;
    if (!c->in_exec)
        a->nothing = reply_null_array;
    return err != OK ? err : block_on_keys(c, a);
}

int cmd_blmove(struct call *c)
{
    struct block_keys a = {
        .type = KEY_LIST, .key = c->arg + 1, .n = 1, .target = c->arg[2], .nothing = reply_null};

    if (!parse_end(c->arg[3], &a.front) || !parse_end(c->arg[4], &a.front_to))
        return ERR_SYNTAX;
    return move_wait(c, c->arg[5], &a);
}

int cmd_brpoplpush(struct call *c)
{
    struct block_keys a = {.type = KEY_LIST,
                           .key = c->arg + 1,
                           .n = 1,
                           .target = c->arg[2],
                           .front_to = true,
                           .nothing = reply_null};

    return move_wait(c, c->arg[3], &a);
}

/* <LEFT | RIGHT> <LEFT | RIGHT>, and from `at` on: [<COUNT n | EXACTLY n> <OBO | BULK>]. */
static int many_parse(struct call *c, size_t at, struct block_keys *a)
{
    if (!parse_end(c->arg[3], &a->front) || !parse_end(c->arg[4], &a->front_to))
        return ERR_SYNTAX;
    a->count = 1;
    if (at == c->n)
        return OK;
    if (at + 3 != c->n)
        return ERR_SYNTAX;
    a->exactly = slice_is(c->arg[at], "EXACTLY");
    a->bulk = slice_is(c->arg[at + 2], "BULK");
    if ((!a->exactly && !slice_is(c->arg[at], "COUNT")) || (!a->bulk && !slice_is(c->arg[at + 2], "OBO")))
        return ERR_SYNTAX;
    if (!num_i64(c->arg[at + 1], &a->count) || a->count <= 0)
        return call_fail(c, "ERR %s should be greater than 0", a->exactly ? "exactly" : "count");
    return OK;
}

static void reply_empty(struct reply *r)
{
    reply_array(r, 0);
}

int cmd_lmovem(struct call *c)
{
    struct block_keys a = {.type = KEY_LIST, .key = c->arg + 1, .n = 1, .target = c->arg[2]};
    int err = many_parse(c, 5, &a);

    a.nothing = a.exactly ? reply_null_array : reply_empty;
    return err != OK ? err : move_now(c, &a);
}

int cmd_blmovem(struct call *c)
{
    struct block_keys a = {.type = KEY_LIST, .key = c->arg + 1, .n = 1, .target = c->arg[2]};
    int err = many_parse(c, 6, &a);

    a.nothing = a.exactly ? reply_null_array : reply_empty;
    return err != OK ? err : move_wait(c, c->arg[5], &a);
}

/* --- the first list that has something --- */

static int first_list(struct call *c, const struct block_keys *a, struct slice *name, struct key **k)
{
    for (size_t i = 0; i < a->n; i++) {
        int err = key_write_as(c, a->key[i], KEY_LIST, k);

        *name = a->key[i];
        if (err != OK || *k)
            return err;
    }
    return ERR_BLOCK;
}

static int bpop_serve(struct call *c, const struct block_keys *a)
{
    struct slice name;
    struct key *k;
    int err = first_list(c, a, &name, &k);

    if (err != OK)
        return err;
    reply_array(c->reply, 2);
    reply_bulk(c->reply, name);
    list_reply_one(c, k->list, a->front);
    change_pop(c->broker, c->db, name, a->front, 1);
    return OK;
}

static int bpop(struct call *c, bool front)
{
    struct block_keys a = {.type = KEY_LIST,
                           .key = c->arg + 1,
                           .n = c->n - 2,
                           .front = front,
                           .serve = bpop_serve,
                           .nothing = reply_null_array};
    int err = block_timeout(c, c->arg[c->n - 1], &a.timeout);

    return err != OK ? err : block_on_keys(c, &a);
}

int cmd_blpop(struct call *c)
{
    return bpop(c, true);
}

int cmd_brpop(struct call *c)
{
    return bpop(c, false);
}

static int mpop_serve(struct call *c, const struct block_keys *a)
{
    struct slice name;
    struct key *k;
    size_t n;
    int err = first_list(c, a, &name, &k);

    if (err != OK)
        return err;
    n = (uint64_t)a->count < deque_length(k->list) ? (size_t)a->count : deque_length(k->list);
    reply_array(c->reply, 2);
    reply_bulk(c->reply, name);
    list_reply_end(c, k->list, a->front, n);
    change_pop(c->broker, c->db, name, a->front, n);
    return OK;
}

int cmd_lmpop(struct call *c)
{
    struct block_keys a = {.type = KEY_LIST, .serve = mpop_serve, .nothing = reply_null_array};
    int err = block_mpop_parse(c, 1, "LEFT", "RIGHT", &a);

    if (err == OK && (err = mpop_serve(c, &a)) == ERR_BLOCK) {
        reply_null_array(c->reply);
        err = OK;
    }
    return err;
}

int cmd_blmpop(struct call *c)
{
    struct block_keys a = {.type = KEY_LIST, .serve = mpop_serve, .nothing = reply_null_array};
    int err;

    if ((err = block_mpop_parse(c, 2, "LEFT", "RIGHT", &a)) != OK ||
        (err = block_timeout(c, c->arg[1], &a.timeout)) != OK)
        return err;
    return block_on_keys(c, &a);
}
