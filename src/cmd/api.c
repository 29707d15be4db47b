/* SPDX-License-Identifier: Apache-2.0 */

/*
 * masakari-api: the REST API.
 *
 *   config ─▶ store, cloud ─▶ HTTP server ─▶ main loop (signals, TLS files) ─▶ drain
 */

#include "api/api_options.h"
#include "api/api_service.h"
#include "api/authenticate.h"
#include "api/authorize.h"
#include "api/policy_rules.h"
#include "cmd/api_tls.h"
#include "cmd/metrics_endpoint.h"
#include "cmd/options.h"
#include "cmd/program.h"
#include "cmd/service_options.h"
#include "base/error.h"
#include "io/http_listen.h"
#include "io/service_manager.h"
#include "store/store_options.h"

#include <malloc.h>

#define LOG_NAME "masakari.api"
#include "base/log.h"

#define MAX_HINTS 1000

typedef struct {
    MskConfig *config; /* the settings borrow from it; none of them is mutable */
    MskStore *store;
    MskCompute *compute;
    MskPolicy *policy;
    MskWakeupSender *wakeups;
    MskBusSender *hints; /* (nullable) */
    MskEventNotifier *events;
    MskApiSettings settings;
    MskHttpServer *server;
    MskApiTls *tls;         /* (nullable) */
    MskHttpServer *metrics; /* (nullable) */
} Api;

static void
api_free(Api *self)
{
    msk_api_tls_free(self->tls);
    msk_http_server_free(self->server);
    msk_http_server_free(self->metrics);
    msk_compute_free(self->compute);
    msk_api_auth_free(self->settings.auth);
    msk_policy_free(self->policy);
    msk_store_free(self->store);
    msk_bus_sender_free(self->hints);
    msk_event_notifier_free(self->events);
    msk_wakeup_sender_free(self->wakeups);
    msk_config_unref(self->config);
    g_free(self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Api, api_free)

static MskPolicy *
make_policy(const MskProgram *program, const MskConfig *config, GError **error)
{
    g_auto(GStrv) search_dirs = msk_program_search_dirs(program);
    const MskPolicySettings settings = msk_policy_settings(
        config, (const char *const *) search_dirs, msk_policy_rules, msk_n_policy_rules);
    MskPolicy *policy = msk_policy_new(&settings, error);

    if (policy != NULL) {
        msk_api_log_policy(policy);
    }
    return policy;
}

/* A socket of the service manager goes before the address in the configuration. */
static bool
find_inherited(MskHttpServerOptions *options, GError **error)
{
    int fd;
    unsigned n_fds = msk_service_listen_fds(&fd);

    if (n_fds > 1) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "the service manager passed %u sockets, the API listens on one: leave one "
                    "ListenStream= in its socket unit ([::]:port takes IPv4 as well)",
                    n_fds);
        return false;
    }
    options->inherited_fd = n_fds == 1 ? fd : 0;
    return true;
}

static bool
open_tls(Api *self, MskHttpServerOptions *options, GError **error)
{
    MskTlsFiles files;

    if (!msk_config_bool(self->config, "DEFAULT", "use_ssl")) {
        return true;
    }
    if (!msk_api_read_tls(self->config, &files, error)) {
        return false;
    }
    self->tls = msk_api_tls_new(&files, error);
    if (self->tls == NULL) {
        return false;
    }
    options->tls = msk_api_tls_credentials(self->tls);
    return true;
}

/* What a load has used stays with the process for the next one: connections, and what was freed, in
 * its heaps. */
static void
give_memory_back(void *data)
{
    const MskApiSettings *settings = data;

    msk_store_rest(settings->store);
    (void) malloc_trim(0); /* whether there was any */
}

