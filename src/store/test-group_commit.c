/* SPDX-License-Identifier: Apache-2.0 */
#include "store/group_commit.h"

#include "base/error.h"
#include "store/test_fixture.h"

#define N_WRITERS 6

typedef enum {
    INSERTS,
    DENIES,  /* and has written nothing */
    REFUSES, /* after it has written */
    FAILS,   /* so does this one */
    HOLDS,   /* inserts when it is let go */
} Kind;

typedef struct {
    Fixture fixture;
    MskDb *db;
    MskGroupCommit *group;
    int n_transactions; /* of one thread at a time */
    bool commit_fails;
    GMutex mutex;
    GCond changed;
    bool held; /* the first writer has begun */
    bool let_go;
} World;

typedef struct {
    World *world;
    Kind kind;
    int64_t id;
    MskStoreResult result;
    GError *error;
    GThread *thread;
} Writer;

/* What the store does, without its pool and its repetitions. */
static MskStoreResult
run_transaction(void *data, const MskChange *change, GError **error)
{
    World *world = data;
    MskDb *db = world->db;

    world->n_transactions++;
    db->again = false;
    if (!db->driver->begin(db, true, error)) {
        return MSK_STORE_FAILED;
    }
    MskStoreResult result = change->work(db, change->data, error);

    if (result == MSK_STORE_DONE && world->commit_fails) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE, "the disk is gone");
        result = MSK_STORE_FAILED;
    }
    if (result == MSK_STORE_DONE) {
        g_assert_true(db->driver->commit(db, NULL));
    } else {
        db->driver->rollback(db);
    }
    return result;
}

static void
world_init(World *self)
{
    g_autoptr(GError) error = NULL;

    *self = (World){.n_transactions = 0};
    fixture_init(&self->fixture);
    self->db = fixture_db(&self->fixture, MSK_DB_USE);
    g_assert_true(
        self->db->driver->script(self->db, "CREATE TABLE scratch (id BIGINT PRIMARY KEY)", &error));
    g_assert_no_error(error);
    self->group = msk_group_commit_new(run_transaction, self);
    g_mutex_init(&self->mutex);
    g_cond_init(&self->changed);
}

static void
world_clear(World *self)
{
    msk_group_commit_free(self->group);
    msk_db_close(self->db);
    g_mutex_clear(&self->mutex);
    g_cond_clear(&self->changed);
    fixture_clear(&self->fixture);
}

static MskStoreResult
work(MskDb *db, void *data, GError **error)
{
    Writer *self = data;
    World *world = self->world;

    if (self->kind == HOLDS) {
        g_mutex_lock(&world->mutex);
        world->held = true;
        g_cond_broadcast(&world->changed);
        while (!world->let_go) {
            g_cond_wait(&world->changed, &world->mutex);
        }
        g_mutex_unlock(&world->mutex);
    }
    if (self->kind == DENIES) {
        return MSK_STORE_DUPLICATE;
    }
    if (!msk_db_run(db, "INSERT INTO scratch (id) VALUES (?)", MSK_DB_ARGS(MSK_DB_I(self->id)),
                    NULL, error)) {
        return MSK_STORE_FAILED;
    }
    if (self->kind == FAILS) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "a value is too long");
        return MSK_STORE_FAILED;
    }
    return self->kind == REFUSES ? MSK_STORE_DUPLICATE : MSK_STORE_DONE;
}

static void *
run_writer(void *data)
{
    Writer *self = data;
    const MskChange change = {.work = work, .data = self};

    self->result = msk_group_commit_write(self->world->group, &change, &self->error);
    return NULL;
}

static bool
is_there(World *world, int64_t id)
{
    g_autoptr(GError) error = NULL;
    int64_t found = 0;
    int rows = msk_db_number(world->db, "SELECT id FROM scratch WHERE id = ?",
                             MSK_DB_ARGS(MSK_DB_I(id)), &found, &error);

    g_assert_no_error(error);
    return rows == 1;
}

/* One writer is at work while the others come; then all end. */
static void
run_world(World *world, Writer *writers, Kind odd)
{
    for (int i = 0; i < N_WRITERS; i++) {
        writers[i] = (Writer){.world = world, .id = i, .kind = INSERTS};
    }
    writers[0].kind = HOLDS;
    writers[2].kind = odd;
    for (int i = 0; i < N_WRITERS; i++) {
        writers[i].thread = g_thread_new("writer", run_writer, &writers[i]);
        g_mutex_lock(&world->mutex);
        while (!world->held) {
            g_cond_wait(&world->changed, &world->mutex);
        }
        g_mutex_unlock(&world->mutex);
    }
    while (msk_group_commit_waiting(world->group) < N_WRITERS - 1) {
        g_usleep(1000);
    }
    g_mutex_lock(&world->mutex);
    world->let_go = true;
    g_cond_broadcast(&world->changed);
    g_mutex_unlock(&world->mutex);
    for (int i = 0; i < N_WRITERS; i++) {
        (void) g_thread_join(writers[i].thread); /* they return nothing */
    }
}

