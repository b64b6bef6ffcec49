/* net/loop_impl.h - the libevent base, for the files of this folder. */
#ifndef NET_LOOP_IMPL_H
#define NET_LOOP_IMPL_H

#include <event2/event.h>
#include <event2/event_struct.h>

struct loop;
struct event_base *loop_base(struct loop *l);

#endif
