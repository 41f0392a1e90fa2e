/* SPDX-License-Identifier: Apache-2.0 */
#include "objective/pass.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "model/work.h"
#include "objective/states.h"

static const size_t states_most = (size_t)2 << 30; /* bytes of hidden states that a frozen trunk keeps */

/* log pi of a response, and of all but its last token. */
typedef struct {
    double logp, before;
} response;

struct ix_pass {
    const ix_objective *objective;
    ix_objective_settings settings;
    ix_model *model;
    ix_clock *clock;
    ix_work work;
    int64_t tokens, own, D;
    int64_t own_gradient; /* where own rows begin in a gradient block */
    ix_pass_waste waste;
    ix_pass_spared spared;
    ix_model_meter meter[IX_PHASE_COUNT];
    ix_states *states;       /* of a trunk that is not trained, else NULL */
    int32_t *rows, *targets; /* [2 tokens] read positions and what is predicted there */
    double *logp, *dlogp;    /* [2 tokens] */
    response *response;      /* [tokens] of each segment of the pack that is one */
    ix_rows *read;           /* [tokens] of each segment of the pack: the rows whose hidden state is read */
    float *dh;               /* [tokens, D] */
    float *mean, *dmean;     /* [IX_SIDES, D] of one pair: IX_READ_MEAN */
};

ix_status ix_pass_create(ix_pass **out, const ix_objective *objective, const ix_objective_settings *settings,
                         ix_model *model, int64_t tokens, ix_clock *clock)
{
    ix_status rc = IX_OK;
    ix_pass *p = NULL;
    size_t n = (size_t)tokens * 2;

    *out = NULL;
    IX_NEED(p = calloc(1, sizeof *p), IX_ENOMEM, "pass: out of memory");
    *p = (ix_pass){.objective = objective, .model = model, .clock = clock, .tokens = tokens, .own = -1};
    p->work = ix_model_work(model);
    if (settings) p->settings = *settings;
    p->D = ix_model_config_of(model)->D;
    if (objective && objective->extras) {
        int row = ix_params_find(ix_model_params(model), objective->extra[0].name);
        IX_CONTRACT(row >= 0);
        p->own = ix_model_params(model)->param[row].offset;
        p->own_gradient = p->own - ix_model_trained(model).lo;
    }
    p->rows = calloc(n, sizeof *p->rows);
    p->targets = calloc(n, sizeof *p->targets);
    p->logp = calloc(n, sizeof *p->logp);
    p->dlogp = calloc(n, sizeof *p->dlogp);
    p->response = calloc((size_t)tokens, sizeof *p->response);
    p->read = calloc((size_t)tokens, sizeof *p->read);
    p->dh = ix_alloc_block((size_t)(tokens * p->D) * sizeof *p->dh);
    p->mean = calloc(2 * IX_SIDES * (size_t)p->D, sizeof *p->mean);
    p->dmean = p->mean ? p->mean + IX_SIDES * p->D : NULL;
    IX_NEED(p->mean && p->rows && p->targets && p->logp && p->dlogp && p->response && p->read && p->dh, IX_ENOMEM,
            "pass: out of memory");
    bool trains = ix_span_size(ix_model_trained(model)) > 0;
    if (objective && trains && !ix_model_trains_trunk(model)) IX_TRY(ix_states_create(&p->states, p->D, states_most));
    *out = p;
    p = NULL;
done:
    ix_pass_destroy(&p);
    return rc;
}

size_t ix_pass_bytes(const ix_model *model, int64_t tokens)
{
    const ix_pass *p = NULL;
    size_t read = 2 * (sizeof *p->rows + sizeof *p->targets + sizeof *p->logp + sizeof *p->dlogp);
    size_t row = (size_t)ix_model_config_of(model)->D * sizeof *p->dh;
    return (size_t)tokens * (read + sizeof *p->response + row);
}

void ix_pass_set_waste(ix_pass *pass, ix_pass_waste waste)
{
    pass->waste = waste;
}

ix_pass_spared ix_pass_count(const ix_pass *pass)
{
    return pass->spared;
}

void ix_pass_take_meter(ix_pass *p, ix_model_meter meter[IX_PHASE_COUNT])
{
    memcpy(meter, p->meter, sizeof p->meter);
    memset(p->meter, 0, sizeof p->meter);
}

const ix_model *ix_pass_model(const ix_pass *pass)
{
    return pass->model;
}

