/* base/sha256.h - SHA-256 (FIPS 180-4): how passwords are shown. */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include "base/slice.h"

/* 64 lower-case hexadecimal digits and a NUL. */
void sha256_hex(struct slice text, char out[65]);

#endif
