/* SPDX-License-Identifier: Apache-2.0
 *
 * A gathered result becomes an HDF5 file: groups in the order in which they came, in each of them first
 * the scales, then the data sets that hang on them. */
#include <hdf5_hl.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/start.h"
#include "store/image.h"
#include "store/parts.h"

#define PACK_FROM (64 << 10)     /* bytes from which a data set is cut into chunks and deflated */
#define CHUNK_MOST (1024 * 1024) /* bytes of a chunk: what h5py's cache holds */

typedef struct {
    hid_t file, text, link; /* link: names are UTF-8 */
    const char *path;
} writer;

static hid_t memory_type(const writer *w, ix_kind kind)
{
    return kind == IX_REAL ? H5T_NATIVE_DOUBLE : kind == IX_INT ? H5T_NATIVE_INT64 : w->text;
}

static hid_t file_type(const writer *w, ix_kind kind)
{
    return kind == IX_REAL ? H5T_IEEE_F64LE : kind == IX_INT ? H5T_STD_I64LE : w->text;
}

static ix_status write_attribute(const writer *w, hid_t at, const char *name, ix_kind kind, const void *value)
{
    ix_status rc = IX_OK;
    hid_t space = H5I_INVALID_HID, a = H5I_INVALID_HID;

    IX_H5(space = H5Screate(H5S_SCALAR), w->path);
    IX_H5(a = H5Acreate2(at, name, file_type(w, kind), space, H5P_DEFAULT, H5P_DEFAULT), w->path);
    IX_H5(H5Awrite(a, memory_type(w, kind), value), w->path);
done:
    if (a >= 0) H5Aclose(a);
    if (space >= 0) H5Sclose(space);
    return rc;
}

static ix_status write_attributes(const writer *w, hid_t at, const ix_part *part)
{
    ix_status rc = IX_OK;
    for (int i = 0; i < part->attribute_count; i++) {
        const ix_attribute *a = &part->attributes[i];
        const void *value = a->kind == IX_REAL ? (const void *)&a->x : a->kind == IX_INT ? &a->i : (void *)&a->text;
        IX_TRY(write_attribute(w, at, a->name, a->kind, value));
    }
done:
    return rc;
}

/* Numbers above PACK_FROM are cut in halves, first dimension first, until a chunk is small enough. */
static ix_status choose_storage(const writer *w, const ix_dataset *d, int rank, hid_t *out)
{
    ix_status rc = IX_OK;
    hsize_t chunk[IX_FIELD_DIMS] = {0};
    int64_t bytes = ix_dataset_size(d) * (int64_t)sizeof(double);

    IX_H5(*out = H5Pcreate(H5P_DATASET_CREATE), w->path);
    IX_H5(H5Pset_obj_track_times(*out, false), w->path); /* the same result is the same bytes */
    if (bytes < PACK_FROM || d->row->kind == IX_TEXT) goto done;
    for (int i = 0; i < rank; i++) chunk[i] = (hsize_t)d->shape[i];
    for (int i = 0; i < rank; i++)
        while (bytes > CHUNK_MOST && chunk[i] > 1) {
            bytes = bytes / (int64_t)chunk[i] * (int64_t)((chunk[i] + 1) / 2);
            chunk[i] = (chunk[i] + 1) / 2;
        }
    IX_H5(H5Pset_chunk(*out, rank, chunk), w->path);
    IX_H5(H5Pset_shuffle(*out), w->path);
    IX_H5(H5Pset_deflate(*out, 4), w->path);
done:
    return rc;
}

/* Makes scale `name` of the group name dimension i of data set `set`. */
static ix_status attach(const writer *w, hid_t group, hid_t set, const char *name, unsigned i)
{
    ix_status rc = IX_OK;
    hid_t scale = H5I_INVALID_HID;

    IX_H5(scale = H5Dopen2(group, name, H5P_DEFAULT), w->path);
    IX_H5(H5DSattach_scale(set, scale, i), w->path);
    IX_H5(H5DSset_label(set, i, name), w->path);
done:
    if (scale >= 0) H5Dclose(scale);
    return rc;
}

static bool is_scale(const ix_dataset *d)
{
    return d->row->dims[0] && strcmp(d->name, d->row->dims[0]) == 0;
}

static ix_status write_dataset(const writer *w, hid_t group, const ix_dataset *d)
{
    ix_status rc = IX_OK;
    hid_t space = H5I_INVALID_HID, storage = H5I_INVALID_HID, set = H5I_INVALID_HID;
    int rank = ix_field_rank(d->row);
    hsize_t dims[IX_FIELD_DIMS] = {0};
    const char *units = d->units ? d->units : d->row->units, *about = d->about ? d->about : d->row->about;

    for (int i = 0; i < rank; i++) dims[i] = (hsize_t)d->shape[i];
    IX_H5(space = rank ? H5Screate_simple(rank, dims, NULL) : H5Screate(H5S_SCALAR), w->path);
    IX_TRY(choose_storage(w, d, rank, &storage));
    set = H5Dcreate2(group, d->name, file_type(w, d->row->kind), space, w->link, storage, H5P_DEFAULT);
    IX_H5(set, w->path);
    if (ix_dataset_size(d) > 0)
        IX_H5(H5Dwrite(set, memory_type(w, d->row->kind), H5S_ALL, H5S_ALL, H5P_DEFAULT, d->values), w->path);
    IX_TRY(write_attribute(w, set, "units", IX_TEXT, &units));
    IX_TRY(write_attribute(w, set, "long_name", IX_TEXT, &about));
    if (is_scale(d)) IX_H5(H5DSset_scale(set, d->name), w->path);
    for (int i = 0; i < rank && !is_scale(d); i++) IX_TRY(attach(w, group, set, d->row->dims[i], (unsigned)i));
done:
    if (set >= 0) H5Dclose(set);
    if (storage >= 0) H5Pclose(storage);
    if (space >= 0) H5Sclose(space);
    return rc;
}

