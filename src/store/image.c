/* SPDX-License-Identifier: Apache-2.0 */
#include "store/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

static const char seal_head[] = "\nimpex seal 1 sha256 ";
enum { SEAL_HEAD = sizeof seal_head - 1, SEAL = SEAL_HEAD + IX_HASH_HEX }; /* head, digits, newline */

static void write_seal(char *end, char hex[IX_HASH_HEX], const char *bytes, size_t size)
{
    ix_hash_bytes(bytes, size, hex);
    memcpy(end, seal_head, SEAL_HEAD);
    memcpy(end + SEAL_HEAD, hex, IX_HASH_HEX - 1);
    end[SEAL - 1] = '\n';
}

static herr_t keep_first(unsigned n, const H5E_error2_t *error, void *reason)
{
    if (n == 0) snprintf(reason, 256, "%s", error->desc ? error->desc : "unknown reason");
    return 0;
}

const char *ix_image_reason(void)
{
    static _Thread_local char reason[256];
    snprintf(reason, sizeof reason, "unknown reason");
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, reason);
    return reason;
}

hid_t ix_image_text_type(void)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

/* A name no other open image has, and the access properties of files that live in memory. */
static ix_status begin(ix_image *out, hid_t *access)
{
    enum { SIZE = 32 };
    ix_status rc = IX_OK;
    const char *where = "a file in memory";

    *out = IX_IMAGE_CLOSED;
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* our message replaces HDF5's stack on stderr */
    IX_NEED(out->name = malloc(SIZE), IX_ENOMEM, "%s: no memory", where);
    snprintf(out->name, SIZE, "impex-%p", (void *)out->name);
    IX_H5(*access = H5Pcreate(H5P_FILE_ACCESS), where);
    IX_H5(H5Pset_fapl_core(*access, (size_t)1 << 20, false), where);
done:
    return rc;
}

ix_status ix_image_create(ix_image *out)
{
    ix_status rc = IX_OK;
    const char *where = "a new file in memory";
    hid_t access = H5I_INVALID_HID, creation = H5I_INVALID_HID;

    IX_TRY(begin(out, &access));
    IX_H5(creation = H5Pcreate(H5P_FILE_CREATE), where);
    IX_H5(H5Pset_link_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED), where);
    IX_H5(out->file = H5Fcreate(out->name, H5F_ACC_TRUNC, creation, access), where);
done:
    if (creation >= 0) H5Pclose(creation);
    if (access >= 0) H5Pclose(access);
    if (rc != IX_OK) ix_image_close(out);
    return rc;
}

ix_status ix_image_save(ix_image *image, const char *path)
{
    ix_status rc = IX_OK;
    char *bytes = NULL;
    ssize_t size;

    IX_H5(H5Fflush(image->file, H5F_SCOPE_GLOBAL), path);
    IX_H5(size = H5Fget_file_image(image->file, NULL, 0), path);
    IX_NEED(bytes = malloc((size_t)size + SEAL), IX_ENOMEM, "%s: %zd MiB do not fit into memory", path, size >> 20);
    IX_H5(H5Fget_file_image(image->file, bytes, (size_t)size), path);
    write_seal(bytes + size, image->seal, bytes, (size_t)size);
    IX_TRY(ix_file_write(path, bytes, (size_t)size + SEAL));
done:
    free(bytes);
    return rc;
}

static ix_status check_seal(const char *bytes, size_t size, const char *path, char hex[IX_HASH_HEX])
{
    static const char signature[] = "\211HDF\r\n\032\n";
    ix_status rc = IX_OK;
    char seal[SEAL];

    IX_NEED(size >= 8 && memcmp(bytes, signature, 8) == 0, IX_EINPUT, "%s: not an HDF5 file", path);
    IX_NEED(size > SEAL && memcmp(bytes + size - SEAL, seal_head, SEAL_HEAD) == 0, IX_EINPUT,
            "%s: the seal at its end is missing: it was cut short, changed by another program, or not written by impex",
            path);
    write_seal(seal, hex, bytes, size - SEAL);
    IX_NEED(memcmp(bytes + size - SEAL, seal, SEAL) == 0, IX_EINPUT,
            "%s: damaged: its bytes do not match the seal at its end; delete it or restore a copy", path);
done:
    return rc;
}

ix_status ix_image_open(ix_image *out, const char *path)
{
    ix_status rc = IX_OK;
    hid_t access = H5I_INVALID_HID;
    char *bytes = NULL;
    size_t size;

    IX_TRY(begin(out, &access));
    IX_TRY(ix_file_read(path, &bytes, &size));
    IX_TRY(check_seal(bytes, size, path, out->seal));
    IX_H5(H5Pset_file_image(access, bytes, size - SEAL), path);
    out->file = H5Fopen(out->name, H5F_ACC_RDONLY, access);
    IX_NEED(out->file >= 0, IX_EINPUT, "%s: HDF5 cannot open it: %s", path, ix_image_reason());
done:
    if (access >= 0) H5Pclose(access);
    free(bytes);
    if (rc != IX_OK) ix_image_close(out);
    return rc;
}

void ix_image_close(ix_image *image)
{
    if (image->file >= 0) H5Fclose(image->file);
    free(image->name);
    *image = IX_IMAGE_CLOSED;
}
