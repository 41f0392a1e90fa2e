/* SPDX-License-Identifier: Apache-2.0
 *
 * job.c - what runs of every task do alike: going on from checkpoints. */
#include "task/bench.h"

/* Seconds: a signal is noticed within the first; steps above the second are saved within. */
#define PACE 0.5
#define LONG_STEP 2.0

ix_status ix_job_saver(ix_saver **out, const ix_job *job)
{
    ix_status rc = IX_OK;
    const ix_settings *s = &job->point->settings;
    ix_saver_settings settings = {.folder = job->run_folder,
                                  .run_id = job->names->run,
                                  .every_seconds = s->checkpoint.every_seconds,
                                  .keep = s->checkpoint.keep,
                                  .before_limit = s->checkpoint.before_limit,
                                  .pace = PACE,
                                  .long_step = LONG_STEP,
                                  .listen = job->listen,
                                  .context = job->context};
    IX_TRY(ix_saver_create(out, job->grid, &settings));
    IX_TRY(ix_saver_find(*out));
    if (ix_saver_found(*out) && job->resumed)
        IX_TRY(ix_grid_agree(job->grid, IX_GROUP, job->resumed(job->context, ix_saver_step(*out))));
done:
    return rc;
}

ix_status ix_job_store_counts(const ix_saver *saver, ix_result *result)
{
    ix_status rc = IX_OK;
    ix_saver_counts n = ix_saver_count(saver);
    IX_TRY(ix_result_int(result, "place_resumed", n.resumed));
    IX_TRY(ix_result_int(result, "place_checkpoints", n.written));
    IX_TRY(ix_result_real(result, "place_checkpoint_seconds", n.seconds));
done:
    return rc;
}
