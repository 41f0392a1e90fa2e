/* SPDX-License-Identifier: Apache-2.0
 *
 * image.h - HDF5 files as whole pieces of memory. Inside src/store only.
 *
 * HDF5 builds and reads files in memory alone; base/file.h moves the bytes. So a full disk meets our
 * code and not HDF5's caches, no file is ever locked (network file systems refuse), and a file is
 * written in one go. Its last bytes are a seal: the sha-256 of all bytes before it. HDF5 ignores what
 * lies behind its own end. All functions are local. */
#ifndef IX_STORE_IMAGE_H
#define IX_STORE_IMAGE_H

#include <hdf5.h>

#include "base/hash.h"

typedef struct {
    hid_t file;             /* negative: closed */
    char *name;             /* its own address: HDF5 takes two open files of one name for one file */
    char seal[IX_HASH_HEX]; /* of the file it was saved to or read from */
} ix_image;

#define IX_IMAGE_CLOSED ((ix_image){.file = H5I_INVALID_HID})

/* A new, empty file in memory whose groups keep the order of creation. */
ix_status ix_image_create(ix_image *out);

/* Seals it and writes it to `path` as ix_file_write does. The image stays open. */
ix_status ix_image_save(ix_image *image, const char *path);

/* Reads `path` and checks its seal. IX_EINPUT: not there, not HDF5, cut short, damaged, changed. */
ix_status ix_image_open(ix_image *out, const char *path);
void ix_image_close(ix_image *image); /* a closed one is fine; everything opened in it must be closed */

/* Why HDF5's latest call failed; valid until the next call of this function. */
const char *ix_image_reason(void);

/* Fails with HDF5's reason unless `call` gives something >= 0; `where` names file and object. */
#define IX_H5(call, where) IX_NEED((call) >= 0, IX_EIO, "%s: HDF5: %s", (where), ix_image_reason())

/* Variable-length UTF-8 text. Close with H5Tclose. */
hid_t ix_image_text_type(void);

#endif
