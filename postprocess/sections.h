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
void ix_section_hamiltonian(const ix_material *m, ix_tables *out);
void ix_section_paired(const ix_material *m, ix_tables *out);
void ix_section_calibration(const ix_material *m, ix_tables *out);
void ix_section_length(const ix_material *m, ix_tables *out);
void ix_section_baselines(const ix_material *m, ix_tables *out);
void ix_section_paper(const ix_material *m, ix_tables *out);
void ix_section_headline(const ix_material *m, ix_tables *out);
#define IX_LEFT_BAND "LEFT ITS BAND" /* the last column of table against */
void ix_section_against(const ix_material *m, ix_tables *out);
void ix_section_cost(const ix_material *m, ix_tables *out);
void ix_section_scaling(const ix_material *m, ix_tables *out);
void ix_section_speed(const ix_material *m, ix_tables *out);
void ix_section_pretrain(const ix_material *m, ix_tables *out);
void ix_section_claims(const ix_material *m, ix_tables *out);
void ix_section_validity(const ix_material *m, ix_tables *out);

/* Figures: in the registry like sections, or drawn from a section's table. (plot_*.c) */
void ix_plot_curves(const ix_material *m, ix_tables *out);
void ix_plot_margin(const ix_material *m, ix_tables *out);
void ix_plot_rewards(const ix_material *m, ix_tables *out);
void ix_plot_phases(const ix_material *m, ix_tables *out);
void ix_plot_winrate(const ix_table *winrate, ix_tables *out);
void ix_plot_scaling(const ix_table *scaling, ix_tables *out);
void ix_plot_generation(const ix_material *m, const ix_table *generation, ix_tables *out);
void ix_plot_paired(const ix_material *m, const ix_table *paired, ix_tables *out);

/* The VALID runs of one objective on one row of a family, over seeds. */
typedef struct {
    int runs, sets;
    int64_t pairs, prompts; /* of one run; of its largest set: sets of a row ask the same prompts */
    double accuracy, deviation, lowest, highest;
    ix_interval over_seeds; /* Student's t: the draw of head and order */
    ix_interval over_pairs; /* Wilson's, over the prompts: the draw of the test pairs */
    double margin, margin_deviation, correlation;
    double untrained, untrained_low, untrained_high; /* NaN: some run has no epoch 0 */
} ix_summary;
bool ix_summarise(const ix_material *m, int family, const char *objective, const char *row, ix_summary *out);

/* Is 1/2 inside, below or above Wilson's 95 % interval of an accuracy over `prompts`? Runs, and the sets of a row, are
 * judged on the same prompts, so more of them do not narrow it. */
typedef enum { IX_BELOW_CHANCE, IX_NEAR_CHANCE, IX_ABOVE_CHANCE } ix_chance;
ix_chance ix_against_chance(double accuracy, int64_t prompts);
bool ix_both_near_chance(const ix_material *m, int family, const char *row); /* false without EX-RM or IM-RM */

/* Is this family Persona's factorial design (sets original, paraphrased, prefixes-swapped)? */
bool ix_is_persona(const ix_family *f);

/* The twins of a family on one row. false: no twin was judged on equal pairs. */
typedef struct {
    int twins, sets;
    int64_t pairs, prompts;
    double ex, im, apart; /* mean accuracies, and their difference */
    ix_interval interval; /* of the difference, 95 % */
    double noise;         /* ix_sign_flip of it */
} ix_comparison;
bool ix_compare_twins(const ix_family *f, const char *row, ix_comparison *out);

/* Adds the twin's EX - IM on a row to (*to)[number of the pair in its set], so that their sum grows by the difference
 * of accuracies; the list grows to the largest set. Contract: ix_twin_matches. */
void ix_twin_differences(const ix_twin *t, const char *row, double **to, int64_t *n);
/* The probability of a sum at least as far from 0 if signs were thrown: the number of throws goes by n. */
double ix_noise_probability(const double *differences, int64_t n);

/* How the VALID runs of one objective behave on a row beyond accuracy; means over runs. */
typedef struct {
    int runs, sets;
    double accuracy, brier, brier_deviation, ece, ece_deviation;
    int64_t pairs[IX_STRATA]; /* of one run: chosen shorter, as long, longer */
    double right[IX_STRATA];  /* accuracies there; NaN without pairs */
    double controlled;        /* mean of the shorter and the longer: length alone gives 1/2; NaN: one has no pairs */
    ix_interval interval;     /* of it, over the pairs, 95 % */
    double lean;
} ix_habits;
bool ix_habits_of(const ix_material *m, int family, const char *objective, const char *row, ix_habits *out);

/* Findings on runs of one family that did not start from the same files or were not judged on the same pairs: means
 * over seeds mix them. (mixed.c) */
void ix_find_mixed(const ix_material *m, ix_table *findings);

/* "EX-RM", "IM-RM", or the name itself. */
const char *ix_objective_name(const char *objective);

#endif
