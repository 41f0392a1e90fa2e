/* SPDX-License-Identifier: Apache-2.0
 *
 * Every number of the reference cases of all families: logits, hidden states, rewards, losses, gradients, 20 AdamW
 * steps. The tolerances are those of the oracle's own description: 5 to 10 times what float32 PyTorch shows against
 * float64. */
#include "case.h"
#include "optim/optimizer.h"
#include "tensor/tensor.h"

static void check_states(oracle *o)
{
    const ix_model_config *c = ix_model_config_of(o->model);
    int64_t D = c->D, V = c->V, n;
    ix_pack *pack;
    if (!ix_safetensors_find(o->cases, "hidden")) return; /* a classifier's rewards are enough */
    CHECK_OK(ix_pack_create(&pack, o->T, 2 * CASE_PAIRS, 0));
    const int32_t *at = o->ids;
    for (int i = 0; i < CASE_PAIRS; i++)
        for (int s = 0; s < IX_SIDES; s++) {
            int32_t size = o->pair[i].prompt_size + o->pair[i].response_size[s];
            ix_pack_add_document(pack, at, size);
            at += size;
        }
    const float *h = ix_model_forward(o->model, o->w, pack, NULL, false);
    float *hidden = case_floats(o->cases, "hidden", &n), *logits = case_floats(o->cases, "logits", NULL);
    float *z = malloc((size_t)(o->T * V) * sizeof *z);
    assert_int_equal(n, o->T * D);
    CHECK_NEAR(check_worst(h, hidden, n), 0, 1e-4);
    ix_gemm_ref(z, V, false, h, D, false, case_head(o), D, true, o->T, V, D);
    if (c->logit_cap > 0) ix_softcap_ref(z, c->logit_cap, o->T * V);
    CHECK_NEAR(check_worst(z, logits, o->T * V), 0, 2e-4);
    free(z);
    free(hidden);
    free(logits);
    ix_pack_destroy(&pack);
}

static bool reads_logp(const case_row *r)
{
    return ix_objective_find(r->objective)->reads == IX_READ_RESPONSE_LOGP;
}

/* The pass, the reference log-probabilities under ref/, and the mean loss and gradient of all pairs. */
static double mean_loss(oracle *o, const case_row *r, const float *ref, bool share, float *dw, ix_pair_result *result)
{
    ix_pass *pass, *judge;
    ix_pack *pack = case_pack(o, share);
    double reference[CASE_PAIRS][IX_SIDES], scale[CASE_PAIRS], loss = 0;
    CHECK_OK(ix_pass_create(&judge, NULL, NULL, o->model, o->T, NULL));
    if (ix_objective_find(r->objective)->needs_reference) ix_pass_rewards(judge, ref, pack, NULL, result);
    for (int i = 0; i < CASE_PAIRS; i++) {
        memcpy(reference[i], result[i].logp, sizeof reference[i]);
        scale[i] = 1.0 / CASE_PAIRS;
    }
    CHECK_OK(ix_pass_create(&pass, ix_objective_find(r->objective), &r->settings, o->model, o->T, NULL));
    const double(*given)[IX_SIDES] = r->alone ? NULL : (const double(*)[IX_SIDES])reference;
    if (dw) ix_pass_gradient(pass, o->w, dw, pack, given, scale, result);
    else ix_pass_rewards(pass, o->w, pack, given, result);
    for (int i = 0; i < CASE_PAIRS; i++) loss += result[i].loss / CASE_PAIRS;
    ix_pass_destroy(&pass);
    ix_pass_destroy(&judge);
    ix_pack_destroy(&pack);
    return loss;
}

static void check_rewards(oracle *o, const case_row *r)
{
    ix_pair_result result[CASE_PAIRS] = {0};
    char name[64];
    snprintf(name, sizeof name, "rewards.%s", r->key);
    float *want = case_floats(o->cases, name, NULL);
    float *logp = reads_logp(r) ? case_floats(o->cases, "logp_theta", NULL) : NULL;
    double loss = mean_loss(o, r, o->ref, true, NULL, result);
    double meta = json_real_value(json_object_get(json_object_get(o->meta, "loss"), r->key));
    CHECK_NEAR(loss, meta, r->relative > 0 ? r->relative * fabs(meta) : r->loss);
    for (int i = 0; i < 2 * CASE_PAIRS; i++) {
        CHECK_NEAR(result[i / 2].reward[i % 2], want[i], r->rewards);
        if (logp) CHECK_NEAR(result[i / 2].logp[i % 2], logp[i], 5e-4);
    }
    free(want);
    free(logp);
}

