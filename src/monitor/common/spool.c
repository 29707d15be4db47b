/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/common/spool.h"

#include "base/number.h"

#define LOG_NAME "masakari.monitor.spool"
#include "base/log.h"

#include <errno.h>
#include <glib/gstdio.h>

/* Files of ours are far smaller; a larger one is not ours. */
#define MAX_FILE_BYTES ((size_t) 64 * 1024)

struct MskSpool {
    char *dir;
    MskSpoolLimits limits;
    MskDisk *disk;
    GQueue entries; /* of MskSpoolEntry, by number */
    size_t size_bytes;
    uint64_t last_number;
};

static void
entry_free(void *data)
{
    MskSpoolEntry *entry = data;

    msk_report_free(entry->report);
    g_free(entry);
}

static char *
path_of(const MskSpool *self, uint64_t number)
{
    g_autofree char *name = g_strdup_printf("%020" G_GUINT64_FORMAT ".json", (guint64) number);

    return g_build_filename(self->dir, name, NULL);
}

static void
quarantine(const MskSpool *self, const char *name, const char *reason)
{
    g_autofree char *from = g_build_filename(self->dir, name, NULL);
    g_autofree char *dir = g_build_filename(self->dir, "quarantine", NULL);
    g_autofree char *to = g_build_filename(dir, name, NULL);

    if (g_mkdir_with_parents(dir, 0700) < 0 || g_rename(from, to) < 0) {
        log_warning("%s is no report (%s) and cannot be moved to %s: %s; it is ignored", from,
                    reason, to, g_strerror(errno));
        return;
    }
    log_warning("%s is no report (%s): moved to %s", from, reason, to);
}

/* "<20 digits>.json"; what an interrupted write leaves behind has more after it. */
static bool
parse_name(const char *name, uint64_t *ret_number)
{
    g_autofree char *digits = g_strndup(name, 20);
    int64_t number;

    if (strlen(name) != 25 || !g_str_equal(name + 20, ".json") || !g_ascii_isdigit(name[0]) ||
        !msk_parse_int64(digits, 1, G_MAXINT64, &number)) {
        return false;
    }
    *ret_number = (uint64_t) number;
    return true;
}

static MskSpoolEntry *
append(MskSpool *self, uint64_t number, MskReport *report, size_t size_bytes)
{
    MskSpoolEntry *entry = g_new0(MskSpoolEntry, 1);

    entry->number = number;
    entry->report = report;
    entry->size_bytes = size_bytes;
    g_queue_push_tail(&self->entries, entry);
    self->size_bytes += size_bytes;
    self->last_number = MAX(self->last_number, number);
    return entry;
}

static void
load_file(MskSpool *self, const char *name)
{
    g_autofree char *path = g_build_filename(self->dir, name, NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    size_t length = 0;
    uint64_t number;
    GStatBuf status;
    MskReport *report;

    if (!parse_name(name, &number)) {
        if (strstr(name, ".json.") != NULL) {
            (void) g_unlink(path); /* a write that was cut off: never counted as kept */
        }
        return;
    }
    if (g_stat(path, &status) < 0 || !S_ISREG(status.st_mode) ||
        (size_t) status.st_size > MAX_FILE_BYTES) {
        quarantine(self, name, "no plain file of a usable size");
        return;
    }
    if (!g_file_get_contents(path, &text, &length, &error)) {
        log_warning("report %s cannot be read: %s", path, error->message);
        return;
    }
    report = msk_report_from_text(text, length, &error);
    if (report == NULL) {
        quarantine(self, name, error->message);
        return;
    }
    append(self, number, report, length)->held = true;
}

static int
compare_names(const void *left, const void *right)
{
    return strcmp(*(const char *const *) left, *(const char *const *) right);
}

MskSpool *
msk_spool_open(const char *dir, const MskSpoolLimits *limits, MskDisk *disk)
{
    MskSpool *self = g_new0(MskSpool, 1);
    g_autoptr(GDir) listing = g_dir_open(dir, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *name;

    self->dir = g_strdup(dir);
    self->limits = *limits;
    self->disk = disk;
    g_queue_init(&self->entries);
    while (listing != NULL && (name = g_dir_read_name(listing)) != NULL) {
        g_ptr_array_add(names, g_strdup(name));
    }
    g_ptr_array_sort(names, compare_names);
    for (unsigned i = 0; i < names->len; i++) {
        load_file(self, g_ptr_array_index(names, i));
    }
    return self;
}

void
msk_spool_free(MskSpool *self)
{
    if (self == NULL) {
        return;
    }
    g_queue_clear_full(&self->entries, entry_free);
    g_free(self->dir);
    g_free(self);
}

static MskSpoolEntry *
find_to_give_up(MskSpool *self, bool vital_too)
{
    for (GList *at = self->entries.head; at != NULL; at = at->next) {
        MskSpoolEntry *entry = at->data;

        if (!entry->in_flight && (vital_too || !entry->report->vital)) {
            return entry;
        }
    }
    return NULL;
}

static bool
is_full(const MskSpool *self, size_t more_bytes)
{
    return self->entries.length >= self->limits.max_reports ||
           self->size_bytes + more_bytes > self->limits.max_bytes;
}

static bool
make_room(MskSpool *self, const MskReport *report, size_t size_bytes)
{
    while (is_full(self, size_bytes)) {
        MskSpoolEntry *victim = find_to_give_up(self, false);

        if (victim == NULL && report->vital) {
            victim = find_to_give_up(self, true);
        }
        if (victim == NULL) {
            log_error("the spool is full (%u reports): report %s of %s is LOST",
                      self->entries.length, report->payload, report->subject);
            return false;
        }
        log_error("the spool is full (%u reports): report %s of %s is LOST to make room",
                  self->entries.length, victim->report->payload, victim->report->subject);
        msk_spool_remove(self, victim);
    }
    return true;
}

static bool
is_known(const MskSpool *self, const MskReport *report)
{
    for (const GList *at = self->entries.head; at != NULL; at = at->next) {
        const MskSpoolEntry *entry = at->data;

        if (report->incident != NULL && g_strcmp0(entry->report->incident, report->incident) == 0) {
            return true;
        }
        if (report->incident == NULL && !entry->in_flight &&
            g_str_equal(entry->report->subject, report->subject) &&
            g_str_equal(entry->report->payload, report->payload)) {
            return true;
        }
    }
    return false;
}

MskSpoolEntry *
msk_spool_add(MskSpool *self, MskReport *report)
{
    g_autofree char *text = msk_report_to_text(report);
    size_t length = strlen(text);
    MskSpoolEntry *entry;
    g_autofree char *path = NULL;

    if (is_known(self, report) || !make_room(self, report, length)) {
        msk_report_free(report);
        return NULL;
    }
    entry = append(self, MAX((uint64_t) g_get_real_time(), self->last_number + 1), report, length);
    path = path_of(self, entry->number);
    msk_disk_put(self->disk, path, g_steal_pointer(&text));
    return entry;
}

void
msk_spool_remove(MskSpool *self, MskSpoolEntry *entry)
{
    g_autofree char *path = path_of(self, entry->number);

    msk_disk_delete(self->disk, path);
    self->size_bytes -= entry->size_bytes;
    g_assert(g_queue_remove(&self->entries, entry));
    entry_free(entry);
}

void
msk_spool_update(MskSpool *self, const MskSpoolEntry *entry)
{
    g_autofree char *path = path_of(self, entry->number);

    msk_disk_put(self->disk, path, msk_report_to_text(entry->report));
}

const GQueue *
msk_spool_entries(const MskSpool *self)
{
    return &self->entries;
}
