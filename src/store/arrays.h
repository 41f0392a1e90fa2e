/* SPDX-License-Identifier: Apache-2.0
 *
 * arrays.h - HDF5 files of named lists of numbers: what checkpoints are made of. Sealed, written in one go (image.h).
 * All functions are local. */
#ifndef IX_STORE_ARRAYS_H
#define IX_STORE_ARRAYS_H

#include <stdint.h>

#include "base/hash.h"

typedef enum { IX_FLOATS, IX_DOUBLES, IX_INTS, IX_ARRAY_KINDS } ix_array_kind; /* float, double, int64_t */

enum { IX_ARRAY_NAME = 160, IX_ARRAY_PLACE = 8 };

typedef struct {
    char name[IX_ARRAY_NAME]; /* "group/name" or "name" */
    ix_array_kind kind;
    int64_t n;
    void *values;
    int64_t place[IX_ARRAY_PLACE]; /* where they belong, as their owner counts */
} ix_array;

/* A growing list. Arrays that were added by copy belong to it; borrowed ones must outlive it. */
typedef struct {
    ix_array *at;
    bool *borrowed;
    int count, capacity;
} ix_arrays;

/* Contract: the name is new and fits. IX_ENOMEM. */
ix_status ix_arrays_copy(ix_arrays *list, const char *name, ix_array_kind kind, int64_t n, const void *values);
ix_status ix_arrays_borrow(ix_arrays *list, const ix_array *array);
void ix_arrays_free(ix_arrays *list);

const ix_array *ix_arrays_find(const ix_arrays *list, const char *name); /* NULL: none */
/* The same, of that kind and length (-1: any), or IX_EINPUT: `where` names the file. */
ix_status ix_arrays_need(const ix_array **out, const ix_arrays *list, const char *name, ix_array_kind kind, int64_t n,
                         const char *where);

/* seal: of the file, which differs whenever a byte does. IX_EIO: full disk, no permission. */
ix_status ix_arrays_save(const ix_arrays *list, const char *path, char seal[IX_HASH_HEX]);

/* Is the file whole, and of that seal? IX_EINPUT. */
ix_status ix_arrays_check(const char *path, const char *seal);

/* The same, and everything that is in it. */
ix_status ix_arrays_load(ix_arrays *list, const char *path, const char *seal);

#endif
