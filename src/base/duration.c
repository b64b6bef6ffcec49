/* duration.c - spans of time as people write them. */
#include "base/duration.h"

#include "base/err.h"
#include "base/num.h"

static const struct unit {
    const char *name;
    msec ms;
} units[] = {{"", 1}, {"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"h", 3600 * 1000}, {"d", 24 * 3600 * 1000}};

/* 0: there is none of that name. */
static msec unit_ms(struct slice name)
{
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (slice_is(name, units[i].name))
            return units[i].ms;
    return 0;
}

int duration_parse(struct slice s, msec *out)
{
    bool negative = s.n && s.p[0] == '-';
    size_t from = negative, digits = from;
    uint64_t v;
    msec unit, ms;

    while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
        digits++;
    unit = unit_ms((struct slice){s.p + digits, s.n - digits});
    if (digits == from || !unit)
        return ERR_DURATION;
    if (negative)
        return ERR_DURATION_NEG;
    if (!num_u64((struct slice){s.p, digits}, &v) || __builtin_mul_overflow(v, unit, &ms) ||
        ms > DURATION_MAX)
        return ERR_DURATION_RANGE;
    *out = ms;
    return OK;
}
