/* script_cache.h - for scripts.c. */
#ifndef CMD_SCRIPT_CACHE_H
#define CMD_SCRIPT_CACHE_H

#include "base/dict.h"

extern const struct dict_type cached_script_type, compiled_library_type, compiled_function_type;

#endif
