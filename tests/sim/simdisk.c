/* tests/sim/simdisk.c - see simdisk.h. */
#include "simdisk.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include <errno.h>

#define PAGE   ((uint64_t)4096)
#define SECTOR ((uint64_t)512)
#define NAMES  256

/* Bytes of a file, with the room in whole pages, zero behind the size. */
struct image {
    unsigned char *p;
    uint64_t n, room;
};

/* What a name stands for; outlives its last name while a handle or the durable directory has it. */
struct inode {
    unsigned refs;
    struct image cache, durable;
    unsigned char *dirty; /* a flag for each page of `cache` that is not as in `durable` */
    uint64_t pages;       /* room of `dirty` */
    bool size_dirty;
};

struct name {
    char *text;
    struct inode *inode;
};

struct dir {
    struct name v[NAMES];
    size_t n;
};

/* A change of the directory that is not yet durable. */
struct dir_op {
    char *set, *drop; /* `set` becomes a name of `inode`; `drop` goes; either may be NULL */
    struct inode *inode;
};

struct simdisk {
    struct random random;
    struct dir cache, durable;
    struct dir_op *op;
    size_t ops, op_cap;
    uint64_t epoch; /* handles of an earlier one are dead */
    uint64_t lock;  /* number of the handle that has it; 0: none */
    uint64_t handles;
    uint64_t capacity;
    uint64_t fail_in; /* calls; 0: none fails */
    int fail_with;
    bool fail_stays, has_failed;
};

struct sim_handle {
    struct disk disk;
    struct simdisk *sim;
    uint64_t epoch, number;
};

struct disk_file {
    struct simdisk *sim;
    struct inode *inode;
    uint64_t epoch;
};

/* --- files --- */

static uint64_t pages_of(uint64_t n)
{
    return (n + PAGE - 1) / PAGE;
}

static void image_resize(struct image *i, uint64_t n)
{
    uint64_t room = pages_of(n) * PAGE;

    if (room > i->room) {
        room = room > 2 * i->room ? room : 2 * i->room;
        i->p = mem_realloc(i->p, room);
        memset(i->p + i->room, 0, room - i->room);
        i->room = room;
    }
    if (n < i->n)
        memset(i->p + n, 0, i->n - n);
    i->n = n;
}

static void mark(struct inode *f, uint64_t from, uint64_t to)
{
    uint64_t need = pages_of(to);

    if (need > f->pages) {
        need = need > 2 * f->pages ? need : 2 * f->pages;
        f->dirty = mem_realloc(f->dirty, need);
        memset(f->dirty + f->pages, 0, need - f->pages);
        f->pages = need;
    }
    for (uint64_t p = from / PAGE; p < pages_of(to); p++)
        f->dirty[p] = 1;
}

static void inode_resize(struct inode *f, uint64_t n)
{
    uint64_t before = f->cache.n;

    if (n == before)
        return;
    image_resize(&f->cache, n);
    mark(f, n < before ? n : before, n < before ? before : n);
    f->size_dirty = true;
}

static void inode_write(struct inode *f, const void *p, uint64_t n, uint64_t at)
{
    if (!n)
        return;
    if (at + n > f->cache.n)
        inode_resize(f, at + n);
    memcpy(f->cache.p + at, p, n);
    mark(f, at, at + n);
}

/* One page of the cache, or of a copy of it, to the durable image, which is large enough. */
static void settle(struct image *to, const struct image *from, uint64_t page, uint64_t begin, uint64_t n)
{
    uint64_t at = page * PAGE + begin;

    if (at + n <= to->room) {
        if (at + n <= from->room)
            memcpy(to->p + at, from->p + at, n);
        else
            memset(to->p + at, 0, n);
    }
}

static void image_copy(struct image *to, const struct image *from)
{
    image_resize(to, 0);
    image_resize(to, from->n);
    if (from->n)
        memcpy(to->p, from->p, from->n);
}

static void inode_sync(struct inode *f)
{
    image_copy(&f->durable, &f->cache);
    if (f->pages)
        memset(f->dirty, 0, f->pages);
    f->size_dirty = false;
}

static struct inode *inode_ref(struct inode *f)
{
    f->refs++;
    return f;
}

