/* script_cache.h - what the files about scripts and functions share. */
#ifndef CMD_SCRIPT_CACHE_H
#define CMD_SCRIPT_CACHE_H

#include "base/dict.h"

extern const struct dict_type cached_script_type, compiled_library_type, compiled_function_type;

struct script_function;
struct compiled_library;
/* So that it can be called; false: another library has one of that name. Names are one whatever their case;
 * of those of one library the first counts, as in Redis. */
bool compiled_function_add(struct dict *d, const struct script_function *function,
                           const struct compiled_library *of);

#endif
