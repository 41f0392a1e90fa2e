/* SPDX-License-Identifier: Apache-2.0 */
#include "app/probe_print.h"

#include "app/table.h"

static void add_rate(ix_table_text *t, double per_second, bool flop)
{
    char f[IX_FIGURE];
    ix_table_add(t, "%s/s", flop ? ix_figure_flop(f, per_second) : ix_figure_bytes(f, per_second));
}

static void add_microseconds(ix_table_text *t, double seconds)
{
    ix_table_add(t, "%.*f", seconds < 1e-4 ? 2 : 0, 1e6 * seconds);
}

static void print_peaks(const ix_machine *a)
{
    ix_table_text *t = ix_table_create("lrr");
    char f[IX_FIGURE];
    printf("%s: %s\n%s\n", a->host, a->cpu, a->library);
    printf("%d rank%s on %d node%s, %d on the first, %d thread%s each; a node has %s for this job\n\n", a->ranks,
           a->ranks == 1 ? "" : "s", a->nodes, a->nodes == 1 ? "" : "s", a->ranks_on_node, a->threads,
           a->threads == 1 ? "" : "s", a->memory ? ix_figure_bytes(f, (double)a->memory) : "an unknown amount");
    ix_table_add(t, "%s", "");
    ix_table_add(t, "%s", "one core");
    ix_table_add(t, "one node, %d core%s", a->cores, a->cores == 1 ? "" : "s");
    ix_table_add(t, "%s", "products, best of 1024^3 and 2048^3");
    add_rate(t, a->core_peak, true);
    add_rate(t, a->node_peak, true);
    ix_table_add(t, "%s", "memory, a = b + s c");
    add_rate(t, a->core_triad, false);
    add_rate(t, a->node_triad, false);
    ix_table_print(t, stdout);
    ix_table_destroy(&t);
}

static void print_products(const ix_machine *a)
{
    static const char *const heading[] = {"rows m", "outputs n", "inputs k", "y = x W^T", "dx = dy W", "dW += dy^T x"};
    ix_table_text *t = ix_table_create("rrrrrr");
    printf("\nproducts of W[n,k] with m rows, on all cores of a node\n");
    for (int i = 0; i < 6; i++) ix_table_add(t, "%s", heading[i]);
    for (int i = 0; i < a->products; i++) {
        const ix_product_rate *p = &a->product[i];
        const int64_t size[] = {p->m, p->n, p->k};
        for (int k = 0; k < 3; k++) ix_table_add(t, "%lld", (long long)size[k]);
        for (int way = 0; way < IX_WAYS; way++) add_rate(t, p->rate[way] * a->cores, true);
    }
    ix_table_print(t, stdout);
    ix_table_destroy(&t);
}

static void print_link(const ix_link *l, const char *where)
{
    char f[IX_FIGURE];
    if (l->ranks < 2) return;
    ix_table_text *t = ix_table_create("rrrr");
    printf("\nmessages %s, in microseconds\n", where);
    ix_table_add(t, "%s", "size");
    ix_table_add(t, "%s", "one message");
    ix_table_add(t, "%s", "its rate");
    ix_table_add(t, "allreduce of %d ranks", l->ranks);
    for (int i = 0; i < IX_LINK_SIZES; i++) {
        ix_table_add(t, "%s", ix_figure_bytes(f, (double)l->bytes[i]));
        add_microseconds(t, l->message[i]);
        add_rate(t, (double)l->bytes[i] / l->message[i], false);
        add_microseconds(t, l->allreduce[i]);
    }
    ix_table_print(t, stdout);
    ix_table_destroy(&t);
    printf("%s/s of each rank when all send and receive at once\n", ix_figure_bytes(f, l->busy));
}

static void print_sums(const ix_sums *s)
{
    char bytes[IX_FIGURE];
    if (s->ranks < 2) return;
    printf(
        "\na gradient of %s over %d ranks: ordered sum and everybody's new weights %.3g ms, MPI_Iallreduce %.3g ms\n",
        ix_figure_bytes(bytes, (double)s->bytes), s->ranks, 1e3 * s->ordered, 1e3 * s->library);
}

static void print_files(const ix_disk *d)
{
    char f[IX_FIGURE];
    if (!d->folder[0]) return;
    printf("\nfiles in %s: %s/s written and synced; %.2f ms for a small one, written beside, synced and renamed\n",
           d->folder, ix_figure_bytes(f, d->write), 1e3 * d->small_file);
}

void ix_print_machine(const ix_machine *a)
{
    print_peaks(a);
    if (a->products) print_products(a);
    print_link(&a->within, "within a node");
    print_link(&a->between, "between nodes");
    print_sums(&a->sums);
    print_files(&a->disk);
    if (a->ranks == 1) printf("\none rank: no message was sent. mpirun -n RANKS impex probe measures those too\n");
}
