/* SPDX-License-Identifier: Apache-2.0 */
/* /healthcheck, for load balancers. Source: oslo.middleware healthcheck with its back ends
 * disable_by_file and disable_by_files_ports. */
#include "api/resources.h"

#include "api/accept.h"
#include "api/json_text.h"
#include "base/datetime.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#define MAX_RESULTS 2

/* What one back end says. */
typedef struct {
    bool available;
    char *details;
} Result;

typedef struct {
    Result results[MAX_RESULTS];
    size_t n_results;
} Report;

static void
report_clear(Report *self)
{
    for (size_t i = 0; i < self->n_results; i++) {
        g_free(self->results[i].details);
    }
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Report, report_clear)

static const char *
reason_of(const Result *result)
{
    return result->available ? "OK" : "DISABLED BY FILE";
}

static bool
exists(const char *path)
{
    struct stat status;

    return *path != '\0' && stat(path, &status) == 0;
}

static void
add(Report *report, bool available, char *details)
{
    report->results[report->n_results++] = (Result){available, details};
}

static void
ask_file(const char *path, Report *report)
{
    bool found = exists(path);

    add(report, !found,
        *path == '\0' ? g_strdup("No 'disable_by_file_path' configuration value specified")
                      : g_strdup_printf("Path '%s' was %sfound", path, found ? "" : "not "));
}

/* The last entry of our port counts. */
static void
ask_port(const MskHealthSettings *settings, uint16_t port, Report *report)
{
    g_autofree char *prefix = g_strdup_printf("%u:", port);
    const char *path = "";

    for (size_t i = 0; settings->port_paths[i] != NULL; i++) {
        if (g_str_has_prefix(settings->port_paths[i], prefix)) {
            path = settings->port_paths[i] + strlen(prefix);
        }
    }
    add(report, !exists(path), g_strdup(""));
}

static void
append_html(GString *out, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        switch (*c) {
        case '&':
            g_string_append(out, "&amp;");
            break;
        case '<':
            g_string_append(out, "&lt;");
            break;
        case '>':
            g_string_append(out, "&gt;");
            break;
        case '\'':
            g_string_append(out, "&#39;");
            break;
        case '"':
            g_string_append(out, "&#34;");
            break;
        default:
            g_string_append_c(out, *c);
        }
    }
}

static char *
platform(void)
{
    struct utsname name;

    return uname(&name) == 0 ? g_strdup_printf("%s-%s-%s", name.sysname, name.release, name.machine)
                             : g_strdup("");
}

static void
write_html(const Report *report, bool detailed, GString *out)
{
    g_string_append(out, "<HTML>\n<HEAD><TITLE>Healthcheck Status</TITLE></HEAD>\n<BODY>\n");
    if (detailed) {
        g_autofree char *now = msk_datetime_format_sql(g_get_real_time());
        g_autofree char *system = platform();

        g_string_append(out, "<H1>Server status</H1>\n<B>Server hostname:</B><PRE>");
        append_html(out, g_get_host_name());
        g_string_append_printf(out, "</PRE>\n<B>Current time:</B><PRE>%s</PRE>\n", now);
        g_string_append(out, "<B>Platform:</B><PRE>");
        append_html(out, system);
        g_string_append(out, "</PRE>\n<HR></HR>");
    }
    g_string_append_printf(out,
                           "\n<H2>Result of %zu checks:</H2>\n<TABLE bgcolor=\"#ffffff\" "
                           "border=\"1\">\n<TBODY>\n<TR>\n%s<TH>\nReason\n</TH>\n%s</TR>\n",
                           report->n_results, detailed ? "<TH>\nKind\n</TH>\n" : "\n",
                           detailed ? "<TH>\nDetails\n</TH>\n\n" : "");
    for (size_t i = 0; i < report->n_results; i++) {
        const Result *result = &report->results[i];

        g_string_append(out, detailed ? "<TR>\n<TD>HealthcheckResult</TD>" : "<TR>\n");
        g_string_append_printf(out, "\n    <TD>%s</TD>\n", reason_of(result));
        if (detailed) {
            g_string_append(out, "<TD>");
            append_html(out, result->details);
            g_string_append(out, "</TD>");
        }
        g_string_append(out, "\n</TR>");
    }
    g_string_append(out, "\n</TBODY>\n</TABLE>\n<HR></HR>\n\n</BODY>\n</HTML>");
}

