/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_private.h"

#include "store/test_fixture.h"

/* The connection is lost while a COMMIT is under way: before the database has done it, or after;
 * and it is back at once, or only when the caller was told that nobody knows. Whatever it was, once
 * more is all that is needed, and nothing is there twice or not at all. */

#define ENGINE   "aaaaaaaa-0000-4000-8000-000000000001"
#define OTHER    "aaaaaaaa-0000-4000-8000-000000000002"
#define LEASE_MS 60000
/* For what is to run into it. */
#define SHORT_TIMEOUT_MS 1000

/* The driver's functions have no other way to know. */
static struct {
    unsigned drops;      /* so many times COMMIT loses the connection */
    bool commits;        /* after it was done, the last time; before that it is undone */
    bool stays_away;     /* and then nobody gets one */
    bool away;           /* now */
    bool refuses;        /* the next COMMIT that is answered is refused */
    bool loses_rollback; /* each ROLLBACK loses the connection */
    bool writing;        /* what only reads is lost without harm */
    bool kept_alone;     /* the next token is kept, and the work is not done */
    const int64_t *kept; /* then this token turns out to be there */
    int64_t token;       /* of the present transaction, for a database that keeps none */
    int64_t done;        /* the last that was committed, for such a one */
    int64_t lost;        /* the last of a COMMIT that lost the connection */
    int64_t writer;
    const char *location;
    bool at_once;       /* whether the database is one that does a write in one statement */
    void *one;          /* that statement, of the last connection that has it */
    unsigned n_at_once; /* how often it was run */
} net;

static bool
is_away(MskDb *db, GError **error)
{
    if (net.away) {
        db->broken = true;
        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE, "away");
    }
    return net.away;
}

static bool
lossy_begin(MskDb *db, bool write, GError **error)
{
    net.writing = false;
    return !is_away(db, error) && fixture_driver()->begin(db, write, error);
}

/* In a transaction of its own, which the driver refuses to go on with. */
static void
keep_alone(int64_t token)
{
    net.done = token;
    if (fixture_driver()->keep_token != NULL) {
        g_autoptr(GError) failure = NULL;
        g_autoptr(MskDb) db =
            msk_db_open(fixture_driver(), net.location, MSK_DB_USE, 5000, &failure);

        g_assert_no_error(failure);
        g_assert_false(fixture_driver()->keep_token(db, net.writer, token, &failure));
        g_assert_error(failure, MSK_ERROR, MSK_ERROR_UNAVAILABLE);
        g_assert_true(db->again);
    }
}

static bool
begin_write(MskDb *db, int64_t writer, GError **error)
{
    net.writing = true;
    net.token = 0;
    net.writer = writer;
    return !is_away(db, error);
}

static bool
lossy_begin_turn(MskDb *db, int64_t writer, int64_t token, GError **error)
{
    if (!begin_write(db, writer, error)) {
        return false;
    }
    net.token = token;
    if (net.kept_alone) { /* as a server that has ended the transaction by itself */
        net.kept_alone = false;
        keep_alone(token);
        db->again = true;
        db->broken = true;
        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE, "no transaction any more");
        return false;
    }
    return fixture_driver()->begin_turn != NULL
               ? fixture_driver()->begin_turn(db, writer, token, error)
               : fixture_driver()->begin(db, true, error);
}

static bool
lossy_begin_asking(MskDb *db, int64_t writer, int64_t *ret_token, GError **error)
{
    if (!begin_write(db, writer, error)) {
        return false;
    }
    if (fixture_driver()->begin_asking != NULL) {
        return fixture_driver()->begin_asking(db, writer, ret_token, error);
    }
    *ret_token = net.done;
    return fixture_driver()->begin(db, true, error);
}

static bool
lossy_keep_token(MskDb *db, int64_t writer, int64_t token, GError **error)
{
    net.token = token;
    return fixture_driver()->keep_token == NULL ||
           fixture_driver()->keep_token(db, writer, token, error);
}

/* The server says no. In a cluster it may do so as the one that was lost has come through. */
static bool
refuse(MskDb *db, GError **error)
{
    fixture_driver()->rollback(db);
    net.refuses = false;
    if (net.kept != NULL) {
        keep_alone(*net.kept);
    }
    db->again = true;
    g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE, "another writer was faster");
    return false;
}

