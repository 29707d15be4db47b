/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * metrics: numbers that a program keeps about itself, and their text in Prometheus' format.
 *
 *   msk_metrics_start(families) ─▶ msk_metric_add(), _set(), _observe() … ─▶ msk_metrics_text()
 *
 * A family is a static row beside the module that feeds it. Until msk_metrics_start() was called
 * everything below is a comparison and does nothing, so that modules feed without asking.
 *
 * Threads: any; one lock is held for the time of a look-up.
 * Source: Prometheus, "Exposition formats", text format 0.0.4; "Metric and label naming".
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum { MSK_METRIC_COUNTER, MSK_METRIC_GAUGE, MSK_METRIC_HISTOGRAM } MskMetricType;

#define MSK_METRIC_MAX_LABELS 2

/* No series beyond these are made of one family: a label whose values come from outside would fill
 * the memory. */
#define MSK_METRIC_MAX_SERIES 256

typedef struct {
    const char *name; /* [a-z_]+, "masakari_" first; a counter's ends in "_total" */
    MskMetricType type;
    const char *help;                          /* one sentence without its final dot */
    const char *labels[MSK_METRIC_MAX_LABELS]; /* names; NULL: none */
    const double *bounds;                      /* of a histogram: upper bounds, ascending */
    size_t n_bounds;
} MskMetricFamily;

/* Bounds for times in seconds: of one request, and of a recovery. */
extern const double msk_metric_request_bounds[12];
extern const double msk_metric_recovery_bounds[14];

/** MSK_METRIC_BOUNDS: the two fields of a histogram's row. */
#define MSK_METRIC_BOUNDS(array) .bounds = (array), .n_bounds = G_N_ELEMENTS(array)

/**
 * msk_metrics_start: @families: (static) are shown from now on, those without labels as 0.
 * May be called once for each table. Before threads feed.
 */
void msk_metrics_start(const MskMetricFamily *families, size_t n_families);

/** msk_metrics_stop: forgets all; for the end of the program, and for tests. */
void msk_metrics_stop(void);

/** msk_metrics_are_on: whether msk_metrics_start() was called: for figures that cost something. */
bool msk_metrics_are_on(void);

/**
 * msk_metric_add: to a counter or gauge.
 * @family: (static) one that was started; others are not counted.
 * @first, @second: (nullable) values of its labels, UTF-8; NULL where it has none.
 */
void msk_metric_add(const MskMetricFamily *family, double value, const char *first,
                    const char *second);

/** msk_metric_set: a gauge's value, or a counter's that somebody else counts; labels as above. */
void msk_metric_set(const MskMetricFamily *family, double value, const char *first,
                    const char *second);

/** msk_metric_observe: one value of a histogram; negative ones count as 0; labels as above. */
void msk_metric_observe(const MskMetricFamily *family, double value, const char *first,
                        const char *second);

/** msk_metrics_text: Returns: (transfer full) all families, each with HELP and TYPE. */
GString *msk_metrics_text(void);
