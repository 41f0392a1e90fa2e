/* SPDX-License-Identifier: Apache-2.0 */
#include "model/parts.h"

void ix_linear_forward(const ix_run *r, const ix_linear *l, float *y, bool add, const float *x)
{
    ix_gemm(y, l->out, add, x, l->in, false, ix_row(r, l->weight), l->in, true, r->N, l->out, l->in);
}

void ix_linear_backward(const ix_run *r, const ix_linear *l, float *dx, const float *dy, const float *x)
{
    ix_gemm(dx, l->in, false, dy, l->out, false, ix_row(r, l->weight), l->in, false, r->N, l->in, l->out);
    ix_gemm(ix_drow(r, l->weight), l->in, true, dy, l->out, true, x, l->in, false, l->out, l->in, r->N);
}
