/* script/shebang.c - the first line of a script: #!lua flags=no-writes,allow-oom. */
#include "base/err.h"
#include "base/mem.h"
#include "base/settings.h"
#include "script/script.h"

const struct script_flag_name script_flag_names[] = {
    {"no-writes", SCRIPT_NO_WRITES},
    {"allow-oom", SCRIPT_ALLOW_OOM},
    {"allow-stale", SCRIPT_ALLOW_STALE},
    {"no-cluster", SCRIPT_NO_CLUSTER},
    {"allow-cross-slot-keys", SCRIPT_ALLOW_CROSS_SLOT},
    {NULL, 0},
};

static unsigned flag_named(struct slice name)
{
    for (const struct script_flag_name *f = script_flag_names; f->name; f++)
        if (slice_eq(name, slice_of(f->name)))
            return f->flag;
    return 0;
}

static int fail(struct buf *why, const char *what, struct slice which)
{
    buf_addf(why, "%s%.*s", what, SLICE_ARG(which));
    return ERR_SYNTAX;
}

/* name,name,... or nothing, which is not the same as no shebang: it writes, and only where there is room. */
static int parse_flags(struct slice list, unsigned *flags, struct buf *why)
{
    if (!list.n)
        return OK;
    for (;;) {
        const char *comma = list.n ? memchr(list.p, ',', list.n) : NULL;
        struct slice name = {list.p, comma ? (size_t)(comma - list.p) : list.n};
        unsigned flag = flag_named(name);

        if (!flag)
            return fail(why, "Unexpected flag in script shebang: ", name);
        *flags |= flag;
        if (!comma)
            return OK;
        list = (struct slice){comma + 1, list.n - name.n - 1};
    }
}

static int parse_words(const struct slice *word, size_t n, unsigned *flags, struct buf *why)
{
    if (!slice_eq(word[0], SLICE("#!lua")))
        return fail(why, "Unexpected engine in script shebang: ", word[0]);
    for (size_t i = 1; i < n; i++) {
        int err;

        if (word[i].n < 6 || memcmp(word[i].p, "flags=", 6) != 0)
            return fail(why, "Unknown lua shebang option: ", word[i]);
        if ((err = parse_flags((struct slice){word[i].p + 6, word[i].n - 6}, flags, why)) != OK)
            return err;
    }
    return OK;
}

int script_shebang(struct slice text, unsigned *flags, struct slice *code, struct buf *why)
{
    const char *end;
    struct slice *word = NULL;
    size_t n = 0;
    int err;

    *code = text;
    *flags = SCRIPT_COMPAT;
    if (text.n < 2 || memcmp(text.p, "#!", 2) != 0)
        return OK;
    *flags = 0;
    if (!(end = memchr(text.p, '\n', text.n)))
        return fail(why, "Invalid script shebang", SLICE(""));
    *code = (struct slice){end, text.n - (size_t)(end - text.p)}; /* the line's end stays, for line numbers */
    err = settings_split((struct slice){text.p, (size_t)(end - text.p)}, &word, &n);
    if (err != OK || n == 0)
        err = fail(why, "Invalid engine in script shebang", SLICE(""));
    else
        err = parse_words(word, n, flags, why);
    mem_free(word);
    return err;
}
