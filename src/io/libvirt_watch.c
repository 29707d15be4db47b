/* SPDX-License-Identifier: Apache-2.0 */
#include "io/libvirt_watch.h"

#include "base/error.h"
#include "base/worker.h"

#define LOG_NAME "masakari.io.libvirt_watch"
#include "base/log.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

/* A libvirtd that sends nothing for interval * (count + 1) seconds counts as dead. */
enum {
    KEEPALIVE_INTERVAL_S = 5,
    KEEPALIVE_COUNT = 3,
    PAUSE_FIRST_MS = 200,
    PAUSE_LAST_MS = 3000,
    SLOW_CONNECT_MS = 5000,
    N_EVENTS = 9,
};

G_STATIC_ASSERT((int) MSK_DOMAIN_EVENT_LIFECYCLE == (int) VIR_DOMAIN_EVENT_ID_LIFECYCLE);
G_STATIC_ASSERT((int) MSK_DOMAIN_EVENT_REBOOT == (int) VIR_DOMAIN_EVENT_ID_REBOOT);
G_STATIC_ASSERT((int) MSK_DOMAIN_EVENT_RTC_CHANGE == (int) VIR_DOMAIN_EVENT_ID_RTC_CHANGE);
G_STATIC_ASSERT((int) MSK_DOMAIN_EVENT_WATCHDOG == (int) VIR_DOMAIN_EVENT_ID_WATCHDOG);
G_STATIC_ASSERT((int) MSK_DOMAIN_EVENT_IO_ERROR == (int) VIR_DOMAIN_EVENT_ID_IO_ERROR);
G_STATIC_ASSERT((int) MSK_DOMAIN_EVENT_GRAPHICS == (int) VIR_DOMAIN_EVENT_ID_GRAPHICS);
G_STATIC_ASSERT((int) MSK_DOMAIN_EVENT_IO_ERROR_REASON ==
                (int) VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON);
G_STATIC_ASSERT((int) MSK_DOMAIN_EVENT_CONTROL_ERROR == (int) VIR_DOMAIN_EVENT_ID_CONTROL_ERROR);
G_STATIC_ASSERT((int) MSK_DOMAIN_EVENT_DISK_CHANGE == (int) VIR_DOMAIN_EVENT_ID_DISK_CHANGE);
G_STATIC_ASSERT((int) MSK_LIFECYCLE_DEFINED == (int) VIR_DOMAIN_EVENT_DEFINED);
G_STATIC_ASSERT((int) MSK_LIFECYCLE_CRASHED == (int) VIR_DOMAIN_EVENT_CRASHED);
G_STATIC_ASSERT((int) MSK_STOPPED_SHUTDOWN == (int) VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN);
G_STATIC_ASSERT((int) MSK_STOPPED_FROM_SNAPSHOT == (int) VIR_DOMAIN_EVENT_STOPPED_FROM_SNAPSHOT);
G_STATIC_ASSERT((int) MSK_SUSPENDED_IOERROR == (int) VIR_DOMAIN_EVENT_SUSPENDED_IOERROR);
G_STATIC_ASSERT((int) MSK_SUSPENDED_WATCHDOG == (int) VIR_DOMAIN_EVENT_SUSPENDED_WATCHDOG);
G_STATIC_ASSERT((int) MSK_SUSPENDED_API_ERROR == (int) VIR_DOMAIN_EVENT_SUSPENDED_API_ERROR);
G_STATIC_ASSERT((int) MSK_SHUTDOWN_FINISHED == (int) VIR_DOMAIN_EVENT_SHUTDOWN_FINISHED);
G_STATIC_ASSERT((int) MSK_CRASHED_PANICKED == (int) VIR_DOMAIN_EVENT_CRASHED_PANICKED);
G_STATIC_ASSERT((int) MSK_SHUTOFF_UNKNOWN == (int) VIR_DOMAIN_SHUTOFF_UNKNOWN);
G_STATIC_ASSERT((int) MSK_SHUTOFF_CRASHED == (int) VIR_DOMAIN_SHUTOFF_CRASHED);
G_STATIC_ASSERT((int) MSK_SHUTOFF_DAEMON == (int) VIR_DOMAIN_SHUTOFF_DAEMON);

