/* cjson.h - the two halves of cjson. */
#ifndef SCRIPT_CJSON_H
#define SCRIPT_CJSON_H

#include "engine_impl.h"

int cjson_encode(lua_State *L);
int cjson_decode(lua_State *L);

#endif
