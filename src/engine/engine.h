/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * engine: claims notifications and sees to it that each comes to an end.
 *
 *   wake-up ─┐
 *   poll ────┼─▶ look: claim what is new, what failed and is due again, and what dead engines left
 *   start ───┘        └─▶ recoveries ─▶ finished
 *
 * An engine has a uuid of its own for each start. It lives as long as its lease in the database is
 * renewed, and, for engines of the same machine, as long as it holds its lock. An engine that was
 * taken for dead drops what it had in hand and begins again under a new uuid.
 *
 * Threads: the main thread.
 * Source: upstream masakari/engine/manager.py.
 */

#include "cloud/compute.h"
#include "engine/engine_settings.h"
#include "io/bus_settings.h"
#include "io/event_notifier.h"
#include "store/store.h"

typedef struct MskEngine MskEngine;

typedef struct {
    const char *host;         /* the name of this machine, for people */
    const char *state_path;   /* an existing directory; locks go below it */
    const char *bus_dir;      /* of the wake-ups */
    MskBusSettings *bus;      /* (nullable) the message bus; NULL or local: none */
    MskEventNotifier *events; /* (nullable) outlives the engine */
} MskEnginePlaces;

/** The number of connections that the engine needs of its store. */
#define MSK_ENGINE_STORE_CONNECTIONS 1

/**
 * msk_engine_new:
 * @store, @compute: (transfer full), also on failure.
 * @error: %MSK_ERROR_DENIED when @places cannot be written.
 *
 * Begins to work; the database may be away, then it begins when it comes back.
 */
MskEngine *msk_engine_new(const MskEnginePlaces *places, const MskConfig *config, MskStore *store,
                          MskCompute *compute, GError **error);

/** msk_engine_reload: the mutable options of @config apply to the recoveries that are held by a
 *  gate, and to later ones. */
void msk_engine_reload(MskEngine *self, const MskConfig *config);

/**
 * msk_engine_drain: claims nothing any more, gives what runs a second to end, hands the rest back,
 * and calls @drained. Once.
 */
void msk_engine_drain(MskEngine *self, void (*drained)(void *data), void *data);

/** msk_engine_free: @self: (nullable). Blocks for the calls under way, within bounds. */
void msk_engine_free(MskEngine *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskEngine, msk_engine_free)
