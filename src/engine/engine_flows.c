/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine_flows.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/number.h"

#define LOG_NAME "masakari.engine.manager"
#include "base/log.h"

#define FLOWS       "taskflow_driver_recovery_flows"
#define PROGRAMS    "recovery_tasks"
#define MAX_TIMEOUT 86400
#define MAX_RUNNING 64
#define FREE_MS     5000u

#define HELP(what)                                                                                 \
    "The tasks of the recovery of " what ", in three lists that are done one after the other. A "  \
    "task is a built-in one, or exec:NAME for a program of [recovery_tasks] directory."

static const MskOption options[] = {
    {.group = FLOWS,
     .name = "host_auto_failure_recovery_tasks",
     .type = MSK_OPTION_FLOW,
     .initial = "pre: ['disable_compute_service_task'], main: "
                "['prepare_HA_enabled_instances_task'], post: ['evacuate_instances_task']",
     .help = HELP("a failed host by the methods auto and auto_priority")},
    {.group = FLOWS,
     .name = "host_rh_failure_recovery_tasks",
     .type = MSK_OPTION_FLOW,
     .initial = "pre: ['disable_compute_service_task'], main: "
                "['prepare_HA_enabled_instances_task', 'evacuate_instances_task'], post: []",
     .help = HELP("a failed host by the methods reserved_host and rh_priority")},
    {.group = FLOWS,
     .name = "instance_failure_recovery_tasks",
     .type = MSK_OPTION_FLOW,
     .initial = "pre: ['stop_instance_task'], main: ['start_instance_task'], post: "
                "['confirm_instance_active_task']",
     .help = HELP("an instance")},
    {.group = FLOWS,
     .name = "process_failure_recovery_tasks",
     .type = MSK_OPTION_FLOW,
     .initial = "pre: ['disable_compute_node_task'], main: "
                "['confirm_compute_node_disabled_task'], post: []",
     .help = HELP("a failed process of a host")},
    {.group = PROGRAMS,
     .name = "directory",
     .type = MSK_OPTION_STRING,
     .initial = "/etc/masakari/tasks.d",
     .own = true,
     .help = "Where the programs of recovery flows are. It and they belong to root or to the "
             "engine's user, and nobody else can write to them."},
    {.group = PROGRAMS,
     .name = "timeout",
     .type = MSK_OPTION_INT,
     .initial = "60",
     .unit = "seconds",
     .has_bounds = true,
     .min = 1,
     .max = MAX_TIMEOUT,
     .own = true,
     .help = "How long a program may take. Then it and all that it started are killed, and it has "
             "failed."},
    {.group = PROGRAMS,
     .name = "timeouts",
     .type = MSK_OPTION_DICT,
     .initial = "",
     .own = true,
     .help = "The seconds of programs that have another timeout, such as detach-storage:300."},
    {.group = PROGRAMS,
     .name = "repeatable",
     .type = MSK_OPTION_LIST,
     .initial = "",
     .own = true,
     .help = "The programs that may be run more than once for one failure. Others are started at "
             "most once; when it is not known how that ended, the recovery ends in error."},
    {.group = PROGRAMS,
     .name = "optional",
     .type = MSK_OPTION_LIST,
     .initial = "",
     .own = true,
     .help = "The programs whose failure is told but does not end the recovery."},
    {.group = PROGRAMS,
     .name = "max_running",
     .type = MSK_OPTION_INT,
     .initial = "8",
     .has_bounds = true,
     .min = 1,
     .max = MAX_RUNNING,
     .own = true,
     .help = "How many programs run at the same time, those of all recoveries together."},
};

void
msk_engine_flows_add_options(MskConfigSchema *schema)
{
    msk_config_schema_add(schema, options, G_N_ELEMENTS(options));
}

static void
free_program(void *data)
{
    MskExecProgram *self = data;

    g_free(self->path);
    g_free(self);
}

static bool
refuse(GError **error, const char *task, const char *path, const char *why)
{
    g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "task '%s': %s %s", task, path, why);
    return false;
}

/* Who can change a program decides what the engine's user does. */
static bool
check_owner(const char *task, const char *path, const struct stat *status, GError **error)
{
    if (status->st_uid != 0 && status->st_uid != geteuid()) {
        return refuse(error, task, path,
                      "belongs to neither root nor the engine's user; change its owner");
    }
    if ((status->st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return refuse(error, task, path,
                      "can be changed by others than its owner; take the right to write from them");
    }
    return true;
}

static bool
check_program(const char *task, const char *directory, const char *path, GError **error)
{
    struct stat status;

    if (stat(path, &status) != 0) {
        g_autofree char *why = g_strdup_printf(
            "cannot be run: %s; put the program there, or set [" PROGRAMS "] directory",
            g_strerror(errno));

        return refuse(error, task, path, why);
    }
    if (!S_ISREG(status.st_mode) || access(path, X_OK) != 0) {
        return refuse(
            error, task, path,
            "is no program that the engine may execute; give it the right to be executed");
    }
    if (!check_owner(task, path, &status, error)) {
        return false;
    }
    if (stat(directory, &status) != 0) {
        return refuse(error, task, directory, "cannot be read");
    }
    return check_owner(task, directory, &status, error);
}

static bool
load_program(MskEngineFlows *self, const MskConfig *config, const char *task, GError **error)
{
    const char *directory = msk_config_string(config, PROGRAMS, "directory");
    const char *name = task + strlen(MSK_EXEC_PREFIX);
    g_autofree char *path = g_build_filename(directory, name, NULL);
    const char *timeout = g_hash_table_lookup(msk_config_dict(config, PROGRAMS, "timeouts"), name);
    int64_t timeout_s = msk_config_int(config, PROGRAMS, "timeout");

    if (!check_program(task, directory, path, error)) {
        return false;
    }
    if (timeout != NULL && !msk_parse_int64(timeout, 1, MAX_TIMEOUT, &timeout_s)) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "task '%s': '%s' in [" PROGRAMS "] timeouts is no number of seconds from 1 to "
                    "%d; correct it",
                    task, timeout, MAX_TIMEOUT);
        return false;
    }
    MskExecProgram *program = g_new0(MskExecProgram, 1);

    program->path = g_steal_pointer(&path);
    program->timeout_s = (unsigned) timeout_s;
    program->repeatable = g_strv_contains(msk_config_list(config, PROGRAMS, "repeatable"), name);
    program->optional = g_strv_contains(msk_config_list(config, PROGRAMS, "optional"), name);
    g_hash_table_insert(self->programs, g_strdup(task), program);
    return true;
}