/*
 * One attempt at a connection. The worker fills conn and callback_ids before it hands the link to
 * the main thread; watch belongs to the main thread and becomes NULL when nobody listens any more.
 */
typedef struct {
    gatomicrefcount references;
    MskLibvirtWatch *watch;
    virConnectPtr conn;
    int callback_ids[N_EVENTS];
    size_t n_callbacks;
    int closed; /* atomic; libvirt said so, maybe before the worker's answer was delivered */
} Link;

typedef enum {
    JOB_CONNECT,
    JOB_LIST,
    JOB_CLOSE,
} JobKind;

/* Given to the worker, and back to the main thread with list or error set. */
typedef struct {
    JobKind kind;
    MskLibvirtWatch *watch; /* main thread only */
    Link *link;
    char *uri;
    MskDomainList *list;
    GError *error;
} Job;

struct MskLibvirtWatch {
    char *uri;
    const MskLibvirtWatchCallbacks *callbacks;
    void *data;
    MskWorker *worker;
    Link *link; /* NULL between attempts */
    bool connected;
    bool listing;
    bool list_again;
    unsigned pause_ms;
    unsigned retry_source;
    unsigned slow_source;
    char *last_reason;  /* told already in this outage */
    unsigned n_closing; /* connections that the worker has yet to close */
};

static void
link_unref(void *data)
{
    Link *link = data;

    if (g_atomic_ref_count_dec(&link->references)) {
        g_free(link);
    }
}

static Link *
link_ref(Link *link)
{
    g_atomic_ref_count_inc(&link->references);
    return link;
}

static void
clear_status(void *item)
{
    g_free(((MskDomainStatus *) item)->name);
}

static void
list_free(MskDomainList *list)
{
    if (list != NULL) {
        g_array_unref(list->domains);
        g_free(list);
    }
}

static void
job_free(void *data)
{
    Job *job = data;

    link_unref(job->link);
    g_free(job->uri);
    list_free(job->list);
    g_clear_error(&job->error);
    g_free(job);
}

static void
set_libvirt_error(GError **error, const char *doing)
{
    const char *message = virGetLastErrorMessage();

    g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE, "%s: %s", doing, message);
}

/* ---- events, on the main loop ------------------------------------------------------------ */

static void
emit(Link *link, virDomainPtr domain, MskDomainEventId id, int type, int detail)
{
    char uuid[VIR_UUID_STRING_BUFLEN];
    MskLibvirtWatch *watch = link->watch;

    if (watch == NULL || virDomainGetUUIDString(domain, uuid) < 0) {
        return;
    }
    watch->callbacks->event(&(MskDomainEvent){.id = id,
                                              .type = type,
                                              .detail = detail,
                                              .uuid = uuid,
                                              .name = virDomainGetName(domain)},
                            watch->data);
}

static void
on_lifecycle(virConnectPtr conn, virDomainPtr domain, int type, int detail, void *data)
{
    (void) conn;
    emit(data, domain, MSK_DOMAIN_EVENT_LIFECYCLE, type, detail);
}

static void
on_reboot(virConnectPtr conn, virDomainPtr domain, void *data)
{
    (void) conn;
    emit(data, domain, MSK_DOMAIN_EVENT_REBOOT, -1, -1);
}

static void
on_rtc_change(virConnectPtr conn, virDomainPtr domain, long long offset, void *data)
{
    (void) conn;
    (void) offset;
    emit(data, domain, MSK_DOMAIN_EVENT_RTC_CHANGE, -1, -1);
}

static void
on_watchdog(virConnectPtr conn, virDomainPtr domain, int action, void *data)
{
    (void) conn;
    emit(data, domain, MSK_DOMAIN_EVENT_WATCHDOG, action, -1);
}

static void
on_io_error(virConnectPtr conn, virDomainPtr domain, const char *path, const char *alias,
            int action, void *data)
{
    (void) conn;
    (void) path;
    (void) alias;
    emit(data, domain, MSK_DOMAIN_EVENT_IO_ERROR, action, -1);
}

