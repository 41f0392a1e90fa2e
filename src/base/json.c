/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"

enum { FILE_MOST = 256 << 20, VALUES_MOST = 4000000 }; /* the largest tokenizers have 2 million */

static const size_t flags = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL;

/* No text has more values than it has brackets and commas outside of strings, and one. */
static int64_t most_values(const char *bytes, size_t size)
{
    int64_t n = 1;
    bool text = false;
    for (size_t i = 0; i < size; i++) {
        char c = bytes[i];
        if (text && c == '\\') i++;
        else if (c == '"') text = !text;
        else if (!text) n += c == ',' || c == '[' || c == '{';
    }
    return n;
}

static ix_status parse(json_t **out, const char *bytes, size_t size, const char *where, bool lines, size_t more)
{
    json_error_t error;
    *out = NULL;
    if (most_values(bytes, size) > VALUES_MOST)
        return ix_fail(IX_EINPUT, "%s: JSON: more than %d values", where, VALUES_MOST);
    *out = json_loadb(bytes, size, flags | more, &error);
    if (!*out && lines) return ix_fail(IX_EINPUT, "%s:%d:%d: JSON: %s", where, error.line, error.column, error.text);
    if (!*out) return ix_fail(IX_EINPUT, "%s:%d: JSON: %s", where, error.column, error.text);
    if (json_is_object(*out)) return IX_OK;
    json_decref(*out);
    *out = NULL;
    return ix_fail(IX_EINPUT, "%s: JSON: an object {...} is expected", where);
}

static ix_status open_file(json_t **out, const char *path, size_t more)
{
    char *text = NULL;
    size_t size;
    *out = NULL;
    ix_status rc = ix_file_read_most(path, FILE_MOST, &text, &size);
    if (rc == IX_OK) rc = parse(out, text, size, path, true, more);
    free(text);
    return rc;
}

ix_status ix_json_open(json_t **out, const char *path)
{
    return open_file(out, path, 0);
}

ix_status ix_json_open_reals(json_t **out, const char *path)
{
    return open_file(out, path, JSON_DECODE_INT_AS_REAL);
}

ix_status ix_json_parse(json_t **out, const char *bytes, size_t size, const char *where)
{
    return parse(out, bytes, size, where, false, 0);
}

/* NULL when the fallback is to be taken; *rc tells whether that is allowed. */
static const json_t *member(const json_t *object, const char *key, const char *where, bool required, ix_status *rc)
{
    const json_t *v = json_object_get(object, key);
    *rc = IX_OK;
    if (v && !json_is_null(v)) return v;
    if (required) *rc = ix_fail(IX_EINPUT, "%s: %s is missing", where, key);
    return NULL;
}

ix_status ix_json_int(const json_t *object, const char *key, const char *where, bool required, int64_t fallback,
                      int64_t *out)
{
    ix_status rc;
    const json_t *v = member(object, key, where, required, &rc);
    *out = fallback;
    if (!v) return rc;
    if (!json_is_integer(v)) return ix_fail(IX_EINPUT, "%s: %s must be a whole number", where, key);
    *out = json_integer_value(v);
    return IX_OK;
}

ix_status ix_json_real(const json_t *object, const char *key, const char *where, bool required, double fallback,
                       double *out)
{
    ix_status rc;
    const json_t *v = member(object, key, where, required, &rc);
    *out = fallback;
    if (!v) return rc;
    if (!json_is_number(v)) return ix_fail(IX_EINPUT, "%s: %s must be a number", where, key);
    *out = json_number_value(v);
    return IX_OK;
}

ix_status ix_json_bool(const json_t *object, const char *key, const char *where, bool required, bool fallback,
                       bool *out)
{
    ix_status rc;
    const json_t *v = member(object, key, where, required, &rc);
    *out = fallback;
    if (!v) return rc;
    if (!json_is_boolean(v)) return ix_fail(IX_EINPUT, "%s: %s must be true or false", where, key);
    *out = json_is_true(v);
    return IX_OK;
}

ix_status ix_json_text(const json_t *object, const char *key, const char *where, bool required, const char *fallback,
                       const char **out)
{
    ix_status rc;
    const json_t *v = member(object, key, where, required, &rc);
    *out = fallback;
    if (!v) return rc;
    if (!json_is_string(v)) return ix_fail(IX_EINPUT, "%s: %s must be a string", where, key);
    if (strlen(json_string_value(v)) != json_string_length(v))
        return ix_fail(IX_EINPUT, "%s: %s contains a zero character", where, key);
    *out = json_string_value(v);
    return IX_OK;
}
