/* leanmq-bench - puts a message broker that speaks Redis' protocol under load, and checks what it does.
 *
 * One thread, one epoll; a producer adds batches of --pipeline messages and waits for their replies, a
 * consumer acknowledges what it got in the same write that asks for more. Every message says its number
 * and when it left, and its bytes follow from its number, so a consumer can tell a loss, a duplicate and
 * damage. What is measured is the server: its CPU time per message is the figure that does not depend on
 * how busy the machine is, and comparing two servers in alternating rounds takes out the rest.
 *
 * Replies are RESP2. Messages are `XADD queue * d <bytes>`. */
#include "base/clock.h"
#include "base/num.h"
#include "base/slice.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SEC          1000000
#define BLOCK_MS     "200"        /* a consumer waits this long for a message before it asks again */
#define READ_SIZE    (64 * 1024)  /* room for one recv() */
#define BULK_MAX     (512 << 20)  /* Redis' own limit for one string */
#define ARRAY_MAX    (1 << 24)    /* longer than any reply to what we ask */
#define LINE_MAX_LEN (64 * 1024)  /* an error or a length that has no end is not RESP */
#define SEQ_MAX      (1ULL << 32) /* the numbers of messages: bounds the bitmap of those seen */
#define EVENTS       256
#define TEXT_MAX     256

/* ---- bytes: what waits to be sent, or to be understood ---- */

struct bytes {
    char *p;
    size_t start, end, cap; /* p[start..end) is held */
};

static void *resize(void *p, size_t n)
{
    void *q = realloc(p, n);

    if (!q) {
        fputs("leanmq-bench: out of memory\n", stderr);
        exit(1);
    }
    return q;
}

/* Room for n more bytes at p + end. Offsets from `start` stay good, pointers do not. */
static void bytes_room(struct bytes *b, size_t n)
{
    if (b->start > 0 && (b->start == b->end || b->cap - b->end < n)) {
        memmove(b->p, b->p + b->start, b->end - b->start);
        b->end -= b->start;
        b->start = 0;
    }
    if (b->cap - b->end < n) {
        b->cap = 2 * b->cap > b->end + n ? 2 * b->cap : b->end + n;
        b->p = resize(b->p, b->cap);
    }
}

static void bytes_put(struct bytes *b, const void *p, size_t n)
{
    bytes_room(b, n);
    memcpy(b->p + b->end, p, n);
    b->end += n;
}

static void bytes_header(struct bytes *b, char type, uint64_t n)
{
    bytes_room(b, NUM_MAX + 3);
    b->p[b->end++] = type;
    b->end += num_put_u64(b->p + b->end, n);
    b->p[b->end++] = '\r';
    b->p[b->end++] = '\n';
}

static void bytes_word(struct bytes *b, struct slice word)
{
    bytes_header(b, '$', word.n);
    bytes_put(b, word.p, word.n);
    bytes_put(b, "\r\n", 2);
}

/* A request of words that are C strings, ended by NULL. */
static void bytes_vrequest(struct bytes *b, va_list words)
{
    const char *word;
    va_list count;
    size_t n = 0;

    va_copy(count, words);
    while (va_arg(count, const char *))
        n++;
    va_end(count);
    bytes_header(b, '*', n);
    while ((word = va_arg(words, const char *)))
        bytes_word(b, slice_of(word));
}

static void bytes_request(struct bytes *b, ...)
{
    va_list words;

    va_start(words, b);
    bytes_vrequest(b, words);
    va_end(words);
}

static void bytes_free(struct bytes *b)
{
    free(b->p);
    *b = (struct bytes){0};
}

/* ---- replies ---- */

struct element {
    char type;         /* + - : $ * */
    int64_t n;         /* the number of ':', the length of '$' and '*' (-1: nil) */
    struct slice text; /* of + - $, a view */
};

/* Takes one element, for an array its header alone. The bytes it took; 0: not all there yet; -1: not RESP. */
static ssize_t element_take(const char *p, const char *end, struct element *e)
{
    const char *eol = memchr(p, '\n', end - p);
    size_t line;

    if (!eol)
        return end - p > LINE_MAX_LEN ? -1 : 0;
    line = eol + 1 - p;
    if (line < 3 || eol[-1] != '\r')
        return -1;
    *e = (struct element){.type = *p, .text = {p + 1, line - 3}};
    if (*p == '+' || *p == '-')
        return line;
    if (!strchr(":$*", *p) || !num_i64(e->text, &e->n))
        return -1;
    if (*p == ':')
        return line;
    if (e->n < -1 || e->n > (*p == '$' ? BULK_MAX : ARRAY_MAX))
        return -1;
    if (*p == '*' || e->n < 0)
        return line;
    if (end - p < (ssize_t)line + e->n + 2)
        return 0;
    e->text = (struct slice){p + line, e->n};
    return memcmp(p + line + e->n, "\r\n", 2) == 0 ? (ssize_t)line + e->n + 2 : -1;
}

/* A walk over a reply that is known to be whole. */
struct cursor {
    const char *p, *end;
};

/* The next element, if it is of the type expected. */
static bool cursor_take(struct cursor *c, char type, struct element *e)
{
    ssize_t n = c->p < c->end ? element_take(c->p, c->end, e) : -1;

    if (n <= 0 || e->type != type)
        return false;
    c->p += n;
    return true;
}

/* ---- histogram: log buckets, 16 to each power of two, so a percentile is at most 1/16 too high ---- */

#define HIST_SUB 16

struct histogram {
    uint64_t n, max;
    uint64_t bucket[61 * HIST_SUB];
};

static unsigned hist_index(uint64_t v)
{
    unsigned power = v < HIST_SUB ? 0 : 60 - __builtin_clzll(v); /* 16..31 is the power 1 */

    return power ? power * HIST_SUB + (v >> (power - 1)) - HIST_SUB : v;
}

static uint64_t hist_upper(unsigned index)
{
    unsigned power = index / HIST_SUB;

    return power ? ((uint64_t)(index % HIST_SUB + HIST_SUB + 1) << (power - 1)) - 1 : index;
}

static void hist_add(struct histogram *h, usec v, uint64_t times)
{
    uint64_t value = v > 0 ? v : 0;

    h->n += times;
    h->max = value > h->max ? value : h->max;
    h->bucket[hist_index(value)] += times;
}

static uint64_t hist_percentile(const struct histogram *h, double percent)
{
    uint64_t rank = ceil(h->n * percent / 100), sum = 0;

    for (unsigned i = 0; h->n > 0 && i < sizeof(h->bucket) / sizeof(*h->bucket); i++)
        if ((sum += h->bucket[i]) >= rank)
            return hist_upper(i) < h->max ? hist_upper(i) : h->max;
    return h->max;
}

