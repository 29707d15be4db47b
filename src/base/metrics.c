/* SPDX-License-Identifier: Apache-2.0 */
#include "base/metrics.h"

#include <string.h>

const double msk_metric_request_bounds[12] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                              0.1,   0.25,   0.5,   1,    5,     30};
const double msk_metric_recovery_bounds[14] = {0.01, 0.05, 0.1, 0.25, 0.5, 1,   2,
                                               5,    10,   30,  60,   180, 600, 1800};

typedef struct {
    char *labels; /* {a="b",c="d"} or "" */
    double value; /* or a histogram's sum */
    uint64_t count;
    uint64_t *buckets; /* of a histogram, not cumulated; n_bounds of them */
} Series;

typedef struct {
    const MskMetricFamily *family;
    GTree *series; /* labels to Series */
} Shown;

static int on; /* atomic */
static GMutex lock;
static GPtrArray *all; /* (nullable) of Shown; under lock */

static void
series_free(void *data)
{
    Series *self = data;

    g_free(self->labels);
    g_free(self->buckets);
    g_free(self);
}

static void
shown_free(void *data)
{
    Shown *self = data;

    g_tree_unref(self->series);
    g_free(self);
}

static int
compare_labels(const void *a, const void *b, void *data)
{
    (void) data;
    return strcmp(a, b);
}

static Series *
series_new(Shown *shown, char *labels)
{
    Series *series = g_new0(Series, 1);

    series->labels = labels;
    series->buckets = g_new0(uint64_t, shown->family->n_bounds);
    g_tree_insert(shown->series, series->labels, series);
    return series;
}

void
msk_metrics_start(const MskMetricFamily *families, size_t n_families)
{
    g_mutex_lock(&lock);
    if (all == NULL) {
        all = g_ptr_array_new_with_free_func(shown_free);
    }
    for (size_t i = 0; i < n_families; i++) {
        Shown *shown = g_new0(Shown, 1);

        shown->family = &families[i];
        shown->series = g_tree_new_full(compare_labels, NULL, NULL, series_free);
        g_ptr_array_add(all, shown);
        if (families[i].labels[0] == NULL) {
            (void) series_new(shown, g_strdup(""));
        }
    }
    g_mutex_unlock(&lock);
    g_atomic_int_set(&on, 1);
}

void
msk_metrics_stop(void)
{
    g_atomic_int_set(&on, 0);
    g_mutex_lock(&lock);
    g_clear_pointer(&all, g_ptr_array_unref);
    g_mutex_unlock(&lock);
}

bool
msk_metrics_are_on(void)
{
    return g_atomic_int_get(&on) != 0;
}

static void
append_label(GString *text, const char *name, const char *value)
{
    g_string_append_printf(text, "%s%s=\"", text->len == 0 ? "{" : ",", name);
    for (const char *at = value; *at != '\0'; at++) {
        if (*at == '\n') {
            g_string_append(text, "\\n");
        } else {
            if (*at == '\\' || *at == '"') {
                g_string_append_c(text, '\\');
            }
            g_string_append_c(text, *at);
        }
    }
    g_string_append_c(text, '"');
}

static char *
labels_of(const MskMetricFamily *family, const char *first, const char *second)
{
    const char *const values[MSK_METRIC_MAX_LABELS] = {first, second};
    GString *text = g_string_new(NULL);

    for (size_t i = 0; i < MSK_METRIC_MAX_LABELS && family->labels[i] != NULL; i++) {
        append_label(text, family->labels[i], values[i] == NULL ? "" : values[i]);
    }
    if (text->len > 0) {
        g_string_append_c(text, '}');
    }
    return g_string_free(text, FALSE);
}

/* Returns: (nullable) NULL when it is not shown, or has too many. Under lock. */
static Series *
find_series(const MskMetricFamily *family, const char *first, const char *second)
{
    Shown *shown = NULL;
    Series *series = NULL;

    for (unsigned i = 0; all != NULL && i < all->len; i++) {
        Shown *candidate = g_ptr_array_index(all, i);

        if (candidate->family == family) {
            shown = candidate;
            break;
        }
    }
    if (shown == NULL) {
        return NULL;
    }
    g_autofree char *labels = labels_of(family, first, second);

    series = g_tree_lookup(shown->series, labels);
    if (series == NULL && g_tree_nnodes(shown->series) < MSK_METRIC_MAX_SERIES) {
        series = series_new(shown, g_steal_pointer(&labels));
    }
    return series;
}

