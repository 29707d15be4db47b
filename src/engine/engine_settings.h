/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * engine_settings: what an operator can set about recoveries, read from the configuration at the
 * start; the mutable ones once more on SIGHUP.
 * Source: upstream masakari/conf/engine.py and engine_driver.py.
 */

#include "engine/engine_flows.h"
#include "oslo/config.h"

typedef struct {
    int64_t verify_interval_us;
    int64_t wait_period_after_power_off_us;
    int64_t wait_period_after_power_on_us;
    int64_t retry_interval_us;        /* process_unfinished_notifications_interval */
    int64_t expiry_check_interval_us; /* check_expired_notifications_interval */
    int64_t expiry_age_us;            /* notifications_expired_interval */
    bool process_all_instances;
    char *ha_enabled_key; /* ha_enabled_instance_metadata_key */

    int64_t wait_period_after_evacuation_us;
    int64_t wait_period_after_service_update_us;
    unsigned host_threads; /* host_failure_recovery_threads */
    bool evacuate_all_instances;
    bool ignore_error_instances;
    bool join_aggregates; /* add_reserved_host_to_aggregate */
    bool dry_run;
    char *host_ha_key;            /* [host_failure] ha_enabled_instance_metadata_key */
    char *process_disable_reason; /* [process_failure] service_disable_reason */
    char *host_disable_reason;    /* [host_failure] service_disable_reason */
    int64_t heartbeat_age_us;
    int64_t hold_timeout_us;
    int64_t storm_window_us;
    unsigned storm_segment_percent;
    unsigned storm_percent;
    unsigned rate_limit;
    bool armed;
    int64_t disarmed_until_us;     /* since the epoch */
    GHashTable *disarmed_segments; /* uuid to int64_t: the same, of one segment */
    bool auto_return;
    int64_t return_after_us;
    int64_t return_window_us;
    unsigned return_max_failures;
    char *fence_file; /* (nullable) [fencing] devices_file */
    char *fence_agents_dir;
    bool fence_fallback;

    MskEngineFlows *flows;
} MskEngineSettings;

/** msk_engine_add_options: the tables of the options that the engine reads. */
void msk_engine_add_options(MskConfigSchema *schema);

/**
 * msk_engine_settings_load:
 * @ret: (out) what @config says; clear it with the function below, also after a failure.
 * @error: see msk_engine_flows_new().
 */
bool msk_engine_settings_load(const MskConfig *config, MskEngineSettings *ret,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** msk_engine_settings_load_gates: what can change while the engine runs: the mutable options,
 *  those of the safety gates and of auto_return. After a failure none of them has changed.
 *  @error: %MSK_ERROR_INVALID names the option, and what it may be. */
bool msk_engine_settings_load_gates(MskEngineSettings *self, const MskConfig *config,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** msk_engine_settings_disarmed: Returns: (static) (nullable) the option that keeps hosts of a
 *  segment from being recovered. @now_us: since the epoch. */
const char *msk_engine_settings_disarmed(const MskEngineSettings *self, const char *segment_uuid,
                                         int64_t now_us);

void msk_engine_settings_clear(MskEngineSettings *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MskEngineSettings, msk_engine_settings_clear)
