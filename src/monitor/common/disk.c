/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/common/disk.h"

#include "base/error.h"
#include "base/worker.h"

#define LOG_NAME "masakari.monitor.disk"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>

struct MskDisk {
    MskWorker *worker;
    GHashTable *latest;  /* path to the number of its newest job */
    GHashTable *failed;  /* path to text */
    GHashTable *in_turn; /* a set of paths: those in failed that go last */
    GHashTable *refused; /* the worker's: a set of paths that are put and not on the disk */
    unsigned last_number;
    unsigned retry_ms;
    unsigned retry_source;
    bool failing;
};

typedef struct {
    MskDisk *disk; /* main thread only */
    char *path;
    char *text; /* NULL: delete */
    bool in_turn;
    GHashTable *refused; /* a reference: jobs may outlive the disk */
    unsigned number;
    GError *error;
} Job;

static void
job_free(void *data)
{
    Job *job = data;

    g_free(job->path);
    g_free(job->text);
    g_hash_table_unref(job->refused);
    g_clear_error(&job->error);
    g_free(job);
}

/* Whether a file that was put before @job is still not there. */
static bool
must_wait(const Job *job)
{
    unsigned n_others = g_hash_table_size(job->refused);

    return job->in_turn && n_others > (g_hash_table_contains(job->refused, job->path) ? 1 : 0);
}

static void done(void *data);

static void
work(void *data)
{
    Job *job = data;

    if (job->text == NULL) {
        (void) g_hash_table_remove(job->refused, job->path); /* maybe not there */
        if (g_unlink(job->path) < 0 && errno != ENOENT) {
            g_set_error(&job->error, MSK_ERROR, MSK_ERROR_UNAVAILABLE, "deleting %s: %s", job->path,
                        g_strerror(errno));
        }
        return;
    }
    if (must_wait(job)) {
        g_set_error(&job->error, MSK_ERROR, MSK_ERROR_UNAVAILABLE,
                    "%s waits for files that have to be there before", job->path);
    } else {
        (void) g_file_set_contents_full(
            job->path, job->text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
            0600, &job->error);
    }
    if (job->error != NULL) {
        (void) g_hash_table_add(job->refused, g_strdup(job->path)); /* or there already */
    } else {
        (void) g_hash_table_remove(job->refused, job->path); /* maybe not there */
    }
}

static void
push(MskDisk *self, const char *path, char *text, bool in_turn)
{
    Job *job = g_new0(Job, 1);

    job->disk = self;
    job->path = g_strdup(path);
    job->text = text;
    job->in_turn = in_turn;
    job->refused = g_hash_table_ref(self->refused);
    job->number = ++self->last_number;
    (void) g_hash_table_remove(self->failed, path);  /* maybe not there */
    (void) g_hash_table_remove(self->in_turn, path); /* as above */
    (void) g_hash_table_replace(self->latest, g_strdup(path), GUINT_TO_POINTER(job->number));
    msk_worker_push(self->worker, work, done, job_free, job);
}

static void
push_failed(MskDisk *self, GHashTable *failed, GHashTable *in_turn, bool wanted)
{
    GHashTableIter iter;
    void *path;
    void *text;

    g_hash_table_iter_init(&iter, failed);
    while (g_hash_table_iter_next(&iter, &path, &text)) {
        if (g_hash_table_contains(in_turn, path) == wanted) {
            push(self, path, g_strdup(text), wanted);
        }
    }
}

static gboolean
retry(void *data)
{
    MskDisk *self = data;
    g_autoptr(GHashTable) failed = g_steal_pointer(&self->failed);
    g_autoptr(GHashTable) in_turn = g_steal_pointer(&self->in_turn);

    self->retry_source = 0;
    self->failed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    self->in_turn = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    push_failed(self, failed, in_turn, false);
    push_failed(self, failed, in_turn, true);
    return G_SOURCE_REMOVE;
}

static void
note_failure(MskDisk *self, Job *job)
{
    if (!self->failing) {
        self->failing = true;
        log_error("%s; what could not be written is kept in memory and tried again every %u s: "
                  "a restart before that loses it. Make room on the disk or make it writable.",
                  job->error->message, MAX(self->retry_ms / 1000, 1));
    }
    if (job->text != NULL) {
        if (job->in_turn) {
            (void) g_hash_table_add(self->in_turn, g_strdup(job->path)); /* push removed it */
        }
        (void) g_hash_table_replace(self->failed, g_steal_pointer(&job->path),
                                    g_steal_pointer(&job->text));
        if (self->retry_source == 0) {
            self->retry_source = g_timeout_add(self->retry_ms, retry, self);
        }
    }
}

static void
done(void *data)
{
    Job *job = data;
    MskDisk *self = job->disk;
    bool newest = GPOINTER_TO_UINT(g_hash_table_lookup(self->latest, job->path)) == job->number;

    if (newest) {
        (void) g_hash_table_remove(self->latest, job->path); /* it is there */
    }
    if (job->error != NULL && newest) {
        note_failure(self, job);
    } else if (job->error == NULL && self->failing && job->text != NULL &&
               g_hash_table_size(self->failed) == 0) {
        self->failing = false;
        log_info("the disk takes files again: %s", job->path);
    }
    job_free(job);
}

MskDisk *
msk_disk_new(unsigned retry_ms)
{
    MskDisk *self = g_new0(MskDisk, 1);

    self->worker = msk_worker_new("disk");
    self->latest = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    self->failed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    self->in_turn = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    self->refused = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    self->retry_ms = retry_ms;
    return self;
}

void
msk_disk_free(MskDisk *self)
{
    if (self == NULL) {
        return;
    }
    if (self->retry_source != 0) {
        (void) g_source_remove(self->retry_source); /* retry clears it when it has run */
    }
    msk_worker_free(self->worker);
    g_hash_table_unref(self->latest);
    g_hash_table_unref(self->failed);
    g_hash_table_unref(self->in_turn);
    g_hash_table_unref(self->refused);
    g_free(self);
}

void
msk_disk_put(MskDisk *self, const char *path, char *text)
{
    push(self, path, text, false);
}

void
msk_disk_put_in_turn(MskDisk *self, const char *path, char *text)
{
    push(self, path, text, true);
}

void
msk_disk_delete(MskDisk *self, const char *path)
{
    push(self, path, NULL, false);
}

unsigned
msk_disk_n_failed(const MskDisk *self)
{
    return g_hash_table_size(self->failed);
}

bool
msk_disk_flush(MskDisk *self, unsigned timeout_ms)
{
    return msk_worker_wait(self->worker, timeout_ms) && g_hash_table_size(self->failed) == 0;
}

static MskErrorCode
code_of(int number)
{
    switch (number) {
    case ENOSPC:
    case EDQUOT:
    case EIO:
    case EROFS:
        return MSK_ERROR_UNAVAILABLE;
    case EACCES:
    case EPERM:
        return MSK_ERROR_DENIED;
    default:
        return MSK_ERROR_INVALID;
    }
}

bool
msk_disk_make_dir(const char *path, GError **error)
{
    /* Asked of the kernel with the effective ids, which also tells a read-only file system. */
    if (g_mkdir_with_parents(path, 0700) < 0 ||
        faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) < 0) {
        int number = errno;

        g_set_error(error, MSK_ERROR, (int) code_of(number),
                    "directory %s cannot be used: %s; create it for the user of this program, or "
                    "set [DEFAULT] state_path",
                    path, g_strerror(number));
        return false;
    }
    return true;
}
