/* script/cjson_decode.c - cjson.decode(): JSON as values of Lua. The text ends with its first NUL, which Lua
 * puts behind every string: so no end need be looked for. */
#include "cjson.h"
#include <ctype.h>
#include <stdlib.h>

enum token {
    OBJECT_BEGIN,
    OBJECT_END,
    ARRAY_BEGIN,
    ARRAY_END,
    STRING,
    NUMBER,
    BOOLEAN,
    NUL,
    COLON,
    COMMA,
    END,
    ERROR
};
static const char *const token_name[] = {"T_OBJ_BEGIN", "T_OBJ_END", "T_ARR_BEGIN", "T_ARR_END",
                                         "T_STRING",    "T_NUMBER",  "T_BOOLEAN",   "T_NULL",
                                         "T_COLON",     "T_COMMA",   "T_END",       "T_ERROR"};

struct decoder {
    lua_State *L;
    struct script_engine *e;
    const char *text, *p;
    enum token token;
    const char *at;    /* where it begins, or what is wrong with it lies */
    const char *wrong; /* ERROR: what */
    struct slice s;    /* STRING: a view, good until the next token */
    double number;
    bool flag;
    int depth;
};

static void decode_value(struct decoder *d);

static void expected(struct decoder *d, const char *what)
{
    luaL_error(d->L, "Expected %s but found %s at character %d", what,
               d->token == ERROR ? d->wrong : token_name[d->token], (int)(d->at - d->text) + 1);
}

/* --- tokens --- */

static void bad(struct decoder *d, const char *what)
{
    d->token = ERROR;
    d->wrong = what;
    d->at = d->p;
}

static int hex4(const char *p)
{
    int v = 0;

    for (int i = 0; i < 4; i++) {
        int c = tolower((unsigned char)p[i]);

        if (!isxdigit(c))
            return -1;
        v = v << 4 | (isdigit(c) ? c - '0' : c - 'a' + 10);
    }
    return v;
}

static void put_utf8(struct buf *b, unsigned v)
{
    if (v < 0x80) {
        buf_add_char(b, (char)v);
        return;
    }
    if (v < 0x800) {
        buf_add_char(b, (char)(0xc0 | v >> 6));
    } else {
        if (v < 0x10000) {
            buf_add_char(b, (char)(0xe0 | v >> 12));
        } else {
            buf_add_char(b, (char)(0xf0 | v >> 18));
            buf_add_char(b, (char)(0x80 | (v >> 12 & 0x3f)));
        }
        buf_add_char(b, (char)(0x80 | (v >> 6 & 0x3f)));
    }
    buf_add_char(b, (char)(0x80 | (v & 0x3f)));
}

/* \uXXXX, or two of them for what lies beyond 16 bits. */
static bool take_code(struct decoder *d, struct buf *b)
{
    int v = hex4(d->p + 2);

    if (v < 0)
        return false;
    d->p += 6;
    if ((v & 0xf800) == 0xd800) {
        int low = v & 0x400 || d->p[0] != '\\' || d->p[1] != 'u' ? -1 : hex4(d->p + 2);

        if (low < 0 || (low & 0xfc00) != 0xdc00) {
            d->p -= 6;
            return false;
        }
        d->p += 6;
        v = 0x10000 + ((v & 0x3ff) << 10 | (low & 0x3ff));
    }
    put_utf8(b, (unsigned)v);
    return true;
}

/* At a backslash. */
static const char *take_escape(struct decoder *d, struct buf *b)
{
    static const char from[] = "\"\\/btnfr", to[] = "\"\\/\b\t\n\f\r";
    const char *which = d->p[1] ? strchr(from, d->p[1]) : NULL;

    if (d->p[1] == 'u')
        return take_code(d, b) ? NULL : "invalid unicode escape code";
    if (!which)
        return "invalid escape code";
    buf_add_char(b, to[which - from]);
    d->p += 2;
    return NULL;
}

/* Behind the quote. Without escapes it is a view of the text. */
static void take_string(struct decoder *d)
{
    struct buf *b = &d->e->scratch;
    const char *start = d->p;

    b->n = 0;
    for (;;) {
        size_t n = strcspn(d->p, "\"\\");
        const char *wrong;

        d->p += n;
        if (*d->p == '"' && d->p - start == (ptrdiff_t)n) {
            d->s = (struct slice){start, n};
            break;
        }
        buf_add(b, d->p - n, n);
        if (*d->p == '"') {
            d->s = buf_slice(b);
            break;
        }
        wrong = *d->p ? take_escape(d, b) : "unexpected end of string";
        if (wrong) {
            bad(d, wrong);
            return;
        }
    }
    script_worked(d->L, (unsigned)((d->p - start) >> 3) % TICK_STEPS);
    d->p++;
    d->token = STRING;
}

