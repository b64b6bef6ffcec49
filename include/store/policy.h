/* store/policy.h - policies: of each database, what options hold for the queues whose names they give or
 * match. Memory only.
 *
 * All policies that match a name are merged option by option: the one that names it exactly comes first, then
 * the globs, those with the most literal bytes before others, equal ones in the order of their bytes. */
#ifndef STORE_POLICY_H
#define STORE_POLICY_H

#include "store/rules.h"

#define POLICY_NAME_MAX 1024  /* bytes of a policy's name */
#define QUEUE_NAME_MAX  65536 /* of a key's: longer ones are no queues, whatever matches them */

struct policy {
    uint32_t given;     /* bit 1 << enum rule: the options that it gives; the others are at their defaults */
    struct rules rules; /* as they were given: {queue} stays what it is */
    uint32_t literal;   /* bytes that stand for themselves */
    uint32_t name_len;
    char name[];
};

struct policies_db {
    struct policy **exact, **glob; /* each in the order in which they come first */
    size_t exacts, globs;
};

struct policies {
    struct policies_db *db;
    int dbs;
    size_t count; /* in all databases */
};

static inline struct slice policy_name(const struct policy *p)
{
    return (struct slice){p->name, p->name_len};
}
static inline bool policy_gives(const struct policy *p, enum rule which)
{
    return p->given >> which & 1;
}
static inline size_t policies_in(const struct policies *t, int db)
{
    return t->db[db].exacts + t->db[db].globs;
}

/* The name holds a `*`, `?`, `[` or `\`. */
bool policy_is_glob(struct slice name);
/* NULL: there is none of that name. */
const struct policy *policy_find(const struct policies *t, int db, struct slice name);
/* The policy at a place in the order, the exact ones first; i below policies_in(). */
const struct policy *policy_at(const struct policies *t, int db, size_t i);

/* The rules of a queue of that name, into *out, which owns them (rules_free()) and is written whatever it
 * held. `is_dlq`: no glob applies. origin[RULES], or NULL: where each comes from, NULL for a default. False:
 * no policy matches, and all are defaults. Costs about policies_in() comparisons. */
bool policy_resolve(const struct policies *t, int db, struct slice name, bool is_dlq, struct rules *out,
                    const struct policy **origin);

/* Whether dead letters would come back to where they came from, if `next` stood for the policy of its name
 * (one that gives nothing: if there were none of that name); *path says which way, "a -> b -> a". What is
 * looked at are the names that `next` names, or that it matches and another policy names; where that is too
 * much work, the answer is no. */
bool policy_cycle(const struct policies *t, int db, const struct policy *next, struct buf *path);

/* "QPOLICY SET name option value ..." of those options. */
void policy_record(const struct policy *p, uint32_t options, struct buf *record);

/* A policy of that name that gives nothing yet; with `like`: all that this one gives. It is in no table. */
struct policy *policy_new(struct slice name, const struct policy *like);
void policy_free(struct policy *p);
/* Gives an option no longer. */
void policy_take_back(struct policy *p, enum rule which);

void policies_init(struct policies *t, int dbs);
void policies_free(struct policies *t);
size_t policies_memory(const struct policies *t);
void policies_check(const struct policies *t);

#endif