/* {"detailed": b, "now": s, "platform": s, "reasons": [s] or
 * [{"class": s, "details": s, "reason": s}]} */
static void
write_json(const Report *report, bool detailed, GString *out)
{
    g_string_append_printf(out, "{\n    \"detailed\": %s,\n", detailed ? "true" : "false");
    if (detailed) {
        g_autofree char *now = msk_datetime_format_sql(g_get_real_time());
        g_autofree char *system = platform();

        g_string_append_printf(out, "    \"now\": \"%s\",\n    \"platform\": ", now);
        msk_json_append_text(out, system, strlen(system));
        g_string_append(out, ",\n");
    }
    g_string_append(out, report->n_results == 0 ? "    \"reasons\": [" : "    \"reasons\": [\n");
    for (size_t i = 0; i < report->n_results; i++) {
        const Result *result = &report->results[i];

        g_string_append(out, i > 0 ? ",\n        " : "        ");
        if (detailed) {
            g_string_append(out, "{\n            \"class\": \"HealthcheckResult\",\n"
                                 "            \"details\": ");
            msk_json_append_text(out, result->details, strlen(result->details));
            g_string_append_printf(out, ",\n            \"reason\": \"%s\"\n        }",
                                   reason_of(result));
        } else {
            g_string_append_printf(out, "\"%s\"", reason_of(result));
        }
    }
    g_string_append(out, report->n_results == 0 ? "]\n}" : "\n    ]\n}");
}

static void
write_text(const Report *report, GString *out)
{
    for (size_t i = 0; i < report->n_results; i++) {
        g_string_append_printf(out, "%s%s", i > 0 ? "\n" : "", reason_of(&report->results[i]));
    }
}

static void
write_body(const MskApiCall *call, const Report *report, MskHttpResponse *response)
{
    static const char *const offers[] = {"text/plain", "text/html", "application/json", NULL};
    g_autofree char *accept = msk_http_request_header_list(call->http, "Accept");
    const char *type = msk_accept_offer(accept, offers);
    bool detailed = call->settings->health.detailed;

    response->body = g_string_new(NULL);
    if (type != NULL && strcmp(type, "application/json") == 0) {
        write_json(report, detailed, response->body);
        msk_http_response_add_header(response, "Content-Type", "application/json");
    } else if (type != NULL && strcmp(type, "text/html") == 0) {
        write_html(report, detailed, response->body);
        msk_http_response_add_header(response, "Content-Type", "text/html; charset=UTF-8");
    } else {
        write_text(report, response->body);
        msk_http_response_add_header(response, "Content-Type", "text/plain; charset=UTF-8");
    }
}

void
msk_api_health(MskApiCall *call)
{
    const MskHealthSettings *settings = &call->settings->health;
    g_auto(Report) report = {0};
    bool available = true;

    if (settings->by_file) {
        ask_file(settings->file_path, &report);
    }
    if (settings->by_port) {
        ask_port(settings, call->settings->port, &report);
    }
    for (size_t i = 0; i < report.n_results; i++) {
        available = available && report.results[i].available;
    }
    if (strcmp(call->http->method, "HEAD") == 0) {
        call->response->status = available ? 204 : 503;
        if (!available) {
            msk_http_response_add_header(call->response, "Content-Type",
                                         "text/plain; charset=UTF-8");
        }
        return;
    }
    call->response->status = available ? 200 : 503;
    write_body(call, &report, call->response);
}
