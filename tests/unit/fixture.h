/* fixture.h - sessions without a socket and without a clock: a test hands bytes to one at a time of its
 * choosing and compares the reply, rendered as text:
 *
 *     expect(t, 0, "XADD jobs 1-0 job a", "1-0");
 *     expect(t, 5 * SEC, "XRANGE jobs - +", "[[1-0 [job a]]]");
 *
 * bulk string    as it is; "" when empty           integer   :1
 * status         +OK                               error     -ERR ...
 * array          [a b]                             map       {name value ...}
 * null           nil                               null array of RESP2   nil-array
 *
 * A command is a line as redis-cli takes it, quotes and all. Nothing to say (the client waits) is "...".
 */
#ifndef TESTS_FIXTURE_H
#define TESTS_FIXTURE_H

#include "base/mem.h"
#include "broker/broker.h"
#include "cmd/service.h"
#include "cmd/session.h"
#include "queue/settle.h"
#include "queue/run.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the above first */
#include <cmocka.h>

#define SEC             ((msec)1000)
#define EPOCH           ((msec)1700000000000) /* wall time of a test's 0 */
#define FIXTURE_CLIENTS 8
#define FIXTURE_UNUSED  __attribute__((unused)) /* no test needs all of this */

struct fixture {
    struct service service;
    struct session *client[FIXTURE_CLIENTS]; /* made as they are named */
    struct buf text;                         /* the reply rendered last */
};

static inline struct now fixture_now(msec at)
{
    return (struct now){.wall = EPOCH + at, .mono = (at + 1) * 1000};
}

/* --- replies as text --- */

static const char *render(struct buf *text, const char *p);

static const char *render_elements(struct buf *text, const char *p, long n, char open, char close)
{
    buf_add_char(text, open);
    for (long i = 0; i < n; i++) {
        if (i)
            buf_add_char(text, ' ');
        p = render(text, p);
    }
    buf_add_char(text, close);
    return p;
}

static const char *render_bulk(struct buf *text, const char *p, long n)
{
    if (n < 0) {
        buf_add_str(text, "nil");
        return p;
    }
    if (n == 0)
        buf_add_str(text, "\"\"");
    buf_add(text, p, (size_t)n);
    return p + n + 2;
}

/* One value; where the next begins. */
static const char *render(struct buf *text, const char *p)
{
    const char *line = p, *end = strchr(p, '\r'); /* strstr() reads it all under a sanitizer */
    long n = strtol(p + 1, NULL, 10);

    p = end + 2;
    switch (*line) {
    case '$':
        return render_bulk(text, p, n);
    case '=':
        return render_bulk(text, p + 4, n - 4);
    case '_':
        buf_add_str(text, "nil");
        return p;
    case '*':
        if (n < 0)
            buf_add_str(text, "nil-array");
        return n < 0 ? p : render_elements(text, p, n, '[', ']');
    case '~':
    case '>':
        return render_elements(text, p, n, '[', ']');
    case '%':
        return render_elements(text, p, 2 * n, '{', '}');
    default:
        buf_add(text, line, (size_t)(end - line));
        return p;
    }
}

/* --- clients --- */

static struct session *client(struct fixture *t, int who, msec at)
{
    if (!t->client[who])
        t->client[who] = session_new(&t->service, fixture_now(at));
    return t->client[who];
}

/* What the client has been told and not looked at: several replies are joined by " | ". Good until the
 * next call. */
static const char *heard(struct fixture *t, int who)
{
    struct outbox *o = &client(t, who, 0)->out;
    struct slice ready = outbox_ready(o, UINT64_MAX);
    struct buf bytes = {0};
    const char *p;

    t->text.n = 0;
    buf_add_slice(&bytes, ready);
    buf_add_char(&bytes, '\0');
    for (p = bytes.p; p < bytes.p + ready.n;) {
        if (t->text.n)
            buf_add_str(&t->text, " | ");
        p = render(&t->text, p);
    }
    outbox_taken(o, ready.n);
    buf_free(&bytes);
    if (ready.n == 0)
        buf_add_str(&t->text, "...");
    buf_add_char(&t->text, '\0');
    return t->text.p;
}

/* What a turn does about time: keys expire, waits end. */
FIXTURE_UNUSED static void pass_time(struct fixture *t, msec at)
{
    struct now now = fixture_now(at);

    while (queue_run(&t->service.broker, now, 100))
        ;
    session_run_end(&t->service, now);
}

/* Gives the client's session these bytes, in one piece, and does what a turn does besides. */
static void feed(struct fixture *t, msec at, int who, struct slice bytes)
{
    struct session *s = client(t, who, at);
    struct session_run run = session_input(s, bytes.p, bytes.n, UINT32_MAX, fixture_now(at));

    assert_int_equal(run.used, bytes.n);
    session_run_end(&t->service, fixture_now(at));
    service_apply_config(&t->service);
}

/* What `command` is answered at that time, in milliseconds. */
static const char *answer_to(struct fixture *t, msec at, int who, const char *command)
{
    struct buf line = {0};

    heard(t, who);
    buf_add_str(&line, command);
    buf_add_str(&line, "\r\n");
    feed(t, at, who, buf_slice(&line));
    buf_free(&line);
    return heard(t, who);
}

#define expect(t, at, command, reply)         assert_string_equal(answer_to(t, at, 0, command), reply)
#define expect_as(t, who, at, command, reply) assert_string_equal(answer_to(t, at, who, command), reply)
#define expect_heard(t, who, reply)           assert_string_equal(heard(t, who), reply)

FIXTURE_UNUSED static void hang_up(struct fixture *t, int who)
{
    if (t->client[who])
        session_free(t->client[who]);
    t->client[who] = NULL;
}

/* --- setup and teardown of a test --- */

FIXTURE_UNUSED static int fixture_new(void **state)
{
    struct fixture *t = mem_zalloc(sizeof *t);
    char run_id[41];

    memset(run_id, 'f', 40);
    run_id[40] = '\0';
    service_init(&t->service, (struct hash_seed){1, 2}, run_id);
    service_start(&t->service);
    *state = t;
    return 0;
}

FIXTURE_UNUSED static int fixture_free(void **state)
{
    struct fixture *t = *state;

    for (int i = 0; i < FIXTURE_CLIENTS; i++)
        hang_up(t, i);
    service_free(&t->service);
    buf_free(&t->text);
    mem_free(t);
    return 0;
}

#endif
