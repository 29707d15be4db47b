/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine.h"

#include "base/error.h"
#include "engine/engine_clock.h"
#include "engine/engine_lock.h"
#include "engine/engine_metrics.h"
#include "engine/host_returns.h"
#include "engine/recoveries.h"
#include "engine/rpc_server.h"
#include "io/wakeup.h"
#include "model/recovery/lease_watch.h"

#define LOG_NAME "masakari.engine.manager"
#include "base/log.h"

#define POLL_INTERVAL_S   2
#define LEASE_MS          12000
#define RENEW_INTERVAL_US (3500LL * 1000)        /* every other poll */
#define LEASE_MARGIN_US   (2LL * G_USEC_PER_SEC) /* left for a call that changes something */
#define MAX_RECOVERIES    256
#define MAX_CALLS         32
#define DRAIN_MS          1000
#define FREE_CALLS_MS     1000

struct MskEngine {
    char *host;
    char *locks_dir;
    char *bus_dir;
    MskEngineSettings settings;
    MskStoreQueue *queue;
    MskCallPool *pool;
    MskRecoveries *recoveries;
    MskHostReturns *returns;
    MskRpcServer *rpc_server; /* (nullable) */

    /* Who we are; all of it changes when our lease is lost. */
    char *uuid;
    MskEngineLock *lock;
    MskWakeup *wakeup;
    bool registered;
    int64_t lease_until_us; /* on msk_engine_now_us() */
    int64_t renewed_at_us;  /* the same */

    bool calling_home; /* a register or renew is on its way */
    bool looking;      /* a look is on its way */
    bool look_again;
    bool look_thoroughly;
    bool may_have_strays;       /* a look failed: it may have claimed without our knowing */
    MskLeaseWatch *lease_watch; /* of the other engines */
    GPtrArray *expired;         /* (nullable) (element-type MskLease) to be taken over next */
    bool expiring;              /* an expiry is on its way */
    unsigned poll_timer;
    unsigned expiry_timer;

    bool draining;
    unsigned drain_timer;
    bool leaving; /* the unregister is on its way */
    void (*drained)(void *data);
    void *drained_data;
};

static void look(MskEngine *self, bool thoroughly);
static void leave_if_done(MskEngine *self);

static bool
may_act(void *data, int64_t *ret_until_us)
{
    const MskEngine *self = data;

    *ret_until_us = self->lease_until_us;
    return self->registered && msk_engine_now_us() + LEASE_MARGIN_US < self->lease_until_us;
}

static const char *
registered_uuid(void *data)
{
    const MskEngine *self = data;

    return self->registered ? self->uuid : NULL;
}

/* ---- who we are -------------------------------------------------------------------------- */

static void
on_wakeup(void *data)
{
    look(data, false);
}

static void
drop_identity(MskEngine *self)
{
    g_clear_pointer(&self->wakeup, msk_wakeup_free);
    g_clear_pointer(&self->lock, msk_engine_lock_free);
    g_clear_pointer(&self->uuid, g_free);
    self->registered = false;
    self->lease_until_us = 0;
}

static bool
take_identity(MskEngine *self, GError **error)
{
    self->uuid = g_uuid_string_random();
    self->lock = msk_engine_lock_take(self->locks_dir, self->uuid, error);
    if (self->lock == NULL) {
        return false;
    }
    self->wakeup = msk_wakeup_listen(self->bus_dir, self->uuid, on_wakeup, self, error);
    return self->wakeup != NULL;
}

typedef struct {
    MskEngine *engine;
    char *uuid;
    char *host;
    bool renew;
    int64_t sent_at_us; /* on msk_engine_now_us(): the lease runs from before the call */
} CallHome;

static void
free_call_home(void *data)
{
    CallHome *job = data;

    g_free(job->uuid);
    g_free(job->host);
    g_free(job);
}

static MskStoreResult
run_call_home(MskStore *store, void *data, GError **error)
{
    CallHome *job = data;

    return job->renew ? msk_store_engine_renew(store, job->uuid, LEASE_MS, error)
                      : msk_store_engine_register(store, job->uuid, job->host, LEASE_MS, error);
}

