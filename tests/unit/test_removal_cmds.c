/* test_removal_cmds.c - KEEPREF, DELREF and ACKED: messages go with regard to the groups that refer to them.
 */
#include "broker/change_stream.h"
#include "fixture.h"
#include "store/stream_refs.h"
#include <stdio.h>

#define BAD_ID "-ERR Invalid stream ID specified as stream command argument"
#define SYNTAX "-ERR syntax error"

static void add_many(struct fixture *t, int from, int to)
{
    for (int i = from; i <= to; i++) {
        char command[64], id[32];

        snprintf(id, sizeof id, "%d-0", i);
        snprintf(command, sizeof command, "XADD s %s n %d", id, i);
        expect(t, 0, command, id);
    }
}

/* Entries 1 to 5; g has read all of them, h the first three. */
static void two_groups(struct fixture *t)
{
    add_many(t, 1, 5);
    expect(t, 0, "XGROUP CREATE s g 0", "+OK");
    expect(t, 0, "XGROUP CREATE s h 0", "+OK");
    answer_to(t, 0, 0, "XREADGROUP GROUP g alice STREAMS s >");
    answer_to(t, 0, 0, "XREADGROUP GROUP h bob COUNT 3 STREAMS s >");
}

/* --- XDELEX --- */

static void xdelex_tells_of_each_id(void **state)
{
    struct fixture *t = *state;

    two_groups(t);
    expect(t, 0, "XDELEX s IDS 4 1-0 9-9 1-0 2", "[:1 :-1 :-1 :1]");
    expect(t, 0, "XDELEX s KEEPREF IDS 1 3-0", "[:1]");
    expect(t, 0, "XLEN s", ":2");
    expect(t, 0, "XPENDING s g", "[:5 1-0 5-0 [[alice 5]]]");
    expect(t, 0, "XPENDING s h", "[:3 1-0 3-0 [[bob 3]]]");
    expect(t, 0, "XDELEX none IDS 3 1-0 x x", "[:-1 :-1 :-1]");
    expect(t, 0, "EXISTS none", ":0");
}

static void xdelex_delref_ends_what_is_pending(void **state)
{
    struct fixture *t = *state;

    two_groups(t);
    expect(t, 0, "XDELEX s DELREF IDS 2 2-0 9-0", "[:1 :-1]");
    expect(t, 0, "XPENDING s g - + 10 alice",
           "[[1-0 alice :0 :1] [3-0 alice :0 :1] [4-0 alice :0 :1] [5-0 alice :0 :1]]");
    expect(t, 0, "XPENDING s h", "[:2 1-0 3-0 [[bob 2]]]");
    /* also of an entry that is gone already */
    expect(t, 0, "XDEL s 3-0", ":1");
    expect(t, 0, "XDELEX s IDS 1 3-0 DELREF", "[:-1]");
    expect(t, 0, "XPENDING s h", "[:1 1-0 1-0 [[bob 1]]]");
    expect(t, 0, "XPENDING s g", "[:3 1-0 5-0 [[alice 3]]]");
}

static void xdelex_acked_spares_what_is_referred_to(void **state)
{
    struct fixture *t = *state;

    two_groups(t);
    expect(t, 0, "XACK s g 1-0 2-0 4-0", ":3");
    expect(t, 0, "XACK s h 1-0", ":1");
    /* 2 is pending in h, 4 was never read by it, 9 is not there but nobody has come so far */
    expect(t, 0, "XDELEX s ACKED IDS 5 1-0 2-0 4-0 9-0 1-0", "[:1 :2 :2 :2 :-1]");
    expect(t, 0, "XLEN s", ":4");
    expect(t, 0, "XACK s h 2-0", ":1");
    expect(t, 0, "XDELEX s ACKED IDS 1 2-0", "[:1]");
}

static void without_a_group_nothing_is_referred_to(void **state)
{
    struct fixture *t = *state;

    add_many(t, 1, 3);
    expect(t, 0, "XDELEX s ACKED IDS 2 1-0 9-0", "[:1 :-1]");
    expect(t, 0, "XTRIM s MAXLEN 1 ACKED", ":1");
    expect(t, 0, "XADD s MAXLEN 1 ACKED 9-0 n 9", "9-0");
    expect(t, 0, "XRANGE s - +", "[[9-0 [n 9]]]");
}