void
msk_metric_add(const MskMetricFamily *family, double value, const char *first, const char *second)
{
    Series *series;

    g_assert(family->type != MSK_METRIC_HISTOGRAM);
    if (!msk_metrics_are_on()) {
        return;
    }
    g_mutex_lock(&lock);
    series = find_series(family, first, second);
    if (series != NULL) {
        series->value += value;
    }
    g_mutex_unlock(&lock);
}

void
msk_metric_set(const MskMetricFamily *family, double value, const char *first, const char *second)
{
    Series *series;

    g_assert(family->type != MSK_METRIC_HISTOGRAM);
    if (!msk_metrics_are_on()) {
        return;
    }
    g_mutex_lock(&lock);
    series = find_series(family, first, second);
    if (series != NULL) {
        series->value = value;
    }
    g_mutex_unlock(&lock);
}

static void
put_in_bucket(const MskMetricFamily *family, Series *series, double value)
{
    size_t i = 0;

    while (i < family->n_bounds && value > family->bounds[i]) {
        i++;
    }
    if (i < family->n_bounds) {
        series->buckets[i]++;
    }
    series->count++;
    series->value += value;
}

void
msk_metric_observe(const MskMetricFamily *family, double value, const char *first,
                   const char *second)
{
    Series *series;

    g_assert(family->type == MSK_METRIC_HISTOGRAM);
    if (!msk_metrics_are_on()) {
        return;
    }
    g_mutex_lock(&lock);
    series = find_series(family, first, second);
    if (series != NULL) {
        put_in_bucket(family, series, MAX(value, 0));
    }
    g_mutex_unlock(&lock);
}

/* ---- the text ---------------------------------------------------------------------------- */

typedef struct {
    GString *text;
    const MskMetricFamily *family;
} Page;

static void
append_number(GString *text, double number)
{
    char buffer[G_ASCII_DTOSTR_BUF_SIZE];

    g_string_append(text, g_ascii_formatd(buffer, sizeof buffer, "%.15g", number));
}

static void
append_bucket(const Page *page, const Series *series, const char *bound, uint64_t count)
{
    g_string_append_printf(page->text, "%s_bucket{", page->family->name);
    if (*series->labels != '\0') {
        g_string_append_len(page->text, series->labels + 1, (ssize_t) strlen(series->labels) - 2);
        g_string_append_c(page->text, ',');
    }
    g_string_append_printf(page->text, "le=\"%s\"} %" G_GUINT64_FORMAT "\n", bound, count);
}

static void
append_histogram(const Page *page, const Series *series)
{
    char bound[G_ASCII_DTOSTR_BUF_SIZE];
    uint64_t count = 0;

    for (size_t i = 0; i < page->family->n_bounds; i++) {
        count += series->buckets[i];
        (void) g_ascii_formatd(bound, sizeof bound, "%.15g", page->family->bounds[i]);
        append_bucket(page, series, bound, count);
    }
    append_bucket(page, series, "+Inf", series->count);
    g_string_append_printf(page->text, "%s_sum%s ", page->family->name, series->labels);
    append_number(page->text, series->value);
    g_string_append_printf(page->text, "\n%s_count%s %" G_GUINT64_FORMAT "\n", page->family->name,
                           series->labels, series->count);
}

static gboolean
append_series(void *key, void *value, void *data)
{
    const Series *series = value;
    const Page *page = data;

    (void) key;
    if (page->family->type == MSK_METRIC_HISTOGRAM) {
        append_histogram(page, series);
        return FALSE;
    }
    g_string_append_printf(page->text, "%s%s ", page->family->name, series->labels);
    append_number(page->text, series->value);
    g_string_append_c(page->text, '\n');
    return FALSE;
}

GString *
msk_metrics_text(void)
{
    static const char *const types[] = {
        [MSK_METRIC_COUNTER] = "counter",
        [MSK_METRIC_GAUGE] = "gauge",
        [MSK_METRIC_HISTOGRAM] = "histogram",
    };
    Page page = {.text = g_string_new(NULL)};

    g_mutex_lock(&lock);
    for (unsigned i = 0; all != NULL && i < all->len; i++) {
        const Shown *shown = g_ptr_array_index(all, i);

        page.family = shown->family;
        g_string_append_printf(page.text, "# HELP %s %s\n# TYPE %s %s\n", page.family->name,
                               page.family->help, page.family->name, types[page.family->type]);
        g_tree_foreach(shown->series, append_series, &page);
    }
    g_mutex_unlock(&lock);
    return page.text;
}
