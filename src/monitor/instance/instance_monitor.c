/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/instance/instance_monitor.h"

#include "base/error.h"
#include "io/libvirt_watch.h"
#include "io/qemu_process.h"
#include "monitor/instance/domain_log.h"
#include "monitor/instance/domain_watch.h"
#include "monitor/instance/life_memory.h"

#define LOG_NAME "masakari.monitor.instance"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <sys/file.h>

enum {
    DISK_RETRY_MS = 5000,
    DISK_FLUSH_MS = 2000,
    /* libvirt kills a QEMU that does not take its SIGTERM after 10 s: within, it is seen. */
    SIGTERM_LOOK_S = 4,
    RELEASE_MS = 5000,
    DRAIN_MS = 2000,
    DRAIN_LOOK_MS = 20,
};

struct MskInstanceMonitor {
    char *hostname;
    char *uri;
    char *boot_id;
    char *memory_path;
    MskQemuPlace place;
    int lock_fd; /* -1: a full or read-only disk gave none */
    MskDisk *disk;
    MskSpool *spool;
    MskNotifier *notifier;
    MskLibvirtWatch *libvirt;
    GHashTable *domains;    /* uuid to MskDomainWatch, owned */
    int64_t forgot_mono_us; /* when the last entry was dropped: older lists may have it */
    bool first_start;       /* nothing is remembered, and no list was seen yet */
    unsigned save_source;
    unsigned release_source;
    unsigned sigterm_source;

    unsigned drain_source;
    bool drain_last_look;
    int64_t drain_until_mono_us;
    void (*drained)(void *data);
    void *drained_data;
};

/* ---- what is remembered ---------------------------------------------------------------------- */

static char *
read_boot_id(void)
{
    char *text = NULL;

    if (!g_file_get_contents("/proc/sys/kernel/random/boot_id", &text, NULL, NULL)) {
        return g_strdup("unknown");
    }
    return g_strstrip(text);
}

static void
save(MskInstanceMonitor *self)
{
    g_autoptr(GArray) records = msk_life_records_new();
    GHashTableIter iter;
    void *value;

    g_hash_table_iter_init(&iter, self->domains);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const MskDomainWatch *domain = value;
        MskLifeRecord record = {
            .name = domain->name,
            .life = domain->life,
            .process = domain->process,
            .since_us = domain->since_us,
        };

        if (domain->life.phase == MSK_LIFE_RUNNING || domain->life.phase == MSK_LIFE_ENDED) {
            record.name = g_strdup(domain->name);
            (void) g_strlcpy(record.uuid, domain->uuid, sizeof(record.uuid)); /* equal sizes */
            g_array_append_val(records, record);
        }
    }
    /* A VM is forgotten when its report is on disk: a kill in between must not lose both. */
    msk_disk_put_in_turn(self->disk, self->memory_path,
                         msk_life_memory_to_text(records, self->boot_id));
}

static gboolean
on_save(void *data)
{
    MskInstanceMonitor *self = data;

    self->save_source = 0;
    save(self);
    return G_SOURCE_REMOVE;
}

static void
save_soon(MskInstanceMonitor *self)
{
    if (self->save_source == 0) {
        /* After the report of the same step, before any answer to it: the files keep that order. */
        self->save_source = g_idle_add_full(G_PRIORITY_DEFAULT, on_save, self, NULL);
    }
}

/* ---- what a life asks for ----------------------------------------------------------------------
 */

static char *
incident_of(const MskDomainWatch *domain, const MskEventNames *names)
{
    if (!msk_event_says_down(names->vir_domain_event) || domain->since_us == 0) {
        return NULL;
    }
    return g_strdup_printf("%s:%d:%" PRIu64 ":%" PRId64, domain->uuid, domain->process.pid,
                           domain->process.start_time, domain->since_us);
}

