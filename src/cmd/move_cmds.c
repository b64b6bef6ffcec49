/* cmd/move_cmds.c - keys under other names and in other databases. */
#include "base/err.h"
#include "base/num.h"
#include "broker/change.h"
#include "handlers.h"

#include <limits.h>

/* `text`: what to say of anything that is not a number; NULL: what Redis says otherwise. */
static int db_number(struct call *c, struct slice arg, const char *text, int64_t *db)
{
    bool number = num_i64(arg, db);

    if (number && *db >= INT_MIN && *db <= INT_MAX)
        return OK;
    if (text)
        return call_fail(c, "%s", text);
    if (!number)
        return ERR_INT;
    return call_fail(c, "ERR value is out of range, value must between %d and %d", INT_MIN, INT_MAX);
}

static int fail_db(struct call *c)
{
    return call_fail(c, "ERR DB index is out of range");
}

static bool db_is_there(const struct call *c, int64_t db)
{
    return db >= 0 && db < c->broker->dbs;
}

int call_db(struct call *c, struct slice arg, int *db)
{
    int64_t v;
    int err = db_number(c, arg, NULL, &v);

    if (err != OK)
        return err;
    if (!db_is_there(c, v))
        return fail_db(c);
    *db = (int)v;
    return OK;
}

static int fail_same(struct call *c)
{
    return call_fail(c, "ERR source and destination objects are the same");
}

static int answer(struct call *c, bool done)
{
    reply_int(c->reply, done);
    return OK;
}

/* --- RENAME, RENAMENX, MOVE --- */

static void move(struct call *c, int db, struct slice name)
{
    change_move(c->broker, (struct place){c->db, c->arg[1]}, (struct place){db, name});
}

int cmd_rename(struct call *c)
{
    if (!key_write(c, c->arg[1]))
        return ERR_NO_KEY;
    if (!slice_eq(c->arg[1], c->arg[2])) {
        key_write(c, c->arg[2]); /* what is past its time expires, and is not written over */
        move(c, c->db, c->arg[2]);
    }
    reply_ok(c->reply);
    return OK;
}

int cmd_renamenx(struct call *c)
{
    if (!key_write(c, c->arg[1]))
        return ERR_NO_KEY;
    if (slice_eq(c->arg[1], c->arg[2]) || key_write(c, c->arg[2]))
        return answer(c, false);
    move(c, c->db, c->arg[2]);
    return answer(c, true);
}

int cmd_move(struct call *c)
{
    int db, err = call_db(c, c->arg[2], &db);

    if (err != OK)
        return err;
    if (db == c->db)
        return fail_same(c);
    if (!key_write(c, c->arg[1]) || key_write_in(c, db, c->arg[1]))
        return answer(c, false);
    move(c, db, c->arg[1]);
    return answer(c, true);
}

/* --- COPY --- */

struct copy_args {
    int db;
    bool replace;
};

static int copy_parse(struct call *c, struct copy_args *a)
{
    int err = OK;

    *a = (struct copy_args){.db = c->db};
    for (size_t i = 3; i < c->n && err == OK; i++) {
        if (slice_is(c->arg[i], "REPLACE"))
            a->replace = true;
        else if (slice_is(c->arg[i], "DB") && i + 1 < c->n)
            err = call_db(c, c->arg[++i], &a->db);
        else
            err = ERR_SYNTAX;
    }
    return err;
}

int cmd_copy(struct call *c)
{
    struct copy_args a;
    int err = copy_parse(c, &a);

    if (err != OK)
        return err;
    if (a.db == c->db && slice_eq(c->arg[1], c->arg[2]))
        return fail_same(c);
    if (!key_read(c, c->arg[1]) || (key_write_in(c, a.db, c->arg[2]) && !a.replace))
        return answer(c, false);
    change_copy(c->broker, (struct place){c->db, c->arg[1]}, (struct place){a.db, c->arg[2]});
    return answer(c, true);
}

/* --- SWAPDB --- */

int cmd_swapdb(struct call *c)
{
    int64_t one, other;
    int err;

    if ((err = db_number(c, c->arg[1], "ERR invalid first DB index", &one)) != OK ||
        (err = db_number(c, c->arg[2], "ERR invalid second DB index", &other)) != OK)
        return err;
    if (!db_is_there(c, one) || !db_is_there(c, other))
        return fail_db(c);
    if (one != other)
        change_swap(c->broker, (int)one, (int)other, c->now.wall);
    reply_ok(c->reply);
    return OK;
}
