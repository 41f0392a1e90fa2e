/* SPDX-License-Identifier: Apache-2.0 */
#include "store/arrays.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/image.h"

static const size_t size_of[IX_ARRAY_KINDS] = {sizeof(float), sizeof(double), sizeof(int64_t)};

/* Names of all arrays, one to a line, in their order. */
#define INDEX "index"

static hid_t type_in_memory(ix_array_kind kind)
{
    return kind == IX_FLOATS ? H5T_NATIVE_FLOAT : kind == IX_DOUBLES ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT64;
}

static hid_t type_in_file(ix_array_kind kind)
{
    return kind == IX_FLOATS ? H5T_IEEE_F32LE : kind == IX_DOUBLES ? H5T_IEEE_F64LE : H5T_STD_I64LE;
}

/* --- lists ------------------------------------------------------------------------------------------------ */

static ix_status push(ix_arrays *list, const ix_array *array, bool borrowed)
{
    ix_status rc = IX_OK;
    if (list->count == list->capacity) {
        int capacity = 2 * list->capacity + 16;
        ix_array *at = realloc(list->at, (size_t)capacity * sizeof *at);
        if (at) list->at = at;
        bool *flag = realloc(list->borrowed, (size_t)capacity * sizeof *flag);
        if (flag) list->borrowed = flag;
        IX_NEED(at && flag, IX_ENOMEM, "checkpoint: out of memory");
        list->capacity = capacity;
    }
    list->borrowed[list->count] = borrowed;
    list->at[list->count++] = *array;
done:
    return rc;
}

ix_status ix_arrays_borrow(ix_arrays *list, const ix_array *array)
{
    IX_CONTRACT(strcmp(array->name, INDEX) != 0 && !ix_arrays_find(list, array->name));
    return push(list, array, true);
}

ix_status ix_arrays_copy(ix_arrays *list, const char *name, ix_array_kind kind, int64_t n, const void *values)
{
    ix_status rc = IX_OK;
    ix_array a = {.kind = kind, .n = n, .values = malloc((size_t)n * size_of[kind] + 1)};

    IX_CONTRACT(strlen(name) < sizeof a.name && strcmp(name, INDEX) != 0 && !ix_arrays_find(list, name));
    strcpy(a.name, name);
    IX_NEED(a.values, IX_ENOMEM, "checkpoint: out of memory");
    if (n) memcpy(a.values, values, (size_t)n * size_of[kind]);
    IX_TRY(push(list, &a, false));
    a.values = NULL;
done:
    free(a.values);
    return rc;
}

void ix_arrays_free(ix_arrays *list)
{
    for (int i = 0; i < list->count; i++)
        if (!list->borrowed[i]) free(list->at[i].values);
    free(list->at);
    free(list->borrowed);
    *list = (ix_arrays){0};
}

const ix_array *ix_arrays_find(const ix_arrays *list, const char *name)
{
    for (int i = 0; i < list->count; i++)
        if (!strcmp(list->at[i].name, name)) return &list->at[i];
    return NULL;
}

ix_status ix_arrays_need(const ix_array **out, const ix_arrays *list, const char *name, ix_array_kind kind, int64_t n,
                         const char *where)
{
    ix_status rc = IX_OK;
    const ix_array *a = *out = ix_arrays_find(list, name);
    IX_NEED(a, IX_EINPUT, "%s: %s is missing", where, name);
    IX_NEED(a->kind == kind && (n < 0 || a->n == n), IX_EINPUT, "%s: %s has %lld numbers, %lld are expected", where,
            name, (long long)a->n, (long long)n);
done:
    return rc;
}

/* --- files ------------------------------------------------------------------------------------------------ */