static bool
lossy_commit(MskDb *db, GError **error)
{
    bool drops = net.drops > 0 && net.writing;

    if (!drops && net.refuses && net.writing) {
        return refuse(db, error);
    }
    if (drops && (net.drops > 1 || !net.commits)) {
        fixture_driver()->rollback(db);
    } else if (!fixture_driver()->commit(db, error)) {
        return false;
    } else if (net.writing) {
        net.done = net.token;
    }
    if (!drops) {
        return true;
    }
    if (net.lost != 0 && net.kept != NULL) {
        keep_alone(*net.kept);
    }
    net.lost = net.token;
    net.drops--;
    net.away = net.stays_away;
    db->broken = true;
    db->unknown = true;
    g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE, "lost");
    return false;
}

static void
lossy_rollback(MskDb *db)
{
    fixture_driver()->rollback(db);
    if (net.loses_rollback) {
        db->broken = true;
        db->again = true;
    }
}

static MskDb *
lossy_open(const char *location, MskDbMode mode, unsigned busy_timeout_ms, GError **error)
{
    MskDb *db = fixture_driver()->open(location, mode, busy_timeout_ms, error);

    if (db != NULL) {
        db->does_at_once = db->does_at_once && net.at_once;
    }
    return db;
}

static void *
lossy_prepare(MskDb *db, const char *sql, GError **error)
{
    void *native = fixture_driver()->prepare(db, sql, error);

    if (strstr(sql, " RETURNING ") != NULL) {
        net.one = native;
    }
    return native;
}

static void
lossy_finalize(void *native)
{
    net.one = net.one == native ? NULL : net.one;
    fixture_driver()->finalize(native);
}

/* What is one statement is lost as a COMMIT is. */
static int
lossy_step(MskDb *db, void *native, GError **error)
{
    bool drops = native == net.one && net.drops > 0;

    net.n_at_once += native == net.one;
    if (!drops || net.commits) {
        int more = fixture_driver()->step(db, native, error);

        if (!drops) {
            return more;
        }
        g_assert_cmpint(more, ==, 1);
    }
    net.drops--;
    net.away = net.stays_away;
    db->broken = true;
    db->unsure = true;
    g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE, "lost");
    return -1;
}

typedef struct {
    Fixture fixture;
    MskStore *store; /* behind the net */
} World;

/* Whether the database stays away after the COMMIT goes wrong in that way. */
static bool
stays_away(unsigned way)
{
    return (way & 2) != 0;
}

static void
setup_with(World *self, unsigned way, bool at_once)
{
    static MskDbDriver lossy;
    g_autoptr(GError) failure = NULL;

    lossy = *fixture_driver();
    lossy.begin = lossy_begin;
    lossy.begin_turn = lossy_begin_turn;
    lossy.begin_asking = lossy_begin_asking;
    lossy.keep_token = lossy_keep_token;
    lossy.commit = lossy_commit;
    lossy.rollback = lossy_rollback;
    lossy.open = lossy_open;
    lossy.prepare = lossy_prepare;
    lossy.step = lossy_step;
    lossy.finalize = lossy_finalize;
    fixture_init(&self->fixture);
    memset(&net, 0, sizeof(net));
    net.location = self->fixture.path;
    net.at_once = at_once;
    MskStoreOptions options = fixture_options(&self->fixture);

    /* Where it is back at once, a busy machine must not make it late. */
    options.busy_timeout_ms = stays_away(way) ? 50 : 60000;
    g_autoptr(MskSegment) segment = make_segment(self->fixture.store, "segment");
    g_autoptr(MskHost) host = make_host(self->fixture.store, segment->uuid, "h1");

    self->store = msk_store_open_with(&lossy, self->fixture.path, &options, &failure);
    g_assert_no_error(failure);
}

static void
setup(World *self, unsigned way)
{
    setup_with(self, way, false);
}

static void
clear(World *self)
{
    msk_store_free(self->store);
    fixture_clear(&self->fixture);
}

/* How the next COMMIT goes wrong: four ways. */
static void
spoil(unsigned way)
{
    net.drops = 1;
    net.commits = (way & 1) != 0;
    net.stays_away = stays_away(way);
    g_test_message("the COMMIT is %s, and the database is back %s", net.commits ? "done" : "undone",
                   net.stays_away ? "later" : "at once");
}

