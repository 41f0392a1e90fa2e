/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_tokenize FOLDER PASSES FILE.jsonl...: how fast one thread tokenizes every string of the files' rows. Prints one
 * JSON object: seconds of the processor for opening and for each pass, in the first of which no word was seen before;
 * the bytes, the ids and the SHA-256 of all ids (int32, in order). tokenize_vs_package.py runs it beside the
 * `tokenizers` package. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/json.h"
#include "text/tokenizer.h"

#define MOST_PASSES 1000

static double cpu_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

typedef struct {
    json_t **row;
    size_t rows;
} table;

static void close_table(table *t)
{
    for (size_t i = 0; i < t->rows; i++) json_decref(t->row[i]);
    free(t->row);
}

static ix_status add_rows(table *t, const char *path)
{
    char *text = NULL, *line, *end;
    size_t size, lines = 1;
    json_t **more;
    ix_status rc = ix_file_read(path, &text, &size);
    if (rc != IX_OK) return rc;
    for (size_t i = 0; i < size; i++) lines += text[i] == '\n';
    IX_NEED(more = realloc(t->row, (t->rows + lines) * sizeof(json_t *)), IX_ENOMEM, "%s: no memory", path);
    t->row = more;
    for (line = text; line < text + size; line = end + 1) {
        end = strchr(line, '\n');
        if (!end) end = text + size;
        IX_TRY(ix_json_parse(&t->row[t->rows], line, (size_t)(end - line), path));
        t->rows++;
    }
done:
    free(text);
    return rc;
}

/* Every string of every row once. */
static ix_status encode_all(const ix_tokenizer *tok, const table *t, size_t *bytes, size_t *ids)
{
    ix_ids out = {0};
    ix_status rc = IX_OK;
    const char *key;
    json_t *value;
    *bytes = *ids = 0;
    for (size_t i = 0; i < t->rows; i++) json_object_foreach(t->row[i], key, value)
        {
            if (!json_is_string(value)) continue;
            out.size = 0;
            IX_TRY(ix_tokenizer_encode(tok, json_string_value(value), json_string_length(value), &out));
            *bytes += json_string_length(value);
            *ids += out.size;
        }
done:
    ix_ids_free(&out);
    return rc;
}

static ix_status hash_all(const ix_tokenizer *tok, const table *t, char hex[IX_HASH_HEX])
{
    ix_ids out = {0};
    ix_status rc = IX_OK;
    ix_hash *hash = ix_hash_begin();
    const char *key;
    json_t *value;
    for (size_t i = 0; i < t->rows; i++) json_object_foreach(t->row[i], key, value)
        {
            if (!json_is_string(value)) continue;
            out.size = 0;
            IX_TRY(ix_tokenizer_encode(tok, json_string_value(value), json_string_length(value), &out));
            if (out.size > 0) ix_hash_add(hash, out.id, out.size * sizeof *out.id);
        }
done:
    ix_hash_end(hash, hex);
    ix_ids_free(&out);
    return rc;
}

static ix_status measure(const char *folder, int passes, char **paths, int files)
{
    ix_tokenizer *tok = NULL;
    table t = {0};
    size_t bytes = 0, ids = 0;
    double seconds[MOST_PASSES], start = cpu_seconds();
    char hex[IX_HASH_HEX];
    ix_status rc;
    IX_TRY(ix_tokenizer_open(&tok, folder));
    double opened = cpu_seconds() - start;
    for (int i = 0; i < files; i++) IX_TRY(add_rows(&t, paths[i]));
    for (int i = 0; i < passes; i++) {
        start = cpu_seconds();
        IX_TRY(encode_all(tok, &t, &bytes, &ids));
        seconds[i] = cpu_seconds() - start;
    }
    IX_TRY(hash_all(tok, &t, hex));
    printf("{\"opened\": %.6f, \"bytes\": %zu, \"ids\": %zu, \"sha256\": \"%s\", \"seconds\": [", opened, bytes, ids,
           hex);
    for (int i = 0; i < passes; i++) printf("%s%.6f", i > 0 ? ", " : "", seconds[i]);
    printf("]}\n");
done:
    close_table(&t);
    ix_tokenizer_close(&tok);
    return rc;
}

int main(int argc, char **argv)
{
    int passes = argc > 3 ? atoi(argv[2]) : 0;
    if (passes < 1 || passes > MOST_PASSES) {
        fprintf(stderr, "usage: bench_tokenize FOLDER PASSES FILE.jsonl...\n");
        return 2;
    }
    if (measure(argv[1], passes, argv + 3, argc - 3) == IX_OK) return 0;
    fprintf(stderr, "%s\n", ix_message());
    return 1;
}