static bool
load_flow(MskEngineFlows *self, const MskConfig *config, MskFlowKind kind, GError **error)
{
    const char *option = msk_flow_option(kind);
    MskRecoveryFlow *flow =
        msk_recovery_flow_new(kind, msk_config_flow(config, FLOWS, option, "pre"),
                              msk_config_flow(config, FLOWS, option, "main"),
                              msk_config_flow(config, FLOWS, option, "post"), error);

    self->flows[kind] = flow;
    for (unsigned i = 0; flow != NULL && i < flow->tasks->len; i++) {
        const MskExecTask *task = g_ptr_array_index(flow->tasks, i);

        if (!load_program(self, config, task->name, error)) {
            g_prefix_error(error, "[" FLOWS "] %s: ", option);
            return false;
        }
    }
    return flow != NULL;
}

static bool
check_name(const MskEngineFlows *self, const char *option, const char *name, GError **error)
{
    g_autofree char *task = g_strconcat(MSK_EXEC_PREFIX, name, NULL);

    if (g_hash_table_contains(self->programs, task)) {
        return true;
    }
    g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                "[" PROGRAMS "] %s: no flow has the task '%s'; correct the name '%s', or leave it "
                "out",
                option, task, name);
    return false;
}

static bool
check_settings(const MskEngineFlows *self, const MskConfig *config, GError **error)
{
    static const char *const lists[] = {"repeatable", "optional"};
    GHashTableIter iter;
    void *name = NULL;

    g_hash_table_iter_init(&iter, msk_config_dict(config, PROGRAMS, "timeouts"));
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        if (!check_name(self, "timeouts", name, error)) {
            return false;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        const char *const *names = msk_config_list(config, PROGRAMS, lists[i]);

        for (size_t j = 0; names[j] != NULL; j++) {
            if (!check_name(self, lists[i], names[j], error)) {
                return false;
            }
        }
    }
    return true;
}

/* Whoever leaves such a task out should read so before the failure. */
static void
warn_of_idle_flows(const MskEngineFlows *self)
{
    static const struct {
        MskFlowKind kind;
        unsigned task;
        const char *what;
    } needed[] = {
        {MSK_FLOW_HOST_AUTO, 2, "evacuates no instance of a failed host"},
        {MSK_FLOW_HOST_RH, 2, "evacuates no instance of a failed host"},
        {MSK_FLOW_INSTANCE, 1, "starts no failed instance"},
        {MSK_FLOW_PROCESS, 0, "keeps the scheduler from no host whose process failed"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(needed); i++) {
        if (!msk_recovery_flow_has(self->flows[needed[i].kind], needed[i].task)) {
            log_warning("[" FLOWS "] %s: this flow %s", msk_flow_option(needed[i].kind),
                        needed[i].what);
        }
    }
}

MskEngineFlows *
msk_engine_flows_new(const MskConfig *config, GError **error)
{
    g_autoptr(MskEngineFlows) self = g_new0(MskEngineFlows, 1);

    self->programs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_program);
    self->lanes =
        msk_call_pool_new(NULL, (unsigned) msk_config_int(config, PROGRAMS, "max_running"));
    for (int kind = 0; kind < MSK_N_FLOWS; kind++) {
        if (!load_flow(self, config, (MskFlowKind) kind, error)) {
            return NULL;
        }
    }
    if (!check_settings(self, config, error)) {
        return NULL;
    }
    warn_of_idle_flows(self);
    return g_steal_pointer(&self);
}

void
msk_engine_flows_free(MskEngineFlows *self)
{
    if (self == NULL) {
        return;
    }
    for (int kind = 0; kind < MSK_N_FLOWS; kind++) {
        msk_recovery_flow_free(self->flows[kind]);
    }
    g_hash_table_unref(self->programs);
    msk_call_pool_free(self->lanes, FREE_MS);
    g_free(self);
}

const MskExecProgram *
msk_engine_flows_program(const MskEngineFlows *self, const char *task_name)
{
    const MskExecProgram *program = g_hash_table_lookup(self->programs, task_name);

    g_assert(program != NULL);
    return program;
}
