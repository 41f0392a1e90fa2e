/* SPDX-License-Identifier: Apache-2.0
 *
 * groups.h - families that belong into one figure: those of one suite, part and varied setting, which differ in the
 * model only. Local. */
#ifndef IX_REPORT_GROUPS_H
#define IX_REPORT_GROUPS_H

#include "records.h"

typedef struct {
    char *name; /* "quickstart, persona" */
    int families, rows;
    int *family;           /* [families] their numbers in the material */
    const char **row;      /* [rows] of all its families: by category, then in the order in which they appear */
    const char **category; /* [rows] */
    const char *longest;   /* the longest name of a model */
} ix_group;

typedef struct {
    int count;
    ix_group *at;
} ix_groups;

void ix_groups_find(const ix_material *m, ix_groups *out);
void ix_groups_free(ix_groups *g);

/* Are two families of one group? */
bool ix_same_group(const ix_family *a, const ix_family *b);

/* The four categories, in the order of the report; -1: another one. */
int ix_category_rank(const char *category);

#endif