/* Listens; everything that a request needs is there. */
static bool
serve(Api *self, MskHttpServerOptions *options, GError **error)
{
    options->quiet = give_memory_back;
    if (!find_inherited(options, error) || !open_tls(self, options, error)) {
        return false;
    }
    if (options->inherited_fd > 0) {
        self->settings.port = msk_http_listener_port(options->inherited_fd);
    }
    self->server = msk_http_server_new(options, &msk_api_handler, &self->settings, error);
    if (self->server == NULL) {
        return false;
    }
    if (self->tls != NULL) {
        msk_api_tls_follow(self->tls, self->server);
    }
    log_info("listening on %s port %u with %u workers%s",
             options->inherited_fd > 0 ? "the socket of the service manager," : options->address,
             msk_http_server_port(self->server), options->workers,
             self->tls != NULL ? ", TLS" : "");
    return true;
}

/* Hints to engines behind the message bus, and events. */
static bool
start_bus(Api *self, GError **error)
{
    g_autoptr(MskBusSettings) settings = msk_bus_settings_new(self->config, NULL, error);

    if (settings == NULL) {
        return false;
    }
    self->events = msk_event_notifier_new(self->config, "masakari-api", error);
    if (self->events == NULL) {
        return false;
    }
    self->settings.events = self->events;
    if (!settings->local) {
        self->settings.rpc_topic = msk_config_string(self->config, "DEFAULT", "masakari_topic");
        self->hints = msk_bus_sender_new(g_steal_pointer(&settings), "hints", MAX_HINTS, 0);
        self->settings.hints = self->hints;
    }
    return true;
}

static bool
show_metrics(Api *self, GError **error)
{
    const MskMetricTable tables[] = {
        {msk_api_metrics, msk_n_api_metrics},
        {msk_compute_metrics, msk_n_compute_metrics},
    };

    return msk_metrics_endpoint_open(self->config, "api_port", tables, G_N_ELEMENTS(tables),
                                     &self->metrics, error);
}

static bool
start(MskProgram *program, GError **error)
{
    g_autoptr(Api) self = g_new0(Api, 1);
    MskHttpServerOptions server_options;

    self->config = msk_program_config(program);
    const MskStoreOptions store_options = msk_store_options(self->config);

    if (!msk_api_read_options(self->config, &server_options, &self->settings, error) ||
        !show_metrics(self, error)) {
        return false;
    }
    g_autofree char *wakeup_dir = msk_service_wakeup_dir(self->config);

    self->wakeups = msk_wakeup_sender_new(wakeup_dir);
    if (!start_bus(self, error)) {
        return false;
    }
    g_autofree char *lacks = NULL;

    self->compute = msk_compute_new_hosts_only(self->config, &lacks, error);
    if (self->compute == NULL) {
        return false;
    }
    if (lacks != NULL) {
        log_warning("no host can be added to a segment: %s", lacks);
    }
    if (!msk_api_auth_new(self->config, &self->settings.auth, error)) {
        return false;
    }
    self->policy = make_policy(program, self->config, error);
    if (self->policy == NULL) {
        return false;
    }
    self->store = msk_store_open(&store_options, error);
    if (self->store == NULL) {
        return false;
    }
    self->settings.store = self->store;
    self->settings.compute = self->compute;
    self->settings.policy = self->policy;
    self->settings.wakeups = self->wakeups;
    if (!serve(self, &server_options, error)) {
        return false;
    }
    msk_program_set_data(program, g_steal_pointer(&self));
    return true;
}

static void
reload(MskProgram *program, const MskConfig *old)
{
    Api *self = msk_program_data(program);

    (void) old; /* no option that may change at run time is the API's own */
    msk_api_reload_policy(self->policy);
    if (self->tls != NULL) {
        msk_api_tls_reload(self->tls);
    }
}

static void
drain(MskProgram *program)
{
    Api *self = msk_program_data(program);

    msk_http_server_drain(self->server, msk_program_drained, program);
}

static void
stop(MskProgram *program)
{
    Api *self = msk_program_data(program);

    if (self != NULL) {
        api_free(self);
    }
}

static const MskProgramSpec spec = {
    .name = "masakari-api",
    .project = "masakari",
    .summary = "The REST API of Masakari",
    .add_options = msk_options_masakari,
    .start = start,
    .reload = reload,
    .drain = drain,
    .stop = stop,
};

int
main(int argc, char **argv)
{
    return msk_program_main(&spec, argc, argv);
}
