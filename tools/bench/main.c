/* leanmq-bench - puts a message broker that speaks Redis' protocol under load, and checks what it does.
 *
 * One thread, one epoll; a producer adds batches of --pipeline messages and waits for their replies, a
 * consumer acknowledges what it got in the same write that asks for more. Every message says its number
 * and when it left, and its bytes follow from its number, so a consumer can tell a loss, a duplicate and
 * damage. What is measured is the server: its CPU time per message is the figure that does not depend on
 * how busy the machine is, and comparing two servers in alternating rounds takes out the rest.
 *
 * Replies are RESP2. Messages are `XADD queue * d <bytes>`. */
#include "base/num.h"
#include "bench.h"
#include "measure.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
