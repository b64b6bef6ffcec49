/* cmd/syntax.c - the syntax of a command, taken apart and put together. See syntax.h. */
#include "syntax.h"
#include "base/mem.h"

void syntax_free(struct syntax *first)
{
    while (first) {
        struct syntax *next = first->next;

        syntax_free(first->inside);
        mem_free(first);
        first = next;
    }
}

/* --- put together --- */

static void put_one(struct buf *b, const struct syntax *a);

static void put_joined(struct buf *b, const struct syntax *first, const char *between)
{
    for (const struct syntax *a = first; a; a = a->next) {
        if (a != first)
            buf_add_str(b, between);
        put_one(b, a);
    }
}

/* Without its token. The brackets of what may be left out do for the alternatives in it. */
static void put_body(struct buf *b, const struct syntax *a)
{
    bool angles = a->kind == SYNTAX_ONEOF && (!a->optional || a->token.n || a->multiple);

    if (angles)
        buf_add_char(b, '<');
    if (a->kind == SYNTAX_WORD)
        buf_add_slice(b, a->word);
    else
        put_joined(b, a->inside, a->kind == SYNTAX_ONEOF ? " | " : " ");
    if (angles)
        buf_add_char(b, '>');
}

static void put_once(struct buf *b, const struct syntax *a)
{
    buf_add_slice(b, a->token);
    if (a->kind == SYNTAX_TOKEN)
        return;
    if (a->token.n)
        buf_add_char(b, ' ');
    put_body(b, a);
}

static void put_again(struct buf *b, const struct syntax *a)
{
    if (a->dots) {
        buf_add_str(b, " ...");
        return;
    }
    buf_add_str(b, " [");
    (a->multiple_token ? put_once : put_body)(b, a);
    buf_add_str(b, " ...]");
}

static void put_one(struct buf *b, const struct syntax *a)
{
    if (a->optional)
        buf_add_char(b, '[');
    put_once(b, a);
    if (a->multiple)
        put_again(b, a);
    if (a->optional)
        buf_add_char(b, ']');
}

void syntax_put(struct buf *text, const struct syntax *first)
{
    put_joined(text, first, " ");
}

/* --- taken apart --- */

struct parser {
    const char *p; /* what is next; never a space */
};

/* Arguments in the order they came. */
struct row {
    struct syntax *first, *last;
    size_t n;
};

static struct syntax *make(enum syntax_kind kind)
{
    struct syntax *a = mem_zalloc(sizeof *a);

    a->kind = kind;
    return a;
}

static void append(struct row *r, struct syntax *a)
{
    *(r->last ? &r->last->next : &r->first) = a;
    r->last = a;
    r->n++;
}

static void skip_spaces(struct parser *s)
{
    while (*s->p == ' ')
        s->p++;
}

static void take(struct parser *s, char c)
{
    must(*s->p == c);
    s->p++;
    skip_spaces(s);
}

static bool ends(char c)
{
    return !c || strchr(" []<>|", c);
}

static struct slice take_word(struct parser *s)
{
    struct slice w = {s->p, 0};

    while (!ends(w.p[w.n]))
        w.n++;
    must(w.n);
    s->p += w.n;
    skip_spaces(s);
    return w;
}

/* Nothing in lower case: COUNT, LIB-NAME, *, ~. */
static bool at_token(const struct parser *s)
{
    for (const char *p = s->p; !ends(*p); p++)
        if (*p >= 'a' && *p <= 'z')
            return false;
    return !ends(*s->p);
}

static bool at_dots(const struct parser *s)
{
    return strncmp(s->p, "...", 3) == 0;
}

/* The text between a '[' that s stands at and its ']' when it ends with "...": what it repeats. */
static bool at_repeat(const struct parser *s, struct slice *what)
{
    const char *p = s->p;
    int depth = 0;

    if (*p != '[')
        return false;
    do {
        depth += (*p == '[') - (*p == ']');
        p++;
    } while (depth && *p);
    *what = (struct slice){s->p + 1, (size_t)(p - s->p) - 2};
    if (what->n < 4 || memcmp(what->p + what->n - 4, " ...", 4) != 0)
        return false;
    what->n -= 4;
    return true;
}

static bool is_text_of(void (*put)(struct buf *b, const struct syntax *a), const struct syntax *a,
                       struct slice text)
{
    struct buf b = {0};
    bool same;