/* What the call has to come to; then the database is back. */
static void
check_told(MskStoreResult result, const GError *error)
{
    if (net.stays_away) {
        g_assert_cmpint(result, ==, MSK_STORE_FAILED);
        g_assert_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE);
        g_assert_nonnull(strstr(error->message, "it is not known whether"));
    } else {
        g_assert_no_error(error);
        g_assert_cmpint(result, ==, MSK_STORE_DONE);
    }
    g_assert_cmpuint(net.drops, ==, 0);
    net.away = false;
}

static int64_t
count(const World *self, const char *sql)
{
    g_autoptr(GError) failure = NULL;
    g_autoptr(MskDb) db = fixture_db(&self->fixture, MSK_DB_USE);
    int64_t number = 0;

    g_assert_cmpint(msk_db_number(db, sql, MSK_DB_NO_ARGS, &number, &failure), ==, 1);
    g_assert_no_error(failure);
    return number;
}

static void
change(const World *self, const char *sql)
{
    g_autoptr(GError) failure = NULL;
    g_autoptr(MskDb) db = fixture_db(&self->fixture, MSK_DB_USE);

    g_assert_true(db->driver->script(db, sql, &failure));
    g_assert_no_error(failure);
}

/* @at_once: a database without such statements does without. */
static void
post_through_a_loss(bool at_once)
{
    for (unsigned way = 0; way < 4; way++) {
        World world;
        g_autoptr(GError) failure = NULL;
        g_autoptr(MskNotification) notification = g_new0(MskNotification, 1);

        setup_with(&world, way, at_once);
        notification->type = g_strdup("VM");
        notification->generated_time_us = g_get_real_time();
        notification->payload = g_strdup("{\"event\": \"LIFECYCLE\", \"instance_uuid\": \"i\", "
                                         "\"vir_domain_event\": \"STOPPED_FAILED\"}");
        spoil(way);
        MskStoreResult result =
            msk_store_notification_create(world.store, "h1", 180, notification, &failure);

        check_told(result, failure);
        g_assert_cmpuint(net.n_at_once, ==, at_once && fixture_driver()->is_server ? 1 : 0);
        g_assert_true((notification->meta.id != 0) == (result == MSK_STORE_DONE));
        /* The monitor posts again what was answered 503. */
        MskStoreResult again =
            post_vm(world.store, "h1", "i", notification->generated_time_us, NULL);

        g_assert_cmpint(again, ==,
                        net.commits || !net.stays_away ? MSK_STORE_DUPLICATE : MSK_STORE_DONE);
        g_assert_cmpint(count(&world, "SELECT COUNT(*) FROM notifications"), ==, 1);
        clear(&world);
    }
}

static void
test_a_notification_is_there_once(void)
{
    post_through_a_loss(false);
}

static void
test_a_notification_of_one_statement_is_there_once(void)
{
    post_through_a_loss(true);
}

static void
test_a_claim_is_found_again(void)
{
    static const char *const none[] = {NULL};

    for (unsigned way = 0; way < 4; way++) {
        World world;
        g_autoptr(GError) failure = NULL;
        g_autoptr(GPtrArray) known = NULL;
        g_autoptr(GPtrArray) claims = NULL;
        g_autoptr(GPtrArray) strays = NULL;
        g_autoptr(GPtrArray) nothing = NULL;

        setup(&world, way);
        ASSERT_DONE(msk_store_engine_register(world.store, ENGINE, "a", LEASE_MS, error));
        post_vm(world.store, "h1", "known", g_get_real_time(), NULL);
        ASSERT_DONE(msk_store_claim_new(world.store, ENGINE, 10, &known, error));
        const MskClaim *kept = g_ptr_array_index(known, 0);
        const char *const known_uuids[] = {kept->notification->uuid, NULL};
        MskClaimRef ref = claim_ref(kept, ENGINE);

        post_vm(world.store, "h1", "stray", g_get_real_time(), NULL);
        spoil(way);
        MskStoreResult result = msk_store_claim_new(world.store, ENGINE, 10, &claims, &failure);

        check_told(result, failure);
        g_assert_cmpint(claims == NULL, ==, net.stays_away);
        if (net.stays_away) {
            ASSERT_DONE(msk_store_claim_release_strays(world.store, ENGINE, known_uuids, error));
            ASSERT_DONE(msk_store_claim_new(world.store, ENGINE, 10, &claims, error));
            ASSERT_DONE(
                msk_store_claim_take_over(world.store, ENGINE, none, NULL, 10, &strays, error));
            g_assert_cmpuint(strays->len, ==, net.commits ? 1 : 0);
            g_assert_cmpuint(claims->len, ==, net.commits ? 0 : 1);
        } else {
            g_assert_cmpuint(claims->len, ==, 1);
        }
        /* The one it knew of is its own still, and nothing waits any more. */
        ASSERT_DONE(msk_store_claim_save_state(world.store, &ref, "ordered", error));
        ASSERT_DONE(
            msk_store_claim_take_over(world.store, ENGINE, none, NULL, 10, &nothing, error));
        g_assert_cmpuint(nothing->len, ==, 0);
        g_assert_cmpint(count(&world, "SELECT COUNT(*) FROM masakari_c_claims WHERE state = "
                                      "'active' AND attempt = 1"),
                        ==, 2);
        clear(&world);
    }
}

