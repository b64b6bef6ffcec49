/* base/settings_rewrite.c - a settings file brought up to date. See base/settings.h. */
#include "base/err.h"
#include "base/mem.h"
#include "base/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char mark[] = "# Written by CONFIG REWRITE";

/* --- the text --- */

static bool differs(const struct settings *a, const struct settings *b, const struct setting *row)
{
    struct buf x = {0}, y = {0};
    bool equal;

    settings_get(a, row, &x);
    settings_get(b, row, &y);
    equal = slice_eq(buf_slice(&x), buf_slice(&y));
    buf_free(&x);
    buf_free(&y);
    return !equal;
}

/* What a text gives when it is loaded, into `scratch`. */
static int load(const struct settings *scratch, const char *name, struct slice text, struct buf *why)
{
    settings_defaults(scratch);
    return settings_load_text(scratch, name, text, why, NULL);
}

/* Takes the first line, with its newline if it has one, off the text. */
static struct slice take_line(struct slice *text)
{
    const char *newline = memchr(text->p, '\n', text->n);
    struct slice line = {text->p, newline ? (size_t)(newline - text->p) + 1 : text->n};

    text->p += line.n;
    text->n -= line.n;
    return line;
}

/* The setting that a line sets; NULL: a comment, an include, or none of ours. */
static const struct setting *setting_of(const struct settings *s, struct slice line)
{
    const struct setting *row = NULL;
    struct slice *word;
    size_t n, blank = 0;

    while (blank < line.n && strchr(" \t\r\n", line.p[blank]))
        blank++;
    if (blank == line.n || line.p[blank] == '#' || settings_split(line, &word, &n) != OK)
        return NULL;
    if (n)
        row = settings_find(s, word[0]);
    mem_free(word);
    return row;
}

static bool set_again(const struct settings *s, const struct setting *row, struct slice rest)
{
    while (rest.n)
        if (setting_of(s, take_line(&rest)) == row)
            return true;
    return false;
}

static void put_setting(const struct settings *s, const struct setting *row, struct buf *out)
{
    buf_addf(out, "%s ", row->name);
    settings_put(s, row, true, out);
    buf_add_char(out, '\n');
}

static void end_line(struct buf *out)
{
    if (out->n && out->p[out->n - 1] != '\n')
        buf_add_char(out, '\n');
}

/* Of several lines that set the same, the last one has the say. */
static void replace_values(const struct settings *s, const struct settings *before, struct slice text,
                           struct buf *out)
{
    while (text.n) {
        struct slice line = take_line(&text);
        const struct setting *row = setting_of(s, line);

        if (!row || !differs(s, before, row))
            buf_add_slice(out, line);
        else if (!set_again(s, row, text))
            put_setting(s, row, out);
    }
    end_line(out);
}

static bool has_mark(const struct buf *text)
{
    return memmem(text->p, text->n, mark, sizeof mark - 1) != NULL;
}

static void append_values(const struct settings *s, const struct settings *before, struct buf *out)
{
    bool marked = out->n && has_mark(out);

    for (const struct setting *row = s->rows; row->name; row++) {
        if (!differs(s, before, row))
            continue;
        if (!marked)
            buf_addf(out, "%s%s\n", out->n ? "\n" : "", mark);
        marked = true;
        put_setting(s, row, out);
    }
}

/* Read back once more: better no new file than one that says something else. */
static int verify(const struct settings *s, const struct settings *scratch, const char *name,
                  const struct buf *text, struct buf *why)
{
    int err = load(scratch, name, buf_slice(text), why);

    for (const struct setting *row = s->rows; err == OK && row->name; row++)
        if (differs(s, scratch, row)) {
            buf_addf(why, "%s: the value of '%s' cannot be written", name, row->name);
            err = ERR_CONFIG;
        }
    return err;
}

int settings_rewrite_text(const struct settings *s, const struct settings *scratch, const char *name,
                          struct slice text, struct buf *out, struct buf *why)
{
    int err = load(scratch, name, text, why);

    if (err == OK) {
        replace_values(s, scratch, text, out);
        err = load(scratch, name, buf_slice(out), why);
    }
    if (err == OK) {
        append_values(s, scratch, out);
        err = verify(s, scratch, name, out, why);
    }
    return err;
}

/* --- the file --- */

static int fail(struct buf *why)
{
    buf_add_str(why, strerror(errno));
    return ERR_IO;
}

static bool read_file(int fd, struct buf *text)
{
    ssize_t n;

    while ((n = read(fd, buf_reserve(text, 16384), 16384)) > 0)
        text->n += (size_t)n;
    return n == 0;
}

static bool write_all(int fd, const struct buf *text)
{
    size_t done = 0;

    while (done < text->n) {
        ssize_t n = write(fd, text->p + done, text->n - done);

        if (n < 0 && errno != EINTR)
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* Also of a file that is only ours to read and write: the new one is nobody's but the old one's owner's. */
static bool write_like(const char *path, const struct stat *like, const struct buf *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool ok;

    if (fd < 0)
        return false;
    ok = ((like->st_uid == geteuid() && like->st_gid == getegid()) ||
          fchown(fd, like->st_uid, like->st_gid) == 0) &&
         fchmod(fd, like->st_mode & 07777) == 0 && write_all(fd, text) && fsync(fd) == 0;
    return close(fd) == 0 && ok;
}

static bool sync_dir_of(char *path)
{
    int fd;
    bool ok;

    *strrchr(path, '/') = '\0'; /* it is absolute */
    fd = open(*path ? path : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

static int replace_file(char *path, const struct stat *like, const struct buf *text, struct buf *why)
{
    char temp[PATH_MAX + 8];
    int cause;

    snprintf(temp, sizeof temp, "%s.tmp", path);
    unlink(temp); /* what a crash left */
    if (write_like(temp, like, text) && rename(temp, path) == 0)
        return sync_dir_of(path) ? OK : fail(why);
    cause = errno;
    unlink(temp);
    errno = cause;
    return fail(why);
}

/* A file that may not be written stays, though its folder would let it be replaced. */
static int read_old(const char *path, struct stat *st, struct buf *text, struct buf *why)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    bool ok = fd >= 0 && fstat(fd, st) == 0 && read_file(fd, text);
    int cause = errno;

    if (fd >= 0)
        close(fd);
    errno = cause;
    return ok ? OK : fail(why);
}

int settings_rewrite_file(const struct settings *s, const struct settings *scratch, const char *path,
                          struct buf *why)
{
    struct buf text = {0}, next = {0};
    char whole[PATH_MAX]; /* a link stays a link: it is the file behind it that is replaced */
    struct stat st;
    int err = realpath(path, whole) ? read_old(whole, &st, &text, why) : fail(why);

    if (err == OK)
        err = settings_rewrite_text(s, scratch, path, buf_slice(&text), &next, why);
    if (err == OK && !slice_eq(buf_slice(&text), buf_slice(&next)))
        err = replace_file(whole, &st, &next, why);
    buf_free(&text);
    buf_free(&next);
    return err;
}
