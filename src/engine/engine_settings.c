/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine_settings.h"

#include "base/error.h"
#include "base/number.h"

#define MAX_SECONDS (10LL * 365 * 24 * 3600)
#define MAX_MOMENT  INT64_C(99999999999) /* seconds since the epoch */

/* A number of seconds below [DEFAULT]. */
#define SECONDS(option, initially, lowest, text)                                                   \
    {                                                                                              \
        .group = "DEFAULT", .name = (option), .type = MSK_OPTION_INT, .initial = (initially),      \
        .unit = "seconds", .has_bounds = true, .min = (lowest), .max = MAX_SECONDS, .help = (text) \
    }

static const MskOption options[] = {
    SECONDS(
        "verify_interval", "1", 0,
        "The longest wait between two looks at a server that is being stopped or started, and at "
        "the last servers of a failed host. The first looks follow one another faster. While "
        "servers wait for others to be evacuated, a slow Nova is asked less often, every 5 "
        "seconds at least."),
    SECONDS("wait_period_after_power_off", "180", 0,
            "How long a server may take to stop. Also how long a compute driver that does not "
            "answer is asked again before the recovery is given up."),
    SECONDS("wait_period_after_power_on", "60", 0, "How long a server may take to start."),
    SECONDS("process_unfinished_notifications_interval", "120", 1,
            "How long after a recovery that ended in status error it is tried once more. "
            "Notifications in status new need no such interval, they are taken at once."),
    SECONDS("check_expired_notifications_interval", "600", 1,
            "How often notifications are looked for that are too old."),
    SECONDS("notifications_expired_interval", "86400", 1,
            "The age from which on a notification that did not come to an end is failed."),
    {.group = "instance_failure",
     .name = "process_all_instances",
     .type = MSK_OPTION_BOOL,
     .initial = "false",
     .help = "Whether all instances are recovered, or only those whose metadata say so."},
    {.group = "instance_failure",
     .name = "ha_enabled_instance_metadata_key",
     .type = MSK_OPTION_STRING,
     .initial = "HA_Enabled",
     .help = "The metadata key whose value, when true, makes an instance one that is recovered. "
             "True are 1, t, true, on, y and yes, in any case."},
    SECONDS("wait_period_after_evacuation", "90", 0,
            "How long the evacuation of a server may take."),
    SECONDS("wait_period_after_service_update", "180", 0,
            "The longest wait for the compute service of a failed host to be seen down. It is "
            "forced down, so this takes a moment only."),
    {.group = "DEFAULT",
     .name = "host_failure_recovery_threads",
     .type = MSK_OPTION_INT,
     .initial = "3",
     .has_bounds = true,
     .min = 1,
     .max = 10000,
     .help = "How many servers of a failed host are evacuated at the same time. 8 is better where "
             "the compute service has processors to spare."},
};

#define PERCENT(option, initially, text)                                                           \
    {                                                                                              \
        .group = "host_failure", .name = (option), .type = MSK_OPTION_INT, .initial = (initially), \
        .has_bounds = true, .min = 0, .max = 100, .own = true, .is_mutable = true, .help = (text)  \
    }

#define OWN_SECONDS(option, initially, text)                                                       \
    {                                                                                              \
        .group = "host_failure", .name = (option), .type = MSK_OPTION_INT, .initial = (initially), \
        .unit = "seconds", .has_bounds = true, .min = 0, .max = MAX_SECONDS, .own = true,          \
        .is_mutable = true, .help = (text)                                                         \
    }

