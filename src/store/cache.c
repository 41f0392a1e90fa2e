/* SPDX-License-Identifier: Apache-2.0 */
#include "store/cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "store/inside.h"

#define CONTENT "impex reference log-probabilities"

static char *cache_path(const char *folder, const char *hash)
{
    IX_CONTRACT(hash[0] && strspn(hash, "0123456789abcdef") == strlen(hash));
    return ix_format("%s/%s.h5", folder, hash);
}

static size_t bytes_of(int64_t pairs)
{
    return (size_t)pairs * 2 * sizeof(double);
}

ix_status ix_cache_write(const char *folder, const char *hash, int64_t pairs, const double *logp, double seconds)
{
    ix_status rc = IX_OK;
    char *path = cache_path(folder, hash), checksum[IX_HASH_HEX];
    ix_result *r = NULL;

    ix_hash_bytes(logp, bytes_of(pairs), checksum);
    IX_TRY(ix_make_folders(folder));
    IX_TRY(ix_result_create(&r));
    IX_TRY(ix_result_text(r, "content", CONTENT));
    IX_TRY(ix_result_text(r, "hash", hash));
    IX_TRY(ix_result_text(r, "checksum", checksum));
    IX_TRY(ix_result_real(r, "seconds", seconds));
    IX_TRY(ix_result_reals(r, "cache/logp", (int64_t[]){pairs, 2}, logp));
    IX_TRY(ix_result_save(r, path));
    ix_file_sweep(path); /* a living writer whose file goes cannot rename it, and finds ours instead */
done:
    ix_result_destroy(&r);
    free(path);
    return rc;
}

static const char *text_of(const ix_part *root, const char *name)
{
    const ix_attribute *a = ix_part_attribute(root, name);
    return a && a->kind == IX_TEXT ? a->text : "";
}

static ix_status check_root(const ix_part *root, const char *path, const char *hash)
{
    ix_status rc = IX_OK;
    const ix_attribute *seconds = ix_part_attribute(root, "seconds"), *schema = ix_part_attribute(root, "schema");

    IX_NEED(strcmp(text_of(root, "content"), CONTENT) == 0, IX_EINPUT, "%s: does not hold reference log-probabilities",
            path);
    IX_NEED(schema && schema->kind == IX_INT && schema->i == IX_RESULT_SCHEMA, IX_EINPUT, "%s: unknown schema", path);
    IX_NEED(strcmp(text_of(root, "hash"), hash) == 0, IX_EINPUT, "%s: is of another model or data set (%s)", path,
            text_of(root, "hash"));
    IX_NEED(seconds && seconds->kind == IX_REAL, IX_EINPUT, "%s: attribute seconds is missing", path);
done:
    return rc;
}

static ix_status check_values(const ix_values *v, const ix_part *root, const char *path, int64_t pairs)
{
    ix_status rc = IX_OK;
    char checksum[IX_HASH_HEX];
    bool fits = v->kind == IX_REAL && v->rank == 2 && v->dims[1] == 2;

    IX_NEED(fits && v->dims[0] == pairs, IX_EINPUT, "%s: holds %lld pairs, %lld are expected", path,
            (long long)(fits ? v->dims[0] : 0), (long long)pairs);
    ix_hash_bytes(v->values, bytes_of(pairs), checksum);
    IX_NEED(strcmp(text_of(root, "checksum"), checksum) == 0, IX_EINPUT, "%s: its checksum is wrong", path);
done:
    return rc;
}

static ix_status read_cache(ix_reader *rd, const char *hash, int64_t pairs, double *logp, double *seconds)
{
    ix_status rc = IX_OK;
    hid_t root = H5I_INVALID_HID;
    ix_values v = {0};

    IX_TRY(ix_image_open(&rd->image, rd->path));
    IX_H5(root = H5Gopen2(rd->image.file, "/", H5P_DEFAULT), rd->path);
    IX_TRY(ix_inside_attributes(rd, root, &rd->root));
    IX_TRY(check_root(&rd->root, rd->path, hash));
    IX_TRY(ix_inside_load(rd, "/cache/logp", &v));
    IX_TRY(check_values(&v, &rd->root, rd->path, pairs));
    if (pairs) memcpy(logp, v.values, bytes_of(pairs));
    *seconds = ix_part_attribute(&rd->root, "seconds")->x;
done:
    free(v.values);
    if (root >= 0) H5Gclose(root);
    return rc;
}

bool ix_cache_read(const char *folder, const char *hash, int64_t pairs, double *logp, double *seconds,
                   char warning[IX_CACHE_WARNING])
{
    ix_reader rd = {.path = cache_path(folder, hash), .image = IX_IMAGE_CLOSED};
    bool found = false;

    warning[0] = 0;
    if (ix_file_exists(rd.path)) {
        found = read_cache(&rd, hash, pairs, logp, seconds) == IX_OK;
        if (!found) snprintf(warning, IX_CACHE_WARNING, "%s; it is computed again", ix_message());
    }
    ix_part_clear(&rd.root);
    ix_image_close(&rd.image);
    free(rd.path);
    return found;
}
