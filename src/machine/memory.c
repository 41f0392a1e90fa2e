/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/memory.h"

size_t ix_memory_peak(const ix_memory *m, bool trains)
{
    size_t always = m->weights + m->texts + m->program, judging = m->judging;
    size_t training = m->gradients + m->moments + m->activations + m->logits + m->scratch;
    return always + (trains && training > judging ? training : judging);
}

size_t ix_memory_program(int ranks, int threads)
{
    const size_t alone = (size_t)40 << 20, neighbour = (size_t)1 << 20, thread = (size_t)4 << 20;
    return alone + (size_t)(ranks - 1) * neighbour + (size_t)threads * thread;
}
