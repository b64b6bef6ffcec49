/* bench.h - what is asked for, what comes out, and who does it. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#define TEXT_MAX 256
#define SEQ_MAX  (1ULL << 32) /* the numbers of messages: bounds the bitmap of those seen */

enum kind { PRODUCE, CONSUME, E2E, KINDS };

extern const char *const kind_name[KINDS];

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

/* load.c: one run; `fill`: what there is to consume is put in first. */
void workload_run(const struct options *o, const struct place *at, enum kind kind, bool fill,
                  struct result *res);

/* report.c: figure() gives "3.21", or a word for what the server did not tell. */
void json_text(const char *s);
void json_number(const char *name, double v);
void json_result(const struct place *at, const struct result *r);
const char *figure(double v, char text[32]);
void print_load(const struct options *o, enum kind kind);
void print_checked(const struct result *r);
void print_result(const struct result *r);
void complain(const struct place *at, const struct result *r);

/* compare.c: rounds of a workload against one and the other; false when one failed. */
bool compare(const struct options *o, const struct place at[2], enum kind kind);

#endif
