/* cmd/geo_cmds.c - places: sorted sets whose scores are the numbers of base/geohash.h. */
#include "base/buf.h"
#include "base/err.h"
#include "base/geohash.h"
#include "base/mem.h"
#include "base/num.h"
#include "broker/change_zset.h"
#include "handlers.h"
#include "store/zset.h"
#include "store/zset_algebra.h"
#include "zadd.h"

#include <stdlib.h>

/* --- arguments --- */

static int parse_point(struct call *c, const struct slice *arg, struct geo_point *p)
{
    if (!num_double(arg[0], &p->lon) || !num_double(arg[1], &p->lat))
        return ERR_FLOAT;
    if (!geo_valid(*p))
        return call_fail(c, "ERR invalid longitude,latitude pair %f,%f", p->lon, p->lat);
    return OK;
}

static int parse_unit(struct call *c, struct slice word, double *metres)
{
    static const struct {
        const char *name;
        double metres;
    } unit[] = {{"m", 1}, {"km", 1000}, {"ft", 0.3048}, {"mi", 1609.34}};

    for (size_t i = 0; i < sizeof unit / sizeof *unit; i++) {
        if (slice_is(word, unit[i].name)) {
            *metres = unit[i].metres;
            return OK;
        }
    }
    return call_fail(c, "ERR unsupported unit provided. please use M, KM, FT, MI");
}

static bool point_of(const struct zset *z, struct slice member, struct geo_point *p)
{
    double score;

    if (!zset_score(z, member, &score))
        return false;
    *p = geo_decode(score);
    return true;
}

/* --- GEOADD, and what is known of a member --- */

/* longitude latitude member ... from arg[at] on. */
static int add_points(struct call *c, struct zadd *a, size_t at)
{
    struct slice *pair = mem_alloc(2 * a->n * sizeof *pair);
    int err = OK;

    a->score = mem_alloc(a->n * sizeof *a->score);
    a->pair = pair;
    for (size_t i = 0; i < a->n && err == OK; i++, at += 3) {
        struct geo_point p;

        if ((err = parse_point(c, c->arg + at, &p)) == OK)
            a->score[i] = (double)geo_encode(p);
        pair[2 * i + 1] = c->arg[at + 2];
    }
    if (err == OK)
        err = zadd_run(c, a);
    mem_free(a->score);
    mem_free(pair);
    return err;
}

int cmd_geoadd(struct call *c)
{
    struct zadd a = {0};
    size_t at = 2;
    int option;

    for (; at < c->n && (option = zadd_option(c->arg[at]) & (ADD_NX | ADD_XX | ADD_CH)); at++)
        a.options |= option;
    a.n = (c->n - at) / 3;
    if ((c->n - at) % 3 || a.n == 0 || (a.options & ADD_NX && a.options & ADD_XX))
        return ERR_SYNTAX;
    return add_points(c, &a, at);
}

static void reply_coordinate(struct call *c, double v)
{
    char text[NUM_LONG_DOUBLE_MAX];

    reply_double_text(c->reply, (struct slice){text, num_put_long_double(text, v)});
}

static void reply_point(struct call *c, struct geo_point p)
{
    reply_array(c->reply, 2);
    reply_coordinate(c, p.lon);
    reply_coordinate(c, p.lat);
}

int cmd_geopos(struct call *c)
{
    struct geo_point p;
    struct key *k;
    int err = key_read_as(c, c->arg[1], KEY_ZSET, &k);

    if (err != OK)
        return err;
    reply_array(c->reply, c->n - 2);
    for (size_t i = 2; i < c->n; i++) {
        if (k && point_of(k->zset, c->arg[i], &p))
            reply_point(c, p);
        else
            reply_null_array(c->reply);
    }
    return OK;
}

int cmd_geohash(struct call *c)
{
    char text[GEO_TEXT];
    struct geo_point p;
    struct key *k;
    int err = key_read_as(c, c->arg[1], KEY_ZSET, &k);

    if (err != OK)
        return err;
    reply_array(c->reply, c->n - 2);
    for (size_t i = 2; i < c->n; i++) {
        if (k && point_of(k->zset, c->arg[i], &p)) {
            geo_text(p, text);
            reply_bulk(c->reply, (struct slice){text, GEO_TEXT});
        } else {
            reply_null(c->reply);
        }
    }
    return OK;
}

