/* SPDX-License-Identifier: Apache-2.0 */
#include "store/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"

static const char *const event_names[] = {
#define E(name, text) text,
    IX_LEDGER_EVENTS(E)
#undef E
};

struct ix_ledger {
    char *path;
    int fd;
};

const char *ix_ledger_event_name(ix_ledger_event event)
{
    return event_names[event];
}

void ix_ledger_launch_name(char name[IX_LAUNCH_NAME])
{
    char now[IX_UTC], host[256] = "";
    ix_utc(now);
    gethostname(host, sizeof host - 1);
    snprintf(name, IX_LAUNCH_NAME, "%.4s%.2s%.2sT%.2s%.2s%.2sZ-%s-%ld", now, now + 5, now + 8, now + 11, now + 14,
             now + 17, host, (long)getpid());
}

ix_status ix_ledger_open(ix_ledger **out, const char *suite_folder, const char *launch)
{
    ix_status rc = IX_OK;
    ix_ledger *l = NULL;
    char *folder = ix_format("%s/ledger", suite_folder);

    *out = NULL;
    IX_NEED(l = calloc(1, sizeof *l), IX_ENOMEM, "%s: no memory", folder);
    l->fd = -1;
    l->path = ix_format("%s/%s.jsonl", folder, launch);
    IX_TRY(ix_make_folders(folder));
    l->fd = open(l->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    IX_NEED(l->fd >= 0, IX_EIO, "%s: %s", l->path, strerror(errno));
    *out = l;
    l = NULL;
done:
    ix_ledger_close(&l);
    free(folder);
    return rc;
}

void ix_ledger_close(ix_ledger **ledger)
{
    if (!*ledger) return;
    if ((*ledger)->fd >= 0) close((*ledger)->fd);
    free((*ledger)->path);
    free(*ledger);
    *ledger = NULL;
}

/* A text that JSON accepts, whatever the bytes: a message may quote a file name that is not UTF-8. */
static json_t *text_value(const char *text)
{
    json_t *value = json_string(text ? text : "");
    if (value) return value;
    char *ascii = ix_format("%s", text);
    for (char *p = ascii; *p; p++)
        if ((unsigned char)*p > 126) *p = '?';
    value = json_string(ascii);
    free(ascii);
    return value;
}

static char *format_line(const ix_ledger_entry *e)
{
    char now[IX_UTC], host[256] = "";
    ix_utc(now);
    gethostname(host, sizeof host - 1);
    json_t *j =
        json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:I, s:I}", "time", now, "event", event_names[e->event], "run_id",
                  text_value(e->run_id), "verdict", text_value(e->verdict), "message", text_value(e->message), "host",
                  text_value(host), "pid", (json_int_t)getpid(), "ranks", (json_int_t)e->ranks);
    char *text = j ? json_dumps(j, JSON_PRESERVE_ORDER | JSON_COMPACT) : NULL;
    json_decref(j);
    IX_CONTRACT(text); /* only when there is no memory for a line */
    return text;
}

