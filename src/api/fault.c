/* SPDX-License-Identifier: Apache-2.0 */
#define LOG_NAME "masakari.api.openstack.wsgi"
#include "api/fault.h"

#include "api/accept.h"
#include "api/json_text.h"
#include "base/error.h"
#include "base/log.h"

#include <stdarg.h>
#include <string.h>

#define RETRY_AFTER "1" /* seconds */

static const struct {
    unsigned status;
    const char *name;   /* (nullable) of the member that holds the fault */
    const char *reason; /* of the status line */
} statuses[] = {
    {400, "badRequest", "Bad Request"},
    {401, "unauthorized", "Unauthorized"},
    {403, "forbidden", "Forbidden"},
    {404, "itemNotFound", "Not Found"},
    {405, "badMethod", "Method Not Allowed"},
    {409, "conflictingRequest", "Conflict"},
    {413, "overLimit", "Request Entity Too Large"},
    {415, "badMediaType", "Unsupported Media Type"},
    {503, "serviceUnavailable", "Service Unavailable"},
};

/* What a caller may do about it, as HTTP says it. */
static const struct {
    MskErrorCode code;
    unsigned status;
    const char *message;
} errors[] = {
    {MSK_ERROR_INVALID, 400, "The request cannot be processed as it is."},
    {MSK_ERROR_DENIED, 403, "The service may not do this."},
    {MSK_ERROR_NOT_FOUND, 404, "The resource could not be found."},
    {MSK_ERROR_CONFLICT, 409, "The present state does not allow this."},
    {MSK_ERROR_UNAVAILABLE, 503,
     "The database or the cloud does not answer now and nothing was changed; try again."},
    {MSK_ERROR_INTERNAL, 500,
     "The server has either erred or is incapable of performing the requested operation."},
};

static const char *
fault_name(unsigned status)
{
    for (size_t i = 0; i < G_N_ELEMENTS(statuses); i++) {
        if (statuses[i].status == status) {
            return statuses[i].name;
        }
    }
    return "masakariFault";
}

static const char *
status_reason(unsigned status)
{
    for (size_t i = 0; i < G_N_ELEMENTS(statuses); i++) {
        if (statuses[i].status == status) {
            return statuses[i].reason;
        }
    }
    g_assert_not_reached();
}

void
msk_fault_text(MskApiCall *call, unsigned status, const char *text, size_t size)
{
    MskHttpResponse *response = call->response;
    GString *body = g_string_new(NULL);

    g_string_printf(body, "{\"%s\": {\"code\": %u, \"message\": ", fault_name(status), status);
    msk_json_append_text(body, text, size);
    g_string_append(body, "}}");
    response->status = status;
    response->body = body;
    msk_http_response_add_header(response, "Content-Type", "application/json; charset=UTF-8");
    if (call->version != NULL) {
        g_autofree char *version = g_strconcat("instance-ha ", call->version, NULL);

        msk_http_response_add_header(response, "OpenStack-API-Version", version);
        msk_http_response_add_header(response, "Vary", "OpenStack-API-Version");
    }
    if (status == 503) {
        msk_http_response_add_header(response, "Retry-After", RETRY_AFTER);
    }
}

void
msk_fault(MskApiCall *call, unsigned status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);

    va_end(arguments);
    msk_fault_text(call, status, message, strlen(message));
}

void
msk_fault_error(MskApiCall *call, const GError *error)
{
    MskErrorCode code =
        error->domain == MSK_ERROR ? (MskErrorCode) error->code : MSK_ERROR_INTERNAL;

    for (size_t i = 0; i < G_N_ELEMENTS(errors); i++) {
        if (errors[i].code == code) {
            if (code == MSK_ERROR_INTERNAL) {
                log_error("%s %s: %s", call->http->method, call->http->target, error->message);
            } else {
                log_warning("%s %s is answered %u: %s", call->http->method, call->http->target,
                            errors[i].status, error->message);
            }
            msk_fault(call, errors[i].status, "%s", errors[i].message);
            return;
        }
    }
    g_assert_not_reached();
}

void
msk_fault_plain(MskApiCall *call, unsigned status, const char *explanation, const char *detail)
{
    static const char *const offers[] = {"text/html", "application/json", NULL};
    MskHttpResponse *response = call->response;
    const char *reason = status_reason(status);
    g_autofree char *accept = msk_http_request_header_list(call->http, "Accept");
    const char *type = msk_accept_offer(accept, offers);
    GString *body = g_string_new(NULL);

    response->status = status;
    response->body = body;
    if (status == 503) {
        msk_http_response_add_header(response, "Retry-After", RETRY_AFTER);
    }
    if (strcmp(call->http->method, "HEAD") == 0) {
        msk_http_response_add_header(response, "Content-Type", "text/html; charset=UTF-8");
        return;
    }
    if (type == NULL) {
        g_string_printf(body, "%u %s\n\n%s\n\n %s  ", status, reason, explanation, detail);
        msk_http_response_add_header(response, "Content-Type", "text/plain; charset=UTF-8");
    } else if (strcmp(type, "text/html") == 0) {
        g_string_printf(body,
                        "<html>\n <head>\n  <title>%u %s</title>\n </head>\n <body>\n"
                        "  <h1>%u %s</h1>\n  %s<br /><br />\n%s\n\n\n </body>\n</html>",
                        status, reason, status, reason, explanation, detail);
        msk_http_response_add_header(response, "Content-Type", "text/html; charset=UTF-8");
    } else {
        g_string_printf(body,
                        "{\"message\": \"%s<br /><br />\\n%s\\n\\n\", \"code\": \"%u %s\", "
                        "\"title\": \"%s\"}",
                        explanation, detail, status, reason, reason);
        msk_http_response_add_header(response, "Content-Type", "application/json");
    }
}
