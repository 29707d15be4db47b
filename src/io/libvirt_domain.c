/* SPDX-License-Identifier: Apache-2.0 */
#include "io/libvirt_domain.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/error.h"

#define LOG_NAME "masakari.io.libvirt"
#include "base/log.h"

#define MAX_LEFT_BEHIND     2u
#define GOOD_BYE_TIMEOUT_MS 500u
#define PROBE_INTERVAL_S    10
#define PROBE_COUNT         2u
#define MAX_METADATA_SIZE   65536u

/* One daemon. Shared by the callers and the calls left behind; @lock covers what follows it. */
typedef struct {
    atomic_uint refs;
    char *uri;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* a slot became free, or opening ended */
    virConnectPtr conn;     /* (nullable) */
    unsigned generation;    /* of conn, above 0; one more each time it is dropped */
    unsigned in_flight;
    unsigned left_behind; /* of those in flight */
    bool opening;         /* by one call for all */
} Daemon;

struct MskLibvirt {
    MskLibvirtOptions options;
    pthread_mutex_t lock;
    GHashTable *daemons; /* uri to Daemon; covered by lock */
};

typedef enum { CALL_GET, CALL_DESTROY, CALL_START, CALL_HANG_UP } CallKind;

static const struct {
    const char *verb;
    unsigned patience; /* in call timeouts: a daemon may take its time to start or kill a QEMU */
} kinds[] = {
    [CALL_GET] = {"look at", 1},
    [CALL_DESTROY] = {"stop", 4},
    [CALL_START] = {"start", 4},
    [CALL_HANG_UP] = {"leave", 1},
};

/* One call: shared by the caller and the thread that makes it. */
typedef struct {
    atomic_uint refs;
    CallKind kind;
    Daemon *daemon;
    char *uuid;
    unsigned generation; /* of the connection used, 0 before; covered by the daemon's lock */
    pthread_mutex_t lock;
    pthread_cond_t ended_cond;
    bool ended; /* the fields below are set; covered by lock, as left_behind */
    bool left_behind;
    MskServer *server;
    GError *error;
} Call;

/* ---- locks: pthread's, which the thread sanitizer can follow ------------------------------ */

static void
lock(pthread_mutex_t *mutex)
{
    g_assert(pthread_mutex_lock(mutex) == 0);
}

static void
unlock(pthread_mutex_t *mutex)
{
    g_assert(pthread_mutex_unlock(mutex) == 0);
}

static void
init_lock(pthread_mutex_t *mutex, pthread_cond_t *cond)
{
    pthread_condattr_t attributes;

    g_assert(pthread_mutex_init(mutex, NULL) == 0);
    if (cond != NULL) {
        g_assert(pthread_condattr_init(&attributes) == 0);
        g_assert(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
        g_assert(pthread_cond_init(cond, &attributes) == 0);
        (void) pthread_condattr_destroy(&attributes); /* cannot fail on a valid one */
    }
}

static void
clear_lock(pthread_mutex_t *mutex, pthread_cond_t *cond)
{
    g_assert(pthread_mutex_destroy(mutex) == 0);
    if (cond != NULL) {
        g_assert(pthread_cond_destroy(cond) == 0);
    }
}

static void
wake_all(pthread_cond_t *cond)
{
    g_assert(pthread_cond_broadcast(cond) == 0);
}

/* Returns: false once the deadline has passed. */
static bool
wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t deadline_mono_us)
{
    struct timespec deadline = {.tv_sec = deadline_mono_us / G_USEC_PER_SEC,
                                .tv_nsec = (deadline_mono_us % G_USEC_PER_SEC) * 1000};

    return pthread_cond_timedwait(cond, mutex, &deadline) == 0;
}

/* ---- the daemon's connection --------------------------------------------------------------- */

static Daemon *
daemon_new(const char *uri)
{
    Daemon *self = g_new0(Daemon, 1);

    atomic_init(&self->refs, 1);
    self->uri = g_strdup(uri);
    self->generation = 1;
    init_lock(&self->lock, &self->changed);
    return self;
}