static void
report(MskInstanceMonitor *self, const MskDomainWatch *domain, const MskEventNames *names)
{
    MskReport *item = g_new0(MskReport, 1);
    json_t *payload = json_pack("{s:s, s:s, s:s}", "event", names->event, "instance_uuid",
                                domain->uuid, "vir_domain_event", names->vir_domain_event);
    char *text = json_dumps(payload, 0);

    item->subject = g_strdup(domain->uuid);
    item->incident = incident_of(domain, names);
    item->vital = msk_event_is_vital(names->vir_domain_event);
    item->says_down = msk_event_says_down(names->vir_domain_event);
    item->type = g_strdup("VM");
    item->hostname = g_strdup(self->hostname);
    item->generated_us = g_get_real_time();
    item->payload = g_strdup(text);
    free(text); /* jansson allocates with malloc */
    json_decref(payload);
    log_info("instance %s (%s): %s %s", domain->uuid, domain->name, names->event,
             names->vir_domain_event);
    if (!msk_notifier_submit(self->notifier, item)) {
        log_debug("instance %s: the report is there already", domain->uuid);
    }
}

static void
log_note(const MskDomainWatch *domain, MskLifeNote note)
{
    switch (note) {
    case MSK_LIFE_NOTE_ORDERED_AFTER_ALL:
        log_warning("instance %s (%s) was reported as failed, but libvirt says that its end was "
                    "an order",
                    domain->uuid, domain->name);
        break;
    case MSK_LIFE_NOTE_UNKNOWN_END:
        log_warning("instance %s (%s) ran and is down now, and neither libvirt nor its log in "
                    "%s says why: not reported. If it should run, start it.",
                    domain->uuid, domain->name, MSK_DOMAIN_LOG_DIR);
        break;
    case MSK_LIFE_NOTE_MISSED:
        log_info("instance %s (%s) was started anew while it was not watched: not reported",
                 domain->uuid, domain->name);
        break;
    case MSK_LIFE_NOTE_NONE:
    default:
        break;
    }
}

static void
on_output(MskDomainWatch *domain, const MskLifeOutput *output, void *data)
{
    MskInstanceMonitor *self = data;

    if (output->report != NULL) {
        report(self, domain, output->report);
    }
    log_note(domain, output->note);
    if ((output->actions & MSK_LIFE_DO_SAVE) != 0) {
        save_soon(self);
    }
    if ((output->actions & MSK_LIFE_DO_LIST) != 0) {
        msk_libvirt_watch_list(self->libvirt);
    }
}

static MskDomainWatch *
domain_of(MskInstanceMonitor *self, const char *uuid, const char *name)
{
    MskDomainWatch *domain = g_hash_table_lookup(self->domains, uuid);

    if (domain == NULL) {
        domain = msk_domain_watch_new(uuid, name, &self->place, on_output, self);
        (void) g_hash_table_insert(self->domains, domain->uuid, domain); /* it was not there */
    } else if (!g_str_equal(domain->name, name)) {
        g_free(domain->name);
        domain->name = g_strdup(name);
    }
    return domain;
}

/* ---- libvirt -----------------------------------------------------------------------------------
 */

/* Transient domains come and go, each with a uuid of its own, and the next list may be far. */
static void
forget_if_over(MskInstanceMonitor *self, const MskDomainWatch *domain, bool undefined)
{
    const MskLife *life = &domain->life;
    bool is_alive = life->phase == MSK_LIFE_RUNNING || life->phase == MSK_LIFE_ENDED;
    bool is_over = life->phase == MSK_LIFE_DOWN && !life->panicked && !life->panic_told;

    /* The very first list judges by what was seen before it. */
    if (is_alive || (!undefined && (!is_over || self->first_start))) {
        return;
    }
    log_debug("instance %s (%s): nothing is left to watch", domain->uuid, domain->name);
    self->forgot_mono_us = g_get_monotonic_time();
    (void) g_hash_table_remove(self->domains, domain->uuid); /* it is there */
}

static void
on_event(const MskDomainEvent *event, void *data)
{
    MskInstanceMonitor *self = data;
    MskDomainWatch *domain = domain_of(self, event->uuid, event->name);

    log_debug("instance %s (%s): event %d, type %d, detail %d", event->uuid, event->name,
              (int) event->id, event->type, event->detail);
    domain->touched_mono_us = g_get_monotonic_time();
    msk_domain_watch_step(domain, &(MskLifeInput){.kind = MSK_LIFE_EVENT,
                                                  .id = event->id,
                                                  .type = event->type,
                                                  .detail = event->detail});
    forget_if_over(self, domain,
                   event->id == MSK_DOMAIN_EVENT_LIFECYCLE &&
                       event->type == MSK_LIFECYCLE_UNDEFINED);
}

