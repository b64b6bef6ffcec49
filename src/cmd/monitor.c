/* cmd/monitor.c - every command as a line to those who watch. See cmd/monitor.h. */
#include "cmd/monitor.h"
#include "base/err.h"
#include "handlers.h"
#include "secret.h"

/* In quotes, and whatever is not printable ASCII escaped: as redis-cli shows it. */
static void put_quoted(struct buf *b, struct slice s)
{
    static const char from[] = "\\\"\n\r\t\a\b", to[] = "\\\"nrtab", hex[] = "0123456789abcdef";

    buf_add_char(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char ch = (unsigned char)s.p[i];
        const char *special = ch ? strchr(from, ch) : NULL;

        if (special) {
            buf_add_char(b, '\\');
            buf_add_char(b, to[special - from]);
        } else if (ch >= ' ' && ch <= '~') {
            buf_add_char(b, (char)ch);
        } else {
            buf_add(b, "\\x", 2);
            buf_add_char(b, hex[ch >> 4]);
            buf_add_char(b, hex[ch & 15]);
        }
    }
    buf_add_char(b, '"');
}

/* +1339518083.107412 [0 127.0.0.1:60866] "keys" "*". The clock is asked here, as in TIME: whoever watches
 * wants to know the order to the microsecond. */
static void put_line(struct buf *b, const struct call *c)
{
    int64_t now = clock_wall_usec();

    buf_addf(b, "+%lld.%06d [%d %s]", (long long)(now / 1000000), (int)(now % 1000000), c->session->db,
             c->session->wire->addr);
    for (size_t i = 0; i < c->n; i++) {
        buf_add_char(b, ' ');
        put_quoted(b, i && secret_argument(c, i) ? SECRET_SHOWN : c->arg[i]);
    }
    buf_add(b, "\r\n", 2);
}

static void tell(struct broker *b, struct session *m, struct slice lines)
{
    uint64_t from = outbox_pos(&m->out);

    if (m->out.muted)
        return;
    outbox_add(&m->out, lines.p, lines.n);
    outbox_mark(&m->out, from, broker_offset(b));
    broker_touch(b, &m->out);
}

/* Those that would leave more than `hard` bytes unread are closed; 0: no limit. */
static void tell_all(struct service *s, struct slice lines, uint64_t hard)
{
    list_for_each_safe (it, tmp, &s->monitors) {
        struct session *m = list_entry(it, struct session, monitor);

        if (hard && outbox_pending(&m->out) + lines.n > hard) {
            monitor_stop(m);
            session_kill(m);
        } else {
            tell(&s->broker, m, lines);
        }
    }
}

static void close_all(struct service *s)
{
    list_for_each_safe (it, tmp, &s->monitors) {
        struct session *m = list_entry(it, struct session, monitor);

        monitor_stop(m);
        session_kill(m);
    }
}

static size_t bytes_of(const struct call *c)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n; i++)
        n += c->arg[i].n;
    return n;
}

/* The lines of a transaction are kept until it is over: they leave together, once the journal holds all of
 * it, and do not land inside the reply of a monitor's own EXEC. */
static void keep(const struct call *c)
{
    struct service *s = c->service;
    struct buf *lines = &s->monitor_lines;
    uint64_t hard = s->config.output[OUTPUT_PUBSUB].hard;

    if (hard && lines->n + bytes_of(c) > hard) { /* nobody could take them: not even made */
        close_all(s);
        return;
    }
    put_line(lines, c);
}

static void let_go(struct service *s)
{
    tell_all(s, buf_slice(&s->monitor_lines), s->config.output[OUTPUT_PUBSUB].hard);
    buf_free(&s->monitor_lines);
}

void monitor_show(const struct call *c)
{
    if (c->cmd->flags & (CMD_SKIP_MONITOR | CMD_ADMIN))
        return;
    keep(c);
    if (!c->in_exec)
        let_go(c->service);
}

void monitor_begin(const struct call *c)
{
    keep(c);
}

void monitor_end(const struct call *c)
{
    if (!c->in_exec)
        let_go(c->service);
}

void monitor_stop(struct session *s)
{
    if (!list_linked(&s->monitor))
        return;
    list_remove(&s->monitor);
    session_limit_output(s);
    if (list_empty(&s->service->monitors))
        buf_free(&s->service->monitor_lines);
    service_look(s->service);
}

int cmd_monitor(struct call *c)
{
    if (c->in_exec)
        return call_fail(c, "ERR MONITOR isn't allowed for DENY BLOCKING client");
    if (list_linked(&c->session->monitor)) /* Redis says nothing, too */
        return OK;
    list_push(&c->service->monitors, &c->session->monitor);
    session_limit_output(c->session);
    service_look(c->service);
    reply_ok(c->reply);
    return OK;
}
