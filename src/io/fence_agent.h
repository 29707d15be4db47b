/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * fence_agent: runs a program of the fence-agents package once. Its options go to its standard
 * input, never to its command line or environment, where every user of the machine could read them.
 *
 * Threads: any; calls are independent of one another.
 * Source: fence-agents, doc/FenceAgentAPI.md: exit statuses; status ends with 2 when it is off.
 */

#include "model/recovery/fencing.h"

typedef struct {
    const char *directory; /* of the agents, such as "/usr/sbin" */
    const MskFenceDevice *device;
    MskFenceVerb verb;
    int cancel_fd; /* the run ends early once this is readable; -1: none */
} MskFenceAgentRun;

/**
 * msk_fence_agent_run: Blocks until the agent has ended, or its time is over; then it and what it
 * started are killed.
 * @ret_said: (out) (transfer full) the masked end of what it wrote, or why it could not be run.
 */
MskFenceResult msk_fence_agent_run(const MskFenceAgentRun *run, char **ret_said);