int cmd_geodist(struct call *c)
{
    struct geo_point a, b;
    double unit = 1;
    struct key *k;
    int err = OK;

    if (c->n > 5)
        return ERR_SYNTAX;
    if (c->n == 5)
        err = parse_unit(c, c->arg[4], &unit);
    if (err != OK || (err = key_read_as(c, c->arg[1], KEY_ZSET, &k)) != OK)
        return err;
    if (k && point_of(k->zset, c->arg[2], &a) && point_of(k->zset, c->arg[3], &b))
        reply_bulkf(c->reply, "%.4f", geo_distance(a, b) / unit);
    else
        reply_null(c->reply);
    return OK;
}

/* --- searching --- */

/* Which of the commands it is: GEORADIUS and its kind have centre and radius at fixed places. */
enum search_kind { BY_POINT = 1, BY_MEMBER = 2, MAY_STORE = 4, SEARCH = 8, SEARCH_STORE = 16 };

struct search {
    unsigned kind;
    struct geo_area area;
    double unit;
    const struct zset *z; /* NULL: there is none, but the arguments are looked at */
    bool from_member, from_point, by_radius, with_dist, with_hash, with_coord, any, store_dist;
    enum { UNSORTED, ASC, DESC } order;
    int64_t count;      /* 0: all */
    struct slice store; /* p NULL: none */
};

static int parse_member(struct call *c, struct slice member, struct search *s)
{
    if (s->z && !point_of(s->z, member, &s->area.centre))
        return call_fail(c, "ERR could not decode requested zset member");
    return OK;
}

static int parse_radius(struct call *c, const struct slice *arg, struct search *s)
{
    int err;

    if (!num_double(arg[0], &s->area.radius))
        return call_fail(c, "ERR need numeric radius");
    if (s->area.radius < 0)
        return call_fail(c, "ERR radius cannot be negative");
    err = parse_unit(c, arg[1], &s->unit);
    s->area.radius *= s->unit;
    return err;
}

static int parse_box(struct call *c, const struct slice *arg, struct search *s)
{
    int err;

    if (!num_double(arg[0], &s->area.width))
        return call_fail(c, "ERR need numeric width");
    if (!num_double(arg[1], &s->area.height))
        return call_fail(c, "ERR need numeric height");
    if (s->area.width < 0 || s->area.height < 0)
        return call_fail(c, "ERR height or width cannot be negative");
    err = parse_unit(c, arg[2], &s->unit);
    s->area.width *= s->unit;
    s->area.height *= s->unit;
    s->area.box = true;
    return err;
}

/* Words without any behind them; false: another one. */
static bool parse_word(struct slice word, struct search *s)
{
    if (slice_is(word, "WITHDIST"))
        s->with_dist = true;
    else if (slice_is(word, "WITHHASH"))
        s->with_hash = true;
    else if (slice_is(word, "WITHCOORD"))
        s->with_coord = true;
    else if (slice_is(word, "ANY"))
        s->any = true;
    else if (slice_is(word, "ASC"))
        s->order = ASC;
    else if (slice_is(word, "DESC"))
        s->order = DESC;
    else if (s->kind & SEARCH_STORE && slice_is(word, "STOREDIST"))
        s->store_dist = true;
    else
        return false;
    return true;
}

static int parse_count(struct call *c, struct slice text, struct search *s)
{
    if (!num_i64(text, &s->count))
        return ERR_INT;
    return s->count > 0 ? OK : call_fail(c, "ERR COUNT must be > 0");
}

