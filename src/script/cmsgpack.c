/* script/cmsgpack.c - cmsgpack: values of Lua as MessagePack and back. Lengths in the input are believed as
 * far as there are bytes; nesting is bounded both ways. */
#include "base/mem.h"
#include "engine_impl.h"
#include <math.h>

#define PACK_DEPTH   16 /* a table further in is packed as nil, as in Redis */
#define UNPACK_DEPTH 1000

/* --- pack --- */

static struct buf *room(lua_State *L, size_t n)
{
    struct script_engine *e = engine_of(L);

    script_worked(L, 1);
    if (e->scratch.n + n > e->limit)
        luaL_error(L, "not enough memory");
    return &e->scratch;
}

/* The type's byte, then so many bytes of the number, high first. */
static void put_be(lua_State *L, unsigned char type, uint64_t v, int bytes)
{
    struct buf *b = room(L, 9);

    buf_add_char(b, (char)type);
    while (bytes--)
        buf_add_char(b, (char)(v >> 8 * bytes));
}

static void put_int(lua_State *L, int64_t v)
{
    if (v >= 0) {
        if (v <= 127)
            put_be(L, (unsigned char)v, 0, 0);
        else if (v <= 0xff)
            put_be(L, 0xcc, (uint64_t)v, 1);
        else if (v <= 0xffff)
            put_be(L, 0xcd, (uint64_t)v, 2);
        else if (v <= 0xffffffff)
            put_be(L, 0xce, (uint64_t)v, 4);
        else
            put_be(L, 0xcf, (uint64_t)v, 8);
    } else if (v >= -32) {
        put_be(L, (unsigned char)v, 0, 0);
    } else if (v >= INT8_MIN) {
        put_be(L, 0xd0, (uint64_t)v, 1);
    } else if (v >= INT16_MIN) {
        put_be(L, 0xd1, (uint64_t)v, 2);
    } else if (v >= INT32_MIN) {
        put_be(L, 0xd2, (uint64_t)v, 4);
    } else {
        put_be(L, 0xd3, (uint64_t)v, 8);
    }
}

static bool is_int(lua_Number v)
{
    return v >= -9223372036854775808.0 && v < 9223372036854775808.0 && v == (lua_Number)(int64_t)v;
}

static void put_number_of(lua_State *L, lua_Number v)
{
    float small = (float)v;
    uint64_t raw;
    uint32_t raw32;

    if (is_int(v)) {
        put_int(L, (int64_t)v);
    } else if ((lua_Number)small == v) {
        memcpy(&raw32, &small, sizeof raw32);
        put_be(L, 0xca, raw32, 4);
    } else {
        memcpy(&raw, &v, sizeof raw);
        put_be(L, 0xcb, raw, 8);
    }
}

static void put_string(lua_State *L, struct slice s)
{
    if (s.n < 32)
        put_be(L, (unsigned char)(0xa0 | s.n), 0, 0);
    else if (s.n <= 0xff)
        put_be(L, 0xd9, s.n, 1);
    else if (s.n <= 0xffff)
        put_be(L, 0xda, s.n, 2);
    else
        put_be(L, 0xdb, s.n, 4);
    buf_add_slice(room(L, s.n), s);
}

/* How many pairs the table at the top has; *array when the keys are 1 to that. */
static size_t count_pairs(lua_State *L, bool *array)
{
    size_t n = 0;
    lua_Number max = 0;

    *array = true;
    for (lua_pushnil(L); lua_next(L, -2); n++) {
        lua_Number k;

        script_worked(L, 1);
        lua_pop(L, 1);
        k = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : 0;
        if (k <= 0 || !is_int(k))
            *array = false;
        else if (k > max)
            max = k;
    }
    *array = *array && max == (lua_Number)n;
    return n;
}

static void pack_value(lua_State *L, int depth);

