/* SPDX-License-Identifier: Apache-2.0 */

/*
 * masakari-engine: recovers what notifications report.
 *
 *   config ─▶ store, cloud ─▶ engine ─▶ main loop ─▶ drain
 */

#include "cmd/options.h"
#include "cmd/program.h"
#include "cmd/service_options.h"
#include "engine/engine.h"
#include "store/store_options.h"

static bool
start(MskProgram *program, GError **error)
{
    g_autoptr(MskConfig) config = msk_program_config(program);
    g_autofree char *bus_dir = msk_service_wakeup_dir(config);
    g_autoptr(MskBusSettings) bus = msk_bus_settings_new(config, NULL, error);
    g_autoptr(MskCompute) compute = NULL;
    g_autoptr(MskStore) store = NULL;
    MskStoreOptions store_options = msk_store_options(config);

    store_options.max_connections = MSK_ENGINE_STORE_CONNECTIONS;
    if (bus == NULL || (compute = msk_compute_new(config, error)) == NULL ||
        (store = msk_store_open(&store_options, error)) == NULL) {
        return false;
    }
    MskEnginePlaces places = {
        .host = msk_config_string(config, "DEFAULT", "host"),
        .state_path = msk_config_string(config, "DEFAULT", "state_path"),
        .bus_dir = bus_dir,
        .bus = bus,
    };
    MskEngine *engine =
        msk_engine_new(&places, config, g_steal_pointer(&store), g_steal_pointer(&compute), error);

    msk_program_set_data(program, engine);
    return engine != NULL;
}

static void
on_drained(void *data)
{
    msk_program_quit(data, NULL);
}

static void
drain(MskProgram *program)
{
    msk_engine_drain(msk_program_data(program), on_drained, program);
}

static void
stop(MskProgram *program)
{
    msk_engine_free(msk_program_data(program));
}

static const MskProgramSpec spec = {
    .name = "masakari-engine",
    .project = "masakari",
    .summary = "Recovers the virtual machines whose failures were reported",
    .add_options = msk_options_masakari,
    .start = start,
    .drain = drain,
    .stop = stop,
};

int
main(int argc, char **argv)
{
    return msk_program_main(&spec, argc, argv);
}