/* The option at arg[*i], whose last word it is afterwards. */
static int parse_option(struct call *c, size_t *i, struct search *s)
{
    const struct slice *arg = c->arg + *i;
    size_t more = c->n - *i - 1;

    if (parse_word(*arg, s))
        return OK;
    if (slice_is(*arg, "COUNT") && more) {
        *i += 1;
        return parse_count(c, arg[1], s);
    }
    if (s->kind & MAY_STORE && more && (slice_is(*arg, "STORE") || slice_is(*arg, "STOREDIST"))) {
        *i += 1;
        s->store = arg[1];
        s->store_dist = slice_is(*arg, "STOREDIST");
        return OK;
    }
    if (!(s->kind & SEARCH))
        return ERR_SYNTAX;
    if (slice_is(*arg, "FROMMEMBER") && more && !s->from_point) {
        *i += 1;
        s->from_member = true;
        return parse_member(c, arg[1], s);
    }
    if (slice_is(*arg, "FROMLONLAT") && more >= 2 && !s->from_member) {
        *i += 2;
        s->from_point = true;
        return parse_point(c, arg + 1, &s->area.centre);
    }
    if (slice_is(*arg, "BYRADIUS") && more >= 2 && !s->area.box) {
        *i += 2;
        s->by_radius = true;
        return parse_radius(c, arg + 1, s);
    }
    if (slice_is(*arg, "BYBOX") && more >= 3 && !s->by_radius) {
        *i += 3;
        return parse_box(c, arg + 1, s);
    }
    return ERR_SYNTAX;
}

