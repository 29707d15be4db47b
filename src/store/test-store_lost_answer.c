/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_private.h"

#include "store/test_fixture.h"

/* The connection is lost while a COMMIT is under way: before the database has done it, or after;
 * and it is back at once, or only when the caller was told that nobody knows. Whatever it was, once
 * more is all that is needed, and nothing is there twice or not at all. */

#define ENGINE   "aaaaaaaa-0000-4000-8000-000000000001"
#define LEASE_MS 60000

/* The driver's functions have no other way to know. */
static struct {
    bool drops;       /* the next COMMIT loses the connection */
    bool commits;     /* after it was done */
    bool stays_away;  /* and then nobody gets one */
    bool away;        /* now */
    bool writing;     /* what only reads is lost without harm */
    bool keeps_token; /* the next token is there before the work is */
    char *token;      /* of the present transaction */
    GHashTable *done; /* tokens, for a database that keeps none */
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

static void
keep_token(MskDb *db, const char *token)
{
    g_autofree char *sql = g_strdup_printf(
        "INSERT INTO masakari_c_commits (token, committed_at) VALUES ('%s', UTC_TIMESTAMP())",
        token);

    net.keeps_token = false;
    g_hash_table_add(net.done, g_strdup(token));
    g_assert_true(fixture_driver()->begin_once == NULL || fixture_driver()->script(db, sql, NULL));
}

static int
lossy_begin_once(MskDb *db, const char *token, GError **error)
{
    net.writing = true;
    if (is_away(db, error)) {
        return -1;
    }
    if (net.keeps_token) {
        keep_token(db, token);
    }
    if (fixture_driver()->begin_once != NULL) {
        return fixture_driver()->begin_once(db, token, error);
    }
    if (!fixture_driver()->begin(db, true, error)) {
        return -1;
    }
    g_free(net.token);
    net.token = g_strdup(token);
    return g_hash_table_contains(net.done, token) ? 0 : 1;
}

static bool
lossy_commit(MskDb *db, GError **error)
{
    bool drops = net.drops && net.writing;

    if (drops && !net.commits) {
        fixture_driver()->rollback(db);
    } else if (!fixture_driver()->commit(db, error)) {
        return false;
    } else if (net.token != NULL) {
        g_hash_table_add(net.done, g_steal_pointer(&net.token));
    }
    if (!drops) {
        return true;
    }
    net.drops = false;
    net.away = net.stays_away;
    db->broken = true;
    db->unknown = true;
    g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE, "lost");
    return false;
}

/* SQLite has no table of tokens to clean. */
static void *
lossy_prepare(MskDb *db, const char *sql, GError **error)
{
    bool cleans = g_str_has_prefix(sql, "DELETE FROM masakari_c_commits") &&
                  fixture_driver() == &msk_sqlite_driver;

    return fixture_driver()->prepare(
        db, cleans ? "DELETE FROM masakari_c_engines WHERE uuid = ''" : sql, error);
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
setup(World *self, unsigned way)
{
    static MskDbDriver lossy;
    g_autoptr(GError) failure = NULL;

    lossy = *fixture_driver();
    lossy.begin = lossy_begin;
    lossy.begin_once = lossy_begin_once;
    lossy.commit = lossy_commit;
    lossy.prepare = lossy_prepare;
    net.done = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    fixture_init(&self->fixture);
    MskStoreOptions options = fixture_options(&self->fixture);

    /* Where it is back at once, a busy machine must not make it late. */
    options.busy_timeout_ms = stays_away(way) ? 50 : 60000;
    g_autoptr(MskSegment) segment = make_segment(self->fixture.store, "segment");
    g_autoptr(MskHost) host = make_host(self->fixture.store, segment->uuid, "h1");

    self->store = msk_store_open_with(&lossy, self->fixture.path, &options, &failure);
    g_assert_no_error(failure);
}

static void
clear(World *self)
{
    msk_store_free(self->store);
    fixture_clear(&self->fixture);
    g_clear_pointer(&net.token, g_free);
    g_clear_pointer(&net.done, g_hash_table_unref);
}

/* How the next COMMIT goes wrong: four ways. */
static void
spoil(unsigned way)
{
    net.drops = true;
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
    g_assert_false(net.drops);
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
test_a_notification_is_there_once(void)
{
    for (unsigned way = 0; way < 4; way++) {
        World world;
        g_autoptr(GError) failure = NULL;
        g_autoptr(MskNotification) notification = g_new0(MskNotification, 1);

        setup(&world, way);
        notification->type = g_strdup("VM");
        notification->generated_time_us = g_get_real_time();
        notification->payload = g_strdup("{\"event\": \"LIFECYCLE\", \"instance_uuid\": \"i\", "
                                         "\"vir_domain_event\": \"STOPPED_FAILED\"}");
        spoil(way);
        MskStoreResult result =
            msk_store_notification_create(world.store, "h1", 180, notification, &failure);

        check_told(result, failure);
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
        if (claims == NULL) {
            ASSERT_DONE(msk_store_claim_release_strays(world.store, ENGINE, known_uuids, error));
            ASSERT_DONE(msk_store_claim_new(world.store, ENGINE, 10, &claims, error));
            ASSERT_DONE(
                msk_store_claim_take_over(world.store, ENGINE, none, NULL, 10, &strays, error));
            g_assert_cmpuint(strays->len, ==, net.commits ? 1 : 0);
            g_assert_cmpuint(claims->len, ==, net.commits ? 0 : 1);
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

/* As a Galera cluster did when it undid a transaction between two statements of one command. */
static void
test_a_token_without_a_commit_tells_nothing(void)
{
    World world;
    g_autoptr(GPtrArray) claims = NULL;

    setup(&world, 0);
    net.keeps_token = true;
    ASSERT_DONE(msk_store_engine_register(world.store, ENGINE, "a", LEASE_MS, error));
    g_assert_false(net.keeps_token);
    g_assert_cmpint(count(&world, "SELECT COUNT(*) FROM masakari_c_engines"), ==, 1);
    post_vm(world.store, "h1", "i", g_get_real_time(), NULL);
    net.keeps_token = true;
    ASSERT_DONE(msk_store_claim_new(world.store, ENGINE, 10, &claims, error));
    g_assert_false(net.keeps_token);
    g_assert_cmpuint(claims->len, ==, 1);
    MskClaimRef ref = claim_ref(g_ptr_array_index(claims, 0), ENGINE);

    net.keeps_token = true;
    ASSERT_DONE(msk_store_claim_finish(world.store, &ref, MSK_NOTIFICATION_FINISHED, NULL, NULL,
                                       NULL, error));
    g_assert_false(net.keeps_token);
    g_assert_cmpint(count(&world, "SELECT COUNT(*) FROM notifications n JOIN masakari_c_claims c "
                                  "ON c.notification_uuid = n.notification_uuid WHERE "
                                  "n.status = 'finished' AND c.state = 'ended'"),
                    ==, 1);
    clear(&world);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store_lost_answer/a_notification_is_there_once",
                    test_a_notification_is_there_once);
    g_test_add_func("/store_lost_answer/a_claim_is_found_again", test_a_claim_is_found_again);
    g_test_add_func("/store_lost_answer/an_end_and_a_registration_are_told_once_more",
                    test_an_end_and_a_registration_are_told_once_more);
    g_test_add_func("/store_lost_answer/a_token_without_a_commit_tells_nothing",
                    test_a_token_without_a_commit_tells_nothing);
    return g_test_run();
}
