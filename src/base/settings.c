/* base/settings.c - settings as rows: read, written, loaded and dumped by their types. */
#include "base/settings.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <unistd.h>

#define FILE_MAX    ((size_t)16 << 20)
#define INCLUDE_MAX 16
#define ECHO_MAX    128 /* bytes of a stranger's word that a message repeats */

/* ---- words */

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 'a' ^ 'A';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static char escaped(char c)
{
    switch (c) {
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'a':
        return '\a';
    case 'b':
        return '\b';
    default:
        return c;
    }
}

/* What follows a backslash in double quotes, at p; moves p behind it. */
static char unescape(const char **p, const char *end)
{
    const char *at = *p;

    if (*at == 'x' && end - at >= 3 && hex_value(at[1]) >= 0 && hex_value(at[2]) >= 0) {
        *p = at + 3;
        return (char)(hex_value(at[1]) << 4 | hex_value(at[2]));
    }
    *p = at + 1;
    return escaped(*at);
}

/* The inside of quotes at p, through the closing one; false without one, or if a word goes on behind. */
static bool unquote(const char **p, const char *end, char quote, char **to)
{
    while (*p < end) {
        char c = *(*p)++;

        if (c == quote)
            return *p == end || is_space(**p);
        if (c == '\\' && *p < end && quote == '"')
            c = unescape(p, end);
        else if (c == '\\' && *p < end && **p == '\'')
            c = *(*p)++;
        *(*to)++ = c;
    }
    return false;
}

/* One word, at p; moves p behind it. A quote may begin within a word, as in Redis, and ends it. */
/* A vertical tab or form feed is a blank between words, but does not end one: as in Redis. */
static bool read_word(const char **p, const char *end, char **to)
{
    while (*p < end && !memchr(" \t\n\r", **p, 4)) {
        char c = *(*p)++;

        if (c == '"' || c == '\'')
            return unquote(p, end, c, to);
        *(*to)++ = c;
    }
    return true;
}

/* As many words as there can be: each begins where a run of other bytes than spaces does. */
static size_t count_runs(struct slice line)
{
    size_t runs = 0;

    for (size_t i = 0; i < line.n; i++)
        runs += !is_space(line.p[i]) && (i == 0 || is_space(line.p[i - 1]));
    return runs;
}

int settings_split(struct slice line, struct slice **words, size_t *n)
{
    size_t room = count_runs(line) * sizeof(struct slice);
    const char *p = line.p, *end = line.n ? p + line.n : p;
    char *to;

    *n = 0;
    *words = mem_alloc(room + line.n);
    to = (char *)*words + room;
    for (;;) {
        char *start = to;

        while (p < end && is_space(*p))
            p++;
        if (p == end)
            return OK;
        if (!read_word(&p, end, &to)) {
            mem_free(*words);
            *words = NULL;
            return ERR_SYNTAX;
        }
        (*words)[(*n)++] = (struct slice){start, (size_t)(to - start)};
    }
}

static void put_quoted(struct buf *text, struct slice s)
{
    buf_add_char(text, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c < ' ' || c == 0x7f)
            buf_addf(text, "\\x%02x", c);
        else if (c == '"' || c == '\\')
            buf_addf(text, "\\%c", c);
        else
            buf_add_char(text, (char)c);
    }
    buf_add_char(text, '"');
}

/* A word as a file has it: quoted where it would not read back as it is. */
static void put_word(struct buf *text, struct slice s)
{
    bool plain = s.n > 0;

    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        plain &= c > ' ' && c != 0x7f && c != '"' && c != '\'';
    }
    if (plain)
        buf_add_slice(text, s);
    else
        put_quoted(text, s);
}

/* ---- values */

static int refuse(struct buf *why, const char *reason)
{
    buf_add_str(why, reason);
    return ERR_CONFIG;
}

static void *value_of(const struct settings *s, const struct setting *row)
{
    return (char *)s->values + row->at;
}

static int set_bool(bool *to, struct slice arg, struct buf *why)
{
    if (!slice_is(arg, "yes") && !slice_is(arg, "no"))
        return refuse(why, "argument must be 'yes' or 'no'");
    *to = slice_is(arg, "yes");
    return OK;
}

static int set_int(int64_t *to, const struct setting *row, struct slice arg, struct buf *why)
{
    int64_t v;

    if (!num_i64(arg, &v))
        return refuse(why, "argument couldn't be parsed into an integer");
    if (v < row->min || v > row->max) {
        buf_addf(why, "argument must be between %lld and %lld inclusive", (long long)row->min,
                 (long long)row->max);
        return ERR_CONFIG;
    }
    *to = v;
    return OK;
}

