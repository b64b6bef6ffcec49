/* hiredis.c - a C program as hiredis' users write it: produce, consume in a group, acknowledge, a
 * transaction, errors. Prints what was wrong and exits with 1.   usage: hiredis HOST PORT */
#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static redisContext *ctx;

static void fail(const char *what, const redisReply *r)
{
    fprintf(stderr, "hiredis: %s: %s\n", what,
            r && r->str ? r->str
            : ctx->err  ? ctx->errstr
                        : "another reply");
    exit(1);
}

static void want(bool good, const char *what, redisReply *r)
{
    if (!r || !good)
        fail(what, r);
    freeReplyObject(r);
}

#define WANT(test, ...)                                                                                      \
    do {                                                                                                     \
        redisReply *r = redisCommand(ctx, __VA_ARGS__);                                                      \
        want(r && (test), #test, r);                                                                         \
    } while (0)

static void produce(int count)
{
    redisReply *r;

    for (int i = 0; i < count; i++)
        redisAppendCommand(ctx, "XADD jobs * n %d body %b", i, "a\0b", (size_t)3);
    for (int i = 0; i < count; i++) {
        if (redisGetReply(ctx, (void **)&r) != REDIS_OK)
            fail("XADD", NULL);
        want(r->type == REDIS_REPLY_STRING, "XADD answers an id", r);
    }
}

/* Reads and acknowledges all of them, in order, 50 at a time. */
static void consume(int count)
{
    for (int done = 0; done < count;) {
        redisReply *r = redisCommand(ctx, "XREADGROUP GROUP g c COUNT 50 BLOCK 1000 STREAMS jobs >");
        const redisReply *entries;

        if (!r || r->type != REDIS_REPLY_ARRAY || r->elements != 1)
            fail("XREADGROUP", r);
        entries = r->element[0]->element[1];
        for (size_t i = 0; i < entries->elements; i++, done++) {
            const redisReply *fields = entries->element[i]->element[1];

            if (fields->elements != 4 || atoi(fields->element[1]->str) != done ||
                fields->element[3]->len != 3)
                fail("an entry", NULL);
            WANT(r->integer == 1, "XACK jobs g %s", entries->element[i]->element[0]->str);
        }
        freeReplyObject(r);
    }
}

static void others(void)
{
    WANT(r->type == REDIS_REPLY_STATUS && strcmp(r->str, "OK") == 0, "SET k %b", "\0x", (size_t)2);
    WANT(r->type == REDIS_REPLY_STRING && r->len == 2 && memcmp(r->str, "\0x", 2) == 0, "GET k");
    WANT(r->type == REDIS_REPLY_NIL, "GET none");
    WANT(r->type == REDIS_REPLY_ERROR && strncmp(r->str, "BUSYGROUP", 9) == 0, "XGROUP CREATE jobs g 0");
    WANT(r->type == REDIS_REPLY_STATUS, "MULTI");
    WANT(r->type == REDIS_REPLY_STATUS && strcmp(r->str, "QUEUED") == 0, "INCR n");
    WANT(r->type == REDIS_REPLY_ARRAY && r->elements == 1 && r->element[0]->integer == 1, "EXEC");
    WANT(r->type == REDIS_REPLY_ARRAY && r->element[0]->integer == 0, "XPENDING jobs g");
    WANT(r->type == REDIS_REPLY_NIL, "XREADGROUP GROUP g c BLOCK 10 STREAMS jobs >");
}

int main(int argc, char **argv)
{
    const char *text = getenv("COUNT");
    int count = text ? atoi(text) : 20000;

    if (argc < 3)
        return 2;
    ctx = redisConnect(argv[1], atoi(argv[2]));
    if (!ctx || ctx->err)
        fail("connect", NULL);
    WANT(r->type == REDIS_REPLY_STATUS, "XGROUP CREATE jobs g $ MKSTREAM");
    produce(count);
    consume(count);
    printf("ok %d messages in a pipeline, read and acknowledged in order\n", count);
    others();
    puts("ok one of each kind: errors, a transaction, nothing to read");
    redisFree(ctx);
    return 0;
}
