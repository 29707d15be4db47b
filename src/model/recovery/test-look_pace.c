/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/look_pace.h"

#include <glib.h>

#define MS INT64_C(1000)

/* All in milliseconds; the shortest time is 400, the last 1000. */
static const struct {
    const char *name;
    unsigned n_under_way;
    bool more;
    int64_t typical;
    int64_t oldest;
    int64_t look;
    int64_t since;
    int64_t wait;
} cases[] = {
    {"nothing is known", 3, true, 0, 0, 0, 0, 400},
    {"the first ones take long", 3, true, 0, 8000, 50, 0, 2000},
    {"a quick cloud", 3, true, 1000, 600, 20, 0, 400},
    {"time passes", 3, true, 1000, 600, 20, 300, 100},
    {"a look is due", 3, true, 1000, 600, 20, 500, -100},
    {"three at once in a slow cloud", 3, true, 12000, 9000, 300, 0, 3000},
    {"eight at once end one after the other", 8, true, 12000, 9000, 300, 0, 1000},
    {"a look that takes long", 8, true, 12000, 9000, 900, 0, 2700},
    {"none can be over yet", 3, true, 8000, 500, 300, 0, 3500},
    {"none could be over yet when it was last looked", 3, true, 8000, 500, 300, 100, 3500},
    {"some seconds are the longest", 1, true, 60000, 40000, 300, 0, 5000},
    {"and for what cannot be over as well", 1, true, 60000, 1000, 300, 0, 5000},
    {"and it is not waited for longer", 1, true, 60000, 6000, 300, 5000, 0},
    {"the first that are ordered for long", 3, true, 8000, 0, 300, 90000, 4000},
    {"the last ones, where nothing waits", 3, false, 12000, 9000, 300, 0, 1000},
    {"the last one of a quick cloud", 1, false, 1000, 600, 20, 0, 400},
    {"the last one, and looks that take long", 1, false, 12000, 9000, 2000, 0, 1000},
};

static void
test_a_slow_cloud_is_asked_less_often(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        MskLookPace facts = {.n_under_way = cases[i].n_under_way,
                             .more = cases[i].more,
                             .typical_us = cases[i].typical * MS,
                             .oldest_us = cases[i].oldest * MS,
                             .look_us = cases[i].look * MS,
                             .since_us = cases[i].since * MS,
                             .min_us = 400 * MS,
                             .last_us = 1000 * MS};

        g_test_message("%s", cases[i].name);
        g_assert_cmpint(msk_look_pace(&facts), ==, cases[i].wait * MS);
    }
}

/* An operator's own longest time is kept where it is longer, and never undercuts the shortest. */
static void
test_the_bounds_are_the_order_s(void)
{
    MskLookPace facts = {.n_under_way = 1,
                         .typical_us = 100000 * MS,
                         .oldest_us = 90000 * MS,
                         .min_us = 400 * MS,
                         .last_us = 20000 * MS};

    g_assert_cmpint(msk_look_pace(&facts), ==, 20000 * MS);
    facts.more = true;
    g_assert_cmpint(msk_look_pace(&facts), ==, 20000 * MS);
    facts.last_us = 0;
    facts.more = false;
    g_assert_cmpint(msk_look_pace(&facts), ==, 400 * MS);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/look_pace/slow_cloud", test_a_slow_cloud_is_asked_less_often);
    g_test_add_func("/look_pace/bounds", test_the_bounds_are_the_order_s);
    return g_test_run();
}
