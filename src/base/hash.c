/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

struct ix_hash {
    EVP_MD_CTX *ctx;
};

ix_hash *ix_hash_begin(void)
{
    ix_hash *h = malloc(sizeof *h);
    IX_CONTRACT(h);
    h->ctx = EVP_MD_CTX_new();
    IX_CONTRACT(h->ctx && EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) == 1);
    return h;
}

void ix_hash_add(ix_hash *h, const void *bytes, size_t size)
{
    IX_CONTRACT(size == 0 || EVP_DigestUpdate(h->ctx, bytes, size) == 1);
}

void ix_hash_add_large(ix_hash *h, const void *bytes, size_t size)
{
    const size_t piece = (size_t)16 << 20, pieces = (size + piece - 1) / piece;
    char(*hex)[IX_HASH_HEX] = malloc((pieces + 1) * sizeof *hex);

    IX_CONTRACT(hex);
#pragma omp parallel for schedule(dynamic) if (pieces > 1)
    for (size_t i = 0; i < pieces; i++) {
        size_t at = i * piece;
        ix_hash_bytes((const char *)bytes + at, size - at < piece ? size - at : piece, hex[i]);
    }
    for (size_t i = 0; i < pieces; i++) ix_hash_add_text(h, hex[i]);
    free(hex);
}

void ix_hash_add_text(ix_hash *h, const char *text)
{
    ix_hash_add(h, text, strlen(text) + 1);
}

void ix_hash_end(ix_hash *h, char hex[IX_HASH_HEX])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    IX_CONTRACT(EVP_DigestFinal_ex(h->ctx, digest, &size) == 1 && size == 32);
    for (unsigned int i = 0; i < size; i++) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    EVP_MD_CTX_free(h->ctx);
    free(h);
}

void ix_hash_bytes(const void *bytes, size_t size, char hex[IX_HASH_HEX])
{
    ix_hash *h = ix_hash_begin();
    ix_hash_add(h, bytes, size);
    ix_hash_end(h, hex);
}

ix_status ix_hash_file(const char *path, char hex[IX_HASH_HEX])
{
    ix_status rc = IX_OK;
    char *buffer = NULL;
    ix_hash *h = ix_hash_begin();
    int fd = -1;
    size_t room = (size_t)1 << 20, size;
    ssize_t got;

    hex[0] = 0;
    IX_TRY(ix_file_open(path, &fd, &size));
    IX_NEED(buffer = malloc(room), IX_ENOMEM, "%s: out of memory", path);
    while ((got = read(fd, buffer, room)) != 0) {
        IX_NEED(got > 0 || errno == EINTR, IX_EIO, "%s: %s", path, strerror(errno));
        if (got > 0) ix_hash_add(h, buffer, (size_t)got);
    }
done:
    if (fd >= 0) close(fd);
    free(buffer);
    char end[IX_HASH_HEX];
    ix_hash_end(h, end);
    if (rc == IX_OK) memcpy(hex, end, sizeof end);
    return rc;
}
