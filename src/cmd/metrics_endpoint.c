/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/metrics_endpoint.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define LOG_NAME "masakari.metrics"
#include "base/log.h"

#define CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum { BUILD, CPU, RESIDENT, OPEN_FDS, STARTED };

static const MskMetricFamily process_metrics[] = {
    [BUILD] = {.name = "masakari_build_info",
               .type = MSK_METRIC_GAUGE,
               .help = "Always 1; the version is a label",
               .labels = {"version"}},
    [CPU] = {.name = "process_cpu_seconds_total",
             .type = MSK_METRIC_COUNTER,
             .help = "CPU time of the process, its own and the kernel's, in seconds"},
    [RESIDENT] = {.name = "process_resident_memory_bytes",
                  .type = MSK_METRIC_GAUGE,
                  .help = "Memory of the process that is not swapped out"},
    [OPEN_FDS] = {.name = "process_open_fds",
                  .type = MSK_METRIC_GAUGE,
                  .help = "File descriptors that are open"},
    [STARTED] = {.name = "process_start_time_seconds",
                 .type = MSK_METRIC_GAUGE,
                 .help = "When the process began to show metrics, in seconds since the epoch"},
};

static double
seconds(const struct timeval *time)
{
    return (double) time->tv_sec + (double) time->tv_usec / 1e6;
}

static void
set(unsigned which, double value)
{
    msk_metric_set(&process_metrics[which], value, NULL, NULL);
}

/* Without /proc the figures stay 0. */
static void
look_at_process(void)
{
    struct rusage usage;
    g_autofree char *statm = NULL;
    g_autoptr(GDir) fds = g_dir_open("/proc/self/fd", 0, NULL);
    unsigned n_fds = 0;

    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        set(CPU, seconds(&usage.ru_utime) + seconds(&usage.ru_stime));
    }
    if (g_file_get_contents("/proc/self/statm", &statm, NULL, NULL)) {
        const char *resident = strchr(statm, ' ');

        if (resident != NULL) {
            set(RESIDENT,
                (double) g_ascii_strtoull(resident, NULL, 10) * (double) sysconf(_SC_PAGESIZE));
        }
    }
    while (fds != NULL && g_dir_read_name(fds) != NULL) {
        n_fds++;
    }
    set(OPEN_FDS, n_fds == 0 ? 0 : n_fds - 1); /* one of them is the directory */
}

static bool
needs_worker(const MskHttpRequest *request, void *data)
{
    (void) request;
    (void) data;
    return false;
}

static void
refuse(MskHttpResponse *response, unsigned status, const char *why)
{
    response->status = status;
    response->body = g_string_new(why);
}

static void
handle(const MskHttpRequest *request, MskHttpResponse *response, void *data)
{
    bool reads = strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
    size_t length = strcspn(request->target, "?");

    (void) data;
    msk_http_response_add_header(response, "Content-Type", CONTENT_TYPE);
    if (request->body_too_large) {
        refuse(response, 413, "The request is too large.\n");
    } else if (strncmp(request->target, "/metrics", length) != 0 || length != strlen("/metrics")) {
        refuse(response, 404, "There is only /metrics here.\n");
    } else if (!reads) {
        msk_http_response_add_header(response, "Allow", "GET, HEAD");
        refuse(response, 405, "Metrics can only be read.\n");
    } else {
        look_at_process();
        response->body = msk_metrics_text();
    }
}

static const MskHttpHandler handler = {needs_worker, handle};

static void
start_metrics(const MskMetricTable *tables, size_t n_tables)
{
    msk_metrics_start(process_metrics, G_N_ELEMENTS(process_metrics));
    for (size_t i = 0; i < n_tables; i++) {
        msk_metrics_start(tables[i].families, tables[i].n_families);
    }
    msk_metric_set(&process_metrics[BUILD], 1, MSK_VERSION, NULL);
    set(STARTED, (double) g_get_real_time() / G_USEC_PER_SEC);
}

bool
msk_metrics_endpoint_open(const MskConfig *config, const char *port_option,
                          const MskMetricTable *tables, size_t n_tables, MskHttpServer **ret,
                          GError **error)
{
    const MskHttpServerOptions server_options = {
        .address = msk_config_string(config, "metrics", "listen_address"),
        .port = (uint16_t) msk_config_int(config, "metrics", port_option),
        .workers = 1,
        .queue_size = 1,
        .max_connections = 16,
        .max_body_bytes = 1024,
        .max_header_bytes = 16384,
        .idle_timeout_s = 120,
        .request_timeout_s = 30,
        .keep_alive = true,
    };
    GError *reason = NULL;

    if (server_options.port == 0) {
        *ret = NULL;
        return true;
    }
    MskHttpServer *server = msk_http_server_new(&server_options, &handler, NULL, &reason);

    if (server == NULL) {
        g_propagate_prefixed_error(error, reason, "[metrics] listen_address and %s: ", port_option);
        return false;
    }
    start_metrics(tables, n_tables);
    log_info("metrics are at http://%s:%u/metrics", server_options.address,
             msk_http_server_port(server));
    *ret = server;
    return true;
}