static int set_bytes(uint64_t *to, const struct setting *row, struct slice arg, struct buf *why)
{
    uint64_t v;

    if (!num_bytes(arg, &v))
        return refuse(why, "argument must be a memory value");
    if (v < (uint64_t)row->min || v > (uint64_t)row->max) {
        buf_addf(why, "argument must be between %lld and %lld inclusive", (long long)row->min,
                 (long long)row->max);
        return ERR_CONFIG;
    }
    *to = v;
    return OK;
}

static int set_octal(int64_t *to, const struct setting *row, struct slice arg, struct buf *why)
{
    int64_t v = 0;

    for (size_t i = 0; i < arg.n; i++) {
        if (arg.p[i] < '0' || arg.p[i] > '7' || v > INT64_MAX / 8 - 1)
            return refuse(why, "argument couldn't be parsed as an octal number");
        v = v * 8 + (arg.p[i] - '0');
    }
    if (arg.n == 0)
        return refuse(why, "argument couldn't be parsed as an octal number");
    if (v < row->min || v > row->max) {
        buf_addf(why, "argument must be between %llo and %llo inclusive", (unsigned long long)row->min,
                 (unsigned long long)row->max);
        return ERR_CONFIG;
    }
    *to = v;
    return OK;
}

static int set_enum(int *to, const struct setting *row, struct slice arg, struct buf *why)
{
    for (const struct setting_name *name = row->names; name->name; name++)
        if (slice_is(arg, name->name)) {
            *to = name->value;
            return OK;
        }
    buf_add_str(why, "argument(s) must be one of the following: ");
    for (const struct setting_name *name = row->names; name->name; name++)
        buf_addf(why, "%s%s", name == row->names ? "" : ", ", name->name);
    return ERR_CONFIG;
}

/* The words joined by spaces. A value ends at its first NUL, so one within is refused. */
static int set_text(char **to, const struct slice *arg, size_t n, struct buf *why)
{
    struct buf text = {0};

    for (size_t i = 0; i < n; i++) {
        if (i && text.n && arg[i].n)
            buf_add_char(&text, ' ');
        buf_add_slice(&text, arg[i]);
    }
    if (text.n && memchr(text.p, '\0', text.n)) {
        buf_free(&text);
        return refuse(why, "argument must not contain a NUL byte");
    }
    mem_free(*to);
    *to = mem_strdup(buf_slice(&text));
    buf_free(&text);
    return OK;
}

int settings_set(const struct settings *s, const struct setting *row, const struct slice *arg, size_t n,
                 struct buf *why)
{
    void *to = value_of(s, row);

    if (row->type == SETTING_CUSTOM)
        return row->set(to, row, arg, n, why);
    if (n == 0 || (n > 1 && row->type != SETTING_STRINGS))
        return refuse(why, "wrong number of arguments");
    switch (row->type) {
    case SETTING_BOOL:
        return set_bool(to, arg[0], why);
    case SETTING_INT:
        return set_int(to, row, arg[0], why);
    case SETTING_BYTES:
        return set_bytes(to, row, arg[0], why);
    case SETTING_OCTAL:
        return set_octal(to, row, arg[0], why);
    case SETTING_ENUM:
        return set_enum(to, row, arg[0], why);
    default:
        return set_text(to, arg, n, why);
    }
}

static const char *name_of(const struct setting *row, int value)
{
    const struct setting_name *name = row->names;

    while (name->name && name->value != value)
        name++;
    return name->name ? name->name : "";
}

void settings_get(const struct settings *s, const struct setting *row, struct buf *text)
{
    const void *from = value_of(s, row);

    switch (row->type) {
    case SETTING_BOOL:
        buf_add_str(text, *(const bool *)from ? "yes" : "no");
        break;
    case SETTING_INT:
        buf_add_i64(text, *(const int64_t *)from);
        break;
    case SETTING_BYTES:
        buf_add_u64(text, *(const uint64_t *)from);
        break;
    case SETTING_OCTAL:
        buf_addf(text, "%llo", (unsigned long long)*(const int64_t *)from);
        break;
    case SETTING_ENUM:
        buf_add_str(text, name_of(row, *(const int *)from));
        break;
    case SETTING_STRING:
    case SETTING_STRINGS:
        if (*(char *const *)from)
            buf_add_str(text, *(char *const *)from);
        break;
    case SETTING_CUSTOM:
        row->get(from, row, text);
        break;
    }
}

static bool has_words(const struct setting *row)
{
    return row->type == SETTING_STRINGS || row->type == SETTING_CUSTOM;
}

static const char *fallback_of(const struct setting *row)
{
    return row->fallback ? row->fallback : "";
}

static void set_default(const struct settings *s, const struct setting *row)
{
    struct slice text = slice_of(fallback_of(row)), empty = SLICE(""), *words = NULL;
    struct buf why = {0};
    size_t n = 1;

    if (has_words(row))
        must(settings_split(text, &words, &n) == OK);
    if (n == 0) {
        mem_free(words);
        words = NULL;
        text = empty;
        n = 1;
    }
    must(settings_set(s, row, words ? words : &text, n, &why) == OK);
    buf_free(&why);
    mem_free(words);
}

