/* cmd/slowlog.c - commands that took long. See cmd/slowlog.h. */
#include "cmd/slowlog.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "handlers.h"
#include "secret.h"

#include <stdio.h>

#define ARGS_MAX  32  /* kept of a command, as in Redis; the last one then says how many more there were */
#define BYTES_MAX 128 /* kept of an argument */
#define MORE_MAX  64  /* "... (18446744073709551615 more arguments)" */

struct slow {
    struct list node;
    uint64_t id;
    msec when;
    usec took;
    struct slice *arg; /* from args_copy() */
    size_t n;
    char *addr, *name; /* of the client */
};

void slowlog_init(struct slowlog *l)
{
    *l = (struct slowlog){0};
    list_init(&l->entries);
}

static void drop_oldest(struct slowlog *l)
{
    struct slow *e = list_entry(l->entries.prev, struct slow, node);

    list_remove(&e->node);
    mem_free(e->arg);
    mem_free(e->addr);
    mem_free(e->name);
    mem_free(e);
    l->n--;
}

void slowlog_clear(struct slowlog *l)
{
    while (l->n)
        drop_oldest(l);
}

bool slowlog_wants(const struct service *s, usec took)
{
    return s->config.slowlog_log_slower_than >= 0 && took >= s->config.slowlog_log_slower_than &&
           s->config.slowlog_max_len > 0;
}

static void add(struct slowlog *l, const struct session *s, const struct slice *arg, size_t n, usec took,
                msec now)
{
    struct slow *e = mem_alloc(sizeof *e);

    *e = (struct slow){.id = l->next_id++,
                       .when = now,
                       .took = took,
                       .arg = args_copy(arg, n),
                       .n = n,
                       .addr = mem_strdup(slice_of(s->wire->addr)),
                       .name = mem_strdup(slice_of(s->name ? s->name : ""))};
    list_push_front(&l->entries, &e->node);
    l->n++;
    while (l->n > (size_t)s->service->config.slowlog_max_len)
        drop_oldest(l);
}

/* What is shown of an argument; `room` is for a text of its own. */
static struct slice shortened(struct slice arg, char room[BYTES_MAX + MORE_MAX])
{
    int n;

    if (arg.n <= BYTES_MAX)
        return arg;
    memcpy(room, arg.p, BYTES_MAX);
    n = snprintf(room + BYTES_MAX, MORE_MAX, "... (%zu more bytes)", arg.n - BYTES_MAX);
    return (struct slice){room, BYTES_MAX + (size_t)n};
}

void slowlog_offer(struct slowlog *l, const struct call *c, usec took)
{
    struct slice arg[ARGS_MAX];
    char room[ARGS_MAX][BYTES_MAX + MORE_MAX];
    size_t n = c->n < ARGS_MAX ? c->n : ARGS_MAX;

    if (!slowlog_wants(c->service, took) || c->cmd->flags & CMD_SKIP_SLOWLOG)
        return;
    for (size_t i = 0; i < n; i++)
        arg[i] = i && secret_argument(c, i) ? SECRET_SHOWN : shortened(c->arg[i], room[i]);
    if (c->n > n) {
        int len = snprintf(room[n - 1], sizeof room[0], "... (%zu more arguments)", c->n - n + 1);

        arg[n - 1] = (struct slice){room[n - 1], (size_t)len};
    }
    add(l, c->session, arg, n, took, c->now.wall);
}

static bool among(const struct slice *arg, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (arg[i].p == name)
            return true;
    return false;
}

/* Their names, each once, and how many there were. */
void slowlog_add_batch(struct slowlog *l, const struct session *s, const uint16_t *row, unsigned n, usec took,
                       msec now)
{
    struct slice arg[ARGS_MAX];
    char text[MORE_MAX];
    size_t names = 0;

    for (unsigned i = 0; i < n && names < ARGS_MAX - 1; i++)
        if (!among(arg, names, command_table[row[i]].name))
            arg[names++] = slice_of(command_table[row[i]].name);
    arg[names] = (struct slice){text, (size_t)snprintf(text, sizeof text, "(%u commands timed together)", n)};
    add(l, s, arg, names + 1, took, now);
}

/* --- SLOWLOG --- */

static void reply_slow(struct reply *r, const struct slow *e)
{
    reply_array(r, 6);
    reply_int(r, (int64_t)e->id);
    reply_int(r, e->when / 1000);
    reply_int(r, e->took);
    reply_array(r, e->n);
    for (size_t i = 0; i < e->n; i++)
        reply_bulk(r, e->arg[i]);
    reply_bulk_str(r, e->addr);
    reply_bulk_str(r, e->name);
}

int cmd_slowlog_get(struct call *c)
{
    const struct slowlog *l = &c->service->slowlog;
    int64_t count = 10;
    size_t left;

    if (c->n > 3)
        return call_bad_subcommand(c);
    if (c->n == 3 && (!num_i64(c->arg[2], &count) || count < -1))
        return call_fail(c, "ERR count should be greater than or equal to -1");
    left = count < 0 || (uint64_t)count > l->n ? l->n : (size_t)count;
    reply_array(c->reply, left);
    for (struct list *it = l->entries.next; left; it = it->next, left--)
        reply_slow(c->reply, list_entry(it, struct slow, node));
    return OK;
}

int cmd_slowlog_len(struct call *c)
{
    reply_int(c->reply, (int64_t)c->service->slowlog.n);
    return OK;
}

int cmd_slowlog_reset(struct call *c)
{
    slowlog_clear(&c->service->slowlog);
    reply_ok(c->reply);
    return OK;
}

int cmd_slowlog_help(struct call *c)
{
    static const char *const line[] = {
        "GET [<count>]",
        "    The last <count> slow commands, the latest first (default: 10; -1: all):",
        "    number, Unix time, microseconds, arguments, address and name of the client.",
        "LEN",
        "    How many there are.",
        "RESET",
        "    Forget them.",
        NULL,
    };

    return reply_help(c, line);
}