static void
test_an_end_and_a_registration_are_told_once_more(void)
{
    for (unsigned way = 0; way < 4; way++) {
        World world;
        g_autoptr(GError) failure = NULL;
        g_autoptr(GPtrArray) claims = NULL;

        setup(&world, way);
        spoil(way);
        MskStoreResult result =
            msk_store_engine_register(world.store, ENGINE, "a", LEASE_MS, &failure);

        check_told(result, failure);
        g_clear_error(&failure);
        ASSERT_DONE(msk_store_engine_register(world.store, ENGINE, "a", LEASE_MS, error));
        g_assert_cmpint(count(&world, "SELECT COUNT(*) FROM masakari_c_engines"), ==, 1);
        post_vm(world.store, "h1", "i", g_get_real_time(), NULL);
        ASSERT_DONE(msk_store_claim_new(world.store, ENGINE, 10, &claims, error));
        MskClaimRef ref = claim_ref(g_ptr_array_index(claims, 0), ENGINE);

        spoil(way);
        result = msk_store_claim_finish(world.store, &ref, MSK_NOTIFICATION_FINISHED, NULL, NULL,
                                        NULL, &failure);
        check_told(result, failure);
        ASSERT_DONE(msk_store_claim_finish(world.store, &ref, MSK_NOTIFICATION_FINISHED, NULL, NULL,
                                           NULL, error));
        ASSERT_RESULT(msk_store_claim_finish(world.store, &ref, MSK_NOTIFICATION_ERROR, NULL, NULL,
                                             NULL, error),
                      MSK_STORE_LOST);
        clear(&world);
    }
}

/* The connection is lost once more while it is done again. */
static void
test_a_write_may_be_lost_twice(void)
{
    for (unsigned way = 0; way < 2; way++) {
        World world;
        g_autoptr(GPtrArray) claims = NULL;

        setup(&world, way);
        ASSERT_DONE(msk_store_engine_register(world.store, ENGINE, "a", LEASE_MS, error));
        post_vm(world.store, "h1", "i", g_get_real_time(), NULL);
        spoil(way);
        net.drops = 2;
        ASSERT_DONE(msk_store_claim_new(world.store, ENGINE, 10, &claims, error));
        g_assert_cmpuint(net.drops, ==, 0);
        g_assert_cmpuint(claims->len, ==, 1);
        MskClaimRef ref = claim_ref(g_ptr_array_index(claims, 0), ENGINE);

        ASSERT_DONE(msk_store_claim_save_state(world.store, &ref, "ordered", error));
        clear(&world);
    }
}

/* In a cluster the one that was lost may be on its way between the nodes while it is done again,
 * and come through instead: what the second one has read is of nobody then. A token of the second
 * one, whose COMMIT was refused, tells as little. Without any it is done a third time. */