static void check_gradient(oracle *o, const case_row *r, bool share)
{
    const ix_params *t = ix_model_params(o->model);
    ix_pair_result result[CASE_PAIRS] = {0};
    ix_safetensors *file;
    char name[64];
    double worst = 0, largest = 0;
    snprintf(name, sizeof name, "grads.%s.safetensors", r->file);
    CHECK_OK(ix_safetensors_open_file(&file, case_path(o, name)));
    memset(o->dw, 0, (size_t)o->floats * sizeof *o->dw);
    mean_loss(o, r, o->ref, share, o->dw, result);
    for (int i = 0; i < t->count; i++) {
        const ix_param *p = &t->param[i];
        float *got = o->dw + p->offset;
        float *want = ix_safetensors_find(file, p->name) ? case_floats(file, p->name, NULL)
                                                         : calloc((size_t)ix_param_size(p), sizeof *want);
        double off = check_worst(got, want, ix_param_size(p)), big = check_largest(want, ix_param_size(p));
        if (off > worst) worst = off;
        if (big > largest) largest = big;
        free(want);
    }
    /* twins at their own reference, as in the bf16 case, still have a gradient for im_rm */
    assert_true(largest > 0);
    CHECK_NEAR(worst / largest, 0, 5e-5);
    ix_safetensors_close(&file);
}

static void check_adamw(oracle *o, const case_row *r)
{
    json_t *losses = json_object_get(json_object_get(o->meta, "trajectory_loss"), r->key);
    if (!losses) return;
    const ix_params *t = ix_model_params(o->model);
    ix_optimizer_settings s = {.learning_rate = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8};
    ix_pair_result result[CASE_PAIRS] = {0};
    ix_optimizer *adam;
    ix_safetensors *file;
    char name[64];
    int64_t far = 0, all = 0;
    float *start = malloc((size_t)o->floats * sizeof *start);
    memcpy(start, o->w, (size_t)o->floats * sizeof *start);
    CHECK_OK(ix_optimizer_create(&adam, ix_rule_find("adamw"), &s, (ix_span){0, o->floats}));
    for (size_t step = 0; step <= 20; step++) {
        memset(o->dw, 0, (size_t)o->floats * sizeof *o->dw);
        double loss = mean_loss(o, r, start, true, o->dw, result);
        CHECK_NEAR(loss, json_real_value(json_array_get(losses, step)), r->loss);
        if (step < 20) ix_optimizer_step(adam, o->w, o->dw, 1, 1e-3);
    }
    snprintf(name, sizeof name, "adamw20.%s.safetensors", r->file);
    CHECK_OK(ix_safetensors_open_file(&file, case_path(o, name)));
    for (int i = 0; i < ix_safetensors_count(file); i++) {
        const ix_tensor_view *v = ix_safetensors_at(file, i);
        int p = ix_params_find(t, v->name);
        assert_true(p >= 0);
        float *want = case_floats(file, v->name, NULL);
        for (int64_t k = 0; k < v->count; k++, all++)
            far += fabs((double)o->w[t->param[p].offset + k] - (double)want[k]) > 1e-4;
        free(want);
    }
    CHECK_NEAR((double)far / (double)all, 0, 0.005);
    memcpy(o->w, start, (size_t)o->floats * sizeof *start);
    ix_safetensors_close(&file);
    ix_optimizer_destroy(&adam);
    free(start);
}

static void check_case(const char *folder)
{
    oracle o;
    printf("%s\n", folder);
    case_open(&o, folder);
    check_states(&o);
    for (size_t i = 0; i < sizeof case_rows / sizeof *case_rows; i++) {
        if (!case_has(&o, &case_rows[i])) continue;
        check_rewards(&o, &case_rows[i]);
        for (int share = 0; share < 2; share++) {
            char name[64];
            snprintf(name, sizeof name, "grads.%s.safetensors", case_rows[i].file);
            FILE *f = fopen(case_path(&o, name), "rb");
            if (!f) continue;
            fclose(f);
            check_gradient(&o, &case_rows[i], share);
        }
        check_adamw(&o, &case_rows[i]);
    }
    case_close(&o);
}

static void golden_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof case_golden / sizeof *case_golden; i++) {
        char folder[2048];
        snprintf(folder, sizeof folder, "%s/tests/golden/%s", IX_SOURCE_DIR, case_golden[i]);
        check_case(folder);
    }
}

static void outside_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof case_outside / sizeof *case_outside; i++) {
        char folder[2048];
        if (!case_find_outside(folder, sizeof folder, case_outside[i])) {
            skip();
            return;
        }
        check_case(folder);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(golden_cases), cmocka_unit_test(outside_cases)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
