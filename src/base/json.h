/* SPDX-License-Identifier: Apache-2.0
 *
 * json.h - reading other people's JSON (jansson) with errors that name the file and the place.
 *
 * Repeated keys are refused, U+0000 inside strings is accepted (use json_string_length). What would take memory beyond
 * reason is refused before it is taken: files above 256 MiB, more than 4 million values. Local. */
#ifndef IX_BASE_JSON_H
#define IX_BASE_JSON_H

#include <jansson.h>
#include <stdint.h>

#include "base/status.h"

/* A whole file, which must hold an object. Release with json_decref. */
ix_status ix_json_open(json_t **out, const char *path);

/* The same, but every number is read as a real one: for files that hold whole numbers beyond 64 bits, as the
 * model_max_length of tokenizer_config.json. */
ix_status ix_json_open_reals(json_t **out, const char *path);

/* `size` bytes, which must hold an object and nothing else; `where` names them in errors ("pairs.jsonl:17"). */
ix_status ix_json_parse(json_t **out, const char *bytes, size_t size, const char *where);

/* A member of `object`, checked: `where` and `key` go into the error. A missing key or null takes the
 * fallback if `required` is false, else it is an error. */
ix_status ix_json_int(const json_t *object, const char *key, const char *where, bool required, int64_t fallback,
                      int64_t *out);
ix_status ix_json_real(const json_t *object, const char *key, const char *where, bool required, double fallback,
                       double *out);
ix_status ix_json_bool(const json_t *object, const char *key, const char *where, bool required, bool fallback,
                       bool *out);
/* *out points into the object; the fallback may be NULL. Refuses strings that contain U+0000. */
ix_status ix_json_text(const json_t *object, const char *key, const char *where, bool required, const char *fallback,
                       const char **out);

#endif