void settings_defaults(const struct settings *s)
{
    for (const struct setting *row = s->rows; row->name; row++)
        set_default(s, row);
}

void settings_free(const struct settings *s)
{
    for (const struct setting *row = s->rows; row->name; row++)
        if (row->type == SETTING_STRING || row->type == SETTING_STRINGS) {
            char **text = value_of(s, row);

            mem_free(*text);
            *text = NULL;
        }
}

const struct setting *settings_find(const struct settings *s, struct slice name)
{
    for (const struct setting *row = s->rows; row->name; row++)
        if (slice_is(name, row->name) || (row->alias && slice_is(name, row->alias)))
            return row;
    return NULL;
}

/* ---- files */

struct loader {
    const struct settings *s;
    const char *name; /* of the file or text, for messages */
    int line, depth;
    struct buf *why, *warnings;
};

static int load_file(struct loader *outer, const char *path);

__attribute__((format(printf, 2, 3))) static int fail(struct loader *l, const char *fmt, ...)
{
    va_list ap;

    buf_addf(l->why, "%s:%d: ", l->name, l->line);
    va_start(ap, fmt);
    buf_vaddf(l->why, fmt, ap);
    va_end(ap);
    return ERR_CONFIG;
}

/* errno says why; there is no line to name. */
static int fail_to_read(struct loader *l)
{
    buf_addf(l->why, "%s: %s", l->name, strerror(errno));
    return ERR_CONFIG;
}

static struct slice shortened(struct slice s)
{
    return (struct slice){s.p, s.n < ECHO_MAX ? s.n : ECHO_MAX};
}

static const struct setting_foreign *foreign_find(const struct settings *s, struct slice name)
{
    const struct setting_foreign *f = s->foreign;

    for (; f && f->name; f++) {
        size_t n = strlen(f->name);

        if (slice_is(name, f->name) ||
            (n > 0 && f->name[n - 1] == '*' && name.n >= n - 1 && strncasecmp(name.p, f->name, n - 1) == 0))
            return f;
    }
    return NULL;
}

static void warn(struct loader *l, struct slice name, const char *why)
{
    if (l->warnings)
        buf_addf(l->warnings, "%s:%d: '%.*s' is ignored: %s\n", l->name, l->line, SLICE_ARG(name), why);
}

static int load_foreign(struct loader *l, const struct slice *word, size_t n)
{
    const struct setting_foreign *f = foreign_find(l->s, word[0]);
    struct slice name = shortened(word[0]);

    if (!f)
        return fail(l, "unknown setting '%.*s'", SLICE_ARG(name));
    if (f->verdict == SETTING_REFUSE) {
        if (f->value && n == 2 && slice_is(word[1], f->value))
            return OK;
        return fail(l, "'%.*s' is not supported: %s", SLICE_ARG(name), f->why);
    }
    warn(l, name, f->why);
    return OK;
}

/* A pattern that matches nothing is an empty folder of fragments; a plain name must be there. */
static int load_include(struct loader *l, struct slice pattern)
{
    char *path = mem_strdup(pattern);
    glob_t found;
    int err = OK;

    if (l->depth == INCLUDE_MAX)
        err = fail(l, "include is nested deeper than %d", INCLUDE_MAX);
    else if (!strpbrk(path, "*?["))
        err = load_file(l, path);
    else if (glob(path, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc && err == OK; i++)
            err = load_file(l, found.gl_pathv[i]);
        globfree(&found);
    }
    mem_free(path);
    return err;
}

static int load_setting(struct loader *l, const struct setting *row, const struct slice *arg, size_t n)
{
    struct buf reason = {0};
    int err = settings_set(l->s, row, arg, n, &reason);

    if (err < 0)
        fail(l, "%s: %.*s", row->name, (int)reason.n, reason.n ? reason.p : "");
    else if (row->flags & SETTING_IDLE)
        warn(l, slice_of(row->name), row->help);
    buf_free(&reason);
    return err < 0 ? ERR_CONFIG : OK;
}

static int load_words(struct loader *l, const struct slice *word, size_t n)
{
    const struct setting *row;

    if (slice_is(word[0], "include") && n == 2)
        return load_include(l, word[1]);
    if ((row = settings_find(l->s, word[0])))
        return load_setting(l, row, word + 1, n - 1);
    return load_foreign(l, word, n);
}

static int load_line(struct loader *l, struct slice line)
{
    struct slice *words;
    size_t n;
    int err;

    while (line.n && is_space(line.p[0])) {
        line.p++;
        line.n--;
    }
    if (line.n == 0 || line.p[0] == '#')
        return OK;
    if (settings_split(line, &words, &n) < 0)
        return fail(l, "unbalanced quotes");
    err = load_words(l, words, n);
    mem_free(words);
    return err;
}

