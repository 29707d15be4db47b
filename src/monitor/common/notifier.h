/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * notifier: posts reports until the API acknowledges them. Reports of one subject are posted one
 * after the other in their order, those of different subjects side by side.
 *
 *   answer            then
 *   200, 201, 202     done
 *   400               given up: the API will never take it (such as a host that it does not know)
 *   409               the API knows of it, or the host is under maintenance. A report of a subject
 *                     that is still down is posted anew with a fresh time, after 0.5 s growing to
 *                     30 s: it may have died again, or its recovery may have failed. Others: done
 *   401               with another token at once, if there is one; then as what follows
 *   anything else     tried again, after 0.2 s growing to @retry_interval_s, for as long as it
 * takes; only one report is used to try while the API does not answer
 *
 * A report that says "down" is not repeated once the subject runs again: an engine that trusts it
 * could stop a running VM.
 *
 * Threads: the functions and callbacks belong to the thread that iterates the default
 * GMainContext.
 * Source: upstream masakarimonitors/ha/masakari.py, which gives up after retry_max tries.
 */

#include "base/metrics.h"
#include "monitor/common/api_access.h"
#include "monitor/common/spool.h"

typedef struct {
    unsigned retry_max; /* failed tries in a row after which it is logged as an error */
    unsigned retry_interval_s;
} MskNotifierOptions;

typedef struct {
    /** still_down: whether the subject of a report has not come back. */
    bool (*still_down)(const MskReport *report, void *data);
} MskNotifierCallbacks;

typedef struct MskNotifier MskNotifier;

/* What it feeds. */
extern const MskMetricFamily msk_notifier_metrics[];
extern const size_t msk_n_notifier_metrics;

/**
 * msk_notifier_new:
 * @access: copied: where the API is.
 * @spool: (borrowed) outlives the notifier.
 * @callbacks: (static)
 * @error: see msk_api_access_new().
 *
 * Asks the API for its version at once, so that the connection is there when it is needed.
 * Returns: (transfer full) (nullable)
 */
MskNotifier *msk_notifier_new(const MskNotifierOptions *options, const MskApiAccessOptions *access,
                              MskSpool *spool, const MskNotifierCallbacks *callbacks, void *data,
                              GError **error);
/** msk_notifier_free: what is not acknowledged stays in the spool. @self: (nullable) */
void msk_notifier_free(MskNotifier *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskNotifier, msk_notifier_free)

/**
 * msk_notifier_submit: keeps @report and posts it as soon as it may.
 * @report: (transfer full)
 *
 * Returns: whether it was new; see msk_spool_add.
 */
bool msk_notifier_submit(MskNotifier *self, MskReport *report);

/** msk_notifier_release: reports of an earlier run may be posted: still_down can tell by now. */
void msk_notifier_release(MskNotifier *self);

/** msk_notifier_n_waiting: how many reports are not acknowledged. */
unsigned msk_notifier_n_waiting(const MskNotifier *self);
