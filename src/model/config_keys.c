/* SPDX-License-Identifier: Apache-2.0 */
#include "model/config_keys.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"

static const int heads_most = 1 << 12, head_most = 1 << 12, positions_most = 1 << 30;

ix_status ix_key_whole(const json_t *o, const char *key, const char *where, bool required, int fallback, int most,
                       int *out)
{
    int64_t n;
    ix_status rc = ix_json_int(o, key, where, required, fallback, &n);
    if (rc != IX_OK) return rc;
    if (n < 1 || n > most)
        return ix_fail(IX_EINPUT, "%s: %s: %lld is not between 1 and %d", where, key, (long long)n, most);
    *out = (int)n;
    return IX_OK;
}

ix_status ix_key_positive(const json_t *o, const char *key, const char *where, bool required, double fallback,
                          double most, double *out)
{
    ix_status rc = ix_json_real(o, key, where, required, fallback, out);
    if (rc != IX_OK) return rc;
    if (*out > 0 && *out <= most) return IX_OK;
    return ix_fail(IX_EINPUT, "%s: %s: %g is not above 0 and at most %g", where, key, *out, most);
}

/* --- what is not computed ------------------------------------------------------------------------- */

ix_status ix_key_refused(const json_t *o, const char *key, const char *where, const char *why)
{
    bool given;
    ix_status rc = ix_json_bool(o, key, where, false, false, &given);
    if (rc == IX_OK && given) rc = ix_fail(IX_EINPUT, "%s: %s: true is not supported: %s", where, key, why);
    return rc;
}

ix_status ix_key_only(const json_t *o, const char *key, const char *where, const char *only)
{
    const char *text;
    ix_status rc = ix_json_text(o, key, where, false, only, &text);
    if (rc == IX_OK && strcmp(text, only) != 0)
        rc = ix_fail(IX_EINPUT, "%s: %s: \"%.40s\" is not supported, only \"%s\"", where, key, text, only);
    return rc;
}

ix_status ix_key_one(const json_t *o, const char *key, const char *where)
{
    double x;
    ix_status rc = ix_json_real(o, key, where, false, 1, &x);
    if (rc == IX_OK && x != 1) rc = ix_fail(IX_EINPUT, "%s: %s: %g is not supported, only 1", where, key, x);
    return rc;
}

/* --- sizes and norms ------------------------------------------------------------------------------ */

ix_status ix_keys_heads(ix_model_config *c, const json_t *o, const char *where)
{
    ix_status rc = IX_OK;
    bool as_many = !c->G || json_is_null(json_object_get(o, "num_key_value_heads"));
    IX_TRY(ix_key_whole(o, "num_key_value_heads", where, false, as_many ? c->H : c->G, heads_most, &c->G));
    IX_NEED(c->H % c->G == 0, IX_EINPUT, "%s: num_key_value_heads: %d does not divide num_attention_heads %d", where,
            c->G, c->H);
    const json_t *explicit = json_object_get(o, "head_dim");
    IX_NEED((explicit && !json_is_null(explicit)) || c->K || c->D % c->H == 0, IX_EINPUT,
            "%s: num_attention_heads: %d does not divide hidden_size %d; give head_dim", where, c->H, c->D);
    int usual = c->K ? c->K : c->D >= c->H ? c->D / c->H : 1;
    IX_TRY(ix_key_whole(o, "head_dim", where, false, usual, head_most, &c->K));
    IX_NEED(c->K % 2 == 0, IX_EINPUT, "%s: the size of a head is %d; rotary positions need an even one", where, c->K);
done:
    return rc;
}

ix_status ix_key_eps(ix_model_config *c, const json_t *o, const char *key, const char *where)
{
    double eps;
    ix_status rc = ix_key_positive(o, key, where, false, (double)c->eps, 1, &eps);
    if (rc == IX_OK) c->eps = (float)eps;
    return rc;
}

/* --- rotary positions ----------------------------------------------------------------------------- */

static ix_status read_llama3(ix_model_config *c, const json_t *rope, const char *where)
{
    ix_status rc = IX_OK;
    c->rope = IX_ROPE_LLAMA3;
    IX_TRY(ix_key_positive(rope, "factor", where, true, 0, 1e6, &c->rope_factor));
    IX_NEED(c->rope_factor >= 1, IX_EINPUT, "%s: factor: %g is below 1", where, c->rope_factor);
    IX_TRY(ix_key_positive(rope, "low_freq_factor", where, true, 0, 1e6, &c->rope_low));
    IX_TRY(ix_key_positive(rope, "high_freq_factor", where, true, 0, 1e6, &c->rope_high));
    IX_NEED(c->rope_high > c->rope_low, IX_EINPUT, "%s: high_freq_factor: %g is not above low_freq_factor %g", where,
            c->rope_high, c->rope_low);
    IX_TRY(ix_key_whole(rope, "original_max_position_embeddings", where, true, 0, positions_most, &c->rope_positions));
done:
    return rc;
}

ix_status ix_keys_rope(ix_model_config *c, const json_t *o, const char *theta, const char *path)
{
    ix_status rc = IX_OK;
    const char *kind, *old;
    const json_t *rope = json_object_get(o, "rope_parameters");
    bool five = json_is_object(rope);
    char *where = ix_format("%s: %s", path, five ? "rope_parameters" : "rope_scaling");

    if (!five) rope = json_object_get(o, "rope_scaling");
    IX_TRY(ix_key_positive(five ? rope : o, five ? "rope_theta" : theta, five ? where : path, five, c->rope_theta, 1e15,
                           &c->rope_theta));
    if (!rope || json_is_null(rope)) goto done;
    IX_NEED(json_is_object(rope), IX_EINPUT, "%s must be an object or null", where);
    IX_TRY(ix_json_text(rope, "type", where, false, NULL, &old));
    IX_TRY(ix_json_text(rope, "rope_type", where, old == NULL && !five, old ? old : "default", &kind));
    IX_NEED(!old || !strcmp(old, kind), IX_EINPUT, "%s: type \"%.40s\" contradicts rope_type \"%.40s\"", where, old,
            kind);
    if (!strcmp(kind, "llama3")) IX_TRY(read_llama3(c, rope, where));
    else
        IX_NEED(!strcmp(kind, "default"), IX_EINPUT,
                "%s: rope_type: \"%.40s\" is not supported, only \"default\" and \"llama3\"", where, kind);
done:
    free(where);
    return rc;
}
