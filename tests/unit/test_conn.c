/* Connections over socketpairs and loopback sockets. The owner in these tests is a line server: a line
 * is echoed, and a few first letters have a meaning (see answer()). Time is given; where the kernel has
 * to be waited for, turns() tries again until what is expected is there. */
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "net/conn.h"
#include "server/notify.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define SEC ((usec)1000000)

struct fixture {
    struct loop *loop;
    struct conns *conns;
    struct conns_limits limits;
    struct outbox_pool pool;
    struct list touched;
    struct now now;
    uint64_t safe;   /* the journal */
    uint64_t mark;   /* replies wait for this */
    unsigned budget; /* lines a turn */
    unsigned opened, closed, inputs, lines;
    struct conn *last; /* opened */
    char order[64];    /* first letters of the lines, as they were run */
    size_t n_order;
};

struct owner {
    struct fixture *t;
    struct conn *c;
    struct outbox out;
};

static void say(struct owner *o, const char *p, size_t n)
{
    uint64_t from = outbox_pos(&o->out);

    outbox_add(&o->out, p, n);
    if (o->t->mark)
        outbox_mark(&o->out, from, o->t->mark);
    if (!list_linked(&o->out.touched))
        list_push(&o->t->touched, &o->out.touched);
}

static void say_many(struct owner *o, size_t n)
{
    char *p = outbox_reserve(&o->out, n);

    memset(p, 'm', n);
    outbox_added(&o->out, n);
    if (!list_linked(&o->out.touched))
        list_push(&o->t->touched, &o->out.touched);
}

/* False: stop here. */
static bool answer(struct owner *o, const char *line, size_t n, struct conn_input *r)
{
    struct fixture *t = o->t;

    if (t->n_order < sizeof t->order - 1)
        t->order[t->n_order++] = *line;
    t->lines++;
    switch (*line) {
    case 'b': /* blocks, without a reply */
        r->blocked = true;
        return false;
    case 'q': /* quits */
        say(o, "bye\n", 4);
        r->close = true;
        return false;
    case 'k': /* is killed */
        conn_close(o->c, NULL);
        return false;
    case 'm': /* a large reply */
        say_many(o, (size_t)atol(line + 1));
        return true;
    case 'n': /* a script that does not end: others are run meanwhile */
        loop_wait(t->loop, 0);
        conns_run(t->conns, t->now);
        say(o, line, n);
        return true;
    case 's': /* silent */
        return true;
    default:
        say(o, line, n);
        return true;
    }
}

static void input(struct conn *c, struct slice bytes, struct now now, struct conn_input *r)
{
    struct owner *o = c->owner;
    unsigned left = o->t->budget;
    const char *end;
    size_t n;

    assert_int_equal(now.mono, o->t->now.mono);
    o->t->inputs++;
    while ((end = memchr(bytes.p + r->used, '\n', bytes.n - r->used))) {
        if (!left--) {
            r->again = true;
            return;
        }
        n = (size_t)(end + 1 - (bytes.p + r->used));
        r->used += n;
        if (!answer(o, end + 1 - n, n, r))
            return;
    }
    r->wants = 1;
}

static void opened(void *arg, struct conn *c)
{
    struct fixture *t = arg;
    struct owner *o = mem_zalloc(sizeof *o);

    o->t = t;
    o->c = c;
    outbox_init(&o->out, &t->pool);
    c->owner = o;
    c->out = &o->out;
    t->last = c;
    t->opened++;
}

static void closed(struct conn *c)
{
    struct owner *o = c->owner;

    o->t->closed++;
    outbox_free(&o->out);
    mem_free(o);
}

static struct conn *of(struct outbox *out)
{
    return ((struct owner *)((char *)out - offsetof(struct owner, out)))->c;
}

static int setup(void **state)
{
    struct fixture *t = mem_zalloc(sizeof *t);
    struct conn_hooks hooks = {.arg = t, .opened = opened, .input = input, .closed = closed, .of = of};

    t->limits = (struct conns_limits){.clients = 1000, .query = 1 << 20};
    t->budget = 1000;
    t->now = (struct now){.wall = 1, .mono = 1000 * SEC};
    list_init(&t->touched);
    t->loop = loop_new();
    t->conns = conns_new(t->loop, &hooks, &t->limits, t->now);
    *state = t;
    return t->loop ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *t = *state;

    conns_free(t->conns);
    assert_int_equal(t->opened, t->closed);
    assert_true(list_empty(&t->touched));
    loop_free(t->loop);
    outbox_pool_free(&t->pool);
    mem_free(t);
    return 0;
}