static int search_check(struct call *c, const struct search *s)
{
    const struct slice name = c->arg[0];

    if (s->store.p && (s->with_dist || s->with_hash || s->with_coord))
        return call_fail(c, "ERR %s is not compatible with WITHDIST, WITHHASH and WITHCOORD options",
                         s->kind & SEARCH ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS");
    if (s->kind & SEARCH && !s->from_member && !s->from_point)
        return call_fail(c, "ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for %.*s",
                         SLICE_ARG(name));
    if (s->kind & SEARCH && !s->by_radius && !s->area.box)
        return call_fail(c, "ERR exactly one of BYRADIUS and BYBOX can be specified for %.*s",
                         SLICE_ARG(name));
    if (s->any && !s->count)
        return call_fail(c, "ERR the ANY argument requires COUNT argument");
    return OK;
}

/* What stands at fixed places; where the options begin. */
static int parse_fixed(struct call *c, struct search *s, size_t *options)
{
    int err;

    *options = s->kind & SEARCH_STORE ? 3 : s->kind & SEARCH ? 2 : s->kind & BY_MEMBER ? 5 : 6;
    if (s->kind & SEARCH_STORE)
        s->store = c->arg[1];
    if (s->kind & BY_POINT) {
        err = parse_point(c, c->arg + 2, &s->area.centre);
        return err != OK ? err : parse_radius(c, c->arg + 4, s);
    }
    if (s->kind & BY_MEMBER && s->z) {
        err = parse_member(c, c->arg[2], s);
        return err != OK ? err : parse_radius(c, c->arg + 3, s);
    }
    return OK;
}

static int search_parse(struct call *c, struct search *s)
{
    size_t i;
    int err = parse_fixed(c, s, &i);

    for (; i < c->n && err == OK; i++)
        err = parse_option(c, &i, s);
    return err != OK ? err : search_check(c, s);
}

/* --- what is found --- */

struct found {
    struct geo_point at;
    double distance, score;
    size_t name, n; /* its bytes, in `names` */
    size_t nth;
};

struct finds {
    struct found *v;
    size_t n, cap;
    struct buf names;
};

static void find_add(struct finds *f, const struct zset_item *item, struct geo_point at, double distance)
{
    if (f->n == f->cap) {
        f->cap = f->cap ? f->cap * 2 : 32;
        f->v = mem_realloc(f->v, f->cap * sizeof *f->v);
    }
    f->v[f->n] = (struct found){at, distance, item->score, f->names.n, item->member.n, f->n};
    f->n++;
    buf_add_slice(&f->names, item->member);
}

static void find_in_run(const struct search *s, const struct geo_run *run, struct finds *f)
{
    struct zset_bound from = {.score = (double)run->first};
    struct zset_iter it;

    for (bool ok = zset_iter_at(&it, s->z, zset_before(s->z, &from)); ok && it.item.score < (double)run->end;
         ok = zset_iter_next(&it)) {
        struct geo_point p = geo_decode(it.item.score);
        double distance;

        if (s->any && f->n >= (uint64_t)s->count)
            return;
        if (geo_inside(&s->area, p, &distance))
            find_add(f, &it.item, p, distance);
    }
}

static int by_distance(const void *a, const void *b, void *order)
{
    const struct found *x = a, *y = b;
    int sign = *(int *)order == DESC ? -1 : 1;

    if (x->distance != y->distance)
        return x->distance < y->distance ? -sign : sign;
    return x->nth < y->nth ? -1 : 1;
}

static void find_all(const struct search *s, struct finds *f)
{
    struct geo_run run[GEO_RUNS];
    size_t runs = geo_runs(&s->area, run);
    int order = s->order == UNSORTED && s->count && !s->any ? ASC : (int)s->order;

    for (size_t i = 0; i < runs; i++)
        find_in_run(s, &run[i], f);
    if (order != UNSORTED && f->n)
        qsort_r(f->v, f->n, sizeof *f->v, by_distance, &order);
    if (s->count && (uint64_t)s->count < f->n)
        f->n = (size_t)s->count;
}

static struct slice name_of(const struct finds *f, size_t i)
{
    return (struct slice){f->names.p + f->v[i].name, f->v[i].n};
}

static void reply_finds(struct call *c, const struct search *s, const struct finds *f)
{
    size_t with = (size_t)s->with_dist + s->with_hash + s->with_coord;

    reply_array(c->reply, f->n);
    for (size_t i = 0; i < f->n; i++) {
        if (with)
            reply_array(c->reply, 1 + with);
        reply_bulk(c->reply, name_of(f, i));
        if (s->with_dist)
            reply_bulkf(c->reply, "%.4f", f->v[i].distance / s->unit);
        if (s->with_hash)
            reply_int(c->reply, (int64_t)f->v[i].score);
        if (s->with_coord)
            reply_point(c, f->v[i].at);
    }
}

static void store_finds(struct call *c, const struct search *s, const struct finds *f)
{
    struct slice *member = mem_alloc(f->n * sizeof *member);
    double *score = mem_alloc(f->n * sizeof *score);

    for (size_t i = 0; i < f->n; i++) {
        member[i] = name_of(f, i);
        score[i] = s->store_dist ? f->v[i].distance / s->unit : f->v[i].score;
    }
    key_write(c, s->store);
    change_zset_take(c->broker, c->db, s->store, zset_of(member, score, f->n, &c->broker->shape),
                     s->kind & SEARCH ? EVENT_GEOSEARCHSTORE : EVENT_GEORADIUSSTORE);
    reply_int(c->reply, (int64_t)f->n);
    mem_free(member);
    mem_free(score);
}

static int search(struct call *c, unsigned kind)
{
    struct search s = {.kind = kind, .unit = 1};
    struct finds f = {0};
    struct key *k;
    int err = key_read_as(c, c->arg[kind & SEARCH_STORE ? 2 : 1], KEY_ZSET, &k);

    if (err != OK)
        return err;
    s.z = k ? k->zset : NULL;
    if ((err = search_parse(c, &s)) != OK)
        return err;
    if (s.z)
        find_all(&s, &f);
    if (s.store.p)
        store_finds(c, &s, &f);
    else
        reply_finds(c, &s, &f);
    mem_free(f.v);
    buf_free(&f.names);
    return OK;
}

int cmd_georadius(struct call *c)
{
    return search(c, BY_POINT | MAY_STORE);
}

int cmd_georadius_ro(struct call *c)
{
    return search(c, BY_POINT);
}

int cmd_georadiusbymember(struct call *c)
{
    return search(c, BY_MEMBER | MAY_STORE);
}

int cmd_georadiusbymember_ro(struct call *c)
{
    return search(c, BY_MEMBER);
}

int cmd_geosearch(struct call *c)
{
    return search(c, SEARCH);
}

int cmd_geosearchstore(struct call *c)
{
    return search(c, SEARCH | SEARCH_STORE);
}

/* For the table: the key, and the last of STORE and STOREDIST. */
size_t keys_georadius(const struct slice *arg, size_t n, size_t *pos, size_t max)
{
    size_t store = 0, keys = 0;

    for (size_t i = 5; i + 1 < n; i++)
        if (slice_is(arg[i], "STORE") || slice_is(arg[i], "STOREDIST"))
            store = ++i;
    if (n > 1 && keys < max)
        pos[keys++] = 1;
    if (store && keys < max)
        pos[keys++] = store;
    return keys;
}