static void inode_unref(struct inode *f)
{
    if (--f->refs)
        return;
    mem_free(f->cache.p);
    mem_free(f->durable.p);
    mem_free(f->dirty);
    mem_free(f);
}

/* Any subset of the unsynced pages survives; a page is now and then torn at a sector. */
static void inode_cut(struct inode *f, struct random *r)
{
    uint64_t all = random_below(r, 4), size = f->durable.n;
    uint64_t pages = pages_of(f->cache.n > f->durable.n ? f->cache.n : f->durable.n);

    if (f->size_dirty && random_below(r, 2))
        size = f->cache.n;
    image_resize(&f->durable, f->cache.n > f->durable.n ? f->cache.n : f->durable.n);
    for (uint64_t p = 0; p < pages && p < f->pages; p++) {
        uint64_t luck = all < 2 ? all : random_below(r, 2);

        if (!f->dirty[p])
            continue;
        if (random_below(r, 16) == 0)
            settle(&f->durable, &f->cache, p, 0, SECTOR * random_below(r, PAGE / SECTOR));
        else if (luck)
            settle(&f->durable, &f->cache, p, 0, PAGE);
    }
    image_resize(&f->durable, size);
    image_copy(&f->cache, &f->durable);
    inode_sync(f);
}

/* --- the directory --- */

static struct name *dir_find(struct dir *d, const char *text)
{
    for (size_t i = 0; i < d->n; i++)
        if (strcmp(d->v[i].text, text) == 0)
            return &d->v[i];
    return NULL;
}

static void dir_drop(struct dir *d, const char *text)
{
    struct name *e = dir_find(d, text);

    if (!e)
        return;
    mem_free(e->text);
    inode_unref(e->inode);
    *e = d->v[--d->n];
}

static void dir_set(struct dir *d, const char *text, struct inode *f)
{
    inode_ref(f);
    dir_drop(d, text);
    must(d->n < NAMES);
    d->v[d->n++] = (struct name){mem_strdup(slice_of(text)), f};
}

static void dir_apply(struct dir *d, const struct dir_op *op)
{
    if (op->drop)
        dir_drop(d, op->drop);
    if (op->set)
        dir_set(d, op->set, op->inode);
}

static void dir_clear(struct dir *d)
{
    while (d->n)
        dir_drop(d, d->v[0].text);
}

static void change_dir(struct simdisk *s, const char *set, const char *drop, struct inode *f)
{
    struct dir_op op = {.inode = f ? inode_ref(f) : NULL};

    if (set)
        op.set = mem_strdup(slice_of(set));
    if (drop)
        op.drop = mem_strdup(slice_of(drop));
    if (s->ops == s->op_cap) {
        s->op_cap = s->op_cap ? 2 * s->op_cap : 16;
        s->op = mem_realloc(s->op, s->op_cap * sizeof *s->op);
    }
    s->op[s->ops++] = op;
    dir_apply(&s->cache, &op);
}

/* The first n of the changes become durable, or any of them, and the rest is forgotten. */
static void settle_dir(struct simdisk *s, size_t n, bool any)
{
    for (size_t i = 0; i < s->ops; i++) {
        if (any ? random_below(&s->random, 2) == 1 : i < n)
            dir_apply(&s->durable, &s->op[i]);
        mem_free(s->op[i].set);
        mem_free(s->op[i].drop);
        if (s->op[i].inode)
            inode_unref(s->op[i].inode);
    }
    s->ops = 0;
}

/* --- the disk --- */

struct simdisk *simdisk_new(uint64_t seed)
{
    struct simdisk *s = mem_zalloc(sizeof *s);

    random_seed(&s->random, seed);
    s->capacity = UINT64_MAX;
    s->epoch = 1;
    return s;
}

void simdisk_free(struct simdisk *s)
{
    settle_dir(s, 0, false);
    dir_clear(&s->cache);
    dir_clear(&s->durable);
    mem_free(s->op);
    mem_free(s);
}

void simdisk_crash(struct simdisk *s)
{
    s->epoch++;
    s->lock = 0;
}