static void
on_lease_lost(MskEngine *self)
{
    g_autoptr(GError) error = NULL;

    log_warning("Engine %s was taken for dead: its recoveries are others' now, beginning again",
                self->uuid);
    msk_engine_count_lease_lost();
    msk_recoveries_drop_all(self->recoveries);
    drop_identity(self);
    if (!take_identity(self, &error)) {
        log_error("This engine cannot go on, trying again: %s", error->message);
        drop_identity(self);
    }
}

static void
on_called_home(MskStoreResult result, const GError *error, void *data)
{
    CallHome *job = data;
    MskEngine *self = job->engine;

    (void) error; /* was logged by the queue */
    self->calling_home = false;
    if (g_strcmp0(self->uuid, job->uuid) != 0 || self->draining) {
        return;
    }
    if (result == MSK_STORE_DONE) {
        self->lease_until_us = job->sent_at_us + LEASE_MS * 1000LL;
        self->renewed_at_us = job->sent_at_us;
        msk_engine_count_lease(g_get_real_time() + self->lease_until_us - msk_engine_now_us());
        if (!self->registered) {
            self->registered = true;
            log_info("Engine %s on host %s is ready", self->uuid, self->host);
        }
        look(self, true);
    } else if (result == MSK_STORE_LOST) {
        on_lease_lost(self);
    }
}

static void
call_home(MskEngine *self)
{
    static const MskStoreJob call_home_job = {run_call_home, on_called_home, free_call_home};
    g_autoptr(GError) error = NULL;

    if (self->calling_home) {
        return;
    }
    if (self->uuid == NULL && !take_identity(self, &error)) {
        log_debug("%s", error->message);
        drop_identity(self);
        return;
    }
    CallHome *job = g_new0(CallHome, 1);

    *job = (CallHome){.engine = self,
                      .uuid = g_strdup(self->uuid),
                      .host = g_strdup(self->host),
                      .renew = self->registered,
                      .sent_at_us = msk_engine_now_us()};
    self->calling_home = true;
    msk_store_queue_push(self->queue, &call_home_job, job);
}

/* ---- looking for work -------------------------------------------------------------------- */

typedef struct {
    MskEngine *engine;
    char *uuid;
    char *locks_dir;
    bool thoroughly;
    unsigned max;
    int64_t retry_age_s;
    GStrv known;        /* (nullable) notifications whose claims are no strays */
    GPtrArray *expired; /* (nullable) (element-type MskLease) */
    GPtrArray *claims;  /* (element-type MskClaim) */
    GPtrArray *engines; /* (nullable) (element-type MskEngineRecord) all that there are */
    int64_t asked_us;   /* on msk_engine_now_us(): before and after they were read */
    int64_t answered_us;
    bool counts; /* wants the figures */
    MskQueueFigure figures[MSK_N_NOTIFICATION_STATUSES];
} Look;

static void
free_look(void *data)
{
    Look *job = data;

    g_free(job->uuid);
    g_free(job->locks_dir);
    g_strfreev(job->known);
    g_clear_pointer(&job->expired, g_ptr_array_unref);
    g_ptr_array_unref(job->claims);
    g_clear_pointer(&job->engines, g_ptr_array_unref);
    g_free(job);
}

/* Moves the claims of @found to the job. */
static void
collect(Look *job, GPtrArray *found)
{
    while (found->len > 0) {
        g_ptr_array_add(job->claims, g_ptr_array_steal_index(found, 0));
    }
    g_ptr_array_unref(found);
}

static unsigned
room(const Look *job)
{
    return job->max - MIN(job->claims->len, job->max);
}

static MskStoreResult
look_for_orphans(MskStore *store, Look *job, GError **error)
{
    g_auto(GStrv) dead = msk_engine_lock_list_dead(job->locks_dir, job->uuid);
    GPtrArray *found = NULL;
    MskStoreResult result = msk_store_claim_take_over(store, job->uuid, (const char *const *) dead,
                                                      job->expired, room(job), &found, error);

    if (result != MSK_STORE_DONE) {
        return result;
    }
    collect(job, found);
    /* With no room left, something of theirs may be left, too. */
    for (char **uuid = dead; room(job) > 0 && *uuid != NULL; uuid++) {
        msk_engine_lock_forget(job->locks_dir, *uuid);
    }
    return MSK_STORE_DONE;
}

