/* SPDX-License-Identifier: Apache-2.0 */

/*
 * masakari-instancemonitor: watches the QEMUs of one host and reports the failed ones.
 */

#include "cmd/options.h"
#include "cmd/program.h"
#include "monitor/instance/instance_options.h"

static bool
start(MskProgram *program, GError **error)
{
    g_autoptr(MskConfig) config = msk_program_config(program);
    g_autofree char *state_dir = g_build_filename(
        msk_config_string(config, "DEFAULT", "state_path"), "instancemonitor", NULL);
    MskInstanceMonitorOptions options;
    MskInstanceMonitor *monitor;

    if (!msk_instance_read_options(config, state_dir, &options, error)) {
        return false;
    }
    monitor = msk_instance_monitor_new(&options, error);
    msk_program_set_data(program, monitor);
    return monitor != NULL;
}

static void
quit(void *data)
{
    msk_program_quit(data, NULL);
}

static void
drain(MskProgram *program)
{
    msk_instance_monitor_drain(msk_program_data(program), quit, program);
}

static void
stop(MskProgram *program)
{
    msk_instance_monitor_free(msk_program_data(program));
}

int
main(int argc, char **argv)
{
    static const MskProgramSpec spec = {
        .name = "masakari-instancemonitor",
        .project = "masakarimonitors",
        .summary = "Watches the virtual machines of this host and reports those that fail.",
        .add_options = msk_options_masakarimonitors,
        .start = start,
        .drain = drain,
        .stop = stop,
    };

    return msk_program_main(&spec, argc, argv);
}
