/* store/record.h - a record of the journal is a command of Redis, or a private one where Redis has none
 * or has it only for one message at a time. Records tell effects: the id that was chosen, the absolute
 * time, what was claimed and dropped.
 *
 * Private records, all of them; no client can send one:
 *
 *   LMQ.DELIVER key group consumer time first last n entries-read
 *       the n live entries from id first to last were delivered (count 1, held by the consumer since
 *       `time`), and the group's position is last
 *   LMQ.HOLD key group consumer time id count [id count ...]
 *       the consumer holds these, whoever held them before: claims, and the pending entries of a base
 *   LMQ.NACK key group id count [id count ...]
 *       nobody holds these any more, pending as they are: given back, in this order, behind those given
 *       back before (XNACK, and those of a base)
 *   LMQ.SKIP key group last entries-read
 *       the group's position moved without anything held (NOACK, LASTID)
 *   LMQ.IDMP key added duplicates
 *       how many idempotent ids the stream ever remembered, and how many messages were known already
 *   LMQ.FORGET key producer n
 *       the stream has forgotten the n oldest idempotent ids of the producer
 *   LMQ.ADD key id arrival expires level group field value [field value ...]
 *       an XADD of a message of which more is known than its fields (struct entry_attrs); group may be ""
 *   LMQ.DROP key id [id ...]
 *       these entries were trimmed away, though some before them were not (ACKED). Redis has it as an
 *       XDEL, but that raises the greatest deleted id, which trimming does not
 *   LMQ.DLQ key
 *       the stream has had a dead letter: no glob of a policy applies to it any more
 *
 * QPOLICY SET and DEL are records, too: as clients send them, durations in milliseconds.
 *
 * Of messages that are not in the stream (store/inbox.h):
 *
 *   LMQ.DELAY key due-number added ttl level dedup field value [field value ...]
 *       a message, to become an entry when it is due; dedup may be ""
 *   LMQ.CANCEL key due-number [due-number ...]
 *       these do not, and what names them is free
 *   LMQ.ARRIVE key due-number id arrival
 *       the first one became this entry
 *   LMQ.NUMBER key next
 *       of a base: delayed messages have had the numbers below
 *   LMQ.SEEN key lane dedup id until
 *       the dedup id stands for that message, delayed or not, up to then; it is in that lane
 *   LMQ.LAPSE key lane n
 *       the stream has forgotten the n oldest dedup ids of the lane
 * Of queues:
 *
 *   LMQ.QUEUE key
 *       the stream is a queue from here on
 *   LMQ.BACK key group consumer error death id state count at [id state count at ...]
 *       these messages have come to a state of a queue (a number of enum pending_state), delivered so
 *       often, and stay in it until `at`, or are in it since. Last held by the consumer, and dead for a
 *       reason; what is empty is as it was
 *   LMQ.EXTEND key group time until id [id ...]
 *       whoever holds these holds them until then, and they are idle from `time` on
 *   LMQ.END key group end id [id ...]
 *       these, pending or new, came to an end that is no XACK: expired, dead, dropped
 *   LMQ.TAKE key group consumer time [id ...]
 *       these new messages, not all that came next, were delivered; without a consumer nobody holds them. The
 *       position moves as far as nothing is new
 *   LMQ.PASSED key group id [id ...]
 *       of a base: these are done, though they lie above the group's position
 *   LMQ.TOTALS key group acked expired dead dropped
 *       of a base: so many came to each end
 */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include "base/buf.h"
#include "store/stream_id.h"

struct delayed_message;
struct entry_attrs;
struct seen;

#define RECORD_DELIVER "LMQ.DELIVER"
#define RECORD_HOLD    "LMQ.HOLD"
#define RECORD_NACK    "LMQ.NACK"
#define RECORD_SKIP    "LMQ.SKIP"
#define RECORD_IDMP    "LMQ.IDMP"
#define RECORD_FORGET  "LMQ.FORGET"
#define RECORD_ADD     "LMQ.ADD"
#define RECORD_DROP    "LMQ.DROP"
#define RECORD_DLQ     "LMQ.DLQ"
#define RECORD_DELAY   "LMQ.DELAY"
#define RECORD_CANCEL  "LMQ.CANCEL"
#define RECORD_ARRIVE  "LMQ.ARRIVE"
#define RECORD_NUMBER  "LMQ.NUMBER"
#define RECORD_SEEN    "LMQ.SEEN"
#define RECORD_LAPSE   "LMQ.LAPSE"
#define RECORD_QUEUE   "LMQ.QUEUE"
#define RECORD_BACK    "LMQ.BACK"
#define RECORD_EXTEND  "LMQ.EXTEND"
#define RECORD_END     "LMQ.END"
#define RECORD_TAKE    "LMQ.TAKE"
#define RECORD_PASSED  "LMQ.PASSED"
#define RECORD_TOTALS  "LMQ.TOTALS"

/* A record is a head with the number of words, then so many words. */
void record_head(struct buf *b, size_t words);
void record_word(struct buf *b, struct slice s);
static inline void record_str(struct buf *b, const char *s)
{
    record_word(b, slice_of(s));
}
/* n words. */
void record_slices(struct buf *b, const struct slice *s, size_t n);
void record_u64(struct buf *b, uint64_t v);
void record_i64(struct buf *b, int64_t v);
void record_double(struct buf *b, double v); /* reads back the same */
void record_id(struct buf *b, struct stream_id id);
/* LMQ.ADD up to the fields, of which `words` words follow. `id` as text. */
void record_add(struct buf *b, struct slice name, struct slice id, const struct entry_attrs *attrs,
                size_t words);
/* LMQ.DELAY, with the slices of its fields; LMQ.NUMBER; LMQ.SEEN. */
void record_delay(struct buf *b, struct slice name, const struct delayed_message *m, const struct slice *field);
void record_delay_next(struct buf *b, struct slice name, uint64_t next);
void record_window(struct buf *b, struct slice name, unsigned lane, const struct seen *s);
/* A whole record of C strings, e.g. record_words(b, (const char *[]){"SELECT", "1"}, 2). */
void record_words(struct buf *b, const char *const *word, size_t n);

#endif
