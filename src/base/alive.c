/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alive.h"

#include <stdatomic.h>

/* Written by the main thread alone, so a mark is a load and a store and no locked addition. */
static struct {
    _Atomic uint64_t marks;
    _Atomic bool waits;
    _Atomic(const char *) what;
    _Atomic int64_t step;
} now = {.what = "its start", .step = -1};

static void mark(void)
{
    uint64_t marks = atomic_load_explicit(&now.marks, memory_order_relaxed);
    atomic_store_explicit(&now.marks, marks + 1, memory_order_relaxed);
}

void ix_alive_at(const char *what)
{
    atomic_store_explicit(&now.what, what, memory_order_relaxed);
    mark();
}

void ix_alive_step(int64_t step)
{
    atomic_store_explicit(&now.step, step, memory_order_relaxed);
    mark();
}

void ix_alive_waits(bool for_others)
{
    atomic_store_explicit(&now.waits, for_others, memory_order_relaxed);
    mark();
}

ix_alive ix_alive_look(void)
{
    return (ix_alive){.marks = atomic_load_explicit(&now.marks, memory_order_relaxed),
                      .waits = atomic_load_explicit(&now.waits, memory_order_relaxed),
                      .what = atomic_load_explicit(&now.what, memory_order_relaxed),
                      .step = atomic_load_explicit(&now.step, memory_order_relaxed)};
}