static void pack_table(lua_State *L, int depth)
{
    bool array;
    size_t n = count_pairs(L, &array);

    luaL_checkstack(L, 4, "in function pack");
    if (n < 16)
        put_be(L, (unsigned char)((array ? 0x90 : 0x80) | n), 0, 0);
    else if (n <= 0xffff)
        put_be(L, array ? 0xdc : 0xde, n, 2);
    else
        put_be(L, array ? 0xdd : 0xdf, n, 4);
    if (array) {
        for (size_t i = 1; i <= n; i++) {
            lua_rawgeti(L, -1, (int)i);
            pack_value(L, depth + 1);
        }
        return;
    }
    for (lua_pushnil(L); lua_next(L, -2);) {
        lua_pushvalue(L, -2);
        pack_value(L, depth + 1);
        pack_value(L, depth + 1);
    }
}

/* The value at the top; pops it. */
static void pack_value(lua_State *L, int depth)
{
    struct slice s;

    switch (lua_type(L, -1)) {
    case LUA_TSTRING:
        s.p = lua_tolstring(L, -1, &s.n);
        put_string(L, s);
        break;
    case LUA_TBOOLEAN:
        put_be(L, lua_toboolean(L, -1) ? 0xc3 : 0xc2, 0, 0);
        break;
    case LUA_TNUMBER:
        put_number_of(L, lua_tonumber(L, -1));
        break;
    case LUA_TTABLE:
        if (depth < PACK_DEPTH)
            pack_table(L, depth);
        else
            put_be(L, 0xc0, 0, 0);
        break;
    default:
        put_be(L, 0xc0, 0, 0);
        break;
    }
    lua_pop(L, 1);
}

static int cmsgpack_pack(lua_State *L)
{
    int n = lua_gettop(L);
    struct buf *b = &engine_of(L)->scratch;

    if (n == 0)
        return luaL_argerror(L, 0, "MessagePack pack needs input.");
    luaL_checkstack(L, 4, "in function pack");
    b->n = 0;
    for (int i = 1; i <= n; i++) {
        lua_pushvalue(L, i);
        pack_value(L, 0);
    }
    push_slice(L, buf_slice(b));
    return 1;
}

/* --- unpack --- */

struct input {
    lua_State *L;
    const unsigned char *p;
    size_t n;
    int depth;
};

static void missing(struct input *in)
{
    luaL_error(in->L, "Missing bytes in input.");
}

static uint64_t take_be(struct input *in, int bytes)
{
    uint64_t v = 0;

    if (in->n < (size_t)bytes)
        missing(in);
    in->n -= (size_t)bytes;
    while (bytes--)
        v = v << 8 | *in->p++;
    return v;
}

static void unpack_value(struct input *in);

static void unpack_string(struct input *in, uint64_t n)
{
    if (in->n < n)
        missing(in);
    lua_pushlstring(in->L, (const char *)in->p, (size_t)n);
    in->p += n;
    in->n -= (size_t)n;
}

/* Each element has a byte at least: nothing is made for what is only announced. */
static int hint(const struct input *in, uint64_t n)
{
    uint64_t most = n < in->n ? n : in->n;

    return most < 1000000 ? (int)most : 1000000;
}

static void deeper(struct input *in)
{
    if (++in->depth > UNPACK_DEPTH)
        luaL_error(in->L, "Bad data format in input.");
    luaL_checkstack(in->L, 4, "in function unpack");
}

static void unpack_array(struct input *in, uint64_t n)
{
    deeper(in);
    lua_createtable(in->L, hint(in, n), 0);
    for (uint64_t i = 1; i <= n; i++) {
        unpack_value(in);
        lua_rawseti(in->L, -2, (int)i);
    }
    in->depth--;
}

static void unpack_map(struct input *in, uint64_t n)
{
    deeper(in);
    lua_createtable(in->L, 0, hint(in, n / 2));
    while (n--) {
        unpack_value(in);
        unpack_value(in);
        lua_settable(in->L, -3);
    }
    in->depth--;
}

static double double_of(uint64_t raw)
{
    double v;

    memcpy(&v, &raw, sizeof v);
    return v;
}

static float float_of(uint32_t raw)
{
    float v;

    memcpy(&v, &raw, sizeof v);
    return v;
}