static MskStoreResult
look_at_others(MskStore *store, Look *job, GError **error)
{
    MskStoreResult result = MSK_STORE_DONE;

    job->asked_us = msk_engine_now_us();
    result = msk_store_engine_list(store, &job->engines, error);
    job->answered_us = msk_engine_now_us();
    return result;
}

static MskStoreResult
run_look(MskStore *store, void *data, GError **error)
{
    Look *job = data;
    GPtrArray *found = NULL;
    MskStoreResult result = MSK_STORE_DONE;

    if (job->known != NULL) {
        result = msk_store_claim_release_strays(store, job->uuid, (const char *const *) job->known,
                                                error);
    }
    if (result == MSK_STORE_DONE) {
        result = msk_store_claim_new(store, job->uuid, job->max, &found, error);
    }
    if (result == MSK_STORE_DONE) {
        collect(job, found);
    }
    if (result == MSK_STORE_DONE && job->thoroughly && room(job) > 0) {
        result = look_for_orphans(store, job, error);
    }
    if (result == MSK_STORE_DONE && job->thoroughly && room(job) > 0) {
        result =
            msk_store_claim_error(store, job->uuid, job->retry_age_s, room(job), &found, error);
        if (result == MSK_STORE_DONE) {
            collect(job, found);
        }
    }
    if (result == MSK_STORE_DONE && job->thoroughly) {
        result = look_at_others(store, job, error);
    }
    if (result == MSK_STORE_DONE && job->counts) {
        result = msk_store_queue_figures(store, job->figures, error);
    }
    return result;
}

/* Returns: whether there is something to take over that was not tried in this look. */
static bool
watch_others(MskEngine *self, const Look *job)
{
    g_autoptr(GPtrArray) leases = g_ptr_array_new_with_free_func((GDestroyNotify) msk_lease_free);

    if (job->engines == NULL) {
        return false;
    }
    for (unsigned i = 0; i < job->engines->len; i++) {
        const MskEngineRecord *other = g_ptr_array_index(job->engines, i);

        if (other->stamp != 0 && !g_str_equal(other->uuid, job->uuid)) {
            g_ptr_array_add(leases, msk_lease_new(other->uuid, other->stamp));
        }
    }
    g_clear_pointer(&self->expired, g_ptr_array_unref);
    self->expired =
        msk_lease_watch_look(self->lease_watch, job->asked_us, job->answered_us, leases);
    for (unsigned i = 0; job->expired == NULL && i < self->expired->len; i++) {
        log_warning("Engine %s has not renewed its lease for %d s: taking over what it had",
                    ((const MskLease *) g_ptr_array_index(self->expired, i))->uuid,
                    LEASE_MS / 1000);
    }
    if (self->expired->len == 0) {
        g_clear_pointer(&self->expired, g_ptr_array_unref);
    }
    return self->expired != NULL && job->expired == NULL;
}

static void
on_looked(MskStoreResult result, const GError *error, void *data)
{
    Look *job = data;
    MskEngine *self = job->engine;
    bool full = job->claims->len >= job->max;

    (void) error; /* was logged by the queue */
    self->looking = false;
    self->may_have_strays = result == MSK_STORE_FAILED;
    if (g_strcmp0(self->uuid, job->uuid) != 0) {
        leave_if_done(self);
        return; /* claimed by who we were; found again once that engine's lease is over */
    }
    while (job->claims->len > 0) {
        msk_recoveries_add(self->recoveries, self->uuid, g_ptr_array_steal_index(job->claims, 0));
    }
    if (result == MSK_STORE_DONE && job->counts) {
        msk_engine_count_queue(job->figures);
    }
    msk_engine_count_running(msk_recoveries_count(self->recoveries));
    if (self->draining) {
        msk_recoveries_release_all(self->recoveries);
        leave_if_done(self);
    } else if (result == MSK_STORE_LOST) {
        on_lease_lost(self);
    } else if (result == MSK_STORE_DONE) {
        bool orphans = watch_others(self, job);

        if (orphans || full || self->look_again) {
            look(self, orphans || self->look_thoroughly);
        }
    }
}