static void the_slowest_group_decides(void **state)
{
    struct fixture *t = *state;

    add_many(t, 1, 4);
    expect(t, 0, "XGROUP CREATE s fast $", "+OK");
    expect(t, 0, "XDELEX s ACKED IDS 1 1-0", "[:1]");
    expect(t, 0, "XGROUP CREATE s slow 0", "+OK");
    expect(t, 0, "XDELEX s ACKED IDS 1 2-0", "[:2]");
    expect(t, 0, "XGROUP SETID s slow 2-0", "+OK");
    expect(t, 0, "XDELEX s ACKED IDS 2 2-0 3-0", "[:1 :2]");
    expect(t, 0, "XGROUP SETID s slow 4-0", "+OK");
    expect(t, 0, "XGROUP SETID s fast 0", "+OK");
    expect(t, 0, "XDELEX s ACKED IDS 1 3-0", "[:2]");
    expect(t, 0, "XGROUP DESTROY s fast", ":1");
    expect(t, 0, "XDELEX s ACKED IDS 1 3-0", "[:1]");
    /* what was pending goes with its group */
    expect(t, 0, "XGROUP SETID s slow 0", "+OK");
    answer_to(t, 0, 0, "XREADGROUP GROUP slow a STREAMS s >");
    expect(t, 0, "XDELEX s ACKED IDS 1 4-0", "[:2]");
    expect(t, 0, "XGROUP DESTROY s slow", ":1");
    expect(t, 0, "XDELEX s ACKED IDS 1 4-0", "[:1]");
}

static void xdelex_refuses(void **state)
{
    struct fixture *t = *state;

    add_many(t, 1, 3);
    expect(t, 0, "SET text x", "+OK");
    expect(t, 0, "XDELEX s IDS 1", "-ERR wrong number of arguments for 'xdelex' command");
    expect(t, 0, "XDELEX text FOO IDS 1 1-0",
           "-WRONGTYPE Operation against a key holding the wrong kind of value");
    expect(t, 0, "XDELEX s FOO IDS 1 1-0", SYNTAX);
    expect(t, 0, "XDELEX s KEEPREF DELREF IDS 1 1-0", SYNTAX);
    expect(t, 0, "XDELEX s ACKED IDS 1 1-0 ACKED", SYNTAX);
    expect(t, 0, "XDELEX s IDS 1 1-0 2-0", SYNTAX);
    expect(t, 0, "XDELEX s IDS 1 1-0 IDS 1 2-0", SYNTAX);
    expect(t, 0, "XDELEX s ACKED FOO IDS", SYNTAX);
    expect(t, 0, "XDELEX s 1 1-0 IDS", SYNTAX);
    expect(t, 0, "XDELEX s IDS 3 1-0 2-0", "-ERR The `numids` parameter must match the number of arguments");
    expect(t, 0, "XDELEX s IDS 9223372036854775807 1-0",
           "-ERR The `numids` parameter must match the number of arguments");
    for (const char *const *n = (const char *const[]){"0", "-1", "x", "1.0", "''", "+1", "' 1'",
                                                      "9223372036854775808", "-9223372036854775808", NULL};
         *n; n++) {
        char command[80];

        snprintf(command, sizeof command, "XDELEX s IDS %s 1-0", *n);
        expect(t, 0, command, "-ERR Number of IDs must be a positive integer");
    }
    expect(t, 0, "XDELEX none IDS 0 1-0", "-ERR Number of IDs must be a positive integer");
    expect(t, 0, "XDELEX s IDS 3 1-0 x 2-0", BAD_ID);
    expect(t, 0, "XLEN s", ":3");
}

/* A mode is enough to be three words, but no ids. */
static void ids_are_required(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "XDELEX s KEEPREF KEEPREF KEEPREF", SYNTAX);
    expect(t, 0, "XACKDEL s g KEEPREF x y", SYNTAX);
    expect(t, 0, "XACKDEL s g KEEPREF", "-ERR wrong number of arguments for 'xackdel' command");
}

/* --- XACKDEL --- */