    put(&b, a);
    same = slice_eq(buf_slice(&b), text);
    buf_free(&b);
    return same;
}

/* The arguments from the k-th on become one. */
static struct syntax *gather(struct row *r, size_t k)
{
    struct syntax *block = make(SYNTAX_BLOCK), **at = &r->first;

    r->last = NULL;
    for (size_t i = 0; i < k; i++) {
        r->last = *at;
        at = &(*at)->next;
    }
    block->inside = *at;
    *at = NULL;
    r->n = k;
    append(r, block);
    return block;
}

/* The last argument, without its token or with it, or the last ones together, are what is repeated. */
static bool repeat(struct row *r, struct slice what)
{
    struct syntax *a = r->last;

    if (a->token.n && is_text_of(put_once, a, what)) {
        a->multiple = a->multiple_token = true;
        return true;
    }
    if (is_text_of(put_body, a, what)) {
        a->multiple = true;
        return true;
    }
    for (size_t k = r->n - 1; k-- > 0;) {
        struct syntax *from = r->first;

        for (size_t i = 0; i < k; i++)
            from = from->next;
        if (is_text_of(syntax_put, from, what)) {
            gather(r, k)->multiple = true;
            return true;
        }
    }
    return false;
}

static bool take_repeat(struct parser *s, struct row *r)
{
    struct slice what;

    if (!r->n || !at_repeat(s, &what) || !repeat(r, what))
        return false;
    s->p = what.p + what.n + strlen(" ...]");
    skip_spaces(s);
    return true;
}

static struct row parse_row(struct parser *s);

/* Several arguments as one. */
static struct syntax *as_one(struct row r)
{
    must(r.n);
    return r.n == 1 ? r.first : gather(&r, 0);
}

/* a | b | c: a ONEOF; one alternative is itself. */
static struct syntax *parse_alternatives(struct parser *s)
{
    struct syntax *oneof = make(SYNTAX_ONEOF), *only;
    struct row all = {0};

    append(&all, as_one(parse_row(s)));
    while (*s->p == '|') {
        take(s, '|');
        append(&all, as_one(parse_row(s)));
    }
    oneof->inside = all.first;
    if (all.n > 1)
        return oneof;
    only = all.first;
    mem_free(oneof);
    return only;
}

static struct syntax *parse_optional(struct parser *s)
{
    struct syntax *a, *outer;

    take(s, '[');
    a = parse_alternatives(s);
    take(s, ']');
    if (a->optional) {
        outer = make(SYNTAX_BLOCK);
        outer->inside = a;
        a = outer;
    }
    a->optional = true;
    return a;
}

static struct syntax *parse_group(struct parser *s)
{
    struct syntax *a;

    take(s, '<');
    a = parse_alternatives(s);
    take(s, '>');
    return a;
}

static struct syntax *parse_word(struct parser *s)
{
    struct syntax *a = make(SYNTAX_WORD);

    a->word = take_word(s);
    return a;
}

/* What belongs to a token: words in lower case and <>, with their repetitions. */
static struct row parse_belongings(struct parser *s)
{
    struct row r = {0};

    for (;;) {
        if (take_repeat(s, &r))
            continue;
        if (*s->p == '<')
            append(&r, parse_group(s));
        else if (!ends(*s->p) && !at_token(s) && !at_dots(s))
            append(&r, parse_word(s));
        else
            return r;
    }
}

static struct syntax *parse_token(struct parser *s)
{
    struct slice token = take_word(s);
    struct row r = parse_belongings(s);
    struct syntax *a = r.n ? as_one(r) : make(SYNTAX_TOKEN);

    must(!a->token.n);
    a->token = token;
    return a;
}

static struct row parse_row(struct parser *s)
{
    struct row r = {0};

    while (*s->p && !strchr("]>|", *s->p)) {
        if (take_repeat(s, &r))
            continue;
        if (at_dots(s)) {
            must(r.n);
            take_word(s);
            r.last->multiple = r.last->dots = true;
        } else if (*s->p == '[') {
            append(&r, parse_optional(s));
        } else if (*s->p == '<') {
            append(&r, parse_group(s));
        } else {
            append(&r, at_token(s) ? parse_token(s) : parse_word(s));
        }
    }
    return r;
}

struct syntax *syntax_parse(const char *text)
{
    struct parser s = {text};
    struct row r;

    skip_spaces(&s);
    r = parse_row(&s);
    must(!*s.p);
    return r.first;
}
