/* SPDX-License-Identifier: Apache-2.0
 *
 * launcher.h - what a launcher (mpirun, srun) tells its processes through the environment, before message passing
 * starts or without it. Local. */
#ifndef IX_APP_LAUNCHER_H
#define IX_APP_LAUNCHER_H

#include <stdbool.h>

bool ix_launcher_alone(void); /* no launcher says anything */
int ix_launcher_rank(void);   /* 0 without a launcher */
int ix_launcher_size(void);   /* processes that it started; 0 without a launcher, or when it does not say */

#endif
