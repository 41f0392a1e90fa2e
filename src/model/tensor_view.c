/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers out of a mapped file: bytes of any alignment, little-endian as the format has them. */
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "model/safetensors.h"

enum { PIECE = 1 << 20 }; /* bytes of the map that a thread has in memory at a time */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "weight files are read in place: little-endian only");

static float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint16_t load16(const unsigned char *p)
{
    uint16_t x;
    memcpy(&x, p, sizeof x);
    return x;
}

static uint32_t load32(const unsigned char *p)
{
    uint32_t x;
    memcpy(&x, p, sizeof x);
    return x;
}

static uint64_t load64(const unsigned char *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof x);
    return x;
}

/* IEEE half to single, exact: sign, exponent and fraction move; a subnormal half is fraction * 2^-24. */
static float from_f16(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = (h >> 10) & 31, fraction = h & 0x3ff;
    if (exponent == 31) return float_of(sign | 0x7f800000 | fraction << 13);
    if (exponent) return float_of(sign | (exponent + 112) << 23 | fraction << 13);
    float size = (float)fraction * 0x1p-24f;
    return sign ? -size : size;
}

static void read_f16(float *out, const unsigned char *p, int64_t n)
{
    for (int64_t i = 0; i < n; i++) out[i] = from_f16(load16(p + 2 * i));
}

static void read_bf16(float *out, const unsigned char *p, int64_t n)
{
    for (int64_t i = 0; i < n; i++) out[i] = float_of((uint32_t)load16(p + 2 * i) << 16);
}

static void read_f64(float *out, const unsigned char *p, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        double x;
        memcpy(&x, p + 8 * i, sizeof x);
        out[i] = (float)x;
    }
}

static size_t width_of(const ix_tensor_view *t)
{
    return t->count ? t->size / (size_t)t->count : 1;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static const unsigned char *span(const ix_tensor_view *t, int64_t begin, int64_t count)
{
    IX_CONTRACT(begin >= 0 && count >= 0 && begin <= t->count && count <= t->count - begin);
    return t->bytes + (size_t)begin * width_of(t);
}

ix_status ix_tensor_check_f32(const ix_tensor_view *t)
{
    bool real =
        t->dtype == IX_DTYPE_F32 || t->dtype == IX_DTYPE_BF16 || t->dtype == IX_DTYPE_F16 || t->dtype == IX_DTYPE_F64;
    if (real) return IX_OK;
    return ix_fail(IX_EINPUT, "%s: tensor %s: dtype %s where F32, F16, BF16 or F64 is wanted", t->path, t->name,
                   ix_dtype_name(t->dtype));
}

static void read_piece(const ix_tensor_view *t, const unsigned char *p, int64_t count, float *out)
{
    if (t->dtype == IX_DTYPE_F32) memcpy(out, p, (size_t)count * sizeof *out);
    else if (t->dtype == IX_DTYPE_BF16) read_bf16(out, p, count);
    else if (t->dtype == IX_DTYPE_F16) read_f16(out, p, count);
    else read_f64(out, p, count);
}

ix_status ix_tensor_read_f32(const ix_tensor_view *t, int64_t begin, int64_t count, float *out)
{
    const unsigned char *p = span(t, begin, count);
    size_t width = width_of(t);
    int64_t most = PIECE / (int64_t)width;
    ix_status rc = count ? ix_tensor_check_f32(t) : IX_OK;
    for (int64_t at = 0; rc == IX_OK && at < count; at += most) {
        int64_t n = smaller(count - at, most);
        read_piece(t, p + (size_t)at * width, n, out + at);
        ix_map_forget(p, (size_t)(at + n) * width); /* all so far: looking at a page brings its neighbours back */
    }
    return rc;
}

ix_status ix_tensor_read_i32(const ix_tensor_view *t, int64_t begin, int64_t count, int32_t *out)
{
    const unsigned char *p = span(t, begin, count);
    if (!count) return IX_OK;
    if (t->dtype == IX_DTYPE_I32) {
        memcpy(out, p, (size_t)count * sizeof *out);
        return IX_OK;
    }
    if (t->dtype != IX_DTYPE_I64)
        return ix_fail(IX_EINPUT, "%s: tensor %s: dtype %s where I32 or I64 is wanted", t->path, t->name,
                       ix_dtype_name(t->dtype));
    for (int64_t i = 0; i < count; i++) {
        int64_t x = (int64_t)load64(p + 8 * i);
        if (x < INT32_MIN || x > INT32_MAX)
            return ix_fail(IX_EINPUT, "%s: tensor %s: element %lld is %lld, which 32 bits cannot hold", t->path,
                           t->name, (long long)(begin + i), (long long)x);
        out[i] = (int32_t)x;
    }
    return IX_OK;
}

/* All exponent bits set: NaN or infinity. F8_E4M3 has no infinity, its NaN is all ones. */
static bool element_finite(ix_dtype dtype, const unsigned char *p)
{
    if (dtype == IX_DTYPE_F32) return (load32(p) & 0x7f800000) != 0x7f800000;
    if (dtype == IX_DTYPE_BF16) return (load16(p) & 0x7f80) != 0x7f80;
    if (dtype == IX_DTYPE_F16) return (load16(p) & 0x7c00) != 0x7c00;
    if (dtype == IX_DTYPE_F64) return (load64(p) & 0x7ff0000000000000) != 0x7ff0000000000000;
    if (dtype == IX_DTYPE_F8_E5M2) return (*p & 0x7c) != 0x7c;
    if (dtype == IX_DTYPE_F8_E4M3) return (*p & 0x7f) != 0x7f;
    return true;
}

/* Is one of n F32 numbers not finite? Without a branch in the loop: weights of gigabytes are looked at. */
static bool any_infinite(const unsigned char *p, int64_t n)
{
    uint32_t any = 0;
    for (int64_t i = 0; i < n; i++) any |= (load32(p + 4 * i) & 0x7f800000) == 0x7f800000;
    return any != 0;
}

static int64_t first_infinite(const ix_tensor_view *t, int64_t begin, int64_t end)
{
    size_t width = width_of(t);
    if (t->dtype == IX_DTYPE_F32 && !any_infinite(t->bytes + (size_t)begin * width, end - begin)) return end;
    for (int64_t i = begin; i < end; i++)
        if (!element_finite(t->dtype, t->bytes + (size_t)i * width)) return i;
    return end;
}

bool ix_tensor_finite(const ix_tensor_view *t, int64_t *at)
{
    size_t width = width_of(t);
    int64_t most = PIECE / (int64_t)width;
    for (int64_t i = 0; i < t->count; i += most) {
        int64_t end = i + smaller(t->count - i, most), bad = first_infinite(t, i, end);
        ix_map_forget(t->bytes, (size_t)end * width);
        if (bad == end) continue;
        if (at) *at = bad;
        return false;
    }
    return true;
}

bool ix_tensor_equal(const ix_tensor_view *a, const ix_tensor_view *b)
{
    if (a->dtype != b->dtype || a->size != b->size || a->count != b->count) return false;
    for (size_t at = 0; at < a->size; at += PIECE) {
        size_t n = a->size - at < PIECE ? a->size - at : PIECE;
        if (memcmp(a->bytes + at, b->bytes + at, n) != 0) return false;
        ix_map_forget(a->bytes, at + n);
        ix_map_forget(b->bytes, at + n);
    }
    return true;
}