void ix_pass_destroy(ix_pass **pass)
{
    ix_pass *p = *pass;
    if (!p) return;
    free(p->rows);
    free(p->targets);
    free(p->logp);
    free(p->dlogp);
    free(p->response);
    free(p->read);
    free(p->dh);
    free(p->mean);
    ix_states_destroy(&p->states);
    free(p);
    *pass = NULL;
}

int64_t ix_pass_work(const ix_pass *pass, const ix_pack *pack)
{
    return ix_pack_work(&pass->work, pack, !pass->objective || ix_objective_reads_head(pass->objective));
}

int64_t ix_pass_own(const ix_pass *pass)
{
    return pass->own;
}

static void enter(ix_pass *p, ix_phase phase)
{
    if (p->clock) ix_clock_enter(p->clock, phase);
}

/* What was multiplied just now belongs to this phase. */
static void meter(ix_pass *p, ix_phase phase)
{
    ix_model_meter now = ix_model_take_meter(p->model), *to = &p->meter[phase];
    to->products += now.products;
    to->product_seconds += now.product_seconds;
    to->attention += now.attention;
    to->attention_seconds += now.attention_seconds;
}

static int64_t segment_size(const ix_segment *s)
{
    return s->end - s->begin;
}

/* The rows that predict a response: its parent's last token, then the response but for its last. */
static int64_t add_reads(ix_pass *p, const ix_pack *pack, const ix_segment *s, int64_t at)
{
    for (int32_t i = s->begin; i < s->end; i++, at++) {
        p->rows[at] = i == s->begin ? pack->segment[s->parent].end - 1 : i - 1;
        p->targets[at] = pack->token[i];
    }
    return at;
}

/* Which rows of a segment are read. What add_reads lists, of both responses and their prompt; else of responses only,
 * whole or their last. */
static ix_rows rows_read(ix_read reads, const ix_segment *s)
{
    bool answer = s->parent >= 0;
    if (reads == IX_READ_RESPONSE_LOGP) return answer ? (ix_rows){s->begin, s->end - 1} : (ix_rows){s->end - 1, s->end};
    if (!answer) return (ix_rows){s->end, s->end};
    return (ix_rows){reads == IX_READ_MEAN ? s->begin : s->end - 1, s->end};
}

static ix_read reads_of_pass(const ix_pass *p)
{
    return p->objective ? p->objective->reads : IX_READ_RESPONSE_LOGP;
}

static void mark_reads(ix_pass *p, const ix_pack *pack)
{
    for (int32_t s = 0; s < pack->S; s++) p->read[s] = rows_read(reads_of_pass(p), &pack->segment[s]);
}

static int64_t rows_marked(const ix_pass *p, const ix_pack *pack)
{
    int64_t n = 0;
    for (int32_t s = 0; s < pack->S; s++) n += p->read[s].end - p->read[s].begin;
    return n;
}

/* Tokens of the pairs' prompts and responses, less those of the pack. */
static int64_t tokens_shared(const ix_pack *pack)
{
    int64_t n = -pack->N;
    for (int32_t i = 0; i < pack->P; i++)
        for (int side = 0; side < IX_SIDES; side++)
            n += segment_size(&pack->segment[pack->pair[i].prompt[side]]) +
                 segment_size(&pack->segment[pack->pair[i].response[side]]);
    return n;
}

/* Its log-probabilities, from logp on, summed in the order of its tokens. */
static response sum_response(const double *logp, int64_t n)
{
    response r = {0};
    for (int64_t i = 0; i < n; i++) {
        r.before = r.logp;
        r.logp += logp[i];
    }
    return r;
}

/* Rewards and loss of one pair; scale times its gradient too when `out` is given. */
static void judge(ix_pass *p, const ix_reads *in, const float *w, float *dw, double scale, ix_reads_gradient *out,
                  ix_pair_result *result)
{
    const ix_objective *o = p->objective;
    const float *own = p->own >= 0 ? w + p->own : NULL;
    double dreward[IX_SIDES];
    o->rewards(result->reward, in, own, p->D, &p->settings);
    if (o->loss) {
        result->loss = o->loss(out, in, scale);
        return;
    }
    result->loss = ix_pair_loss(result->reward, dreward);
    if (!out) return;
    for (int side = 0; side < IX_SIDES; side++) dreward[side] *= scale;
    o->rewards_backward(out, dw && own ? dw + p->own_gradient : NULL, dreward, in, own, p->D, &p->settings);
}