static void
daemon_unref(Daemon *self)
{
    if (atomic_fetch_sub(&self->refs, 1) > 1) {
        return;
    }
    if (self->conn != NULL) {
        (void) virConnectClose(self->conn); /* the count of references left is of no interest */
    }
    clear_lock(&self->lock, &self->changed);
    g_free(self->uri);
    g_free(self);
}

/* With the lock held. Closing may have to wait for calls on it, so it is the caller's, after. */
static virConnectPtr
daemon_take_connection(Daemon *self)
{
    self->generation++;
    return g_steal_pointer(&self->conn);
}

/* Drops the connection of @generation, or with @any whichever is open. */
static void
daemon_drop(Daemon *self, unsigned generation, bool any)
{
    virConnectPtr conn = NULL;

    lock(&self->lock);
    if (any || generation == self->generation) {
        conn = daemon_take_connection(self);
    }
    unlock(&self->lock);
    if (conn != NULL) {
        (void) virConnectClose(conn); /* as above */
    }
}

static bool
is_remote(const char *uri)
{
    g_autoptr(GUri) parsed = g_uri_parse(uri, G_URI_FLAGS_NONE, NULL);

    return parsed != NULL && g_uri_get_host(parsed) != NULL && *g_uri_get_host(parsed) != '\0';
}

static virConnectPtr
open_connection(const char *uri)
{
    virConnectPtr conn = virConnectOpen(uri);

    if (conn != NULL && is_remote(uri) &&
        virConnectSetKeepAlive(conn, PROBE_INTERVAL_S, PROBE_COUNT) < 0) {
        log_debug("%s: connections are not probed: %s", uri, virGetLastErrorMessage());
    }
    return conn;
}

/* Returns: (transfer full) a reference to the open connection; NULL with libvirt's last error. */
static virConnectPtr
daemon_connect(Daemon *self, unsigned *ret_generation)
{
    virConnectPtr conn = NULL;
    virConnectPtr stale = NULL;

    lock(&self->lock);
    while (self->opening) {
        g_assert(pthread_cond_wait(&self->changed, &self->lock) == 0);
    }
    if (self->conn != NULL && virConnectIsAlive(self->conn) != 1) {
        stale = daemon_take_connection(self);
    }
    if (self->conn == NULL) {
        self->opening = true;
        unlock(&self->lock);
        if (stale != NULL) {
            (void) virConnectClose(stale); /* as above */
        }
        conn = open_connection(self->uri);
        lock(&self->lock);
        self->opening = false;
        self->conn = conn;
        wake_all(&self->changed);
    }
    if (self->conn != NULL) {
        (void) virConnectRef(self->conn); /* fails for no connection only */
    }
    conn = self->conn;
    *ret_generation = self->generation;
    unlock(&self->lock);
    return conn;
}

/* ---- errors ------------------------------------------------------------------------------ */

static MskErrorCode
map_error(const virError *failure)
{
    if (failure->domain == VIR_FROM_RPC || failure->domain == VIR_FROM_REMOTE) {
        return failure->code == VIR_ERR_AUTH_FAILED || failure->code == VIR_ERR_AUTH_CANCELLED ||
                       failure->code == VIR_ERR_AUTH_UNAVAILABLE
                   ? MSK_ERROR_DENIED
                   : MSK_ERROR_UNAVAILABLE;
    }
    switch (failure->code) {
    case VIR_ERR_NO_DOMAIN:
        return MSK_ERROR_NOT_FOUND;
    case VIR_ERR_OPERATION_INVALID:
        return MSK_ERROR_CONFLICT;
    case VIR_ERR_AUTH_FAILED:
    case VIR_ERR_AUTH_CANCELLED:
    case VIR_ERR_AUTH_UNAVAILABLE:
    case VIR_ERR_ACCESS_DENIED:
    case VIR_ERR_OPERATION_DENIED:
        return MSK_ERROR_DENIED;
    case VIR_ERR_OPERATION_TIMEOUT:
    case VIR_ERR_RESOURCE_BUSY:
    case VIR_ERR_NO_CONNECT:
    case VIR_ERR_RPC:
        return MSK_ERROR_UNAVAILABLE;
    default:
        return MSK_ERROR_INTERNAL;
    }
}