void simdisk_power_cut(struct simdisk *s)
{
    simdisk_crash(s);
    settle_dir(s, (size_t)random_below(&s->random, s->ops + 1), random_below(&s->random, 2));
    dir_clear(&s->cache);
    for (size_t i = 0; i < s->durable.n; i++) {
        inode_cut(s->durable.v[i].inode, &s->random);
        dir_set(&s->cache, s->durable.v[i].text, s->durable.v[i].inode);
    }
}

void simdisk_capacity(struct simdisk *s, uint64_t bytes)
{
    s->capacity = bytes;
}

uint64_t simdisk_used(const struct simdisk *s)
{
    uint64_t used = 0;

    for (size_t i = 0; i < s->cache.n; i++)
        used += pages_of(s->cache.v[i].inode->cache.n) * PAGE;
    return used;
}

void simdisk_fail(struct simdisk *s, uint64_t n, int err, bool stays)
{
    s->fail_in = n;
    s->fail_with = err;
    s->fail_stays = stays;
    s->has_failed = false;
}

bool simdisk_has_failed(const struct simdisk *s)
{
    return s->has_failed;
}

unsigned char *simdisk_bytes(struct simdisk *s, const char *name, uint64_t *size)
{
    struct name *e = dir_find(&s->cache, name);

    if (!e)
        return NULL;
    inode_sync(e->inode);
    *size = e->inode->cache.n;
    return e->inode->cache.p;
}

void simdisk_put(struct simdisk *s, const char *name, const void *p, uint64_t n)
{
    struct inode *f;

    settle_dir(s, s->ops, false);
    if (!p) {
        dir_drop(&s->cache, name);
        dir_drop(&s->durable, name);
        return;
    }
    f = mem_zalloc(sizeof *f);
    inode_write(f, p, n, 0);
    inode_sync(f);
    dir_set(&s->cache, name, f);
    dir_set(&s->durable, name, f);
}

void simdisk_list(struct simdisk *s, void (*fn)(const char *name, void *arg), void *arg)
{
    for (size_t i = 0; i < s->cache.n; i++)
        fn(s->cache.v[i].text, arg);
}

/* --- the calls --- */

static int error(int err)
{
    errno = err == ERR_NO_SPACE ? ENOSPC : EIO;
    return err;
}

/* What this call is to answer before it does anything. */
static int enter(struct simdisk *s, uint64_t epoch, bool takes_space)
{
    if (epoch != s->epoch)
        return error(ERR_IO);
    if (!s->fail_in || (s->fail_with == ERR_NO_SPACE && !takes_space))
        return OK;
    if (s->fail_in > 1) {
        s->fail_in--;
        return OK;
    }
    s->has_failed = true;
    if (!s->fail_stays)
        s->fail_in = 0;
    return error(s->fail_with);
}

static bool has_room(struct simdisk *s, const struct inode *f, uint64_t size)
{
    uint64_t more = size > f->cache.n ? (pages_of(size) - pages_of(f->cache.n)) * PAGE : 0;

    return s->capacity == UINT64_MAX || !more || simdisk_used(s) + more <= s->capacity;
}

static struct sim_handle *of(struct disk *d)
{
    return (struct sim_handle *)d;
}

static int sim_lock(struct disk *d)
{
    struct sim_handle *h = of(d);

    if (h->epoch != h->sim->epoch)
        return error(ERR_IO);
    if (h->sim->lock && h->sim->lock != h->number)
        return ERR_LOCKED;
    h->sim->lock = h->number;
    return OK;
}

static int sim_open(struct disk *d, const char *name, enum disk_open how, struct disk_file **file)
{
    struct simdisk *s = of(d)->sim;
    int err = enter(s, of(d)->epoch, how == DISK_CREATE);
    struct name *e = dir_find(&s->cache, name);

    if (err < 0)
        return err;
    if (!e != (how == DISK_CREATE)) {
        errno = e ? EEXIST : ENOENT;
        return ERR_IO;
    }
    if (!e)
        change_dir(s, name, NULL, mem_zalloc(sizeof(struct inode)));
    *file = mem_alloc(sizeof **file);
    **file = (struct disk_file){s, inode_ref(dir_find(&s->cache, name)->inode), of(d)->epoch};
    return OK;
}

