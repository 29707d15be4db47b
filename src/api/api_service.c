/* SPDX-License-Identifier: Apache-2.0 */
#define LOG_NAME "masakari.api"
#include "api/api_service.h"

#include "api/accept.h"
#include "api/authenticate.h"
#include "api/authorize.h"
#include "api/fault.h"
#include "api/json_schema.h"
#include "api/microversion.h"
#include "api/resources.h"
#include "api/routes.h"
#include "base/log.h"

#include <string.h>
#include <strings.h>

#define HEALTHCHECK "/healthcheck"
#define REQUEST_ID  "x-openstack-request-id"

typedef enum {
    PLACE_ROOT,
    PLACE_HEALTHCHECK,
    PLACE_V1,
} Place;

/* A request's target, taken apart. */
typedef struct {
    Place place;
    char *path;        /* decoded; below MSK_API_V1 for PLACE_V1 unless a header led there */
    const char *query; /* (nullable) (owned by the request) */
    const char *type;  /* (static) the content type that the client wants */
} Target;

static void
target_clear(Target *self)
{
    g_clear_pointer(&self->path, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Target, target_clear)

/* ---- where a target leads ----------------------------------------------------------------- */

/* Runs of slashes count as one. */
static char *
squeeze_slashes(char *path)
{
    char *to = path;

    for (const char *from = path; *from != '\0'; from++) {
        if (*from != '/' || to == path || to[-1] != '/') {
            *to++ = *from;
        }
    }
    *to = '\0';
    return path;
}

/* "http://host/path" is a target, too. */
static const char *
skip_authority(const char *target)
{
    const char *after = strstr(target, "://");

    if (*target == '/' || after == NULL) {
        return target;
    }
    after = strchr(after + strlen("://"), '/');
    return after == NULL ? "/" : after;
}

static bool
is_below(const char *path, const char *prefix)
{
    size_t size = strlen(prefix);

    return strncmp(path, prefix, size) == 0 && (path[size] == '\0' || path[size] == '/');
}

/* @version: (nullable) it is the beginning of a path for the Python service. */
static bool
is_version_1(const char *version)
{
    return version != NULL && is_below(version, "1");
}

/* A header may ask for version 1 where the path does not. */
static bool
asks_for_v1(const MskHttpRequest *request, const char *accept_version)
{
    g_autofree char *version =
        msk_content_type_version(msk_http_request_header(request, "Content-Type"));

    return is_version_1(version) || is_version_1(accept_version);
}

static void
find_target(const MskHttpRequest *request, Target *ret)
{
    static const char *const types[] = {"application/json",
                                        "application/vnd.openstack.masakari+json", NULL};
    static const char *const index_types[] = {"application/json",
                                              "application/vnd.openstack.masakari+json",
                                              "application/atom+xml", NULL};
    const char *target = skip_authority(request->target);
    const char *question = strchr(target, '?');
    g_autofree char *raw =
        question == NULL ? g_strdup(target) : g_strndup(target, (size_t) (question - target));
    g_autofree char *path = squeeze_slashes(msk_path_decode(raw));
    g_autofree char *accept = msk_http_request_header_list(request, "Accept");
    g_autofree char *version = NULL;
    bool is_index = strcmp(path, "/") == 0 || strcmp(path, MSK_API_V1 "/") == 0 ||
                    strcmp(path, HEALTHCHECK "/") == 0;
    const char *type = msk_accept_best(accept, is_index ? index_types : types, &version);

    ret->query = question == NULL ? NULL : question + 1;
    ret->type = type == NULL || g_str_has_suffix(path, ".json") ? types[0] : type;
    ret->place = PLACE_ROOT;
    if (is_below(path, MSK_API_V1)) {
        ret->place = PLACE_V1;
        ret->path = g_strdup(path + strlen(MSK_API_V1));
    } else if (is_below(path, HEALTHCHECK)) {
        ret->place = PLACE_HEALTHCHECK;
    } else if (asks_for_v1(request, version)) {
        ret->place = PLACE_V1;
    }
    if (ret->path == NULL) {
        ret->path = g_steal_pointer(&path);
    }
}

/* ---- checks before a handler -------------------------------------------------------------- */

/* Returns: false when the call was answered. */
static bool
check_version(MskApiCall *call)
{
    g_autofree char *sent = msk_http_request_header_list(call->http, "OpenStack-API-Version");
    g_autofree char *header = sent == NULL ? NULL : msk_latin1_decode(sent);
    g_autofree char *version = NULL;

    switch (msk_microversion_parse(header, &version, &call->minor)) {
    case MSK_MICROVERSION_OK:
        call->version = g_steal_pointer(&version);
        return true;
    case MSK_MICROVERSION_UNSUPPORTED:
        call->version = g_steal_pointer(&version);
        msk_fault(call, 406,
                  "Version %s is not supported by the API. Minimum is " MSK_API_MIN_VERSION
                  " and maximum is " MSK_API_MAX_VERSION ".",
                  call->version);
        return false;
    case MSK_MICROVERSION_MALFORMED:
    default:
        msk_fault(call, 400,
                  "API Version String %s is of invalid format. Must be of format "
                  "MajorNum.MinorNum.",
                  version);
        return false;
    }
}

/* Returns: (transfer full) (nullable) the type without its parameters. */
static char *
content_type_of(const MskHttpRequest *request)
{
    const char *header = msk_http_request_header(request, "Content-Type");

    return header == NULL ? NULL : g_strndup(header, strcspn(header, ";"));
}

/* Returns: false when the call was answered. */
static bool
check_content_type(MskApiCall *call)
{
    g_autofree char *type = content_type_of(call->http);

    if (type == NULL || *type == '\0' || strcmp(type, "text/plain") == 0 ||
        strcmp(type, "application/json") == 0 ||
        strcmp(type, "application/vnd.openstack.masakari+json") == 0) {
        return true;
    }
    msk_fault(call, 415, "Unsupported Content-Type");
    return false;
}

static bool
has_body(const MskHttpRequest *request)
{
    return strcmp(request->method, "POST") == 0 || strcmp(request->method, "PUT") == 0;
}

/* @may_lack: whether no body at all counts as null. Returns: false when the call was answered. */
static bool
read_body(MskApiCall *call, bool may_lack)
{
    const MskHttpRequest *http = call->http;

    if (!has_body(http)) {
        return true;
    }
    if (may_lack && http->body_size == 0) {
        call->body = msk_json_parse("null", strlen("null"));
    } else {
        call->body = msk_json_parse(http->body, http->body_size);
    }
    if (call->body == NULL) {
        msk_fault(call, 400, "Malformed request body");
        return false;
    }
    return true;
}

/* Returns: false when the call was answered. */
static bool
check_project(MskApiCall *call, const char *project)
{
    const char *own_project = call->caller.credentials.project_id;

    if (project == NULL || g_strcmp0(project, own_project) == 0) {
        return true;
    }
    g_autofree char *shown = msk_latin1_decode(own_project == NULL ? "None" : own_project);

    msk_fault(call, 400,
              "Malformed request URL: URL's project_id '%s' doesn't match Context's project_id "
              "'%s'",
              project, shown);
    return false;
}

/* Returns: false when the call was answered. */
static bool
check_schema(MskApiCall *call, const MskRoute *route)
{
    const MskRule *rules =
        call->minor >= 2 && route->schema_v12 != NULL ? route->schema_v12 : route->schema;
    g_autoptr(GString) message = rules == NULL ? NULL : msk_schema_check(rules, call->body);

    if (message == NULL) {
        return true;
    }
    msk_fault_text(call, 400, message->str, message->len);
    return false;
}

static void
run_route(MskApiCall *call, const MskRoute *route, const char *project)
{
    if (!check_version(call) || !check_content_type(call)) {
        return;
    }
    if (route->handle == NULL) {
        msk_fault(call, 405,
                  "The request method: '%s' with action: '%s' is not allowed on this resource",
                  call->http->method, route->action);
        return;
    }
    if (read_body(call, true) && check_project(call, project) && check_schema(call, route) &&
        msk_call_authorize(call, route->policy)) {
        route->handle(call);
    }
}

/* ---- the stages of /v1 -------------------------------------------------------------------- */

/* Returns: false when the call was answered. */
static bool
check_size(MskApiCall *call)
{
    if (!call->http->body_too_large) {
        return true;
    }
    const char *form = msk_http_request_header(call->http, "Content-Length") == NULL
                           ? "Request is too large. Larger than %s."
                           : "Request is too large. Larger than max_request_body_size (%s).";
    g_autofree char *limit = g_strdup_printf("%" G_GINT64_FORMAT, call->settings->max_body_bytes);
    g_auto(GStrv) parts = g_strsplit(form, "%s", 2);
    g_autofree char *explanation = g_strjoinv(limit, parts);

    msk_fault_plain(call, 413, explanation, "");
    return false;
}

/* A form of several parts whose parts cannot be told apart breaks the Python service's router. */
static bool
is_broken_form(const MskHttpRequest *request)
{
    const char *header = msk_http_request_header(request, "Content-Type");

    return header != NULL && strcmp(request->method, "POST") == 0 &&
           strncasecmp(header, "multipart/form-data", strlen("multipart/form-data")) == 0 &&
           strstr(header, "boundary=") == NULL;
}

static void
serve_v1(MskApiCall *call)
{
    g_autofree char *project = NULL;

    if (!check_size(call)) {
        return;
    }
    if (!msk_call_authenticate(call)) {
        return;
    }
    if (is_broken_form(call->http)) {
        msk_fault(call, 400, "Malformed request body");
        return;
    }
    const MskRoute *route = msk_route_find(call->http->method, call->path, call->ids, &project);

    if (route == NULL) {
        msk_fault_plain(call, 404, "The resource could not be found.", "");
        return;
    }
    run_route(call, route, project);
}

/* The documents outside of /v1 have no version of their own. */
static void
serve_root(MskApiCall *call)
{
    bool has_length = msk_http_request_header(call->http, "Content-Length") != NULL;

    if (!check_size(call) || !check_content_type(call) || !read_body(call, has_length)) {
        return;
    }
    if (strcmp(call->path, "/") == 0) {
        msk_api_versions_list(call);
    } else {
        msk_api_versions_choices(call, call->path);
    }
}

/* Whether @id is one of ours from another service, and may stand in a log. */
static bool
is_request_id(const char *id)
{
    static const char form[] = "req-xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

    if (id == NULL || strlen(id) != strlen(form)) {
        return false;
    }
    for (size_t i = 0; form[i] != '\0'; i++) {
        if (form[i] == 'x' ? !g_ascii_isxdigit(id[i]) || g_ascii_isupper(id[i])
                           : id[i] != form[i]) {
            return false;
        }
    }
    return true;
}

enum { REQUESTS, REQUEST_SECONDS };

const MskMetricFamily msk_api_metrics[] = {
    [REQUESTS] = {.name = "masakari_api_requests_total",
                  .type = MSK_METRIC_COUNTER,
                  .help = "Requests that were answered, by method and status code",
                  .labels = {"method", "code"}},
    [REQUEST_SECONDS] = {.name = "masakari_api_request_seconds",
                         .type = MSK_METRIC_HISTOGRAM,
                         .help = "From the last byte of a request to its answer",
                         .labels = {"method"},
                         MSK_METRIC_BOUNDS(msk_metric_request_bounds)},
};
const size_t msk_n_api_metrics = G_N_ELEMENTS(msk_api_metrics);

static void
count(const MskApiCall *call)
{
    static const char *const known[] = {"GET",    "HEAD",  "POST",    "PUT",
                                        "DELETE", "PATCH", "OPTIONS", NULL};
    const MskHttpRequest *http = call->http;
    const char *method = g_strv_contains(known, http->method) ? http->method : "other";
    g_autofree char *code = NULL;

    if (!msk_metrics_are_on()) {
        return;
    }
    code = g_strdup_printf("%u", call->response->status);
    msk_metric_add(&msk_api_metrics[REQUESTS], 1, method, code);
    msk_metric_observe(&msk_api_metrics[REQUEST_SECONDS],
                       (double) (g_get_monotonic_time() - http->received_mono_us) / G_USEC_PER_SEC,
                       method, NULL);
}

static void
log_access(const MskApiCall *call, size_t size)
{
    const MskHttpRequest *http = call->http;

    log_info("%s \"%s %s %s\" status: %u len: %zu time: %.7f",
             call->view.address == NULL ? http->client : call->view.address, http->method,
             http->target, http->version, call->response->status, size,
             (double) (g_get_monotonic_time() - http->received_mono_us) / G_USEC_PER_SEC);
}

static void
handle(const MskHttpRequest *request, MskHttpResponse *response, void *data)
{
    g_auto(Target) target = {0};
    g_auto(MskApiCall) call = {.settings = data, .http = request, .response = response};
    g_autofree char *uuid = g_uuid_string_random();
    g_autofree char *request_id = g_strconcat("req-", uuid, NULL);
    g_autofree char *global_id = msk_http_request_header_list(request, REQUEST_ID);

    msk_log_set_request_id(request_id);
    msk_log_set_global_request_id(is_request_id(global_id) ? global_id : NULL);
    find_target(request, &target);
    msk_client_view_read(request, &call.settings->proxy, &call.view);
    call.path = target.path;
    call.query_text = target.query;
    call.content_type = target.type;
    if (target.place == PLACE_ROOT) {
        serve_root(&call);
    } else if (target.place == PLACE_HEALTHCHECK) {
        msk_api_health(&call);
    } else {
        if (strcmp(request->method, "OPTIONS") != 0) {
            serve_v1(&call);
            msk_http_response_add_header(response, REQUEST_ID, request_id);
        }
        msk_cors_apply(&call.settings->cors, request, response);
    }
    count(&call);
    log_access(&call, response->body == NULL ? 0 : response->body->len);
    msk_log_set_request_id(NULL);
    msk_log_set_global_request_id(NULL);
}

static bool
needs_worker(const MskHttpRequest *request, void *data)
{
    g_auto(Target) target = {0};

    (void) data;
    if (g_str_has_prefix(request->target, MSK_API_V1 "/")) {
        return true; /* nearly always; the rest is looked at closely */
    }
    find_target(request, &target);
    return target.place != PLACE_ROOT;
}

const MskHttpHandler msk_api_handler = {needs_worker, handle};