static void
step_listed_down(MskInstanceMonitor *self, MskDomainWatch *domain, MskShutoffReason reason,
                 bool autostart)
{
    bool was_alive;

    if (msk_domain_watch_settle_process(domain)) {
        log_warning("instance %s (%s): libvirt does not have it as active, but its QEMU %d runs; "
                    "it is watched on",
                    domain->uuid, domain->name, domain->process.pid);
        return;
    }
    was_alive = domain->life.phase == MSK_LIFE_RUNNING || domain->life.phase == MSK_LIFE_ENDED;
    if (was_alive && reason == MSK_SHUTOFF_UNKNOWN && self->place.run_dir != NULL) {
        reason = msk_domain_log_read(MSK_DOMAIN_LOG_DIR, domain->name, domain->since_us);
    }
    msk_domain_watch_step(domain, &(MskLifeInput){.kind = MSK_LIFE_LISTED_DOWN,
                                                  .reason = reason,
                                                  .autostart = autostart,
                                                  .first_start = self->first_start});
}

/* Those that libvirt does not know (any more). */
static void
settle_missing(MskInstanceMonitor *self, GHashTable *listed, int64_t asked_mono_us)
{
    g_autoptr(GPtrArray) missing = g_ptr_array_new();
    GHashTableIter iter;
    void *value;

    g_hash_table_iter_init(&iter, self->domains);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        MskDomainWatch *domain = value;

        if (!g_hash_table_contains(listed, domain->uuid) &&
            domain->touched_mono_us <= asked_mono_us) {
            g_ptr_array_add(missing, domain);
        }
    }
    for (unsigned i = 0; i < missing->len; i++) {
        MskDomainWatch *domain = g_ptr_array_index(missing, i);

        step_listed_down(self, domain, MSK_SHUTOFF_UNKNOWN, false);
        if (domain->life.phase == MSK_LIFE_DOWN) {
            (void) g_hash_table_remove(self->domains, domain->uuid); /* it is there */
        }
    }
}

/* False when the list may be older than what was seen of the domain since. */
static bool
settle_listed(MskInstanceMonitor *self, const MskDomainStatus *status, int64_t asked_mono_us)
{
    MskDomainWatch *domain;

    if (asked_mono_us <= self->forgot_mono_us &&
        !g_hash_table_contains(self->domains, status->uuid)) {
        return false;
    }
    domain = domain_of(self, status->uuid, status->name);
    if (domain->touched_mono_us > asked_mono_us) {
        return true; /* an event since then is newer, and told all */
    }
    if (status->active) {
        msk_domain_watch_listed_active(domain, status->crashed, self->first_start);
    } else {
        step_listed_down(self, domain, status->reason, status->autostart);
    }
    return true;
}

static void
on_listed(const MskDomainList *list, void *data)
{
    MskInstanceMonitor *self = data;
    g_autoptr(GHashTable) listed = g_hash_table_new(g_str_hash, g_str_equal);
    unsigned n_active = 0;
    bool is_sure = true;

    for (unsigned i = 0; i < list->domains->len; i++) {
        MskDomainStatus *status = &g_array_index(list->domains, MskDomainStatus, i);

        (void) g_hash_table_add(listed, status->uuid); /* libvirt lists each once */
        n_active += status->active;
        is_sure = settle_listed(self, status, list->asked_mono_us) && is_sure;
    }
    settle_missing(self, listed, list->asked_mono_us);
    log_debug("libvirt has %u domains, %u of them active", list->domains->len, n_active);
    if (!is_sure) {
        msk_libvirt_watch_list(self->libvirt);
        return;
    }
    if (self->first_start) {
        self->first_start = false;
        save_soon(self);
    }
    msk_notifier_release(self->notifier);
}

static void
on_connected(void *data)
{
    const MskInstanceMonitor *self = data;

    log_info("connected to libvirt at %s", self->uri);
}

