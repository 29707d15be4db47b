/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/lease_watch.h"

/* A conversation: looks at one engine "a" with a lease of 10, and whether it has expired. Times and
 * stamps are small numbers; the stamps are the database's idea of the time and mean nothing. */
#define LEASE 10
#define GONE  (-1)

typedef struct {
    int asked;
    int answered;
    int stamp; /* or GONE */
    bool expired;
} Look;

typedef struct {
    const char *name;
    Look looks[8]; /* up to the first with answered 0 */
} Row;

static const Row rows[] = {
    {"an engine that renews lives",
     {{100, 100, 1, false}, {105, 105, 2, false}, {110, 110, 2, false}, {115, 115, 3, false}}},
    {"one that does not is dead after a whole lease, not sooner",
     {{100, 100, 1, false}, {105, 105, 1, false}, {110, 110, 1, false}, {111, 111, 1, true}}},
    {"it stays dead until it is struck off",
     {{100, 100, 1, false},
      {105, 105, 1, false},
      {111, 111, 1, true},
      {113, 113, 1, true},
      {114, 114, GONE, false},
      {115, 115, 1, false}}},
    {"one that renews again lives, and has a whole lease again",
     {{100, 100, 1, false},
      {105, 105, 1, false},
      {111, 111, 1, true},
      {112, 112, 2, false},
      {120, 120, 2, false},
      {122, 122, 2, false},
      {123, 123, 2, true}}},
    {"the database's clock leaps a year ahead with a renewal",
     {{100, 100, 1, false}, {105, 105, 30000000, false}, {110, 110, 30000005, false}}},
    {"the database's clock is set back, the renewals' stamps with it",
     {{100, 100, 1000, false}, {105, 105, 7, false}, {114, 114, 8, false}, {119, 119, 9, false}}},
    {"a stamp of long ago is no sign of death: nobody knows which clock wrote it",
     {{100, 100, -5000, false}, {105, 105, -5000, false}, {111, 111, -5000, true}}},
    {"a renewal that came while we waited for the answer counts from the answer on",
     {{100, 108, 1, false}, {111, 111, 1, false}, {118, 118, 1, false}, {119, 119, 1, true}}},
    {"a look whose answer was slow proves no more than when it was asked",
     {{100, 100, 1, false}, {109, 120, 1, false}, {121, 121, 1, true}}},
    {"who slept for longer than a lease begins anew",
     {{100, 100, 1, false}, {500, 500, 1, false}, {505, 505, 1, false}, {511, 511, 1, true}}},
    {"an answer that took longer than a lease is still one look after another",
     {{100, 115, 1, false}, {120, 135, 1, false}, {140, 155, 1, true}}},
    {"exactly a lease between two looks is not blind",
     {{100, 100, 1, false}, {110, 110, 1, false}, {120, 120, 1, true}}},
    {"the first look ever is blind, however late it is", {{5, 5, 1, false}, {16, 16, 1, false}}},
};

static GPtrArray *
one_lease(int stamp)
{
    GPtrArray *leases = g_ptr_array_new_with_free_func((GDestroyNotify) msk_lease_free);

    if (stamp != GONE) {
        g_ptr_array_add(leases, msk_lease_new("a", stamp));
    }
    return leases;
}

static void
test_conversations(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(MskLeaseWatch) watch = msk_lease_watch_new(LEASE);

        for (const Look *look = rows[i].looks; look->answered != 0; look++) {
            g_autoptr(GPtrArray) leases = one_lease(look->stamp);
            g_autoptr(GPtrArray) expired =
                msk_lease_watch_look(watch, look->asked, look->answered, leases);

            g_test_message("%s: at %d", rows[i].name, look->asked);
            g_assert_cmpuint(expired->len, ==, look->expired);
            if (look->expired) {
                const MskLease *lease = g_ptr_array_index(expired, 0);

                g_assert_cmpstr(lease->uuid, ==, "a");
                g_assert_cmpint(lease->stamp, ==, look->stamp);
            }
        }
    }
}

static void
test_each_engine_has_its_own_time(void)
{
    g_autoptr(MskLeaseWatch) watch = msk_lease_watch_new(LEASE);

    for (int now = 100; now <= 140; now += 5) {
        g_autoptr(GPtrArray) leases = one_lease(7); /* a never renews */
        g_autoptr(GPtrArray) expired = NULL;

        g_ptr_array_add(leases, msk_lease_new("b", now));      /* b does */
        g_ptr_array_add(leases, msk_lease_new("c", now / 20)); /* c did not at the end */
        expired = msk_lease_watch_look(watch, now, now, leases);
        g_test_message("at %d", now);
        g_assert_cmpuint(expired->len, ==, (now > 110) + (now == 115 || now == 135));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lease_watch/conversations", test_conversations);
    g_test_add_func("/lease_watch/each_engine_has_its_own_time", test_each_engine_has_its_own_time);
    return g_test_run();
}
