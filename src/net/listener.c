/* net/listener.c - listening sockets. What every connection of a socket needs (TCP_NODELAY, keepalive)
 * is set on the listening one: Linux hands it down, which saves five calls on each accept. */
#include "net/listener.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop_impl.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PAUSE ((usec)100 * 1000) /* without file descriptors */
#define QUIET ((usec)10 * 1000000)

struct sock {
    struct event event;
    int fd;
    bool is_unix, ready;
};

struct listener {
    struct loop *loop;
    struct sock **v;
    size_t n, turn; /* whose turn it is to accept */
    int port;
    usec resume;             /* paused until then; 0: not paused */
    usec quiet_until;        /* one complaint about file descriptors is enough for a while */
    struct sockaddr_un path; /* of the unix socket, "" if there is none */
    dev_t dev;               /* the file that is ours to remove */
    ino_t ino;
};

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un un;
    struct sockaddr_storage storage;
};

static void on_knock(evutil_socket_t fd, short what, void *arg)
{
    struct sock *s = arg;

    (void)fd, (void)what;
    s->ready = true;
}

static void watch(struct listener *l, int fd, bool is_unix)
{
    struct sock *s = mem_zalloc(sizeof *s);

    s->fd = fd;
    s->is_unix = is_unix;
    l->v = mem_realloc(l->v, (l->n + 1) * sizeof *l->v);
    l->v[l->n++] = s;
    event_assign(&s->event, loop_base(l->loop), fd, EV_READ | EV_PERSIST, on_knock, s);
    event_add(&s->event, NULL);
}

static void set(int fd, int level, int name, int value)
{
    setsockopt(fd, level, name, &value, sizeof value);
}

/* Probes after `seconds` of silence; gone when three, a third of that apart, are not answered. */
static void set_keepalive(int fd, int seconds)
{
    set(fd, SOL_SOCKET, SO_KEEPALIVE, seconds > 0);
    if (seconds <= 0)
        return;
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, seconds >= 3 ? seconds / 3 : 1);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

void listener_set_keepalive(struct listener *l, int seconds)
{
    for (size_t i = 0; i < l->n; i++) {
        if (!l->v[i]->is_unix)
            set_keepalive(l->v[i]->fd, seconds);
    }
}

/* The bound socket, or -1 with errno. */
static int bind_tcp(const struct addrinfo *ai, const struct listener_options *o)
{
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int err;

    if (fd < 0)
        return -1;
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (ai->ai_family == AF_INET6)
        set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_keepalive(fd, o->keepalive);
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, o->backlog) == 0)
        return fd;
    err = errno;
    close(fd);
    errno = err;
    return -1;
}

static int bound_port(int fd)
{
    union address a;
    socklen_t n = sizeof a;

    if (getsockname(fd, &a.any, &n) < 0)
        return 0;
    return ntohs(a.any.sa_family == AF_INET6 ? a.v6.sin6_port : a.v4.sin_port);
}

/* A machine without IPv6 (or IPv4) is no reason not to start; a missing address is one, unless the
 * setting says it may be missing. An address in use always is. */
static bool tolerated(int err, bool optional)
{
    return err == EAFNOSUPPORT || err == EPROTONOSUPPORT || err == EPFNOSUPPORT || err == ESOCKTNOSUPPORT ||
           (optional && err == EADDRNOTAVAIL);
}

static int resolve(const char *name, int port, struct addrinfo **out)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    char service[16];

    snprintf(service, sizeof service, "%d", port);
    hints.ai_family = strchr(name, ':') ? AF_INET6 : AF_INET;
    if (strcmp(name, "*") == 0 || strcmp(name, "::*") == 0)
        name = NULL; /* with AI_PASSIVE: all addresses */
    return getaddrinfo(name, service, &hints, out);
}

