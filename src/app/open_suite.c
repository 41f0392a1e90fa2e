/* SPDX-License-Identifier: Apache-2.0 */
#include "app/open_suite.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/command.h"
#include "comm/grid.h"

/* Everybody's copy of a block that only the first rank has. */
static ix_status share(const ix_grid *world, char **blob, size_t *size)
{
    ix_status rc = IX_OK;
    ix_grid_bcast(world, IX_WORLD, 0, size, sizeof *size);
    if (ix_grid_rank(world, IX_WORLD) != 0) *blob = malloc(*size + 1);
    IX_TRY(ix_grid_agree(world, IX_WORLD, *blob ? IX_OK : ix_fail(IX_ENOMEM, "suite: out of memory")));
    ix_grid_bcast(world, IX_WORLD, 0, *blob, *size);
done:
    return rc;
}

/* --set KEY=VALUE, any number of times, and the one operand. free() *set, which holds *n texts of argv. */
static ix_status take_arguments(int argc, char **argv, const char *command, const char ***set, int *n)
{
    ix_status rc = IX_OK;
    *n = 0;
    IX_NEED(*set = calloc((size_t)argc + 1, sizeof **set), IX_ENOMEM, "arguments: out of memory");
    while (((*set)[*n] = ix_take_option(&argc, argv, "--set", &rc))) (*n)++;
    if (rc == IX_OK) IX_TRY(ix_check_operands(argc, argv, 1, 1, command));
done:
    return rc;
}

ix_status ix_read_suite(ix_suite **out, int argc, char **argv, const char *command)
{
    ix_status rc = IX_OK;
    const char **set = NULL;
    int n;

    *out = NULL;
    IX_TRY(take_arguments(argc, argv, command, &set, &n));
    IX_TRY(ix_suite_read(out, argv[1], set, n));
done:
    free(set);
    return rc;
}

ix_status ix_open_suite(ix_suite **out, int argc, char **argv, const char *command)
{
    ix_status rc = IX_OK;
    ix_grid *world = NULL;
    char *blob = NULL;
    size_t size = 0;
    int n;
    const char **set = NULL;

    *out = NULL;
    IX_TRY(take_arguments(argc, argv, command, &set, &n));
    IX_TRY(ix_grid_create(&world, 1, ix_comm_ranks(), 1));
    if (ix_comm_rank() == 0) rc = ix_suite_load(&blob, &size, argv[1]);
    IX_TRY(ix_grid_agree(world, IX_WORLD, rc));
    IX_TRY(share(world, &blob, &size));
    IX_TRY(ix_suite_parse(out, blob, size, set, n));
done:
    free(blob);
    free(set);
    ix_grid_destroy(&world);
    return rc;
}

ix_status ix_take_share(ix_suite_share *out, int *argc, char **argv)
{
    ix_status rc = IX_OK;
    long long i, n;
    int end = 0;
    const char *text = ix_take_option(argc, argv, "--share", &rc);

    *out = (ix_suite_share){0};
    if (!text) return rc;
    if (sscanf(text, "%9lld/%9lld%n", &i, &n, &end) != 2 || text[end] || i < 1 || i > n)
        return ix_fail(IX_EINPUT, "--share %s: I/N is expected, as 1/12 for the first of twelve shares", text);
    *out = (ix_suite_share){.i = i, .n = n};
    return IX_OK;
}

ix_status ix_apply_share(ix_suite *suite, const ix_suite_share *share)
{
    return share->n ? ix_suite_take_share(suite, share->i, share->n) : IX_OK;
}