/* ---- the payload ---- */

/* The head of each message; PATTERN bytes from an offset that depends on the number fill the rest. */
struct stamp {
    uint64_t seq;
    int64_t sent; /* monotonic microseconds: comparable in one process, and on one machine */
    uint64_t check;
};

#define PATTERN_SHIFTS 256

static uint64_t stamp_check(const struct stamp *s)
{
    return (s->seq * 0x9e3779b97f4a7c15 ^ s->sent) * 0xbf58476d1ce4e5b9 + 1;
}

/* The same bytes in every process: who consumes need not be who produced. */
static char *pattern_new(size_t size)
{
    char *p = resize(NULL, size + PATTERN_SHIFTS);
    uint32_t x = 1;

    for (size_t i = 0; i < size + PATTERN_SHIFTS; i++) {
        x = x * 1664525 + 1013904223;
        p[i] = x >> 24;
    }
    return p;
}

/* ---- what is asked for ---- */

enum kind { PRODUCE, CONSUME, E2E, KINDS };

static const char *const kind_name[KINDS] = {"produce", "consume", "e2e"};

struct options {
    const char *host, *unix_path, *user, *auth, *queue, *group, *workload;
    uint64_t port, size, clients, consumers, pipeline, count, batch, first, rate, rounds, timeout;
    bool fill, keep, json, help;
};

/* A server and how to name it to a person. */
struct place {
    char name[TEXT_MAX], host[TEXT_MAX], port[8];
    bool is_unix; /* host is a path */
};

struct result {
    bool ok;
    enum kind kind;
    uint64_t messages, duplicates, lost, damaged, unacked, errors;
    uint64_t p50, p99, max;               /* microseconds */
    double seconds, rate, cpu_us, own_us; /* the CPU per message: the server's (NAN: it does not say), ours */
    char first_error[TEXT_MAX], failure[2 * TEXT_MAX];
};

/* ---- one run of a workload ---- */

enum role { CONTROL, PRODUCER, CONSUMER };

struct peer {
    int fd;
    enum role role;
    bool wants_write; /* epoll watches for room to send */
    struct bytes in, out;
    size_t scanned;        /* of the reply that begins at in.start: bytes known to be whole elements, */
    uint64_t left;         /* and elements still to come; 0: it is whole */
    uint64_t inflight;     /* requests without a reply; a consumer's are XACK, then XREADGROUP */
    bool acking;           /* the first of them is an XACK */
    usec sent;             /* when the producer's batch, or the XREADGROUP, left */
    struct bytes read_cmd; /* a consumer's XREADGROUP */
};

struct load {
    const struct options *o;
    const struct place *at;
    struct result *res;
    enum kind kind;
    bool empty_first, empty_after; /* delete the queue */

    int epoll;
    struct peer control, *peer; /* producers come first */
    unsigned producers, peers, turn;
    struct bytes add_head; /* an XADD up to its payload */
    char *pattern;
    usec now, started, last, deadline;

    uint64_t next, end;             /* numbers still to be sent */
    uint64_t sent, added, failed;   /* XADDs: left, with an id as reply, with an error */
    uint64_t seen, acked, acks_out; /* distinct messages received; XACK's count; XACKs without a reply */
    uint64_t inflight;              /* of all peers */
    uint64_t *seen_bits, seen_cap;  /* by number; cap is in bits */
    struct histogram latency;
};

/* The run ends here; the first reason is the one that counts. Always false. */
__attribute__((format(printf, 2, 3))) static bool fail(struct load *l, const char *fmt, ...)
{
    va_list args;

    if (l->res->failure[0])
        return false;
    va_start(args, fmt);
    vsnprintf(l->res->failure, sizeof(l->res->failure), fmt, args);
    va_end(args);
    return false;
}

static void error_reply(struct load *l, struct slice text)
{
    if (l->res->errors++ == 0)
        snprintf(l->res->first_error, sizeof(l->res->first_error), "%.*s", SLICE_ARG(text));
}

/* ---- a connection's bytes ---- */

static bool peer_watch_write(struct load *l, struct peer *p, bool wanted)
{
    struct epoll_event ev = {.events = EPOLLIN | (wanted ? EPOLLOUT : 0), .data.ptr = p};

    if (p->wants_write == wanted || p->role == CONTROL)
        return true;
    p->wants_write = wanted;
    return epoll_ctl(l->epoll, EPOLL_CTL_MOD, p->fd, &ev) == 0 || fail(l, "epoll: %s", strerror(errno));
}

