/* SPDX-License-Identifier: Apache-2.0 */
/* /healthcheck, for load balancers. Source: oslo.middleware healthcheck with the back end
 * disable_by_file. */
#include "api/resources.h"

#include "api/accept.h"

#include <string.h>
#include <sys/stat.h>

static const char html_page[] =
    "<HTML>\n<HEAD><TITLE>Healthcheck Status</TITLE></HEAD>\n<BODY>\n\n"
    "<H2>Result of 1 checks:</H2>\n<TABLE bgcolor=\"#ffffff\" border=\"1\">\n<TBODY>\n<TR>\n\n"
    "<TH>\nReason\n</TH>\n</TR>\n<TR>\n\n    "
    "<TD>%s</TD>\n\n</TR>\n</TBODY>\n</TABLE>\n<HR></HR>\n\n"
    "</BODY>\n</HTML>";

static bool
is_disabled(const MskApiCall *call)
{
    const char *path = call->settings->healthcheck_disable_path;
    struct stat status;

    return path != NULL && *path != '\0' && stat(path, &status) == 0;
}

void
msk_api_health(MskApiCall *call)
{
    static const char *const offers[] = {"text/plain", "text/html", "application/json", NULL};
    MskHttpResponse *response = call->response;
    g_autofree char *accept = msk_http_request_header_list(call->http, "Accept");
    const char *type = msk_accept_offer(accept, offers);
    bool disabled = is_disabled(call);
    const char *reason = disabled ? "DISABLED BY FILE" : "OK";

    if (strcmp(call->http->method, "HEAD") == 0) {
        response->status = disabled ? 503 : 204;
        return;
    }
    response->status = disabled ? 503 : 200;
    response->body = g_string_new(NULL);
    if (type != NULL && strcmp(type, "application/json") == 0) {
        g_string_printf(response->body,
                        "{\n    \"detailed\": false,\n    \"reasons\": [\n        \"%s\"\n    ]\n}",
                        reason);
        msk_http_response_add_header(response, "Content-Type", "application/json");
    } else if (type != NULL && strcmp(type, "text/html") == 0) {
        g_string_printf(response->body, html_page, reason);
        msk_http_response_add_header(response, "Content-Type", "text/html; charset=UTF-8");
    } else {
        g_string_append(response->body, reason);
        msk_http_response_add_header(response, "Content-Type", "text/plain; charset=UTF-8");
    }
}
