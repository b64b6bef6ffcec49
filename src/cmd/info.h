/* info.h - INFO while it is written: its sections are spread over src/cmd/info*.c, for which alone this is.
 */
#ifndef CMD_INFO_H
#define CMD_INFO_H

#include "handlers.h"

struct info {
    const struct call *c;
    const struct service *s;
    struct buf out;
};

void info_text(struct info *i, const char *name, const char *text);
void info_int(struct info *i, const char *name, int64_t v);
void info_count(struct info *i, const char *name, uint64_t v);
void info_real(struct info *i, const char *name, double v); /* two decimals */
/* Fields that tools look for and that mean nothing here: up to a NULL. */
void info_zeros(struct info *i, const char *const *name);
void info_human(struct info *i, const char *name, uint64_t bytes); /* NAME_human:1.50M */
void info_bytes(struct info *i, const char *name, uint64_t bytes); /* both ways */
void info_lower(struct info *i, const char *name);                 /* a command's name, alone */

/* What the journal says of itself; zeros without one. */
struct journal_info info_journal(const struct service *s);

void info_memory(struct info *i);
void info_persistence(struct info *i), info_durability(struct info *i);
void info_stats(struct info *i), info_commandstats(struct info *i), info_errorstats(struct info *i),
    info_latencystats(struct info *i);

#endif