static const MskOption host_options[] = {
    {.group = "host_failure",
     .name = "evacuate_all_instances",
     .type = MSK_OPTION_BOOL,
     .initial = "true",
     .help = "Whether all instances of a failed host are evacuated, or only those whose metadata "
             "say so. Those whose metadata say so come first."},
    {.group = "host_failure",
     .name = "ha_enabled_instance_metadata_key",
     .type = MSK_OPTION_STRING,
     .initial = "HA_Enabled",
     .help = "The metadata key whose value, when true, makes an instance of a failed host one that "
             "is evacuated first. True are 1, t, true, on, y and yes, in any case."},
    {.group = "host_failure",
     .name = "ignore_instances_in_error_state",
     .type = MSK_OPTION_BOOL,
     .initial = "false",
     .help = "Whether instances in state error stay on a failed host."},
    {.group = "host_failure",
     .name = "add_reserved_host_to_aggregate",
     .type = MSK_OPTION_BOOL,
     .initial = "false",
     .help = "Whether a reserved host that is used joins the aggregates of the failed host."},
    {.group = "host_failure",
     .name = "service_disable_reason",
     .type = MSK_OPTION_STRING,
     .initial = "Masakari detected host failed.",
     .help = "The reason that the compute service of a failed host is disabled with."},
    OWN_SECONDS("heartbeat_age", "15",
                "Nothing of a failed host is evacuated before its compute service has not been "
                "heard of for so long, by the cloud's own clock: a server that still runs would "
                "lose its disk. 0 asks for no heartbeat."),
    OWN_SECONDS("hold_timeout", "600",
                "How long the compute service of a host that was reported may still be heard of "
                "before its recovery is given up."),
    OWN_SECONDS("storm_window", "300", "How long a failure counts for the two options below."),
    PERCENT("storm_segment_percent", "50",
            "While more hosts of a failover segment have failed than this share, none of it is "
            "recovered: more likely the network or the monitors failed. One host may always fail. "
            "0 turns it off."),
    PERCENT("storm_percent", "50", "The same for the hosts of all failover segments together."),
    {.group = "host_failure",
     .name = "rate_limit",
     .type = MSK_OPTION_INT,
     .initial = "0",
     .has_bounds = true,
     .min = 0,
     .max = 10000,
     .own = true,
     .is_mutable = true,
     .help = "From how many hosts servers may begin to be evacuated within storm_window; the "
             "recoveries of others wait. 0 is any number."},
    {.group = "host_failure",
     .name = "armed",
     .type = MSK_OPTION_BOOL,
     .initial = "true",
     .own = true,
     .is_mutable = true,
     .help = "Whether failed hosts are recovered. While false, their notifications wait and say so "
             "in their progress; with true they go on. What has begun to be evacuated goes on. To "
             "turn off one failover segment, set its 'enabled'."},
    {.group = "host_failure",
     .name = "disarmed_until",
     .type = MSK_OPTION_INT,
     .initial = "0",
     .unit = "seconds since 1970-01-01 00:00 UTC",
     .has_bounds = true,
     .min = 0,
     .max = MAX_MOMENT,
     .own = true,
     .is_mutable = true,
     .help = "Until then it is as if 'armed' were false, for maintenance that ends by itself: "
             "date -d '2 hours' +%s prints such a number."},
    {.group = "host_failure",
     .name = "disarmed_segments",
     .type = MSK_OPTION_DICT,
     .initial = "",
     .own = true,
     .is_mutable = true,
     .help = "Failover segments of which no host is recovered until a time: uuids, each with a "
             "colon and seconds since 1970, as for disarmed_until. Notifications wait; with a "
             "segment's 'enabled' set to false they would be ignored."},
    {.group = "host_failure",
     .name = "auto_return",
     .type = MSK_OPTION_BOOL,
     .initial = "false",
     .own = true,
     .is_mutable = true,
     .help = "Whether a host whose failure was recovered is taken back once its compute service "
             "lives again: forced-down is lifted, on_maintenance cleared, and the service enabled. "
             "With nova as compute driver only."},
    OWN_SECONDS("auto_return_after", "300",
                "How long such a host has to be heard of without a break before it is taken back. "
                "Twice as long for each further failure within auto_return_window."),
    OWN_SECONDS("auto_return_window", "86400", "How long a failure counts for auto_return."),
    {.group = "host_failure",
     .name = "auto_return_max_failures",
     .type = MSK_OPTION_INT,
     .initial = "3",
     .has_bounds = true,
     .min = 1,
     .max = 1000,
     .own = true,
     .is_mutable = true,
     .help = "A host that failed more often within auto_return_window is left to people."},
    {.group = "host_failure",
     .name = "dry_run",
     .type = MSK_OPTION_BOOL,
     .initial = "false",
     .own = true,
     .help = "Whether the recovery of a host only tells what it would do."},
    {.group = "process_failure",
     .name = "service_disable_reason",
     .type = MSK_OPTION_STRING,
     .initial = "Masakari detected process failed.",
     .help =
         "The reason that the compute service of a host is disabled with when it died and could "
         "not be restarted."},
};

