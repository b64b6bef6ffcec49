/* persist/frame.h - the two kinds of lines that are not records, as journal.h and recover.h know them:
 *
 *     #lmq 1 <salt> <offset> <crc>\r\n             the first line of a file
 *     #c <start> <length> <unsynced> <crc>\r\n     the end of a commit
 *
 * Numbers are lower-case hex without leading zeros, the salt is 16 digits and a CRC 8. With offsets below
 * 2^56 and lengths below 2^40 a line has at most 54 bytes. There is one way to write a line, and reading
 * accepts no other. */
#ifndef PERSIST_FRAME_H
#define PERSIST_FRAME_H

#include "base/slice.h"
#include <stdint.h>

#define FRAME_LINE_MAX   56
#define FRAME_OFFSET_MAX ((uint64_t)1 << 56)
#define FRAME_LENGTH_MAX ((uint64_t)1 << 40)

struct frame_header {
    uint64_t salt, offset;
    size_t n; /* bytes of the line */
};

struct frame_commit {
    uint64_t start, length, unsynced;
    uint32_t crc;
    struct slice fields; /* the text of the first three */
    size_t n;
};

/* Bytes written to `to`, at most FRAME_LINE_MAX. */
size_t frame_put_header(char *to, uint64_t salt, uint64_t offset);
size_t frame_put_commit(char *to, uint64_t start, uint64_t length, uint64_t unsynced,
                        uint32_t crc_of_records);

/* The line at the beginning of p. False if it is none; a header's CRC is checked, a commit's is not. */
bool frame_get_header(const char *p, size_t n, struct frame_header *out);
bool frame_get_commit(const char *p, size_t n, struct frame_commit *out);
bool frame_is_header(const char *p, size_t n); /* begins as one of ours, perhaps of another version */

/* What the CRC of a commit's records goes on from. */
uint32_t frame_seed(uint64_t salt);
/* True if the commit's CRC is that of records whose sum, from the seed on, is `crc_of_records`. */
bool frame_verifies(const struct frame_commit *c, uint32_t crc_of_records);

#endif
