/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/rpc_server.h"

#include <string.h>

#include "io/bus_listener.h"
#include "io/bus_sender.h"
#include "oslo/rpc_objects.h"

#define LOG_NAME "masakari.engine.rpc_server"
#include "base/log.h"

#define VERSION        "1.1"
#define PING_VERSION   "1.0"
#define PING           "oslo_rpc_server_ping"
#define MAX_REPLIES    1000
#define REPLY_ATTEMPTS 5

struct MskRpcServer {
    MskBusListener *listener;
    MskBusSender *replies;
    MskStoreQueue *queue;
    bool answers_ping;
    void (*look)(void *data);
    void *data;
};

/* ---- answers ----------------------------------------------------------------------------- */

/* @result, @failure: (nullable) (transfer full) */
static void
answer(MskRpcServer *self, const MskRpcRequest *request, json_t *result, json_t *failure)
{
    if (request->msg_id == NULL || request->reply_q == NULL) {
        json_decref(result);
        json_decref(failure);
        return;
    }
    json_auto_t *reply = msk_rpc_reply_new(request->msg_id, result, failure);

    msk_bus_sender_push(self->replies, MSK_BUS_REPLY, request->reply_q, msk_rpc_seal(reply));
}

/* ---- get_notification_recovery_workflow_details ------------------------------------------ */

typedef struct {
    MskRpcServer *server;
    MskRpcRequest *request;
    char *uuid;
    json_t *result; /* (nullable) */
} Details;

static void
free_details(void *data)
{
    Details *job = data;

    msk_rpc_request_free(job->request);
    g_free(job->uuid);
    json_decref(job->result);
    g_free(job);
}

static MskStoreResult
run_details(MskStore *store, void *data, GError **error)
{
    Details *job = data;
    g_autoptr(MskNotification) notification = NULL;
    g_autoptr(GPtrArray) flows = NULL;
    MskStoreResult result = msk_store_notification_get(store, job->uuid, &notification, error);

    if (result == MSK_STORE_DONE) {
        result = msk_store_progress_list(store, job->uuid, &flows, error);
    }
    if (result == MSK_STORE_DONE) {
        job->result = msk_wire_notification(notification, flows);
    }
    return result;
}

static void
on_details(MskStoreResult result, const GError *error, void *data)
{
    Details *job = data;

    (void) error; /* was logged by the queue */
    if (result == MSK_STORE_DONE) {
        answer(job->server, job->request, g_steal_pointer(&job->result), NULL);
        return;
    }
    g_autofree char *message =
        g_strdup_printf("Failed to fetch notification recovery workflow details for %s", job->uuid);

    answer(job->server, job->request, NULL,
           msk_rpc_failure_new("masakari.exception", "MasakariException", message, NULL,
                               json_pack("{s:i}", "code", 500)));
}

/* @request: (transfer full) */
static void
get_details(MskRpcServer *self, MskRpcRequest *request)
{
    static const MskStoreJob details_job = {run_details, on_details, free_details};
    const char *uuid = msk_wire_notification_uuid(json_object_get(request->args, "notification"));
    Details *job = g_new0(Details, 1);

    *job = (Details){.server = self, .request = request, .uuid = g_strdup(uuid)};
    if (uuid == NULL) {
        answer(self, request, NULL,
               msk_rpc_failure_new("builtins", "TypeError",
                                   "the argument notification is no Notification", NULL, NULL));
        free_details(job);
        return;
    }
    msk_store_queue_push(self->queue, &details_job, job);
}

/* ---- requests ---------------------------------------------------------------------------- */

static void
process_notification(MskRpcServer *self, const MskRpcRequest *request)
{
    const char *uuid = msk_wire_notification_uuid(json_object_get(request->args, "notification"));

    log_debug("An API tells of notification %s", uuid == NULL ? "(none)" : uuid);
    self->look(self->data);
    answer(self, request, NULL, NULL);
}

static void
refuse(MskRpcServer *self, const MskRpcRequest *request, json_t *failure)
{
    log_warning("A request is refused: %s", json_string_value(json_object_get(failure, "message")));
    answer(self, request, NULL, failure);
}

static void
on_request(MskRpcRequest *taken, void *data)
{
    g_autoptr(MskRpcRequest) request = taken;
    MskRpcServer *self = data;
    bool is_ping = self->answers_ping && strcmp(request->method, PING) == 0 &&
                   msk_rpc_version_serves(PING_VERSION, request->version);

    if (request->space != NULL || !msk_rpc_version_serves(VERSION, request->version)) {
        refuse(self, request, msk_rpc_failure_version(request->version, request->method));
    } else if (strcmp(request->method, "process_notification") == 0) {
        process_notification(self, request);
    } else if (strcmp(request->method, "get_notification_recovery_workflow_details") == 0) {
        get_details(self, g_steal_pointer(&request));
    } else if (is_ping) {
        answer(self, request, json_string("pong"), NULL);
    } else {
        refuse(self, request, msk_rpc_failure_no_method(request->method));
    }
}

MskRpcServer *
msk_rpc_server_new(MskBusSettings *settings, const char *server, MskStoreQueue *queue,
                   void (*look)(void *data), void *data)
{
    MskRpcServer *self = g_new0(MskRpcServer, 1);

    *self = (MskRpcServer){
        .queue = queue, .answers_ping = settings->answers_ping, .look = look, .data = data};
    self->replies =
        msk_bus_sender_new(msk_bus_settings_ref(settings), "replies", MAX_REPLIES, REPLY_ATTEMPTS);
    self->listener = msk_bus_listener_new(msk_bus_settings_ref(settings), server, on_request, self);
    return self;
}

void
msk_rpc_server_free(MskRpcServer *self)
{
    if (self != NULL) {
        msk_bus_listener_free(self->listener);
        msk_bus_sender_free(self->replies);
        g_free(self);
    }
}
