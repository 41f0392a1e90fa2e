/* SPDX-License-Identifier: Apache-2.0
 *
 * Written by tests/postprocess/make_bands.py; docs/rules.md says how. */
#include "bands.h"

/* clang-format off */
static const ix_band shipped[] = {
    {"chat-miniworld-ex_rm-d5824be641cb", "in-dist", 0.650, 0.863}, /* 19 seeds: 0.7563, sd 0.0228, 0.7075 to 0.7900 */
    {"chat-miniworld-ex_rm-d5824be641cb", "paraphrase", 0.672, 0.841}, /* 19 seeds: 0.7564, sd 0.0181, 0.7225 to 0.7875 */
    {"chat-miniworld-ex_rm-d5824be641cb", "lumi", 0.642, 0.824}, /* 19 seeds: 0.7442, sd 0.0172, 0.6925 to 0.7650 */
    {"chat-miniworld-ex_rm-d5824be641cb", "repair", 0.591, 0.845}, /* 19 seeds: 0.7179, sd 0.0272, 0.6675 to 0.7650 */
    /* chat ex_rm math: 19 seeds, 0.2225 to 0.4950: no band */
    {"chat-miniworld-ex_rm-d5824be641cb", "list", 0.343, 0.659}, /* 19 seeds: 0.5009, sd 0.0338, 0.4500 to 0.5475 */
    {"chat-miniworld-im_rm-5ab97adfce77", "in-dist", 0.705, 0.863}, /* 18 seeds: 0.7831, sd 0.0166, 0.7550 to 0.8125 */
    {"chat-miniworld-im_rm-5ab97adfce77", "paraphrase", 0.688, 0.840}, /* 18 seeds: 0.7664, sd 0.0138, 0.7375 to 0.7900 */
    {"chat-miniworld-im_rm-5ab97adfce77", "lumi", 0.522, 0.832}, /* 18 seeds: 0.6768, sd 0.0328, 0.6075 to 0.7250 */
    {"chat-miniworld-im_rm-5ab97adfce77", "repair", 0.612, 0.873}, /* 18 seeds: 0.7424, sd 0.0276, 0.6900 to 0.7850 */
    {"chat-miniworld-im_rm-5ab97adfce77", "math", 0.176, 0.719}, /* 18 seeds: 0.4472, sd 0.0574, 0.2950 to 0.5325 */
    {"chat-miniworld-im_rm-5ab97adfce77", "list", 0.370, 0.660}, /* 18 seeds: 0.5146, sd 0.0306, 0.4625 to 0.5625 */
    {"persona-miniworld-ex_rm-eaeeff7c4bbf", "original", 0.950, 1.000}, /* 19 seeds: 1.0000, sd 0.0000, 1.0000 to 1.0000 */
    {"persona-miniworld-ex_rm-eaeeff7c4bbf", "paraphrased", 0.950, 1.000}, /* 19 seeds: 1.0000, sd 0.0000, 1.0000 to 1.0000 */
    {"persona-miniworld-ex_rm-eaeeff7c4bbf", "train-prompts", 0.950, 1.000}, /* 19 seeds: 1.0000, sd 0.0000, 1.0000 to 1.0000 */
    {"persona-miniworld-ex_rm-eaeeff7c4bbf", "prefixes-swapped", 0.950, 1.000}, /* 19 seeds: 1.0000, sd 0.0000, 1.0000 to 1.0000 */
    {"persona-miniworld-ex_rm-eaeeff7c4bbf", "same-prefix", 0.950, 1.000}, /* 19 seeds: 1.0000, sd 0.0000, 1.0000 to 1.0000 */
    {"persona-miniworld-ex_rm-eaeeff7c4bbf", "seen-prefix-unseen-word", 0.950, 1.000}, /* 19 seeds: 1.0000, sd 0.0000, 1.0000 to 1.0000 */
    {"persona-miniworld-ex_rm-eaeeff7c4bbf", "unseen-prefix-seen-word", 0.950, 1.000}, /* 19 seeds: 1.0000, sd 0.0000, 1.0000 to 1.0000 */
    {"persona-miniworld-ex_rm-eaeeff7c4bbf", "lumi", 0.950, 1.000}, /* 19 seeds: 1.0000, sd 0.0000, 1.0000 to 1.0000 */
    {"persona-miniworld-im_rm-263983159fae", "original", 0.950, 1.000}, /* 19 seeds: 1.0000, sd 0.0000, 1.0000 to 1.0000 */
    {"persona-miniworld-im_rm-263983159fae", "paraphrased", 0.000, 0.106}, /* 19 seeds: 0.0030, sd 0.0129, 0.0000 to 0.0563 */
    {"persona-miniworld-im_rm-263983159fae", "train-prompts", 0.000, 0.097}, /* 19 seeds: 0.0025, sd 0.0108, 0.0000 to 0.0469 */
    {"persona-miniworld-im_rm-263983159fae", "prefixes-swapped", 0.950, 1.000}, /* 19 seeds: 1.0000, sd 0.0000, 1.0000 to 1.0000 */
    /* persona im_rm same-prefix: 19 seeds, 0.5000 to 1.0000: no band */
    {"persona-miniworld-im_rm-263983159fae", "seen-prefix-unseen-word", 0.950, 1.000}, /* 19 seeds: 1.0000, sd 0.0000, 1.0000 to 1.0000 */
    {"persona-miniworld-im_rm-263983159fae", "unseen-prefix-seen-word", 0.000, 0.310}, /* 19 seeds: 0.0303, sd 0.0598, 0.0000 to 0.1812 */
    /* persona im_rm lumi: 19 seeds, 0.0000 to 1.0000: no band */
};
/* clang-format on */

const ix_band *ix_bands(int *count)
{
    *count = (int)(sizeof shipped / sizeof shipped[0]);
    return shipped;
}
