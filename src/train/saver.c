/* SPDX-License-Identifier: Apache-2.0
 *
 * saver.c - when to save. What is written and read is in moment.c and resume.c. */
#include "train/saver_inner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/stop.h"

enum { STRIDE_MOST = 1 << 20 };

ix_status ix_saver_create(ix_saver **out, const ix_grid *grid, const ix_saver_settings *settings)
{
    ix_saver *s = calloc(1, sizeof *s);
    *out = NULL;
    ix_status rc =
        s ? ix_question_create(&s->question, grid, IX_GROUP) : ix_fail(IX_ENOMEM, "checkpoints: out of memory");
    IX_TRY(ix_grid_agree(grid, IX_GROUP, rc));
    s->grid = grid;
    s->settings = *settings;
    s->stride = 1;
    s->step_seconds = INFINITY;
    s->agreed = s->saved = ix_seconds();
    *out = s;
    s = NULL;
done:
    ix_saver_destroy(&s);
    return rc;
}

void ix_saver_destroy(ix_saver **saver)
{
    if (!*saver) return;
    ix_question_destroy(&(*saver)->question);
    ix_arrays_free(&(*saver)->common);
    ix_checkpoint_free(&(*saver)->found);
    free(*saver);
    *saver = NULL;
}

static ix_saver_wish own_wish(const ix_saver *s, double now)
{
    if (s->settings.listen) s->settings.listen(s->settings.context);
    if (ix_stop_asked()) return IX_SAVE_AND_STOP;
    if (!s->settings.folder) return IX_GO_ON;
    if (s->settings.before_limit > 0 && ix_stop_seconds_left() < (double)s->settings.before_limit)
        return IX_SAVE_AND_STOP;
    return s->settings.every_seconds > 0 && now - s->saved >= s->settings.every_seconds ? IX_SAVE : IX_GO_ON;
}

/* Steps that take long are saved within. Judging has no steps: its pieces say nothing about them. */
static void learn_pace(ix_saver *s, double elapsed)
{
    double stride = s->stride * s->settings.pace / (elapsed > 1e-6 ? elapsed : 1e-6);
    if (stride > 2.0 * s->stride) stride = 2.0 * s->stride;
    s->stride = stride < 1 ? 1 : stride > STRIDE_MOST ? STRIDE_MOST : (int)stride;
    s->spent += elapsed;
    if (s->steps == 0) return;
    s->step_seconds = s->spent / (double)s->steps;
    s->spent = 0;
    s->steps = 0;
}

void ix_saver_ask(ix_saver *s)
{
    double now = ix_seconds();
    ix_question_ask(s->question, (double[IX_QUESTION]){now - s->agreed, own_wish(s, now)});
    s->agreed = now;
}

static ix_saver_wish answer(ix_saver *s)
{
    double x[IX_QUESTION];
    ix_question_answer(s->question, x);
    learn_pace(s, x[0]);
    return (ix_saver_wish)x[1];
}

ix_saver_wish ix_saver_tick(ix_saver *s)
{
    ix_saver_wish wish = IX_GO_ON;
    if (!s || ++s->ticks < s->stride) return IX_GO_ON;
    s->ticks = 0;
    if (ix_question_open(s->question)) wish = answer(s);
    s->apart = false;
    if (wish != IX_GO_ON) return wish;
    ix_saver_ask(s);
    return answer(s);
}

ix_saver_wish ix_saver_tick_apart(ix_saver *s)
{
    ix_saver_wish wish = IX_GO_ON;
    if (!s || ++s->ticks < s->stride) return IX_GO_ON;
    s->ticks = 0;
    if (ix_question_open(s->question)) wish = answer(s);
    s->apart = true;
    if (wish == IX_GO_ON) ix_saver_ask(s);
    return wish;
}

bool ix_saver_is_slow(const ix_saver *s)
{
    return s && s->step_seconds >= s->settings.long_step;
}

void ix_saver_count_step(ix_saver *s)
{
    if (s) s->steps++;
}

ix_saver_counts ix_saver_count(const ix_saver *s)
{
    return s ? s->counts : (ix_saver_counts){0};
}
