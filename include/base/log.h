/* base/log.h - one line an event: an event, then its facts: client dropped: conn=17 reason="...".
 *
 * The log is the one piece of global state below `server`: a line must be possible from any depth, and
 * a pointer handed through every layer would say nothing. Main thread and sync thread may both write. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_VERBOSE, LOG_LEVEL_NOTICE, LOG_LEVEL_WARNING, LOG_LEVEL_NOTHING };

/* `path` empty: standard output; "stderr": standard error. False (errno) if it cannot be opened; the old one
 * stays. */
bool log_open(const char *path, enum log_level level);
void log_set_level(enum log_level level);
bool log_reopen(void);                            /* the same path again, after a logrotate */
void log_syslog(const char *ident, int facility); /* also to syslog; NULL: no longer */
void log_role(char role);                         /* 'M' server, 'C' rewrite child */

void log_write(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define log_debug(...)   log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_verbose(...) log_write(LOG_LEVEL_VERBOSE, __VA_ARGS__)
#define log_notice(...)  log_write(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)

#endif
