/* base/crc.h - CRC-32C (Castagnoli, reflected 0x82f63b78, init and final xor ~0), as in RFC 3720.
 * crc32c(crc32c(0, a), b) is the sum of a followed by b. SSE4.2 where the processor has it. */
#ifndef BASE_CRC_H
#define BASE_CRC_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(uint32_t sum, const void *p, size_t n);
uint32_t crc32c_portable(uint32_t sum, const void *p, size_t n); /* without the instruction; for tests */

#endif