/* Sends what the socket takes; the rest goes when epoll says so. */
static bool peer_flush(struct load *l, struct peer *p)
{
    while (p->out.start < p->out.end) {
        ssize_t n = send(p->fd, p->out.p + p->out.start, p->out.end - p->out.start, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            break;
        if (n < 0)
            return fail(l, "%s: cannot send: %s", l->at->name, strerror(errno));
        p->out.start += n;
    }
    return peer_watch_write(l, p, p->out.start < p->out.end);
}

/* One recv(). True if the connection lives, whether or not there was something. */
static bool peer_receive(struct load *l, struct peer *p)
{
    ssize_t n;

    bytes_room(&p->in, READ_SIZE);
    n = recv(p->fd, p->in.p + p->in.end, p->in.cap - p->in.end, 0);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ||
               fail(l, "%s: cannot receive: %s", l->at->name, strerror(errno));
    if (n == 0)
        return fail(l, "%s: the server closed the connection", l->at->name);
    p->in.end += n;
    return true;
}

/* Is the next reply there as a whole? Goes on where it stopped, so a long reply is scanned once.
 * 1: yes, from in.start on, `scanned` bytes; 0: no; -1: it is not RESP. An array only adds to what is
 * left, so depth needs no stack. */
static int reply_whole(struct peer *p)
{
    struct element e;

    while (p->left > 0) {
        size_t at = p->in.start + p->scanned;
        ssize_t n = at < p->in.end ? element_take(p->in.p + at, p->in.p + p->in.end, &e) : 0;

        if (n <= 0)
            return n;
        p->scanned += n;
        p->left += (e.type == '*' && e.n > 0 ? e.n : 0) - 1;
    }
    return 1;
}

static void reply_drop(struct peer *p)
{
    p->in.start += p->scanned;
    p->scanned = 0;
    p->left = 1;
}

/* ---- asking one thing and waiting for it: setting up, counting, cleaning ---- */

static bool peer_poll(struct load *l, struct peer *p, short events)
{
    usec left = l->deadline - clock_usec();
    struct pollfd pfd = {.fd = p->fd, .events = events};

    if (left <= 0 || poll(&pfd, 1, left / 1000 + 1) == 0)
        return fail(l, "%s: timed out waiting for the server", l->at->name);
    return true;
}

static bool ask_wait(struct load *l, struct peer *p)
{
    int whole;

    while ((whole = reply_whole(p)) == 0) {
        bool unsent = p->out.start < p->out.end;

        if (!peer_poll(l, p, POLLIN | (unsent ? POLLOUT : 0)) || !peer_flush(l, p) || !peer_receive(l, p))
            return false;
    }
    return whole > 0 || fail(l, "%s: does not speak Redis' protocol", l->at->name);
}

/* Sends words, ended by NULL, and gives the reply's first element: good until the next ask. An error
 * reply is for the caller to judge. */
static bool ask(struct load *l, struct peer *p, struct element *e, ...)
{
    va_list words;

    if (p->left == 0)
        reply_drop(p);
    va_start(words, e);
    bytes_vrequest(&p->out, words);
    va_end(words);
    if (!peer_flush(l, p) || !ask_wait(l, p))
        return false;
    element_take(p->in.p + p->in.start, p->in.p + p->in.end, e);
    return true;
}

static bool refused(struct load *l, const char *what, const struct element *e)
{
    error_reply(l, e->text);
    return fail(l, "%s: %s: %.*s", l->at->name, what, SLICE_ARG(e->text));
}

/* ---- connecting ---- */

static int connect_to(struct load *l, int family, const struct sockaddr *to, socklen_t len, struct peer *p)
{
    int err = 0, one = 1;
    socklen_t size = sizeof(err);

    p->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (p->fd < 0)
        return errno;
    if (family != AF_UNIX)
        setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (connect(p->fd, to, len) < 0)
        err = errno;
    if (err == EINPROGRESS) {
        if (!peer_poll(l, p, POLLOUT))
            err = ETIMEDOUT;
        else
            getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &err, &size);
    }
    if (err) {
        close(p->fd);
        p->fd = -1;
    }
    return err;
}

static bool connect_unix(struct load *l, struct peer *p)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    int err;

    if (strlen(l->at->host) >= sizeof(sun.sun_path))
        return fail(l, "%s: the path is too long for a socket", l->at->name);
    strcpy(sun.sun_path, l->at->host);
    err = connect_to(l, AF_UNIX, (struct sockaddr *)&sun, sizeof(sun), p);
    return err == 0 || fail(l, "cannot connect to %s: %s", l->at->name, strerror(err));
}

static bool connect_tcp(struct load *l, struct peer *p)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    int err = getaddrinfo(l->at->host, l->at->port, &hints, &list);

    if (err)
        return fail(l, "cannot find %s: %s", l->at->name, gai_strerror(err));
    for (struct addrinfo *a = list; a; a = a->ai_next) {
        err = connect_to(l, a->ai_family, a->ai_addr, a->ai_addrlen, p);
        if (err == 0)
            break;
    }
    freeaddrinfo(list);
    return err == 0 || fail(l, "cannot connect to %s: %s", l->at->name, strerror(err));
}

static bool login(struct load *l, struct peer *p)
{
    const char *user = l->o->user, *auth = l->o->auth;
    struct element e;

    if (auth) {
        bool sent = user ? ask(l, p, &e, "AUTH", user, auth, NULL) : ask(l, p, &e, "AUTH", auth, NULL);

        if (!sent || e.type == '-')
            return sent && refused(l, "login failed", &e);
    }
    if (!ask(l, p, &e, "PING", NULL))
        return false;
    if (e.type == '-')
        return refused(l, e.text.n > 6 && !memcmp(e.text.p, "NOAUTH", 6) ? "use --auth" : "PING", &e);
    reply_drop(p);
    return true;
}

static bool peer_open(struct load *l, struct peer *p, enum role role)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = p};

    *p = (struct peer){.fd = -1, .role = CONTROL, .left = 1};
    if (!(l->at->is_unix ? connect_unix(l, p) : connect_tcp(l, p)) || !login(l, p))
        return false;
    p->role = role;
    if (role == CONTROL)
        return true;
    return epoll_ctl(l->epoll, EPOLL_CTL_ADD, p->fd, &ev) == 0 || fail(l, "epoll: %s", strerror(errno));
}

static void peer_close(struct peer *p)
{
    if (p->fd >= 0)
        close(p->fd);
    bytes_free(&p->in);
    bytes_free(&p->out);
    bytes_free(&p->read_cmd);
    p->fd = -1;
}

/* ---- producers ---- */

/* How many messages may leave now. With consumers the loop is closed: as many are on their way as the
 * producers could hold, or latency would measure nothing but how far they ran ahead. */
static uint64_t producers_allowance(const struct load *l)
{
    uint64_t can = l->end - l->next, underway = l->sent - l->failed - l->seen, room, due;

    if (l->kind == E2E) {
        room = l->o->clients * l->o->pipeline;
        room = underway < room ? room - underway : 0;
        can = can < room ? can : room;
    }
    if (l->o->rate) {
        due = (double)l->o->rate * (l->now - l->started) / SEC + 1;
        due = due > l->sent ? due - l->sent : 0;
        can = can < due ? can : due;
    }
    return can;
}

static void producer_add(struct load *l, struct peer *p)
{
    size_t size = l->o->size;
    struct stamp s = {.seq = l->next++, .sent = l->now};
    char *to;

    s.check = stamp_check(&s);
    bytes_room(&p->out, l->add_head.end + size + 2);
    to = p->out.p + p->out.end;
    memcpy(to, l->add_head.p, l->add_head.end);
    to += l->add_head.end;
    memcpy(to, &s, sizeof(s));
    memcpy(to + sizeof(s), l->pattern + s.seq % PATTERN_SHIFTS, size - sizeof(s));
    memcpy(to + size, "\r\n", 2);
    p->out.end += l->add_head.end + size + 2;
}

static bool producer_batch(struct load *l, struct peer *p, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        producer_add(l, p);
    p->sent = l->now;
    p->inflight = n;
    l->inflight += n;
    l->sent += n;
    return peer_flush(l, p);
}

/* A producer sends when it has all replies: the batches, and so the server's work per read, are the same
 * for every server. They take turns at being first, for the allowance may not reach all. */
