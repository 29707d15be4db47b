/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/accepted.h"

/*
 * Source: the option tables of masakari-monitors and of the oslo libraries it uses, as their own
 * listing shows them.
 */
#define STRINGS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define OPTION(g, n, t, i, why)                                                                    \
    .group = (g), .name = (n), .type = MSK_OPTION_##t, .initial = (i), .help = (why),              \
    .accepted_only = true

#define PYTHON   "Only of use in Python."
#define BUS      "This release uses no message bus."
#define ROTATE   "Log files are rotated by logrotate; a moved file is made anew."
#define LOGFMT   "Messages here do not have this part."
#define LOG      "Not done by this log."
#define RATE     "Messages are not limited."
#define BACKDOOR "There is no Python interpreter to connect to."
#define HOSTMON  "Belongs to the host monitor, which this release does not have."
#define PROCMON  "Belongs to the process monitor, which this release does not have."
#define INTROMON "Belongs to the introspective monitor, which this release does not have."
#define LOCK     "Locks are not files of oslo.concurrency."
#define MANAGER  "The classes of the Python services cannot be exchanged here."
#define PERIODIC "Periodic work has its own intervals."
#define TEMP     "No temporary files are written."

const MskOption msk_accepted_masakarimonitors[] = {
    {OPTION("DEFAULT", "backdoor_port", STRING, NULL, BACKDOOR)},
    {OPTION("DEFAULT", "backdoor_socket", STRING, NULL, BACKDOOR)},
    {OPTION("DEFAULT", "fatal_deprecations", BOOL, "false", PYTHON)},
    {OPTION("DEFAULT", "hostmonitor_manager", STRING,
            "masakarimonitors.hostmonitor.host.HostmonitorManager", MANAGER)},
    {OPTION("DEFAULT", "instance_format", STRING, "[instance: %(uuid)s] ", LOGFMT)},
    {OPTION("DEFAULT", "instance_uuid_format", STRING, "[instance: %(uuid)s] ", LOGFMT)},
    {OPTION("DEFAULT", "instancemonitor_manager", STRING,
            "masakarimonitors.instancemonitor.instance.InstancemonitorManager", MANAGER)},
    {OPTION("DEFAULT", "introspectiveinstancemonitor_manager", STRING,
            "masakarimonitors.introspectiveinstancemonitor.instance."
            "IntrospectiveInstanceMonitorManager",
            MANAGER)},
    {OPTION("DEFAULT", "log_config_append", STRING, NULL, LOG),
     .deprecated = STRINGS("DEFAULT.log-config", "DEFAULT.log_config")},
    {OPTION("DEFAULT", "log_rotate_interval", INT, "1", ROTATE)},
    {OPTION("DEFAULT", "log_rotate_interval_type", STRING, "days", ROTATE)},
    {OPTION("DEFAULT", "log_rotation_type", STRING, "none", ROTATE)},
    {OPTION("DEFAULT", "logging_debug_format_suffix", STRING,
            "%(funcName)s %(pathname)s:%(lineno)d", LOGFMT)},
    {OPTION("DEFAULT", "logging_exception_prefix", STRING,
            "%(asctime)s.%(msecs)03d %(process)d ERROR %(name)s %(instance)s", LOGFMT)},
    {OPTION("DEFAULT", "logging_user_identity_format", STRING,
            "%(user)s %(project)s %(domain)s %(system_scope)s %(user_domain)s %(project_domain)s",
            LOGFMT)},
    {OPTION("DEFAULT", "max_logfile_count", INT, "30", ROTATE)},
    {OPTION("DEFAULT", "max_logfile_size_mb", INT, "200", ROTATE)},
    {OPTION("DEFAULT", "monkey_patch", BOOL, "false", PYTHON)},
    {OPTION("DEFAULT", "monkey_patch_modules", LIST, "", PYTHON)},
    {OPTION("DEFAULT", "processmonitor_manager", STRING,
            "masakarimonitors.processmonitor.process.ProcessmonitorManager", MANAGER)},
    {OPTION("DEFAULT", "publish_errors", BOOL, "false", BUS)},
    {OPTION("DEFAULT", "rate_limit_burst", INT, "0", RATE)},
    {OPTION("DEFAULT", "rate_limit_except_level", STRING, "CRITICAL", RATE)},
    {OPTION("DEFAULT", "rate_limit_interval", INT, "0", RATE)},
    {OPTION("DEFAULT", "run_external_periodic_tasks", BOOL, "true", PERIODIC)},
    {OPTION("DEFAULT", "tempdir", STRING, NULL, TEMP)},
    {OPTION("DEFAULT", "use_json", BOOL, "false", LOG)},
    {OPTION("DEFAULT", "use_eventlog", BOOL, "false", LOG)},
    {OPTION("DEFAULT", "watch_log_file", BOOL, "false", ROTATE)},
    {OPTION("consul", "agent_manage", STRING, NULL, HOSTMON)},
    {OPTION("consul", "agent_storage", STRING, NULL, HOSTMON)},
    {OPTION("consul", "agent_tenant", STRING, NULL, HOSTMON)},
    {OPTION("consul", "matrix_config_file", STRING, NULL, HOSTMON)},
    {OPTION("host", "api_retry_interval", INT, "10", HOSTMON)},
    {OPTION("host", "api_retry_max", INT, "12", HOSTMON)},
    {OPTION("host", "corosync_multicast_interfaces", LIST, NULL, HOSTMON)},
    {OPTION("host", "corosync_multicast_ports", LIST, NULL, HOSTMON), .has_bounds = true, .min = 0,
     .max = 65535},
    {OPTION("host", "disable_ipmi_check", BOOL, "false", HOSTMON)},
    {OPTION("host", "ipmi_retry_interval", INT, "10", HOSTMON)},
    {OPTION("host", "ipmi_retry_max", INT, "3", HOSTMON)},
    {OPTION("host", "ipmi_timeout", INT, "5", HOSTMON)},
    {OPTION("host", "monitoring_driver", STRING, "default", HOSTMON)},
    {OPTION("host", "monitoring_interval", INT, "60", HOSTMON)},
    {OPTION("host", "monitoring_samples", INT, "1", HOSTMON)},
    {OPTION("host", "pacemaker_node_type", STRING, "autodetect", HOSTMON),
     .choices = STRINGS("autodetect", "cluster", "remote")},
    {OPTION("host", "restrict_to_remotes", BOOL, "false", HOSTMON)},
    {OPTION("host", "stonith_wait", INT, "30", HOSTMON)},
    {OPTION("host", "tcpdump_timeout", INT, "5", HOSTMON)},
    {OPTION("introspectiveinstancemonitor", "guest_monitoring_failure_threshold", INT, "3",
            INTROMON)},
    {OPTION("introspectiveinstancemonitor", "guest_monitoring_interval", INT, "10", INTROMON)},
    {OPTION("introspectiveinstancemonitor", "guest_monitoring_timeout", INT, "2", INTROMON)},
    {OPTION("introspectiveinstancemonitor", "qemu_guest_agent_sock_path", STRING,
            "/var/lib/libvirt/qemu/org\\.qemu\\.guest_agent\\..*\\.instance-.*\\.sock", INTROMON)},
    {OPTION("kubernetes", "monitoring_node_labels", STRING, "", HOSTMON)},
    {OPTION("oslo_concurrency", "disable_process_locking", BOOL, "false", LOCK),
     .deprecated = STRINGS("DEFAULT.disable_process_locking")},
    {OPTION("oslo_concurrency", "lock_path", STRING, NULL, LOCK),
     .deprecated = STRINGS("DEFAULT.lock_path")},
    {OPTION("process", "api_retry_interval", INT, "10", PROCMON)},
    {OPTION("process", "api_retry_max", INT, "12", PROCMON)},
    {OPTION("process", "check_interval", INT, "5", PROCMON)},
    {OPTION("process", "process_list_path", STRING, "/etc/masakarimonitors/process_list.yaml",
            PROCMON)},
    {OPTION("process", "restart_interval", INT, "5", PROCMON)},
    {OPTION("process", "restart_retries", INT, "3", PROCMON)},
};
const size_t msk_n_accepted_masakarimonitors = G_N_ELEMENTS(msk_accepted_masakarimonitors);
