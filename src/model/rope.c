/* SPDX-License-Identifier: Apache-2.0 */
#include <sleef.h>

#include "model/folder.h"

/* Every rounding step is transformers': base ** (i / dim) is SLEEF's pow there too (torch on CPUs), scalar / tensor
 * is reciprocal times scalar. The C library's pow differs in the last bit of a few entries. */
static float plain(double theta, int i, int R)
{
    return 1.0f / Sleef_powf_u10((float)theta, (float)(2 * i) / (float)R);
}

/* Long waves are slowed down by `factor`, short ones stay, those between are mixed. */
static float llama3(float f, const ix_model_config *c)
{
    float factor = (float)c->rope_factor, low = (float)c->rope_low;
    float longest = (float)(c->rope_positions / c->rope_low), shortest = (float)(c->rope_positions / c->rope_high);
    float wave = 1.0f / f * 6.2831853071795864769f;

    if (wave > longest) return f / factor;
    if (wave < shortest) return f;
    float smooth = (1.0f / wave * (float)c->rope_positions - low) / (float)(c->rope_high - c->rope_low);
    return (1.0f - smooth) * f / factor + smooth * f;
}

int ix_rotated(const ix_model_config *c)
{
    int R = c->R ? c->R : c->K;
    return R + R % 2;
}

void ix_rope_inv_freq(float *inv_freq, const ix_model_config *c)
{
    int R = c->R ? c->R : c->K;
    for (int i = 0; i < ix_rotated(c) / 2; i++) {
        float f = plain(c->rope_theta, i, R);
        inv_freq[i] = c->rope == IX_ROPE_LLAMA3 ? llama3(f, c) : f;
    }
}
