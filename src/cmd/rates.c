/* cmd/rates.c - see cmd/rates.h. */
#include "cmd/rates.h"

void rates_add(struct rates *r, usec now, const uint64_t v[RATES])
{
    struct rate_sample *s = &r->sample[r->next];

    s->at = now;
    for (int i = 0; i < RATES; i++)
        s->v[i] = v[i];
    r->next = (r->next + 1) % RATE_SAMPLES;
    r->n += r->n < RATE_SAMPLES;
}

/* Samples are taken by turns, and an idle server makes none: so the oldest of those within the window, if it
 * is far enough back to divide by, else the newest before it. */
static const struct rate_sample *since(const struct rates *r, usec now)
{
    const struct rate_sample *best = NULL;

    for (unsigned i = 1; i <= r->n; i++) {
        const struct rate_sample *s = &r->sample[(r->next + RATE_SAMPLES - i) % RATE_SAMPLES];

        if (best && now - s->at > RATE_PERIOD * RATE_SAMPLES)
            return best;
        if (now - s->at >= RATE_PERIOD)
            best = s;
    }
    return best;
}

double rates_get(const struct rates *r, enum rate which, usec now, uint64_t v)
{
    const struct rate_sample *s = since(r, now);

    if (!s || v < s->v[which]) /* counted anew since */
        return 0;
    return (double)(v - s->v[which]) * 1e6 / (double)(now - s->at);
}
