/* queue/run.c - see queue/run.h. */
#include "queue/run.h"

#include "base/err.h"
#include "broker/change_delay.h"
#include "broker/change_due.h"

#define SLICE_MAX 256 /* of one queue, before it is another one's turn */

/* Delayed messages become entries in the order in which they are due. One that cannot, for there is no id
 * left, stays and holds up those behind it. */
static size_t arrive(struct broker *b, const struct due *due, msec wall, size_t max)
{
    const struct delayed *d = &stream_inbox(due->s)->delayed;
    struct delayed_message m;
    struct stream_id id;
    size_t n = 0;

    while (n < max && delayed_first(d, &m) && (msec)m.id.ms <= wall &&
           stream_next_id(due->s, STREAM_ID_AUTO, STREAM_ID_MIN, wall, &id) == OK) {
        change_delay_arrive(b, due->db, due->name, id, stream_next_arrival(due->s, wall));
        n++;
    }
    return n;
}

static size_t run_queue(struct broker *b, const struct due *due, msec wall, size_t max)
{
    size_t n;

    if (!stream_inbox(due->s))
        return 0;
    n = arrive(b, due, wall, max);
    return n < max ? n + change_window_sweep(b, due->db, due->name, wall, max - n) : n;
}

bool queue_run(struct broker *b, struct now now, unsigned max)
{
    unsigned done = 0;
    struct due due;

    while (done < max && change_due_first(b, now.wall, &due)) {
        size_t slice = max - done < SLICE_MAX ? max - done : SLICE_MAX;
        size_t n = run_queue(b, &due, now.wall, slice);

        change_due_after(b, &due, now.wall, n == slice);
        done += n ? (unsigned)n : 1;
    }
    return done >= max;
}
