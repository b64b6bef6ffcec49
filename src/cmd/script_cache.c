/* cmd/script_cache.c - scripts by their SHA-1. See cmd/scripts.h. */
#include "script_cache.h"
#include "base/mem.h"
#include "cmd/scripts.h"
#include "cmd/service.h"

#include <ctype.h>

static struct slice sha_of(const void *entry)
{
    return (struct slice){((const struct cached_script *)entry)->sha, SHA1_HEX};
}

const struct dict_type cached_script_type = {.key = sha_of};

static void drop(struct service *s, struct cached_script *c)
{
    struct scripts *all = &s->scripts;

    dict_remove(&all->cache, sha_of(c));
    list_remove(&c->node);
    script_release(all->engine, c->id);
    all->bytes -= c->bytes;
    mem_free(c);
}

void scripts_flush(struct service *s)
{
    struct list *lines[] = {&s->scripts.evaluated, &s->scripts.loaded};

    for (int i = 0; i < 2; i++)
        while (!list_empty(lines[i]))
            drop(s, list_entry(lines[i]->next, struct cached_script, node));
}

/* Those that EVAL brought go first: who sends SCRIPT LOAD may not expect to be told NOSCRIPT. */
static void make_room(struct service *s)
{
    struct scripts *all = &s->scripts;

    while (all->bytes > s->config.script_cache_size && dict_count(&all->cache) > 1) {
        struct list *line = list_empty(&all->evaluated) ? &all->loaded : &all->evaluated;

        drop(s, list_entry(line->next, struct cached_script, node));
        all->evicted++;
    }
}

static void use(struct scripts *all, struct cached_script *c)
{
    list_remove(&c->node);
    list_push(c->loaded ? &all->loaded : &all->evaluated, &c->node);
}

struct cached_script *scripts_find(struct service *s, struct slice sha)
{
    struct cached_script *c;
    char lower[SHA1_HEX];

    if (sha.n != SHA1_HEX)
        return NULL;
    for (int i = 0; i < SHA1_HEX; i++)
        lower[i] = (char)tolower((unsigned char)sha.p[i]);
    c = dict_find(&s->scripts.cache, (struct slice){lower, SHA1_HEX});
    if (c)
        use(&s->scripts, c);
    return c;
}

/* The engine's memory tells only roughly what one script takes: its collector may have run meanwhile. */
static size_t bytes_of(size_t before, size_t after, struct slice text)
{
    size_t least = text.n + 1024;

    return sizeof(struct cached_script) + (after > before + least ? after - before : least);
}

static struct cached_script *compile(struct service *s, const char *sha, struct slice text, struct buf *why)
{
    struct scripts *all = &s->scripts;
    size_t before = script_engine_memory(all->engine);
    struct cached_script *c;
    unsigned flags;
    int id = script_compile(all->engine, text, &flags, why);

    if (id < 0)
        return NULL;
    c = mem_zalloc(sizeof *c);
    memcpy(c->sha, sha, SHA1_HEX);
    c->id = id;
    c->flags = flags;
    c->bytes = bytes_of(before, script_engine_memory(all->engine), text);
    dict_add(&all->cache, c);
    all->bytes += c->bytes;
    return c;
}

struct cached_script *scripts_add(struct service *s, struct slice text, bool loaded, struct buf *why)
{
    char sha[SHA1_HEX + 1];
    struct cached_script *c;

    if (!scripts_start(s, why))
        return NULL;
    sha1_hex(text, sha);
    c = dict_find(&s->scripts.cache, (struct slice){sha, SHA1_HEX});
    if (!c && !(c = compile(s, sha, text, why)))
        return NULL;
    c->loaded |= loaded;
    use(&s->scripts, c);
    make_room(s);
    return c;
}
