/* SPDX-License-Identifier: Apache-2.0
 *
 * check_paths.h - what is wrong with the things a user hands to impex. Each returns IX_OK and in *about what there is,
 * in one line (free it), or the status whose message says what is wrong. All functions are local. */
#ifndef IX_APP_CHECK_PATHS_H
#define IX_APP_CHECK_PATHS_H

#include "base/status.h"

ix_status ix_check_suite(const char *path, char **about);   /* every run prepared as impex run does */
ix_status ix_check_data(const char *path, char **about);    /* JSON lines with pairs */
ix_status ix_check_model(const char *folder, char **about); /* a Hugging Face folder */
ix_status ix_check_weights(const char *path, char **about); /* one safetensors file */
ix_status ix_check_result(const char *path, char **about);  /* its seal, its sets, its verdict */

/* What pairs of `test` share with those of `train`, both JSON lines; *about NULL: nothing. */
ix_status ix_check_overlap(const char *train, const char *test, char **about);

/* This program, this machine, and the ranks it was started on. Collective over the world. */
ix_status ix_check_machine(void);

#endif
