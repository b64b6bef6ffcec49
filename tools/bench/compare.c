/* compare.c - two servers in alternating rounds. */
#include "bench.h"
#include "bytes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

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

bool compare(const struct options *o, const struct place at[2], enum kind kind)
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
