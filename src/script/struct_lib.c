/* script/struct_lib.c - struct: numbers and strings as the bytes of C's structs. The format is a string:
 *
 *   > < !n      big endian, little endian, alignment (a power of 2) from here on
 *   b h l T in  integers of 1, 2, 8, 8 and n bytes (4 without n); in capitals, and T, without sign
 *   f d         float, double
 *   x           a byte that means nothing
 *   s           a string that ends with a NUL
 *   cn          n bytes; n 0: all of the string, or (unpack) as many as the number before says
 */
#include "engine_impl.h"
#include <ctype.h>
#include <math.h>

#define INT_BYTES_MAX 32

struct format {
    lua_State *L;
    const char *p;
    bool big;
    size_t align;
    size_t pos;
    char what; /* the item at hand */
    size_t size;
};

static void format_begin(struct format *f, lua_State *L)
{
    *f = (struct format){.L = L, .p = luaL_checkstring(L, 1), .align = 1};
}

static size_t take_number(struct format *f, size_t otherwise)
{
    size_t v = 0;

    if (!isdigit((unsigned char)*f->p))
        return otherwise;
    for (; isdigit((unsigned char)*f->p); f->p++)
        if ((v = v * 10 + (size_t)(*f->p - '0')) > INT32_MAX)
            luaL_error(f->L, "integral size overflow");
    return v;
}

static size_t size_of(struct format *f)
{
    size_t n;

    switch (f->what) {
    case 'b':
    case 'B':
    case 'x':
        return 1;
    case 'h':
    case 'H':
        return 2;
    case 'l':
    case 'L':
    case 'T':
    case 'd':
        return 8;
    case 'f':
        return 4;
    case 'c':
        return take_number(f, 1);
    case 'i':
    case 'I':
        n = take_number(f, 4);
        if (n > INT_BYTES_MAX)
            luaL_error(f->L, "integral size %d is larger than limit of %d", (int)n, INT_BYTES_MAX);
        return n;
    default:
        return 0;
    }
}

static void control(struct format *f)
{
    size_t n;

    switch (f->what) {
    case ' ':
        break;
    case '>':
    case '<':
        f->big = f->what == '>';
        break;
    case '!':
        n = take_number(f, 8);
        if (n == 0 || n & (n - 1))
            luaL_error(f->L, "alignment %d is not a power of 2", (int)n);
        f->align = n;
        break;
    default:
        luaL_argerror(f->L, 1, lua_pushfstring(f->L, "invalid format option '%c'", f->what));
    }
}

/* The next item; *gap bytes lie before it. False: there is none. */
static bool next_item(struct format *f, size_t *gap)
{
    size_t by;

    script_worked(f->L, 1);
    if (!*f->p)
        return false;
    f->what = *f->p++;
    f->size = size_of(f);
    by = f->size < f->align ? f->size : f->align;
    *gap = by == 0 || f->what == 'c' ? 0 : (by - (f->pos & (by - 1))) & (by - 1);
    f->pos += *gap;
    return true;
}

static bool is_integer(char what)
{
    return strchr("bBhHlLTiI", what) != NULL;
}

/* C leaves open what becomes of a number that does not fit: here it is what Redis makes of it on x86-64. */
static uint64_t integer_of(lua_Number v)
{
    if (isnan(v))
        return (uint64_t)INT64_MIN;
    if (v < 0)
        return v >= -9223372036854775808.0 ? (uint64_t)(int64_t)v : (uint64_t)INT64_MIN;
    return v < 18446744073709551616.0 ? (uint64_t)v : 0;
}

/* --- pack --- */

static uint64_t integer_at(lua_State *L, int index)
{
    return integer_of(luaL_checknumber(L, index));
}

static void put_bytes(luaL_Buffer *b, uint64_t v, size_t n, bool big)
{
    for (size_t i = 0; i < n; i++) {
        size_t at = big ? n - 1 - i : i;

        luaL_addchar(b, (char)(at < 8 ? v >> 8 * at : 0));
    }
}

static void pack_float(struct format *f, luaL_Buffer *b, int arg)
{
    lua_Number v = luaL_checknumber(f->L, arg);
    float small = (float)v;
    uint64_t raw = 0;
    uint32_t raw32;

    memcpy(&raw32, &small, sizeof raw32);
    memcpy(&raw, &v, sizeof raw);
    put_bytes(b, f->what == 'f' ? raw32 : raw, f->size, f->big);
}

static void pack_string(struct format *f, luaL_Buffer *b, int arg)
{
    struct slice s;

    s.p = luaL_checklstring(f->L, arg, &s.n);
    if (f->size == 0)
        f->size = s.n;
    luaL_argcheck(f->L, s.n >= f->size, arg + 1, "string too short");
    luaL_addlstring(b, s.p, f->size);
    if (f->what == 's') {
        luaL_addchar(b, '\0');
        f->size++;
    }
}

