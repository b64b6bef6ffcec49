/* base/log.c - a line is made on the stack and leaves in one write(), so that two threads' lines do not
 * mix and the append-only file can be rotated or truncated under us. */
#include "base/log.h"
#include "base/clock.h"
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096

/* Global for the reason in the header. The main thread sets it; the sync thread only reads. */
static struct {
    _Atomic int level;
    _Atomic int fd; /* where lines go now */
    int file;       /* the log file's descriptor, -1 before there was one; never closed, only replaced
                     * by dup3(), so that the other thread cannot write into a stranger's file */
    _Atomic bool syslog;
    _Atomic char role;
    _Atomic int64_t offset_read; /* the quarter of an hour in which utc_offset was read, plus one */
    _Atomic int utc_offset;
    char path[PATH_MAX];
} sink = {.level = LOG_LEVEL_NOTICE, .fd = STDOUT_FILENO, .file = -1, .role = 'M'};

static bool file_open(const char *path)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);

    if (fd < 0)
        return false;
    if (sink.file < 0) {
        sink.file = fd;
    } else {
        dup3(fd, sink.file, O_CLOEXEC);
        close(fd);
    }
    return true;
}

/* The two streams of the process are no files: nothing to open, now or anew. */
static bool is_file(const char *path)
{
    return *path && strcmp(path, "stderr") != 0;
}

bool log_open(const char *path, enum log_level level)
{
    if (is_file(path) && !file_open(path))
        return false;
    snprintf(sink.path, sizeof(sink.path), "%s", path);
    sink.fd = is_file(path) ? sink.file : *path ? STDERR_FILENO : STDOUT_FILENO;
    sink.level = level;
    sink.offset_read = 0; /* a new time zone counts from here */
    return true;
}

void log_set_level(enum log_level level)
{
    sink.level = level;
}

bool log_reopen(void)
{
    return !is_file(sink.path) || file_open(sink.path);
}

void log_syslog(const char *ident, int facility)
{
    sink.syslog = false;
    closelog();
    if (ident) {
        openlog(ident, LOG_PID | LOG_NDELAY, facility);
        sink.syslog = true;
    }
}

void log_role(char role)
{
    sink.role = role;
}

/* localtime_r() takes a lock, which a child forked at the wrong moment finds held for ever: a child goes
 * by what its parent read. Time zones change on quarters of an hour. */
static int utc_offset(time_t t)
{
    int64_t quarter = t / 900 + 1;
    struct tm tm;

    if (sink.role != 'C' && sink.offset_read != quarter && localtime_r(&t, &tm)) {
        sink.utc_offset = (int)tm.tm_gmtoff;
        sink.offset_read = quarter;
    }
    return sink.utc_offset;
}

static bool leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* The date of a day counted from 1970, by counting, for gmtime_r() locks as well. */
static void date_of(int days, int *day, int *month, int *year)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int length;

    for (*year = 1970; days >= 365 + leap(*year); ++*year)
        days -= 365 + leap(*year);
    for (*month = 0; days >= (length = lengths[*month] + (*month == 1 && leap(*year))); ++*month)
        days -= length;
    *day = days + 1;
}

static size_t put_head(char *to, size_t cap, enum log_level level)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t ms = clock_wall_usec() / 1000;
    int64_t t = ms / 1000 + utc_offset((time_t)(ms / 1000));
    int in_day = (int)(t % 86400), day, month, year;

    date_of((int)(t / 86400), &day, &month, &year);
    return (size_t)snprintf(to, cap, "%d:%c %02d %.3s %d %02d:%02d:%02d.%03d %c ", (int)getpid(), sink.role,
                            day, months + 3 * month, year, in_day / 3600, in_day / 60 % 60, in_day % 60,
                            (int)(ms % 1000), ".-*#"[level]);
}

/* Copies a message without its control characters: a client's bytes may be in it, and must not pass for
 * a line of their own or move a terminal's cursor. What does not fit is cut and marked. */
static size_t put_message(char *to, size_t cap, const char *text, bool cut)
{
    static const char hex[] = "0123456789abcdef";
    size_t n = 0;

    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (cap - n < 8) { /* an escape and the mark */
            cut = true;
            break;
        }
        if (c >= ' ' && c != 0x7f) {
            to[n++] = (char)c;
        } else {
            to[n++] = '\\';
            to[n++] = 'x';
            to[n++] = hex[c >> 4];
            to[n++] = hex[c & 15];
        }
    }
    if (cut) {
        memcpy(to + n, "...", 3);
        n += 3;
    }
    return n;
}

static void to_syslog(enum log_level level, const char *text, size_t n)
{
    static const int priorities[] = {LOG_DEBUG, LOG_INFO, LOG_NOTICE, LOG_WARNING};

    if (sink.syslog && sink.role != 'C') /* syslog() locks too; see utc_offset() */
        syslog(priorities[level], "%.*s", (int)n, text);
}

void log_write(enum log_level level, const char *fmt, ...)
{
    char message[LINE_MAX_BYTES], line[LINE_MAX_BYTES];
    size_t head, n;
    va_list ap;
    int want;

    if ((int)level < sink.level || level >= LOG_LEVEL_NOTHING)
        return;
    va_start(ap, fmt);
    want = vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    if (want < 0)
        return;
    head = put_head(line, sizeof(line), level);
    n = head + put_message(line + head, sizeof(line) - head - 1, message, want >= (int)sizeof(message));
    to_syslog(level, line + head, n - head);
    line[n++] = '\n';
    if (write(sink.fd, line, n) < 0)
        return; /* a full or broken log stops nothing, and there is nowhere left to say so */
}