static void turn(struct fixture *t)
{
    loop_wait(t->loop, 0);
    conns_run(t->conns, t->now);
    conns_flush(t->conns, &t->touched, t->safe);
}

static void turns(struct fixture *t, int n)
{
    while (n--)
        turn(t);
}

static void limit(struct fixture *t)
{
    conns_set_limits(t->conns, &t->limits);
}

/* Our end of a new connection; *c is theirs. */
static int connect_pair(struct fixture *t, struct conn **c)
{
    struct accepted a = {.is_unix = true, .loopback = true, .addr = "/pair:0", .laddr = "/pair:0"};
    int fd[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd), 0);
    a.fd = fd[1];
    *c = conns_add(t->conns, &a);
    assert_non_null(*c);
    return fd[0];
}

static void put(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* What has come is `text`. */
static void expect(int fd, const char *text)
{
    char got[4096];
    ssize_t n = recv(fd, got, sizeof got - 1, 0);

    got[n > 0 ? n : 0] = 0;
    assert_string_equal(got, text);
}

static void expect_nothing(int fd)
{
    char c;

    assert_int_equal(recv(fd, &c, 1, 0), -1);
    assert_int_equal(errno, EAGAIN);
}

static void expect_end(int fd)
{
    char c;

    assert_int_equal(recv(fd, &c, 1, 0), 0);
}

/* --- bytes in --- */

static void echoes_and_holds_no_buffer(void **state)
{
    struct fixture *t = *state;
    struct conn *c;
    int fd = connect_pair(t, &c);

    put(fd, "hello\nyou\n");
    turn(t);
    expect(fd, "hello\nyou\n");
    assert_null(c->wire.query.p);
    assert_true(wire_memory(&c->wire) < 700);
    assert_int_equal(t->inputs, 1);
    assert_int_equal(conns_stats(t->conns)->reads, 1);
    assert_int_equal(conns_stats(t->conns)->writes, 1);
    assert_int_equal(conns_stats(t->conns)->bytes_in, 10);
    assert_int_equal(conns_stats(t->conns)->bytes_out, 10);
    assert_int_equal(conns_next_due(t->conns), INT64_MAX);
    close(fd);
    turn(t);
    assert_int_equal(t->closed, 1);
    assert_int_equal(conns_count(t->conns), 0);
}

static void fragments_are_kept(void **state)
{
    struct fixture *t = *state;
    struct conn *c;
    int fd = connect_pair(t, &c);

    for (const char *p = "abc\ndef\n"; *p; p++) {
        char one[2] = {*p, 0};

        put(fd, one);
        turn(t);
        if (*p == '\n') {
            expect(fd, p[1] ? "abc\n" : "def\n");
        } else {
            expect_nothing(fd);
            assert_true(c->wire.query.n > 0);
        }
    }
    assert_null(c->wire.query.p);
    close(fd);
}

/* Lines of all sizes up to some MB in pieces of all sizes come back the same. */
static void any_cut_gives_the_same(void **state)
{
    struct fixture *t = *state;
    uint64_t seed = (uint64_t)time(NULL);
    struct buf in = {0}, out = {0};
    struct random rnd;
    struct conn *c;
    int fd = connect_pair(t, &c);
    size_t sent = 0;

    random_seed(&rnd, seed);
    t->limits.query = 16 << 20;
    limit(t);
    for (int i = 0; i < 300; i++) {
        size_t n = random_below(&rnd, i % 50 == 0 ? 3000000 : i % 10 == 0 ? 100000 : 200);

        for (size_t j = 0; j < n; j++)
            buf_add_char(&in, (char)('A' + random_below(&rnd, 26)));
        buf_add_char(&in, '\n');
    }
    for (int idle = 0; out.n < in.n && idle < 1000; idle++) {
        size_t n = random_below(&rnd, 200000);
        ssize_t r;

        t->budget = 1 + (unsigned)random_below(&rnd, 20);
        r = send(fd, in.p + sent, n < in.n - sent ? n : in.n - sent, MSG_NOSIGNAL);
        if (r > 0)
            sent += (size_t)r;
        turn(t);
        r = recv(fd, buf_reserve(&out, 1 << 20), 1 << 20, 0);
        if (r > 0) {
            out.n += (size_t)r;
            idle = 0;
        }
    }
    if (out.n != in.n || memcmp(in.p, out.p, in.n) != 0)
        fail_msg("seed %llu", (unsigned long long)seed);
    assert_null(c->wire.query.p);
    buf_free(&in);
    buf_free(&out);
    close(fd);
}

static void budget_is_per_turn_and_fair(void **state)
{
    struct fixture *t = *state;
    struct conn *a, *b;
    int fa = connect_pair(t, &a), fb = connect_pair(t, &b);

    t->budget = 2;
    put(fa, "1\n2\n3\n4\n5\n");
    put(fb, "a\nc\n");
    turn(t);
    assert_int_equal(conns_next_due(t->conns), 0); /* the rest needs no event */
    put(fb, "d\n");
    turns(t, 2);
    assert_int_equal(t->n_order, 8);
    assert_true(strchr(t->order, 'd') < strchr(t->order, '5'));
    expect(fa, "1\n2\n3\n4\n5\n");
    expect(fb, "a\nc\nd\n");
    assert_int_equal(conns_next_due(t->conns), INT64_MAX);
    assert_int_equal(conns_stats(t->conns)->reads, 3); /* none for what was here already */
    close(fa);
    close(fb);
}

static void too_much_unfinished_is_dropped(void **state)
{
    struct fixture *t = *state;
    struct conn *c;
    char part[4096];
    int fd = connect_pair(t, &c);

    memset(part, 'x', sizeof part);
    for (int i = 0; i < 300 && t->closed == 0; i++) {
        if (send(fd, part, sizeof part, MSG_NOSIGNAL) < 0)
            break;
        turn(t);
    }
    assert_int_equal(t->closed, 1);
    assert_int_equal(conns_stats(t->conns)->over_query, 1);
    assert_int_equal(conns_stats(t->conns)->bytes_in, (1 << 20) + 4096);
    close(fd);
}

static void blocked_is_not_run_but_read(void **state)
{
    struct fixture *t = *state;
    struct conn *c;
    int fd = connect_pair(t, &c);

    put(fd, "1\nb\n2\n");
    turn(t);
    expect(fd, "1\n");
    assert_true(c->blocked);
    put(fd, "3\n4");
    turns(t, 3);
    expect_nothing(fd);
    assert_int_equal(c->wire.query.n, 5);
    assert_int_equal(conns_next_due(t->conns), INT64_MAX);
    conn_resume(c);
    assert_int_equal(conns_next_due(t->conns), 0);
    turn(t);
    expect(fd, "2\n3\n");
    put(fd, "\n");
    turn(t);
    expect(fd, "4\n");
    close(fd);
}

static void blocked_hangs_up(void **state)
{
    struct fixture *t = *state;
    struct conn *c;
    int fd = connect_pair(t, &c);

    put(fd, "b\nmore\n");
    turn(t);
    close(fd);
    turns(t, 2);
    assert_int_equal(t->closed, 1);
}

/* It is not read without end, yet its end is noticed. */
static void blocked_sends_much(void **state)
{
    struct fixture *t = *state;
    char part[4096];
    struct conn *c;
    size_t sent = 0;
    int fd = connect_pair(t, &c);

    memset(part, 's', sizeof part);
    part[sizeof part - 1] = '\n';
    put(fd, "b\n");
    turn(t);
    for (int i = 0; i < 1000; i++) {
        if (send(fd, part, sizeof part, MSG_NOSIGNAL) == sizeof part)
            sent += sizeof part;
        else
            i += 100;
        turn(t);
    }
    assert_true(c->wire.query.n >= 256 * 1024 && c->wire.query.n < 400 * 1024);
    assert_true(sent > c->wire.query.n && sent < 4000000);
    assert_int_equal(t->closed, 0);
    conn_resume(c); /* all of it is run after all */
    turns(t, 100);
    assert_int_equal(t->lines, 1 + sent / sizeof part);
    put(fd, "b\n");
    turn(t);
    while (send(fd, part, sizeof part, MSG_NOSIGNAL) > 0)
        turn(t);
    t->now.mono += 2 * SEC;
    turn(t);
    assert_int_equal(t->closed, 0);
    close(fd);
    assert_true(conns_next_due(t->conns) <= t->now.mono + SEC);
    t->now.mono += SEC;
    turn(t);
    assert_int_equal(t->closed, 1);
}

static void stall_stops_reading(void **state)
{
    struct fixture *t = *state;
    struct conn *a, *b;
    int fa = connect_pair(t, &a), fb = connect_pair(t, &b);

    t->budget = 1;
    put(fa, "1\n2\n");
    turn(t);
    expect(fa, "1\n");
    conns_stall(t->conns, true);
    put(fb, "x\n");
    turns(t, 3);
    expect_nothing(fa);
    expect_nothing(fb);
    assert_int_not_equal(conns_next_due(t->conns), 0);
    conns_stall(t->conns, false);
    turns(t, 2);
    expect(fa, "2\n");
    expect(fb, "x\n");
    close(fa);
    close(fb);
}

static void end_of_input_still_gets_answers(void **state)
{
    struct fixture *t = *state;
    struct conn *c;
    int fd = connect_pair(t, &c);

    t->mark = 7;
    put(fd, "1\n2\n");
    shutdown(fd, SHUT_WR);
    turns(t, 3);
    assert_int_equal(t->closed, 0);
    t->safe = 7;
    turns(t, 2);
    assert_int_equal(t->closed, 1);
    expect(fd, "1\n2\n");
    expect_end(fd);
    close(fd);
}

static void runs_within_a_run(void **state)
{
    struct fixture *t = *state;
    struct conn *a, *b;
    int fa = connect_pair(t, &a), fb = connect_pair(t, &b);

    put(fa, "n1\n2\n");
    turn(t);
    expect(fa, "n1\n2\n");
    put(fa, "n3\n4\n");
    put(fb, "x\n");
    turn(t);
    put(fa, "n5\nk\n");
    close(fb);
    turns(t, 2);
    assert_int_equal(t->closed, 2);
    assert_non_null(strstr(t->order, "n2"));
    close(fa);
}

/* --- bytes out --- */

static void reply_waits_for_the_journal(void **state)
{
    struct fixture *t = *state;
    struct conn *c;
    int fd = connect_pair(t, &c);

    t->mark = 10;
    put(fd, "1\n");
    turn(t);
    t->mark = 20;
    put(fd, "2\n");
    turn(t);
    expect_nothing(fd);
    assert_true(conns_unsent(t->conns));
    t->safe = 10;
    turn(t);
    expect(fd, "1\n");
    t->safe = 19;
    turn(t);
    expect_nothing(fd);
    t->safe = 20;
    turn(t);
    expect(fd, "2\n");
    assert_false(conns_unsent(t->conns));
    close(fd);
}

static void large_reply_goes_in_parts(void **state)
{
    struct fixture *t = *state;
    struct conn *c;
    size_t got = 0;
    int fd = connect_pair(t, &c);
    int small = 4096;
    char to[65536];
    ssize_t n;

    setsockopt(c->wire.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    put(fd, "m3000000\n5\n");
    turn(t);
    assert_true(outbox_pending(c->out) > 2000000);
    for (int i = 0; i < 10; i++)
        turn(t); /* nobody reads: nothing is tried */
    assert_int_equal(conns_stats(t->conns)->writes, 1);
    for (int i = 0; i < 5000 && got < 3000002; i++) {
        n = recv(fd, to, sizeof to, 0);
        got += n > 0 ? (size_t)n : 0;
        turn(t);
    }
    assert_int_equal(got, 3000002);
    assert_int_equal(outbox_pending(c->out), 0);
    put(fd, "6\n");
    turn(t);
    expect(fd, "6\n");
    close(fd);
}

static void hard_limit_closes_at_once(void **state)
{
    struct fixture *t = *state;
    uint64_t hard = 1000;
    struct conn *c;
    int fd = connect_pair(t, &c);

    c->out->limit = &hard;
    put(fd, "m1000\n");
    turn(t);
    assert_int_equal(t->closed, 0);
    put(fd, "m1001\n");
    turns(t, 1);
    assert_int_equal(c->wire.fd, -1);
    assert_int_equal(conns_next_due(t->conns), 0); /* closed() comes in a run, before the journal */
    turn(t);
    assert_int_equal(t->closed, 1);
    assert_int_equal(conns_stats(t->conns)->over_out, 1);
    close(fd);
}

static void soft_limit_closes_in_time(void **state)
{
    struct fixture *t = *state;
    struct out_limit limit_out = {.soft = 1000, .soft_for = 5 * SEC};
    char to[65536];
    struct conn *c;
    int fd = connect_pair(t, &c);
    int small = 4096;

    setsockopt(c->wire.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    c->limit = &limit_out;
    for (int i = 0; i < 2; i++) { /* in time */
        put(fd, "m40000\n");
        turn(t);
        t->now.mono += 4 * SEC;
        while (recv(fd, to, sizeof to, 0) > 0)
            turn(t);
        t->now.mono += 4 * SEC;
        turn(t);
    }
    assert_int_equal(t->closed, 0);
    put(fd, "m40000\n");
    turn(t);
    t->now.mono += 4 * SEC;
    put(fd, "1\n");
    turn(t);
    assert_int_equal(t->closed, 0);
    assert_true(conns_next_due(t->conns) <= t->now.mono + SEC); /* though nothing more is sent */
    t->now.mono += SEC;
    turn(t);
    assert_int_equal(t->closed, 1);
    close(fd);
}

/* --- ends --- */

static void quit_is_answered(void **state)
{
    struct fixture *t = *state;
    struct conn *c;
    int fd = connect_pair(t, &c);

    t->mark = 5;
    put(fd, "1\nq\nnever\n");
    turn(t);
    put(fd, "nor this\n");
    turns(t, 2);
    t->now.mono += 2 * CONN_GRACE; /* waiting for the journal is not the client's fault */
    turn(t);
    assert_int_equal(t->closed, 0);
    t->safe = 5;
    turns(t, 2);
    expect(fd, "1\nbye\n");
    expect_end(fd);
    assert_int_equal(t->lines, 2);
    assert_int_equal(t->closed, 1);
    close(fd);
}

static void last_reply_is_not_offered_for_ever(void **state)
{
    struct fixture *t = *state;
    struct conn *c;
    int fd = connect_pair(t, &c);

    put(fd, "m3000000\nq\n");
    turn(t);
    assert_true(conns_next_due(t->conns) > t->now.mono &&
                conns_next_due(t->conns) <= t->now.mono + CONN_GRACE);
    t->now.mono += CONN_GRACE - 1;
    turn(t);
    assert_int_equal(t->closed, 0);
    t->now.mono += 1;
    turn(t);
    assert_int_equal(t->closed, 1);
    close(fd);
}

/* Who reads its last reply slowly, but reads it, has the time for each piece anew. */
static void slow_reader_has_its_time(void **state)
{
    struct fixture *t = *state;
    struct conn *c;
    int fd = connect_pair(t, &c);
    static char piece[1 << 20];
    size_t got = 0;
    int rounds = 0;
    ssize_t n;

    put(fd, "m3000000\nq\n");
    turn(t);
    for (; !t->closed; rounds++) {
        n = recv(fd, piece, sizeof piece, 0);
        assert_true(n > 0);
        got += (size_t)n;
        t->now.mono += CONN_GRACE / 2;
        turn(t); /* sends what there is room for */
        t->now.mono += CONN_GRACE - 1;
        turn(t);
    }
    assert_true(rounds > 2); /* or nothing was shown */
    while ((n = recv(fd, piece, sizeof piece, 0)) > 0)
        got += (size_t)n;
    assert_int_equal(n, 0);
    assert_int_equal(got, 3000000 + strlen("bye\n"));
    close(fd);
}

static void closed_by_the_owner(void **state)
{
    struct fixture *t = *state;
    struct conn *a, *b, *c;
    int fa = connect_pair(t, &a), fb = connect_pair(t, &b), fc = connect_pair(t, &c);

    put(fa, "1\nk\n2\n");
    loop_wait(t->loop, 0);
    conn_close(b, "told so");
    conn_close(b, NULL);
    conn_close_after(c); /* nothing to send */
    assert_int_equal(conns_count(t->conns), 1);
    assert_int_equal(t->closed, 0);
    turn(t);
    assert_int_equal(t->closed, 3);
    assert_int_equal(t->lines, 2);
    expect_end(fb);
    expect_end(fc);
    close(fa);
    close(fb);
    close(fc);
}

static void peer_resets_while_written_to(void **state)
{
    struct fixture *t = *state;
    struct conn *c;
    int fd = connect_pair(t, &c);

    put(fd, "m3000000\n");
    turn(t);
    close(fd);
    turns(t, 3);
    assert_int_equal(t->closed, 1);
}

static void idle_ones_time_out(void **state)
{
    struct fixture *t = *state;
    struct conn *a, *b, *c, *d;
    int fa = connect_pair(t, &a), fb = connect_pair(t, &b), fc = connect_pair(t, &c),
        fd = connect_pair(t, &d);

    t->limits.idle = 10 * SEC;
    limit(t);
    put(fb, "b\n");
    conn_set_patient(c, true);
    turn(t);
    assert_int_equal(conns_next_due(t->conns), t->now.mono + 10 * SEC);
    t->now.mono += 6 * SEC;
    put(fa, "1\n");
    turn(t);
    t->now.mono += 4 * SEC;
    turn(t);
    assert_int_equal(t->closed, 1);
    expect_end(fd);
    assert_int_equal(conns_next_due(t->conns), t->now.mono + 6 * SEC);
    conn_resume(b);
    conn_set_patient(c, false);
    t->now.mono += 6 * SEC;
    turn(t);
    assert_int_equal(t->closed, 2);
    t->now.mono += 4 * SEC;
    turn(t);
    assert_int_equal(t->closed, 4);
    assert_int_equal(conns_stats(t->conns)->timed_out, 4);
    close(fa);
    close(fb);
    close(fc);
    close(fd);
}

/* --- listeners --- */

static struct listener *listen_at(struct fixture *t, struct listener_options o)
{
    struct listener *l;
    struct buf why = {0};

    o.backlog = 100;
    if (listener_open(t->loop, &o, &l, &why) < 0)
        fail_msg("%.*s", (int)why.n, why.p);
    conns_listen(t->conns, l);
    return l;
}

static int dial(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

/* Turns until `fd` has something to read, for a second. */
static void await(struct fixture *t, int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    for (int i = 0; i < 1000 && poll(&p, 1, 1) == 0; i++)
        turn(t);
}

static int option(int fd, int level, int name)
{
    int v = -1;
    socklen_t n = sizeof v;

    assert_int_equal(getsockopt(fd, level, name, &v, &n), 0);
    return v;
}

static void accepts_on_loopback(void **state)
{
    struct fixture *t = *state;
    struct listener *l =
        listen_at(t, (struct listener_options){
                         .bind = "127.0.0.1 -203.0.113.77", .port = LISTEN_ANY_PORT, .keepalive = 300});
    int fd = dial(listener_port(l));
    struct sockaddr_in a;
    socklen_t n = sizeof a;
    char addr[64];

    put(fd, "hi\n");
    await(t, fd);
    expect(fd, "hi\n");
    getsockname(fd, (struct sockaddr *)&a, &n);
    snprintf(addr, sizeof addr, "127.0.0.1:%d", ntohs(a.sin_port));
    assert_string_equal(t->last->wire.addr, addr);
    snprintf(addr, sizeof addr, "127.0.0.1:%d", listener_port(l));
    assert_string_equal(t->last->wire.laddr, addr);
    assert_true(t->last->wire.loopback && !t->last->wire.is_unix);
    assert_int_equal(option(t->last->wire.fd, IPPROTO_TCP, TCP_NODELAY), 1);
    assert_int_equal(option(t->last->wire.fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    assert_int_equal(option(t->last->wire.fd, IPPROTO_TCP, TCP_KEEPIDLE), 300);
    assert_int_equal(option(t->last->wire.fd, IPPROTO_TCP, TCP_KEEPINTVL), 100);
    assert_true(fcntl(t->last->wire.fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(t->last->wire.fd, F_GETFD) & FD_CLOEXEC);
    conns_listen(t->conns, NULL);
    listener_free(l);
    put(fd, "again\n");
    await(t, fd);
    expect(fd, "again\n");
    close(fd);
}

static void address_in_use_is_an_error(void **state)
{
    struct fixture *t = *state;
    struct listener *l =
        listen_at(t, (struct listener_options){.bind = "127.0.0.1", .port = LISTEN_ANY_PORT});
    struct listener_options o = {.bind = "-127.0.0.1", .port = listener_port(l), .backlog = 1};
    struct listener *l2 = NULL;
    struct buf why = {0};

    assert_int_equal(listener_open(t->loop, &o, &l2, &why), ERR_LOCKED);
    assert_null(l2);
    assert_true(why.n > 0);
    why.n = 0;
    o = (struct listener_options){.bind = "-203.0.113.77", .port = LISTEN_ANY_PORT, .backlog = 1};
    assert_int_equal(listener_open(t->loop, &o, &l2, &why), ERR_IO); /* none at all */
    why.n = 0;
    o = (struct listener_options){.bind = "not an address?", .port = LISTEN_ANY_PORT, .backlog = 1};
    assert_int_equal(listener_open(t->loop, &o, &l2, &why), ERR_IO);
    buf_free(&why);
    o = (struct listener_options){.bind = "127.0.0.1", .port = 0};
    assert_int_equal(listener_open(t->loop, &o, &l2, &why), OK);
    assert_int_equal(listener_port(l2), 0);
    listener_free(l2);
    conns_listen(t->conns, NULL);
    listener_free(l);
}

static void all_addresses_share_a_port(void **state)
{
    struct fixture *t = *state;
    struct listener *l = listen_at(t, (struct listener_options){.bind = "* -::*", .port = LISTEN_ANY_PORT});
    int fd = dial(listener_port(l));

    put(fd, "x\n");
    await(t, fd);
    expect(fd, "x\n");
    close(fd);
    conns_listen(t->conns, NULL);
    listener_free(l);
}

static int dial_unix(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    strcpy(a.sun_path, path);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

/* A socket file that nobody listens on. */
static void leave_stale(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    strcpy(a.sun_path, path);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    close(fd);
}

static void unix_socket_comes_and_goes(void **state)
{
    struct fixture *t = *state;
    char dir[] = "/tmp/leanmq-conn-XXXXXX", path[64], addr[80];
    struct listener_options o = {.unix_path = path, .unix_perm = 0770, .backlog = 10};
    struct listener *l, *l2 = NULL;
    struct buf why = {0};
    struct stat st;
    int fd;

    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/s", dir);
    leave_stale(path);
    l = listen_at(t, o);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0770);
    fd = dial_unix(path);
    put(fd, "u\n");
    await(t, fd);
    expect(fd, "u\n");
    snprintf(addr, sizeof addr, "%s:0", path);
    assert_string_equal(t->last->wire.addr, addr);
    assert_true(t->last->wire.is_unix && t->last->wire.loopback);
    assert_int_equal(listener_open(t->loop, &o, &l2, &why), ERR_LOCKED); /* in use */
    close(fd);
    conns_listen(t->conns, NULL);
    listener_free(l);
    assert_int_equal(stat(path, &st), -1);
    fd = open(path, O_CREAT | O_WRONLY, 0600);
    close(fd);
    assert_int_equal(listener_open(t->loop, &o, &l2, &why), ERR_IO); /* somebody's file */
    assert_int_equal(unlink(path), 0);
    rmdir(dir);
    buf_free(&why);
}

static void too_many_clients_are_told(void **state)
{
    struct fixture *t = *state;
    struct listener *l =
        listen_at(t, (struct listener_options){.bind = "127.0.0.1", .port = LISTEN_ANY_PORT});
    int a, b;

    t->limits.clients = 1;
    limit(t);
    a = dial(listener_port(l));
    put(a, "1\n");
    await(t, a);
    b = dial(listener_port(l));
    await(t, b);
    expect(b, "-ERR max number of clients reached\r\n");
    expect_end(b);
    expect(a, "1\n");
    assert_int_equal(conns_stats(t->conns)->rejected, 1);
    assert_int_equal(conns_stats(t->conns)->opened, 1);
    close(a);
    close(b);
    conns_listen(t->conns, NULL);
    listener_free(l);
}

static void strangers_are_denied(void **state)
{
    struct fixture *t = *state;
    struct accepted a = {.addr = "192.0.2.1:5", .laddr = "192.0.2.2:6"};
    char got[1024];
    int fd[2];
    ssize_t n;

    t->limits.protect = true;
    limit(t);
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd);
    a.fd = fd[1];
    assert_null(conns_add(t->conns, &a));
    n = recv(fd[0], got, sizeof got, 0);
    assert_true(n > 100);
    assert_memory_equal(got, "-DENIED leanmqd is running in protected mode because ", 53);
    assert_memory_equal(got + n - 2, "\r\n", 2);
    expect_end(fd[0]);
    close(fd[0]);
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd);
    a.fd = fd[1];
    a.loopback = true;
    assert_non_null(conns_add(t->conns, &a));
    close(fd[0]);
}

/* Out of file descriptors: nobody is lost, the loop does not spin, and it goes on by itself. */
static void survives_without_descriptors(void **state)
{
    struct fixture *t = *state;
    struct listener *l =
        listen_at(t, (struct listener_options){.bind = "127.0.0.1", .port = LISTEN_ANY_PORT});
    struct rlimit old, low;
    int fd = dial(listener_port(l));
    int lowest = dup(fd);

    close(lowest);
    getrlimit(RLIMIT_NOFILE, &old);
    low = old;
    low.rlim_cur = (rlim_t)lowest;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    put(fd, "x\n");
    for (int i = 0; i < 1000 && listener_due(l) == INT64_MAX; i++)
        turn(t);
    assert_int_equal(conns_next_due(t->conns), listener_due(l));
    assert_true(listener_due(l) > t->now.mono);
    t->now.mono = listener_due(l);
    turns(t, 3);
    assert_int_equal(t->opened, 0);
    assert_int_not_equal(listener_due(l), INT64_MAX);
    setrlimit(RLIMIT_NOFILE, &old);
    t->now.mono = listener_due(l);
    await(t, fd);
    expect(fd, "x\n");
    close(fd);
    conns_listen(t->conns, NULL);
    listener_free(l);
}

/* --- the loop --- */

static void note(void *arg, int what)
{
    *(int *)arg = what;
}

static void loop_takes_signals_and_events(void **state)
{
    struct fixture *t = *state;
    int fd = eventfd(0, EFD_NONBLOCK), got = 0;
    struct loop_watch *w = loop_fd(t->loop, fd, note, &got);
    usec start;

    assert_non_null(w);
    loop_wait(t->loop, 0);
    assert_int_equal(got, 0);
    start = clock_usec();
    loop_wait(t->loop, 20000);
    assert_true(clock_usec() - start >= 15000);
    eventfd_write(fd, 1);
    loop_wait(t->loop, -1);
    assert_int_equal(got, fd);
    loop_unwatch(w);
    assert_non_null(loop_signal(t->loop, SIGUSR2, note, &got));
    raise(SIGUSR2);
    loop_wait(t->loop, 10 * SEC);
    assert_int_equal(got, SIGUSR2);
    close(fd);
}

/* --- a word to the service manager --- */

static void notify_goes_to_the_socket(void **state)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0), n;
    char pid[32];

    (void)state;
    unsetenv("NOTIFY_SOCKET");
    assert_false(notify_state("READY=1"));
    n = snprintf(a.sun_path + 1, sizeof a.sun_path - 1, "leanmq-test-%d", (int)getpid());
    assert_int_equal(
        bind(fd, (struct sockaddr *)&a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)),
        0);
    a.sun_path[0] = '@';
    setenv("NOTIFY_SOCKET", a.sun_path, 1);
    assert_true(notify_state("READY=1"));
    expect(fd, "READY=1");
    unsetenv("NOTIFY_SOCKET");
    close(fd);
    unsetenv("WATCHDOG_PID");
    setenv("WATCHDOG_USEC", "3000000", 1);
    assert_int_equal(notify_watchdog(), 1500000);
    setenv("WATCHDOG_PID", "1", 1);
    assert_int_equal(notify_watchdog(), 0);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("WATCHDOG_PID", pid, 1);
    assert_int_equal(notify_watchdog(), 1500000);
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(echoes_and_holds_no_buffer),
        T(fragments_are_kept),
        T(any_cut_gives_the_same),
        T(budget_is_per_turn_and_fair),
        T(too_much_unfinished_is_dropped),
        T(blocked_is_not_run_but_read),
        T(blocked_hangs_up),
        T(blocked_sends_much),
        T(stall_stops_reading),
        T(end_of_input_still_gets_answers),
        T(runs_within_a_run),
        T(reply_waits_for_the_journal),
        T(large_reply_goes_in_parts),
        T(hard_limit_closes_at_once),
        T(soft_limit_closes_in_time),
        T(quit_is_answered),
        T(last_reply_is_not_offered_for_ever),
        T(slow_reader_has_its_time),
        T(closed_by_the_owner),
        T(peer_resets_while_written_to),
        T(idle_ones_time_out),
        T(accepts_on_loopback),
        T(address_in_use_is_an_error),
        T(all_addresses_share_a_port),
        T(unix_socket_comes_and_goes),
        T(too_many_clients_are_told),
        T(strangers_are_denied),
        T(survives_without_descriptors),
        T(loop_takes_signals_and_events),
        cmocka_unit_test(notify_goes_to_the_socket),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
