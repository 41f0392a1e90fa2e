/* SPDX-License-Identifier: Apache-2.0
 *
 * safetensors.h - reading weight files in place, and writing them.
 *
 * Format: https://huggingface.co/docs/safetensors: u64 header length, JSON header, bytes. A file is believed only
 * after its header was checked: length at most 100 MB and inside the file, no repeated key, known dtype, shape times
 * element size equal to the byte range (with overflow checks), ranges that cover the data without overlap or hole.
 * Nothing is assumed about alignment. Every error is IX_EINPUT and names the file and the tensor. Local. */
#ifndef IX_MODEL_SAFETENSORS_H
#define IX_MODEL_SAFETENSORS_H

#include <stdint.h>

#include "base/status.h"

/* constant, name in the file, bytes per element */
#define IX_DTYPES(P)         \
    P(BOOL, "BOOL", 1)       \
    P(U8, "U8", 1)           \
    P(I8, "I8", 1)           \
    P(F8_E5M2, "F8_E5M2", 1) \
    P(F8_E4M3, "F8_E4M3", 1) \
    P(I16, "I16", 2)         \
    P(U16, "U16", 2)         \
    P(F16, "F16", 2)         \
    P(BF16, "BF16", 2)       \
    P(I32, "I32", 4)         \
    P(U32, "U32", 4)         \
    P(F32, "F32", 4)         \
    P(F64, "F64", 8)         \
    P(I64, "I64", 8)         \
    P(U64, "U64", 8)

typedef enum {
#define P(name, text, bytes) IX_DTYPE_##name,
    IX_DTYPES(P)
#undef P
        IX_DTYPE_COUNT
} ix_dtype;

#define IX_TENSOR_DIMS 8

typedef struct {
    const char *name;
    const char *path; /* the file that holds it */
    ix_dtype dtype;
    int dims; /* 0: a single number */
    int64_t shape[IX_TENSOR_DIMS];
    int64_t count;              /* elements */
    const unsigned char *bytes; /* in the mapped file, of any alignment */
    size_t size;                /* bytes */
} ix_tensor_view;

typedef struct ix_safetensors ix_safetensors;

/* A model folder: model.safetensors or, as transformers does, else model.safetensors.index.json with its shards.
 * Every shard must exist, and hold exactly the tensors that the index promises there. */
ix_status ix_safetensors_open(ix_safetensors **out, const char *folder);
ix_status ix_safetensors_open_file(ix_safetensors **out, const char *path);
void ix_safetensors_close(ix_safetensors **file); /* NULL is fine; leaves *file NULL; views die with it */

/* Sorted by name (bytes). */
int ix_safetensors_count(const ix_safetensors *file);
const ix_tensor_view *ix_safetensors_at(const ix_safetensors *file, int i);
const ix_tensor_view *ix_safetensors_find(const ix_safetensors *file, const char *name); /* NULL if none */

/* The files that were mapped, in order of their names. */
int ix_safetensors_files(const ix_safetensors *file);
const char *ix_safetensors_path(const ix_safetensors *file, int i);

const char *ix_dtype_name(ix_dtype dtype);

/* Elements [begin, begin + count) in row-major order; contract: inside the tensor. F32, F16 and BF16 are exact, F64
 * is rounded; any other dtype is IX_EINPUT. Here and below a thread has about a MiB of the file in memory at a time. */
ix_status ix_tensor_read_f32(const ix_tensor_view *t, int64_t begin, int64_t count, float *out);
ix_status ix_tensor_check_f32(const ix_tensor_view *t); /* may it be read so? */
/* The same for I32 and, where the values fit, I64. */
ix_status ix_tensor_read_i32(const ix_tensor_view *t, int64_t begin, int64_t count, int32_t *out);

/* Is no element NaN or infinite? If one is and `at` is not NULL, *at is the first. Whole-number types are finite. */
bool ix_tensor_finite(const ix_tensor_view *t, int64_t *at);

/* Are dtype and bytes the same? */
bool ix_tensor_equal(const ix_tensor_view *a, const ix_tensor_view *b);

typedef struct {
    const char *name; /* UTF-8 */
    int dims;
    int64_t shape[IX_TENSOR_DIMS];
    const float *data;    /* contiguous */
    const uint16_t *bf16; /* in place of data: it is written as BF16 */
} ix_tensor_out;

/* Writes tensors, those of F32 before those of BF16, in the order of their names with __metadata__ {"format": "pt"}:
 * byte for byte what Python's safetensors.torch.save_file writes. Streams beside `path`, syncs, renames: the old file
 * stays whole on failure. */
ix_status ix_safetensors_write(const char *path, const ix_tensor_out *tensors, int count);

#endif
