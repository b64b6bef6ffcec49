/* script/pattern.c - see pattern.h. */
#include "pattern.h"
#include <ctype.h>

#define DEPTH_MAX     200
#define STEPS_AT_ONCE 256
#define CAPTURE_OPEN  (-1)
#define CAPTURE_PLACE (-2)

void pattern_init(struct pattern *m, lua_State *L, struct slice text, struct slice pattern)
{
    *m = (struct pattern){.L = L, .text = text, .end = pattern.p + pattern.n};
}

static inline void step(struct pattern *m)
{
    if (++m->steps % STEPS_AT_ONCE == 0)
        script_worked(m->L, STEPS_AT_ONCE);
}

static const char *text_end(const struct pattern *m)
{
    return m->text.p + m->text.n;
}

/* --- one character --- */

/* Behind the class that begins at p: a character, %x, or a set. */
static const char *class_end(struct pattern *m, const char *p)
{
    char first = *p++;

    if (first == '%') {
        if (p == m->end)
            luaL_error(m->L, "malformed pattern (ends with '%%')");
        return p + 1;
    }
    if (first != '[')
        return p;
    if (p < m->end && *p == '^')
        p++;
    do { /* a ']' that comes first is one of the set */
        if (p == m->end)
            luaL_error(m->L, "malformed pattern (missing ']')");
        if (*p++ == '%' && p < m->end)
            p++;
    } while (p == m->end || *p != ']');
    return p + 1;
}

/* The letter behind a %: a class if it is a letter that names one, its complement in upper case; else itself.
 */
static bool in_class(unsigned char c, unsigned char name)
{
    bool is;

    switch (tolower(name)) {
    case 'a':
        is = isalpha(c);
        break;
    case 'c':
        is = iscntrl(c);
        break;
    case 'd':
        is = isdigit(c);
        break;
    case 'l':
        is = islower(c);
        break;
    case 'p':
        is = ispunct(c);
        break;
    case 's':
        is = isspace(c);
        break;
    case 'u':
        is = isupper(c);
        break;
    case 'w':
        is = isalnum(c);
        break;
    case 'x':
        is = isxdigit(c);
        break;
    case 'z':
        is = c == 0;
        break;
    default:
        return name == c;
    }
    return isupper(name) ? !is : is;
}

/* `p` at the '[', `last` at its ']'. */
static bool in_set(struct pattern *m, unsigned char c, const char *p, const char *last)
{
    bool is = true;

    if (p[1] == '^') {
        is = false;
        p++;
    }
    while (++p < last) {
        step(m);
        if (*p == '%') {
            if (in_class(c, (unsigned char)*++p))
                return is;
        } else if (p[1] == '-' && p + 2 < last) {
            if ((unsigned char)p[0] <= c && c <= (unsigned char)p[2])
                return is;
            p += 2;
        } else if ((unsigned char)*p == c) {
            return is;
        }
    }
    return !is;
}

static bool in_any(struct pattern *m, unsigned char c, const char *p, const char *end)
{
    switch (*p) {
    case '.':
        return true;
    case '%':
        return in_class(c, (unsigned char)p[1]);
    case '[':
        return in_set(m, c, p, end - 1);
    default:
        return (unsigned char)*p == c;
    }
}

static bool matches_one(struct pattern *m, const char *at, const char *p, const char *end)
{
    step(m);
    return at < text_end(m) && in_any(m, (unsigned char)*at, p, end);
}

/* --- captures --- */

static const char *open_capture(struct pattern *m, const char *at, const char *p, ptrdiff_t what)
{
    const char *end;

    if (m->captures >= PATTERN_CAPTURES)
        luaL_error(m->L, "too many captures");
    m->capture[m->captures].start = at;
    m->capture[m->captures].n = what;
    m->captures++;
    if (!(end = pattern_match(m, at, p)))
        m->captures--;
    return end;
}

static const char *close_capture(struct pattern *m, const char *at, const char *p)
{
    const char *end;
    int i = m->captures - 1;

    while (i >= 0 && m->capture[i].n != CAPTURE_OPEN)
        i--;
    if (i < 0)
        luaL_error(m->L, "invalid pattern capture");
    m->capture[i].n = at - m->capture[i].start;
    if (!(end = pattern_match(m, at, p)))
        m->capture[i].n = CAPTURE_OPEN;
    return end;
}

/* %1: the text of a capture once more; behind it, or NULL. */
static const char *again(struct pattern *m, const char *at, unsigned char digit)
{
    int i = digit - '1';
    size_t n;

    if (i < 0 || i >= m->captures || m->capture[i].n == CAPTURE_OPEN)
        luaL_error(m->L, "invalid capture index");
    n = m->capture[i].n < 0 ? SIZE_MAX : (size_t)m->capture[i].n; /* a place has no text */
    script_worked(m->L, (unsigned)(n >> 6) % TICK_STEPS);
    return (size_t)(text_end(m) - at) >= n && memcmp(m->capture[i].start, at, n) == 0 ? at + n : NULL;
}