static void
on_graphics(virConnectPtr conn, virDomainPtr domain, int phase,
            const virDomainEventGraphicsAddress *local, const virDomainEventGraphicsAddress *remote,
            const char *scheme, const virDomainEventGraphicsSubject *subject, void *data)
{
    (void) conn;
    (void) local;
    (void) remote;
    (void) scheme;
    (void) subject;
    emit(data, domain, MSK_DOMAIN_EVENT_GRAPHICS, -1, phase);
}

static void
on_io_error_reason(virConnectPtr conn, virDomainPtr domain, const char *path, const char *alias,
                   int action, const char *reason, void *data)
{
    (void) conn;
    (void) path;
    (void) alias;
    (void) action;
    (void) reason;
    emit(data, domain, MSK_DOMAIN_EVENT_IO_ERROR_REASON, -1, -1);
}

static void
on_control_error(virConnectPtr conn, virDomainPtr domain, void *data)
{
    (void) conn;
    emit(data, domain, MSK_DOMAIN_EVENT_CONTROL_ERROR, -1, -1);
}

static void
on_disk_change(virConnectPtr conn, virDomainPtr domain, const char *old_path, const char *new_path,
               const char *alias, int reason, void *data)
{
    (void) conn;
    (void) old_path;
    (void) new_path;
    (void) alias;
    (void) reason;
    emit(data, domain, MSK_DOMAIN_EVENT_DISK_CHANGE, -1, -1);
}

/* libvirt calls each with the arguments that its id promises; the step over void (*)(void) tells
 * the compiler that the change of type is meant. */
#define CALLBACK(function) VIR_DOMAIN_EVENT_CALLBACK((void (*)(void))(function))

static const struct {
    int id;
    virConnectDomainEventGenericCallback callback;
} event_callbacks[N_EVENTS] = {
    {VIR_DOMAIN_EVENT_ID_LIFECYCLE, CALLBACK(on_lifecycle)},
    {VIR_DOMAIN_EVENT_ID_REBOOT, CALLBACK(on_reboot)},
    {VIR_DOMAIN_EVENT_ID_RTC_CHANGE, CALLBACK(on_rtc_change)},
    {VIR_DOMAIN_EVENT_ID_WATCHDOG, CALLBACK(on_watchdog)},
    {VIR_DOMAIN_EVENT_ID_IO_ERROR, CALLBACK(on_io_error)},
    {VIR_DOMAIN_EVENT_ID_GRAPHICS, CALLBACK(on_graphics)},
    {VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON, CALLBACK(on_io_error_reason)},
    {VIR_DOMAIN_EVENT_ID_CONTROL_ERROR, CALLBACK(on_control_error)},
    {VIR_DOMAIN_EVENT_ID_DISK_CHANGE, CALLBACK(on_disk_change)},
};

/* ---- blocking calls, on the worker --------------------------------------------------------- */

static void on_closed(virConnectPtr conn, int reason, void *data);

static int
refuse_credentials(virConnectCredentialPtr credentials, unsigned count, void *data)
{
    (void) credentials;
    (void) data;
    return count == 0 ? 0 : -1;
}

static int credential_types[] = {
    VIR_CRED_AUTHNAME,   VIR_CRED_ECHOPROMPT,   VIR_CRED_REALM,
    VIR_CRED_PASSPHRASE, VIR_CRED_NOECHOPROMPT, VIR_CRED_EXTERNAL,
};

static bool
register_events(Link *link, GError **error)
{
    for (size_t i = 0; i < N_EVENTS; i++) {
        int id = virConnectDomainEventRegisterAny(link->conn, NULL, event_callbacks[i].id,
                                                  event_callbacks[i].callback, link_ref(link),
                                                  link_unref);

        if (id < 0) {
            set_libvirt_error(error, "asking libvirt for domain events");
            link_unref(link);
            return false;
        }
        link->callback_ids[link->n_callbacks++] = id;
    }
    /* Without a reference: it is taken back before the link goes, and drivers that have no peer to
     * lose accept the callback but never free its data. */
    if (virConnectRegisterCloseCallback(link->conn, on_closed, link, NULL) < 0) {
        set_libvirt_error(error, "asking libvirt for the end of the connection");
        return false;
    }
    return true;
}