/* What strtod() takes and JSON does not: a plus, hexadecimal, leading zeros, infinities and the like. */
static bool is_odd_number(const char *p)
{
    if (*p == '+')
        return true;
    if (*p == '-')
        p++;
    if (*p == '0')
        return (p[1] | 0x20) == 'x' || isdigit((unsigned char)p[1]);
    return strncasecmp(p, "inf", 3) == 0 || strncasecmp(p, "nan", 3) == 0;
}

static void take_number(struct decoder *d)
{
    char *end;

    if (!d->e->cjson.decode_invalid && is_odd_number(d->p)) {
        bad(d, "invalid number");
        return;
    }
    d->number = strtod(d->p, &end);
    if (end == d->p) {
        bad(d, "invalid number");
        return;
    }
    d->p = end;
    d->token = NUMBER;
}

static bool take_word(struct decoder *d, const char *word, enum token token)
{
    size_t n = strlen(word);

    if (strncmp(d->p, word, n) != 0)
        return false;
    d->p += n;
    d->token = token;
    return true;
}

static void next(struct decoder *d)
{
    static const char marks[] = "{}[]:,";
    static const enum token of[] = {OBJECT_BEGIN, OBJECT_END, ARRAY_BEGIN, ARRAY_END, COLON, COMMA};
    const char *mark;

    script_worked(d->L, 1);
    d->p += strspn(d->p, " \t\n\r");
    d->at = d->p;
    if (!*d->p) {
        d->token = END;
    } else if ((mark = strchr(marks, *d->p))) {
        d->p++;
        d->token = of[mark - marks];
    } else if (*d->p == '"') {
        d->p++;
        take_string(d);
    } else if (*d->p == '-' || isdigit((unsigned char)*d->p)) {
        take_number(d);
    } else if (take_word(d, "true", BOOLEAN)) {
        d->flag = true;
    } else if (take_word(d, "false", BOOLEAN)) {
        d->flag = false;
    } else if (take_word(d, "null", NUL)) {
        /* all is said */
    } else if (d->e->cjson.decode_invalid && is_odd_number(d->p)) {
        take_number(d);
    } else {
        bad(d, "invalid token");
    }
}

/* --- values --- */

static void deeper(struct decoder *d)
{
    if (++d->depth > d->e->cjson.decode_depth || !lua_checkstack(d->L, 5))
        luaL_error(d->L, "Found too many nested data structures (%d) at character %d", d->depth,
                   (int)(d->p - d->text));
}

static void decode_object(struct decoder *d)
{
    deeper(d);
    lua_newtable(d->L);
    next(d);
    while (d->token != OBJECT_END) {
        if (d->token != STRING)
            expected(d, "object key string");
        push_slice(d->L, d->s);
        next(d);
        if (d->token != COLON)
            expected(d, "colon");
        next(d);
        decode_value(d);
        lua_rawset(d->L, -3);
        next(d);
        if (d->token == OBJECT_END)
            break;
        if (d->token != COMMA)
            expected(d, "comma or object end");
        next(d);
        if (d->token == OBJECT_END)
            expected(d, "object key string");
    }
    d->depth--;
}

static void decode_array(struct decoder *d)
{
    deeper(d);
    lua_newtable(d->L);
    next(d);
    for (int i = 1; d->token != ARRAY_END; i++) {
        decode_value(d);
        lua_rawseti(d->L, -2, i);
        next(d);
        if (d->token == ARRAY_END)
            break;
        if (d->token != COMMA)
            expected(d, "comma or array end");
        next(d);
        if (d->token == ARRAY_END)
            expected(d, "value");
    }
    d->depth--;
}

/* The value that the token begins, pushed. */
static void decode_value(struct decoder *d)
{
    switch (d->token) {
    case STRING:
        push_slice(d->L, d->s);
        break;
    case NUMBER:
        lua_pushnumber(d->L, d->number);
        break;
    case BOOLEAN:
        lua_pushboolean(d->L, d->flag);
        break;
    case NUL:
        lua_pushlightuserdata(d->L, NULL);
        break;
    case OBJECT_BEGIN:
        decode_object(d);
        break;
    case ARRAY_BEGIN:
        decode_array(d);
        break;
    default:
        expected(d, "value");
    }
}

int cjson_decode(lua_State *L)
{
    struct decoder d = {.L = L, .e = engine_of(L)};
    size_t n;

    luaL_argcheck(L, lua_gettop(L) == 1, 1, "expected 1 argument");
    d.text = d.p = luaL_checklstring(L, 1, &n);
    if (n >= 2 && (!d.text[0] || !d.text[1]))
        return luaL_error(L, "JSON parser does not support UTF-16 or UTF-32");
    next(&d);
    decode_value(&d);
    next(&d);
    if (d.token != END)
        expected(&d, "the end");
    return 1;
}
