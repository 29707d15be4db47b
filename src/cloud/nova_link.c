/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/nova_link.h"

#include <string.h>

#include "cloud/keystone_session.h"
#include "cloud/nova_json.h"

#define USER_AGENT         "masakari-c/" MSK_VERSION
#define CONNECT_TIMEOUT_MS 10000
#define MAX_ANSWER_BYTES   ((size_t) 64 * 1024 * 1024)
#define MAX_IDLE           32
#define INTERFACE          "publicURL"

struct MskNovaLink {
    MskConfig *config;
    MskKeystoneSession *session;
    char **catalog_info; /* type, name and interface */
    const char *interfaces[2];
    MskKeystoneFilter filter;
    int64_t timeout_us;
    GMutex mutex;   /* guards what follows */
    unsigned minor; /* 0: not asked yet */
    int64_t clock_ahead_us;
};

/* What the Python service reads, and what it has no options for. */
static const MskOption options[] = {
    {.group = "DEFAULT",
     .name = "nova_catalog_admin_info",
     .type = MSK_OPTION_STRING,
     .initial = "compute:nova:" INTERFACE,
     .help = "Which endpoint of Keystone's catalogue is Nova's: service type, service name and "
             "interface. The name may be empty: compute::internalURL."},
    {.group = "DEFAULT",
     .name = "os_region_name",
     .type = MSK_OPTION_STRING,
     .help = "The region of Nova's endpoint, where the catalogue has several."},
    {.group = "DEFAULT",
     .name = "nova_ca_certificates_file",
     .type = MSK_OPTION_STRING,
     .help = "A file of the certificates that Keystone and Nova are trusted by, in place of the "
             "system's."},
    {.group = "DEFAULT",
     .name = "nova_api_insecure",
     .type = MSK_OPTION_BOOL,
     .initial = "false",
     .help = "Trust Keystone and Nova without checking their certificates. Never outside a test."},
    {.group = "DEFAULT",
     .name = "os_privileged_user_name",
     .type = MSK_OPTION_STRING,
     .help = "The account in whose name Nova is asked; it needs the role admin."},
    {.group = "DEFAULT",
     .name = "os_privileged_user_password",
     .type = MSK_OPTION_STRING,
     .secret = true,
     .help = "The password of that account."},
    {.group = "DEFAULT",
     .name = "os_privileged_user_tenant",
     .type = MSK_OPTION_STRING,
     .help = "The name of the project that the account's token is for."},
    {.group = "DEFAULT",
     .name = "os_privileged_user_auth_url",
     .type = MSK_OPTION_URI,
     .help = "The URL of Keystone for that account, with or without /v3."},
    {.group = "DEFAULT",
     .name = "os_user_domain_name",
     .type = MSK_OPTION_STRING,
     .initial = "default",
     .help = "The name of the account's domain."},
    {.group = "DEFAULT",
     .name = "os_project_domain_name",
     .type = MSK_OPTION_STRING,
     .initial = "default",
     .help = "The name of the project's domain."},
    {.group = "DEFAULT",
     .name = "os_system_scope",
     .type = MSK_OPTION_STRING,
     .help = "'all' for a token of the whole system in place of a project's."},
    {.group = "nova",
     .name = "call_timeout",
     .type = MSK_OPTION_INT,
     .initial = "75",
     .unit = "seconds",
     .has_bounds = true,
     .min = 1,
     .max = 600,
     .own = true,
     .help =
         "How long Nova may take to answer one request, a token of Keystone's included. Beyond "
         "that it is taken for hung, and asked again later. Nova itself waits for another of its "
         "services as long as its own [DEFAULT] rpc_response_timeout, 60 s, and then says so: "
         "with less than a little more, nobody knows what became of an order."},
};

void
msk_nova_link_add_options(MskConfigSchema *schema)
{
    msk_config_schema_add(schema, options, G_N_ELEMENTS(options));
}