static bool producers_feed(struct load *l)
{
    uint64_t can = producers_allowance(l);

    l->turn++;
    for (unsigned i = 0; i < l->producers && can > 0; i++) {
        struct peer *p = &l->peer[(l->turn + i) % l->producers];
        uint64_t n = can < l->o->pipeline ? can : l->o->pipeline;

        if (p->inflight > 0)
            continue;
        if (!producer_batch(l, p, n))
            return false;
        can -= n;
    }
    return true;
}

static bool producer_reply(struct load *l, struct peer *p, const struct element *e)
{
    p->inflight--;
    l->inflight--;
    if (e->type == '-') {
        error_reply(l, e->text);
        l->failed++;
        return true;
    }
    if (e->type != '$' || e->n <= 0)
        return fail(l, "%s: XADD did not answer with an id", l->at->name);
    l->added++;
    if (l->kind == PRODUCE) {
        hist_add(&l->latency, l->now - p->sent, 1);
        l->last = l->now;
    }
    return true;
}

/* ---- consumers ---- */

static uint64_t consume_target(const struct load *l)
{
    return l->o->count - l->failed;
}

static bool seen_mark(struct load *l, uint64_t seq)
{
    uint64_t bit = 1ULL << seq % 64, cap = l->seen_cap ? l->seen_cap : 1 << 16;
    bool first;

    while (cap <= seq)
        cap *= 2;
    if (cap > l->seen_cap) {
        l->seen_bits = resize(l->seen_bits, cap / 8);
        memset((char *)l->seen_bits + l->seen_cap / 8, 0, (cap - l->seen_cap) / 8);
        l->seen_cap = cap;
    }
    first = !(l->seen_bits[seq / 64] & bit);
    l->seen_bits[seq / 64] |= bit;
    return first;
}

/* Is it one of ours, whole, and new? */
static void message_check(struct load *l, struct slice text)
{
    struct stamp s = {0};
    size_t rest = l->o->size - sizeof(s);

    if (text.n == l->o->size)
        memcpy(&s, text.p, sizeof(s));
    if (text.n != l->o->size || s.check != stamp_check(&s) || s.seq >= SEQ_MAX ||
        memcmp(text.p + sizeof(s), l->pattern + s.seq % PATTERN_SHIFTS, rest) != 0) {
        l->res->damaged++;
        return;
    }
    if (!seen_mark(l, s.seq)) {
        l->res->duplicates++;
        return;
    }
    l->seen++;
    if (l->kind == E2E)
        hist_add(&l->latency, l->now - s.sent, 1);
}

/* Checks one message and adds its id to the XACK being built. */
static bool consumer_message(struct load *l, struct peer *p, struct cursor *c)
{
    struct element e, id;

    if (!cursor_take(c, '*', &e) || e.n != 2 || !cursor_take(c, '$', &id) || !cursor_take(c, '*', &e) ||
        e.n < 2)
        return false;
    for (int64_t i = 0, fields = e.n; i < fields; i++) {
        if (!cursor_take(c, '$', &e) || e.n < 0)
            return false;
        if (i == 1)
            message_check(l, e.text);
    }
    bytes_word(&p->out, id.text);
    return true;
}

static void consumer_inflight(struct load *l, struct peer *p)
{
    p->inflight++;
    l->inflight++;
}

/* [[queue, [[id, [field, value]], ...]]], or nil when no message came in time. */
static bool consumer_messages(struct load *l, struct peer *p, struct cursor c)
{
    struct element e;

    if (!cursor_take(&c, '*', &e))
        return false;
    if (e.n < 0)
        return true;
    if (l->kind == CONSUME)
        hist_add(&l->latency, l->now - p->sent, 1);
    if (e.n != 1 || !cursor_take(&c, '*', &e) || e.n != 2 || !cursor_take(&c, '$', &e) ||
        !cursor_take(&c, '*', &e))
        return false;
    bytes_header(&p->out, '*', e.n + 3);
    bytes_word(&p->out, SLICE("XACK"));
    bytes_word(&p->out, slice_of(l->o->queue));
    bytes_word(&p->out, slice_of(l->o->group));
    for (int64_t i = 0, n = e.n; i < n; i++)
        if (!consumer_message(l, p, &c))
            return false;
    p->acking = true;
    l->acks_out++;
    consumer_inflight(l, p);
    return true;
}

static bool consumer_read(struct load *l, struct peer *p)
{
    if (l->seen < consume_target(l)) {
        bytes_put(&p->out, p->read_cmd.p, p->read_cmd.end);
        consumer_inflight(l, p);
        p->sent = l->now;
    }
    return peer_flush(l, p);
}

static bool consumer_acked(struct load *l, struct peer *p, const struct element *e)
{
    p->acking = false;
    l->acks_out--;
    l->last = l->now;
    if (e->type == '-')
        error_reply(l, e->text);
    else if (e->type == ':')
        l->acked += e->n;
    else
        return fail(l, "%s: XACK did not answer with a number", l->at->name);
    return true;
}

static bool consumer_reply(struct load *l, struct peer *p, const struct element *e)
{
    struct cursor c = {p->in.p + p->in.start, p->in.p + p->in.start + p->scanned};

    p->inflight--;
    l->inflight--;
    if (p->acking)
        return consumer_acked(l, p, e);
    if (e->type == '-') /* it would be the same the next time: no sense in asking on */
        return refused(l, "XREADGROUP", e);
    if (!consumer_messages(l, p, c))
        return fail(l, "%s: XREADGROUP answered what is not a list of messages", l->at->name);
    return consumer_read(l, p);
}

/* ---- the loop ---- */

static bool peer_replies(struct load *l, struct peer *p)
{
    struct element e;
    int whole;

    while ((whole = reply_whole(p)) > 0) {
        if (p->inflight == 0)
            return fail(l, "%s: a reply that nobody asked for", l->at->name);
        element_take(p->in.p + p->in.start, p->in.p + p->in.end, &e);
        if (!(p->role == PRODUCER ? producer_reply(l, p, &e) : consumer_reply(l, p, &e)))
            return false;
        reply_drop(p);
    }
    return whole == 0 || fail(l, "%s: a reply that is not RESP", l->at->name);
}

static bool peer_turn(struct load *l, struct peer *p, uint32_t events)
{
    if ((events & EPOLLOUT) && !peer_flush(l, p))
        return false;
    if (!(events & ~(uint32_t)EPOLLOUT))
        return true;
    if (!peer_receive(l, p))
        return false;
    l->now = clock_usec();
    return peer_replies(l, p);
}

static bool load_reached(const struct load *l)
{
    if (l->kind == PRODUCE)
        return l->added + l->failed >= l->o->count;
    return l->seen >= consume_target(l) && l->acks_out == 0;
}

