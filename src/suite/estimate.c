/* SPDX-License-Identifier: Apache-2.0 */
#include "suite/estimate.h"

#include "comm/lanes.h"

/* Rows of the head's products at a time are about those of a pair's responses. */
enum { HEAD_ROWS = 256 };

static int64_t rows_of_pack(const ix_run_size *z, double tokens)
{
    int64_t rows = tokens < (double)z->pack_tokens ? (int64_t)tokens : z->pack_tokens;
    return rows < 1 ? 1 : rows;
}

static double steps_per_epoch(const ix_estimated *e)
{
    return e->need->epochs > 0 && e->size->steps > 0 ? (double)e->size->steps / (double)e->need->epochs : 0;
}

/* Of a step, that of the rank with most pairs. */
static double share_of_step(const ix_estimated *e)
{
    int64_t data = e->shape.data, pairs = e->need->pairs > 0 ? e->need->pairs : data;
    return (double)((pairs + data - 1) / data) / (double)pairs;
}

int64_t ix_estimate_rows(const ix_estimated *e, bool head)
{
    double steps = steps_per_epoch(e),
           whole = steps > 0 ? (double)e->size->train_tokens / steps : (double)e->size->eval_tokens;
    return head ? HEAD_ROWS : rows_of_pack(e->size, whole * share_of_step(e));
}

/* Seconds of one rank for so many tokens of the trunk and rows of the head; `ways`: forward alone, or all three. */
static double products_time(const ix_machine *a, const ix_estimated *e, double tokens, double head_rows, int ways)
{
    const ix_run_size *z = e->size;
    double seconds = 0;
    for (int i = 0; i < z->products; i++) {
        const ix_product *p = &z->product[i];
        double rows = p->head ? head_rows : tokens;
        int64_t m = p->head ? HEAD_ROWS : rows_of_pack(z, tokens);
        for (int way = 0; way < ways; way++) {
            double rate = ix_machine_product_rate(a, m, p->n, p->k, way, e->threads);
            if (rate > 0) seconds += 2.0 * (double)(p->n * p->k * p->count) * rows / rate;
        }
    }
    return seconds;
}

/* Numbers that a rank passes over at the end of a step: lanes set to zero and added up, its share of the tree of all
 * ranks, its slice of weights and moments read and written (AdamW: 7 numbers for each). */
static double passed_bytes(const ix_run_size *z, int lanes, int data)
{
    double n = (double)z->trained, own = (double)lanes / data, share = n / data;
    double tree = data > 1 ? 3 * (double)(data - 1) * share : 0;
    return 4 * (n * own + 3 * n * (own > 1 ? own - 1 : 0) + tree + 7 * share);
}

double ix_tensor_floats(int tensor, int layers, int width, double tokens)
{
    double sums = 4.0 * layers + 1;
    return tensor > 1 ? 2.0 * (tensor - 1) / tensor * sums * width * tokens : 0;
}

/* Which link an axis needs whose neighbours are `distance` apart. */
static const ix_link *link_of(const ix_machine *a, const ix_estimated *e, int size, int distance)
{
    return size * distance > e->ranks_on_node ? &a->between : &a->within;
}

/* Everybody's slice to everybody, the sums of gradients and then new weights. */
static void add_data_axis(ix_estimate *out, const ix_machine *a, const ix_estimated *e, int lanes)
{
    int data = e->shape.data;
    if (data == 1) return;
    const ix_link *link = link_of(a, e, data, e->shape.tensor);
    out->data_bytes = ix_lanes_sent(lanes, data, e->size->trained);
    double slice = 4.0 * (double)ix_lanes_share(e->size->trained, data, 0);
    if (slice <= 0) return;
    out->data = out->data_bytes / slice * ix_link_time(link, slice, e->ranks > 2);
    if (link->ranks < 2) out->messages_known = false;
}

/* 2 (T - 1) messages of a T-th for every sum. */
static void add_tensor_axis(ix_estimate *out, const ix_machine *a, const ix_estimated *e, double tokens)
{
    int tensor = e->shape.tensor;
    if (tensor == 1) return;
    const ix_link *link = link_of(a, e, tensor, 1);
    double floats = ix_tensor_floats(tensor, e->size->layers, e->size->width, tokens);
    floats *= 1 + e->recompute / (4.0 * e->size->layers + 1); /* one sum of a block comes again */
    double share = 4.0 * (double)rows_of_pack(e->size, tokens) * e->size->width / tensor;
    out->tensor_bytes = 4 * floats;
    out->tensor = out->tensor_bytes / share * ix_link_time(link, share, true);
    if (link->ranks < 2) out->messages_known = false;
}

/* At what a language model writes: the reference, where there is one, and the policy. */
static int looks(const ix_need *need)
{
    return need->has_reference ? 2 : 1;
}

void ix_estimate_run(ix_estimate *out, const ix_machine *a, const ix_estimated *e)
{
    const ix_run_size *z = e->size;
    int data = e->shape.data, lanes = e->need->lanes > data ? e->need->lanes : data;
    double per_epoch = steps_per_epoch(e), share = share_of_step(e), head = e->need->reads_head ? 1 : 0;
    double rate = ix_machine_memory_rate(a, e->threads);

    *out = (ix_estimate){.messages_known = true};
    if (per_epoch > 0) {
        double tokens = (double)z->train_tokens / per_epoch * share;
        out->products = products_time(a, e, tokens, head * (double)z->response_tokens / per_epoch * share, IX_WAYS);
        if (e->recompute) out->products += e->recompute / (double)z->layers * products_time(a, e, tokens, 0, 1);
        out->memory = rate > 0 ? passed_bytes(z, lanes, data) / rate : 0;
        add_data_axis(out, a, e, lanes);
        add_tensor_axis(out, a, e, tokens);
    }
    out->step = out->products + out->memory + out->data + out->tensor;
    out->training = out->step * (double)z->steps;
    double judged = (double)z->eval_tokens / data, rows = head * (double)z->eval_response_tokens / data;
    out->judging = (double)z->evaluations * products_time(a, e, judged, rows, 1);
    if (e->need->has_reference)
        out->reference = products_time(a, e, judged + (double)z->train_tokens / data,
                                       rows + head * (double)z->response_tokens / data, 1);
    if (z->written_tokens) {
        double texts = (double)z->written_tokens / data, all = texts + (double)z->asked_tokens / data;
        out->writing = looks(e->need) * products_time(a, e, all, texts, 1);
    }
    out->run = out->training + out->judging + out->reference + out->writing;
}

ix_flops ix_estimate_flops(const ix_need *need, const ix_run_size *z)
{
    double trunk = (double)z->trunk, head = need->reads_head ? (double)z->head : 0;
    double train = trunk * (double)z->train_tokens + head * (double)z->response_tokens;
    double judge = trunk * (double)z->eval_tokens + head * (double)z->eval_response_tokens;
    ix_flops f = {.training = 6 * train * (double)need->epochs,
                  .judging = 2 * judge * (double)z->evaluations,
                  .reference = need->has_reference ? 2 * (train + judge) : 0,
                  .writing =
                      2 * looks(need) *
                      (trunk * (double)(z->asked_tokens + z->written_tokens) + head * (double)z->written_tokens)};
    f.all = f.training + f.judging + f.reference + f.writing;
    return f;
}
