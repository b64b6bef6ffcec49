/* base/duration.h - spans of time as people write them: "500ms" "30s" "10m" "12h" "7d", or digits alone,
 * which are milliseconds. */
#ifndef BASE_DURATION_H
#define BASE_DURATION_H

#include "base/clock.h"
#include "base/slice.h"

/* The longest, over a hundred thousand years: added to any time of the clock it does not overflow. */
#define DURATION_MAX ((msec)1 << 52)

/* Digits and a unit in either case, nothing else: no sign, space or fraction. ERR_DURATION where that is not
 * so, ERR_DURATION_NEG where only a minus is wrong, ERR_DURATION_RANGE beyond DURATION_MAX; then *out is left
 * alone. */
int duration_parse(struct slice s, msec *out);

#endif