static ix_status write_place(hid_t set, const ix_array *a, const char *path)
{
    ix_status rc = IX_OK;
    const hsize_t n = IX_ARRAY_PLACE;
    hid_t space = H5I_INVALID_HID, attribute = H5I_INVALID_HID;

    IX_H5(space = H5Screate_simple(1, &n, NULL), path);
    IX_H5(attribute = H5Acreate2(set, "place", H5T_STD_I64LE, space, H5P_DEFAULT, H5P_DEFAULT), path);
    IX_H5(H5Awrite(attribute, H5T_NATIVE_INT64, a->place), path);
done:
    if (attribute >= 0) H5Aclose(attribute);
    if (space >= 0) H5Sclose(space);
    return rc;
}

static ix_status write_array(hid_t file, hid_t link, const ix_array *a, const char *path)
{
    ix_status rc = IX_OK;
    const hsize_t n = (hsize_t)a->n;
    hid_t space = H5I_INVALID_HID, set = H5I_INVALID_HID;

    IX_H5(space = H5Screate_simple(1, &n, NULL), path);
    set = H5Dcreate2(file, a->name, type_in_file(a->kind), space, link, H5P_DEFAULT, H5P_DEFAULT);
    IX_H5(set, path);
    if (a->n) IX_H5(H5Dwrite(set, type_in_memory(a->kind), H5S_ALL, H5S_ALL, H5P_DEFAULT, a->values), path);
    IX_TRY(write_place(set, a, path));
done:
    if (set >= 0) H5Dclose(set);
    if (space >= 0) H5Sclose(space);
    return rc;
}

static char *join_names(const ix_arrays *list)
{
    char *text = malloc((size_t)list->count * (IX_ARRAY_NAME + 1) + 1), *end = text;
    for (int i = 0; text && i < list->count; i++) {
        end = stpcpy(end, list->at[i].name);
        *end++ = '\n';
    }
    if (text) *end = 0;
    return text;
}

static ix_status write_index(hid_t file, const ix_arrays *list, const char *path)
{
    ix_status rc = IX_OK;
    hid_t space = H5I_INVALID_HID, type = H5I_INVALID_HID, set = H5I_INVALID_HID;
    char *text = join_names(list);

    IX_NEED(text, IX_ENOMEM, "%s: out of memory", path);
    IX_H5(type = ix_image_text_type(), path);
    IX_H5(space = H5Screate(H5S_SCALAR), path);
    IX_H5(set = H5Dcreate2(file, INDEX, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), path);
    IX_H5(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, &text), path);
done:
    if (set >= 0) H5Dclose(set);
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    free(text);
    return rc;
}

ix_status ix_arrays_save(const ix_arrays *list, const char *path, char seal[IX_HASH_HEX])
{
    ix_status rc = IX_OK;
    ix_image image = IX_IMAGE_CLOSED;
    hid_t link = H5I_INVALID_HID;

    IX_TRY(ix_image_create(&image));
    IX_H5(link = H5Pcreate(H5P_LINK_CREATE), path);
    IX_H5(H5Pset_create_intermediate_group(link, 1), path);
    IX_TRY(write_index(image.file, list, path));
    for (int i = 0; i < list->count; i++) IX_TRY(write_array(image.file, link, &list->at[i], path));
    IX_TRY(ix_image_save(&image, path));
    memcpy(seal, image.seal, sizeof image.seal);
done:
    if (link >= 0) H5Pclose(link);
    ix_image_close(&image);
    return rc;
}

static ix_status read_index(hid_t file, char **text, const char *path)
{
    ix_status rc = IX_OK;
    hid_t type = H5I_INVALID_HID, set = H5I_INVALID_HID;

    IX_H5(type = ix_image_text_type(), path);
    set = H5Dopen2(file, INDEX, H5P_DEFAULT);
    IX_NEED(set >= 0, IX_EINPUT, "%s: not a part of a checkpoint", path);
    IX_H5(H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text), path);
done:
    if (set >= 0) H5Dclose(set);
    if (type >= 0) H5Tclose(type);
    return rc;
}

