/* store/totals.c - see store/totals.h. */
#include "store/totals.h"

struct store_totals store_totals;
