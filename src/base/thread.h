/* SPDX-License-Identifier: Apache-2.0
 *
 * thread.h - a thread beside the main one that no signal ever finds: signals are for the main thread (base/stop.h).
 * Local. */
#ifndef IX_BASE_THREAD_H
#define IX_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>

/* false: none can be had. End it with pthread_join. */
bool ix_thread_start(pthread_t *out, void *(*work)(void *), void *argument);

#endif