static bool load_quiet(const struct load *l)
{
    return l->inflight == 0;
}

static bool load_late(struct load *l)
{
    return fail(
        l, "timed out after %" PRIu64 " s: %" PRIu64 " of %" PRIu64 " messages added, %" PRIu64 " received",
        l->o->timeout, l->added, l->o->count, l->seen);
}

static bool load_until(struct load *l, bool (*done)(const struct load *))
{
    struct epoll_event ev[EVENTS];

    while (!done(l)) {
        int n = epoll_wait(l->epoll, ev, EVENTS, l->o->rate && l->next < l->end ? 1 : 100);

        l->now = clock_usec();
        if (l->now > l->deadline)
            return load_late(l);
        for (int i = 0; i < n; i++)
            if (!peer_turn(l, ev[i].data.ptr, ev[i].events))
                return false;
        if (!producers_feed(l))
            return false;
    }
    return true;
}

/* ---- before and after ---- */

/* The server's CPU seconds so far; NAN if it does not tell. */
static bool server_cpu(struct load *l, double *seconds)
{
    static const char *const field[] = {"used_cpu_user:", "used_cpu_sys:"};
    struct element e;

    *seconds = 0;
    if (!ask(l, &l->control, &e, "INFO", "cpu", NULL))
        return false;
    for (int i = 0; i < 2; i++) {
        const char *at = e.type == '$' && e.n > 0 ? memmem(e.text.p, e.n, field[i], strlen(field[i])) : NULL;

        *seconds += at ? strtod(at + strlen(field[i]), NULL) : NAN; /* ends at the latest at the bulk's \r */
    }
    return true;
}