/* One word of `bind`. */
static int listen_tcp(struct listener *l, const struct listener_options *o, const char *word, struct buf *why)
{
    bool optional = *word == '-';
    const char *name = word + optional;
    struct addrinfo *ai;
    int port = l->port ? l->port : o->port > 0 ? o->port : 0;
    int err = resolve(name, port, &ai);
    int fd;

    if (err) {
        buf_addf(why, "cannot listen on %s: %s", name, gai_strerror(err));
        return ERR_IO;
    }
    fd = bind_tcp(ai, o);
    err = errno;
    freeaddrinfo(ai);
    if (fd >= 0) {
        watch(l, fd, false);
        l->port = bound_port(fd);
        return OK;
    }
    if (tolerated(err, optional)) {
        log_notice("address skipped: address=%s port=%d reason=\"%s\"", name, port, strerror(err));
        return OK;
    }
    buf_addf(why, "cannot listen on %s port %d: %s", name, port, strerror(err));
    return err == EADDRINUSE ? ERR_LOCKED : ERR_IO;
}

static int listen_all(struct listener *l, const struct listener_options *o, struct buf *why)
{
    char *text = mem_strdup(slice_of(o->bind ? o->bind : ""));
    char *save = NULL;
    int err = OK;

    for (char *word = strtok_r(text, " \t", &save); word && err == OK; word = strtok_r(NULL, " \t", &save))
        err = listen_tcp(l, o, word, why);
    if (err == OK && *text && !l->n) {
        buf_addf(why, "cannot listen on any of: %s", o->bind);
        err = ERR_IO;
    }
    mem_free(text);
    return err;
}

/* What an earlier process left at our path is removed; what somebody uses, or is no socket, is not. */
static int clear_path(const struct sockaddr_un *a, struct buf *why)
{
    struct stat st;
    int fd, err;

    if (lstat(a->sun_path, &st) < 0)
        return OK; /* nothing there; if it is worse than that, bind() says so */
    if (!S_ISSOCK(st.st_mode)) {
        buf_addf(why, "cannot listen on %s: there is a file that is not a socket", a->sun_path);
        return ERR_IO;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    err = fd >= 0 && connect(fd, (const struct sockaddr *)a, sizeof *a) < 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    if (fd >= 0 && (err == 0 || err == EAGAIN)) {
        buf_addf(why, "cannot listen on %s: another process does", a->sun_path);
        return ERR_LOCKED;
    }
    unlink(a->sun_path);
    return OK;
}

/* The mode is set on the socket before it has a name, so there is no moment at which it is too open;
 * and again after, for bind() applies the umask. */
static bool bind_unix(int fd, const struct sockaddr_un *a, const struct listener_options *o)
{
    if (o->unix_perm && fchmod(fd, o->unix_perm) < 0)
        return false;
    if (bind(fd, (const struct sockaddr *)a, sizeof *a) < 0)
        return false;
    if (o->unix_perm && chmod(a->sun_path, o->unix_perm) < 0)
        return false;
    return listen(fd, o->backlog) == 0;
}

static int listen_unix(struct listener *l, const struct listener_options *o, struct buf *why)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    struct stat st;
    int fd, err;

    if (strlen(o->unix_path) >= sizeof a.sun_path) {
        buf_addf(why, "cannot listen on %s: the path is too long", o->unix_path);
        return ERR_IO;
    }
    strcpy(a.sun_path, o->unix_path);
    err = clear_path(&a, why);
    if (err < 0)
        return err;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || !bind_unix(fd, &a, o) || lstat(a.sun_path, &st) < 0) {
        buf_addf(why, "cannot listen on %s: %s", a.sun_path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return ERR_IO;
    }
    l->path = a;
    l->dev = st.st_dev;
    l->ino = st.st_ino;
    watch(l, fd, true);
    return OK;
}

