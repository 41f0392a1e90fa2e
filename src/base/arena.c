/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct ix_arena {
    char *base;
    size_t size, top, peak;
};

static size_t round_up(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

/* Pages come into being where they are first written: by all threads, so that they are spread as the work will be, and
 * because that takes longer than anything else that a large run does before its first step. */
static void touch(char *p, size_t size)
{
    const size_t piece = (size_t)8 << 20;
#pragma omp parallel for schedule(static) if (size > 2 * piece)
    for (size_t at = 0; at < size; at += piece) memset(p + at, 0, size - at < piece ? size - at : piece);
}

void *ix_alloc_block(size_t bytes)
{
    size_t huge = (size_t)2 << 20;
    size_t unit = bytes >= 2 * huge ? huge : 64;
    if (bytes > SIZE_MAX - huge) return NULL;
    size_t size = round_up(bytes ? bytes : 1, unit);
    void *p = aligned_alloc(unit, size);
    if (!p) return NULL;
    if (unit == huge) madvise(p, size, MADV_HUGEPAGE); /* advice only: failing costs nothing */
    touch(p, size);
    return p;
}

ix_status ix_arena_create(ix_arena **out, size_t bytes)
{
    ix_status rc = IX_OK;
    ix_arena *a = NULL;

    *out = NULL;
    IX_NEED(a = calloc(1, sizeof *a), IX_ENOMEM, "scratch: out of memory");
    a->size = round_up(bytes, 64);
    IX_NEED(a->base = ix_alloc_block(a->size), IX_ENOMEM, "scratch: %zu MiB cannot be had", bytes >> 20);
    *out = a;
    a = NULL;
done:
    ix_arena_destroy(&a);
    return rc;
}

void ix_arena_destroy(ix_arena **arena)
{
    if (!*arena) return;
    free((*arena)->base);
    free(*arena);
    *arena = NULL;
}

size_t ix_arena_mark(const ix_arena *a)
{
    return a->top;
}

void ix_arena_release(ix_arena *a, size_t mark)
{
    IX_CONTRACT(mark <= a->top);
#ifdef IX_DEBUG
    memset(a->base + mark, 0xff, a->top - mark);
#endif
    a->top = mark;
}

void *ix_arena_take(ix_arena *a, size_t bytes)
{
    size_t need = round_up(bytes, 64);
    IX_CONTRACT(need >= bytes && need <= a->size - a->top);
    void *p = a->base + a->top;
    a->top += need;
    if (a->top > a->peak) a->peak = a->top;
    return p;
}

size_t ix_arena_need(size_t bytes)
{
    return round_up(bytes, 64);
}

size_t ix_arena_room(const ix_arena *a)
{
    return a->size - a->top;
}

size_t ix_arena_peak(const ix_arena *a)
{
    return a->peak;
}