static void xackdel_acknowledges_and_deletes(void **state)
{
    struct fixture *t = *state;

    two_groups(t);
    expect(t, 0, "XACKDEL s h IDS 4 1-0 4-0 9-0 1-0", "[:1 :-1 :-1 :-1]");
    expect(t, 0, "XRANGE s - + COUNT 1", "[[2-0 [n 2]]]");
    expect(t, 0, "XLEN s", ":4");
    expect(t, 0, "XPENDING s g", "[:5 1-0 5-0 [[alice 5]]]");
    expect(t, 0, "XPENDING s h", "[:2 2-0 3-0 [[bob 2]]]");
    /* gone already: acknowledged all the same */
    expect(t, 0, "XACKDEL s g IDS 1 1-0", "[:1]");
    expect(t, 0, "XACKDEL s nogroup IDS 2 2-0 x", "[:-1 :-1]");
    expect(t, 0, "XACKDEL none g IDS 2 2-0 x", "[:-1 :-1]");
    expect(t, 0, "XACKDEL s g IDS 2 2-0 x", BAD_ID);
    expect(t, 0, "XPENDING s g", "[:4 2-0 5-0 [[alice 4]]]");
}

static void xackdel_delref(void **state)
{
    struct fixture *t = *state;

    two_groups(t);
    expect(t, 0, "XACK s h 3-0", ":1");
    /* 3 is not pending in h: left alone, in g too */
    expect(t, 0, "XACKDEL s h DELREF IDS 3 1-0 2-0 3-0", "[:1 :1 :-1]");
    expect(t, 0, "XPENDING s g", "[:3 3-0 5-0 [[alice 3]]]");
    expect(t, 0, "XPENDING s h", "[:0 nil nil nil-array]");
    expect(t, 0, "XLEN s", ":3");
}

static void xackdel_acked(void **state)
{
    struct fixture *t = *state;

    two_groups(t);
    expect(t, 0, "XACKDEL s g ACKED IDS 3 1-0 2-0 4-0", "[:2 :2 :2]");
    expect(t, 0, "XACKDEL s g ACKED IDS 1 1-0", "[:-1]");
    expect(t, 0, "XLEN s", ":5");
    expect(t, 0, "XACKDEL s h IDS 2 1-0 3-0 ACKED", "[:1 :2]");
    expect(t, 0, "XLEN s", ":4");
    /* an acknowledged one that is gone is as good as deleted */
    expect(t, 0, "XDEL s 2-0", ":1");
    expect(t, 0, "XACKDEL s h ACKED IDS 1 2-0", "[:1]");
}

static void xackdel_refuses(void **state)
{
    struct fixture *t = *state;

    two_groups(t);
    expect(t, 0, "SET text x", "+OK");
    expect(t, 0, "XACKDEL text g FOO IDS 1 1-0",
           "-WRONGTYPE Operation against a key holding the wrong kind of value");
    expect(t, 0, "XACKDEL s g DELREF ACKED IDS 1 1-0", SYNTAX);
    expect(t, 0, "XACKDEL s g IDS 0 1-0", "-ERR Number of IDs must be a positive integer");
    expect(t, 0, "XACKDEL s g IDS 2 1-0", "-ERR The `numids` parameter must match the number of arguments");
    expect(t, 0, "XACKDEL s g IDS 1 1-0 2-0", SYNTAX);
    expect(t, 0, "XPENDING s g", "[:5 1-0 5-0 [[alice 5]]]");
}

static void many_ids_at_once(void **state)
{
    struct fixture *t = *state;
    struct buf line = {0};

    add_many(t, 1, 200);
    expect(t, 0, "XGROUP CREATE s g 0", "+OK");
    answer_to(t, 0, 0, "XREADGROUP GROUP g alice STREAMS s >");
    buf_add_str(&line, "XACKDEL s g DELREF IDS 200");
    for (int i = 1; i <= 200; i++)
        buf_addf(&line, " %d-0", i);
    buf_add_char(&line, '\0');
    assert_int_equal(strlen(answer_to(t, 0, 0, line.p)), 200 * 3 + 1);
    buf_free(&line);
    expect(t, 0, "XLEN s", ":0");
    expect(t, 0, "XPENDING s g", "[:0 nil nil nil-array]");
}

/* --- XADD and XTRIM --- */