int listener_open(struct loop *loop, const struct listener_options *o, struct listener **out, struct buf *why)
{
    struct listener *l = mem_zalloc(sizeof *l);
    int err = OK;

    l->loop = loop;
    if (o->port)
        err = listen_all(l, o, why);
    if (err == OK && o->unix_path && *o->unix_path)
        err = listen_unix(l, o, why);
    if (err < 0) {
        listener_free(l);
        return err;
    }
    *out = l;
    return OK;
}

void listener_free(struct listener *l)
{
    struct stat st;

    if (!l)
        return;
    for (size_t i = 0; i < l->n; i++) {
        event_del(&l->v[i]->event);
        close(l->v[i]->fd);
        mem_free(l->v[i]);
    }
    if (*l->path.sun_path && lstat(l->path.sun_path, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino)
        unlink(l->path.sun_path);
    mem_free(l->v);
    mem_free(l);
}

void listener_forked(struct listener *l)
{
    for (size_t i = 0; i < l->n; i++)
        close(l->v[i]->fd);
}

int listener_port(const struct listener *l)
{
    return l->port;
}

static void describe(const union address *a, char *to)
{
    char ip[INET6_ADDRSTRLEN] = "?";

    if (a->any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &a->v6.sin6_addr, ip, sizeof ip);
        snprintf(to, LISTEN_ADDR_MAX, "[%s]:%d", ip, ntohs(a->v6.sin6_port));
    } else {
        inet_ntop(AF_INET, &a->v4.sin_addr, ip, sizeof ip);
        snprintf(to, LISTEN_ADDR_MAX, "%s:%d", ip, ntohs(a->v4.sin_port));
    }
}

static bool is_loopback(const union address *a)
{
    if (a->any.sa_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
    return ntohl(a->v4.sin_addr.s_addr) >> 24 == 127;
}

static void introduce(const struct listener *l, const struct sock *s, const union address *peer,
                      struct accepted *a)
{
    union address local;
    socklen_t n = sizeof local;

    a->is_unix = s->is_unix;
    if (s->is_unix) {
        a->loopback = true;
        snprintf(a->addr, sizeof a->addr, "%s:0", l->path.sun_path);
        strcpy(a->laddr, a->addr);
        return;
    }
    a->loopback = is_loopback(peer);
    describe(peer, a->addr);
    if (getsockname(a->fd, &local.any, &n) == 0)
        describe(&local, a->laddr);
    else
        strcpy(a->laddr, "?:0");
}

/* Level-triggered, a full table of files would wake the loop for ever: so nobody listens for a while. */
static void pause_all(struct listener *l, usec now, int err)
{
    for (size_t i = 0; i < l->n; i++) {
        event_del(&l->v[i]->event);
        l->v[i]->ready = false;
    }
    l->resume = now + PAUSE;
    if (now >= l->quiet_until)
        log_warning("no new connections for now: reason=\"%s\"", strerror(err));
    l->quiet_until = now + QUIET;
}

static void resume_all(struct listener *l)
{
    for (size_t i = 0; i < l->n; i++)
        event_add(&l->v[i]->event, NULL);
    l->resume = 0;
}

static bool knock(struct listener *l, struct sock *s, usec now, struct accepted *a)
{
    union address peer;
    socklen_t n = sizeof peer;

    a->fd = accept4(s->fd, &peer.any, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (a->fd >= 0) {
        introduce(l, s, &peer, a);
        return true;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        pause_all(l, now, errno);
    else if (errno != EINTR && errno != ECONNABORTED)
        s->ready = false; /* nobody left; any other trouble is that client's, the loop calls again */
    return false;
}

bool listener_next(struct listener *l, usec now, struct accepted *a)
{
    if (l->resume && now < l->resume)
        return false;
    if (l->resume)
        resume_all(l);
    for (size_t i = 0; i < l->n; i++) {
        struct sock *s = l->v[l->turn++ % l->n];

        if (s->ready && knock(l, s, now, a))
            return true;
    }
    return false;
}

usec listener_due(const struct listener *l)
{
    return l->resume ? l->resume : INT64_MAX;
}