static int sim_rename(struct disk *d, const char *from, const char *to)
{
    struct simdisk *s = of(d)->sim;
    int err = enter(s, of(d)->epoch, true);
    struct name *e = dir_find(&s->cache, from);

    if (err < 0)
        return err;
    if (!e) {
        errno = ENOENT;
        return ERR_IO;
    }
    change_dir(s, to, from, e->inode);
    return OK;
}

static int sim_unlink(struct disk *d, const char *name)
{
    struct simdisk *s = of(d)->sim;
    int err = enter(s, of(d)->epoch, false);

    if (err == OK && dir_find(&s->cache, name))
        change_dir(s, NULL, name, NULL);
    return err;
}

static int sim_sync_dir(struct disk *d)
{
    struct simdisk *s = of(d)->sim;
    int err = enter(s, of(d)->epoch, true);

    if (err == OK)
        settle_dir(s, s->ops, false);
    return err;
}

static int sim_list(struct disk *d, void (*fn)(const char *name, void *arg), void *arg)
{
    int err = enter(of(d)->sim, of(d)->epoch, false);

    if (err == OK)
        simdisk_list(of(d)->sim, fn, arg);
    return err;
}

static bool sim_exists(struct disk *d, const char *name)
{
    return dir_find(&of(d)->sim->cache, name) != NULL;
}

static void sim_close(struct disk *d)
{
    struct sim_handle *h = of(d);

    if (h->sim->lock == h->number)
        h->sim->lock = 0;
    mem_free(h);
}

static int sim_read(struct disk_file *f, void *to, size_t n, uint64_t at, size_t *got)
{
    int err = enter(f->sim, f->epoch, false);
    uint64_t size = f->inode->cache.n;

    if (err < 0)
        return err;
    *got = at >= size ? 0 : size - at < n ? (size_t)(size - at) : n;
    if (*got)
        memcpy(to, f->inode->cache.p + at, *got);
    return OK;
}

static int sim_write(struct disk_file *f, const void *p, size_t n, uint64_t at)
{
    int err = enter(f->sim, f->epoch, true);

    if (err == OK && !has_room(f->sim, f->inode, at + n))
        err = error(ERR_NO_SPACE);
    if (err < 0 && f->epoch == f->sim->epoch && at <= f->inode->cache.n) {
        uint64_t part = random_below(&f->sim->random, n + 1);

        if (has_room(f->sim, f->inode, at + part))
            inode_write(f->inode, p, part, at);
        return error(err);
    }
    if (err == OK)
        inode_write(f->inode, p, n, at);
    return err;
}

/* The kernel drops what it could not write: the pages stay in the cache, and count as clean. */
static int sim_sync(struct disk_file *f)
{
    struct inode *i = f->inode;
    int err = enter(f->sim, f->epoch, true);

    if (err == OK)
        inode_sync(i);
    else if (f->epoch == f->sim->epoch && err == ERR_IO && i->pages)
        memset(i->dirty, 0, i->pages);
    return err;
}

static int sim_size(struct disk_file *f, uint64_t *n)
{
    int err = enter(f->sim, f->epoch, false);

    *n = f->inode->cache.n;
    return err;
}

static int sim_allocate(struct disk_file *f, uint64_t at, uint64_t n)
{
    int err = enter(f->sim, f->epoch, true);

    if (err == OK && !has_room(f->sim, f->inode, at + n))
        err = error(ERR_NO_SPACE);
    if (err == OK && at + n > f->inode->cache.n)
        inode_resize(f->inode, at + n);
    return err;
}

static int sim_truncate(struct disk_file *f, uint64_t n)
{
    int err = enter(f->sim, f->epoch, false);

    if (err == OK)
        inode_resize(f->inode, n);
    return err;
}

static void sim_close_file(struct disk_file *f)
{
    inode_unref(f->inode);
    mem_free(f);
}

static const struct disk_ops sim_ops = {
    .lock = sim_lock,
    .open = sim_open,
    .rename = sim_rename,
    .unlink = sim_unlink,
    .sync_dir = sim_sync_dir,
    .list = sim_list,
    .exists = sim_exists,
    .close = sim_close,
    .read = sim_read,
    .write = sim_write,
    .sync = sim_sync,
    .size = sim_size,
    .allocate = sim_allocate,
    .truncate = sim_truncate,
    .close_file = sim_close_file,
};

