/* base/sha1.h - SHA-1 (FIPS 180-4): how the protocol names scripts. For nothing that has to be secret. */
#ifndef BASE_SHA1_H
#define BASE_SHA1_H

#include "base/slice.h"

#define SHA1_HEX 40

void sha1_hex(struct slice s, char to[SHA1_HEX + 1]); /* lower case, terminated */

#endif
