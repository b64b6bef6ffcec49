/* pattern.h - Lua's patterns, as its manual says. The library's own matcher has no bounds: a pattern can take
 * exponential time, and recurse until the stack ends. This one counts its steps as work of the script, and
 * recurses so deep and no deeper. */
#ifndef SCRIPT_PATTERN_H
#define SCRIPT_PATTERN_H

#include "engine_impl.h"

#define PATTERN_CAPTURES 32

struct pattern {
    lua_State *L;
    struct slice text;
    const char *end; /* of the pattern */
    int captures, depth;
    unsigned steps;
    struct {
        const char *start;
        ptrdiff_t n; /* CAPTURE_OPEN, CAPTURE_PLACE, or how long */
    } capture[PATTERN_CAPTURES];
};

void pattern_init(struct pattern *m, lua_State *L, struct slice text, struct slice pattern);
/* Matches the pattern from `p` on at `at`: where the match ends, or NULL. Raises errors of Lua. */
const char *pattern_match(struct pattern *m, const char *at, const char *p);
/* Capture number i, of a match from `at` to `end`; the whole match where the pattern has no captures. */
void pattern_push(struct pattern *m, int i, const char *at, const char *end);
/* All of them; how many. Without `at`, none where the pattern has none. */
int pattern_push_all(struct pattern *m, const char *at, const char *end);

#endif