static const char *
string(const MskNovaLink *self, const char *name)
{
    const char *value = msk_config_string(self->config, "DEFAULT", name);

    return value == NULL || *value == '\0' ? NULL : value;
}

char *
msk_nova_link_lacks(MskConfig *config)
{
    static const char *const needed[] = {"os_privileged_user_auth_url", "os_privileged_user_name",
                                         "os_privileged_user_password"};

    for (size_t i = 0; i < G_N_ELEMENTS(needed); i++) {
        const char *value = msk_config_string(config, "DEFAULT", needed[i]);

        if (value == NULL || *value == '\0') {
            return g_strdup_printf("[DEFAULT] %s is not set: compute_driver = nova needs it to ask "
                                   "Nova (set compute_driver = libvirt for plain libvirt hosts "
                                   "without OpenStack)",
                                   needed[i]);
        }
    }
    return NULL;
}

static bool
open_session(MskNovaLink *self, GError **error)
{
    const char *project = string(self, "os_privileged_user_tenant");
    MskKeystoneAuth auth = {
        .section = "[DEFAULT] os_privileged_user_*",
        .auth_type = "password",
        .auth_url = string(self, "os_privileged_user_auth_url"),
        .username = string(self, "os_privileged_user_name"),
        .password = string(self, "os_privileged_user_password"),
        .user_domain_name = string(self, "os_user_domain_name"),
        .project_name = project,
        .project_domain_name = project == NULL ? NULL : string(self, "os_project_domain_name"),
        .system_scope = string(self, "os_system_scope"),
    };
    MskHttpSessionOptions http = {
        .user_agent = USER_AGENT,
        .cafile = string(self, "nova_ca_certificates_file"),
        .insecure = msk_config_bool(self->config, "DEFAULT", "nova_api_insecure"),
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .timeout_ms = (unsigned) (self->timeout_us / 1000),
        .max_answer_bytes = MAX_ANSWER_BYTES,
        .max_idle = MAX_IDLE,
    };

    self->session = msk_keystone_session_new(&auth, &http, error);
    return self->session != NULL;
}

MskNovaLink *
msk_nova_link_new(MskConfig *config, GError **error)
{
    g_autoptr(MskNovaLink) self = g_new0(MskNovaLink, 1);
    GError *reason = NULL;

    g_mutex_init(&self->mutex);
    self->config = msk_config_ref(config);
    self->timeout_us = msk_config_int(config, "nova", "call_timeout") * G_USEC_PER_SEC;
    self->catalog_info = msk_keystone_parse_catalog_info(
        msk_config_string(config, "DEFAULT", "nova_catalog_admin_info"), &reason);
    if (self->catalog_info == NULL) {
        g_propagate_prefixed_error(error, reason, "[DEFAULT] nova_catalog_admin_info: ");
        return NULL;
    }
    self->interfaces[0] = self->catalog_info[2];
    self->filter = (MskKeystoneFilter){
        .type = self->catalog_info[0],
        .name = *self->catalog_info[1] == '\0' ? NULL : self->catalog_info[1],
        .region = string(self, "os_region_name"),
        .interfaces = self->interfaces,
    };
    g_autofree char *lacks = msk_nova_link_lacks(config);

    if (lacks != NULL) {
        g_set_error_literal(error, MSK_ERROR, MSK_ERROR_INVALID, lacks);
        return NULL;
    }
    return open_session(self, error) ? g_steal_pointer(&self) : NULL;
}

void
msk_nova_link_free(MskNovaLink *self)
{
    if (self == NULL) {
        return;
    }
    msk_keystone_session_free(self->session);
    g_strfreev(self->catalog_info);
    g_mutex_clear(&self->mutex);
    msk_config_unref(self->config);
    g_free(self);
}