static void
test_a_lost_write_comes_through_late(void)
{
    static const struct {
        bool lost_again; /* instead of refused */
        const int64_t *kept;
        bool loses_rollback;
    } rows[] = {{false, NULL, false},
                {false, &net.lost, false},
                {false, &net.token, false},
                {true, &net.lost, false},
                {false, &net.lost, true}};

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        World world;
        g_autoptr(GError) failure = NULL;

        g_test_message("row %u", i);
        setup(&world, 0);
        spoil(0);
        net.drops = rows[i].lost_again ? 2 : 1;
        net.refuses = !rows[i].lost_again;
        net.kept = rows[i].kept;
        net.loses_rollback = rows[i].loses_rollback;
        MskStoreResult result =
            msk_store_engine_register(world.store, ENGINE, "a", LEASE_MS, &failure);

        g_assert_false(net.refuses);
        g_assert_cmpuint(net.drops, ==, 0);
        if (rows[i].kept != NULL) {
            g_assert_cmpint(result, ==, MSK_STORE_FAILED);
            g_assert_error(failure, MSK_ERROR, MSK_ERROR_UNAVAILABLE);
            g_assert_nonnull(strstr(failure->message, "look again"));
        } else {
            g_assert_no_error(failure);
            g_assert_cmpint(result, ==, MSK_STORE_DONE);
        }
        g_assert_cmpint(count(&world, "SELECT COUNT(*) FROM masakari_c_engines"), ==,
                        rows[i].kept != NULL ? 0 : 1);
        clear(&world);
    }
}

/* As a Galera cluster did when it undid a transaction between two statements of one command; and
 * the next attempt, whose token is another, is lost. */
static void
test_a_token_without_its_work_tells_nothing(void)
{
    for (unsigned way = 0; way < 2; way++) {
        World world;
        g_autoptr(GPtrArray) claims = NULL;

        setup(&world, way);
        spoil(way);
        net.kept_alone = true;
        ASSERT_DONE(msk_store_engine_register(world.store, ENGINE, "a", LEASE_MS, error));
        g_assert_false(net.kept_alone);
        g_assert_cmpuint(net.drops, ==, 0);
        g_assert_cmpint(count(&world, "SELECT COUNT(*) FROM masakari_c_engines"), ==, 1);
        post_vm(world.store, "h1", "i", g_get_real_time(), NULL);
        net.kept_alone = true;
        ASSERT_DONE(msk_store_claim_new(world.store, ENGINE, 10, &claims, error));
        g_assert_false(net.kept_alone);
        g_assert_cmpuint(claims->len, ==, 1);
        MskClaimRef ref = claim_ref(g_ptr_array_index(claims, 0), ENGINE);

        spoil(way);
        net.kept_alone = true;
        ASSERT_DONE(msk_store_claim_finish(world.store, &ref, MSK_NOTIFICATION_FINISHED, NULL, NULL,
                                           NULL, error));
        g_assert_false(net.kept_alone);
        g_assert_cmpint(count(&world, "SELECT COUNT(*) FROM notifications n JOIN masakari_c_claims "
                                      "c ON c.notification_uuid = n.notification_uuid WHERE "
                                      "n.status = 'finished' AND c.state = 'ended'"),
                        ==, 1);
        clear(&world);
    }
}

/* The first write of a store makes its row; one that is taken away is made again. */
static void
test_each_writer_has_a_row(void)
{
    World world;

    setup(&world, 0);
    int64_t n_before = count(&world, "SELECT COUNT(*) FROM masakari_c_lock");

    for (unsigned i = 0; i < 3; i++) {
        ASSERT_DONE(msk_store_engine_register(world.store, ENGINE, "a", LEASE_MS, error));
        g_assert_cmpint(count(&world, "SELECT COUNT(*) FROM masakari_c_lock"), ==, n_before + 1);
    }
    change(&world, "UPDATE masakari_c_lock SET wrote_at = UTC_TIMESTAMP() - INTERVAL 2 DAY");
    g_autoptr(GError) failure = NULL;
    MskStoreOptions options = fixture_options(&world.fixture);
    g_autoptr(MskStore) other = msk_store_open(&options, &failure);

    g_assert_no_error(failure);
    ASSERT_DONE(msk_store_engine_register(other, ENGINE, "a", LEASE_MS, error));
    g_assert_cmpint(count(&world, "SELECT COUNT(*) FROM masakari_c_lock"), ==, 2);
    spoil(0);
    ASSERT_DONE(msk_store_engine_register(world.store, OTHER, "b", LEASE_MS, error));
    g_assert_cmpint(count(&world, "SELECT COUNT(*) FROM masakari_c_engines"), ==, 2);
    g_assert_cmpint(count(&world, "SELECT COUNT(*) FROM masakari_c_lock"), ==, 3);
    clear(&world);
}