static void
on_disconnected(const GError *reason, void *data)
{
    (void) data;
    log_warning("%s; QEMU processes known so far are still watched", reason->message);
}

static const MskLibvirtWatchCallbacks libvirt_callbacks = {
    .event = on_event,
    .listed = on_listed,
    .connected = on_connected,
    .disconnected = on_disconnected,
};

/* ---- reports -----------------------------------------------------------------------------------
 */

static bool
still_down(const MskReport *item, void *data)
{
    const MskInstanceMonitor *self = data;
    const MskDomainWatch *domain = g_hash_table_lookup(self->domains, item->subject);
    MskProcessId process;

    if (domain != NULL) {
        return msk_domain_watch_is_down(domain);
    }
    return !self->place.is_local || !msk_qemu_find(NULL, NULL, item->subject, &process);
}

static const MskNotifierCallbacks notifier_callbacks = {.still_down = still_down};

static gboolean
on_release(void *data)
{
    MskInstanceMonitor *self = data;

    self->release_source = 0;
    msk_notifier_release(self->notifier);
    return G_SOURCE_REMOVE;
}

static gboolean
on_sigterm_look(void *data)
{
    const MskInstanceMonitor *self = data;
    GHashTableIter iter;
    void *domain;

    g_hash_table_iter_init(&iter, self->domains);
    while (g_hash_table_iter_next(&iter, NULL, &domain)) {
        msk_domain_watch_look_for_sigterm(domain);
    }
    return G_SOURCE_CONTINUE;
}

/* ---- beginning and end -------------------------------------------------------------------------
 */

static bool
take_lock(MskInstanceMonitor *self, const char *state_dir, GError **error)
{
    g_autofree char *path = g_build_filename(state_dir, "lock", NULL);

    self->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (self->lock_fd < 0) {
        log_warning("%s cannot be created (%s): a second monitor would not be noticed", path,
                    g_strerror(errno));
        return true;
    }
    if (flock(self->lock_fd, LOCK_EX | LOCK_NB) < 0) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_CONFLICT,
                    "another instance monitor uses %s; stop it, or give this one another "
                    "[DEFAULT] state_path",
                    state_dir);
        return false;
    }
    return true;
}

static bool
prepare_dir(const char *dir, GError **error)
{
    g_autoptr(GError) local = NULL;

    if (msk_disk_make_dir(dir, &local)) {
        return true;
    }
    if (g_error_matches(local, MSK_ERROR, MSK_ERROR_UNAVAILABLE)) {
        /* Watching without a memory is better than not watching. */
        log_error("%s; reports are kept in memory only, and a restart loses them", local->message);
        return true;
    }
    g_propagate_error(error, g_steal_pointer(&local));
    return false;
}

static void
load_memory(MskInstanceMonitor *self)
{
    g_autofree char *text = NULL;
    size_t length = 0;
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) records = NULL;

    self->first_start = true;
    if (!g_file_get_contents(self->memory_path, &text, &length, &error)) {
        if (!g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
            log_warning("what ran before is not known: %s", error->message);
        }
        return;
    }
    records = msk_life_memory_from_text(text, length, self->boot_id, &error);
    if (records == NULL) {
        if (g_error_matches(error, MSK_ERROR, MSK_ERROR_NOT_FOUND)) {
            log_info("%s is not used: %s", self->memory_path, error->message);
        } else {
            log_warning("what ran before is not known, %s is damaged: %s", self->memory_path,
                        error->message);
        }
        return;
    }
    self->first_start = false;
    for (unsigned i = 0; i < records->len; i++) {
        const MskLifeRecord *record = &g_array_index(records, MskLifeRecord, i);
        MskDomainWatch *domain = domain_of(self, record->uuid, record->name);

        domain->life = record->life;
        domain->process = record->process;
        domain->since_us = record->since_us;
        msk_domain_watch_resume(domain);
    }
}

/* Only QEMUs of this machine have processes here. */
static MskQemuPlace
place_of(const char *uri)
{
    const char *authority = strstr(uri, "://");
    bool is_local = g_str_has_prefix(uri, "qemu") && authority != NULL && authority[3] == '/';

    return (MskQemuPlace){
        .is_local = is_local,
        .run_dir = is_local && g_str_has_prefix(authority + 3, "/system") ? MSK_QEMU_RUN_DIR : NULL,
    };
}

