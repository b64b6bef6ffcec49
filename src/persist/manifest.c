/* persist/manifest.c - see persist/manifest.h. */
#include "persist/manifest.h"
#include "base/crc.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/settings.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#define TEXT_MAX   ((uint64_t)1024 * 1024)
#define CHECK_WORD "#crc32c "
#define CHECK_LINE "#crc32c %08" PRIx32 "\n"

static void name_manifest(char to[MANIFEST_FILE_NAME], const char *name)
{
    snprintf(to, MANIFEST_FILE_NAME, "%.*s.manifest", MANIFEST_NAME_MAX, name);
}

static void name_temp(char to[MANIFEST_FILE_NAME], const char *name)
{
    snprintf(to, MANIFEST_FILE_NAME, "temp-%.*s.manifest", MANIFEST_NAME_MAX, name);
}

void manifest_file_name(char to[MANIFEST_FILE_NAME], const char *name, uint64_t seq, enum manifest_type type)
{
    snprintf(to, MANIFEST_FILE_NAME, "%.*s.%" PRIu64 ".%s.aof", MANIFEST_NAME_MAX, name, seq,
             type == MANIFEST_BASE ? "base" : "incr");
}

void manifest_free(struct manifest *m)
{
    for (size_t i = 0; i < m->n; i++)
        mem_free(m->v[i].name);
    mem_free(m->v);
    *m = (struct manifest){0};
}

static void add(struct manifest *m, enum manifest_type type, uint64_t seq, struct slice name)
{
    if (m->n == m->cap) {
        m->cap = m->cap ? m->cap * 2 : 4;
        m->v = mem_realloc(m->v, m->cap * sizeof *m->v);
    }
    m->v[m->n++] = (struct manifest_file){mem_strdup(name), seq, type};
}

void manifest_add(struct manifest *m, enum manifest_type type, uint64_t seq, const char *name)
{
    add(m, type, seq, slice_of(name));
}

void manifest_copy(struct manifest *to, const struct manifest *from)
{
    for (size_t i = 0; i < from->n; i++)
        manifest_add(to, from->v[i].type, from->v[i].seq, from->v[i].name);
    to->checked = from->checked;
}

void manifest_drop_history(struct manifest *m)
{
    size_t kept = 0;

    for (size_t i = 0; i < m->n; i++)
        if (m->v[i].type == MANIFEST_HISTORY)
            mem_free(m->v[i].name);
        else
            m->v[kept++] = m->v[i];
    m->n = kept;
}

static const struct manifest_file *last_of(const struct manifest *m, enum manifest_type type)
{
    for (size_t i = m->n; i-- > 0;)
        if (m->v[i].type == type)
            return &m->v[i];
    return NULL;
}

const struct manifest_file *manifest_base(const struct manifest *m)
{
    return last_of(m, MANIFEST_BASE);
}

const struct manifest_file *manifest_last_incr(const struct manifest *m)
{
    return last_of(m, MANIFEST_INCR);
}

/* A line of history says nothing about what its file was: it counts for both. */
uint64_t manifest_next_seq(const struct manifest *m, enum manifest_type type)
{
    uint64_t max = 0;

    for (size_t i = 0; i < m->n; i++)
        if ((m->v[i].type == type || m->v[i].type == MANIFEST_HISTORY) && m->v[i].seq > max)
            max = m->v[i].seq;
    return max + 1;
}

static bool is_file_name(struct slice s)
{
    return s.n && s.n < MANIFEST_FILE_NAME && !memchr(s.p, '/', s.n) && !memchr(s.p, '\0', s.n) &&
           s.p[0] != '.';
}

/* One `file <name> seq <n> type <t>`, the pairs in any order. NULL, or what is wrong. */
static const char *parse_words(struct manifest *m, const struct slice *word, size_t n)
{
    struct slice name = {0}, type = {0};
    uint64_t seq = 0;

    if (n != 6)
        return "not 'file <name> seq <number> type <b|i|h>'";
    for (size_t i = 0; i < n; i += 2) {
        if (slice_is(word[i], "file"))
            name = word[i + 1];
        else if (slice_is(word[i], "type"))
            type = word[i + 1];
        else if (!slice_is(word[i], "seq") || !num_u64(word[i + 1], &seq) || seq == UINT64_MAX)
            return "an unknown word, or a bad number";
    }
    if (!is_file_name(name) || !seq || type.n != 1 || !strchr("bih", type.p[0]))
        return "a file name, number or type that cannot be";
    if (type.p[0] == MANIFEST_BASE && manifest_base(m))
        return "a second base";
    if (type.p[0] == MANIFEST_INCR && manifest_last_incr(m) && manifest_last_incr(m)->seq >= seq)
        return "the numbers of the incrs do not rise";
    add(m, (enum manifest_type)type.p[0], seq, name);
    return NULL;
}

static const char *parse_file(struct manifest *m, struct slice line)
{
    struct slice *word;
    const char *wrong;
    size_t n;

    if (settings_split(line, &word, &n) < 0)
        return "unbalanced quotes";
    wrong = parse_words(m, word, n);
    mem_free(word);
    return wrong;
}

