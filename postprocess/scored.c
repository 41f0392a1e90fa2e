/* SPDX-License-Identifier: Apache-2.0
 *
 * One evaluation set of one result file: its rewards become a byte per pair, and figures. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "records.h"
#include "table.h"

static char *text_of(const ix_reader *rd, const char *group, const char *name)
{
    return ix_copy(ix_reader_text(rd, group, name));
}

static void mark_right(const double *reward, int64_t n, signed char *right)
{
    for (int64_t i = 0; i < n; i++)
        right[i] = (signed char)(2 * (reward[2 * i] > reward[2 * i + 1]) + (reward[2 * i] == reward[2 * i + 1]));
}

/* eval/<set>/<what>[pairs, side], or NULL where the file does not have it. Free with free(). */
static double *sides_of(const ix_reader *rd, const char *group, const char *what, int64_t pairs)
{
    double *value = NULL;
    int64_t dims[2] = {0};
    char *path = ix_format("%s/%s", group, what);
    bool there = ix_reader_has(rd, path) && ix_reader_array(rd, path, 2, dims, &value) == IX_OK;
    free(path);
    if (there && dims[0] == pairs && dims[1] == 2) return value;
    free(value);
    return NULL;
}

/* eval/<set>/<what>[epochs], or NULL. Free with free(). */
static double *series_of(const ix_reader *rd, const char *group, const char *what, int64_t epochs)
{
    double *value = NULL;
    int64_t n = 0;
    char *path = ix_format("%s/%s", group, what);
    bool there = ix_reader_has(rd, path) && ix_reader_array(rd, path, 1, &n, &value) == IX_OK;
    free(path);
    if (there && n == epochs) return value;
    free(value);
    return NULL;
}

static double last_of(const ix_reader *rd, const char *group, const char *what, int64_t epochs)
{
    double *value = series_of(rd, group, what, epochs), last = value ? value[epochs - 1] : NAN;
    free(value);
    return last;
}

static int64_t halves_of(const ix_reader *rd, const char *group, const char *what, int64_t pairs)
{
    double *value = sides_of(rd, group, what, pairs);
    int64_t half = value ? ix_count_right(value, pairs) : -1;
    free(value);
    return half;
}

/* Whoever finds the smaller number right: the other way round. */
static int64_t less_is_right(int64_t half, int64_t pairs)
{
    return half < 0 ? -1 : 2 * pairs - half;
}

static void read_trivial(ix_scored *set, const ix_reader *rd, const char *group, const double *tokens)
{
    int64_t n = set->count;
    double *logp = sides_of(rd, group, "reference_logp", n);
    set->trivial = (ix_trivial){
        .shorter = tokens ? less_is_right(ix_count_right(tokens, n), n) : -1,
        .shorter_characters = less_is_right(halves_of(rd, group, "characters", n), n),
        .lookup = halves_of(rd, group, "lookup", n),
        .bag = halves_of(rd, group, "bag_of_tokens", n),
        .reference = logp ? ix_count_right(logp, n) : -1,
        .reference_mean = -1,
    };
    if (logp && tokens) {
        for (int64_t i = 0; i < 2 * n; i++) logp[i] /= fmax(1, tokens[i]);
        set->trivial.reference_mean = ix_count_right(logp, n);
    }
    free(logp);
}

static void read_curve(ix_scored *set, const ix_reader *rd, const char *group, const double *reward,
                       const double *epoch)
{
    double *step = series_of(rd, group, "step", set->epochs);
    set->curve = ix_grow(NULL, (size_t)set->epochs, sizeof *set->curve);
    for (int e = 0; e < set->epochs; e++) {
        set->curve[e].epoch = epoch[e];
        set->curve[e].step = step ? (int64_t)step[e] : -1;
        set->curve[e].half = ix_count_right(reward + e * set->count * 2, set->count);
    }
    free(step);
}

/* Of reward[epochs][count][2] and their epochs. */
static void fill(ix_scored *set, const ix_reader *rd, const char *group, const double *reward, const double *epoch)
{
    const int last = set->epochs - 1;
    const double *latest = reward + last * set->count * 2;
    double *tokens = sides_of(rd, group, "tokens", set->count);
    read_curve(set, rd, group, reward, epoch);
    set->right = ix_grow(NULL, (size_t)set->count, 1);
    mark_right(latest, set->count, set->right);
    set->half = set->curve[last].half;
    set->half_first = epoch[0] == 0 ? set->curve[0].half : -1;
    set->epoch = epoch[last];
    set->margin = last_of(rd, group, "margin", set->epochs);
    double stored = last_of(rd, group, "accuracy", set->epochs);
    set->agrees = !(fabs(stored - (double)set->half / (2.0 * (double)set->count)) > 1e-9);
    ix_traits_of(&set->traits, latest, tokens, set->count);
    if (isnan(set->margin)) set->margin = set->traits.margin;
    read_trivial(set, rd, group, tokens);
    free(tokens);
}

static ix_status read_rewards(ix_scored *set, const ix_reader *rd, const char *group)
{
    ix_status rc = IX_OK;
    double *reward = NULL, *epoch = NULL;
    int64_t dims[3], epochs = 0;
    char *path = ix_format("%s/reward", group), *scale = ix_format("%s/epoch", group);

    IX_TRY(ix_reader_array(rd, path, 3, dims, &reward));
    IX_NEED(dims[0] > 0 && dims[0] < INT32_MAX && dims[1] > 0 && dims[2] == 2 && dims[1] == set->count, IX_EINPUT,
            "%s: %s: holds no rewards of the %lld pairs that the set counts", ix_reader_path(rd), path,
            (long long)set->count);
    IX_TRY(ix_reader_array(rd, scale, 1, &epochs, &epoch));
    IX_NEED(epochs == dims[0], IX_EINPUT, "%s: %s: %lld epochs of %lld", ix_reader_path(rd), scale, (long long)epochs,
            (long long)dims[0]);
    set->epochs = (int)epochs;
    fill(set, rd, group, reward, epoch);
done:
    free(reward);
    free(epoch);
    free(path);
    free(scale);
    return rc;
}

ix_status ix_scored_read(ix_scored *set, const ix_reader *rd, const char *name)
{
    char *group = ix_format("/eval/%s", name);
    *set = (ix_scored){.name = ix_copy(name),
                       .category = text_of(rd, group, "category"),
                       .group = text_of(rd, group, "group"),
                       .hash = text_of(rd, group, "hash"),
                       .trivial = {-1, -1, -1, -1, -1, -1}};
    ix_reader_int(rd, group, "count", &set->count);
    ix_reader_int(rd, group, "dropped", &set->dropped);
    ix_reader_int(rd, group, "repeated", &set->repeated);
    ix_reader_int(rd, group, "equal", &set->equal);
    ix_reader_int(rd, group, "known_prompts", &set->known_prompts);
    ix_reader_int(rd, group, "known_chosen", &set->known_chosen);
    ix_status rc = set->count > 0 ? read_rewards(set, rd, group) : IX_OK;
    free(group);
    return rc;
}

void ix_scored_free(ix_scored *set)
{
    free(set->name);
    free(set->category);
    free(set->group);
    free(set->hash);
    free(set->right);
    free(set->curve);
}