/* @conn: (nullable) as it was for the call. */
static void
set_error(const Call *call, virConnectPtr conn, GError **error)
{
    const virError *failure = virGetLastError();
    MskErrorCode code = failure != NULL ? map_error(failure) : MSK_ERROR_INTERNAL;
    /* Asking whether the connection lives makes libvirt forget the error. */
    g_autofree char *message = g_strdup(virGetLastErrorMessage());

    if (code != MSK_ERROR_DENIED && (conn == NULL || virConnectIsAlive(conn) != 1)) {
        code = MSK_ERROR_UNAVAILABLE;
    }
    g_set_error(error, MSK_ERROR, code, "cannot %s instance %s at %s: %s", kinds[call->kind].verb,
                call->uuid, call->daemon->uri, message);
}

/* ---- what a domain is -------------------------------------------------------------------- */

static MskVmState
map_paused(int reason)
{
    switch (reason) {
    case VIR_DOMAIN_PAUSED_IOERROR:
    case VIR_DOMAIN_PAUSED_WATCHDOG:
    case VIR_DOMAIN_PAUSED_CRASHED:
    case VIR_DOMAIN_PAUSED_POSTCOPY_FAILED:
        return MSK_VM_ERROR;
    case VIR_DOMAIN_PAUSED_MIGRATION:
    case VIR_DOMAIN_PAUSED_SAVE:
    case VIR_DOMAIN_PAUSED_DUMP:
    case VIR_DOMAIN_PAUSED_SHUTTING_DOWN:
    case VIR_DOMAIN_PAUSED_SNAPSHOT:
    case VIR_DOMAIN_PAUSED_STARTING_UP:
    case VIR_DOMAIN_PAUSED_POSTCOPY:
        return MSK_VM_OTHER;
    default:
        return MSK_VM_PAUSED;
    }
}

static MskStopReason
map_shutoff(int reason)
{
    switch (reason) {
    case VIR_DOMAIN_SHUTOFF_SHUTDOWN:
    case VIR_DOMAIN_SHUTOFF_DESTROYED:
        return MSK_STOP_ORDERED;
    case VIR_DOMAIN_SHUTOFF_CRASHED:
    case VIR_DOMAIN_SHUTOFF_FAILED:
    case VIR_DOMAIN_SHUTOFF_DAEMON:
        return MSK_STOP_FAILURE;
    case VIR_DOMAIN_SHUTOFF_MIGRATED:
    case VIR_DOMAIN_SHUTOFF_SAVED:
    case VIR_DOMAIN_SHUTOFF_FROM_SNAPSHOT:
        return MSK_STOP_DEPARTED;
    default:
        return MSK_STOP_UNKNOWN;
    }
}

MskVmState
msk_libvirt_map_state(int state, int reason, MskStopReason *ret_stop_reason)
{
    *ret_stop_reason = MSK_STOP_UNKNOWN;
    switch (state) {
    case VIR_DOMAIN_RUNNING:
    case VIR_DOMAIN_BLOCKED:
        return MSK_VM_ACTIVE;
    case VIR_DOMAIN_PAUSED:
        return map_paused(reason);
    case VIR_DOMAIN_SHUTOFF:
        *ret_stop_reason = map_shutoff(reason);
        return MSK_VM_STOPPED;
    case VIR_DOMAIN_CRASHED:
        return MSK_VM_ERROR;
    case VIR_DOMAIN_PMSUSPENDED:
        return MSK_VM_SUSPENDED;
    default: /* being shut down, no state */
        return MSK_VM_OTHER;
    }
}

typedef struct {
    GHashTable *found;
    char *name; /* (nullable) of the <meta> that is open */
    GString *text;
} MetadataParser;

static const char *
local_name(const char *name)
{
    const char *colon = strrchr(name, ':');

    return colon == NULL ? name : colon + 1;
}

