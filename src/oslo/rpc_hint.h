/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * rpc_hint: the cast process_notification, which follows each report. Written as text right into
 * its envelope: as a tree of JSON values, which rpc_context, rpc_objects and rpc_envelope make, it
 * took a third of the time that the report itself takes.
 *
 * Pure but for the random id; any thread.
 * Source: upstream masakari/engine/rpcapi.py.
 */

#include "model/notification.h"
#include "oslo/rpc_context.h"

/**
 * msk_rpc_hint:
 * @notification: its payload is JSON that this program has written, or NULL for none.
 *
 * Returns: (transfer full) the body of the message.
 */
char *msk_rpc_hint(const MskRpcContext *context, const MskNotification *notification);