static ix_status read_kind(hid_t set, ix_array *a, const char *path)
{
    ix_status rc = IX_OK;
    hid_t type = H5Dget_type(set);

    IX_H5(type, path);
    a->kind = IX_ARRAY_KINDS;
    for (ix_array_kind k = 0; k < IX_ARRAY_KINDS; k++)
        if (H5Tequal(type, type_in_file(k)) > 0) a->kind = k;
    IX_NEED(a->kind < IX_ARRAY_KINDS, IX_EINPUT, "%s: %s: unknown type of numbers", path, a->name);
done:
    if (type >= 0) H5Tclose(type);
    return rc;
}

static ix_status read_place(hid_t set, ix_array *a, const char *path)
{
    ix_status rc = IX_OK;
    hid_t attribute = H5I_INVALID_HID, space = H5I_INVALID_HID;

    IX_H5(attribute = H5Aopen(set, "place", H5P_DEFAULT), path);
    IX_H5(space = H5Aget_space(attribute), path);
    IX_NEED(H5Sget_simple_extent_npoints(space) == IX_ARRAY_PLACE, IX_EINPUT, "%s: %s: wrong place", path, a->name);
    IX_H5(H5Aread(attribute, H5T_NATIVE_INT64, a->place), path);
done:
    if (space >= 0) H5Sclose(space);
    if (attribute >= 0) H5Aclose(attribute);
    return rc;
}

static ix_status read_array(hid_t file, ix_array *a, const char *path)
{
    ix_status rc = IX_OK;
    hid_t set = H5I_INVALID_HID, space = H5I_INVALID_HID;

    IX_H5(set = H5Dopen2(file, a->name, H5P_DEFAULT), path);
    IX_H5(space = H5Dget_space(set), path);
    IX_H5(a->n = H5Sget_simple_extent_npoints(space), path);
    IX_TRY(read_kind(set, a, path));
    IX_TRY(read_place(set, a, path));
    a->values = malloc((size_t)a->n * size_of[a->kind] + 1);
    IX_NEED(a->values, IX_ENOMEM, "%s: %s: out of memory", path, a->name);
    if (a->n) IX_H5(H5Dread(set, type_in_memory(a->kind), H5S_ALL, H5S_ALL, H5P_DEFAULT, a->values), path);
done:
    if (space >= 0) H5Sclose(space);
    if (set >= 0) H5Dclose(set);
    return rc;
}

static ix_status read_all(ix_arrays *list, const ix_image *image, const char *path)
{
    ix_status rc = IX_OK;
    char *text = NULL, *rest = NULL;

    IX_TRY(read_index(image->file, &text, path));
    for (char *name = strtok_r(text, "\n", &rest); name; name = strtok_r(NULL, "\n", &rest)) {
        ix_array a = {.values = NULL};
        IX_NEED(strlen(name) < sizeof a.name, IX_EINPUT, "%s: a name is too long", path);
        strcpy(a.name, name);
        rc = read_array(image->file, &a, path);
        if (rc == IX_OK) rc = push(list, &a, false);
        if (rc != IX_OK) free(a.values);
        IX_TRY(rc);
    }
done:
    if (text) H5free_memory(text);
    return rc;
}

static ix_status open_sealed(ix_image *image, const char *path, const char *seal)
{
    ix_status rc = IX_OK;
    IX_TRY(ix_image_open(image, path));
    IX_NEED(!strcmp(seal, image->seal), IX_EINPUT, "%s: is another file than the one that was written here", path);
done:
    return rc;
}

ix_status ix_arrays_check(const char *path, const char *seal)
{
    ix_image image = IX_IMAGE_CLOSED;
    ix_status rc = open_sealed(&image, path, seal);
    ix_image_close(&image);
    return rc;
}

ix_status ix_arrays_load(ix_arrays *list, const char *path, const char *seal)
{
    ix_status rc = IX_OK;
    ix_image image = IX_IMAGE_CLOSED;

    *list = (ix_arrays){0};
    IX_TRY(open_sealed(&image, path, seal));
    IX_TRY(read_all(list, &image, path));
done:
    ix_image_close(&image);
    if (rc != IX_OK) ix_arrays_free(list);
    return rc;
}
