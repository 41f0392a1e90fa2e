/* SPDX-License-Identifier: Apache-2.0
 *
 * schema.c - the option tables as JSON Schema (draft-07) for editors, and as a table for readers. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/json.h"
#include "config/inner.h"

static const char name_pattern[] = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$";

static void set(json_t *object, const char *key, json_t *value)
{
    IX_CONTRACT(json_object_set_new(object, key, value) == 0);
}

static json_t *typed(const char *type)
{
    return json_pack("{s:s}", "type", type);
}

static json_t *words_schema(const char *words)
{
    json_t *list = json_array(), *s = json_object();
    const char *w;
    size_t size;
    for (int i = 0; (w = ix_word_at(words, i, &size)); i++) json_array_append_new(list, json_stringn(w, size));
    set(s, "enum", list);
    return s;
}

static json_t *limit(const ix_option *row, double v)
{
    return row->kind == IX_OPT_INT ? json_integer((json_int_t)v) : json_real(v);
}

static json_t *number_schema(const ix_option *row)
{
    json_t *s = typed(row->kind == IX_OPT_INT ? "integer" : "number");
    set(s, row->flags & IX_OPT_ABOVE ? "exclusiveMinimum" : "minimum", limit(row, row->min));
    set(s, row->flags & IX_OPT_BELOW ? "exclusiveMaximum" : "maximum", limit(row, row->max));
    if (!row->words) return s;
    json_t *either = json_object();
    set(either, "anyOf", json_pack("[o,o]", words_schema(row->words), s));
    return either;
}

static json_t *bytes_schema(const ix_option *row)
{
    json_t *s = typed("string"), *either = json_object();
    set(s, "pattern", json_string("^[0-9]+(\\.[0-9]+)?(MiB|GiB|TiB)$"));
    if (!row->words) return json_decref(either), s;
    set(either, "anyOf", json_pack("[o,o]", words_schema(row->words), s));
    return either;
}

static json_t *text_schema(const ix_option *row)
{
    json_t *s = typed("string");
    if (row->kind == IX_OPT_NAME) set(s, "pattern", json_string(name_pattern));
    else set(s, "minLength", json_integer(1));
    if (row->max > 0) set(s, "maxLength", json_integer((json_int_t)row->max));
    return s;
}

/* Without description and default: what a list of the matrix holds. */
static json_t *scalar_schema(const ix_option *row)
{
    if (row->kind == IX_OPT_BOOL) return typed("boolean");
    if (row->kind == IX_OPT_INT || row->kind == IX_OPT_REAL) return number_schema(row);
    if (row->kind == IX_OPT_BYTES) return bytes_schema(row);
    if (row->kind == IX_OPT_WORD || row->kind == IX_OPT_CHOICE) return words_schema(row->words);
    return text_schema(row);
}

static json_t *default_value(const ix_option *row)
{
    double v;
    char *end;
    if (row->kind == IX_OPT_BOOL) return json_boolean(!strcmp(row->fallback, "true"));
    if (row->kind == IX_OPT_PAIR) {
        v = strtod(row->fallback, &end);
        return json_pack("[f,f]", v, strtod(end, NULL));
    }
    bool number = (row->kind == IX_OPT_INT || row->kind == IX_OPT_REAL) && ix_is_number(row->fallback, &v);
    return number ? limit(row, v) : json_string(row->fallback);
}

static json_t *table_schema(const ix_table *table, int flags);

static json_t *named_schema(const ix_table *table, int flags)
{
    json_t *s = typed("object");
    set(s, "propertyNames", json_pack("{s:s}", "pattern", name_pattern));
    set(s, "additionalProperties", table_schema(table, flags));
    return s;
}

static json_t *pair_schema(const ix_option *row)
{
    json_t *s = typed("array");
    set(s, "items", number_schema(row));
    set(s, "minItems", json_integer(2));
    set(s, "maxItems", json_integer(2));
    return s;
}

static json_t *list_schema(const ix_option *row)
{
    json_t *s = typed("array");
    set(s, "description", json_string(row->help));
    set(s, "items", scalar_schema(row));
    set(s, "minItems", json_integer(1));
    set(s, "maxItems", json_integer(IX_VALUES_MOST));
    set(s, "uniqueItems", json_true());
    return s;
}

/* properties of `lists` and of `points` (for exclude), from the scalar rows of a table */
static void add_axes(json_t *lists, json_t *points, const ix_table *table)
{
    for (int i = 0; i < table->rows; i++) {
        const ix_option *row = &table->row[i];
        if (!ix_option_is_scalar(row)) continue;
        set(lists, row->key, list_schema(row));
        set(points, row->key, scalar_schema(row));
    }
}

static json_t *closed(json_t *properties)
{
    json_t *s = typed("object");
    set(s, "properties", properties);
    set(s, "additionalProperties", json_false());
    return s;
}

