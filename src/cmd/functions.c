/* cmd/functions.c - libraries of functions, compiled. See cmd/scripts.h. */
#include "base/err.h"
#include "base/mem.h"
#include "base/settings.h"
#include "cmd/scripts.h"
#include "cmd/service.h"
#include "script_cache.h"

#include <ctype.h>

static struct slice library_key(const void *entry)
{
    return ((const struct compiled_library *)entry)->name;
}

static struct slice function_key(const void *entry)
{
    const struct compiled_function *f = entry;

    return (struct slice){f->key, f->len};
}

const struct dict_type compiled_library_type = {.key = library_key};
const struct dict_type compiled_function_type = {.key = function_key, .free = mem_free};

/* --- the first line: #!lua name=... --- */

struct header {
    struct slice name; /* a view of the words */
    struct slice code;
    struct slice *word;
};

static int bad(struct buf *why, const char *what, struct slice which)
{
    buf_addf(why, "%s%.*s", what, SLICE_ARG(which));
    return ERR_FORMAT;
}

static int parse_words(struct header *h, size_t n, struct buf *why)
{
    struct slice engine = {h->word[0].p + 2, h->word[0].n - 2};

    for (size_t i = 1; i < n; i++) {
        struct slice w = h->word[i];

        if (w.n < 5 || strncasecmp(w.p, "name=", 5) != 0)
            return bad(why, "Invalid metadata value given: ", w);
        if (h->name.p)
            return bad(why, "Invalid metadata value, name argument was given multiple times", SLICE(""));
        h->name = (struct slice){w.p + 5, w.n - 5};
    }
    if (!h->name.p)
        return bad(why, "Library name was not given", SLICE(""));
    if (!script_name_is_good(h->name))
        return bad(
            why,
            "Library names can only contain letters, numbers, or underscores(_) and must be at least one "
            "character long",
            SLICE(""));
    if (!slice_is(engine, "lua")) {
        buf_addf(why, "Engine '%.*s' not found", SLICE_ARG(engine));
        return ERR_FORMAT;
    }
    return OK;
}

/* The words are the caller's to free, after an error too. */
static int parse_header(struct slice text, struct header *h, struct buf *why)
{
    const char *end = text.n ? memchr(text.p, '\n', text.n) : NULL;
    size_t n;

    *h = (struct header){0};
    if (text.n < 2 || memcmp(text.p, "#!", 2) != 0)
        return bad(why, "Missing library metadata", SLICE(""));
    if (!end)
        return bad(why, "Invalid library metadata", SLICE(""));
    h->code = (struct slice){end, text.n - (size_t)(end - text.p)};
    if (settings_split((struct slice){text.p, (size_t)(end - text.p)}, &h->word, &n) != OK || n == 0 ||
        h->word[0].n < 2)
        return bad(why, "Invalid library metadata", SLICE(""));
    return parse_words(h, n, why);
}

/* --- compiling --- */

static int run_text(struct service *s, struct slice code, struct script_library *out, struct buf *why)
{
    struct running_script r = {
        .name = "", .function = true, .loading = true, .patient = s->broker.origin == ORIGIN_REPLAY};
    int err;

    r.started = clock_usec();
    s->scripts.running = &r;
    err = script_library_load(s->scripts.engine, code, out, why);
    s->scripts.running = NULL;
    if (err == OK && out->n == 0)
        return bad(why, "No functions registered", SLICE(""));
    return err;
}

int functions_compile(struct service *s, struct slice text, bool fresh, struct compiled_library **out,
                      struct buf *why)
{
    struct script_library functions;
    struct header h;
    int err;

    if (!scripts_start(s, why))
        return ERR_FORMAT;
    err = parse_header(text, &h, why);
    if (err == OK && fresh && functions_library(s, h.name)) {
        buf_addf(why, "Library '%.*s' already exists", SLICE_ARG(h.name));
        err = ERR_FORMAT;
    }
    if (err == OK)
        err = run_text(s, h.code, &functions, why);
    if (err == OK) {
        struct compiled_library *l = mem_alloc(sizeof *l + h.name.n);

        memcpy(l->text, h.name.p, h.name.n);
        l->name = (struct slice){l->text, h.name.n};
        l->functions = functions;
        *out = l;
    }
    mem_free(h.word);
    return err;
}

void functions_free(struct service *s, struct compiled_library *l)
{
    script_library_free(s->scripts.engine, &l->functions);
    mem_free(l);
}

/* --- what can be called --- */

const struct compiled_library *functions_library(const struct service *s, struct slice name)
{
    return dict_find(&s->scripts.libraries, name);
}

static void to_lower(char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (char)tolower((unsigned char)p[i]);
}

static const struct compiled_function *find(const struct dict *d, struct slice name)
{
    struct buf key = {0};
    const struct compiled_function *f;

    buf_add(&key, name.p, name.n);
    to_lower(key.p, key.n);
    f = dict_find(d, buf_slice(&key));
    buf_free(&key);
    return f;
}

bool compiled_function_add(struct dict *d, const struct script_function *function,
                           const struct compiled_library *of)
{
    const struct compiled_function *other = find(d, slice_of(function->name));
    size_t n = strlen(function->name);
    struct compiled_function *f;

    if (other)
        return other->of == of;
    f = mem_alloc(sizeof *f + n);
    *f = (struct compiled_function){.f = function, .of = of, .len = n};
    memcpy(f->key, function->name, n);
    to_lower(f->key, n);
    dict_add(d, f);
    return true;
}

const struct compiled_function *functions_find(const struct service *s, struct slice name)
{
    return find(&s->scripts.functions, name);
}

const char *functions_clash(const struct service *s, const struct compiled_library *l)
{
    for (size_t i = 0; i < l->functions.n; i++) {
        const char *name = l->functions.function[i].name;
        const struct compiled_function *f = functions_find(s, slice_of(name));

        if (f && !slice_eq(f->of->name, l->name))
            return name;
    }
    return NULL;
}

static void remove_function(struct service *s, const struct script_function *function)
{
    const struct compiled_function *f = functions_find(s, slice_of(function->name));

    if (f && f->f == function)
        mem_free(dict_remove(&s->scripts.functions, compiled_function_type.key(f)));
}

void functions_unlink(struct service *s, struct slice name)
{
    struct compiled_library *l = dict_remove(&s->scripts.libraries, name);

    if (!l)
        return;
    for (size_t i = 0; i < l->functions.n; i++)
        remove_function(s, &l->functions.function[i]);
    functions_free(s, l);
}

void functions_link(struct service *s, struct compiled_library *l)
{
    functions_unlink(s, l->name);
    dict_add(&s->scripts.libraries, l);
    for (size_t i = 0; i < l->functions.n; i++)
        compiled_function_add(&s->scripts.functions, &l->functions.function[i], l);
}

void functions_unlink_all(struct service *s)
{
    struct dict_iter it;
    struct compiled_library *l;

    dict_iter_begin(&it, &s->scripts.libraries);
    while ((l = dict_iter_next(&it)))
        functions_unlink(s, l->name);
    dict_iter_end(&it);
}
