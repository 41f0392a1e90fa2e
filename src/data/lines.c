/* SPDX-License-Identifier: Apache-2.0 */
#include "data/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

ix_status ix_lines_open(ix_lines *lines, const char *path)
{
    *lines = (ix_lines){.path = path};
    if (ix_is_folder(path)) return ix_fail(IX_EINPUT, "%s: is a folder, a file is expected", path);
    lines->fp = fopen(path, "rb");
    if (!lines->fp) return ix_open_failed(path);
    return IX_OK;
}

void ix_lines_close(ix_lines *lines)
{
    if (lines->fp) fclose(lines->fp);
    free(lines->text);
    *lines = (ix_lines){0};
}

static bool is_blank(const ix_lines *lines)
{
    return strspn(lines->text, " \t\r") == lines->size;
}

/* False at the end of the file. */
static ix_status read_line(ix_lines *lines, bool *more)
{
    errno = 0;
    ssize_t got = getline(&lines->text, &lines->capacity, lines->fp);
    *more = got >= 0;
    if (!*more && feof(lines->fp)) return IX_OK;
    if (!*more) return ix_fail(errno == ENOMEM ? IX_ENOMEM : IX_EIO, "%s: %s", lines->path, strerror(errno));
    if (got > 0 && lines->text[got - 1] == '\n') lines->text[--got] = 0;
    lines->size = (size_t)got;
    lines->number++;
    return IX_OK;
}

ix_status ix_lines_next(ix_lines *lines, bool *more)
{
    ix_status rc = IX_OK;
    *more = true;
    if (lines->held) {
        lines->held = false;
        return IX_OK;
    }
    for (;;) {
        IX_TRY(read_line(lines, more));
        if (!*more || !is_blank(lines)) break;
        if (!lines->blank) lines->blank = lines->number;
    }
    if (*more && lines->blank) {
        int64_t blank = lines->blank;
        lines->blank = 0;
        lines->held = true;
        rc = ix_fail(IX_EINPUT, "%s:%lld: the line is blank; only the end of the file may be", lines->path,
                     (long long)blank);
    }
done:
    return rc;
}

void ix_row_errors_add(ix_row_errors *errors, const char *message)
{
    if (ix_row_errors_full(errors)) return;
    /* the same share for each, so that a long one does not silence the others */
    size_t share = sizeof errors->text / IX_ROW_ERRORS - 2, size = strlen(message);
    char *at = errors->text + errors->used;
    if (errors->count++ > 0) *at++ = '\n';
    if (size > share) size = share;
    memcpy(at, message, size);
    at[size] = 0;
    errors->used = (size_t)(at - errors->text) + size;
}

bool ix_row_errors_full(const ix_row_errors *errors)
{
    return errors->count >= IX_ROW_ERRORS;
}

ix_status ix_row_errors_status(const ix_row_errors *errors)
{
    if (errors->count == 0) return IX_OK;
    if (!ix_row_errors_full(errors)) return ix_fail(IX_EINPUT, "%s", errors->text);
    return ix_fail(IX_EINPUT, "%s\n(%d bad rows; the rest was not looked at)", errors->text, IX_ROW_ERRORS);
}

ix_status ix_lines_each(const char *path, ix_row_reader row, void *context)
{
    ix_status rc = IX_OK;
    ix_lines lines = {0};
    ix_row_errors errors = {0};

    IX_TRY(ix_lines_open(&lines, path));
    while (!ix_row_errors_full(&errors)) {
        bool more = true;
        rc = ix_lines_next(&lines, &more);
        if (rc == IX_OK && !more) break;
        if (rc == IX_OK) rc = row(context, &lines);
        if (rc == IX_EINPUT) ix_row_errors_add(&errors, ix_message());
        else if (rc != IX_OK) goto done;
    }
    rc = ix_row_errors_status(&errors);
done:
    ix_lines_close(&lines);
    return rc;
}
