/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/machine.h"

#include <math.h>

static double distance(const ix_product_rate *p, int64_t m, int64_t n, int64_t k)
{
    double dm = log((double)m / (double)p->m), dn = log((double)n / (double)p->n), dk = log((double)k / (double)p->k);
    return dm * dm + dn * dn + dk * dk;
}

double ix_machine_product_rate(const ix_machine *a, int64_t m, int64_t n, int64_t k, int way, int threads)
{
    const ix_product_rate *best = NULL;
    for (int i = 0; i < a->products; i++)
        if (!best || distance(&a->product[i], m, n, k) < distance(best, m, n, k)) best = &a->product[i];
    if (best) return best->rate[way] * threads;
    return a->cores > 0 ? a->node_peak / a->cores * threads : 0;
}

/* Where x lies between the measured sizes: the time on the straight line through its neighbours. */
static double between_sizes(const ix_link *l, double bytes)
{
    enum { LAST = IX_LINK_SIZES - 1 };
    double most = (double)l->bytes[LAST];
    if (bytes >= most) return l->message[LAST] * bytes / most;
    if (bytes <= (double)l->bytes[0]) return l->message[0];
    int i = 1;
    while (bytes > (double)l->bytes[i]) i++;
    double low = (double)l->bytes[i - 1], part = (bytes - low) / ((double)l->bytes[i] - low);
    return l->message[i - 1] + part * (l->message[i] - l->message[i - 1]);
}

double ix_link_time(const ix_link *l, double bytes, bool busy)
{
    if (l->ranks < 2) return 0;
    double alone = between_sizes(l, bytes), crowded = busy && l->busy > 0 ? bytes / l->busy : 0;
    return alone > crowded ? alone : crowded;
}

double ix_machine_memory_rate(const ix_machine *a, int threads)
{
    if (a->cores < 1) return 0;
    double share = a->node_triad / a->cores * threads;
    return threads == 1 && a->core_triad > 0 && share > a->core_triad ? a->core_triad : share;
}
