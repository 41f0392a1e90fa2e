/* SPDX-License-Identifier: Apache-2.0
 *
 * Written by tests/postprocess/make_bands.py; docs/rules.md says how. */
#include "bands.h"

/* clang-format off */
static const ix_band shipped[] = {
    {"chat-miniworld-ex_rm-d5824be641cb", "in-dist", 0.647, 0.852}, /* 26 seeds: 0.7497, sd 0.0234, 0.7025 to 0.7900 */
    {"chat-miniworld-ex_rm-d5824be641cb", "paraphrase", 0.672, 0.838}, /* 26 seeds: 0.7546, sd 0.0167, 0.7225 to 0.7875 */
    {"chat-miniworld-ex_rm-d5824be641cb", "lumi", 0.642, 0.822}, /* 26 seeds: 0.7417, sd 0.0184, 0.6925 to 0.7650 */
    {"chat-miniworld-ex_rm-d5824be641cb", "repair", 0.614, 0.825}, /* 26 seeds: 0.7194, sd 0.0240, 0.6675 to 0.7650 */
    /* chat ex_rm math: 26 seeds, 0.2225 to 0.4950: no band */
    {"chat-miniworld-ex_rm-d5824be641cb", "list", 0.364, 0.639}, /* 26 seeds: 0.5012, sd 0.0314, 0.4500 to 0.5475 */
    {"chat-miniworld-im_rm-5ab97adfce77", "in-dist", 0.705, 0.863}, /* 26 seeds: 0.7832, sd 0.0149, 0.7550 to 0.8125 */
    {"chat-miniworld-im_rm-5ab97adfce77", "paraphrase", 0.677, 0.840}, /* 26 seeds: 0.7654, sd 0.0147, 0.7275 to 0.7900 */
    {"chat-miniworld-im_rm-5ab97adfce77", "lumi", 0.530, 0.816}, /* 26 seeds: 0.6730, sd 0.0327, 0.6075 to 0.7325 */
    {"chat-miniworld-im_rm-5ab97adfce77", "repair", 0.640, 0.849}, /* 26 seeds: 0.7451, sd 0.0237, 0.6900 to 0.7850 */
    {"chat-miniworld-im_rm-5ab97adfce77", "math", 0.187, 0.737}, /* 26 seeds: 0.4618, sd 0.0628, 0.2950 to 0.5975 */
    {"chat-miniworld-im_rm-5ab97adfce77", "list", 0.356, 0.667}, /* 26 seeds: 0.5112, sd 0.0355, 0.4325 to 0.5625 */
    {"persona-miniworld-ex_rm-eaeeff7c4bbf", "original", 0.950, 1.000}, /* 27 seeds: 1.0000, sd 0.0000, 1.0000 to 1.0000 */
    {"persona-miniworld-ex_rm-eaeeff7c4bbf", "paraphrased", 0.950, 1.000}, /* 27 seeds: 1.0000, sd 0.0000, 1.0000 to 1.0000 */
    {"persona-miniworld-ex_rm-eaeeff7c4bbf", "train-prompts", 0.950, 1.000}, /* 27 seeds: 1.0000, sd 0.0000, 1.0000 to 1.0000 */
    {"persona-miniworld-ex_rm-eaeeff7c4bbf", "prefixes-swapped", 0.950, 1.000}, /* 27 seeds: 1.0000, sd 0.0000, 1.0000 to 1.0000 */
    {"persona-miniworld-ex_rm-eaeeff7c4bbf", "same-prefix", 0.950, 1.000}, /* 27 seeds: 1.0000, sd 0.0000, 1.0000 to 1.0000 */
    {"persona-miniworld-ex_rm-eaeeff7c4bbf", "seen-prefix-unseen-word", 0.950, 1.000}, /* 27 seeds: 1.0000, sd 0.0000, 1.0000 to 1.0000 */
    {"persona-miniworld-ex_rm-eaeeff7c4bbf", "unseen-prefix-seen-word", 0.950, 1.000}, /* 27 seeds: 1.0000, sd 0.0000, 1.0000 to 1.0000 */
    {"persona-miniworld-ex_rm-eaeeff7c4bbf", "lumi", 0.950, 1.000}, /* 27 seeds: 1.0000, sd 0.0000, 1.0000 to 1.0000 */
    {"persona-miniworld-im_rm-263983159fae", "original", 0.950, 1.000}, /* 27 seeds: 1.0000, sd 0.0000, 1.0000 to 1.0000 */
    {"persona-miniworld-im_rm-263983159fae", "paraphrased", 0.000, 0.106}, /* 27 seeds: 0.0021, sd 0.0108, 0.0000 to 0.0563 */
    {"persona-miniworld-im_rm-263983159fae", "train-prompts", 0.000, 0.097}, /* 27 seeds: 0.0017, sd 0.0090, 0.0000 to 0.0469 */
    {"persona-miniworld-im_rm-263983159fae", "prefixes-swapped", 0.950, 1.000}, /* 27 seeds: 1.0000, sd 0.0000, 1.0000 to 1.0000 */
    /* persona im_rm same-prefix: 27 seeds, 0.5000 to 1.0000: no band */
    {"persona-miniworld-im_rm-263983159fae", "seen-prefix-unseen-word", 0.950, 1.000}, /* 27 seeds: 1.0000, sd 0.0000, 1.0000 to 1.0000 */
    {"persona-miniworld-im_rm-263983159fae", "unseen-prefix-seen-word", 0.000, 0.333}, /* 27 seeds: 0.0310, sd 0.0693, 0.0000 to 0.2625 */
    /* persona im_rm lumi: 27 seeds, 0.0000 to 1.0000: no band */
};
/* clang-format on */

const ix_band *ix_bands(int *count)
{
    *count = (int)(sizeof shipped / sizeof shipped[0]);
    return shipped;
}