static void
on_element_start(GMarkupParseContext *context, const char *element, const char **names,
                 const char **values, void *data, GError **error)
{
    MetadataParser *self = data;

    (void) context;
    (void) error;
    g_clear_pointer(&self->name, g_free);
    g_string_truncate(self->text, 0);
    for (size_t i = 0; strcmp(local_name(element), "meta") == 0 && names[i] != NULL; i++) {
        if (strcmp(names[i], "name") == 0) {
            g_free(self->name);
            self->name = g_strdup(values[i]);
        }
    }
}

static void
on_element_end(GMarkupParseContext *context, const char *element, void *data, GError **error)
{
    MetadataParser *self = data;

    (void) context;
    (void) element;
    (void) error;
    if (self->name != NULL) {
        g_hash_table_insert(self->found, g_steal_pointer(&self->name), g_strdup(self->text->str));
    }
}

static void
on_text(GMarkupParseContext *context, const char *text, size_t size, void *data, GError **error)
{
    MetadataParser *self = data;

    (void) context;
    (void) error;
    g_string_append_len(self->text, text, (gssize) size);
}

bool
msk_libvirt_parse_metadata(const char *xml, GHashTable *metadata)
{
    static const GMarkupParser callbacks = {
        .start_element = on_element_start, .end_element = on_element_end, .text = on_text};
    g_autoptr(GHashTable) found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GString) text = g_string_new(NULL);
    MetadataParser parser = {.found = found, .text = text};
    g_autoptr(GMarkupParseContext) context =
        g_markup_parse_context_new(&callbacks, (GMarkupParseFlags) 0, &parser, NULL);
    bool well_formed = g_markup_parse_context_parse(context, xml, -1, NULL) &&
                       g_markup_parse_context_end_parse(context, NULL);
    GHashTableIter iter;
    void *key = NULL;
    void *value = NULL;

    g_free(parser.name);
    g_hash_table_iter_init(&iter, found);
    while (well_formed && g_hash_table_iter_next(&iter, &key, &value)) {
        g_hash_table_iter_steal(&iter);
        g_hash_table_replace(metadata, key, value);
    }
    return well_formed;
}

/* ---- one call ---------------------------------------------------------------------------- */

static void
call_unref(Call *self)
{
    if (atomic_fetch_sub(&self->refs, 1) > 1) {
        return;
    }
    clear_lock(&self->lock, &self->ended_cond);
    daemon_unref(self->daemon);
    msk_server_free(self->server);
    g_clear_error(&self->error);
    g_free(self->uuid);
    g_free(self);
}

static MskServer *
describe(const Call *call, virDomainPtr domain)
{
    g_autoptr(MskServer) server = msk_server_new(call->uuid);
    int state = VIR_DOMAIN_NOSTATE;
    int reason = 0;

    if (virDomainGetState(domain, &state, &reason, 0) < 0) {
        return NULL;
    }
    server->name = g_strdup(virDomainGetName(domain));
    server->vm_state = msk_libvirt_map_state(state, reason, &server->stop_reason);

    char *xml = virDomainGetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, MSK_LIBVIRT_METADATA_URI,
                                     VIR_DOMAIN_AFFECT_CURRENT);

    if (xml == NULL) {
        const virError *failure = virGetLastError();

        if (failure == NULL || failure->code != VIR_ERR_NO_DOMAIN_METADATA) {
            return NULL;
        }
    } else if (strlen(xml) > MAX_METADATA_SIZE ||
               !msk_libvirt_parse_metadata(xml, server->metadata)) {
        log_debug("instance %s: its metadata element cannot be read", call->uuid);
    }
    free(xml); /* libvirt's, allocated by malloc */
    return g_steal_pointer(&server);
}

static bool
act(const Call *call, virDomainPtr domain, MskServer **ret_server)
{
    switch (call->kind) {
    case CALL_GET:
        *ret_server = describe(call, domain);
        return *ret_server != NULL;
    case CALL_DESTROY:
        return virDomainDestroy(domain) == 0;
    case CALL_START:
        return virDomainCreate(domain) == 0;
    case CALL_HANG_UP:
        break;
    }
    g_assert_not_reached();
}