static void
look(MskEngine *self, bool thoroughly)
{
    static const MskStoreJob look_job = {run_look, on_looked, free_look};
    unsigned n = msk_recoveries_count(self->recoveries);

    self->look_thoroughly = self->look_thoroughly || thoroughly;
    self->look_again = true;
    if (self->looking || !self->registered || self->draining || n >= MAX_RECOVERIES) {
        return;
    }
    Look *job = g_new0(Look, 1);

    self->look_thoroughly = self->look_thoroughly || self->may_have_strays; /* to find them */
    *job = (Look){.engine = self,
                  .uuid = g_strdup(self->uuid),
                  .locks_dir = g_strdup(self->locks_dir),
                  .thoroughly = self->look_thoroughly,
                  .max = MAX_RECOVERIES - n,
                  .retry_age_s = self->settings.retry_interval_us / G_USEC_PER_SEC,
                  .known = self->may_have_strays ? msk_recoveries_list(self->recoveries) : NULL,
                  .expired = g_steal_pointer(&self->expired),
                  .counts = self->look_thoroughly && msk_metrics_are_on(),
                  .claims = g_ptr_array_new_with_free_func((GDestroyNotify) msk_claim_free)};
    self->looking = true;
    self->look_again = false;
    self->look_thoroughly = false;
    msk_store_queue_push(self->queue, &look_job, job);
}

static gboolean
on_poll(void *data)
{
    MskEngine *self = data;

    if (!self->registered || msk_engine_now_us() - self->renewed_at_us >= RENEW_INTERVAL_US) {
        call_home(self); /* and look when it is done */
    } else {
        look(self, true);
    }
    return G_SOURCE_CONTINUE;
}

/* ---- notifications that are too old ------------------------------------------------------ */

typedef struct {
    MskEngine *engine;
    int64_t age_s;
    GPtrArray *uuids; /* (nullable) */
} Expiry;

static void
free_expiry(void *data)
{
    Expiry *job = data;

    g_clear_pointer(&job->uuids, g_ptr_array_unref);
    g_free(job);
}

static MskStoreResult
run_expiry(MskStore *store, void *data, GError **error)
{
    Expiry *job = data;

    return msk_store_notification_expire(store, job->age_s, &job->uuids, error);
}

static void
on_expired(MskStoreResult result, const GError *error, void *data)
{
    const Expiry *job = data;

    (void) error; /* was logged by the queue */
    job->engine->expiring = false;
    for (unsigned i = 0; result == MSK_STORE_DONE && i < job->uuids->len; i++) {
        log_error("Notification %s is expired: it did not come to an end within %" G_GINT64_FORMAT
                  " s of its generation, and is failed now",
                  (const char *) g_ptr_array_index(job->uuids, i), job->age_s);
    }
}

static gboolean
on_expiry_timer(void *data)
{
    static const MskStoreJob expiry_job = {run_expiry, on_expired, free_expiry};
    MskEngine *self = data;
    Expiry *job = NULL;

    if (self->expiring) {
        return G_SOURCE_CONTINUE; /* a database that is away gets no heap of them */
    }
    self->expiring = true;
    job = g_new0(Expiry, 1);
    job->engine = self;
    job->age_s = self->settings.expiry_age_us / G_USEC_PER_SEC;
    msk_store_queue_push(self->queue, &expiry_job, job);
    return G_SOURCE_CONTINUE;
}

/* ---- the end ----------------------------------------------------------------------------- */

static MskStoreResult
run_unregister(MskStore *store, void *data, GError **error)
{
    const CallHome *job = data;

    return msk_store_engine_unregister(store, job->uuid, error);
}

static void
on_unregistered(MskStoreResult result, const GError *error, void *data)
{
    const CallHome *job = data;

    (void) result; /* a failure was logged; others find the lock free or the lease over */
    (void) error;
    job->engine->drained(job->engine->drained_data);
}

static void
unregister(MskEngine *self)
{
    static const MskStoreJob unregister_job = {run_unregister, on_unregistered, free_call_home};
    CallHome *job = NULL;

    if (self->leaving) {
        return;
    }
    self->leaving = true;
    if (self->drain_timer != 0) {
        g_source_remove(self->drain_timer);
        self->drain_timer = 0;
    }
    if (!self->registered) {
        self->drained(self->drained_data);
        return;
    }
    job = g_new0(CallHome, 1);
    *job = (CallHome){.engine = self, .uuid = g_strdup(self->uuid)};
    msk_store_queue_push(self->queue, &unregister_job, job);
}

