/* base/slice.c - Redis' glob. */
#include "base/slice.h"

static unsigned char fold(char c, bool nocase)
{
    unsigned char u = (unsigned char)c;

    return nocase && u >= 'A' && u <= 'Z' ? (unsigned char)(u + 'a' - 'A') : u;
}

/* One member of a class, a byte or a range, at p; moves p behind it. An unfinished range or escape at
 * the pattern's end stands for its bytes. */
static bool class_member(const char **p, const char *end, unsigned char c, bool nocase)
{
    const char *at = *p;
    unsigned char low, high;

    if (*at == '\\' && end - at >= 2) {
        *p = at + 2;
        return fold(at[1], nocase) == c;
    }
    if (end - at < 3 || at[1] != '-') {
        *p = at + 1;
        return fold(*at, nocase) == c;
    }
    *p = at + 3;
    low = fold(at[0], nocase);
    high = fold(at[2], nocase);
    return low <= high ? c >= low && c <= high : c >= high && c <= low;
}

/* Class at p, just behind '['; moves p behind ']', or to the end of a pattern that lacks it. */
static bool class_matches(const char **p, const char *end, unsigned char c, bool nocase)
{
    bool negated = *p < end && **p == '^';
    bool found = false;

    *p += negated;
    while (*p < end && **p != ']')
        found |= class_member(p, end, c, nocase);
    if (*p < end)
        ++*p;
    return found != negated;
}

/* Whether the pattern's element at p, which is no star, takes the byte c; moves p behind the element. */
static bool element_matches(const char **p, const char *end, char byte, bool nocase)
{
    unsigned char c = fold(byte, nocase);
    const char *at = (*p)++;

    if (*at == '?')
        return true;
    if (*at == '[')
        return class_matches(p, end, c, nocase);
    if (*at == '\\' && end - at >= 2)
        at = (*p)++;
    return fold(*at, nocase) == c;
}

/* Only the last star is ever moved on: what stands between two stars is best matched as early as can be,
 * so no earlier choice needs to be taken back. */
bool slice_glob(struct slice pattern, struct slice text, bool nocase)
{
    const char *p = pattern.n ? pattern.p : "", *pend = p + pattern.n; /* an empty slice may be NULL */
    const char *t = text.n ? text.p : "", *tend = t + text.n;
    const char *star = NULL, *star_text = NULL;

    if (text.n == 0) /* as in Redis: not even a star matches nothing at all */
        return pattern.n == 0;
    while (t < tend) {
        if (p < pend && *p == '*') {
            star = ++p;
            star_text = t;
            if (star == pend)
                return true;
        } else if (p < pend && element_matches(&p, pend, *t, nocase)) {
            t++;
        } else if (star) {
            p = star;
            t = ++star_text;
        } else {
            return false;
        }
    }
    while (p < pend && *p == '*')
        p++;
    return p == pend;
}

size_t slice_glob_literals(struct slice pattern)
{
    const char *p = pattern.n ? pattern.p : "", *end = p + pattern.n;
    size_t n = 0;

    while (p < end) {
        n += !memchr("*?[", *p, 3);
        element_matches(&p, end, 0, false);
    }
    return n;
}