/* --- hidden states -------------------------------------------------------------------------------- */

static void judge_last(ix_pass *p, const float *w, float *dw, const ix_pack *pack, const float *hidden,
                       const double *scale, ix_pair_result *result)
{
    for (int32_t i = 0; i < pack->P; i++) {
        ix_reads in = {0};
        ix_reads_gradient out = {0};
        result[i] = (ix_pair_result){0};
        for (int side = 0; side < IX_SIDES; side++) {
            int64_t last = pack->segment[pack->pair[i].response[side]].end - 1;
            in.hidden[side] = hidden + last * p->D;
            out.hidden[side] = p->dh + last * p->D;
        }
        judge(p, &in, w, dw, dw ? scale[i] : 0, dw ? &out : NULL, &result[i]);
    }
}

/* mean[D] over the rows of a segment, summed in their order. */
static void mean_of(float *mean, const float *hidden, const ix_segment *s, int64_t D)
{
    for (int64_t d = 0; d < D; d++) {
        double sum = 0;
        for (int32_t n = s->begin; n < s->end; n++) sum += (double)hidden[n * D + d];
        mean[d] = (float)(sum / (double)segment_size(s));
    }
}

static void judge_mean(ix_pass *p, const float *w, float *dw, const ix_pack *pack, const float *hidden,
                       const double *scale, ix_pair_result *result)
{
    int64_t D = p->D;
    for (int32_t i = 0; i < pack->P; i++) {
        ix_reads in = {0};
        ix_reads_gradient out = {0};
        const ix_segment *s[IX_SIDES];
        result[i] = (ix_pair_result){0};
        memset(p->dmean, 0, IX_SIDES * (size_t)D * sizeof *p->dmean);
        for (int side = 0; side < IX_SIDES; side++) {
            s[side] = &pack->segment[pack->pair[i].response[side]];
            mean_of(p->mean + side * D, hidden, s[side], D);
            in.hidden[side] = p->mean + side * D;
            out.hidden[side] = p->dmean + side * D;
        }
        judge(p, &in, w, dw, dw ? scale[i] : 0, dw ? &out : NULL, &result[i]);
        for (int side = 0; dw && side < IX_SIDES; side++)
            for (int32_t n = s[side]->begin; n < s[side]->end; n++)
                for (int64_t d = 0; d < D; d++)
                    p->dh[n * D + d] += p->dmean[side * D + d] / (float)segment_size(s[side]);
    }
}

/* --- verdicts ------------------------------------------------------------------------------------- */

/* Pairs [first, last): both verdicts behind each of their sequences, and their gradients. */
static void judge_verdicts(ix_pass *p, const float *w, float *dw, const ix_pack *pack, int32_t first, int32_t last,
                           const double *scale, ix_pair_result *result)
{
    int64_t R = 0, at = 0;
    for (int32_t i = first; i < last; i++)
        for (int side = 0; side < IX_SIDES; side++)
            for (int v = 0; v < IX_VERDICTS; v++, R++) {
                p->rows[R] = pack->segment[pack->pair[i].response[side]].end - 1;
                p->targets[R] = p->settings.verdict[v];
            }
    ix_model_logp(p->model, w, p->rows, p->targets, R, p->logp);
    for (int32_t i = first; i < last; i++) {
        ix_reads in = {0};
        ix_reads_gradient out = {0};
        result[i] = (ix_pair_result){0};
        memcpy(in.verdict, p->logp + at, sizeof in.verdict);
        judge(p, &in, w, dw, dw ? scale[i] : 0, dw ? &out : NULL, &result[i]);
        memcpy(p->dlogp + at, out.verdict, sizeof out.verdict);
        at += IX_SIDES * IX_VERDICTS;
    }
    if (dw) ix_model_logp_backward(p->model, w, dw, p->rows, p->targets, R, p->dlogp, p->dh);
}

/* As many pairs at a time as the head keeps logits for. */
static void judge_all_verdicts(ix_pass *p, const float *w, float *dw, const ix_pack *pack, const double *scale,
                               ix_pair_result *result)
{
    int64_t many = ix_model_head_rows(p->model) / (IX_SIDES * IX_VERDICTS);
    if (many < 1) many = 1;
    for (int64_t first = 0; first < pack->P; first += many) {
        int64_t last = first + many < pack->P ? first + many : pack->P;
        judge_verdicts(p, w, dw, pack, (int32_t)first, (int32_t)last, scale, result);
    }
}

/* --- responses ------------------------------------------------------------------------------------ */

