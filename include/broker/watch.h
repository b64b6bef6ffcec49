/* broker/watch.h - WATCH: a flag for each watcher that goes up when one of its keys is changed. */
#ifndef BROKER_WATCH_H
#define BROKER_WATCH_H

#include "broker/broker.h"

struct watcher {
    struct list keys; /* struct watch_link */
    bool dirty;       /* a watched key was touched: EXEC answers nil */
    size_t n;
};

void watcher_init(struct watcher *w);
/* `expired`: the key is there but past its time, so that its removal must not count as a change. */
void watch_add(struct broker *b, struct watcher *w, int db, struct slice name, bool expired);
/* Forgets all keys and lowers the flag. */
void watch_clear(struct broker *b, struct watcher *w);
/* True if a watched key has expired since (it was there when the watch began): counts as touched. */
bool watch_expired(const struct broker *b, const struct watcher *w, msec now);
void watch_touch(struct broker *b, int db, struct slice name);
/* A flush: watched keys that are there are touched. */
void watch_touch_all(struct broker *b, int db);
/* Two databases are about to be exchanged: watched keys that are there before or afterwards are touched. */
void watch_touch_swap(struct broker *b, int one, int other, msec now);

#endif
