/* SPDX-License-Identifier: Apache-2.0
 *
 * probe_print.h - what was measured, for people. Local. */
#ifndef IX_APP_PROBE_PRINT_H
#define IX_APP_PROBE_PRINT_H

#include "machine/machine.h"

void ix_print_machine(const ix_machine *machine);

#endif
