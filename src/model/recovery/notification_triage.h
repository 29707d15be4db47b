/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * notification_triage: what a claimed notification calls for, before any recovery begins.
 * Pure; any thread.
 * Source: upstream masakari/engine/manager.py and masakari/engine/instance_events.py. Beyond its
 * events, LIFECYCLE STOPPED_CRASHED and CRASHED_PANICKED are recovered, too.
 */

#include "model/notification.h"
#include "model/progress.h"
#include "model/recovery/instance_recovery.h"

typedef enum {
    MSK_TRIAGE_RECOVER_INSTANCE, /* with instance_uuid and incident */
    MSK_TRIAGE_RECOVER_HOST,     /* with fenced */
    MSK_TRIAGE_RECOVER_PROCESS,  /* with process_name */
    MSK_TRIAGE_END,              /* nothing to recover: with status, reason and perhaps message */
} MskTriageKind;

typedef struct {
    MskTriageKind kind;
    char *instance_uuid;          /* of MSK_TRIAGE_RECOVER_INSTANCE */
    MskIncident incident;         /* of MSK_TRIAGE_RECOVER_INSTANCE */
    char *process_name;           /* of MSK_TRIAGE_RECOVER_PROCESS: (nullable) as reported */
    bool fenced;                  /* of MSK_TRIAGE_RECOVER_HOST: see MskHostOrder */
    MskNotificationStatus status; /* of MSK_TRIAGE_END */
    const char *message;          /* (static) (nullable) for the row, where users read it */
    const char *reason;           /* (static) of MSK_TRIAGE_END: for the operator's log */
} MskTriage;

/**
 * msk_notification_triage:
 * @notification: its type and payload are looked at; the payload may be any text.
 * @segment_enabled: whether recovery is wanted in the host's failover segment.
 * @is_cloud: whether hosts and processes can be recovered, see MskComputeDriver.
 *
 * Returns: what to do; clear it with msk_triage_clear().
 */
MskTriage msk_notification_triage(const MskNotification *notification, bool segment_enabled,
                                  bool is_cloud);

void msk_triage_clear(MskTriage *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MskTriage, msk_triage_clear)

/**
 * msk_notification_end_status:
 * @attempt: from 1; 2 is the one more try that a row of status error gets.
 *
 * Source: upstream _process_unfinished_notifications.
 * Returns: the status in which a notification ends whose recovery had @outcome.
 */
MskNotificationStatus msk_notification_end_status(MskNotificationStatus outcome, int64_t attempt);

/** msk_outcome_status: the status that stands for a recovery's outcome. */
MskNotificationStatus msk_outcome_status(MskOutcome outcome);

/** msk_notification_is_of_instance: whether @self is a report on the instance. */
bool msk_notification_is_of_instance(const MskNotification *self, const char *instance_uuid);

/**
 * msk_flow_started_instance_since:
 * @flow: the progress of another recovery of the same instance.
 * @since_us: when a report was generated.
 *
 * Returns: whether @flow started the instance after @since_us, so that the report tells of the
 *   instance's former life.
 */
bool msk_flow_started_instance_since(const MskFlowProgress *flow, int64_t since_us);