MskErrorCode
msk_nova_error_code(unsigned status)
{
    switch (status) {
    case 400:
    case 405:
    case 406:
        return MSK_ERROR_INVALID;
    case 401:
    case 403:
        return MSK_ERROR_DENIED;
    case 404:
        return MSK_ERROR_NOT_FOUND;
    case 409:
        return MSK_ERROR_CONFLICT;
    case 408:
    case 413: /* too many requests, in Nova's old words */
    case 429:
        return MSK_ERROR_UNAVAILABLE;
    default:
        return status >= 500 && status != 501 && status != 505 ? MSK_ERROR_UNAVAILABLE
                                                               : MSK_ERROR_INTERNAL;
    }
}

bool
msk_nova_effect_unknown(unsigned status)
{
    return status == 408 || (status >= 500 && status != 501 && status != 505);
}

static GPtrArray *
headers_of(const MskComputeCall *call, const MskNovaRequest *request)
{
    GPtrArray *headers = g_ptr_array_new_with_free_func(g_free);
    unsigned minor = request->minor == 0 ? MSK_NOVA_FLOOR : request->minor;

    g_ptr_array_add(headers, g_strdup_printf("OpenStack-API-Version: compute 2.%u", minor));
    g_ptr_array_add(headers, g_strdup_printf("X-OpenStack-Nova-API-Version: 2.%u", minor));
    if (call->request_id != NULL) {
        g_ptr_array_add(headers, g_strconcat("X-OpenStack-Request-ID: ", call->request_id, NULL));
    }
    if (request->body != NULL) {
        g_ptr_array_add(headers, g_strdup("Content-Type: application/json"));
    }
    g_ptr_array_add(headers, NULL);
    return headers;
}

int64_t
msk_nova_link_clock(MskNovaLink *self)
{
    int64_t ahead_us = 0;

    g_mutex_lock(&self->mutex);
    ahead_us = self->clock_ahead_us;
    g_mutex_unlock(&self->mutex);
    return ahead_us;
}

static void
read_clock(MskNovaLink *self, const MskHttpReply *reply)
{
    g_autofree char *date = msk_http_reply_header(reply, "Date");
    int64_t date_us = msk_nova_http_date(date);

    if (date_us > 0) {
        g_mutex_lock(&self->mutex);
        self->clock_ahead_us = date_us - g_get_real_time();
        g_mutex_unlock(&self->mutex);
    }
}

/* Whoever hears NOT_FOUND gives a guest or a host up for gone, so Nova itself has to say that it
 * knows no such thing. A proxy, or Keystone, knows nothing of it. */
static MskErrorCode
code_of(const MskHttpReply *reply)
{
    if (reply->status == 404 && !msk_nova_is_item_not_found(reply->body->str, reply->body->len)) {
        return MSK_ERROR_UNAVAILABLE;
    }
    return msk_nova_error_code(reply->status);
}

/* The same of an error that comes before Nova was asked for the thing itself. */
static GError *
not_gone(GError *reason)
{
    if (g_error_matches(reason, MSK_ERROR, MSK_ERROR_NOT_FOUND)) {
        reason->code = MSK_ERROR_UNAVAILABLE;
    }
    return reason;
}

/* As msk_nova_link_send(), without asking for the version first, to @endpoint if given. */
static bool
exchange(MskNovaLink *self, MskComputeCall *call, const MskNovaRequest *request,
         const char *endpoint, MskHttpReply *ret, GError **error)
{
    g_autoptr(GPtrArray) headers = headers_of(call, request);
    g_auto(MskHttpReply) reply = {0};
    bool order = strcmp(request->method, "GET") != 0;
    bool sent = false;
    GError *reason = NULL;
    MskKeystoneCall keystone_call = {
        .method = request->method,
        .service = &self->filter,
        .endpoint = endpoint,
        .path = request->path,
        .headers = (const char *const *) headers->pdata,
        .body = request->body,
        .body_length = request->body == NULL ? 0 : strlen(request->body),
        .deadline_mono_us = g_get_monotonic_time() + self->timeout_us,
        .fresh_connection = request->once,
        .ret_sent = &sent,
    };

    call->status = 0;
    call->retry_after_s = 0;
    call->effect_unknown = false;
    if (!msk_keystone_session_call(self->session, &keystone_call, &reply, &reason)) {
        call->effect_unknown = order && sent;
        g_propagate_prefixed_error(error, not_gone(reason), "Could not %s: ", request->what);
        return false;
    }
    read_clock(self, &reply);
    call->status = reply.status;
    call->retry_after_s = reply.retry_after_s;
    if (reply.status >= 200 && reply.status <= 299) {
        *ret = reply;
        reply = (MskHttpReply){0};
        return true;
    }
    g_autofree char *fault = msk_nova_fault_text(reply.body->str, reply.body->len);

    call->effect_unknown = order && msk_nova_effect_unknown(reply.status);
    g_set_error(error, MSK_ERROR, code_of(&reply), "Could not %s: Nova answered %u: %s",
                request->what, reply.status, fault);
    return false;
}