struct disk *simdisk_handle(struct simdisk *s)
{
    struct sim_handle *h = mem_alloc(sizeof *h);

    *h = (struct sim_handle){{&sim_ops}, s, s->epoch, ++s->handles};
    return &h->disk;
}

/* --- the syncer --- */

struct simsyncer {
    struct syncer syncer;
    enum { IDLE, BUSY, DONE } state;
    struct disk_file *file;
    struct inode *inode; /* ours to keep: the file may be closed by a crash */
    struct image was;    /* when the job began */
    unsigned char *dirty;
    uint64_t pages, zero_at, zero;
    int result;
};

static struct simsyncer *syncer_of(const struct syncer *s)
{
    return (struct simsyncer *)(uintptr_t)s;
}

static void sim_start(struct syncer *s, struct disk *d, struct disk_file *f, uint64_t zero_at, uint64_t zero)
{
    struct simsyncer *y = syncer_of(s);
    struct inode *i = f->inode;

    (void)d;
    must(y->state == IDLE);
    y->state = BUSY;
    y->file = f;
    y->inode = inode_ref(i);
    image_copy(&y->was, &i->cache);
    y->pages = i->pages;
    y->dirty = mem_alloc(i->pages);
    if (i->pages) {
        memcpy(y->dirty, i->dirty, i->pages);
        memset(i->dirty, 0, i->pages);
    }
    y->zero_at = zero_at;
    y->zero = zero;
}

static void end_job(struct simsyncer *y)
{
    inode_unref(y->inode);
    mem_free(y->dirty);
    y->dirty = NULL;
}

/* Pages written since the job began stay as unsynced as they are. */
static void settle_job(struct simsyncer *y)
{
    struct inode *f = y->inode;

    if (f->durable.n < y->was.n)
        image_resize(&f->durable, y->was.n);
    for (uint64_t p = 0; p < y->pages; p++)
        if (y->dirty[p])
            settle(&f->durable, &y->was, p, 0, PAGE);
    image_resize(&f->durable, y->was.n);
    f->size_dirty = f->cache.n != f->durable.n;
    if (y->zero) {
        unsigned char *zeros = mem_zalloc(y->zero);

        if (has_room(y->file->sim, f, y->zero_at + y->zero))
            inode_write(f, zeros, y->zero, y->zero_at);
        mem_free(zeros);
    }
}

void simsyncer_finish(struct syncer *s)
{
    struct simsyncer *y = syncer_of(s);

    if (y->state != BUSY)
        return;
    y->state = DONE;
    y->result = enter(y->file->sim, y->file->epoch, true);
    if (y->result == OK)
        settle_job(y);
    end_job(y);
}

/* Its pages are unsynced again: a power cut that finds the job under way may keep any of them. */
void simsyncer_forget(struct syncer *s)
{
    struct simsyncer *y = syncer_of(s);

    if (y->state == BUSY) {
        for (uint64_t p = 0; p < y->pages; p++)
            if (y->dirty[p])
                mark(y->inode, p * PAGE, (p + 1) * PAGE);
        end_job(y);
    }
    y->state = IDLE;
}

bool simsyncer_busy(const struct syncer *s)
{
    return syncer_of(s)->state == BUSY;
}

static bool sim_poll(struct syncer *s, bool wait, int *result)
{
    struct simsyncer *y = syncer_of(s);

    if (wait)
        simsyncer_finish(s);
    if (y->state != DONE)
        return false;
    y->state = IDLE;
    *result = y->result;
    return true;
}

static void sim_free(struct syncer *s)
{
    if (!s)
        return;
    simsyncer_forget(s);
    mem_free(syncer_of(s)->was.p);
    mem_free(s);
}

struct syncer *simsyncer_new(void)
{
    struct simsyncer *y = mem_zalloc(sizeof *y);

    y->syncer = (struct syncer){sim_start, sim_poll, sim_free};
    return &y->syncer;
}