/* Nobody takes a turn without the row that stands for it, neither a new writer nor one that has its
 * own row. */
static void
test_no_lock_no_write(void)
{
    World world;

    setup(&world, 0);
    for (int i = 0; i < 2; i++) {
        g_autoptr(GError) failure = NULL;

        change(&world, "DELETE FROM masakari_c_lock WHERE id = 1");
        g_assert_cmpint(msk_store_engine_register(world.store, OTHER, "b", LEASE_MS, &failure), ==,
                        MSK_STORE_FAILED);
        g_assert_error(failure, MSK_ERROR, MSK_ERROR_INTERNAL);
        g_assert_cmpint(count(&world, "SELECT COUNT(*) FROM masakari_c_engines"), ==, i);
        change(&world, "INSERT INTO masakari_c_lock (id, turn) VALUES (1, 0)");
        ASSERT_DONE(msk_store_engine_register(world.store, ENGINE, "a", LEASE_MS, error));
    }
    clear(&world);
}

/* A server that has not ended the transaction cannot tell yet. */
static void
test_asking_waits_for_the_lost_one(void)
{
    Fixture fixture;
    g_autoptr(GError) failure = NULL;
    int64_t token = 0;

    fixture_init(&fixture);
    MskDb *lost = fixture_db(&fixture, MSK_DB_USE);
    MskDb *asking =
        msk_db_open(fixture_driver(), fixture.path, MSK_DB_USE, SHORT_TIMEOUT_MS, &failure);

    g_assert_no_error(failure);
    g_assert_true(lost->driver->begin_turn(lost, 5, 7, &failure));
    g_assert_false(asking->driver->begin_asking(asking, 5, &token, &failure));
    g_assert_error(failure, MSK_ERROR, MSK_ERROR_UNAVAILABLE);
    g_assert_true(asking->again);
    g_clear_error(&failure);
    asking->driver->rollback(asking);
    g_assert_true(lost->driver->commit(lost, &failure));
    g_assert_true(asking->driver->begin_asking(asking, 5, &token, &failure));
    g_assert_cmpint(token, ==, 7);
    g_assert_true(
        asking->driver->script(asking, "DELETE FROM masakari_c_lock WHERE id = 1", &failure));
    g_assert_true(asking->driver->commit(asking, &failure));
    g_assert_false(asking->driver->begin_asking(asking, 5, &token, &failure));
    g_assert_error(failure, MSK_ERROR, MSK_ERROR_INTERNAL);
    asking->driver->rollback(asking);
    msk_db_close(lost);
    msk_db_close(asking);
    fixture_clear(&fixture);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store_lost_answer/a_notification_is_there_once",
                    test_a_notification_is_there_once);
    g_test_add_func("/store_lost_answer/a_notification_of_one_statement_is_there_once",
                    test_a_notification_of_one_statement_is_there_once);
    g_test_add_func("/store_lost_answer/a_claim_is_found_again", test_a_claim_is_found_again);
    g_test_add_func("/store_lost_answer/an_end_and_a_registration_are_told_once_more",
                    test_an_end_and_a_registration_are_told_once_more);
    g_test_add_func("/store_lost_answer/a_write_may_be_lost_twice", test_a_write_may_be_lost_twice);
    g_test_add_func("/store_lost_answer/a_lost_write_comes_through_late",
                    test_a_lost_write_comes_through_late);
    g_test_add_func("/store_lost_answer/a_token_without_its_work_tells_nothing",
                    test_a_token_without_its_work_tells_nothing);
    if (fixture_driver()->begin_turn != NULL) {
        g_test_add_func("/store_lost_answer/each_writer_has_a_row", test_each_writer_has_a_row);
        g_test_add_func("/store_lost_answer/no_lock_no_write", test_no_lock_no_write);
        g_test_add_func("/store_lost_answer/asking_waits_for_the_lost_one",
                        test_asking_waits_for_the_lost_one);
    }
    return g_test_run();
}