/* Where the version is told: the endpoint without what may follow its version, a project's id.
 * Returns: (transfer full) (nullable) */
static char *
version_place(MskNovaLink *self, GError **error)
{
    g_autoptr(MskKeystoneToken) token =
        msk_keystone_session_token(self->session, g_get_monotonic_time() + self->timeout_us, error);
    const char *endpoint =
        token == NULL ? NULL : msk_keystone_token_endpoint(token, &self->filter, error);
    const char *version = endpoint == NULL ? NULL : strstr(endpoint, "/v2");

    if (endpoint == NULL) {
        return NULL;
    }
    return version == NULL
               ? g_strdup(endpoint)
               : g_strndup(endpoint, (size_t) (version - endpoint) + 1 + strcspn(version + 1, "/"));
}

/* Returns: the version as Nova tells it now. */
static bool
ask_minor(MskNovaLink *self, MskComputeCall *call, unsigned *ret, GError **error)
{
    const MskNovaRequest request = {.what = "ask for Nova's version", .method = "GET", .path = "/"};
    g_autofree char *place = NULL;
    g_auto(MskHttpReply) reply = {0};
    GError *reason = NULL;
    unsigned minor = 0;

    place = version_place(self, &reason);
    if (place == NULL || !exchange(self, call, &request, place, &reply, &reason)) {
        g_propagate_error(error, not_gone(reason));
        return false;
    }
    if (!msk_nova_parse_version(reply.body->str, reply.body->len, &minor, &reason)) {
        g_propagate_prefixed_error(error, reason, "Could not %s at %s: ", request.what, place);
        return false;
    }
    if (minor < MSK_NOVA_FLOOR) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "Nova at %s has microversions up to 2.%u; 2.%u (OpenStack Pike) is needed",
                    place, minor, MSK_NOVA_FLOOR);
        return false;
    }
    *ret = minor;
    return true;
}

bool
msk_nova_link_minor(MskNovaLink *self, MskComputeCall *call, unsigned *ret, GError **error)
{
    unsigned minor = 0;

    g_mutex_lock(&self->mutex);
    minor = self->minor;
    g_mutex_unlock(&self->mutex);
    /* At the start several may ask at once; they hear the same. */
    if (minor == 0 && !ask_minor(self, call, &minor, error)) {
        return false;
    }
    g_mutex_lock(&self->mutex);
    self->minor = minor;
    g_mutex_unlock(&self->mutex);
    *ret = minor;
    return true;
}

bool
msk_nova_link_send(MskNovaLink *self, MskComputeCall *call, const MskNovaRequest *request,
                   MskHttpReply *ret, GError **error)
{
    unsigned minor = 0;

    if (!msk_nova_link_minor(self, call, &minor, error)) {
        return false;
    }
    if (exchange(self, call, request, NULL, ret, error)) {
        return true;
    }
    if (call->status == 406) {
        g_mutex_lock(&self->mutex);
        self->minor = 0; /* Nova was exchanged for another one */
        g_mutex_unlock(&self->mutex);
    }
    return false;
}