static const MskOption fence_options[] = {
    {.group = "fencing",
     .name = "devices_file",
     .type = MSK_OPTION_STRING,
     .own = true,
     .help = "The file that says how hosts are turned off, as INI: a section [host] for each "
             "device, with agent = fence_ipmilan and the options of that agent. Only its owner may "
             "read it. A host with devices is turned off before it is evacuated."},
    {.group = "fencing",
     .name = "agents_dir",
     .type = MSK_OPTION_STRING,
     .initial = "/usr/sbin",
     .own = true,
     .help = "The directory of the fence agents."},
    {.group = "fencing",
     .name = "fallback_to_heartbeat",
     .type = MSK_OPTION_BOOL,
     .initial = "false",
     .own = true,
     .help = "Whether a host whose fencing is not confirmed is evacuated once its compute service "
             "has not been heard of for [host_failure] heartbeat_age, as a host without devices. "
             "Otherwise its recovery is held, the fencing is tried again, and after "
             "[host_failure] hold_timeout it is given up."},
};

void
msk_engine_add_options(MskConfigSchema *schema)
{
    msk_config_schema_add(schema, options, G_N_ELEMENTS(options));
    msk_config_schema_add(schema, host_options, G_N_ELEMENTS(host_options));
    msk_engine_flows_add_options(schema);
    msk_config_schema_add(schema, fence_options, G_N_ELEMENTS(fence_options));
}

static int64_t
seconds(const MskConfig *config, const char *name)
{
    return msk_config_int(config, "DEFAULT", name) * G_USEC_PER_SEC;
}

static void
load_host_settings(MskEngineSettings *self, const MskConfig *config)
{
    static const char group[] = "host_failure";

    self->wait_period_after_evacuation_us = seconds(config, "wait_period_after_evacuation");
    self->wait_period_after_service_update_us = seconds(config, "wait_period_after_service_update");
    self->host_threads =
        (unsigned) msk_config_int(config, "DEFAULT", "host_failure_recovery_threads");
    self->evacuate_all_instances = msk_config_bool(config, group, "evacuate_all_instances");
    self->ignore_error_instances =
        msk_config_bool(config, group, "ignore_instances_in_error_state");
    self->join_aggregates = msk_config_bool(config, group, "add_reserved_host_to_aggregate");
    self->dry_run = msk_config_bool(config, group, "dry_run");
    self->host_ha_key =
        g_strdup(msk_config_string(config, group, "ha_enabled_instance_metadata_key"));
    self->host_disable_reason =
        g_strdup(msk_config_string(config, group, "service_disable_reason"));
    self->process_disable_reason =
        g_strdup(msk_config_string(config, "process_failure", "service_disable_reason"));
}

/* Returns: (transfer full) the table, or NULL with @error. */
static GHashTable *
load_segments(const MskConfig *config, GError **error)
{
    g_autoptr(GHashTable) segments = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    GHashTableIter iter;
    void *uuid = NULL;
    void *text = NULL;

    g_hash_table_iter_init(&iter, msk_config_dict(config, "host_failure", "disarmed_segments"));
    while (g_hash_table_iter_next(&iter, &uuid, &text)) {
        g_autofree int64_t *until_us = g_new0(int64_t, 1);

        if (!g_uuid_string_is_valid(uuid) || !msk_parse_int64(text, 0, MAX_MOMENT, until_us)) {
            g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                        "[host_failure] disarmed_segments: '%s:%s' is not the uuid of a failover "
                        "segment, a colon, and seconds since 1970, such as date -d '2 hours' +%%s "
                        "prints them",
                        (const char *) uuid, (const char *) text);
            return NULL;
        }
        *until_us *= G_USEC_PER_SEC;
        g_hash_table_insert(segments, g_ascii_strdown(uuid, -1), g_steal_pointer(&until_us));
    }
    return g_steal_pointer(&segments);
}

