/* SPDX-License-Identifier: Apache-2.0 */

/*
 * masakari-engine: recovers what notifications report.
 *
 *   config ─▶ store, cloud ─▶ engine ─▶ main loop ─▶ drain
 */

#include "cmd/metrics_endpoint.h"
#include "cmd/options.h"
#include "cmd/program.h"
#include "cmd/service_options.h"
#include "engine/engine.h"
#include "engine/engine_metrics.h"
#include "io/event_notifier.h"
#include "io/fence_file.h"
#include "store/store_options.h"

#include <malloc.h>

#define MALLOC_ARENAS 2 /* of glibc; by itself it makes one for nearly every thread */

typedef struct {
    MskEventNotifier *events;
    MskEngine *engine;
    MskHttpServer *metrics; /* (nullable) */
} Engine;

static void
engine_main_free(Engine *self)
{
    msk_engine_free(self->engine);
    msk_http_server_free(self->metrics);
    msk_event_notifier_free(self->events);
    g_free(self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Engine, engine_main_free)

static bool
show_metrics(Engine *self, const MskConfig *config, GError **error)
{
    const MskMetricTable tables[] = {
        {msk_engine_metrics, msk_n_engine_metrics},
        {msk_compute_metrics, msk_n_compute_metrics},
    };

    return msk_metrics_endpoint_open(config, "engine_port", tables, G_N_ELEMENTS(tables),
                                     &self->metrics, error);
}

/* A mistake in it is better seen now than when a host has failed. */
static bool
check_fencing(const MskConfig *config, GError **error)
{
    g_autoptr(MskFencePlan) plan = NULL;

    return msk_fence_file_load(msk_config_string(config, "fencing", "devices_file"), NULL, NULL,
                               &plan, error);
}

static bool
start(MskProgram *program, GError **error)
{
    g_autoptr(MskConfig) config = msk_program_config(program);
    g_autofree char *bus_dir = msk_service_wakeup_dir(config);
    g_autoptr(MskBusSettings) bus = msk_bus_settings_new(config, NULL, error);
    g_autoptr(Engine) self = g_new0(Engine, 1);
    g_autoptr(MskCompute) compute = NULL;
    g_autoptr(MskStore) store = NULL;
    MskStoreOptions store_options = msk_store_options(config);

    store_options.max_connections = MSK_ENGINE_STORE_CONNECTIONS;
    store_options.max_overflow = 0;
    if (bus == NULL || !check_fencing(config, error) || !show_metrics(self, config, error) ||
        (self->events = msk_event_notifier_new(config, "masakari-engine", error)) == NULL ||
        (compute = msk_compute_new(config, error)) == NULL ||
        (store = msk_store_open(&store_options, error)) == NULL) {
        return false;
    }
    MskEnginePlaces places = {
        .host = msk_config_string(config, "DEFAULT", "host"),
        .state_path = msk_config_string(config, "DEFAULT", "state_path"),
        .bus_dir = bus_dir,
        .bus = bus,
        .events = self->events,
    };
    self->engine =
        msk_engine_new(&places, config, g_steal_pointer(&store), g_steal_pointer(&compute), error);
    if (self->engine == NULL) {
        return false;
    }
    msk_program_set_data(program, g_steal_pointer(&self));
    return true;
}

static void
reload(MskProgram *program, const MskConfig *old)
{
    g_autoptr(MskConfig) config = msk_program_config(program);
    const Engine *self = msk_program_data(program);

    (void) old;
    msk_engine_reload(self->engine, config);
}

static void
drain(MskProgram *program)
{
    const Engine *self = msk_program_data(program);

    msk_engine_drain(self->engine, msk_program_drained, program);
}

static void
stop(MskProgram *program)
{
    Engine *self = msk_program_data(program);

    if (self != NULL) {
        engine_main_free(self);
    }
}

static const MskProgramSpec spec = {
    .name = "masakari-engine",
    .project = "masakari",
    .summary = "Recovers the virtual machines whose failures were reported",
    .add_options = msk_options_masakari,
    .start = start,
    .reload = reload,
    .drain = drain,
    .stop = stop,
};

int
main(int argc, char **argv)
{
#ifdef M_ARENA_MAX
    /* A list of thousands of servers may be read by any of the threads that make calls, and what
     * it took at its longest stays with that thread's arena. */
    (void) mallopt(M_ARENA_MAX, MALLOC_ARENAS);
#endif
    return msk_program_main(&spec, argc, argv);
}