/* False when the domain is gone meanwhile: an event or the next list will tell. */
static bool
read_status(virDomainPtr domain, MskDomainStatus *ret)
{
    char uuid[VIR_UUID_STRING_BUFLEN];
    int state = VIR_DOMAIN_NOSTATE;
    int reason = 0;
    int autostart = 0;
    bool active;

    if (virDomainGetUUIDString(domain, uuid) < 0 ||
        virDomainGetState(domain, &state, &reason, 0) < 0) {
        return false;
    }
    active = state != VIR_DOMAIN_SHUTOFF;
    if (state == VIR_DOMAIN_CRASHED || state == VIR_DOMAIN_NOSTATE) {
        active = virDomainIsActive(domain) == 1;
    }
    if (!active && reason == VIR_DOMAIN_SHUTOFF_CRASHED &&
        virDomainGetAutostart(domain, &autostart) < 0) {
        autostart = 0;
    }
    *ret = (MskDomainStatus){
        .name = g_strdup(virDomainGetName(domain)),
        .active = active,
        .crashed = active && state == VIR_DOMAIN_CRASHED,
        .reason = active ? MSK_SHUTOFF_UNKNOWN : (MskShutoffReason) reason,
        .autostart = autostart != 0,
    };
    (void) g_strlcpy(ret->uuid, uuid, sizeof(ret->uuid)); /* equal sizes */
    return true;
}

static MskDomainList *
list_domains(virConnectPtr conn, GError **error)
{
    MskDomainList *list = g_new0(MskDomainList, 1);
    virDomainPtr *domains = NULL;
    bool is_whole = true;
    int n_domains;

    list->asked_mono_us = g_get_monotonic_time();
    list->domains = g_array_new(FALSE, TRUE, sizeof(MskDomainStatus));
    g_array_set_clear_func(list->domains, clear_status);
    n_domains = virConnectListAllDomains(conn, &domains, 0);
    if (n_domains < 0) {
        set_libvirt_error(error, "listing the domains");
        list_free(list);
        return NULL;
    }
    for (int i = 0; i < n_domains; i++) {
        MskDomainStatus status;

        if (read_status(domains[i], &status)) {
            g_array_append_val(list->domains, status);
        } else if (is_whole && virConnectIsAlive(conn) != 1) {
            /* What is left out would be taken for gone, with nobody to say why. */
            g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE,
                        "listing the domains: the connection to libvirt ended");
            is_whole = false;
        }
        (void) virDomainFree(domains[i]); /* only fails on a bad pointer */
    }
    /* libvirt allocates with malloc, not with GLib. */
    free(domains);
    if (!is_whole) {
        g_clear_pointer(&list, list_free);
    }
    return list;
}

static void
close_connection(Link *link)
{
    if (link->conn == NULL) {
        return;
    }
    /* On a dead connection these fail, which changes nothing: the connection goes anyway. */
    (void) virConnectUnregisterCloseCallback(link->conn, on_closed);
    for (size_t i = 0; i < link->n_callbacks; i++) {
        (void) virConnectDomainEventDeregisterAny(link->conn, link->callback_ids[i]);
    }
    link->n_callbacks = 0;
    (void) virConnectClose(link->conn);
    link->conn = NULL;
}

static void
open_connection(Job *job)
{
    virConnectAuth auth = {
        .credtype = credential_types,
        .ncredtype = G_N_ELEMENTS(credential_types),
        .cb = refuse_credentials,
    };
    Link *link = job->link;

    link->conn = virConnectOpenAuth(job->uri, &auth, VIR_CONNECT_RO);
    if (link->conn == NULL) {
        set_libvirt_error(&job->error, "connecting to libvirt");
        return;
    }
    /* Refused by drivers that have no peer to lose. */
    (void) virConnectSetKeepAlive(link->conn, KEEPALIVE_INTERVAL_S, KEEPALIVE_COUNT);
    if (register_events(link, &job->error)) {
        job->list = list_domains(link->conn, &job->error);
    }
    if (job->error != NULL) {
        close_connection(link);
    }
}