static int load_text(struct loader *l, struct slice text)
{
    int err = OK;

    while (text.n && err == OK) {
        const char *newline = memchr(text.p, '\n', text.n);
        size_t n = newline ? (size_t)(newline - text.p) : text.n;

        l->line++;
        err = load_line(l, (struct slice){text.p, n});
        n += newline != NULL;
        text = (struct slice){text.p + n, text.n - n};
    }
    return err;
}

/* False with errno. A file over FILE_MAX is none of ours. */
static bool read_all(FILE *f, struct buf *text)
{
    size_t got;

    do {
        got = fread(buf_reserve(text, 4096), 1, 4096, f);
        text->n += got;
    } while (got && text->n <= FILE_MAX);
    if (ferror(f))
        return false;
    errno = EFBIG;
    return text->n <= FILE_MAX;
}

static bool read_path(const char *path, struct buf *text)
{
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    int saved;
    bool ok;

    if (!f)
        return false;
    ok = read_all(f, text);
    saved = errno;
    if (f != stdin)
        fclose(f);
    errno = saved;
    return ok;
}

/* `outer` is the place of the include, or one of depth -1 that stands for the caller. */
static int load_file(struct loader *outer, const char *path)
{
    struct loader l = *outer;
    struct buf text = {0};
    int err;

    l.name = strcmp(path, "-") == 0 ? "(standard input)" : path;
    l.line = 0;
    l.depth = outer->depth + 1;
    if (read_path(path, &text))
        err = load_text(&l, buf_slice(&text));
    else if (outer->depth >= 0)
        err = fail(outer, "cannot read '%s': %s", path, strerror(errno));
    else
        err = fail_to_read(&l);
    buf_free(&text);
    return err;
}

int settings_load_file(const struct settings *s, const char *path, struct buf *why, struct buf *warnings)
{
    struct loader top = {.s = s, .depth = -1, .why = why, .warnings = warnings};

    return load_file(&top, path);
}

int settings_load_text(const struct settings *s, const char *name, struct slice text, struct buf *why,
                       struct buf *warnings)
{
    struct loader l = {.s = s, .name = name, .why = why, .warnings = warnings};

    return load_text(&l, text);
}

/* ---- the dump */

static void put_bytes(struct buf *text, uint64_t v)
{
    static const char *const units[] = {"", "kb", "mb", "gb"};
    int unit = 0;

    while (v && v % 1024 == 0 && unit < 3) {
        v /= 1024;
        unit++;
    }
    buf_add_u64(text, v);
    buf_add_str(text, units[unit]);
}

/* Each word of a value that is several, as it must stand to be read back; without any, the empty one. */
static void put_words(struct buf *text, struct slice value)
{
    size_t before = text->n;

    for (size_t start = 0, end; start < value.n; start = end + 1) {
        for (end = start; end < value.n && value.p[end] != ' ';)
            end++;
        if (end == start)
            continue;
        if (text->n > before)
            buf_add_char(text, ' ');
        put_word(text, (struct slice){value.p + start, end - start});
    }
    if (text->n == before)
        put_word(text, SLICE(""));
}

void settings_put(const struct settings *s, const struct setting *row, bool current, struct buf *text)
{
    struct buf value = {0};

    if (current && row->type == SETTING_BYTES) {
        put_bytes(text, *(const uint64_t *)value_of(s, row));
        return;
    }
    if (current)
        settings_get(s, row, &value);
    else
        buf_add_str(&value, fallback_of(row));
    if (value.n && (row->type == SETTING_CUSTOM || (row->type == SETTING_STRINGS && !current)))
        buf_add_slice(text, buf_slice(&value)); /* these are words as a file has them */
    else if (row->type == SETTING_STRINGS)
        put_words(text, buf_slice(&value));
    else
        put_word(text, buf_slice(&value));
    buf_free(&value);
}

static void put_help(struct buf *text, const char *help)
{
    while (help && *help) {
        size_t n = strcspn(help, "\n");

        buf_addf(text, "#%s%.*s\n", n ? " " : "", (int)n, help);
        help += n + (help[n] == '\n');
    }
}

void settings_dump(const struct settings *s, bool current, struct buf *text)
{
    for (const struct setting *row = s->rows; row->name; row++) {
        if (row->flags & SETTING_IDLE)
            continue;
        if (row != s->rows)
            buf_add_char(text, '\n');
        put_help(text, row->help);
        if (current && row->flags & SETTING_SECRET) {
            buf_addf(text, "# %s is not shown\n", row->name);
            continue;
        }
        buf_addf(text, "%s ", row->name);
        settings_put(s, row, current, text);
        buf_add_char(text, '\n');
    }
}