static void
test_those_that_wait_share_a_transaction(void)
{
    World world;
    Writer writers[N_WRITERS];

    world_init(&world);
    run_world(&world, writers, INSERTS);
    for (int i = 0; i < N_WRITERS; i++) {
        g_assert_no_error(writers[i].error);
        g_assert_cmpint(writers[i].result, ==, MSK_STORE_DONE);
        g_assert_true(is_there(&world, i));
    }
    g_assert_cmpint(world.n_transactions, ==, 2);
    world_clear(&world);
}

static void
check_refusal(Kind kind, int n_transactions)
{
    World world;
    Writer writers[N_WRITERS];

    world_init(&world);
    run_world(&world, writers, kind);
    for (int i = 0; i < N_WRITERS; i++) {
        g_assert_no_error(writers[i].error);
        g_assert_cmpint(writers[i].result, ==, i == 2 ? MSK_STORE_DUPLICATE : MSK_STORE_DONE);
        g_assert_true(is_there(&world, i) == (i != 2));
    }
    g_assert_cmpint(world.n_transactions, ==, n_transactions);
    world_clear(&world);
}

static void
test_a_refusal_leaves_the_others_as_they_are(void)
{
    check_refusal(DENIES, 2);
}

static void
test_a_refusal_undoes_only_its_own(void)
{
    check_refusal(REFUSES, 2 + N_WRITERS - 1);
}

static void
test_a_failure_is_only_of_its_own(void)
{
    World world;
    Writer writers[N_WRITERS];

    world_init(&world);
    run_world(&world, writers, FAILS);
    for (int i = 0; i < N_WRITERS; i++) {
        if (i == 2) {
            g_assert_error(writers[i].error, MSK_ERROR, MSK_ERROR_INVALID);
            g_clear_error(&writers[i].error);
        }
        g_assert_no_error(writers[i].error);
        g_assert_cmpint(writers[i].result, ==, i == 2 ? MSK_STORE_FAILED : MSK_STORE_DONE);
        g_assert_true(is_there(&world, i) == (i != 2));
    }
    g_assert_cmpint(world.n_transactions, ==, 2 + N_WRITERS - 1);
    world_clear(&world);
}

static void
test_a_commit_that_fails_is_told_to_all(void)
{
    World world;
    Writer writers[N_WRITERS];

    world_init(&world);
    world.commit_fails = true;
    run_world(&world, writers, INSERTS);
    for (int i = 0; i < N_WRITERS; i++) {
        g_assert_error(writers[i].error, MSK_ERROR, MSK_ERROR_UNAVAILABLE);
        g_assert_cmpint(writers[i].result, ==, MSK_STORE_FAILED);
        g_assert_false(is_there(&world, i));
        g_clear_error(&writers[i].error);
    }
    g_assert_cmpint(world.n_transactions, ==, 2);
    world_clear(&world);
}

/* More than one group takes: all the same, nobody is forgotten. */
typedef struct {
    World *world;
    int64_t first;
} Crowd;

static void *
run_crowd(void *data)
{
    const Crowd *self = data;

    for (int64_t i = 0; i < 10; i++) {
        Writer writer = {.world = self->world, .id = self->first + i, .kind = INSERTS};

        (void) run_writer(&writer);
        g_assert_no_error(writer.error);
        g_assert_cmpint(writer.result, ==, MSK_STORE_DONE);
    }
    return NULL;
}

static void
test_a_crowd_is_served(void)
{
    World world;
    Crowd crowds[100];
    GThread *threads[G_N_ELEMENTS(crowds)];
    int64_t n_rows = 0;

    world_init(&world);
    for (size_t i = 0; i < G_N_ELEMENTS(crowds); i++) {
        crowds[i] = (Crowd){.world = &world, .first = (int64_t) i * 10};
        threads[i] = g_thread_new("crowd", run_crowd, &crowds[i]);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(crowds); i++) {
        (void) g_thread_join(threads[i]); /* they return nothing */
    }
    g_assert_cmpint(
        msk_db_number(world.db, "SELECT COUNT(*) FROM scratch", MSK_DB_NO_ARGS, &n_rows, NULL), ==,
        1);
    g_assert_cmpint(n_rows, ==, 10 * (int64_t) G_N_ELEMENTS(crowds));
    world_clear(&world);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/group_commit/those_that_wait_share_a_transaction",
                    test_those_that_wait_share_a_transaction);
    g_test_add_func("/group_commit/a_refusal_leaves_the_others_as_they_are",
                    test_a_refusal_leaves_the_others_as_they_are);
    g_test_add_func("/group_commit/a_refusal_undoes_only_its_own",
                    test_a_refusal_undoes_only_its_own);
    g_test_add_func("/group_commit/a_failure_is_only_of_its_own",
                    test_a_failure_is_only_of_its_own);
    g_test_add_func("/group_commit/a_commit_that_fails_is_told_to_all",
                    test_a_commit_that_fails_is_told_to_all);
    g_test_add_func("/group_commit/a_crowd_is_served", test_a_crowd_is_served);
    return g_test_run();
}