static double own_cpu(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* A group at the start of the queue, which may be there from an earlier run; or a fresh one at its end. */
static bool group_prepare(struct load *l)
{
    const char *queue = l->o->queue, *group = l->o->group, *from = l->kind == E2E ? "$" : "0";
    struct element e;

    if (l->kind == E2E && !ask(l, &l->control, &e, "XGROUP", "DESTROY", queue, group, NULL))
        return false;
    if (!ask(l, &l->control, &e, "XGROUP", "CREATE", queue, group, from, "MKSTREAM", NULL))
        return false;
    if (e.type == '-' && !(l->kind == CONSUME && e.text.n > 9 && memcmp(e.text.p, "BUSYGROUP", 9) == 0))
        return refused(l, "XGROUP CREATE", &e);
    return true;
}

static bool queue_delete(struct load *l)
{
    struct element e;

    if (!ask(l, &l->control, &e, "DEL", l->o->queue, NULL))
        return false;
    return e.type != '-' || refused(l, "DEL", &e);
}

static void consumer_name(struct load *l, struct peer *p, unsigned i)
{
    char name[32], batch[NUM_MAX + 1];

    snprintf(name, sizeof(name), "c%u", i);
    snprintf(batch, sizeof(batch), "%" PRIu64, l->o->batch);
    bytes_request(&p->read_cmd, "XREADGROUP", "GROUP", l->o->group, name, "COUNT", batch, "BLOCK", BLOCK_MS,
                  "STREAMS", l->o->queue, ">", NULL);
}

static bool peers_open(struct load *l)
{
    unsigned producers = l->kind == CONSUME ? 0 : l->o->clients;
    unsigned consumers = l->kind == PRODUCE ? 0 : l->o->consumers;

    l->peer = resize(NULL, (producers + consumers) * sizeof(*l->peer));
    for (; l->peers < producers + consumers; l->peers++) {
        bool adds = l->peers < producers;
        struct peer *p = &l->peer[l->peers];

        if (!peer_open(l, p, adds ? PRODUCER : CONSUMER)) {
            peer_close(p);
            return false;
        }
        if (!adds)
            consumer_name(l, p, l->peers - producers);
    }
    l->producers = producers;
    return true;
}

/* Makes the requests' constant parts, and room for the pattern. */
static void load_compose(struct load *l)
{
    bytes_header(&l->add_head, '*', 5);
    bytes_word(&l->add_head, SLICE("XADD"));
    bytes_word(&l->add_head, slice_of(l->o->queue));
    bytes_word(&l->add_head, SLICE("*"));
    bytes_word(&l->add_head, SLICE("d"));
    bytes_header(&l->add_head, '$', l->o->size);
    l->pattern = pattern_new(l->o->size);
    l->next = l->o->first;
    l->end = l->kind == CONSUME ? l->next : l->next + l->o->count;
}

static bool load_prepare(struct load *l)
{
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (l->epoll < 0)
        return fail(l, "epoll: %s", strerror(errno));
    load_compose(l);
    if (!peer_open(l, &l->control, CONTROL) || (l->empty_first && !queue_delete(l)) ||
        (l->kind != PRODUCE && !group_prepare(l)))
        return false;
    return peers_open(l);
}

static bool load_start(struct load *l)
{
    l->started = l->last = l->now = clock_usec();
    for (unsigned i = l->producers; i < l->peers; i++)
        if (!consumer_read(l, &l->peer[i]))
            return false;
    return producers_feed(l);
}

static uint64_t load_messages(const struct load *l)
{
    return l->kind == PRODUCE ? l->added : l->seen;
}

/* The CPU is read between reaching the goal and the last consumers giving up waiting. */
static bool load_measure(struct load *l)
{
    double server[2], own = own_cpu();
    struct result *r = l->res;

    if (!server_cpu(l, &server[0]) || !load_start(l) || !load_until(l, load_reached) ||
        !server_cpu(l, &server[1]))
        return false;
    r->messages = load_messages(l);
    r->seconds = (l->last - l->started) / 1e6;
    if (r->messages > 0) {
        r->rate = r->seconds > 0 ? r->messages / r->seconds : 0;
        r->cpu_us = (server[1] - server[0]) * 1e6 / r->messages;
        r->own_us = (own_cpu() - own) * 1e6 / r->messages;
    }
    return load_until(l, load_quiet);
}

/* Not received though they should have been; of a run that was cut short, those it had sent. */
static uint64_t load_lost(const struct load *l)
{
    uint64_t should = l->kind == E2E ? l->sent - l->failed : l->o->count;

    return l->seen < should ? should - l->seen : 0;
}

/* What the server says it still has: added messages in a queue of our own, pending ones in our group. */
static bool server_count(struct load *l, uint64_t *n)
{
    struct cursor c;
    struct element e;
    bool asked;

    asked = l->kind == PRODUCE ? ask(l, &l->control, &e, "XLEN", l->o->queue, NULL)
                               : ask(l, &l->control, &e, "XPENDING", l->o->queue, l->o->group, NULL);
    if (!asked || e.type == '-')
        return asked && refused(l, l->kind == PRODUCE ? "XLEN" : "XPENDING", &e);
    c = (struct cursor){l->control.in.p + l->control.in.start, l->control.in.p + l->control.in.end};
    if ((l->kind != PRODUCE && !cursor_take(&c, '*', &e)) || !cursor_take(&c, ':', &e))
        return fail(l, "%s: XLEN or XPENDING did not answer with a number", l->at->name);
    *n = e.n;
    return true;
}

/* A queue that others use too, or that was there before, cannot be counted: its consumers will tell. */
static bool load_verify(struct load *l)
{
    struct result *r = l->res;
    bool ours = l->empty_first || l->kind == E2E;
    uint64_t n = 0;

    if (ours && !server_count(l, &n))
        return false;
    if (l->kind == PRODUCE) {
        r->lost = ours && n < l->added ? l->added - n : 0;
        return true;
    }
    r->lost = load_lost(l);
    r->unacked = l->acked < l->seen ? l->seen - l->acked : 0;
    r->unacked = n > r->unacked ? n : r->unacked;
    return true;
}

static void load_free(struct load *l)
{
    for (unsigned i = 0; i < l->peers; i++)
        peer_close(&l->peer[i]);
    peer_close(&l->control);
    if (l->epoll >= 0)
        close(l->epoll);
    bytes_free(&l->add_head);
    free(l->peer);
    free(l->pattern);
    free(l->seen_bits);
    free(l);
}

static struct load *load_new(const struct options *o, const struct place *at, enum kind kind,
                             struct result *res)
{
    struct load *l = resize(NULL, sizeof(*l));

    *l = (struct load){.o = o, .at = at, .kind = kind, .res = res, .epoll = -1, .control.fd = -1};
    *res = (struct result){.kind = kind, .cpu_us = NAN, .own_us = NAN};
    l->deadline = clock_usec() + (usec)o->timeout * SEC;
    l->empty_first = l->empty_after = !o->keep;
    return l;
}

/* One run, ended however it ends, and tidied up: even a late run gets a little time for that. */
static void load_run(struct load *l)
{
    struct result *r = l->res;
    bool done = load_prepare(l) && load_measure(l) && load_verify(l);

    r->messages = load_messages(l);
    if (!done && l->kind != PRODUCE && l->started)
        r->lost = load_lost(l);
    r->p50 = hist_percentile(&l->latency, 50);
    r->p99 = hist_percentile(&l->latency, 99);
    r->max = l->latency.max;
    l->deadline = clock_usec() + 5 * SEC;
    if (l->empty_after && l->peer)
        done = queue_delete(l) && done;
    r->ok = done && !r->lost && !r->damaged && !r->unacked && !r->errors;
    load_free(l);
}

static void fill_run(const struct options *o, const struct place *at, struct result *res)
{
    struct load *l = load_new(o, at, PRODUCE, res);

    l->empty_first = true;
    l->empty_after = false;
    load_run(l);
}

static void workload_run(const struct options *o, const struct place *at, enum kind kind, bool fill,
                         struct result *res)
{
    struct load *l;

    if (kind == CONSUME && fill) {
        fill_run(o, at, res);
        if (!res->ok)
            return;
    }
    l = load_new(o, at, kind, res);
    if (kind == CONSUME)
        l->empty_first = false;
    load_run(l);
}

/* ---- reporting ---- */

static void json_text(const char *s)
{
    putchar('"');
    for (; *s; s++)
        if (*s == '"' || *s == '\\')
            printf("\\%c", *s);
        else if ((unsigned char)*s < 0x20 || (unsigned char)*s > 0x7e)
            printf("\\u%04x", (unsigned char)*s);
        else
            putchar(*s);
    putchar('"');
}

static void json_number(const char *name, double v)
{
    if (isfinite(v))
        printf(",\"%s\":%.3f", name, v);
    else
        printf(",\"%s\":null", name);
}

static void json_count(const char *name, uint64_t v)
{
    printf(",\"%s\":%" PRIu64, name, v);
}

static void json_result(const struct place *at, const struct result *r)
{
    printf("{\"workload\":\"%s\",\"server\":", kind_name[r->kind]);
    json_text(at->name);
    json_count("messages", r->messages);
    json_number("seconds", r->seconds);
    json_number("rate", r->rate);
    json_count("p50_us", r->p50);
    json_count("p99_us", r->p99);
    json_count("max_us", r->max);
    json_number("cpu_us_per_msg", r->cpu_us);
    json_number("client_cpu_us_per_msg", r->own_us);
    json_count("duplicates", r->duplicates);
    json_count("lost", r->lost);
    json_count("damaged", r->damaged);
    json_count("unacked", r->unacked);
    json_count("errors", r->errors);
    printf(",\"first_error\":");
    json_text(r->first_error);
    printf(",\"failure\":");
    json_text(r->failure);
    printf(",\"ok\":%s}", r->ok ? "true" : "false");
}

/* "3.21", or a word for what the server did not tell. */
static const char *figure(double v, char text[32])
{
    if (!isfinite(v))
        return "unknown";
    snprintf(text, 32, "%.2f", v);
    return text;
}

static void print_load(const struct options *o, enum kind kind)
{
    printf("%s: %" PRIu64 " messages of %" PRIu64 " bytes", kind_name[kind], o->count, o->size);
    if (kind != CONSUME)
        printf(", %" PRIu64 " producers (pipeline %" PRIu64 ")", o->clients, o->pipeline);
    if (kind != PRODUCE)
        printf(", %" PRIu64 " consumers (batch %" PRIu64 ")", o->consumers, o->batch);
    putchar('\n');
}

static void print_checked(const struct result *r)
{
    static const char *const done[KINDS] = {"added", "received", "received"};

    printf("  checked     %" PRIu64 " %s, %" PRIu64 " lost, %" PRIu64 " duplicates, %" PRIu64
           " damaged, %" PRIu64 " unacknowledged, %" PRIu64 " errors\n",
           r->messages, done[r->kind], r->lost, r->duplicates, r->damaged, r->unacked, r->errors);
}

static void print_result(const struct result *r)
{
    static const char *const span[KINDS] = {"XADD to reply", "XREADGROUP to reply", "XADD to receipt"};
    char text[2][32];

    printf("  rate        %.0f msg/s (%.3f s)\n", r->rate, r->seconds);
    printf("  latency     p50 %" PRIu64 " us, p99 %" PRIu64 " us, max %" PRIu64 " us (%s)\n", r->p50, r->p99,
           r->max, span[r->kind]);
    printf("  cpu         server %s us/msg, this client %s us/msg\n", figure(r->cpu_us, text[0]),
           figure(r->own_us, text[1]));
    print_checked(r);
}

static void complain(const struct place *at, const struct result *r)
{
    if (r->failure[0])
        fprintf(stderr, "leanmq-bench: %s\n", r->failure);
    if (r->first_error[0] && !strstr(r->failure, r->first_error))
        fprintf(stderr, "leanmq-bench: %s: first error: %s\n", at->name, r->first_error);
    if (!r->ok && !r->failure[0])
        fprintf(stderr, "leanmq-bench: %s: FAILED: lost, damaged or unacknowledged messages, or errors\n",
                at->name);
}

/* ---- comparing ---- */

struct round {
    struct result of[2];
    double cpu_ratio, rate_ratio; /* of B to A */
};

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* NAN if any of them is: qsort() has no place for it. */
static double median(double *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (isnan(v[i]))
            return NAN;
    qsort(v, n, sizeof(*v), by_value);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* Who goes first changes, so that neither always meets the machine as the other left it. */
static bool round_run(const struct options *o, const struct place at[2], enum kind kind, unsigned i,
                      struct round *r)
{
    for (unsigned k = 0; k < 2; k++) {
        unsigned who = (i + k) % 2;

        workload_run(o, &at[who], kind, true, &r->of[who]);
        complain(&at[who], &r->of[who]);
        if (!r->of[who].ok)
            return false;
    }
    r->cpu_ratio = r->of[0].cpu_us > 0 ? r->of[1].cpu_us / r->of[0].cpu_us : NAN;
    r->rate_ratio = r->of[0].rate > 0 ? r->of[1].rate / r->of[0].rate : NAN;
    return true;
}

static void print_round(const struct options *o, const struct place at[2], unsigned i, const struct round *r)
{
    char cpu[3][32];

    if (o->json) {
        printf("%s{\"a\":", i ? "," : "");
        json_result(&at[0], &r->of[0]);
        printf(",\"b\":");
        json_result(&at[1], &r->of[1]);
        json_number("cpu_ratio", r->cpu_ratio);
        json_number("rate_ratio", r->rate_ratio);
        putchar('}');
    } else {
        printf("  %5u  %8s %8s  %6s  %10.0f %10.0f  %6.3f\n", i + 1, figure(r->of[0].cpu_us, cpu[0]),
               figure(r->of[1].cpu_us, cpu[1]), figure(r->cpu_ratio, cpu[2]), r->of[0].rate, r->of[1].rate,
               r->rate_ratio);
    }
    fflush(stdout);
}

static void print_compare_head(const struct options *o, const struct place at[2], enum kind kind)
{
    if (o->json) {
        printf("{\"workload\":\"%s\",\"a\":", kind_name[kind]);
        json_text(at[0].name);
        printf(",\"b\":");
        json_text(at[1].name);
        printf(",\"rounds\":[");
        return;
    }
    print_load(o, kind);
    printf("A is %s, B is %s; the server's cpu in us/msg, the rate in msg/s\n", at[0].name, at[1].name);
    printf("  %5s  %8s %8s  %6s  %10s %10s  %6s\n", "round", "cpu A", "cpu B", "B/A", "rate A", "rate B",
           "B/A");
}

static void print_compare_end(const struct options *o, bool ok, double cpu, double rate)
{
    char text[2][32];

    if (o->json) {
        putchar(']');
        json_number("median_cpu_ratio", cpu);
        json_number("median_rate_ratio", rate);
        printf(",\"ok\":%s}\n", ok ? "true" : "false");
    } else if (ok) {
        printf("median B/A: cpu %s, rate %s\n", figure(cpu, text[0]), figure(rate, text[1]));
    }
}

static bool compare(const struct options *o, const struct place at[2], enum kind kind)
{
    double *cpu = resize(NULL, o->rounds * sizeof(*cpu)), *rate = resize(NULL, o->rounds * sizeof(*rate));
    bool ok = true;

    print_compare_head(o, at, kind);
    for (unsigned i = 0; i < o->rounds && ok; i++) {
        struct round r;

        if (!(ok = round_run(o, at, kind, i, &r)))
            break;
        print_round(o, at, i, &r);
        cpu[i] = r.cpu_ratio;
        rate[i] = r.rate_ratio;
    }
    print_compare_end(o, ok, ok ? median(cpu, o->rounds) : NAN, ok ? median(rate, o->rounds) : NAN);
    free(cpu);
    free(rate);
    return ok;
}

/* ---- the command line ---- */

struct option_row {
    const char *name, *arg; /* arg NULL: a flag */
    size_t place;           /* in struct options: a text, a uint64_t or a bool */
    bool number;
    uint64_t min, max;
    const char *help;
};

/* clang-format off */
#define TEXT(name, arg, help)             {#name, arg, offsetof(struct options, name), false, 0, 0, help}
#define FLAG(name, help)                  {#name, NULL, offsetof(struct options, name), false, 0, 0, help}
#define NUMBER(name, arg, min, max, help) {#name, arg, offsetof(struct options, name), true, min, max, help}
/* clang-format on */

static const struct option_row option_rows[] = {
    TEXT(host, "NAME", "the server (default 127.0.0.1)"),
    NUMBER(port, "N", 1, 65535, "its port (default 6379)"),
    {"unix", "PATH", offsetof(struct options, unix_path), false, 0, 0, "its Unix socket, instead"},
    TEXT(user, "NAME", "log in as this user, with --auth"),
    TEXT(auth, "PASSWORD", "log in"),
    TEXT(queue, "KEY", "the stream (default leanmq-bench); deleted before and after, see --keep"),
    TEXT(group, "NAME", "the consumers' group (default bench)"),
    NUMBER(count, "N", 1, 1000000000, "messages (default 100000)"),
    NUMBER(size, "BYTES", sizeof(struct stamp), 64 << 20, "of a message (default 100, at least 24)"),
    NUMBER(clients, "N", 1, 10000, "producers, each a connection (default 8)"),
    NUMBER(pipeline, "N", 1, 100000, "messages a producer sends before it waits for replies (default 16)"),
    NUMBER(consumers, "N", 1, 10000, "consumers, each a connection (default: as --clients)"),
    NUMBER(batch, "N", 1, 100000, "messages a consumer asks for at once (default 10)"),
    NUMBER(rate, "N", 1, 100000000, "messages a second, all producers together (default: as many as go)"),
    NUMBER(first, "N", 0, SEQ_MAX / 2, "number of the first message, for a second produce (default 0)"),
    FLAG(fill, "consume: fill the queue first; compare does"),
    FLAG(keep, "leave the queue as it is, before and after"),
    TEXT(workload, "W", "compare: produce, consume or e2e (default e2e)"),
    NUMBER(rounds, "N", 1, 1000, "compare: rounds (default 5)"),
    NUMBER(timeout, "SECONDS", 1, 86400, "a run that takes longer has failed (default 60)"),
    FLAG(json, "print one JSON object"),
    FLAG(help, "print this"),
};

#define OPTION_ROWS (sizeof(option_rows) / sizeof(*option_rows))

static void usage(FILE *to)
{
    fputs("usage: leanmq-bench produce|consume|e2e [option ...]\n"
          "       leanmq-bench compare A B [option ...]      A, B: host:port or unix:path\n\n"
          "  produce   adds messages to a queue\n"
          "  consume   reads and acknowledges those there, or coming from a produce --keep\n"
          "  e2e       both at once, with the time from one to the other; at most clients x pipeline\n"
          "            messages are on their way\n"
          "  compare   a workload on two servers in turns: CPU per message and rate of B relative to A\n\n",
          to);
    for (size_t i = 0; i < OPTION_ROWS; i++) {
        const struct option_row *s = &option_rows[i];
        int width = 20 - (int)strlen(s->name);

        fprintf(to, "  --%s %-*s %s\n", s->name, width, s->arg ? s->arg : "", s->help);
    }
    fputs("\nEnds with 0 if every message arrived whole and was acknowledged and no reply was an error,\n"
          "else with 1; with 2 if the command line is wrong.\n",
          to);
}

__attribute__((format(printf, 1, 2))) static _Noreturn void usage_error(const char *fmt, ...)
{
    va_list args;

    fputs("leanmq-bench: ", stderr);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputs("; see --help\n", stderr);
    exit(2);
}

static void option_set(struct options *o, const struct option_row *s, const char *text)
{
    void *to = (char *)o + s->place;
    int64_t v;

    if (!s->arg) {
        *(bool *)to = true;
    } else if (!s->number) {
        *(const char **)to = text;
    } else {
        if (!num_i64(slice_of(text), &v) || v < 0 || (uint64_t)v < s->min || (uint64_t)v > s->max)
            usage_error("--%s takes a number from %" PRIu64 " to %" PRIu64, s->name, s->min, s->max);
        *(uint64_t *)to = v;
    }
}

/* What is left of argv from optind on are the words that are not options. */
static void options_parse(struct options *o, int argc, char **argv)
{
    struct option list[OPTION_ROWS + 1] = {0};
    int got, i;

    for (size_t k = 0; k < OPTION_ROWS; k++)
        list[k] = (struct option){.name = option_rows[k].name, .has_arg = option_rows[k].arg != NULL};
    while ((got = getopt_long(argc, argv, "", list, &i)) == 0)
        option_set(o, &option_rows[i], optarg);
    if (got != -1) /* getopt has said what is wrong */
        exit(2);
    if (!o->consumers)
        o->consumers = o->clients;
}

static void place_unix(struct place *at, const char *path)
{
    at->is_unix = true;
    snprintf(at->host, sizeof(at->host), "%s", path);
    snprintf(at->name, sizeof(at->name), "%s", path);
}

static void place_tcp(struct place *at, struct slice host, uint64_t port)
{
    bool v6 = memchr(host.p, ':', host.n) != NULL;

    snprintf(at->host, sizeof(at->host), "%.*s", SLICE_ARG(host));
    snprintf(at->port, sizeof(at->port), "%u", (unsigned)port);
    snprintf(at->name, sizeof(at->name), v6 ? "[%.*s]:%s" : "%.*s:%s", SLICE_ARG(host), at->port);
}

/* "unix:path" "host:port" "[::1]:port" */
static struct place place_parse(const char *text)
{
    struct place at = {0};
    const char *colon = strrchr(text, ':');
    struct slice host;
    int64_t port;

    if (strlen(text) >= TEXT_MAX - 8)
        usage_error("%s is too long", text);
    if (strncmp(text, "unix:", 5) == 0) {
        place_unix(&at, text + 5);
        return at;
    }
    if (!colon || colon == text || !num_i64(slice_of(colon + 1), &port) || port < 1 || port > 65535)
        usage_error("%s is neither host:port nor unix:path", text);
    host = (struct slice){text, colon - text};
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        host = (struct slice){host.p + 1, host.n - 2};
    place_tcp(&at, host, port);
    return at;
}

static enum kind kind_parse(const char *word)
{
    for (int k = 0; k < KINDS; k++)
        if (strcmp(word, kind_name[k]) == 0)
            return k;
    usage_error("'%s' is neither produce, consume nor e2e", word);
}

static bool single(const struct options *o, enum kind kind)
{
    struct place at = {0};
    struct result r;

    if (strlen(o->unix_path ? o->unix_path : o->host) >= TEXT_MAX - 8)
        usage_error("%s is too long", o->unix_path ? "--unix" : "--host");
    if (o->unix_path)
        place_unix(&at, o->unix_path);
    else
        place_tcp(&at, slice_of(o->host), o->port);
    workload_run(o, &at, kind, o->fill, &r);
    if (o->json) {
        json_result(&at, &r);
        putchar('\n');
    } else {
        print_load(o, kind);
        if (r.seconds > 0)
            print_result(&r);
        else if (r.messages || r.errors)
            print_checked(&r);
    }
    fflush(stdout);
    complain(&at, &r);
    return r.ok;
}

int main(int argc, char **argv)
{
    struct options o = {.host = "127.0.0.1",
                        .port = 6379,
                        .queue = "leanmq-bench",
                        .group = "bench",
                        .workload = "e2e",
                        .size = 100,
                        .clients = 8,
                        .pipeline = 16,
                        .count = 100000,
                        .batch = 10,
                        .rounds = 5,
                        .timeout = 60};
    char **word;
    int words;

    options_parse(&o, argc, argv);
    if (o.help) {
        usage(stdout);
        return 0;
    }
    word = argv + optind;
    words = argc - optind;
    if (words == 3 && strcmp(word[0], "compare") == 0) {
        struct place at[2] = {place_parse(word[1]), place_parse(word[2])};

        return compare(&o, at, kind_parse(o.workload)) ? 0 : 1;
    }
    if (words != 1)
        usage_error("one of produce, consume, e2e, or compare A B");
    return single(&o, kind_parse(word[0])) ? 0 : 1;
}