/* `line` begins `at` bytes into `text`. */
static const char *parse_line(struct manifest *m, struct slice text, size_t at, struct slice line)
{
    char check[32];
    size_t n;

    if (m->checked)
        return "something follows the check line";
    if (line.n < strlen(CHECK_WORD) || memcmp(line.p, CHECK_WORD, strlen(CHECK_WORD)) != 0)
        return line.n && line.p[0] == '#' ? NULL : parse_file(m, line);
    n = (size_t)snprintf(check, sizeof check, CHECK_LINE, crc32c(0, text.p, at));
    if (line.n + 1 != n || memcmp(line.p, check, line.n) != 0)
        return "its check sum does not hold";
    m->checked = true;
    return NULL;
}

static int wrong_line(struct manifest *m, size_t line, const char *what, struct buf *why)
{
    buf_addf(why, "line %zu of the manifest: %s", line, what);
    manifest_free(m);
    return ERR_DAMAGED;
}

int manifest_parse(struct manifest *m, struct slice text, struct buf *why)
{
    size_t at = 0, number = 1;

    for (; at < text.n; number++) {
        const char *end = memchr(text.p + at, '\n', text.n - at);
        struct slice line = {text.p + at, end ? (size_t)(end - text.p) - at : 0};
        const char *wrong = end ? parse_line(m, text, at, line) : "it does not end";

        if (wrong)
            return wrong_line(m, number, wrong, why);
        at += line.n + 1;
    }
    if (!m->n)
        return wrong_line(m, number, "it names no file", why);
    return OK;
}

/* Quoted where a reader that splits at blanks would not read it back. */
static void print_name(const char *name, struct buf *text)
{
    bool plain = true;

    for (const char *p = name; *p; p++)
        plain = plain && *p > ' ' && *p < 127 && !strchr("\"'\\", *p);
    if (plain) {
        buf_add_str(text, name);
        return;
    }
    buf_add_char(text, '"');
    for (const char *p = name; *p; p++)
        if (*p >= ' ' && *p < 127 && !strchr("\"\\", *p))
            buf_add_char(text, *p);
        else
            buf_addf(text, "\\x%02x", (unsigned char)*p);
    buf_add_char(text, '"');
}

void manifest_print(const struct manifest *m, struct buf *text)
{
    size_t begin = text->n;

    for (size_t i = 0; i < m->n; i++) {
        buf_add_str(text, "file ");
        print_name(m->v[i].name, text);
        buf_addf(text, " seq %" PRIu64 " type %c\n", m->v[i].seq, (char)m->v[i].type);
    }
    if (m->checked)
        buf_addf(text, CHECK_LINE, crc32c(0, text->p + begin, text->n - begin));
}

static int read_text(struct disk *d, struct disk_file *f, struct buf *text, struct buf *why)
{
    uint64_t size;
    size_t got;
    int err = d->ops->size(f, &size);

    if (err < 0)
        return err;
    if (size > TEXT_MAX) {
        buf_add_str(why, "the manifest is larger than any manifest");
        return ERR_DAMAGED;
    }
    err = d->ops->read(f, buf_reserve(text, (size_t)size + 1), (size_t)size, 0, &got);
    if (err == OK)
        text->n += got;
    return err;
}

int manifest_load(struct disk *d, const char *name, struct manifest *m, bool *found, struct buf *why)
{
    char file_name[MANIFEST_FILE_NAME];
    struct disk_file *f;
    struct buf text = {0};
    int err;

    *found = false;
    name_manifest(file_name, name);
    err = d->ops->open(d, file_name, DISK_READ, &f);
    if (err == ERR_IO && errno == ENOENT)
        return OK;
    if (err < 0) {
        buf_addf(why, "%s cannot be opened", file_name);
        return err;
    }
    *found = true;
    err = read_text(d, f, &text, why);
    if (err == OK)
        err = manifest_parse(m, buf_slice(&text), why);
    else if (err == ERR_IO)
        buf_addf(why, "%s cannot be read", file_name);
    d->ops->close_file(f);
    buf_free(&text);
    return err;
}

static int write_temp(struct disk *d, const char *temp, struct slice text)
{
    struct disk_file *f;
    int err = d->ops->unlink(d, temp);

    if (err == OK)
        err = d->ops->open(d, temp, DISK_CREATE, &f);
    if (err < 0)
        return err;
    err = d->ops->write(f, text.p, text.n, 0);
    if (err == OK)
        err = d->ops->sync(f);
    d->ops->close_file(f);
    return err;
}

int manifest_save(struct disk *d, const char *name, const struct manifest *m, bool *renamed)
{
    char file_name[MANIFEST_FILE_NAME], temp[MANIFEST_FILE_NAME];
    struct buf text = {0};
    int err;

    *renamed = false;
    name_manifest(file_name, name);
    name_temp(temp, name);
    manifest_print(m, &text);
    err = write_temp(d, temp, buf_slice(&text));
    buf_free(&text);
    if (err == OK) {
        err = d->ops->rename(d, temp, file_name);
        *renamed = err != ERR_NO_SPACE; /* what other failure left, nobody knows */
    }
    if (!*renamed) {
        int cause = errno;

        d->ops->unlink(d, temp);
        errno = cause;
        return err;
    }
    return err < 0 ? err : d->ops->sync_dir(d);
}

void manifest_remove_temp(struct disk *d, const char *name)
{
    char temp[MANIFEST_FILE_NAME];

    name_temp(temp, name);
    d->ops->unlink(d, temp);
}
