/* SPDX-License-Identifier: Apache-2.0
 *
 * sections.h - the parts of the report: one function in one file each, and its row in report.c.
 *
 * Every table is followed by sentences that say what it shows and what it does not. They are chosen by the numbers:
 * other numbers, other sentences. */
#ifndef IX_REPORT_SECTIONS_H
#define IX_REPORT_SECTIONS_H

#include "records.h"
#include "table.h"

void ix_section_winrate(const ix_material *m, ix_tables *out);
void ix_section_accuracy(const ix_material *m, ix_tables *out);
void ix_section_persona(const ix_material *m, ix_tables *out);
void ix_section_paired(const ix_material *m, ix_tables *out);
void ix_section_cost(const ix_material *m, ix_tables *out);
void ix_section_pretrain(const ix_material *m, ix_tables *out);
void ix_section_claims(const ix_material *m, ix_tables *out);
void ix_section_validity(const ix_material *m, ix_tables *out);

/* The VALID runs of one objective on one row of a family, over seeds. */
typedef struct {
    int runs, sets;
    int64_t pairs; /* of one run */
    double accuracy, deviation, lowest, highest;
    ix_interval over_seeds; /* Student's t */
    ix_interval pooled;     /* exact, of the pairs of all runs together */
    double margin, margin_deviation;
    double untrained, untrained_low, untrained_high; /* NaN: some run has no epoch 0 */
} ix_summary;
bool ix_summarise(const ix_material *m, int family, const char *objective, const char *row, ix_summary *out);

/* Is 1/2 inside, below or above Wilson's 95 % interval of an accuracy over `pairs` pairs? Runs are judged on the same
 * pairs, so more of them do not narrow it. */
typedef enum { IX_BELOW_CHANCE, IX_NEAR_CHANCE, IX_ABOVE_CHANCE } ix_chance;
ix_chance ix_against_chance(double accuracy, int64_t pairs);
bool ix_both_near_chance(const ix_material *m, int family, const char *row); /* false without EX-RM or IM-RM */

/* Is this family Persona's factorial design (sets original, paraphrased, prefixes-swapped)? */
bool ix_is_persona(const ix_family *f);

/* The twins of a family on one row. false: no twin was judged on equal pairs. */
typedef struct {
    int twins, sets;
    int64_t pairs;
    double ex, im, apart; /* mean accuracies, and their difference */
    ix_interval interval; /* of the difference, 95 % */
} ix_comparison;
bool ix_compare_twins(const ix_family *f, const char *row, ix_comparison *out);

/* Findings on runs of one family that did not start from the same files or were not judged on the same pairs: means
 * over seeds mix them. (mixed.c) */
void ix_find_mixed(const ix_material *m, ix_table *findings);

/* "EX-RM", "IM-RM", or the name itself. */
const char *ix_objective_name(const char *objective);

#endif