static json_t *matrix_schema(void)
{
    json_t *lists = json_object(), *points = json_object(), *exclude = typed("array");
    add_axes(lists, points, &ix_table_matrix);
    add_axes(lists, points, &ix_table_training);
    set(points, "part", json_pack("{s:s,s:s}", "type", "string", "pattern", name_pattern));
    json_t *point = closed(points);
    set(point, "minProperties", json_integer(1));
    set(exclude, "description", json_string("points that are left out: whatever agrees in all the keys given"));
    set(exclude, "items", point);
    set(exclude, "maxItems", json_integer(IX_EXCLUDES_MOST));
    set(lists, "exclude", exclude);
    return closed(lists);
}

static json_t *include_schema(void)
{
    json_t *s = typed("array");
    set(s, "items", json_pack("{s:s,s:i}", "type", "string", "minLength", 1));
    return s;
}

static json_t *row_schema(const ix_option *row)
{
    if (row->kind == IX_OPT_SECTION) return table_schema(row->table, 0);
    if (row->kind == IX_OPT_SETS) return named_schema(row->table, 0);
    if (row->kind == IX_OPT_PAIR) return pair_schema(row);
    if (row->kind == IX_OPT_INCLUDE) return include_schema();
    if (row->kind == IX_OPT_MATRIX) return matrix_schema();
    if (row->kind == IX_OPT_PARTS) {
        json_t *s = named_schema(&ix_table_root, IX_OPT_PART);
        set(s, "minProperties", json_integer(1));
        return s;
    }
    return scalar_schema(row);
}

static json_t *table_schema(const ix_table *table, int flags)
{
    json_t *properties = json_object();
    for (int i = 0; i < table->rows; i++) {
        const ix_option *row = &table->row[i];
        if ((row->flags & flags) != flags) continue;
        json_t *s = row_schema(row);
        set(s, "description", json_string(row->help));
        if (row->fallback) set(s, "default", default_value(row));
        set(properties, row->key, s);
    }
    return closed(properties);
}

ix_status ix_schema_write(FILE *f, ix_schema what)
{
    bool suite = what == IX_SCHEMA_SUITE;
    json_t *s = table_schema(suite ? &ix_table_root : &ix_table_model, 0);
    json_t *all = json_object();
    set(all, "$schema", json_string("http://json-schema.org/draft-07/schema#"));
    set(all, "title", json_string(suite ? "A suite of impex" : "A model of impex (yaml/models)"));
    json_object_update(all, s);
    json_decref(s);
    set(all, "required", json_pack("[s]", suite ? "suite" : "path"));
    bool good = json_dumpf(all, f, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) == 0 && fputc('\n', f) != EOF;
    json_decref(all);
    return good ? IX_OK : ix_fail(IX_EIO, "the JSON Schema could not be written");
}

static void write_words(FILE *f, const char *words)
{
    const char *w;
    size_t size;
    for (int i = 0; (w = ix_word_at(words, i, &size)); i++) fprintf(f, "%s`%.*s`", i ? ", " : "", (int)size, w);
}

static void write_values(FILE *f, const ix_option *row)
{
    write_words(f, row->words);
    if (row->kind == IX_OPT_BOOL) fputs("`true`, `false`", f);
    if (row->kind == IX_OPT_TEXT || row->kind == IX_OPT_NAME) fputs(row->kind == IX_OPT_TEXT ? "text" : "a name", f);
    if (row->kind == IX_OPT_BYTES) fprintf(f, "%s%s", row->words ? " or " : "", IX_BYTES_WORDS);
    if (row->kind == IX_OPT_PATH) fprintf(f, "%sa path", row->words ? " or " : "");
    if (row->kind != IX_OPT_INT && row->kind != IX_OPT_REAL && row->kind != IX_OPT_PAIR) return;
    fprintf(f, "%s%s%.15g to %s%.15g",
            row->words                 ? " or "
            : row->kind == IX_OPT_PAIR ? "two of "
                                       : "",
            row->flags & IX_OPT_ABOVE ? "above " : "", row->min, row->flags & IX_OPT_BELOW ? "below " : "", row->max);
}

static void write_rows(FILE *f, const ix_table *table, const char *above)
{
    for (int i = 0; i < table->rows; i++) {
        const ix_option *row = &table->row[i];
        char key[256];
        snprintf(key, sizeof key, "%s%s%s", above, above[0] ? "." : "", row->key);
        if (row->kind <= IX_OPT_PAIR) {
            fprintf(f, "| `%s` | ", key);
            write_values(f, row);
            fprintf(f, " | %s | %s%s |\n", row->fallback ? row->fallback : "", row->help,
                    row->flags & IX_OPT_REQUIRED ? " (required)" : "");
        } else {
            fprintf(f, "| `%s` | | | %s |\n", key, row->help);
        }
        size_t n = strlen(key);
        snprintf(key + n, sizeof key - n, "%s", row->kind == IX_OPT_SETS ? ".NAME" : "");
        if (row->table) write_rows(f, row->table, key);
        if (row->kind == IX_OPT_MATRIX) write_rows(f, &ix_table_matrix, key);
    }
}

ix_status ix_options_write(FILE *f)
{
    fputs("| key | values | default | what it is |\n|---|---|---|---|\n", f);
    write_rows(f, &ix_table_root, "");
    return ferror(f) ? ix_fail(IX_EIO, "the list of options could not be written") : IX_OK;
}
