/* store/backlog.h - what a group of a queue knows of its messages beyond what is pending (store/pel.h): in
 * which order those given back come again, when those that wait are due, who had them and what he said of
 * them; which of those above the group's position are done already; and how many came to which end.
 *
 * Each message that is pending in a state of a queue has a note, those that came back once with a word about
 * it keep theirs while they are leased again. The ready stand in a line for each level, in the order in
 * which they came back.
 *
 * Always true, and checked by group_check():
 *   - a pending message in a state of a queue has a note that is where this state wants it, and no other has
 *     a place
 *   - passed ids lie above the group's position, and none of them is pending
 */
#ifndef STORE_BACKLOG_H
#define STORE_BACKLOG_H

#include "base/dict.h"
#include "base/heap.h"
#include "base/list.h"
#include "store/pel.h"

#define LEVELS_MAX 32 /* of priority: 0 .. 31 */

/* What a message came to, in a group. */
enum end { END_ACKED, END_EXPIRED, END_DEAD, END_DROPPED, ENDS };
const char *end_name(enum end end); /* "acked", ... */
bool end_parse(struct slice name, enum end *end);

/* Why a message is dead, or went to the dead letters. */
enum death { DEATH_NONE, DEATH_MAXDELIVER, DEATH_REJECTED, DEATH_EXPIRED, DEATH_OVERFLOW, DEATHS };
const char *death_name(enum death why); /* as in x-death-reason; "" for none */
bool death_parse(struct slice name, enum death *why);

struct note {
    struct stream_id id;
    struct heap_node due; /* at: wall ms when a WAITING one is due and an EXTENDED lease ends; a READY one
                           * came back, a DEAD one died. In the heap while WAITING or EXTENDED */
    struct list line;     /* READY: of its level; EXTENDED, DEAD: all of them, in the order they became it */
    uint64_t turn; /* of a READY one: less than of those who came back after it, whatever their level */
    uint32_t consumer_len, error_len;
    uint8_t level; /* as the entry has it */
    uint8_t death; /* enum death, of a DEAD one */
    char text[];   /* who had it last; then what was said when it came back */
};

static inline struct slice note_consumer(const struct note *n)
{
    return (struct slice){n->text, n->consumer_len};
}

static inline struct slice note_error(const struct note *n)
{
    return (struct slice){n->text + n->consumer_len, n->error_len};
}

struct stream;

struct backlog {
    const struct stream *stream;   /* the group's */
    struct dict notes;             /* by id */
    struct heap due;               /* of notes */
    struct list ready[LEVELS_MAX]; /* of notes */
    struct list extended, dead;    /* of notes */
    size_t count[PENDING_QUEUED];  /* of pending messages by state; nothing at those that are not queued */
    struct pel passed;             /* ids alone */
    uint64_t fresh;                /* messages that are NEW: above the position, not pending, not passed */
    uint64_t ended[ENDS];          /* messages since the group is one of a queue */
    uint64_t turn;                 /* the last that was given */
    size_t notes_bytes;
    struct lanes *lanes;      /* store/lanes.h; NULL: no ORDERKEY */
    bool stopped;             /* who looked for something NEW has stopped on the way: soft state */
    struct stream_id *looked; /* of each level, where looking for a NEW one goes on: soft state; NULL: at the
                               * position */
    msec asked;               /* when those who wait were counted as seen: soft state */
    struct { /* what RATE leaves: soft state */
        msec at;
        int64_t left; /* thousandths of a delivery, as of then */
    } rate;
};

const struct note *backlog_note(const struct backlog *b, struct stream_id id); /* NULL: none */
/* The first of a line; NULL: it is empty. */
const struct note *backlog_first(const struct list *line);
/* The READY one, of any level, that came back first; NULL: none. */
const struct note *backlog_first_ready(const struct backlog *b);
/* The WAITING or EXTENDED one that is due first; NULL: none. */
const struct note *backlog_next_due(const struct backlog *b);
bool backlog_passed(const struct backlog *b, struct stream_id id);
size_t backlog_memory(const struct backlog *b);
void backlog_check(const struct backlog *b);

#endif
