/* base/settings.h - settings as rows: one row declares a setting, and the file's parser, CONFIG, the
 * command line, --dump-config and the test of leanmqd.conf read the same rows. The rows of leanmqd are
 * in cmd/config.c. */
#ifndef BASE_SETTINGS_H
#define BASE_SETTINGS_H

#include "base/buf.h"
#include "base/slice.h"

enum setting_type {
    SETTING_BOOL,    /* bool; yes, no */
    SETTING_INT,     /* int64_t in [min, max] */
    SETTING_BYTES,   /* uint64_t in [min, max]; 64kb, 1gb */
    SETTING_OCTAL,   /* int64_t; file permissions */
    SETTING_ENUM,    /* int; one of `names` */
    SETTING_STRING,  /* char *, owned; "" is the empty one */
    SETTING_STRINGS, /* char *, owned: words joined by a space (bind) */
    SETTING_CUSTOM,  /* set() and get() do all (client-output-buffer-limit) */
};

enum setting_flag {
    SETTING_START_ONLY = 1, /* CONFIG SET refuses */
    SETTING_SECRET = 2,     /* not shown in logs or --dump-config */
    SETTING_MULTI = 4,      /* a further line adds instead of replacing (CUSTOM) */
    SETTING_IDLE = 8,       /* kept for those who set and get it, and without effect: `help` says why. A file's
                             * line warns, and settings_dump() has none */
};

struct setting_name {
    const char *name;
    int value;
};

struct setting {
    const char *name;
    enum setting_type type;
    unsigned flags;
    size_t at;            /* offset of the value in the struct the rows describe */
    const char *fallback; /* the default: one word as it is, or, of STRINGS and CUSTOM, words as in a file;
                           * none is one empty word */
    int64_t min, max;
    const struct setting_name *names;
    /* `to` and `from` are the place of the value, which owns no memory of its own. get() writes words that
     * set() takes, quoted where a file would need it. */
    int (*set)(void *to, const struct setting *row, const struct slice *arg, size_t n, struct buf *why);
    void (*get)(const void *from, const struct setting *row, struct buf *text);
    const char *help;  /* one or more lines, as leanmqd.conf prints them */
    const char *alias; /* an older name that is understood, too; NULL: none */
};

/* A directive of Redis that has no row: what becomes of it. */
enum setting_known { SETTING_WARN, SETTING_REFUSE };
struct setting_foreign {
    const char *name; /* a trailing '*' matches a prefix */
    enum setting_known verdict;
    const char
        *value; /* SETTING_REFUSE only unless the value is this (e.g. cluster-enabled "no"); may be NULL */
    const char *why;
};

struct settings {
    const struct setting *rows; /* ends with name == NULL */
    const struct setting_foreign *foreign;
    void *values; /* the struct that `at` points into */
};

/* Every value to its default. The struct is zeroed, or one that had its defaults before. */
void settings_defaults(const struct settings *s);
void settings_free(const struct settings *s);
const struct setting *settings_find(const struct settings *s, struct slice name);
/* Sets one from words, e.g. {"64mb"}. ERR_CONFIG with the reason in *why, nothing changed. */
int settings_set(const struct settings *s, const struct setting *row, const struct slice *arg, size_t n,
                 struct buf *why);
void settings_get(const struct settings *s, const struct setting *row, struct buf *text);

/* A file of redis.conf syntax: `name word "quoted \x00 word"`, '#' comments, `include glob` (nested to
 * depth 16). `path` "-" reads standard input. ERR_CONFIG with "file:line: reason" in *why. Known foreign
 * directives append a line to *warnings. */
int settings_load_file(const struct settings *s, const char *path, struct buf *why, struct buf *warnings);
/* The same for a text: `name` stands for it in messages. */
int settings_load_text(const struct settings *s, const char *name, struct slice text, struct buf *why,
                       struct buf *warnings);
/* Splits a line into words, quotes and escapes undone ("..." with \n \r \t \a \b \" \\ \xHH, '...' with
 * \' only). Words and array are one allocation for the caller's mem_free(). ERR_SYNTAX on unbalanced
 * quotes. Inline commands of the protocol are split by the same rules. */
int settings_split(struct slice line, struct slice **words, size_t *n);

/* One value as it stands in a file behind its name: the current one, or the default. */
void settings_put(const struct settings *s, const struct setting *row, bool current, struct buf *text);

/* The whole file, as --dump-config prints and leanmqd.conf stands: help as comments, name and default
 * (or, `current`, the value). */
void settings_dump(const struct settings *s, bool current, struct buf *text);

/* --- a file brought up to date (CONFIG REWRITE) ---
 * `text` so that it gives the current values: comments, order and what is still right stay as they are,
 * includes too. A line whose value has changed gets the new one, what no line can give is appended under a
 * mark. `scratch` is rows over another struct, which has had its defaults: the text is read back into it.
 * ERR_CONFIG with the reason in *why: the text cannot be loaded as it is. */
int settings_rewrite_text(const struct settings *s, const struct settings *scratch, const char *name,
                          struct slice text, struct buf *out, struct buf *why);
/* The same for a file, which is replaced as a whole or not at all, and keeps its owner and its mode. ERR_IO
 * with the reason in *why as well. */
int settings_rewrite_file(const struct settings *s, const struct settings *scratch, const char *path,
                          struct buf *why);

#endif