static void trimming_takes_options_in_any_order(void **state)
{
    struct fixture *t = *state;

    add_many(t, 1, 9);
    expect(t, 0, "XTRIM s DELREF MAXLEN 8", ":1");
    expect(t, 0, "XTRIM s MAXLEN 7 acked", ":1");
    expect(t, 0, "XTRIM s KEEPREF MAXLEN ~ 0 LIMIT 1", ":0");
    expect(t, 0, "XTRIM s MAXLEN 5 KEEPREF DELREF", SYNTAX);
    expect(t, 0, "XTRIM s KEEPREF KEEPREF MAXLEN 5", SYNTAX);
    expect(t, 0, "XTRIM s KEEPREF DELREF", SYNTAX);
    expect(t, 0, "XTRIM s ACKED LIMIT 3",
           "-ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
    expect(t, 0, "XTRIM s MAXLEN KEEPREF 5", "-ERR value is not an integer or out of range");
    expect(t, 0, "XADD s KEEPREF DELREF * a b", BAD_ID);
    expect(t, 0, "XADD s ACKED ACKED * a b", BAD_ID);
    expect(t, 0, "XADD s MAXLEN 5 KEEPREF", "-ERR wrong number of arguments for 'xadd' command");
    expect(t, 0, "XADD s NOMKSTREAM ACKED MAXLEN = 3 10-0 n 10", "10-0");
    expect(t, 0, "XADD s MINID ~ 1 LIMIT 2 delref 11-0 n 11", "11-0");
    expect(t, 0, "XADD s DELREF 12-0 n 12", "12-0");
    expect(t, 0, "XLEN s", ":5");
}

static void trimming_with_delref(void **state)
{
    struct fixture *t = *state;

    two_groups(t);
    expect(t, 0, "XTRIM s MAXLEN 3 KEEPREF", ":2");
    expect(t, 0, "XPENDING s g", "[:5 1-0 5-0 [[alice 5]]]");
    /* only what the trim takes is pending no longer */
    expect(t, 0, "XTRIM s MINID 4 DELREF", ":1");
    expect(t, 0, "XPENDING s g", "[:4 1-0 5-0 [[alice 4]]]");
    expect(t, 0, "XPENDING s h", "[:2 1-0 2-0 [[bob 2]]]");
    expect(t, 0, "XADD s DELREF MAXLEN 1 6-0 n 6", "6-0");
    expect(t, 0, "XPENDING s g", "[:2 1-0 2-0 [[alice 2]]]");
    expect(t, 0, "XTRIM s MAXLEN 1 DELREF", ":0");
}

static void trimming_with_acked(void **state)
{
    struct fixture *t = *state;

    two_groups(t);
    expect(t, 0, "XACK s g 1-0 2-0 3-0 4-0", ":4");
    expect(t, 0, "XACK s h 1-0 3-0", ":2");
    expect(t, 0, "XTRIM s MAXLEN 4 ACKED", ":1");
    expect(t, 0, "XTRIM s MAXLEN 1 ACKED", ":1");
    expect(t, 0, "XRANGE s - +", "[[2-0 [n 2]] [4-0 [n 4]] [5-0 [n 5]]]");
    expect(t, 0, "XTRIM s MAXLEN 0 ACKED", ":0");
    expect(t, 0, "XTRIM s MINID 9 ACKED", ":0");
    expect(t, 0, "XACK s h 2-0", ":1");
    expect(t, 0, "XTRIM s MINID 2-0 ACKED", ":0");
    expect(t, 0, "XADD s ACKED MAXLEN 1 6-0 n 6", "6-0");
    expect(t, 0, "XRANGE s - +", "[[4-0 [n 4]] [5-0 [n 5]] [6-0 [n 6]]]");
    /* no trim is a deletion */
    assert_non_null(strstr(answer_to(t, 0, 0, "XINFO STREAM s"), "max-deleted-entry-id 0-0"));
    expect(t, 0, "XGROUP DESTROY s g", ":1");
    expect(t, 0, "XGROUP DESTROY s h", ":1");
    expect(t, 0, "XTRIM s MINID ~ 6-0 ACKED", ":0");
    expect(t, 0, "XTRIM s MINID 6-0 ACKED", ":2");
}

/* The example of Redis' own tests. */
static void adding_with_acked(void **state)
{
    struct fixture *t = *state;

    add_many(t, 1, 5);
    expect(t, 0, "XGROUP CREATE s g 0", "+OK");
    expect(t, 0, "XADD s MAXLEN = 1 ACKED 6-0 f v", "6-0");
    expect(t, 0, "XLEN s", ":6");
    expect(t, 0, "XREADGROUP GROUP g c COUNT 1 STREAMS s >", "[[s [[1-0 [n 1]]]]]");
    expect(t, 0, "XACK s g 1-0", ":1");
    expect(t, 0, "XADD s MAXLEN = 1 ACKED 7-0 f v", "7-0");
    expect(t, 0, "XLEN s", ":6");
    answer_to(t, 0, 0, "XREADGROUP GROUP g c STREAMS s >");
    expect(t, 0, "XACK s g 2-0 3-0 4-0 5-0 6-0 7-0", ":6");
    /* the new one is not read yet */
    expect(t, 0, "XADD s MAXLEN = 1 ACKED 8-0 f v", "8-0");
    expect(t, 0, "XLEN s", ":1");
    expect(t, 0, "XADD s MAXLEN = 0 ACKED 9-0 f v", "9-0");
    expect(t, 0, "XLEN s", ":2");
}

/* `~`: a node goes when it could go as a whole, and then what nobody refers to goes out of it. */
static void approximate_trims_look_into_nodes(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "CONFIG SET stream-node-max-entries 3", "+OK");
    add_many(t, 1, 10); /* 1-3 4-6 7-9 10 */
    expect(t, 0, "XGROUP CREATE s g 0", "+OK");
    answer_to(t, 0, 0, "XREADGROUP GROUP g alice STREAMS s >");
    expect(t, 0, "XACK s g 1-0 3-0 4-0 6-0 7-0 8-0", ":6");
    /* three nodes could go, LIMIT takes one */
    expect(t, 0, "XTRIM s MAXLEN ~ 2 LIMIT 3 ACKED", ":2");
    expect(t, 0, "XRANGE s - + COUNT 2", "[[2-0 [n 2]] [4-0 [n 4]]]");
    /* 2 | 4-6 | 7-9 | 10: 8 left; 2 stays and its node counts no more than it took */
    expect(t, 0, "XTRIM s MAXLEN ~ 5 ACKED", ":2");
    expect(t, 0, "XRANGE s - + COUNT 4", "[[2-0 [n 2]] [5-0 [n 5]] [7-0 [n 7]] [8-0 [n 8]]]");
    expect(t, 0, "XTRIM s MINID ~ 9-0 ACKED", ":0");
    expect(t, 0, "XTRIM s MINID ~ 10-0 ACKED", ":2");
    expect(t, 0, "XRANGE s - +", "[[2-0 [n 2]] [5-0 [n 5]] [9-0 [n 9]] [10-0 [n 10]]]");
    /* DELREF removes the same nodes as KEEPREF */
    expect(t, 0, "XTRIM s MAXLEN ~ 2 DELREF", ":2");
    expect(t, 0, "XPENDING s g", "[:2 9-0 10-0 [[alice 2]]]");
}

