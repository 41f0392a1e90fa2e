/* SPDX-License-Identifier: Apache-2.0
 *
 * machine_json.c - the record as JSON. One table of keys is writer and reader. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "machine/machine.h"

enum { VERSION = 1 };

typedef enum { TEXT, INT, INT64, REAL } kind;

/* `section`: the object that holds the key; "" is the top. */
typedef struct {
    const char *section, *key;
    kind kind;
    size_t at, room; /* room: of a text */
} field;

#define AT(member) offsetof(ix_machine, member)
#define WORDS(section, key, member)                                       \
    {                                                                     \
        section, key, TEXT, AT(member), sizeof(((ix_machine *)0)->member) \
    }
static const field fields[] = {
    WORDS("", "measured", measured),
    WORDS("", "host", host),
    WORDS("", "cpu", cpu),
    WORDS("", "mpi", library),
    {"", "nodes", INT, AT(nodes), 0},
    {"", "ranks", INT, AT(ranks), 0},
    {"", "ranks_on_node", INT, AT(ranks_on_node), 0},
    {"", "threads", INT, AT(threads), 0},
    {"", "cores_of_node", INT, AT(cores), 0},
    {"", "memory_of_node_bytes", INT64, AT(memory), 0},
    {"products", "core_peak_flop_per_s", REAL, AT(core_peak), 0},
    {"products", "node_peak_flop_per_s", REAL, AT(node_peak), 0},
    {"memory", "core_triad_bytes_per_s", REAL, AT(core_triad), 0},
    {"memory", "node_triad_bytes_per_s", REAL, AT(node_triad), 0},
    {"within_node", "ranks", INT, AT(within.ranks), 0},
    {"within_node", "busy_bytes_per_s", REAL, AT(within.busy), 0},
    {"between_nodes", "ranks", INT, AT(between.ranks), 0},
    {"between_nodes", "busy_bytes_per_s", REAL, AT(between.busy), 0},
    {"sums", "ranks", INT, AT(sums.ranks), 0},
    {"sums", "bytes", INT64, AT(sums.bytes), 0},
    {"sums", "ordered_s", REAL, AT(sums.ordered), 0},
    {"sums", "iallreduce_s", REAL, AT(sums.library), 0},
    WORDS("files", "folder", disk.folder),
    {"files", "write_bytes_per_s", REAL, AT(disk.write), 0},
    {"files", "small_file_s", REAL, AT(disk.small_file), 0},
};
enum { FIELDS = sizeof fields / sizeof *fields };

/* --- writing --------------------------------------------------------------------------------------------- */

/* The member object of that name, made where it is not there. */
static json_t *section_of(json_t *top, const char *name)
{
    if (!*name) return top;
    json_t *section = json_object_get(top, name);
    if (section) return section;
    json_object_set_new(top, name, json_object());
    return json_object_get(top, name);
}

static json_t *value_of(const ix_machine *a, const field *f)
{
    const char *at = (const char *)a + f->at;
    if (f->kind == TEXT) return json_string(at);
    if (f->kind == INT) return json_integer(*(const int *)(const void *)at);
    if (f->kind == INT64) return json_integer(*(const int64_t *)(const void *)at);
    return json_real(*(const double *)(const void *)at);
}

static json_t *sizes_of(const ix_link *l)
{
    json_t *list = json_array();
    for (int i = 0; i < IX_LINK_SIZES && l->ranks > 1; i++)
        json_array_append_new(list, json_pack("{s:I, s:f, s:f}", "bytes", (json_int_t)l->bytes[i], "message_s",
                                              l->message[i], "allreduce_s", l->allreduce[i]));
    return list;
}

static json_t *shapes_of(const ix_machine *a)
{
    json_t *list = json_array();
    for (int i = 0; i < a->products; i++) {
        const ix_product_rate *p = &a->product[i];
        json_array_append_new(list, json_pack("{s:I, s:I, s:I, s:[f, f, f]}", "m", (json_int_t)p->m, "n",
                                              (json_int_t)p->n, "k", (json_int_t)p->k, "core_flop_per_s",
                                              p->rate[IX_FORWARD], p->rate[IX_TO_INPUT], p->rate[IX_TO_WEIGHTS]));
    }
    return list;
}