/* The types that are a byte of their own, from 0xc0 to 0xdf. */
static void unpack_typed(struct input *in, unsigned type)
{
    lua_State *L = in->L;

    switch (type) {
    case 0xc0:
        lua_pushnil(L);
        break;
    case 0xc2:
    case 0xc3:
        lua_pushboolean(L, type & 1);
        break;
    case 0xca:
        lua_pushnumber(L, (lua_Number)float_of((uint32_t)take_be(in, 4)));
        break;
    case 0xcb:
        lua_pushnumber(L, double_of(take_be(in, 8)));
        break;
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf: /* as in Redis, the largest ones come out negative */
        lua_pushnumber(L, (lua_Number)(int64_t)take_be(in, 1 << (type - 0xcc)));
        break;
    case 0xd0:
        lua_pushnumber(L, (lua_Number)(int8_t)take_be(in, 1));
        break;
    case 0xd1:
        lua_pushnumber(L, (lua_Number)(int16_t)take_be(in, 2));
        break;
    case 0xd2:
        lua_pushnumber(L, (lua_Number)(int32_t)take_be(in, 4));
        break;
    case 0xd3:
        lua_pushnumber(L, (lua_Number)(int64_t)take_be(in, 8));
        break;
    case 0xd9:
    case 0xda:
    case 0xdb:
        unpack_string(in, take_be(in, 1 << (type - 0xd9)));
        break;
    case 0xdc:
    case 0xdd:
        unpack_array(in, take_be(in, type == 0xdc ? 2 : 4));
        break;
    case 0xde:
    case 0xdf:
        unpack_map(in, take_be(in, type == 0xde ? 2 : 4));
        break;
    default:
        luaL_error(L, "Bad data format in input.");
    }
}

static void unpack_value(struct input *in)
{
    unsigned type = (unsigned)take_be(in, 1);

    script_worked(in->L, 1);
    if (type <= 0x7f)
        lua_pushnumber(in->L, type);
    else if (type <= 0x8f)
        unpack_map(in, type & 0x0f);
    else if (type <= 0x9f)
        unpack_array(in, type & 0x0f);
    else if (type <= 0xbf)
        unpack_string(in, type & 0x1f);
    else if (type <= 0xdf)
        unpack_typed(in, type);
    else
        lua_pushnumber(in->L, (int8_t)type);
}

/* At most `limit` values from `offset` on, and (but for "all") before them where to go on, -1 at the end. */
static int unpack_some(lua_State *L, int limit, int offset)
{
    struct input in = {.L = L};
    size_t n;
    const char *p = luaL_checklstring(L, 1, &n);
    bool all = limit == 0 && offset == 0;
    int count = 0;

    if (limit < 0 || offset < 0)
        return luaL_error(L, "Invalid request to unpack with offset of %d and limit of %d.", offset, (int)n);
    if ((size_t)offset > n)
        return luaL_error(L, "Start offset %d greater than input length %d.", offset, (int)n);
    lua_settop(L, 1);
    in.p = (const unsigned char *)p + offset;
    in.n = n - (size_t)offset;
    for (; in.n && (all || count < limit); count++) {
        luaL_checkstack(L, 2, "in function mp_unpack_full");
        unpack_value(&in);
    }
    if (all)
        return count;
    lua_pushinteger(L, in.n ? (lua_Integer)(n - in.n) : -1);
    lua_insert(L, 2);
    return count + 1;
}

static int cmsgpack_unpack(lua_State *L)
{
    return unpack_some(L, 0, 0);
}

static int cmsgpack_unpack_one(lua_State *L)
{
    return unpack_some(L, 1, luaL_optint(L, 2, 0));
}

static int cmsgpack_unpack_limit(lua_State *L)
{
    int limit = luaL_checkint(L, 2);

    return unpack_some(L, limit, luaL_optint(L, 3, 0));
}

void open_cmsgpack(lua_State *L)
{
    static const luaL_Reg functions[] = {{"pack", cmsgpack_pack},
                                         {"unpack", cmsgpack_unpack},
                                         {"unpack_one", cmsgpack_unpack_one},
                                         {"unpack_limit", cmsgpack_unpack_limit},
                                         {NULL, NULL}};

    lua_createtable(L, 0, 4);
    luaL_register(L, NULL, functions);
}
