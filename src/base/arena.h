/* SPDX-License-Identifier: Apache-2.0
 *
 * arena.h - scratch memory as a stack. One block is taken at creation; nothing allocates in a step.
 *
 *     size_t mark = ix_arena_mark(a);
 *     float *x = ix_arena_take(a, n * sizeof *x);
 *     ...
 *     ix_arena_release(a, mark);
 *
 * Every piece is aligned to 64 bytes. Debug builds paint what is given back, so a stale read is a NaN.
 * Local; one arena belongs to one thread. */
#ifndef IX_BASE_ARENA_H
#define IX_BASE_ARENA_H

#include "base/status.h"

typedef struct ix_arena ix_arena;

ix_status ix_arena_create(ix_arena **out, size_t bytes);
void ix_arena_destroy(ix_arena **arena); /* NULL is fine; leaves *arena NULL */

size_t ix_arena_mark(const ix_arena *a);
void ix_arena_release(ix_arena *a, size_t mark);
void *ix_arena_take(ix_arena *a, size_t bytes); /* contract: it fits */
size_t ix_arena_need(size_t bytes);              /* what taking so many bytes uses up */
size_t ix_arena_room(const ix_arena *a);        /* bytes left */
size_t ix_arena_peak(const ix_arena *a);        /* most bytes ever in use */

/* A block of `bytes` zeroed bytes, aligned to 64, from the system. Free with free(). NULL when there
 * is no memory. Large blocks ask the kernel for huge pages. */
void *ix_alloc_block(size_t bytes);

#endif
