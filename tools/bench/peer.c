/* peer.c - one connection: its bytes, a question and its answer, its beginning and end. */
#include "base/num.h"
#include "load.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_SIZE (64 * 1024) /* room for one recv() */

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
bool peer_flush(struct load *l, struct peer *p)
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
bool peer_receive(struct load *l, struct peer *p)
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
int reply_whole(struct peer *p)
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

void reply_drop(struct peer *p)
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
bool ask(struct load *l, struct peer *p, struct element *e, ...)
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

bool refused(struct load *l, const char *what, const struct element *e)
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

bool peer_open(struct load *l, struct peer *p, enum role role)
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

void peer_close(struct peer *p)
{
    if (p->fd >= 0)
        close(p->fd);
    bytes_free(&p->in);
    bytes_free(&p->out);
    bytes_free(&p->read_cmd);
    p->fd = -1;
}
