/* SPDX-License-Identifier: Apache-2.0
 *
 * config_keys.h - what families read from config.json and write into it: keys with bounds, errors that name the key.
 * A key that is absent or null leaves what stands in the ix_model_config, which begins as the family's defaults, unless
 * a function says otherwise. `where` is the file's path. Not for use outside src/model. */
#ifndef IX_MODEL_CONFIG_KEYS_H
#define IX_MODEL_CONFIG_KEYS_H

#include "base/json.h"

#include "model/folder.h"

/* A whole number from 1 to `most`; a number above 0 up to `most`. */
ix_status ix_key_whole(const json_t *o, const char *key, const char *where, bool required, int fallback, int most,
                       int *out);
ix_status ix_key_positive(const json_t *o, const char *key, const char *where, bool required, double fallback,
                          double most, double *out);

/* What is not computed is refused by name: a truth that is true, a text other than the only one, a number other than 1.
 */
ix_status ix_key_refused(const json_t *o, const char *key, const char *where, const char *why);
ix_status ix_key_only(const json_t *o, const char *key, const char *where, const char *only);
ix_status ix_key_one(const json_t *o, const char *key, const char *where);

/* num_key_value_heads (null: as many as heads; absent: c->G, or as many) and head_dim (default: width / heads, or
 * c->K). */
ix_status ix_keys_heads(ix_model_config *c, const json_t *o, const char *where);
ix_status ix_key_eps(ix_model_config *c, const json_t *o, const char *key, const char *where);
/* transformers 4 has the base under `theta` and rope_scaling, with "type" for "rope_type" in old files; transformers 5
 * has both in rope_parameters. */
ix_status ix_keys_rope(ix_model_config *c, const json_t *o, const char *theta, const char *where);

/* Adds the keys of `more`, which is released; false when there is no memory. */
bool ix_keys_write(json_t *o, json_t *more);
bool ix_keys_write_rope(json_t *o, const char *theta, const ix_model_config *c);
double ix_key_decimal(float x); /* the decimal with the fewest digits that is still x: 1e-05 */

/* The whole of config.json; NULL when there is no memory. */
json_t *ix_config_json(const ix_model_config *c, const char *architecture);

#endif
