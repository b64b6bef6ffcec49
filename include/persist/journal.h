/* persist/journal.h - the append-only file: what the broker acknowledged, in the order it happened.
 *
 * Records are RESP commands, effects only. They are gathered in memory and written once a turn by
 * journal_commit(): the records, then a line
 *
 *     #c <start> <length> <unsynced> <crc32c>\r\n
 *
 * (a comment to Redis; at most 56 bytes). start and length are of the records, in the journal's own
 * offset, which counts bytes of records ever appended and not the lines; `unsynced` is how far behind
 * start the offset known durable lay. Numbers are lower-case hex without leading zeros. The CRC (8
 * digits) is over the records and the text of the first three fields with the blanks between them, and
 * begins as that of the salt's 16 digits. Commits are cut between units (a command, an EXEC, a script),
 * never inside. A file begins with
 *
 *     #lmq 1 <salt> <offset> <crc32c>\r\n
 *
 * salt: 64 random bits as 16 digits; offset: of the journal where an incr begins, or that a base stands
 * for; the CRC is over the line before its last blank (without it, one bad bit in a salt would make all
 * that follows look as if it had never been written). A base is made of the same commits, start counted
 * from 0 in each base, and ends with an empty one. So does an incr after a clean stop.
 *
 * What can be told to a client is told up to journal_safe().
 */
#ifndef PERSIST_JOURNAL_H
#define PERSIST_JOURNAL_H

#include "base/buf.h"
#include "base/clock.h"
#include "persist/disk.h"
#include "persist/syncer.h"

enum journal_sync { JOURNAL_SYNC_NO, JOURNAL_SYNC_EVERYSEC, JOURNAL_SYNC_ALWAYS };

struct journal_options {
    enum journal_sync sync;
    uint64_t reserve;        /* bytes kept allocated ahead */
    uint64_t unsynced_limit; /* written and not synced beyond this: journal_stalled() */
};

struct journal;

/* What recover() found: where the journal goes on. */
struct journal_tail {
    uint64_t offset; /* of the journal */
    uint64_t size;   /* content of the last incr: where the next byte goes */
    uint64_t file_salt;
    uint64_t base_size, incr_size; /* bytes of the files that were loaded */
    bool have_incr;                /* false: a fresh directory, or one without an incr of ours to append to */
};

/* What journal_open() has cut off the last incr. */
struct journal_cut {
    uint64_t bytes, kept; /* kept < bytes: the disk had no room for the rest */
    char file[256];       /* where; "" if nothing was kept */
};

/* The journal of a recovered directory; `name` is appendfilename. Creates a first incr and the manifest
 * where there is none, and repairs the tail: what recovery cut is gone from the file, kept aside in
 * another as far as there is room; *cut (may be NULL) tells. Takes neither disk nor syncer: both outlive it.
 * ERR_*, with the reason in *why. */
int journal_open(struct disk *disk, struct syncer *syncer, const char *name, const struct journal_options *o,
                 const struct journal_tail *tail, struct journal **out, struct journal_cut *cut,
                 struct buf *why);
/* A clean end: commits, syncs, writes the empty commit that says so, syncs, cuts the reserve. OK, or what
 * went wrong. The journal is freed in any case. */
int journal_close(struct journal *j);
/* Frees without a word to the disk: a rewrite's child, a simulated crash. Not while a thread syncs for
 * this process. */
void journal_abandon(struct journal *j);
void journal_set(struct journal *j,
                 const struct journal_options *o); /* CONFIG SET; what is new holds from now */

/* One record: the buffer to write it to, of database `db` (a SELECT record goes first when the last one
 * was of another). Then journal_end(), which counts it. Nothing else appends. */
struct buf *journal_begin(struct journal *j, int db);
void journal_end(struct journal *j);
uint64_t journal_offset(const struct journal *j); /* end of what has been appended */

/* Writes what is gathered, starts what is due of syncing and allocating ahead, takes in what the syncer
 * has finished. Once a turn. OK; ERR_NO_SPACE: nothing was written, the next call tries again;
 * ERR_IO: the process must end (exit 74), its page cache cannot be trusted. */
int journal_commit(struct journal *j, struct now now);
/* Replies up to this offset may leave: written, or under `always` synced. */
uint64_t journal_safe(const struct journal *j);
uint64_t journal_durable(const struct journal *j);
/* The reserve could not be had, or a write met a full disk: growing commands are to be refused. */
bool journal_short(const struct journal *j);
/* All that has been appended so far is to be synced at the next journal_commit(), whatever the options say:
 * somebody waits for it (WAITAOF). */
void journal_want(struct journal *j);
/* More than unsynced_limit is waiting for the disk: no more requests should be read. */
bool journal_stalled(const struct journal *j);
/* When journal_commit() has to be called next though nothing happens; INT64_MAX: never. */
usec journal_due(const struct journal *j);
/* Waits until all that was appended is durable (WAITAOF, shutdown, tests). OK or ERR_*. */
int journal_flush(struct journal *j, struct now now);

/* Rewrite, in the order that leaves at every step a directory that loads. journal_rotate() at a commit
 * boundary: old incr synced, new incr created and synced, directory synced, manifest (old base, old
 * incrs, new incr) renamed into place and synced; then commits go to the new incr. The store at that
 * offset is what the new base has to hold. Blocks for a few syncs. On an error the old incr goes on. */
int journal_rotate(struct journal *j, struct now now);
/* The file the base is to be written to, by journal_base_*(), in a forked child (with a disk of its own,
 * not locked) or (tests) in place. `name` begins with JOURNAL_BASE_TEMP; what a crash leaves under such a
 * name goes when the journal is opened. `offset` is journal_offset() at the rotation. */
#define JOURNAL_BASE_TEMP "temp-rewrite-"
struct journal_base;
int journal_base_new(struct disk *disk, const char *name, uint64_t offset, struct journal_base **out);
struct buf *journal_base_begin(struct journal_base *b, int db);
int journal_base_end(struct journal_base *b); /* writes from time to time */
/* The last commits, sync, close; frees, also after an error, when the file goes too. */
int journal_base_finish(struct journal_base *b, uint64_t *size);
void journal_base_abandon(struct journal_base *b); /* the file goes */
/* The base is finished: renamed, synced, manifest (new base, new incr), synced; the old files go.
 * ERR_FORMAT: it is not one of this journal's last rotation. After any other error than ERR_IO all is as
 * before, and so it is after an ERR_IO that the next journal_commit() does not repeat (a file that could
 * not be opened). The same goes for journal_rotate(). */
int journal_adopt(struct journal *j, const char *base_name, uint64_t base_size);

struct journal_info {
    uint64_t offset, written, durable, safe;
    uint64_t base_size, current_size; /* bytes: of the base; of base and incrs */
    uint64_t reserve_left;
    uint64_t syncs, delayed_syncs, commits;
    usec last_sync, max_sync; /* what an fdatasync took */
    bool sync_pending, short_of_space, write_failed;
};
void journal_info(const struct journal *j, struct journal_info *out);

#endif
