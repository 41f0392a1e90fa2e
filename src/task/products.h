/* SPDX-License-Identifier: Apache-2.0
 *
 * products.h - which products of matrices a model is made of, on this tensor rank. */
#ifndef IX_TASK_PRODUCTS_H
#define IX_TASK_PRODUCTS_H

#include "machine/machine.h"
#include "model/model.h"

/* Two kinds of a block's inputs and two of its outputs in the families that stand, and the head. */
enum { IX_MODEL_PRODUCTS = 8 };

/* The trunk's, adjacent matrices of the same input as the one product that they are, and the head's if `head`. Returns
 * how many kinds there are. Local. */
int ix_products_of(const ix_model *model, bool head, ix_product product[IX_MODEL_PRODUCTS]);

#endif