/* The i-th of n names on a scale of names that nobody gave. */
static const char *name_of(const ix_field *row, int64_t n, int64_t i)
{
    static const char *const sides[] = {"chosen", "rejected"};
    bool phase = strcmp(row->name, "phase") == 0, stage = strcmp(row->name, "stage") == 0;
    IX_CONTRACT(n == (phase ? IX_PHASE_COUNT : stage ? IX_STAGE_COUNT : 2));
    return phase ? ix_phase_name((ix_phase)i) : stage ? ix_stage_name((ix_stage)i) : sides[i];
}

/* The values of a scale that nobody gave. */
static void *default_scale(const ix_field *row, int64_t n)
{
    void *values = malloc((size_t)n * sizeof(double) + 1);

    IX_CONTRACT(values);
    for (int64_t i = 0; i < n; i++) {
        if (row->kind == IX_REAL) ((double *)values)[i] = (double)i;
        else if (row->kind == IX_INT) ((int64_t *)values)[i] = i;
        else ((const char **)values)[i] = name_of(row, n, i);
    }
    return values;
}

/* Every dimension of every data set has its scale in `scales`, and one length. */
static ix_status gather_scales(const ix_part *part, ix_part *scales)
{
    ix_status rc = IX_OK;
    for (int k = 0; k < part->dataset_count; k++) {
        const ix_dataset *d = &part->datasets[k];
        for (int i = 0; i < ix_field_rank(d->row); i++) {
            const char *name = d->row->dims[i];
            const ix_dataset *given = ix_part_find(part, name);
            const ix_dataset *scale = given && is_scale(given) ? given : ix_part_find(scales, name);
            IX_CONTRACT(!scale || scale->shape[0] == d->shape[i]);
            if (scale) continue;
            const ix_field *row = ix_field_find("*", name);
            void *values = default_scale(row, d->shape[i]);
            rc = ix_part_put(scales, row, name, &d->shape[i], values);
            free(values);
            if (rc != IX_OK) goto done;
        }
    }
done:
    return rc;
}

static ix_status write_datasets(const writer *w, hid_t group, const ix_part *part, bool scales)
{
    ix_status rc = IX_OK;
    for (int i = 0; i < part->dataset_count; i++)
        if (is_scale(&part->datasets[i]) == scales) IX_TRY(write_dataset(w, group, &part->datasets[i]));
done:
    return rc;
}

static ix_status open_group(const writer *w, const char *path, hid_t *out)
{
    ix_status rc = IX_OK;
    hid_t creation = H5I_INVALID_HID;

    if (!path[0]) {
        IX_H5(*out = H5Gopen2(w->file, "/", H5P_DEFAULT), w->path);
        goto done;
    }
    IX_H5(creation = H5Pcreate(H5P_GROUP_CREATE), w->path);
    IX_H5(H5Pset_link_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED), w->path);
    IX_H5(*out = H5Gcreate2(w->file, path, w->link, creation, H5P_DEFAULT), w->path);
done:
    if (creation >= 0) H5Pclose(creation);
    return rc;
}

static ix_status write_part(const writer *w, const ix_part *part)
{
    ix_status rc = IX_OK;
    hid_t group = H5I_INVALID_HID;
    ix_part scales = {0};

    IX_TRY(gather_scales(part, &scales));
    IX_TRY(open_group(w, part->path, &group));
    IX_TRY(write_attributes(w, group, part));
    IX_TRY(write_datasets(w, group, &scales, true));
    IX_TRY(write_datasets(w, group, part, true));
    IX_TRY(write_datasets(w, group, part, false));
done:
    if (group >= 0) H5Gclose(group);
    ix_part_clear(&scales);
    return rc;
}

/* Contract of ix_result_write: what every reader relies on is there. */
static void check_complete(const ix_result *r)
{
    const ix_part *config = ix_result_part(r, "config");
    int count;
    const ix_attribute_rule *rules = ix_attribute_rules(&count);

    IX_CONTRACT(config && ix_part_find(config, "resolved"));
    for (int i = 0; i < count; i++) {
        const ix_attribute *a = ix_part_attribute(ix_result_part(r, ""), rules[i].name);
        if (a ? a->kind == rules[i].kind : !rules[i].required) continue;
        ix_abort(__FILE__, __LINE__, ix_format("result: attribute %s is missing or of another type", rules[i].name));
    }
}

ix_status ix_result_save(const ix_result *r, const char *path)
{
    ix_status rc = IX_OK;
    ix_image image = IX_IMAGE_CLOSED;
    writer w = {.text = H5I_INVALID_HID, .link = H5I_INVALID_HID, .path = path};

    IX_TRY(ix_image_create(&image));
    w.file = image.file;
    IX_H5(w.text = ix_image_text_type(), path);
    IX_H5(w.link = H5Pcreate(H5P_LINK_CREATE), path);
    IX_H5(H5Pset_char_encoding(w.link, H5T_CSET_UTF8), path);
    for (int i = 0; i < r->part_count; i++) IX_TRY(write_part(&w, &r->parts[i]));
    IX_TRY(ix_image_save(&image, path));
done:
    if (w.link >= 0) H5Pclose(w.link);
    if (w.text >= 0) H5Tclose(w.text);
    ix_image_close(&image);
    return rc;
}

ix_status ix_result_write(const ix_result *r, const char *path)
{
    check_complete(r);
    ix_file_sweep(path); /* nobody else writes it now */
    return ix_result_save(r, path);
}
