/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * fence_plan: which agents turn a host off. Devices of one level must all confirm (two power
 * supplies); the next level is tried when a level fails.
 *
 * From a file, for all hosts:               or from a host's control_attributes:
 *   [h1]                                      {"fencing": [{"agent": "fence_ipmilan",
 *   agent = fence_ipmilan                                    "ip": "10.0.0.1", "password": "…"},
 *   ip = 10.0.0.1                                          {"agent": "fence_apc", "level": 2,
 *   password = …                                            "plug": "7"}]}
 *   [h1 pdu]
 *   agent = fence_apc
 *   level = 2
 *
 * agent, level and timeout are ours; everything else is handed to the agent on its standard input.
 * Pure; any thread.
 * Source: fence-agents, doc/FenceAgentAPI.md.
 */

#include <glib.h>

#define MSK_FENCE_MAX_DEVICES   16
#define MSK_FENCE_MAX_INPUT     16384 /* bytes of one agent's options */
#define MSK_FENCE_TIMEOUT_S     60
#define MSK_FENCE_MAX_TIMEOUT_S 600

typedef struct {
    unsigned level; /* from 1 */
    char *agent;    /* a file name, "fence_…" */
    unsigned timeout_s;
    char *input;        /* "name=value\n"…: holds secrets, for nobody's eyes */
    GPtrArray *secrets; /* the values in it that must not be shown */
} MskFenceDevice;

typedef struct {
    GPtrArray *devices; /* MskFenceDevice, by level, then in the order they were given */
} MskFencePlan;

/** msk_fence_plan_free: @self: (nullable) */
void msk_fence_plan_free(MskFencePlan *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskFencePlan, msk_fence_plan_free)

/**
 * msk_fence_plan_from_file: @text: of the file; any bytes. All sections are checked.
 * @host: (nullable) whose devices are wanted.
 * @error: %MSK_ERROR_INVALID with the section and what is wrong; shows no values.
 *
 * Returns: (transfer full) without devices when the file has no section of @host.
 */
MskFencePlan *msk_fence_plan_from_file(const char *text, size_t length, const char *host,
                                       GError **error);

/**
 * msk_fence_plan_from_attributes: @text: (nullable) a host's control_attributes. What is no JSON
 * object with "fencing" in it has other meanings, and no devices.
 * @error: %MSK_ERROR_INVALID when "fencing" is there and cannot be used; shows no values.
 *
 * Returns: (transfer full)
 */
MskFencePlan *msk_fence_plan_from_attributes(const char *text, GError **error);

/** msk_fence_plan_mask: Returns: (transfer full) @text, of the device's agent, as one line of valid
 *  UTF-8 that may be logged: secrets are "***", control characters blanks. */
char *msk_fence_plan_mask(const MskFenceDevice *device, const char *text, size_t length);
