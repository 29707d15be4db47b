/* SPDX-License-Identifier: Apache-2.0 */

/*
 * masakari-instancemonitor: watches the QEMUs of one host and reports the failed ones.
 */

#include "cmd/metrics_endpoint.h"
#include "cmd/options.h"
#include "cmd/program.h"
#include "monitor/common/notifier.h"
#include "monitor/instance/instance_options.h"

typedef struct {
    MskInstanceMonitor *monitor;
    MskHttpServer *metrics; /* (nullable) */
} InstanceMonitor;

static bool
start(MskProgram *program, GError **error)
{
    g_autoptr(MskConfig) config = msk_program_config(program);
    g_autofree char *state_dir = g_build_filename(
        msk_config_string(config, "DEFAULT", "state_path"), "instancemonitor", NULL);
    const MskMetricTable tables[] = {{msk_notifier_metrics, msk_n_notifier_metrics}};
    MskInstanceMonitorOptions options;
    InstanceMonitor *self = g_new0(InstanceMonitor, 1);

    msk_program_set_data(program, self); /* freed by stop(), also after a failure */
    if (!msk_instance_read_options(config, state_dir, &options, error) ||
        !msk_metrics_endpoint_open(config, "instancemonitor_port", tables, G_N_ELEMENTS(tables),
                                   &self->metrics, error)) {
        return false;
    }
    self->monitor = msk_instance_monitor_new(&options, error);
    return self->monitor != NULL;
}

static void
drain(MskProgram *program)
{
    const InstanceMonitor *self = msk_program_data(program);

    msk_instance_monitor_drain(self->monitor, msk_program_drained, program);
}

static void
stop(MskProgram *program)
{
    InstanceMonitor *self = msk_program_data(program);

    msk_instance_monitor_free(self->monitor);
    msk_http_server_free(self->metrics);
    g_free(self);
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
