/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * call_pool: the engine's calls to the compute driver, a bounded number of them at a time, each
 * answered by one event on the main thread.
 *
 * Threads: the functions belong to the main thread.
 */

#include "cloud/compute.h"
#include "model/recovery/instance_recovery.h"

typedef struct MskCallPool MskCallPool;

/** MskAnswerFunc: on the main thread. @event: its time is set. @error: (nullable) the reason, of
 *  %MSK_EVENT_FAILED. */
typedef void (*MskAnswerFunc)(const MskEvent *event, const GError *error, void *data);

/** msk_call_pool_new: @compute: (transfer full). @max_calls: from 1. */
MskCallPool *msk_call_pool_new(MskCompute *compute, unsigned max_calls);

/** msk_call_pool_free: @self: (nullable). Answers that are still out never come; calls under way
 *  are waited for up to @timeout_ms. */
void msk_call_pool_free(MskCallPool *self, unsigned timeout_ms);

/** msk_call_pool_live_truth: see MskComputeDriver. */
bool msk_call_pool_live_truth(const MskCallPool *self);

/**
 * msk_call_pool_push:
 * @action: a look, a stop or a start.
 * @until_us: 0, or when a stop or start must be on its way, on msk_engine_now_us(). One that had to
 *   wait for a thread for longer is not given, and answered by %MSK_EVENT_STALE.
 * @ref: copied.
 * @ha_key: (nullable) the metadata key that makes a server HA-enabled; copied.
 * @request_id: (nullable) see MskComputeCall; copied.
 * @free_data: called after @answer, or without it when the pool was freed before, on any thread.
 */
void msk_call_pool_push(MskCallPool *self, MskActionKind action, int64_t until_us,
                        const MskServerRef *ref, const char *ha_key, const char *request_id,
                        MskAnswerFunc answer, void *data, GDestroyNotify free_data);

/* A call of any kind. */
typedef struct {
    void (*run)(MskCompute *compute, void *data); /* on a thread of the pool */
    void (*done)(void *data);                     /* on the main thread */
    GDestroyNotify free; /* after done, or without done when the pool was freed; on any thread */
} MskPoolJob;

/** msk_call_pool_run: @job: (static). @data: (transfer full) */
void msk_call_pool_run(MskCallPool *self, const MskPoolJob *job, void *data);

/** msk_call_pool_is_cloud: see MskComputeDriver. */
bool msk_call_pool_is_cloud(const MskCallPool *self);
