/* SPDX-License-Identifier: Apache-2.0
 *
 * bytes.h - amounts of memory as people write them: 3GiB, 500MiB, 1.5TiB. Local. */
#ifndef IX_BASE_BYTES_H
#define IX_BASE_BYTES_H

#include <stdbool.h>
#include <stdint.h>

#define IX_BYTES_WORDS "a size as 64GiB, 500MiB or 1.5TiB"

/* Whole MiB, at least one. false: it is no such text, and *out stays. */
bool ix_bytes_read(const char *text, int64_t *out);

/* The largest unit of which there is a whole number: reads back to the same. Whole MiB only. */
enum { IX_BYTES = 32 };
const char *ix_bytes_write(char out[IX_BYTES], int64_t bytes);

#endif
