/* SPDX-License-Identifier: Apache-2.0
 *
 * vector.h - eight floats at a time, in GCC's vector extension. exp and the normal distribution are our own, so that
 * they are inlined into loops; tanh is SLEEF's (1 ulp). Everything is deterministic. Not for use outside src/tensor. */
#ifndef IX_TENSOR_VECTOR_H
#define IX_TENSOR_VECTOR_H

#include <math.h>
#include <sleef.h>
#include <stdint.h>
#include <string.h>

typedef float v4 __attribute__((vector_size(16)));
typedef float v8 __attribute__((vector_size(32)));
typedef double d4 __attribute__((vector_size(32)));
typedef int32_t i8 __attribute__((vector_size(32)));
typedef uint32_t u8 __attribute__((vector_size(32)));

static inline v8 v8_load(const float *p)
{
    v8 x;
    memcpy(&x, p, sizeof x);
    return x;
}

static inline void v8_store(float *p, v8 x)
{
    memcpy(p, &x, sizeof x);
}

/* The first n < 8 of a vector, for the end of a row; what lies behind is 0. */
static inline v8 v8_load_some(const float *p, int64_t n)
{
    float x[8] = {0};
    memcpy(x, p, (size_t)n * sizeof *x);
    return v8_load(x);
}

static inline void v8_store_some(float *p, v8 x, int64_t n)
{
    memcpy(p, &x, (size_t)n * sizeof *p);
}

static inline v8 v8_all(float x)
{
    return (v8){x, x, x, x, x, x, x, x};
}

/* a b + c, rounded once where the machine can (contraction is off, so that nothing else is). */
static inline v8 v8_fma(v8 a, v8 b, v8 c)
{
#if defined(__FMA__)
    return (v8)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#else
    return a * b + c;
#endif
}

/* Four floats in double. */
static inline d4 d4_load(const float *p)
{
    v4 x;
    memcpy(&x, p, sizeof x);
#if defined(__AVX2__)
    return (d4)_mm256_cvtps_pd((__m128)x); /* gcc 12 makes two conversions of the line below */
#else
    return __builtin_convertvector(x, d4);
#endif
}

static inline double d4_sum(d4 x)
{
    return (x[0] + x[2]) + (x[1] + x[3]);
}

/* The sum of the lanes in one fixed order, in double. */
static inline double v8_sum(v8 x)
{
    float lane[8];
    v8_store(lane, x);
    d4 s = d4_load(lane) + d4_load(lane + 4);
    return (s[0] + s[1]) + (s[2] + s[3]);
}

/* a > b ? a : b and a < b ? a : b in every lane: b where either is NaN. */
#if defined(__AVX2__)
static inline v8 v8_max(v8 a, v8 b)
{
    return (v8)_mm256_max_ps((__m256)a, (__m256)b);
}
static inline v8 v8_min(v8 a, v8 b)
{
    return (v8)_mm256_min_ps((__m256)a, (__m256)b);
}
#else
static inline v8 v8_max(v8 a, v8 b)
{
    i8 first = a > b;
    return (v8)((first & (i8)a) | (~first & (i8)b));
}
static inline v8 v8_min(v8 a, v8 b)
{
    i8 first = a < b;
    return (v8)((first & (i8)a) | (~first & (i8)b));
}
#endif

static inline float v8_largest(v8 x)
{
    float lane[8];
    v8_store(lane, x);
    for (int n = 4; n > 0; n /= 2)
        for (int i = 0; i < n; i++) lane[i] = lane[i] > lane[i + n] ? lane[i] : lane[i + n];
    return lane[0];
}

/* exp x = 2^n exp(r) with n = round(x / ln 2), |r| <= ln 2 / 2, and the polynomial of degree 6 for exp(r) that is best
 * in relative error (3.1e-9). Within 1.5 ulp (tests/tensor/test_vector.c); 0 below exp(-86.98), infinity above FLT_MAX,
 * NaN for NaN. */
static inline v8 v8_exp(v8 x)
{
    static const float exp_terms[5] = {0.499999934f, 0.166665204f, 4.16683908e-2f, 8.36874514e-3f, 1.38145401e-3f};
    const float log2e = 1.44269504f, high = 0.693145752f, low = 1.42860677e-6f; /* ln 2 = high + low */
    const float round = 12582912;                                               /* 1.5 * 2^23 */
    x = v8_min(v8_all(89), v8_max(v8_all(-87), x));
    v8 shifted = v8_fma(x, v8_all(log2e), v8_all(round)), n = shifted - round;
    v8 r = v8_fma(n, v8_all(-low), v8_fma(n, v8_all(-high), x)), q = v8_all(exp_terms[4]);
    for (int i = 3; i >= 0; i--) q = v8_fma(q, r, v8_all(exp_terms[i]));
    u8 power = ((u8)shifted + 126) << 23; /* 2^(n-1): n = 128 must not overflow here; its low bits hold n */
    return (v8_fma(q, r * r, r) + 1) * (v8)power * 2;
}

/* The share of a normal distribution below x; *e becomes exp(-x^2 / 2). With t = |x|, r = 1 / (t + 5/2) and
 * u = (t - 5/2) r, the share below -t is e r P(u), P of degree 9 being best in relative error (1.5e-8) up to 13.3,
 * where e has become 0 (the change of variable is that of Shepherd and Laframboise 1981). Within 2.5e-7, below -1
 * relative to its own size but for the rounding of x^2 / 2 (tests/tensor/test_vector.c). */
static inline v8 v8_normal(v8 x, v8 *e)
{
    static const float P[10] = {0.706656635f,    -0.433692008f,  0.131986931f,    0.00923605263f,   -0.0163854938f,
                                -0.00160146167f, 0.00252117333f, 0.000684232626f, -0.000308226561f, -0.000155783826f};
    v8 t = v8_min(v8_all(14), (v8)((u8)x & 0x7fffffffu)), r = 1 / (t + 2.5f), u = (t - 2.5f) * r, p = v8_all(P[9]);
    for (int i = 8; i >= 0; i--) p = v8_fma(p, u, v8_all(P[i]));
    *e = v8_exp(-0.5f * x * x);
    v8 q = *e * r * p;
    i8 left = x < 0;
    return (v8)((left & (i8)q) | (~left & (i8)(1 - q)));
}

#if defined(__AVX2__)
static inline v8 v8_tanh(v8 x)
{
    return (v8)Sleef_tanhf8_u10avx2((__m256)x);
}
#else
static inline v8 v8_tanh(v8 x)
{
    for (int i = 0; i < 8; i++) x[i] = Sleef_tanhf_u10(x[i]);
    return x;
}
#endif

#endif
