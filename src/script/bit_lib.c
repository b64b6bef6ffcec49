/* script/bit_lib.c - bit: operations on 32 bits, as LuaJIT's library of that name has them. */
#include "engine_impl.h"

/* A number modulo 2^32: what is left in the low bits of a double whose unit is 1 (2^52 + 2^51). */
static uint32_t bits_of(lua_State *L, int index)
{
    double d = luaL_checknumber(L, index) + 6755399441055744.0;
    uint64_t raw;

    memcpy(&raw, &d, sizeof raw);
    return (uint32_t)raw;
}

static int push_bits(lua_State *L, uint32_t v)
{
    lua_pushnumber(L, (lua_Number)(int32_t)v);
    return 1;
}

static int bit_tobit(lua_State *L)
{
    return push_bits(L, bits_of(L, 1));
}

static int bit_bnot(lua_State *L)
{
    return push_bits(L, ~bits_of(L, 1));
}

static int bit_band(lua_State *L)
{
    uint32_t v = bits_of(L, 1);

    for (int i = lua_gettop(L); i > 1; i--)
        v &= bits_of(L, i);
    return push_bits(L, v);
}

static int bit_bor(lua_State *L)
{
    uint32_t v = bits_of(L, 1);

    for (int i = lua_gettop(L); i > 1; i--)
        v |= bits_of(L, i);
    return push_bits(L, v);
}

static int bit_bxor(lua_State *L)
{
    uint32_t v = bits_of(L, 1);

    for (int i = lua_gettop(L); i > 1; i--)
        v ^= bits_of(L, i);
    return push_bits(L, v);
}

/* The number, and by how much it is to be moved; asked for in this order, for the error's sake. */
static uint32_t moved(lua_State *L, unsigned *by)
{
    uint32_t v = bits_of(L, 1);

    *by = bits_of(L, 2) & 31;
    return v;
}

static int bit_lshift(lua_State *L)
{
    unsigned by;
    uint32_t v = moved(L, &by);

    return push_bits(L, v << by);
}

static int bit_rshift(lua_State *L)
{
    unsigned by;
    uint32_t v = moved(L, &by);

    return push_bits(L, v >> by);
}

static int bit_arshift(lua_State *L)
{
    unsigned by;
    uint32_t v = moved(L, &by);

    return push_bits(L, (uint32_t)((int32_t)v >> by));
}

static uint32_t rotate(uint32_t v, unsigned by) /* to the left */
{
    return by ? v << by | v >> (32 - by) : v;
}

static int bit_rol(lua_State *L)
{
    unsigned by;
    uint32_t v = moved(L, &by);

    return push_bits(L, rotate(v, by));
}

static int bit_ror(lua_State *L)
{
    unsigned by;
    uint32_t v = moved(L, &by);

    return push_bits(L, rotate(v, (32 - by) & 31));
}

static int bit_bswap(lua_State *L)
{
    return push_bits(L, __builtin_bswap32(bits_of(L, 1)));
}

/* So many digits, the last ones; capitals where the number is negative. */
static int bit_tohex(lua_State *L)
{
    uint32_t v = bits_of(L, 1);
    int32_t n = lua_isnone(L, 2) ? 8 : (int32_t)bits_of(L, 2);
    const char *digit = n < 0 ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[8];

    n = n < -8 || n > 8 ? 8 : n < 0 ? -n : n;
    for (int i = n; i-- > 0; v >>= 4)
        text[i] = digit[v & 15];
    lua_pushlstring(L, text, (size_t)n);
    return 1;
}

void open_bit(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"tobit", bit_tobit}, {"bnot", bit_bnot},     {"band", bit_band},     {"bor", bit_bor},
        {"bxor", bit_bxor},   {"lshift", bit_lshift}, {"rshift", bit_rshift}, {"arshift", bit_arshift},
        {"rol", bit_rol},     {"ror", bit_ror},       {"bswap", bit_bswap},   {"tohex", bit_tohex},
        {NULL, NULL}};

    lua_createtable(L, 0, 12);
    luaL_register(L, NULL, functions);
}