/* Rewards and loss of one pair whose responses are summed up; its share of dlogp when `out` is given. */
static void judge_responses(ix_pass *p, const float *w, float *dw, const ix_pack_pair *pair,
                            const double reference[IX_SIDES], double scale, ix_reads_gradient *out,
                            ix_pair_result *result)
{
    ix_reads in = {0};
    *result = (ix_pair_result){0};
    for (int side = 0; side < IX_SIDES; side++) {
        const response *r = &p->response[pair->response[side]];
        in.logp[side] = result->logp[side] = r->logp;
        result->before[side] = r->before;
        if (p->objective && p->objective->needs_reference && reference) in.reference[side] = reference[side];
    }
    if (p->objective) judge(p, &in, w, dw, scale, out, result);
}

/* The rows of a segment whose logits nobody reads, as if somebody did. */
static int64_t add_unread(ix_pass *p, const ix_pack *pack, int32_t s, int64_t at)
{
    const ix_segment *g = &pack->segment[s];
    for (int32_t i = g->begin; i < g->end; i++) {
        if (i >= p->read[s].begin && i < p->read[s].end) continue;
        p->rows[at] = i;
        p->targets[at++] = pack->token[i];
    }
    return at;
}

/* Segments [first, last) through the head; sets p->response, returns the number of rows. */
static int64_t read_responses(ix_pass *p, const float *w, const ix_pack *pack, int32_t first, int32_t last)
{
    int64_t R = 0, at = 0;
    for (int32_t s = first; s < last; s++)
        if (pack->segment[s].parent >= 0) R = add_reads(p, pack, &pack->segment[s], R);
    for (int32_t s = first; p->waste.head_rows && s < last; s++) R = add_unread(p, pack, s, R);
    ix_model_logp(p->model, w, p->rows, p->targets, R, p->logp);
    if (p->waste.logits) ix_model_drop_logits(p->model);
    for (int32_t s = first; s < last; s++) {
        if (pack->segment[s].parent < 0) continue;
        p->response[s] = sum_response(p->logp + at, segment_size(&pack->segment[s]));
        at += segment_size(&pack->segment[s]);
    }
    return R;
}

static void judge_logp(ix_pass *p, const float *w, const ix_pack *pack, const double (*reference)[IX_SIDES],
                       ix_pair_result *result)
{
    read_responses(p, w, pack, 0, pack->S);
    for (int32_t i = 0; i < pack->P; i++)
        judge_responses(p, w, NULL, &pack->pair[i], reference ? reference[i] : NULL, 0, NULL, &result[i]);
}

static int64_t reads_of(const ix_pack *pack, const ix_pack_pair *pair)
{
    return segment_size(&pack->segment[pair->response[IX_CHOSEN]]) +
           segment_size(&pack->segment[pair->response[IX_REJECTED]]);
}

/* Pairs [first, last) of the pack, whose own segments follow each other: rewards and gradients. */
static void train_pairs(ix_pass *p, const float *w, float *dw, const ix_pack *pack, int32_t first, int32_t last,
                        const double (*reference)[IX_SIDES], const double *scale, ix_pair_result *result)
{
    int32_t begin = pack->pair[first].prompt[IX_CHOSEN], end = pack->pair[last - 1].response[IX_REJECTED] + 1;
    int64_t R = read_responses(p, w, pack, begin, end), at = 0;
    for (int32_t i = first; i < last; i++) {
        const ix_pack_pair *pair = &pack->pair[i];
        ix_reads_gradient out = {0};
        judge_responses(p, w, dw, pair, reference ? reference[i] : NULL, scale[i], &out, &result[i]);
        for (int side = 0; side < IX_SIDES; side++)
            for (int64_t n = segment_size(&pack->segment[pair->response[side]]); n > 0; n--)
                p->dlogp[at++] = out.logp[side];
    }
    IX_CONTRACT(at <= R);
    for (; at < R; at++) p->dlogp[at] = 0; /* rows that nobody reads */
    ix_model_logp_backward(p->model, w, dw, p->rows, p->targets, R, p->dlogp, p->dh);
}

/* As many pairs at a time as the head keeps logits for, at least one. */
static void train_logp(ix_pass *p, const float *w, float *dw, const ix_pack *pack, const double (*reference)[IX_SIDES],
                       const double *scale, ix_pair_result *result)
{
    int64_t room = ix_model_head_rows(p->model);
    for (int32_t first = 0, last = 0; first < pack->P; first = last) {
        int64_t R = 0;
        for (; last < pack->P; last++) {
            R += reads_of(pack, &pack->pair[last]);
            if (last > first && R > room) break;
        }
        train_pairs(p, w, dw, pack, first, last, reference, scale, result);
    }
}

