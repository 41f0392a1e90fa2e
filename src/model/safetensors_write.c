/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "model/safetensors.h"

static ix_status count_of(const ix_tensor_out *t, int64_t *count, const char *path)
{
    IX_CONTRACT(t->dims >= 0 && t->dims <= IX_TENSOR_DIMS);
    *count = 1;
    for (int d = 0; d < t->dims; d++) {
        IX_CONTRACT(t->shape[d] >= 0);
        if (__builtin_mul_overflow(*count, t->shape[d], count) || *count > INT64_MAX / 8)
            return ix_fail(IX_EINPUT, "%s: tensor %s: the shape's product overflows", path, t->name);
    }
    return IX_OK;
}

static int64_t width_of(const ix_tensor_out *t)
{
    return t->bf16 ? 2 : 4;
}

/* {"dtype":"F32","shape":[...],"data_offsets":[begin,end]}; moves *at to end. NULL when there is no memory. */
static json_t *entry_of(const ix_tensor_out *t, int64_t count, int64_t *at)
{
    json_t *shape = json_array();
    for (int d = 0; shape && d < t->dims; d++) json_array_append_new(shape, json_integer(t->shape[d]));
    int64_t begin = *at;
    *at += count * width_of(t);
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", t->bf16 ? "BF16" : "F32", "shape", shape, "data_offsets",
                     (json_int_t)begin, (json_int_t)*at);
}

static ix_status header_of(json_t *header, const ix_tensor_out **order, int count, const char *path)
{
    ix_status rc = IX_OK;
    int64_t at = 0, n;

    IX_NEED(json_object_set_new(header, "__metadata__", json_pack("{s:s}", "format", "pt")) == 0, IX_ENOMEM,
            "%s: out of memory", path);
    for (int i = 0; i < count; i++) {
        const ix_tensor_out *t = order[i];
        IX_NEED(!json_object_get(header, t->name), IX_EINPUT, "%s: tensor %s is given twice", path, t->name);
        IX_TRY(count_of(t, &n, path));
        IX_NEED(at <= INT64_MAX / 2 - n * 4, IX_EINPUT, "%s: tensor %s: the file would be too large", path, t->name);
        IX_NEED(json_object_set_new(header, t->name, entry_of(t, n, &at)) == 0, IX_EINPUT,
                "%s: tensor \"%s\": the name is not UTF-8", path, t->name);
    }
done:
    return rc;
}

static ix_status put(FILE *fp, const void *bytes, size_t size, const char *path)
{
    if (size == 0 || fwrite(bytes, 1, size, fp) == size) return IX_OK;
    return ix_fail(IX_EIO, "%s: %s", path, strerror(errno));
}

static ix_status put_header(FILE *fp, const json_t *header, const char *path)
{
    ix_status rc = IX_OK;
    unsigned char length[8];
    char *text = json_dumps(header, JSON_COMPACT);

    IX_NEED(text, IX_ENOMEM, "%s: out of memory", path);
    size_t size = strlen(text), padded = (size + 7) / 8 * 8;
    for (int i = 0; i < 8; i++) length[i] = (unsigned char)(padded >> 8 * i);
    IX_TRY(put(fp, length, sizeof length, path));
    IX_TRY(put(fp, text, size, path));
    IX_TRY(put(fp, "       ", padded - size, path));
done:
    free(text);
    return rc;
}

static ix_status put_all(FILE *fp, const json_t *header, const ix_tensor_out **order, int count, const char *path)
{
    ix_status rc = IX_OK;
    int64_t n;

    IX_TRY(put_header(fp, header, path));
    for (int i = 0; i < count; i++) {
        IX_TRY(count_of(order[i], &n, path));
        const void *numbers = order[i]->bf16 ? (const void *)order[i]->bf16 : order[i]->data;
        IX_TRY(put(fp, numbers, (size_t)(n * width_of(order[i])), path));
    }
    IX_NEED(fflush(fp) == 0, IX_EIO, "%s: %s", path, strerror(errno));
done:
    return rc;
}

/* As the format's own writer: wide numbers first. */
static int by_name(const void *a, const void *b)
{
    const ix_tensor_out *const *s = a, *const *t = b;
    if (!(*s)->bf16 != !(*t)->bf16) return (*s)->bf16 ? 1 : -1;
    return strcmp((*s)->name, (*t)->name);
}

ix_status ix_safetensors_write(const char *path, const ix_tensor_out *tensors, int count)
{
    ix_status rc = IX_OK;
    char temporary[4096] = "";
    FILE *fp = NULL;
    json_t *header = json_object();
    const ix_tensor_out **order = calloc((size_t)count + 1, sizeof *order);

    IX_NEED(header && order, IX_ENOMEM, "%s: out of memory", path);
    for (int i = 0; i < count; i++) order[i] = &tensors[i];
    qsort(order, (size_t)count, sizeof *order, by_name);
    IX_TRY(header_of(header, order, count, path));
    ix_file_sweep(path);
    IX_TRY(ix_file_temporary(path, temporary, sizeof temporary));
    IX_NEED(fp = fopen(temporary, "wb"), IX_EIO, "%s: %s", temporary, strerror(errno));
    IX_TRY(put_all(fp, header, order, count, temporary));
    int closed = fclose(fp);
    fp = NULL;
    IX_NEED(closed == 0, IX_EIO, "%s: %s", temporary, strerror(errno));
    IX_TRY(ix_file_commit(temporary, path));
done:
    if (fp) fclose(fp);
    if (rc != IX_OK && temporary[0]) unlink(temporary);
    json_decref(header);
    free(order);
    return rc;
}