/* Returns: whether it went through. @ret_server is set for CALL_GET. */
static bool
attempt(Call *call, MskServer **ret_server, GError **error)
{
    virConnectPtr conn = daemon_connect(call->daemon, &call->generation);
    virDomainPtr domain = NULL;
    bool done = false;

    if (conn == NULL) {
        set_error(call, NULL, error);
        return false;
    }
    domain = virDomainLookupByUUIDString(conn, call->uuid);
    done = domain != NULL && act(call, domain, ret_server);
    if (!done) {
        set_error(call, conn, error);
    }
    if (domain != NULL) {
        (void) virDomainFree(domain); /* a local object */
    }
    (void) virConnectClose(conn); /* our reference only */
    return done;
}

static void *
run_call(void *data)
{
    Call *call = data;
    Daemon *daemon = call->daemon;
    MskServer *server = NULL;
    GError *error = NULL;

    virResetLastError();
    if (call->kind == CALL_HANG_UP) {
        daemon_drop(daemon, 0, true);
    } else if (!attempt(call, &server, &error) && error->code == MSK_ERROR_UNAVAILABLE) {
        /* The daemon may have been restarted since the last call; looking twice does no harm. */
        daemon_drop(daemon, call->generation, false);
        if (call->kind == CALL_GET) {
            g_clear_error(&error);
            (void) attempt(call, &server, &error); /* @error tells */
        }
    }

    lock(&call->lock);
    call->ended = true;
    call->server = server;
    call->error = error;
    bool left_behind = call->left_behind;
    wake_all(&call->ended_cond);
    unlock(&call->lock);

    lock(&daemon->lock);
    daemon->in_flight--;
    daemon->left_behind -= left_behind ? 1 : 0;
    wake_all(&daemon->changed);
    unlock(&daemon->lock);
    call_unref(call);
    return NULL;
}

static void
start_thread(Call *call)
{
    pthread_t thread;
    int failure = pthread_create(&thread, NULL, run_call, call);

    if (failure != 0) {
        /* As GLib does when out of memory: nothing that follows would work. */
        g_error("starting a thread for libvirt: %s", g_strerror(failure));
    }
    (void) pthread_detach(thread); /* it was created joinable a moment ago */
}

/* ---- the callers' side ------------------------------------------------------------------- */

static bool
take_slot(const MskLibvirt *self, Daemon *daemon, int64_t deadline_mono_us, GError **error)
{
    bool taken = false;
    bool hangs = false;

    lock(&daemon->lock);
    for (;;) {
        hangs = daemon->left_behind >= MAX_LEFT_BEHIND;
        taken = !hangs && daemon->in_flight < self->options.max_calls_per_host;
        if (hangs || taken || !wait_until(&daemon->changed, &daemon->lock, deadline_mono_us)) {
            break;
        }
    }
    daemon->in_flight += taken ? 1 : 0;
    unlock(&daemon->lock);
    if (!taken) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE,
                    hangs ? "%s does not answer: earlier calls have not returned"
                          : "%s is busy: earlier calls did not leave room for this one in time",
                    daemon->uri);
    }
    return taken;
}

/* The call goes on, but nobody waits for it any more. */
static void
leave_behind(Call *call)
{
    Daemon *daemon = call->daemon;
    virConnectPtr conn = NULL;

    lock(&daemon->lock);
    daemon->left_behind++;
    /* Only the connection that it hangs on: others may have got a new one meanwhile. */
    if (call->generation == daemon->generation) {
        conn = daemon_take_connection(daemon);
    }
    wake_all(&daemon->changed);
    unlock(&daemon->lock);
    if (conn != NULL) {
        (void) virConnectClose(conn); /* calls under way hold references of their own */
    }
}

static Daemon *
find_daemon(MskLibvirt *self, const char *uri)
{
    lock(&self->lock);
    Daemon *daemon = g_hash_table_lookup(self->daemons, uri);

    if (daemon == NULL) {
        daemon = daemon_new(uri);
        g_hash_table_insert(self->daemons, daemon->uri, daemon);
    }
    atomic_fetch_add(&daemon->refs, 1);
    unlock(&self->lock);
    return daemon;
}

