/* SPDX-License-Identifier: Apache-2.0
 *
 * hash.h - SHA-256 of what a result depends on: weights, tokens, configuration, files. Local. */
#ifndef IX_BASE_HASH_H
#define IX_BASE_HASH_H

#include "base/status.h"

#define IX_HASH_HEX 65 /* 64 hexadecimal digits and the terminating zero */

typedef struct ix_hash ix_hash;

ix_hash *ix_hash_begin(void); /* ends the job when there is no memory */
void ix_hash_add(ix_hash *h, const void *bytes, size_t size);
void ix_hash_add_text(ix_hash *h, const char *text); /* the bytes and a terminating zero: "a","b" is not "ab","" */
/* In place of the bytes the SHA-256 of every 16 MiB of them, in hexadecimal: all threads of OpenMP work on it. */
void ix_hash_add_large(ix_hash *h, const void *bytes, size_t size);
void ix_hash_end(ix_hash *h, char hex[IX_HASH_HEX]); /* frees h */

void ix_hash_bytes(const void *bytes, size_t size, char hex[IX_HASH_HEX]);
ix_status ix_hash_file(const char *path, char hex[IX_HASH_HEX]);

#endif
