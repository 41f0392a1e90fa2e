/* SPDX-License-Identifier: Apache-2.0
 *
 * claims_store.h - claims and their sheets into a result: the groups /claims and /sheets (store/result.h). Any task may
 * state claims. Not for use outside src/task. */
#ifndef IX_TASK_CLAIMS_STORE_H
#define IX_TASK_CLAIMS_STORE_H

#include "store/result.h"
#include "theory/claims.h"

ix_status ix_claims_store(const ix_claims *claims, ix_result *result); /* Local */

#endif