static void a_watched_key_is_touched_when_something_goes(void **state)
{
    struct fixture *t = *state;
    static const struct {
        const char *command, *reply, *exec;
    } touch[] = {
        {"XDELEX s ACKED IDS 2 1-0 9-0", "[:2 :2]", "[+PONG]"},
        {"XDELEX s IDS 1 9-0", "[:-1]", "[+PONG]"},
        {"XACKDEL s h ACKED IDS 1 5-0", "[:-1]", "[+PONG]"},
        {"XTRIM s MAXLEN 0 ACKED", ":0", "[+PONG]"},
        {"XACKDEL s h ACKED IDS 1 1-0", "[:2]", "nil-array"},
        {"XDELEX s DELREF IDS 1 1-0", "[:1]", "nil-array"},
    };

    two_groups(t);
    for (size_t i = 0; i < sizeof touch / sizeof *touch; i++) {
        expect(t, 0, "WATCH s", "+OK");
        expect_as(t, 1, 0, touch[i].command, touch[i].reply);
        expect(t, 0, "MULTI", "+OK");
        expect(t, 0, "PING", "+QUEUED");
        expect(t, 0, "EXEC", touch[i].exec);
    }
}

/* XSETID may take ids back: what is added then lies below what a trim has looked at. */
static void ids_taken_back_are_looked_at(void **state)
{
    struct fixture *t = *state;

    add_many(t, 1, 5);
    expect(t, 0, "XGROUP CREATE s g $", "+OK");
    expect(t, 0, "XTRIM s MAXLEN 0 ACKED", ":5");
    expect(t, 0, "XSETID s 1-0", "+OK");
    add_many(t, 2, 3);
    expect(t, 0, "XTRIM s MAXLEN 0 ACKED", ":2");
}

