/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/fencing.h"

#include <string.h>

static const char two_levels[] = "[h1]\nagent = fence_a\n"
                                 "[h1 second supply]\nagent = fence_b\n"
                                 "[h1 pdu]\nagent = fence_c\nlevel = 2\n";

/* Answers of the agents in the order in which they are asked: 'd' done, 'o' is off, 'e' error,
 * 't' timeout. */
typedef struct {
    const char *name;
    const char *file;
    const char *answers;
    const char *story; /* what was run: the agent's letter with an o for off or s for status */
    MskFenceActKind end;
    const char *note; /* part of it */
} Case;

static const Case cases[] = {
    {"one", "[h1]\nagent = fence_a\n", "do", "ao as", MSK_FENCE_ACT_CONFIRMED, "is off: fence_a"},
    {"already off, refused", "[h1]\nagent = fence_a\n", "eo", "ao as", MSK_FENCE_ACT_CONFIRMED,
     "says so"},
    {"off hangs and is off", "[h1]\nagent = fence_a\n", "to", "ao as", MSK_FENCE_ACT_CONFIRMED,
     "says so"},
    {"takes a moment", "[h1]\nagent = fence_a\n", "dddo", "ao as as as", MSK_FENCE_ACT_CONFIRMED,
     "says so"},
    {"lies", "[h1]\nagent = fence_a\n", "dddddddddddd", "ao as as as as as ao as as as as as",
     MSK_FENCE_ACT_FAILED, "still says that it is on"},
    {"refuses", "[h1]\nagent = fence_a\n", "eded", "ao as ao as", MSK_FENCE_ACT_FAILED,
     "still says that it is on: words of off"},
    {"status fails", "[h1]\nagent = fence_a\n", "deeeeedeeeee",
     "ao as as as as as ao as as as as as", MSK_FENCE_ACT_FAILED,
     "does not say whether it is on: words of status"},
    {"hangs", "[h1]\nagent = fence_a\n", "tt", "ao as", MSK_FENCE_ACT_FAILED,
     "gave no answer in time"},
    {"both supplies", two_levels, "dodo", "ao as bo bs", MSK_FENCE_ACT_CONFIRMED, "fence_b"},
    {"second supply fails", two_levels, "dottdo", "ao as bo bs co cs", MSK_FENCE_ACT_CONFIRMED,
     "fence_c of fencing level 2"},
    {"first supply fails", two_levels, "ttdo", "ao as co cs", MSK_FENCE_ACT_CONFIRMED, "level 2"},
    {"all fail", two_levels, "tttt", "ao as co cs", MSK_FENCE_ACT_FAILED,
     "fence_c of fencing level 2"},
};

static MskFenceResult
result_of(char letter)
{
    switch (letter) {
    case 'd':
        return MSK_FENCE_DONE;
    case 'o':
        return MSK_FENCE_IS_OFF;
    case 'e':
        return MSK_FENCE_ERROR;
    default:
        return MSK_FENCE_TIMEOUT;
    }
}

static void
play(const Case *it)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MskFencePlan) plan =
        msk_fence_plan_from_file(it->file, strlen(it->file), "h1", &error);
    g_autoptr(GString) story = g_string_new(NULL);
    g_auto(MskFencing) self;
    const char *answer = it->answers;

    g_assert_no_error(error);
    msk_fencing_init(&self, plan, "h1");
    g_auto(MskFenceAct) act = msk_fencing_go_on(&self);

    while (act.kind == MSK_FENCE_ACT_RUN || act.kind == MSK_FENCE_ACT_WAIT) {
        bool runs = act.kind == MSK_FENCE_ACT_RUN;

        if (runs) {
            const MskFenceDevice *device = g_ptr_array_index(plan->devices, act.device);

            g_assert_true(*answer != '\0');
            g_string_append_printf(story, "%s%c%c", story->len > 0 ? " " : "", device->agent[6],
                                   *msk_fence_verb_name(act.verb));
        }
        const char *said = *answer != 'e'                   ? NULL
                           : act.verb == MSK_FENCE_VERB_OFF ? "words of off"
                                                            : "words of status";

        msk_fence_act_clear(&act);
        act =
            runs ? msk_fencing_answer(&self, result_of(*answer++), said) : msk_fencing_go_on(&self);
    }
    g_assert_cmpstr(story->str, ==, it->story);
    g_assert_cmpint(act.kind, ==, it->end);
    g_assert_nonnull(strstr(act.note, it->note));
    g_assert_true(*answer == '\0');
}

static void
test_stories(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].name);
        play(&cases[i]);
    }
}

/* Whatever the agents answer: confirmed only after every device of one level has said off. */
static void
test_nothing_but_off_is_believed(void)
{
    static const MskFenceResult results[] = {MSK_FENCE_DONE, MSK_FENCE_ERROR, MSK_FENCE_TIMEOUT};

    for (unsigned seed = 0; seed < 500; seed++) {
        g_autoptr(MskFencePlan) plan =
            msk_fence_plan_from_file(two_levels, strlen(two_levels), "h1", NULL);
        g_autoptr(GRand) random = g_rand_new_with_seed(seed);
        g_auto(MskFencing) self;
        bool off[3] = {false};
        unsigned n_steps = 0;

        msk_fencing_init(&self, plan, "h1");
        g_auto(MskFenceAct) act = msk_fencing_go_on(&self);

        while (act.kind == MSK_FENCE_ACT_RUN || act.kind == MSK_FENCE_ACT_WAIT) {
            MskFenceActKind kind = act.kind;
            MskFenceResult result = results[g_rand_int_range(random, 0, 3)];

            if (act.verb == MSK_FENCE_VERB_STATUS && g_rand_int_range(random, 0, 4) == 0) {
                result = MSK_FENCE_IS_OFF;
            }
            if (kind == MSK_FENCE_ACT_RUN && result == MSK_FENCE_IS_OFF) {
                off[act.device] = true;
            }
            msk_fence_act_clear(&act);
            act = kind == MSK_FENCE_ACT_RUN ? msk_fencing_answer(&self, result, NULL)
                                            : msk_fencing_go_on(&self);
            g_assert_cmpuint(n_steps++, <, 200);
        }
        if (act.kind == MSK_FENCE_ACT_CONFIRMED) {
            g_assert_true((off[0] && off[1]) || off[2]);
        }
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fencing/stories", test_stories);
    g_test_add_func("/fencing/only_off_is_believed", test_nothing_but_off_is_believed);
    return g_test_run();
}
