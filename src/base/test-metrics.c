/* SPDX-License-Identifier: Apache-2.0 */
#include "base/metrics.h"

static const double bounds[] = {0.5, 2};

static const MskMetricFamily families[] = {
    {"masakari_things_total", MSK_METRIC_COUNTER, "Things", {"kind", "outcome"}, NULL, 0},
    {"masakari_depth", MSK_METRIC_GAUGE, "How deep", {NULL}, NULL, 0},
    {"masakari_wait_seconds", MSK_METRIC_HISTOGRAM, "How long", {"kind"}, bounds, 2},
    {"masakari_plain_seconds", MSK_METRIC_HISTOGRAM, "Of all", {NULL}, bounds, 2},
};

static void
test_nothing_before_start(void)
{
    g_assert_false(msk_metrics_are_on());
    msk_metric_add(&families[0], 1, "a", "b");
    msk_metric_set(&families[1], 1, NULL, NULL);
    msk_metric_observe(&families[2], 1, "a", NULL);
    g_autoptr(GString) text = msk_metrics_text();

    g_assert_cmpstr(text->str, ==, "");
}

static void
test_text(void)
{
    msk_metrics_start(families, G_N_ELEMENTS(families));
    g_assert_true(msk_metrics_are_on());
    msk_metric_add(&families[0], 1, "vm", "won");
    msk_metric_add(&families[0], 1, "host", "a\"b\\c\nd");
    msk_metric_add(&families[0], 1, "vm", "won");
    msk_metric_set(&families[1], 7, NULL, NULL);
    msk_metric_add(&families[1], -0.5, NULL, NULL);
    msk_metric_observe(&families[2], 0.5, "vm", NULL);
    msk_metric_observe(&families[2], 1, "vm", NULL);
    msk_metric_observe(&families[2], 3, "vm", NULL);
    msk_metric_observe(&families[2], -1, "vm", NULL);
    g_autoptr(GString) text = msk_metrics_text();

    msk_metrics_stop();
    g_assert_cmpstr(text->str, ==,
                    "# HELP masakari_things_total Things\n"
                    "# TYPE masakari_things_total counter\n"
                    "masakari_things_total{kind=\"host\",outcome=\"a\\\"b\\\\c\\nd\"} 1\n"
                    "masakari_things_total{kind=\"vm\",outcome=\"won\"} 2\n"
                    "# HELP masakari_depth How deep\n"
                    "# TYPE masakari_depth gauge\n"
                    "masakari_depth 6.5\n"
                    "# HELP masakari_wait_seconds How long\n"
                    "# TYPE masakari_wait_seconds histogram\n"
                    "masakari_wait_seconds_bucket{kind=\"vm\",le=\"0.5\"} 2\n"
                    "masakari_wait_seconds_bucket{kind=\"vm\",le=\"2\"} 3\n"
                    "masakari_wait_seconds_bucket{kind=\"vm\",le=\"+Inf\"} 4\n"
                    "masakari_wait_seconds_sum{kind=\"vm\"} 4.5\n"
                    "masakari_wait_seconds_count{kind=\"vm\"} 4\n"
                    "# HELP masakari_plain_seconds Of all\n"
                    "# TYPE masakari_plain_seconds histogram\n"
                    "masakari_plain_seconds_bucket{le=\"0.5\"} 0\n"
                    "masakari_plain_seconds_bucket{le=\"2\"} 0\n"
                    "masakari_plain_seconds_bucket{le=\"+Inf\"} 0\n"
                    "masakari_plain_seconds_sum 0\n"
                    "masakari_plain_seconds_count 0\n");
}

static void
test_series_are_bounded(void)
{
    unsigned n_lines = 0;

    msk_metrics_start(families, 1);
    for (unsigned i = 0; i < 2 * MSK_METRIC_MAX_SERIES; i++) {
        g_autofree char *kind = g_strdup_printf("%u", i);

        msk_metric_add(&families[0], 1, kind, "x");
    }
    msk_metric_set(&families[1], 1, NULL, NULL); /* was not started */
    g_autoptr(GString) text = msk_metrics_text();

    msk_metrics_stop();
    for (size_t i = 0; i < text->len; i++) {
        n_lines += text->str[i] == '\n';
    }
    g_assert_cmpuint(n_lines, ==, MSK_METRIC_MAX_SERIES + 2);
    g_assert_null(strstr(text->str, "masakari_depth"));
}

#define N_THREADS 4
#define N_TIMES   1000

static void *
feed(void *data)
{
    (void) data;
    for (unsigned i = 0; i < N_TIMES; i++) {
        msk_metric_add(&families[0], 1, "vm", "won");
        msk_metric_observe(&families[3], 1, NULL, NULL);
    }
    return NULL;
}

static void
test_threads(void)
{
    GThread *threads[N_THREADS];

    msk_metrics_start(families, G_N_ELEMENTS(families));
    for (unsigned i = 0; i < N_THREADS; i++) {
        threads[i] = g_thread_new("feed", feed, NULL);
    }
    for (unsigned i = 0; i < N_THREADS; i++) {
        g_string_free(msk_metrics_text(), TRUE);
    }
    for (unsigned i = 0; i < N_THREADS; i++) {
        g_thread_join(threads[i]);
    }
    g_autoptr(GString) text = msk_metrics_text();

    msk_metrics_stop();
    g_assert_nonnull(strstr(text->str, "{kind=\"vm\",outcome=\"won\"} 4000\n"));
    g_assert_nonnull(strstr(text->str, "masakari_plain_seconds_sum 4000\n"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/metrics/nothing_before_start", test_nothing_before_start);
    g_test_add_func("/metrics/text", test_text);
    g_test_add_func("/metrics/series_are_bounded", test_series_are_bounded);
    g_test_add_func("/metrics/threads", test_threads);
    return g_test_run();
}
