/* base/crc64.h - the checksum of RDB files and of dumped values: Jones' polynomial, reflected, init 0.
 * crc64(crc64(0, a), b) is the sum of a followed by b. */
#ifndef BASE_CRC64_H
#define BASE_CRC64_H

#include <stddef.h>
#include <stdint.h>

uint64_t crc64(uint64_t sum, const void *p, size_t n);

#endif