static void
leave_if_done(MskEngine *self)
{
    if (self->draining && !self->looking && msk_recoveries_count(self->recoveries) == 0) {
        unregister(self);
    }
}

static void
on_recovery_ended(void *data)
{
    MskEngine *self = data;

    leave_if_done(self);
    if (self->look_again) {
        look(self, false);
    }
}

static gboolean
on_drain_timer(void *data)
{
    MskEngine *self = data;

    self->drain_timer = 0;
    msk_recoveries_release_all(self->recoveries);
    leave_if_done(self);
    return G_SOURCE_REMOVE;
}

static void
remove_timer(unsigned *timer)
{
    if (*timer != 0) {
        g_source_remove(*timer);
        *timer = 0;
    }
}

void
msk_engine_drain(MskEngine *self, void (*drained)(void *data), void *data)
{
    g_assert(!self->draining);
    self->draining = true;
    self->drained = drained;
    self->drained_data = data;
    remove_timer(&self->poll_timer);
    remove_timer(&self->expiry_timer);
    msk_host_returns_stop(self->returns);
    g_clear_pointer(&self->wakeup, msk_wakeup_free);
    self->drain_timer = g_timeout_add(DRAIN_MS, on_drain_timer, self);
    leave_if_done(self);
}

void
msk_engine_reload(MskEngine *self, const MskConfig *config)
{
    g_autoptr(GError) error = NULL;

    if (!msk_engine_settings_load_gates(&self->settings, config, &error)) {
        log_error("%s; the safety gates stay as they are", error->message);
    }
}

MskEngine *
msk_engine_new(const MskEnginePlaces *places, const MskConfig *config, MskStore *store,
               MskCompute *compute, GError **error)
{
    g_autoptr(MskEngine) self = g_new0(MskEngine, 1);
    MskRecoveriesContext context = {.may_act = may_act, .ended = on_recovery_ended, .data = self};

    self->host = g_strdup(places->host);
    self->locks_dir = g_build_filename(places->state_path, "engines", NULL);
    self->bus_dir = g_strdup(places->bus_dir);
    self->queue = msk_store_queue_new(store);
    self->pool = msk_call_pool_new(compute, MAX_CALLS);
    self->lease_watch = msk_lease_watch_new(LEASE_MS * INT64_C(1000));
    context.queue = self->queue;
    context.pool = self->pool;
    context.settings = &self->settings;
    context.events = places->events;
    self->recoveries = msk_recoveries_new(&context);
    if (!msk_engine_settings_load(config, &self->settings, error) || !take_identity(self, error)) {
        return NULL;
    }
    self->returns = msk_host_returns_new(&(MskHostReturnsContext){.queue = self->queue,
                                                                  .pool = self->pool,
                                                                  .settings = &self->settings,
                                                                  .events = places->events,
                                                                  .may_act = may_act,
                                                                  .engine_uuid = registered_uuid,
                                                                  .data = self});
    if (places->bus != NULL && !places->bus->local) {
        self->rpc_server =
            msk_rpc_server_new(places->bus, self->host, self->queue, on_wakeup, self);
    }
    self->poll_timer = g_timeout_add_seconds(POLL_INTERVAL_S, on_poll, self);
    self->expiry_timer = g_timeout_add_seconds(
        (unsigned) MIN(self->settings.expiry_check_interval_us / G_USEC_PER_SEC, INT32_MAX / 1000),
        on_expiry_timer, self);
    call_home(self);
    return g_steal_pointer(&self);
}

void
msk_engine_free(MskEngine *self)
{
    if (self == NULL) {
        return;
    }
    remove_timer(&self->poll_timer);
    remove_timer(&self->expiry_timer);
    remove_timer(&self->drain_timer);
    msk_store_queue_free(self->queue); /* what it had answers to the RPC server */
    msk_rpc_server_free(self->rpc_server);
    msk_call_pool_free(self->pool, FREE_CALLS_MS);
    msk_recoveries_free(self->recoveries);
    msk_host_returns_free(self->returns);
    drop_identity(self);
    msk_lease_watch_free(self->lease_watch);
    g_clear_pointer(&self->expired, g_ptr_array_unref);
    msk_engine_settings_clear(&self->settings);
    g_free(self->host);
    g_free(self->locks_dir);
    g_free(self->bus_dir);
    g_free(self);
}