static void
work(void *data)
{
    Job *job = data;

    switch (job->kind) {
    case JOB_CONNECT:
        open_connection(job);
        break;
    case JOB_LIST:
        job->list = list_domains(job->link->conn, &job->error);
        break;
    case JOB_CLOSE:
        close_connection(job->link);
        break;
    }
}

/* ---- the main thread ------------------------------------------------------------------------ */

static void deliver(void *data);

static void
on_link_closed(void *data)
{
    Job *job = data;

    job->watch->n_closing--;
    job_free(job);
}

static void
push_job(MskLibvirtWatch *self, JobKind kind)
{
    Job *job = g_new0(Job, 1);

    job->kind = kind;
    job->watch = self;
    job->link = link_ref(self->link);
    job->uri = g_strdup(self->uri);
    msk_worker_push(self->worker, work, kind == JOB_CLOSE ? on_link_closed : deliver, job_free,
                    job);
}

static void
clear_source(unsigned *source)
{
    if (*source != 0) {
        (void) g_source_remove(*source); /* it is known to be there */
        *source = 0;
    }
}

static void
tell_disconnected(MskLibvirtWatch *self, const GError *reason)
{
    if (g_strcmp0(self->last_reason, reason->message) != 0) {
        g_free(self->last_reason);
        self->last_reason = g_strdup(reason->message);
        self->callbacks->disconnected(reason, self->data);
    }
}

static gboolean
on_slow_connect(void *data)
{
    MskLibvirtWatch *self = data;
    g_autoptr(GError) reason =
        g_error_new(MSK_ERROR, MSK_ERROR_UNAVAILABLE,
                    "connecting to libvirt at %s: no answer for %d s; is libvirtd stuck?",
                    self->uri, SLOW_CONNECT_MS / 1000);

    self->slow_source = 0;
    tell_disconnected(self, reason);
    return G_SOURCE_REMOVE;
}

static gboolean
start_connect(void *data)
{
    MskLibvirtWatch *self = data;

    self->retry_source = 0;
    self->link = g_new0(Link, 1);
    g_atomic_ref_count_init(&self->link->references);
    self->link->watch = self;
    self->slow_source = g_timeout_add(SLOW_CONNECT_MS, on_slow_connect, self);
    push_job(self, JOB_CONNECT);
    return G_SOURCE_REMOVE;
}

static void
drop_link(MskLibvirtWatch *self)
{
    self->link->watch = NULL;
    self->n_closing++;
    push_job(self, JOB_CLOSE);
    link_unref(self->link);
    self->link = NULL;
    self->connected = false;
    self->listing = false;
    self->list_again = false;
    clear_source(&self->slow_source);
}

static void
lose_connection(MskLibvirtWatch *self, const GError *reason)
{
    drop_link(self);
    self->retry_source = g_timeout_add(self->pause_ms, start_connect, self);
    self->pause_ms = MIN(self->pause_ms * 2, PAUSE_LAST_MS);
    tell_disconnected(self, reason);
}

/* The end of a connection, on its way to the main thread. */
typedef struct {
    Link *link;
    int reason;
} Closing;

static void
closing_free(void *data)
{
    Closing *closing = data;

    link_unref(closing->link);
    g_free(closing);
}

static gboolean
tell_closed(void *data)
{
    static const char *const reasons[] = {
        [VIR_CONNECT_CLOSE_REASON_ERROR] = "an input or output error",
        [VIR_CONNECT_CLOSE_REASON_EOF] = "libvirtd closed it",
        [VIR_CONNECT_CLOSE_REASON_KEEPALIVE] = "libvirtd did not answer keepalive messages",
        [VIR_CONNECT_CLOSE_REASON_CLIENT] = "closed by this program",
    };
    const Closing *closing = data;
    MskLibvirtWatch *self = closing->link->watch;
    size_t reason = (size_t) closing->reason;
    g_autoptr(GError) error = NULL;

    if (self == NULL || !self->connected) {
        return G_SOURCE_REMOVE; /* deliver() goes on from here */
    }
    error = g_error_new(MSK_ERROR, MSK_ERROR_UNAVAILABLE, "the connection to libvirt ended: %s",
                        reason < G_N_ELEMENTS(reasons) ? reasons[reason] : "unknown reason");
    lose_connection(self, error);
    return G_SOURCE_REMOVE;
}