static bool
make_call(MskLibvirt *self, CallKind kind, const char *uri, const char *uuid, MskServer **ret,
          GError **error)
{
    int64_t timeout_ms = (int64_t) self->options.call_timeout_ms * kinds[kind].patience;
    int64_t deadline_mono_us = g_get_monotonic_time() + timeout_ms * 1000;
    Call *call = g_new0(Call, 1);
    bool done = false;

    atomic_init(&call->refs, 1);
    init_lock(&call->lock, &call->ended_cond);
    call->kind = kind;
    call->uuid = g_strdup(uuid);
    call->daemon = find_daemon(self, uri);
    if (!take_slot(self, call->daemon, deadline_mono_us, error)) {
        call_unref(call);
        return false;
    }
    atomic_fetch_add(&call->refs, 1);
    start_thread(call);

    lock(&call->lock);
    while (!call->ended && wait_until(&call->ended_cond, &call->lock, deadline_mono_us)) {
    }
    if (!call->ended) {
        call->left_behind = true;
        leave_behind(call);
        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE,
                    "cannot %s instance %s: %s did not answer within %" G_GINT64_FORMAT " ms",
                    kinds[kind].verb, uuid, uri, timeout_ms);
    } else if (call->error != NULL) {
        g_propagate_error(error, g_steal_pointer(&call->error));
    } else {
        done = true;
        if (ret != NULL) {
            *ret = g_steal_pointer(&call->server);
        }
    }
    unlock(&call->lock);
    call_unref(call);
    return done;
}

static void
be_quiet(void *data, virErrorPtr error)
{
    (void) data;
    (void) error;
}

static void *
prepare_libvirt(void *data)
{
    (void) data;
    virSetErrorFunc(NULL, be_quiet); /* errors are returned, not printed */
    if (virInitialize() < 0 || virEventRegisterDefaultImpl() < 0) {
        log_debug("libvirt cannot be prepared: %s", virGetLastErrorMessage());
    }
    return NULL;
}

MskLibvirt *
msk_libvirt_new(const MskLibvirtOptions *options)
{
    static GOnce prepared = G_ONCE_INIT;
    MskLibvirt *self = g_new0(MskLibvirt, 1);

    g_assert(options->call_timeout_ms > 0 && options->max_calls_per_host > MAX_LEFT_BEHIND);
    g_once(&prepared, prepare_libvirt, NULL);
    self->options = *options;
    init_lock(&self->lock, NULL);
    self->daemons =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify) daemon_unref);
    return self;
}

void
msk_libvirt_free(MskLibvirt *self)
{
    GHashTableIter iter;
    void *uri = NULL;

    if (self == NULL) {
        return;
    }
    /* Good-bye is a call, too: a daemon that hangs must not hold up our end. */
    self->options.call_timeout_ms = MIN(self->options.call_timeout_ms, GOOD_BYE_TIMEOUT_MS);
    g_hash_table_iter_init(&iter, self->daemons);
    while (g_hash_table_iter_next(&iter, &uri, NULL)) {
        (void) make_call(self, CALL_HANG_UP, uri, "", NULL, NULL); /* or it is left behind */
    }
    g_hash_table_unref(self->daemons);
    clear_lock(&self->lock, NULL);
    g_free(self);
}

MskServer *
msk_libvirt_get_domain(MskLibvirt *self, const char *uri, const char *uuid, GError **error)
{
    MskServer *server = NULL;

    return make_call(self, CALL_GET, uri, uuid, &server, error) ? server : NULL;
}

bool
msk_libvirt_destroy_domain(MskLibvirt *self, const char *uri, const char *uuid, GError **error)
{
    return make_call(self, CALL_DESTROY, uri, uuid, NULL, error);
}

bool
msk_libvirt_start_domain(MskLibvirt *self, const char *uri, const char *uuid, GError **error)
{
    return make_call(self, CALL_START, uri, uuid, NULL, error);
}