/* The hidden states that the objective reads: computed, or known from before. */
static const float *hidden_states(ix_pass *p, const float *w, const ix_pack *pack, bool keep)
{
    bool some = !p->waste.last_block && !p->waste.head_rows, known = p->states && !p->waste.frozen_states;
    mark_reads(p, pack);
    if (known) {
        float *hidden = ix_model_states(p->model);
        if (ix_states_find(p->states, pack, p->read, hidden)) {
            p->spared.state_tokens += pack->N;
            return hidden;
        }
    }
    if (some) p->spared.block_rows += pack->N - rows_marked(p, pack);
    const float *hidden = ix_model_forward(p->model, w, pack, some ? p->read : NULL, keep);
    if (known) ix_states_keep(p->states, pack, p->read, hidden);
    return hidden;
}

static void run(ix_pass *p, const float *w, float *dw, const ix_pack *pack, const double (*reference)[IX_SIDES],
                const double *scale, ix_pair_result *result)
{
    IX_CONTRACT(pack->N <= p->tokens);
    enter(p, IX_PHASE_FORWARD);
    const float *hidden = hidden_states(p, w, pack, dw != NULL);
    meter(p, IX_PHASE_FORWARD);
    ix_read reads = reads_of_pass(p);
    p->spared.prompt_tokens += tokens_shared(pack);
    if (reads == IX_READ_RESPONSE_LOGP && !p->waste.head_rows) p->spared.head_rows += pack->N - rows_marked(p, pack);
    if (dw) memset(p->dh, 0, (size_t)(pack->N * p->D) * sizeof *p->dh);
    enter(p, IX_PHASE_HEAD);
    if (reads == IX_READ_LAST) judge_last(p, w, dw, pack, hidden, scale, result);
    else if (reads == IX_READ_MEAN) judge_mean(p, w, dw, pack, hidden, scale, result);
    else if (reads == IX_READ_VERDICT) judge_all_verdicts(p, w, dw, pack, scale, result);
    else if (dw) train_logp(p, w, dw, pack, reference, scale, result);
    else judge_logp(p, w, pack, reference, result);
    meter(p, IX_PHASE_HEAD);
    enter(p, IX_PHASE_BACKWARD);
    if (dw) ix_model_backward(p->model, w, dw, pack, p->dh);
    meter(p, IX_PHASE_BACKWARD);
}

void ix_pass_rewards(ix_pass *pass, const float *w, const ix_pack *pack, const double (*reference)[IX_SIDES],
                     ix_pair_result *result)
{
    run(pass, w, NULL, pack, reference, NULL, result);
}

void ix_pass_gradient(ix_pass *pass, const float *w, float *dw, const ix_pack *pack,
                      const double (*reference)[IX_SIDES], const double *scale, ix_pair_result *result)
{
    run(pass, w, dw, pack, reference, scale, result);
}

double ix_pass_language(ix_pass *p, const float *w, float *dw, const ix_pack *pack, const float *weight, double scale)
{
    int64_t R = 0;
    double loss = 0;
    for (int32_t s = 0; s < pack->S; s++)
        for (int32_t i = pack->segment[s].begin; i + 1 < pack->segment[s].end; i++, R++) {
            p->rows[R] = i;
            p->targets[R] = pack->token[i + 1];
        }
    enter(p, IX_PHASE_FORWARD);
    ix_model_forward(p->model, w, pack, NULL, dw != NULL);
    enter(p, IX_PHASE_HEAD);
    ix_model_logp(p->model, w, p->rows, p->targets, R, p->logp);
    for (int64_t i = 0; i < R; i++) {
        double by = weight ? (double)weight[p->rows[i] + 1] : 1;
        loss -= by * p->logp[i];
        p->dlogp[i] = -scale * by;
    }
    if (!dw) return loss;
    memset(p->dh, 0, (size_t)(pack->N * p->D) * sizeof *p->dh);
    ix_model_logp_backward(p->model, w, dw, p->rows, p->targets, R, p->dlogp, p->dh);
    enter(p, IX_PHASE_BACKWARD);
    ix_model_backward(p->model, w, dw, pack, p->dh);
    return loss;
}
