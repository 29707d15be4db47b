/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * api_call: one request of the REST API on its way through routing, checks and its handler.
 *
 * Threads: a call belongs to the thread that answers it; settings are shared and never change.
 * Source: upstream masakari/api/openstack/wsgi.py (Resource, ResponseObject).
 */

#include "api/caller.h"
#include "api/client_view.h"
#include "api/cors.h"
#include "api/json_value.h"
#include "api/query.h"
#include "cloud/compute.h"
#include "io/bus_sender.h"
#include "io/event_notifier.h"
#include "io/http_server.h"
#include "io/wakeup.h"
#include "oslo/policy.h"
#include "store/store.h"

#define MSK_API_V1      "/v1"
#define MSK_API_MAX_IDS 2

typedef struct MskApiAuth MskApiAuth;

/* What /healthcheck looks at, and says. Lists end with NULL. */
typedef struct {
    bool by_file;                  /* while @file_path exists, the service is to be left alone */
    bool by_port;                  /* the same with the one of @port_paths that has our port */
    const char *file_path;         /* "": none */
    const char *const *port_paths; /* "port:path" each; checked */
    bool detailed;
} MskHealthSettings;

/* What all calls share; the owner frees it after the server. */
typedef struct {
    MskStore *store;
    MskCompute *compute;
    MskPolicy *policy;
    MskApiAuth *auth;         /* (nullable) who tells callers; NULL for noauth2 */
    MskWakeupSender *wakeups; /* (nullable) to engines of this machine */
    MskBusSender *hints;      /* (nullable) to engines behind the message bus */
    const char *rpc_topic;    /* of hints */
    MskEventNotifier *events; /* (nullable) */
    const char *link_prefix;  /* (nullable) [DEFAULT] osapi_masakari_link_prefix */
    MskHealthSettings health;
    MskCors cors;
    MskProxySettings proxy;
    int64_t max_limit; /* [DEFAULT] osapi_max_limit */
    int64_t duplicate_interval_s;
    int64_t max_body_bytes; /* for the message that says so */
    uint16_t port;          /* that the API listens on; for requests without a Host */
} MskApiSettings;

typedef struct {
    const MskApiSettings *settings;
    const MskHttpRequest *http;
    MskHttpResponse *response;
    MskClientView view;       /* how the client sees the server, and its address */
    const char *path;         /* decoded; what is routed, below MSK_API_V1 if that is served */
    const char *query_text;   /* (nullable) */
    const char *content_type; /* (static) of a successful answer */
    char *version;            /* (nullable) the microversion asked for, once it is known */
    unsigned minor;           /* of a supported version 1.<minor> */
    MskCaller caller;
    char *ids[MSK_API_MAX_IDS]; /* of the path, in its order */
    MskQuery *query;            /* (nullable) see msk_call_query() */
    MskJson *body;              /* (nullable) */
} MskApiCall;

/** msk_call_clear: frees what the call owns. */
void msk_call_clear(MskApiCall *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MskApiCall, msk_call_clear)

/**
 * msk_call_query:
 *
 * Returns: (nullable) (owned by @self) the fields of the query; NULL when they cannot be decoded,
 *   which is answered then.
 */
const MskQuery *msk_call_query(MskApiCall *self);

/** msk_call_check_text: whether @value (nullable) fits where the database keeps @name; false when
 *  the call was answered. */
bool msk_call_check_text(MskApiCall *self, const char *name, const char *value);

/**
 * msk_call_reply:
 * @status: 2xx or 300.
 * @body: (nullable) (transfer full) JSON.
 */
void msk_call_reply(MskApiCall *self, unsigned status, GString *body);

/**
 * msk_call_reply_object:
 * @name: of the only member, such as "segment".
 * @append: writes its value.
 */
void msk_call_reply_object(MskApiCall *self, unsigned status, const char *name,
                           void (*append)(GString *out, const void *record), const void *record);

/** msk_call_host_url: Returns: (transfer full) "http://host:port" as the client sees it. */
char *msk_call_host_url(const MskApiCall *self);

/** msk_call_link: Returns: (transfer full) the base of links for @script, such as "/v1":
 *  msk_call_host_url() and @script, or the configured prefix and @script. */
char *msk_call_link(const MskApiCall *self, const char *script);
