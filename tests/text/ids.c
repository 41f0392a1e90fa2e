/* SPDX-License-Identifier: Apache-2.0
 *
 * ids FOLDER: texts from standard input to ids on standard output, for check_tokenizers.py. A text is its size and its
 * bytes, an answer the number of ids and the ids; all numbers are int32 of this machine. */
#include <stdio.h>
#include <stdlib.h>

#include "text/tokenizer.h"

static ix_status encode_next(const ix_tokenizer *tok, char *text, int32_t size, ix_ids *ids)
{
    ix_status rc = IX_OK;
    int32_t count;
    IX_NEED(fread(text, 1, (size_t)size, stdin) == (size_t)size, IX_EIO, "standard input ends inside a text");
    ids->size = 0;
    IX_TRY(ix_tokenizer_encode(tok, text, (size_t)size, ids));
    count = (int32_t)ids->size;
    IX_NEED(fwrite(&count, sizeof count, 1, stdout) == 1, IX_EIO, "standard output");
    IX_NEED(fwrite(ids->id, sizeof *ids->id, ids->size, stdout) == ids->size, IX_EIO, "standard output");
done:
    return rc;
}

static ix_status encode_all(const char *folder)
{
    ix_status rc = IX_OK;
    ix_tokenizer *tok = NULL;
    ix_ids ids = {0};
    char *text = NULL;
    int32_t size;
    IX_TRY(ix_tokenizer_open(&tok, folder));
    while (fread(&size, sizeof size, 1, stdin) == 1) {
        char *room;
        IX_NEED(size >= 0 && (room = realloc(text, (size_t)size + 1)), IX_ENOMEM, "a text of %d bytes", size);
        text = room;
        IX_TRY(encode_next(tok, text, size, &ids));
    }
done:
    free(text);
    ix_ids_free(&ids);
    ix_tokenizer_close(&tok);
    return rc;
}

int main(int argc, char **argv)
{
    if (argc == 2 && encode_all(argv[1]) == IX_OK) return 0;
    fprintf(stderr, "%s\n", argc == 2 ? ix_message() : "usage: ids FOLDER");
    return 2;
}
