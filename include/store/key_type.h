/* store/key_type.h - what a value can be. */
#ifndef STORE_KEY_TYPE_H
#define STORE_KEY_TYPE_H

enum key_type { KEY_STRING, KEY_LIST, KEY_SET, KEY_ZSET, KEY_HASH, KEY_STREAM, KEY_TYPES };

#endif