/* %bxy: from x to the y that goes with it. */
static const char *balanced(struct pattern *m, const char *at, const char *p)
{
    int open = 0;

    if (m->end - p < 2)
        luaL_error(m->L, "unbalanced pattern");
    if (at == text_end(m) || *at != p[0])
        return NULL;
    for (; at < text_end(m); at++) {
        step(m);
        if (*at == p[1] && (*at != p[0] || open)) {
            if (--open == 0)
                return at + 1;
        } else if (*at == p[0]) {
            open++;
        }
    }
    return NULL;
}

/* %f[set]: between a character that is not in the set and one that is. The ends of the text are NUL. */
static bool at_frontier(struct pattern *m, const char *at, const char *p, const char *end)
{
    unsigned char before = at == m->text.p ? 0 : (unsigned char)at[-1];
    unsigned char behind = at == text_end(m) ? 0 : (unsigned char)*at;

    return !in_set(m, before, p, end - 1) && in_set(m, behind, p, end - 1);
}

/* --- how often --- */

static const char *longest(struct pattern *m, const char *at, const char *p, const char *end)
{
    ptrdiff_t n = 0;

    while (matches_one(m, at + n, p, end))
        n++;
    for (; n >= 0; n--) {
        const char *rest = pattern_match(m, at + n, end + 1);

        if (rest)
            return rest;
    }
    return NULL;
}

static const char *shortest(struct pattern *m, const char *at, const char *p, const char *end)
{
    for (;; at++) {
        const char *rest = pattern_match(m, at, end + 1);

        if (rest)
            return rest;
        if (!matches_one(m, at, p, end))
            return NULL;
    }
}

/* --- the pattern --- */

/* What begins with '(' ')' or %b %f %1: true when it is one, and *at and *p are behind it; *at NULL: no
 * match, or (`*done`) all of the rest is matched. */
static bool special(struct pattern *m, const char **at, const char **p, bool *done)
{
    const char *s = *p;

    *done = *s == '(' || *s == ')';
    if (*s == '(' && s + 1 < m->end && s[1] == ')') {
        *at = open_capture(m, *at, s + 2, CAPTURE_PLACE);
    } else if (*s == '(') {
        *at = open_capture(m, *at, s + 1, CAPTURE_OPEN);
    } else if (*s == ')') {
        *at = close_capture(m, *at, s + 1);
    } else if (*s != '%' || s + 1 == m->end) {
        return false;
    } else if (s[1] == 'b') {
        *at = balanced(m, *at, s + 2);
        *p = s + 4;
    } else if (s[1] == 'f') {
        const char *end;

        if (s + 2 == m->end || s[2] != '[')
            luaL_error(m->L, "missing '[' after '%%f' in pattern");
        end = class_end(m, s + 2);
        *at = at_frontier(m, *at, s + 2, end) ? *at : NULL;
        *p = end;
    } else if (isdigit((unsigned char)s[1])) {
        *at = again(m, *at, (unsigned char)s[1]);
        *p = s + 2;
    } else {
        return false;
    }
    return true;
}

static const char *rest_of(struct pattern *m, const char *at, const char *p)
{
    while (p < m->end) {
        const char *end;
        char often;
        bool done;

        step(m);
        if (*p == '$' && p + 1 == m->end)
            return at == text_end(m) ? at : NULL;
        if (special(m, &at, &p, &done)) {
            if (!at || done)
                return at;
            continue;
        }
        end = class_end(m, p);
        often = end < m->end ? *end : '\0';
        if (often == '*')
            return longest(m, at, p, end);
        if (often == '-')
            return shortest(m, at, p, end);
        if (often == '+')
            return matches_one(m, at, p, end) ? longest(m, at + 1, p, end) : NULL;
        if (often == '?') {
            const char *with = matches_one(m, at, p, end) ? pattern_match(m, at + 1, end + 1) : NULL;

            if (with)
                return with;
            p = end + 1;
            continue;
        }
        if (!matches_one(m, at, p, end))
            return NULL;
        at++;
        p = end;
    }
    return at;
}

const char *pattern_match(struct pattern *m, const char *at, const char *p)
{
    const char *end;

    if (++m->depth > DEPTH_MAX)
        luaL_error(m->L, "pattern too complex");
    end = rest_of(m, at, p);
    m->depth--;
    return end;
}

void pattern_push(struct pattern *m, int i, const char *at, const char *end)
{
    if (i >= m->captures) {
        if (i != 0)
            luaL_error(m->L, "invalid capture index");
        lua_pushlstring(m->L, at, (size_t)(end - at));
    } else if (m->capture[i].n == CAPTURE_PLACE) {
        lua_pushinteger(m->L, m->capture[i].start - m->text.p + 1);
    } else if (m->capture[i].n == CAPTURE_OPEN) {
        luaL_error(m->L, "unfinished capture");
    } else {
        lua_pushlstring(m->L, m->capture[i].start, (size_t)m->capture[i].n);
    }
}

int pattern_push_all(struct pattern *m, const char *at, const char *end)
{
    int n = m->captures == 0 && at ? 1 : m->captures;

    luaL_checkstack(m->L, n, "too many captures");
    for (int i = 0; i < n; i++)
        pattern_push(m, i, at, end);
    return n;
}
