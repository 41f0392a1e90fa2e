/* SPDX-License-Identifier: Apache-2.0 */
#include "suite/layout.h"

#include <stdlib.h>
#include <string.h>

#include "machine/probe.h"

static int64_t pairs_of(const ix_settings *s)
{
    return !strcmp(s->task, "pretrain") ? s->pretrain.rows_per_step : s->training.pairs_per_step;
}

/* The largest divisor of n that is at most `limit`. */
static int largest_divisor(int n, int64_t limit)
{
    for (int d = n; d > 1; d--)
        if (n % d == 0 && d <= limit) return d;
    return 1;
}

int ix_layout_threads(int64_t wished, int ranks_on_node)
{
    const char *set = getenv("OMP_NUM_THREADS");
    if (wished) return (int)wished;
    if (set && atoi(set) > 0) return atoi(set);
    int each = ix_probe_cores() / (ranks_on_node > 0 ? ranks_on_node : 1);
    return each > 0 ? each : 1;
}

ix_status ix_layout_choose(ix_layout *out, const ix_settings *s, int ranks, int ranks_on_node)
{
    ix_status rc = IX_OK;
    int64_t tensor = s->parallel.tensor ? s->parallel.tensor : 1, groups = s->parallel.groups, data = s->parallel.data;

    char shares[64] = "";

    *out = (ix_layout){0};
    int places = tensor < ranks ? ranks / (int)tensor : 1; /* for data and groups */
    IX_NEED(tensor <= ranks, IX_EINPUT, "parallel.tensor: %lld ranks share a layer, but there are only %d",
            (long long)tensor, ranks);
    if (!data && groups) data = places / groups > 0 ? places / groups : 1;
    if (!data) data = largest_divisor(places, pairs_of(s));
    if (!groups) groups = places / data > 0 ? places / data : 1;
    IX_NEED(groups * data * tensor == ranks, IX_EINPUT,
            "parallel: %lld groups x %lld data x %lld tensor make %lld ranks, but there are %d", (long long)groups,
            (long long)data, (long long)tensor, (long long)(groups * data * tensor), ranks);
    IX_NEED(data <= pairs_of(s), IX_EINPUT, "parallel.data: %lld ranks cannot share the %lld pairs of a step",
            (long long)data, (long long)pairs_of(s));
    *out = (ix_layout){
        .groups = (int)groups, .data = (int)data, .tensor = (int)tensor, .threads = ix_layout_threads(s->parallel.threads, ranks_on_node)};
    if (tensor > 1) snprintf(shares, sizeof shares, " times %d that share every layer", out->tensor);
    snprintf(
        out->reason, sizeof out->reason,
        "%d rank%s: %d run%s at a time, each on %d data rank%s%s (%s; a step has %lld pairs), %d thread%s per rank",
        ranks, ranks == 1 ? "" : "s", out->groups, out->groups == 1 ? "" : "s", out->data, out->data == 1 ? "" : "s",
        shares,
        s->parallel.data     ? "as set"
        : s->parallel.groups ? "what the groups leave"
                             : "as many as a step fills",
        (long long)pairs_of(s), out->threads, out->threads == 1 ? "" : "s");
done:
    return rc;
}