/* Whichever thread reads the end of the connection gets here: the worker, when it waits for an
 * answer just then. */
static void
on_closed(virConnectPtr conn, int reason, void *data)
{
    Closing *closing = g_new0(Closing, 1);

    (void) conn;
    closing->link = link_ref(data);
    closing->reason = reason;
    g_atomic_int_set(&closing->link->closed, 1);
    (void) g_idle_add_full(G_PRIORITY_DEFAULT, tell_closed, closing, closing_free);
}

static void
deliver(void *data)
{
    Job *job = data;
    MskLibvirtWatch *self = job->link->watch;

    if (self == NULL) {
        job_free(job); /* its CLOSE job is queued already */
        return;
    }
    clear_source(&self->slow_source);
    self->listing = false;
    if (job->error == NULL && g_atomic_int_get(&job->link->closed) != 0) {
        g_set_error(&job->error, MSK_ERROR, MSK_ERROR_UNAVAILABLE,
                    "the connection to libvirt ended in the meantime");
    }
    if (job->error != NULL) {
        lose_connection(self, job->error);
    } else {
        if (!self->connected) {
            self->connected = true;
            self->pause_ms = PAUSE_FIRST_MS;
            g_clear_pointer(&self->last_reason, g_free);
            self->callbacks->connected(self->data);
        }
        self->callbacks->listed(job->list, self->data);
        if (self->list_again) {
            msk_libvirt_watch_list(self);
        }
    }
    job_free(job);
}

static void
ignore_libvirt_errors(void *data, virErrorPtr error)
{
    (void) data;
    /* Kept by libvirt for virGetLastErrorMessage; by default it would go to stderr as well. */
    log_debug("libvirt: %s", error->message != NULL ? error->message : "error without a message");
}

MskLibvirtWatch *
msk_libvirt_watch_new(const char *uri, const MskLibvirtWatchCallbacks *callbacks, void *data)
{
    static gsize initialised;
    MskLibvirtWatch *self = g_new0(MskLibvirtWatch, 1);

    if (g_once_init_enter(&initialised)) {
        virSetErrorFunc(NULL, ignore_libvirt_errors);
        g_assert(virInitialize() == 0);
        g_assert(virEventRegisterDefaultImpl() == 0);
        g_once_init_leave(&initialised, 1);
    }
    self->uri = g_strdup(uri);
    self->callbacks = callbacks;
    self->data = data;
    self->pause_ms = PAUSE_FIRST_MS;
    self->worker = msk_worker_new("libvirt");
    (void) start_connect(self); /* G_SOURCE_REMOVE is for the timer's sake */
    return self;
}

void
msk_libvirt_watch_close(MskLibvirtWatch *self)
{
    clear_source(&self->retry_source);
    if (self->link != NULL) {
        drop_link(self);
    }
}

bool
msk_libvirt_watch_is_closed(const MskLibvirtWatch *self)
{
    return self->link == NULL && self->retry_source == 0 && self->n_closing == 0;
}

void
msk_libvirt_watch_free(MskLibvirtWatch *self)
{
    if (self == NULL) {
        return;
    }
    msk_libvirt_watch_close(self);
    msk_worker_free(self->worker);
    g_free(self->last_reason);
    g_free(self->uri);
    g_free(self);
}

void
msk_libvirt_watch_list(MskLibvirtWatch *self)
{
    if (!self->connected) {
        return;
    }
    if (self->listing) {
        self->list_again = true;
        return;
    }
    self->listing = true;
    self->list_again = false;
    push_job(self, JOB_LIST);
}

bool
msk_libvirt_watch_is_connected(const MskLibvirtWatch *self)
{
    return self->connected;
}