const char *
msk_engine_settings_disarmed(const MskEngineSettings *self, const char *segment_uuid,
                             int64_t now_us)
{
    const int64_t *until_us =
        segment_uuid != NULL ? g_hash_table_lookup(self->disarmed_segments, segment_uuid) : NULL;

    if (!self->armed) {
        return "armed";
    }
    if (now_us < self->disarmed_until_us) {
        return "disarmed_until";
    }
    return until_us != NULL && now_us < *until_us ? "disarmed_segments" : NULL;
}

bool
msk_engine_settings_load_gates(MskEngineSettings *self, const MskConfig *config, GError **error)
{
    static const char group[] = "host_failure";
    GHashTable *segments = load_segments(config, error);

    if (segments == NULL) {
        return false;
    }
    g_clear_pointer(&self->disarmed_segments, g_hash_table_unref);
    self->disarmed_segments = segments;

    self->heartbeat_age_us = msk_config_int(config, group, "heartbeat_age") * G_USEC_PER_SEC;
    self->hold_timeout_us = msk_config_int(config, group, "hold_timeout") * G_USEC_PER_SEC;
    self->storm_window_us = msk_config_int(config, group, "storm_window") * G_USEC_PER_SEC;
    self->storm_segment_percent = (unsigned) msk_config_int(config, group, "storm_segment_percent");
    self->rate_limit = (unsigned) msk_config_int(config, group, "rate_limit");
    self->armed = msk_config_bool(config, group, "armed");
    self->disarmed_until_us = msk_config_int(config, group, "disarmed_until") * G_USEC_PER_SEC;
    self->storm_percent = (unsigned) msk_config_int(config, group, "storm_percent");
    self->auto_return = msk_config_bool(config, group, "auto_return");
    self->return_after_us = msk_config_int(config, group, "auto_return_after") * G_USEC_PER_SEC;
    self->return_window_us = msk_config_int(config, group, "auto_return_window") * G_USEC_PER_SEC;
    self->return_max_failures =
        (unsigned) msk_config_int(config, group, "auto_return_max_failures");
    return true;
}

bool
msk_engine_settings_load(const MskConfig *config, MskEngineSettings *ret, GError **error)
{
    *ret = (MskEngineSettings){
        .verify_interval_us = seconds(config, "verify_interval"),
        .wait_period_after_power_off_us = seconds(config, "wait_period_after_power_off"),
        .wait_period_after_power_on_us = seconds(config, "wait_period_after_power_on"),
        .retry_interval_us = seconds(config, "process_unfinished_notifications_interval"),
        .expiry_check_interval_us = seconds(config, "check_expired_notifications_interval"),
        .expiry_age_us = seconds(config, "notifications_expired_interval"),
        .process_all_instances =
            msk_config_bool(config, "instance_failure", "process_all_instances"),
        .ha_enabled_key = g_strdup(
            msk_config_string(config, "instance_failure", "ha_enabled_instance_metadata_key")),
    };

    load_host_settings(ret, config);
    ret->fence_file = g_strdup(msk_config_string(config, "fencing", "devices_file"));
    ret->fence_agents_dir = g_strdup(msk_config_string(config, "fencing", "agents_dir"));
    ret->fence_fallback = msk_config_bool(config, "fencing", "fallback_to_heartbeat");
    if (!msk_engine_settings_load_gates(ret, config, error)) {
        return false;
    }
    ret->flows = msk_engine_flows_new(config, error);
    return ret->flows != NULL;
}

void
msk_engine_settings_clear(MskEngineSettings *self)
{
    g_clear_pointer(&self->ha_enabled_key, g_free);
    g_clear_pointer(&self->host_ha_key, g_free);
    g_clear_pointer(&self->host_disable_reason, g_free);
    g_clear_pointer(&self->flows, msk_engine_flows_free);
    g_clear_pointer(&self->process_disable_reason, g_free);
    g_clear_pointer(&self->fence_file, g_free);
    g_clear_pointer(&self->fence_agents_dir, g_free);
    g_clear_pointer(&self->disarmed_segments, g_hash_table_unref);
}