char *ix_machine_json(const ix_machine *a)
{
    json_t *top = json_pack("{s:i}", "version", VERSION);
    for (int i = 0; i < FIELDS; i++)
        json_object_set_new(section_of(top, fields[i].section), fields[i].key, value_of(a, &fields[i]));
    json_object_set_new(section_of(top, "products"), "shapes", shapes_of(a));
    json_object_set_new(section_of(top, "within_node"), "sizes", sizes_of(&a->within));
    json_object_set_new(section_of(top, "between_nodes"), "sizes", sizes_of(&a->between));
    char *text = json_dumps(top, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    json_decref(top);
    IX_CONTRACT(text); /* some kilobytes of finite numbers */
    return text;
}

ix_status ix_machine_write(const ix_machine *a, const char *path)
{
    char *json = ix_machine_json(a), *text = ix_format("%s\n", json);
    ix_status rc = ix_file_write(path, text, strlen(text));
    free(json);
    free(text);
    return rc;
}

/* --- reading ---------------------------------------------------------------------------------------------- */

static ix_status read_text(char *at, const field *f, const json_t *section, const char *where)
{
    ix_status rc = IX_OK;
    const char *text;
    IX_TRY(ix_json_text(section, f->key, where, true, NULL, &text));
    IX_NEED(strlen(text) < f->room, IX_EINPUT, "%s: %s: longer than %zu characters", where, f->key, f->room - 1);
    memcpy(at, text, strlen(text) + 1);
done:
    return rc;
}

static ix_status read_number(char *at, const field *f, const json_t *section, const char *where)
{
    ix_status rc = IX_OK;
    const double most = f->kind == INT ? 1 << 24 : 1e18;
    int64_t whole = 0;
    double real = 0;
    if (f->kind == REAL) IX_TRY(ix_json_real(section, f->key, where, true, 0, &real));
    else IX_TRY(ix_json_int(section, f->key, where, true, 0, &whole));
    double value = f->kind == REAL ? real : (double)whole;
    IX_NEED(isfinite(value) && value >= 0 && value <= most, IX_EINPUT, "%s: %s: 0 to %g is expected", where, f->key,
            most);
    if (f->kind == REAL) *(double *)(void *)at = real;
    else if (f->kind == INT) *(int *)(void *)at = (int)whole;
    else *(int64_t *)(void *)at = whole;
done:
    return rc;
}

static ix_status find_section(const json_t *top, const char *name, const char *path, const json_t **out)
{
    ix_status rc = IX_OK;
    *out = *name ? json_object_get(top, name) : top;
    IX_NEED(json_is_object(*out), IX_EINPUT, "%s: %s: an object is expected, as impex probe --save writes it", path,
            name);
done:
    return rc;
}

static ix_status read_positive(const json_t *object, const char *key, const char *where, double *out)
{
    ix_status rc = IX_OK;
    IX_TRY(ix_json_real(object, key, where, true, 0, out));
    IX_NEED(isfinite(*out) && *out > 0, IX_EINPUT, "%s: %s: a number above 0 is expected", where, key);
done:
    return rc;
}

static ix_status read_sizes(ix_link *l, const json_t *top, const char *name, const char *path)
{
    ix_status rc = IX_OK;
    const json_t *section, *list;
    char *where = ix_format("%s: %s.sizes", path, name);
    IX_TRY(find_section(top, name, path, &section));
    list = json_object_get(section, "sizes");
    IX_NEED(json_is_array(list) && json_array_size(list) == (l->ranks > 1 ? IX_LINK_SIZES : 0), IX_EINPUT,
            "%s: %d sizes are expected, none without a second rank", where, IX_LINK_SIZES);
    for (int i = 0; i < IX_LINK_SIZES && l->ranks > 1; i++) {
        const json_t *row = json_array_get(list, (size_t)i);
        IX_TRY(ix_json_int(row, "bytes", where, true, 0, &l->bytes[i]));
        IX_NEED(l->bytes[i] > (i ? l->bytes[i - 1] : 0), IX_EINPUT, "%s: bytes should rise", where);
        IX_TRY(read_positive(row, "message_s", where, &l->message[i]));
        IX_TRY(read_positive(row, "allreduce_s", where, &l->allreduce[i]));
    }
done:
    free(where);
    return rc;
}

static ix_status read_shape(ix_product_rate *p, const json_t *row, const char *where)
{
    ix_status rc = IX_OK;
    int64_t *const size[] = {&p->m, &p->n, &p->k};
    const char *const key[] = {"m", "n", "k"};
    const json_t *rates = json_object_get(row, "core_flop_per_s");
    for (int i = 0; i < 3; i++) {
        IX_TRY(ix_json_int(row, key[i], where, true, 0, size[i]));
        IX_NEED(*size[i] >= 1, IX_EINPUT, "%s: %s: at least 1 is expected", where, key[i]);
    }
    IX_NEED(json_is_array(rates) && json_array_size(rates) == IX_WAYS, IX_EINPUT,
            "%s: core_flop_per_s: three rates are expected", where);
    for (size_t i = 0; i < IX_WAYS; i++) {
        p->rate[i] = json_number_value(json_array_get(rates, i));
        IX_NEED(isfinite(p->rate[i]) && p->rate[i] > 0, IX_EINPUT, "%s: core_flop_per_s: above 0 is expected", where);
    }
done:
    return rc;
}

static ix_status read_shapes(ix_machine *a, const json_t *top, const char *path)
{
    ix_status rc = IX_OK;
    const json_t *section, *list;
    char *where = ix_format("%s: products.shapes", path);
    IX_TRY(find_section(top, "products", path, &section));
    list = json_object_get(section, "shapes");
    IX_NEED(json_is_array(list) && json_array_size(list) <= IX_PRODUCT_RATES, IX_EINPUT,
            "%s: a list of at most %d is expected", where, IX_PRODUCT_RATES);
    a->products = (int)json_array_size(list);
    for (int i = 0; i < a->products; i++) IX_TRY(read_shape(&a->product[i], json_array_get(list, (size_t)i), where));
done:
    free(where);
    return rc;
}

ix_status ix_machine_read(ix_machine *a, const char *path)
{
    ix_status rc = IX_OK;
    json_t *top = NULL;
    const json_t *section;
    int64_t version;

    *a = (ix_machine){0};
    IX_TRY(ix_json_open(&top, path));
    IX_TRY(ix_json_int(top, "version", path, true, 0, &version));
    IX_NEED(version == VERSION, IX_EINPUT, "%s: version %lld; this program reads %d: probe again", path,
            (long long)version, VERSION);
    for (int i = 0; i < FIELDS; i++) {
        const field *f = &fields[i];
        char *at = (char *)a + f->at;
        IX_TRY(find_section(top, f->section, path, &section));
        IX_TRY(f->kind == TEXT ? read_text(at, f, section, path) : read_number(at, f, section, path));
    }
    IX_NEED(a->cores >= 1 && a->node_peak > 0, IX_EINPUT, "%s: cores_of_node and node_peak_flop_per_s are missing",
            path);
    IX_TRY(read_shapes(a, top, path));
    IX_TRY(read_sizes(&a->within, top, "within_node", path));
    IX_TRY(read_sizes(&a->between, top, "between_nodes", path));
done:
    json_decref(top);
    return rc;
}