/* --- against a model: every entry asked one by one --- */

static const struct stream *stream_s(struct fixture *t)
{
    return db_find(&t->service.broker, 0, SLICE("s"))->stream;
}

static bool referred_to(const struct stream *s, struct stream_id id)
{
    size_t n;
    struct group **g = stream_groups_sorted(s, &n);
    bool held = false;

    for (size_t i = 0; i < n; i++) {
        struct pending p;

        held = held || stream_id_cmp(id, g[i]->last_id) > 0 || pel_find(&g[i]->pel, id, &p);
    }
    mem_free(g);
    return held;
}

/* What XTRIM MAXLEN n ACKED has to leave. */
static uint64_t left_by_model(const struct stream *s, uint64_t max)
{
    uint64_t left = stream_length(s);
    struct stream_pos pos;
    struct entry e;

    stream_seek(s, STREAM_ID_MIN, &pos);
    while (left > max && stream_next(s, &pos, &e))
        left -= !referred_to(s, e.id);
    return left;
}

static void random_step(struct fixture *t, struct random *r, int *top)
{
    int id = 1 + (int)random_below(r, (uint64_t)*top + 1), who = (int)random_below(r, 3);
    char command[96];

    switch (random_below(r, 11)) {
    case 0:
    case 1:
    case 2:
        snprintf(command, sizeof command, "XADD s %d-0 n v", ++*top);
        break;
    case 3:
    case 4:
        snprintf(command, sizeof command, "XREADGROUP GROUP g%d c%d COUNT 3 %s STREAMS s >", who, id % 3,
                 random_below(r, 8) ? "" : "NOACK");
        break;
    case 5:
    case 6:
        snprintf(command, sizeof command, "XACK s g%d %d-0 %d-0", who, id, id + 1);
        break;
    case 7:
        snprintf(command, sizeof command, "XGROUP SETID s g%d %d-0", who, id);
        break;
    case 8:
        snprintf(command, sizeof command,
                 random_below(r, 3) ? "XGROUP CREATE s g%d %d" : "XGROUP DESTROY s g%d", who, id);
        break;
    case 9:
        snprintf(command, sizeof command,
                 random_below(r, 3) ? "XCLAIM s g%d a 0 %d-0 FORCE" : "XGROUP DELCONSUMER s g%d c%d", who,
                 random_below(r, 3) ? id : id % 3);
        break;
    default:
        snprintf(command, sizeof command, "XACKDEL s g%d %s IDS 1 %d-0", who,
                 random_below(r, 2) ? "ACKED" : "DELREF", id);
    }
    answer_to(t, 0, 0, command);
}

static void trims_agree_with_a_model(void **state)
{
    struct fixture *t = *state;
    struct random r;
    int top = 1;

    random_seed(&r, 7);
    expect(t, 0, "CONFIG SET stream-node-max-entries 4", "+OK");
    expect(t, 0, "XADD s 1-0 n v", "1-0");
    for (int i = 0; i < 20000; i++) {
        char command[64], reply[32];
        uint64_t max, left;

        random_step(t, &r, &top);
        if (i % 5)
            continue;
        max = random_below(&r, 12);
        left = left_by_model(stream_s(t), max);
        snprintf(command, sizeof command, "XTRIM s MAXLEN %d ACKED", (int)max);
        snprintf(reply, sizeof reply, ":%d", (int)(stream_length(stream_s(t)) - left));
        expect(t, 0, command, reply);
        stream_check(stream_s(t));
    }
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_new, fixture_free)
    const struct CMUnitTest tests[] = {
        T(xdelex_tells_of_each_id),
        T(xdelex_delref_ends_what_is_pending),
        T(xdelex_acked_spares_what_is_referred_to),
        T(without_a_group_nothing_is_referred_to),
        T(the_slowest_group_decides),
        T(xdelex_refuses),
        T(ids_are_required),
        T(xackdel_acknowledges_and_deletes),
        T(xackdel_delref),
        T(xackdel_acked),
        T(xackdel_refuses),
        T(many_ids_at_once),
        T(trimming_takes_options_in_any_order),
        T(trimming_with_delref),
        T(trimming_with_acked),
        T(adding_with_acked),
        T(approximate_trims_look_into_nodes),
        T(a_watched_key_is_touched_when_something_goes),
        T(ids_taken_back_are_looked_at),
        T(trims_agree_with_a_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
