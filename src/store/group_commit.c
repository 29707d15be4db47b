/* SPDX-License-Identifier: Apache-2.0 */
#include "store/group_commit.h"

#include "base/error.h"

/* Bounds how long those wait that come while a group is at work. */
#define MAX_GROUP 64

typedef struct {
    const MskChange *change;
    MskStoreResult result;
    GError *error; /* (nullable) of a result that is FAILED */
    bool done;
    GCond turn; /* it is done, or the first in the queue while nobody leads */
} Writer;

struct MskGroupCommit {
    MskWriteFunc write;
    void *store;
    GMutex mutex;
    GQueue waiting; /* of Writer, on the stacks of their threads */
    bool led;       /* a group is at work */
};

typedef struct {
    Writer *writers[MAX_GROUP];
    unsigned n_writers;
    unsigned n_attempts;
    Writer *culprit; /* (nullable) the one that failed by itself in the last attempt */
} Group;

MskGroupCommit *
msk_group_commit_new(MskWriteFunc write, void *store)
{
    MskGroupCommit *self = g_new0(MskGroupCommit, 1);

    self->write = write;
    self->store = store;
    g_mutex_init(&self->mutex);
    g_queue_init(&self->waiting);
    return self;
}

void
msk_group_commit_free(MskGroupCommit *self)
{
    if (self == NULL) {
        return;
    }
    g_assert(g_queue_is_empty(&self->waiting) && !self->led);
    g_mutex_clear(&self->mutex);
    g_free(self);
}

/* A refusal without a change needs nothing undone; one after a change spoils the transaction, and
 * so does a failure. */
static MskStoreResult
run_one(MskDb *db, Group *group, unsigned i, GError **error)
{
    Writer *writer = group->writers[i];
    uint64_t n_before = db->n_writes;
    GError *failure = NULL;

    writer->result = writer->change->work(db, writer->change->data, &failure);
    if (writer->result == MSK_STORE_FAILED) {
        bool by_itself = !db->again && !db->broken &&
                         !g_error_matches(failure, MSK_ERROR, MSK_ERROR_UNAVAILABLE);

        group->culprit = by_itself ? writer : NULL;
        g_propagate_error(error, failure);
        return MSK_STORE_FAILED;
    }
    if (writer->result != MSK_STORE_DONE && db->n_writes != n_before) {
        group->culprit = writer;
        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE,
                    "what another request had begun has to be undone; try again");
        return MSK_STORE_FAILED;
    }
    return writer->result;
}

static MskStoreResult
run_group(MskDb *db, void *data, GError **error)
{
    Group *group = data;
    bool wrote = false;

    group->n_attempts++;
    group->culprit = NULL;
    for (unsigned i = 0; i < group->n_writers; i++) {
        MskStoreResult result = run_one(db, group, i, error);

        if (result == MSK_STORE_FAILED) {
            return MSK_STORE_FAILED;
        }
        wrote = wrote || result == MSK_STORE_DONE;
    }
    return wrote ? MSK_STORE_DONE : MSK_STORE_NOT_FOUND; /* then there is nothing to commit */
}

static void
write_alone(MskGroupCommit *self, Writer *writer)
{
    writer->result = self->write(self->store, writer->change, &writer->error);
}

/* Nothing of it was committed as far as is known; everybody is told why. */
static void
fail_all(const Group *group, const GError *failure)
{
    for (unsigned i = 0; i < group->n_writers; i++) {
        Writer *writer = group->writers[i];

        writer->result = MSK_STORE_FAILED;
        writer->error = g_error_copy(failure);
        if (group->culprit != NULL && writer != group->culprit) {
            writer->error->code = MSK_ERROR_UNAVAILABLE; /* it has done nothing wrong */
        }
    }
}

static void
write_group(MskGroupCommit *self, Group *group)
{
    g_autoptr(GError) failure = NULL;

    if (group->n_writers == 1) {
        write_alone(self, group->writers[0]);
        return;
    }
    const MskChange all = {.work = run_group, .data = group};

    if (self->write(self->store, &all, &failure) != MSK_STORE_FAILED) {
        return;
    }
    /* After a second attempt it may be open what became of the first. */
    if (group->culprit == NULL || group->n_attempts > 1) {
        fail_all(group, failure);
        return;
    }
    for (unsigned i = 0; i < group->n_writers; i++) {
        write_alone(self, group->writers[i]);
    }
}

/* The mutex is held, and is not while the group is at work. */
static void
lead(MskGroupCommit *self)
{
    Group group = {.n_writers = 0};

    while (group.n_writers < MAX_GROUP && !g_queue_is_empty(&self->waiting)) {
        group.writers[group.n_writers++] = g_queue_pop_head(&self->waiting);
    }
    self->led = true;
    g_mutex_unlock(&self->mutex);
    write_group(self, &group);
    g_mutex_lock(&self->mutex);
    self->led = false;
    for (unsigned i = 0; i < group.n_writers; i++) {
        group.writers[i]->done = true;
        g_cond_signal(&group.writers[i]->turn);
    }
    if (!g_queue_is_empty(&self->waiting)) {
        Writer *next = g_queue_peek_head(&self->waiting);

        g_cond_signal(&next->turn);
    }
}

MskStoreResult
msk_group_commit_write(MskGroupCommit *self, const MskChange *change, GError **error)
{
    Writer writer = {.change = change, .result = MSK_STORE_FAILED};

    g_cond_init(&writer.turn);
    g_mutex_lock(&self->mutex);
    g_queue_push_tail(&self->waiting, &writer);
    while (!writer.done) {
        if (self->led) {
            g_cond_wait(&writer.turn, &self->mutex);
        } else {
            lead(self);
        }
    }
    g_mutex_unlock(&self->mutex);
    g_cond_clear(&writer.turn);
    if (writer.error != NULL) {
        g_propagate_error(error, writer.error);
    }
    return writer.result;
}

unsigned
msk_group_commit_waiting(MskGroupCommit *self)
{
    g_mutex_lock(&self->mutex);
    unsigned waiting = g_queue_get_length(&self->waiting);

    g_mutex_unlock(&self->mutex);
    return waiting;
}
