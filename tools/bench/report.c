/* report.c - results, for people and as JSON. */
#include "bench.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const char *const kind_name[KINDS] = {"produce", "consume", "e2e"};

void json_text(const char *s)
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

void json_number(const char *name, double v)
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

void json_result(const struct place *at, const struct result *r)
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
const char *figure(double v, char text[32])
{
    if (!isfinite(v))
        return "unknown";
    snprintf(text, 32, "%.2f", v);
    return text;
}

void print_load(const struct options *o, enum kind kind)
{
    printf("%s: %" PRIu64 " messages of %" PRIu64 " bytes", kind_name[kind], o->count, o->size);
    if (kind != CONSUME)
        printf(", %" PRIu64 " producers (pipeline %" PRIu64 ")", o->clients, o->pipeline);
    if (kind != PRODUCE)
        printf(", %" PRIu64 " consumers (batch %" PRIu64 ")", o->consumers, o->batch);
    putchar('\n');
}

void print_checked(const struct result *r)
{
    static const char *const done[KINDS] = {"added", "received", "received"};

    printf("  checked     %" PRIu64 " %s, %" PRIu64 " lost, %" PRIu64 " duplicates, %" PRIu64
           " damaged, %" PRIu64 " unacknowledged, %" PRIu64 " errors\n",
           r->messages, done[r->kind], r->lost, r->duplicates, r->damaged, r->unacked, r->errors);
}

void print_result(const struct result *r)
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

void complain(const struct place *at, const struct result *r)
{
    if (r->failure[0])
        fprintf(stderr, "leanmq-bench: %s\n", r->failure);
    if (r->first_error[0] && !strstr(r->failure, r->first_error))
        fprintf(stderr, "leanmq-bench: %s: first error: %s\n", at->name, r->first_error);
    if (!r->ok && !r->failure[0])
        fprintf(stderr, "leanmq-bench: %s: FAILED: lost, damaged or unacknowledged messages, or errors\n",
                at->name);
}
