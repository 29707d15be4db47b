/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine_settings.h"

#define MAX_SECONDS (10LL * 365 * 24 * 3600)

/* A number of seconds below [DEFAULT]. */
#define SECONDS(option, initially, lowest, text)                                                   \
    {                                                                                              \
        .group = "DEFAULT", .name = (option), .type = MSK_OPTION_INT, .initial = (initially),      \
        .unit = "seconds", .has_bounds = true, .min = (lowest), .max = MAX_SECONDS, .help = (text) \
    }

static const MskOption options[] = {
    SECONDS("verify_interval", "1", 0,
            "The longest wait between two looks at a server that is being stopped or started. The "
            "first looks follow one another faster."),
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
};

void
msk_engine_add_options(MskConfigSchema *schema)
{
    msk_config_schema_add(schema, options, G_N_ELEMENTS(options));
}

static int64_t
seconds(const MskConfig *config, const char *name)
{
    return msk_config_int(config, "DEFAULT", name) * G_USEC_PER_SEC;
}

MskEngineSettings
msk_engine_settings_load(const MskConfig *config)
{
    return (MskEngineSettings){
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
}

void
msk_engine_settings_clear(MskEngineSettings *self)
{
    g_clear_pointer(&self->ha_enabled_key, g_free);
}
