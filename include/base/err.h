/* base/err.h - what can go wrong, one name each. A function that can fail returns OK or one of these;
 * its results come through out-parameters. cmd/call.c has the one table that turns an error into the
 * text a client sees. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err {
    OK = 0,

    /* a client's request; the texts are in cmd/call.c */
    ERR_REPLIED = -1,      /* the handler has written its own error reply */
    ERR_SYNTAX = -2,       /* syntax error */
    ERR_ARITY = -3,        /* wrong number of arguments */
    ERR_TYPE = -4,         /* WRONGTYPE */
    ERR_INT = -5,          /* value is not an integer or out of range */
    ERR_FLOAT = -6,        /* value is not a valid float */
    ERR_RANGE = -7,        /* increment or decrement would overflow */
    ERR_NO_KEY = -8,       /* no such key */
    ERR_ID = -9,           /* Invalid stream ID specified as stream command argument */
    ERR_ID_ZERO = -10,     /* the ID specified in XADD must be greater than 0-0 */
    ERR_ID_SMALL = -11,    /* equal or smaller than the target stream top item */
    ERR_ID_LAST = -12,     /* the stream has exhausted the last possible ID */
    ERR_TOO_LARGE = -13,   /* Elements are too large to be stored */
    ERR_TIMEOUT = -14,     /* timeout is not an integer (or float) or out of range */
    ERR_TIMEOUT_NEG = -15, /* timeout is negative */
    ERR_OOM = -16,         /* used memory over maxmemory */
    ERR_MISCONF = -17,     /* the disk is short: growing commands are refused */
    ERR_NO_AUTH = -18,
    ERR_EXPIRE = -19,         /* invalid expire time */
    ERR_BLOCK = -20,          /* the command cannot be served now: its client waits (not an error) */
    ERR_DURATION = -21,       /* not a duration */
    ERR_DURATION_NEG = -22,   /* duration is negative */
    ERR_DURATION_RANGE = -23, /* duration is out of range */
    ERR_DEDUP_FULL = -24,     /* the queue remembers as many dedup ids as it may */
    ERR_QFULL = -25,          /* the queue is full, as its policy has it */
    ERR_PAUSED = -26,         /* its policy lets nothing in */
    ERR_STALE = -27,          /* a lease is held no longer */
    ERR_NO_POLICY = -28,      /* without one there is nothing to do it by */

    /* files; the caller logs the place */
    ERR_IO = -40, /* errno says what */
    ERR_NO_SPACE = -41,
    ERR_LOCKED = -42,  /* another process has the directory */
    ERR_DAMAGED = -43, /* bytes that had been synced are not what was written */
    ERR_FORMAT = -44,  /* not a file of ours, or of a version we do not know */
    ERR_CONFIG = -45,
    ERR_STOPPED = -46, /* it was asked to stop */
};

#endif