static int struct_pack(lua_State *L)
{
    struct format f;
    luaL_Buffer b;
    size_t gap;
    int arg = 2;

    format_begin(&f, L);
    lua_pushnil(L); /* an argument that is missing must not be one of the buffer's own */
    luaL_buffinit(L, &b);
    while (next_item(&f, &gap)) {
        put_bytes(&b, 0, gap, false);
        if (is_integer(f.what))
            put_bytes(&b, integer_at(L, arg++), f.size, f.big);
        else if (f.what == 'x')
            luaL_addchar(&b, '\0');
        else if (f.what == 'f' || f.what == 'd')
            pack_float(&f, &b, arg++);
        else if (f.what == 'c' || f.what == 's')
            pack_string(&f, &b, arg++);
        else
            control(&f);
        f.pos += f.size;
    }
    luaL_pushresult(&b);
    return 1;
}

/* --- unpack --- */

static uint64_t take_bytes(const char *p, size_t n, bool big)
{
    uint64_t v = 0;

    for (size_t i = 0; i < n; i++)
        v = v << 8 | (unsigned char)p[big ? i : n - 1 - i];
    return v;
}

static lua_Number unpack_integer(const struct format *f, const char *p)
{
    uint64_t v = take_bytes(p, f->size, f->big);
    unsigned unused = f->size > 0 && f->size < 8 ? 64 - 8 * (unsigned)f->size : 0;

    if (isupper((unsigned char)f->what))
        return (lua_Number)v;
    return (lua_Number)((int64_t)(v << unused) >> unused);
}

static void unpack_float(const struct format *f, const char *p)
{
    uint64_t raw = take_bytes(p, f->size, f->big);
    uint32_t raw32 = (uint32_t)raw;
    float small;
    double v;

    memcpy(&small, &raw32, sizeof small);
    memcpy(&v, &raw, sizeof v);
    lua_pushnumber(f->L, f->what == 'f' ? (double)small : v);
}

static void check_room(const struct format *f, size_t n)
{
    luaL_argcheck(f->L, f->size <= n && f->pos <= n - f->size, 2, "data string too short");
}

/* c0: the number that was read last is the length, and is not a result. */
static void take_length(struct format *f, int *results)
{
    if (*results == 0 || !lua_isnumber(f->L, -1))
        luaL_error(f->L, "format 'c0' needs a previous size");
    f->size = (size_t)integer_of(lua_tonumber(f->L, -1));
    lua_pop(f->L, 1);
    --*results;
}

static void unpack_terminated(struct format *f, struct slice data)
{
    const char *start = data.p + f->pos, *end = memchr(start, '\0', data.n - f->pos);

    if (!end)
        luaL_error(f->L, "unfinished string in data");
    f->size = (size_t)(end - start) + 1;
    lua_pushlstring(f->L, start, f->size - 1);
}

static int struct_unpack(lua_State *L)
{
    struct format f;
    struct slice data;
    size_t gap;
    lua_Integer from = luaL_optinteger(L, 3, 1);
    int results = 0;

    format_begin(&f, L);
    data.p = luaL_checklstring(L, 2, &data.n);
    luaL_argcheck(L, from > 0, 3, "offset must be 1 or greater");
    f.pos = (size_t)from - 1;
    while (next_item(&f, &gap)) {
        int before = results++;

        check_room(&f, data.n);
        luaL_checkstack(L, 2, "too many results");
        if (is_integer(f.what)) {
            lua_pushnumber(L, unpack_integer(&f, data.p + f.pos));
        } else if (f.what == 'f' || f.what == 'd') {
            unpack_float(&f, data.p + f.pos);
        } else if (f.what == 's') {
            unpack_terminated(&f, data);
        } else if (f.what == 'c') {
            if (f.size == 0) {
                results = before;
                take_length(&f, &results);
                check_room(&f, data.n);
                results++;
            }
            lua_pushlstring(L, data.p + f.pos, f.size);
        } else {
            results = before;
            if (f.what != 'x')
                control(&f);
        }
        f.pos += f.size;
    }
    lua_pushinteger(L, (lua_Integer)f.pos + 1);
    return results + 1;
}

static int struct_size(lua_State *L)
{
    struct format f;
    size_t gap;

    format_begin(&f, L);
    while (next_item(&f, &gap)) {
        luaL_argcheck(L, f.what != 's', 1, "option 's' has no fixed size");
        luaL_argcheck(L, f.what != 'c' || f.size, 1, "option 'c0' has no fixed size");
        if (!isalnum((unsigned char)f.what))
            control(&f);
        f.pos += f.size;
    }
    lua_pushinteger(L, (lua_Integer)f.pos);
    return 1;
}

void open_struct(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"pack", struct_pack}, {"unpack", struct_unpack}, {"size", struct_size}, {NULL, NULL}};

    lua_createtable(L, 0, 3);
    luaL_register(L, NULL, functions);
}