MskInstanceMonitor *
msk_instance_monitor_new(const MskInstanceMonitorOptions *options, GError **error)
{
    g_autoptr(MskInstanceMonitor) self = g_new0(MskInstanceMonitor, 1);
    g_autofree char *spool_dir = g_build_filename(options->state_dir, "spool", NULL);

    self->lock_fd = -1;
    self->hostname = g_strdup(options->hostname);
    self->uri = g_strdup(options->connection_uri);
    self->boot_id = read_boot_id();
    self->memory_path = g_build_filename(options->state_dir, "running.json", NULL);
    self->place = place_of(self->uri);
    self->domains = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
                                          (GDestroyNotify) msk_domain_watch_free);
    if (!prepare_dir(options->state_dir, error) || !prepare_dir(spool_dir, error) ||
        !take_lock(self, options->state_dir, error)) {
        return NULL;
    }
    self->disk = msk_disk_new(DISK_RETRY_MS);
    self->spool = msk_spool_open(spool_dir, &options->spool, self->disk);
    self->notifier = msk_notifier_new(&options->notifier, &options->access, self->spool,
                                      &notifier_callbacks, self, error);
    if (self->notifier == NULL) {
        return NULL;
    }
    self->libvirt = msk_libvirt_watch_new(self->uri, &libvirt_callbacks, self);
    load_memory(self);
    self->release_source = g_timeout_add(RELEASE_MS, on_release, self);
    if (self->place.is_local) {
        self->sigterm_source = g_timeout_add_seconds(SIGTERM_LOOK_S, on_sigterm_look, self);
    }
    return g_steal_pointer(&self);
}

static gboolean
on_drain_look(void *data)
{
    MskInstanceMonitor *self = data;
    unsigned n_waiting = msk_notifier_n_waiting(self->notifier);
    bool finished = n_waiting == 0 && msk_libvirt_watch_is_closed(self->libvirt);

    if (g_get_monotonic_time() < self->drain_until_mono_us &&
        !(finished && self->drain_last_look)) {
        self->drain_last_look = finished; /* libvirt frees what it held in between */
        return G_SOURCE_CONTINUE;
    }
    if (n_waiting > 0) {
        log_warning("%u reports are not acknowledged yet; they are posted after the next start",
                    n_waiting);
    }
    self->drain_source = 0;
    self->drained(self->drained_data);
    return G_SOURCE_REMOVE;
}

void
msk_instance_monitor_drain(MskInstanceMonitor *self, void (*done)(void *data), void *data)
{
    self->drained = done;
    self->drained_data = data;
    self->drain_until_mono_us = g_get_monotonic_time() + (int64_t) DRAIN_MS * 1000;
    msk_libvirt_watch_close(self->libvirt);
    if (self->drain_source == 0) {
        self->drain_source = g_timeout_add(DRAIN_LOOK_MS, on_drain_look, self);
    }
}

static void
clear_source(unsigned *source)
{
    if (*source != 0) {
        (void) g_source_remove(*source); /* callbacks clear it when they have run */
        *source = 0;
    }
}

void
msk_instance_monitor_free(MskInstanceMonitor *self)
{
    if (self == NULL) {
        return;
    }
    clear_source(&self->release_source);
    clear_source(&self->sigterm_source);
    clear_source(&self->drain_source);
    msk_libvirt_watch_free(self->libvirt);
    if (self->save_source != 0) {
        clear_source(&self->save_source);
        save(self);
    }
    g_hash_table_unref(self->domains);
    msk_notifier_free(self->notifier);
    if (self->disk != NULL && !msk_disk_flush(self->disk, DISK_FLUSH_MS)) {
        log_warning("the disk did not take all that should be kept over a restart");
    }
    msk_spool_free(self->spool);
    msk_disk_free(self->disk);
    if (self->lock_fd >= 0) {
        (void) close(self->lock_fd); /* nothing was written to it */
    }
    g_free(self->memory_path);
    g_free(self->boot_id);
    g_free(self->uri);
    g_free(self->hostname);
    g_free(self);
}