/* A line that was cut short (full disk, crash) must not swallow the next one. */
static bool ends_in_mid_line(int fd)
{
    char last = '\n';
    off_t size = lseek(fd, 0, SEEK_END);
    return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

ix_status ix_ledger_add(ix_ledger *ledger, const ix_ledger_entry *entry)
{
    ix_status rc = IX_OK;
    char *text = format_line(entry);
    char *line = ix_format("%s%s\n", ends_in_mid_line(ledger->fd) ? "\n" : "", text);
    size_t size = strlen(line);

    ssize_t put = write(ledger->fd, line, size);
    IX_NEED(put == (ssize_t)size, IX_EIO, "%s: %s", ledger->path, put < 0 ? strerror(errno) : "the disk is full");
    IX_NEED(fsync(ledger->fd) == 0, IX_EIO, "%s: %s", ledger->path, strerror(errno));
done:
    free(line);
    free(text);
    return rc;
}

static int event_of(const char *name)
{
    for (int i = 0; i < IX_LEDGER_EVENT_COUNT; i++)
        if (strcmp(event_names[i], name) == 0) return i;
    return -1;
}

static const char *text_of(const json_t *j, const char *key)
{
    const char *text = json_string_value(json_object_get(j, key));
    return text ? text : "";
}

static ix_status add_line(ix_ledger_history *h, const char *launch, const char *text, size_t size)
{
    ix_status rc = IX_OK;
    json_t *j = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    int event = event_of(text_of(j, "event"));

    if (event < 0 || !text_of(j, "time")[0]) {
        h->unread++;
        goto done;
    }
    ix_ledger_line *more = realloc(h->at, (size_t)(h->count + 1) * sizeof *more);
    IX_NEED(more, IX_ENOMEM, "%s: no memory for its lines", launch);
    h->at = more;
    more[h->count++] = (ix_ledger_line){.event = (ix_ledger_event)event,
                                        .time = ix_format("%s", text_of(j, "time")),
                                        .launch = ix_format("%s", launch),
                                        .run_id = ix_format("%s", text_of(j, "run_id")),
                                        .verdict = ix_format("%s", text_of(j, "verdict")),
                                        .message = ix_format("%s", text_of(j, "message")),
                                        .host = ix_format("%s", text_of(j, "host")),
                                        .pid = json_integer_value(json_object_get(j, "pid")),
                                        .ranks = json_integer_value(json_object_get(j, "ranks"))};
done:
    json_decref(j);
    return rc;
}

static ix_status read_file(ix_ledger_history *h, const char *path)
{
    ix_status rc = IX_OK;
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t n = strlen(name), size = 0;
    bool known = n > 6 && strcmp(name + n - 6, ".jsonl") == 0;
    char *launch = ix_format("%.*s", (int)(known ? n - 6 : n), name), *text = NULL;

    IX_TRY(ix_file_read(path, &text, &size));
    for (char *at = text; at < text + size;) {
        char *end = memchr(at, '\n', (size_t)(text + size - at));
        if (!end) end = text + size;
        if (end > at) IX_TRY(add_line(h, launch, at, (size_t)(end - at)));
        at = end + 1;
    }
done:
    free(text);
    free(launch);
    return rc;
}

/* Sorting pointers into one array: what compares equal keeps its order. */
static int by_time(const void *a, const void *b)
{
    const ix_ledger_line *x = *(const ix_ledger_line *const *)a, *y = *(const ix_ledger_line *const *)b;
    int order = strcmp(x->time, y->time);
    return order ? order : (x > y) - (x < y);
}

static int by_run(const void *a, const void *b)
{
    const ix_ledger_line *x = *(const ix_ledger_line *const *)a, *y = *(const ix_ledger_line *const *)b;
    int order = strcmp(x->run_id, y->run_id);
    return order ? order : (x > y) - (x < y);
}

/* Pointers to all lines, in that order; NULL when there is no memory. */
static ix_ledger_line **sorted(const ix_ledger_history *h, int (*order)(const void *, const void *))
{
    ix_ledger_line **lines = malloc((size_t)h->count * sizeof *lines + 1);
    if (!lines) return NULL;
    for (int i = 0; i < h->count; i++) lines[i] = &h->at[i];
    if (h->count) qsort(lines, (size_t)h->count, sizeof *lines, order);
    return lines;
}

ix_status ix_ledger_read(ix_ledger_history *out, const char *const *paths, int count)
{
    ix_status rc = IX_OK;
    ix_ledger_line **order = NULL, *lines = NULL;

    *out = (ix_ledger_history){0};
    for (int i = 0; i < count; i++) IX_TRY(read_file(out, paths[i]));
    order = sorted(out, by_time);
    lines = malloc((size_t)out->count * sizeof *lines + 1);
    IX_NEED(order && lines, IX_ENOMEM, "ledger: no memory for %d lines", out->count);
    for (int i = 0; i < out->count; i++) lines[i] = *order[i];
    free(out->at);
    out->at = lines;
    lines = NULL;
done:
    free(order);
    free(lines);
    if (rc != IX_OK) ix_ledger_free(out);
    return rc;
}

void ix_ledger_free(ix_ledger_history *history)
{
    for (int i = 0; i < history->count; i++) {
        ix_ledger_line *l = &history->at[i];
        char *texts[] = {l->time, l->launch, l->run_id, l->verdict, l->message, l->host};
        for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) free(texts[k]);
    }
    free(history->at);
    *history = (ix_ledger_history){0};
}

/* The line that left the run open, after one more of its lines. NULL: it has ended. */
static const ix_ledger_line *follow(const ix_ledger_line *open, const ix_ledger_line *line)
{
    switch (line->event) {
    case IX_LEDGER_START:
    case IX_LEDGER_RESUME:
    case IX_LEDGER_STOP:
        return line;
    case IX_LEDGER_LAUNCH: /* a later launch stands for an earlier one that never came to that run */
        return open && open->event != IX_LEDGER_LAUNCH ? open : line;
    case IX_LEDGER_SKIP: /* closes what its own launch announced, not what an earlier one started */
        return open && open->event == IX_LEDGER_LAUNCH && strcmp(open->launch, line->launch) == 0 ? NULL : open;
    default:
        return NULL;
    }
}

ix_status ix_ledger_unfinished(const ix_ledger_history *history, int **lines, int *count)
{
    ix_status rc = IX_OK;
    const ix_ledger_line *open = NULL;
    ix_ledger_line **order = sorted(history, by_run);

    *count = 0;
    *lines = malloc((size_t)history->count * sizeof **lines + 1);
    IX_NEED(order && *lines, IX_ENOMEM, "ledger: no memory for %d lines", history->count);
    for (int i = 0; i < history->count; i++) {
        bool last = i + 1 == history->count || strcmp(order[i]->run_id, order[i + 1]->run_id) != 0;
        if (order[i]->run_id[0]) open = follow(open, order[i]);
        if (!last) continue;
        if (open) (*lines)[(*count)++] = (int)(open - history->at);
        open = NULL;
    }
done:
    free(order);
    if (rc != IX_OK) {
        free(*lines);
        *lines = NULL;
    }
    return rc;
}
