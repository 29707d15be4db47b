/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "store/store_private.h"
#include "store/test_fixture.h"

static void
test_connection_strings_are_checked(void)
{
    static const struct {
        const char *connection;
        const char *message;
    } rows[] = {
        {NULL, "not set"},
        {"", "not set"},
        {"sqlite://", "does not know"},
        {"sqlite:///", "does not know"},
        {"sqlite:///relative.sqlite", "absolute"},
        {"sqlite:///:memory:", "absolute"},
        {"sqlite:////tmp/x.sqlite?mode=ro", "absolute"},
        {"postgresql://masakari:sesame@db/masakari", "does not know"},
        {"/var/lib/masakari/masakari.sqlite", "does not know"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        MskStoreOptions options = {.connection = rows[i].connection, .max_connections = 1};
        g_autoptr(MskStore) store = msk_store_open(&options, &error);

        g_assert_null(store);
        g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
        g_assert_nonnull(strstr(error->message, rows[i].message));
        g_assert_nonnull(strstr(error->message, "sqlite:////"));
        g_assert_null(strstr(error->message, "sesame"));
    }
}

static void
keep_warning(const MskLogRecord *record, void *data)
{
    GString *warnings = data;

    if (record->level == MSK_LOG_WARNING) {
        g_string_append_printf(warnings, "%s\n", record->message);
    }
}

static void
test_options_of_a_server_have_no_effect_on_a_file(void)
{
    const struct {
        const char *parameters;
        bool has_sync_wait;
        const char *name; /* (nullable) of what is warned of */
    } rows[] = {
        {NULL, false, NULL},
        {"", false, NULL},
        {"timeout=9", false, "connection_parameters"},
        {"", true, "mysql_wsrep_sync_wait"},
    };
    Fixture fixture;

    fixture_init(&fixture);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GString) warnings = g_string_new(NULL);
        MskStoreOptions options = fixture_options(&fixture);

        options.parameters = rows[i].parameters;
        options.has_sync_wait = rows[i].has_sync_wait;
        msk_log_set_sink(keep_warning, warnings);
        g_autoptr(MskStore) store = msk_store_open(&options, &error);

        msk_log_set_sink(NULL, NULL);
        g_assert_no_error(error);
        if (rows[i].name == NULL) {
            g_assert_cmpstr(warnings->str, ==, "");
        } else {
            g_assert_nonnull(strstr(warnings->str, rows[i].name));
            g_assert_true(strchr(warnings->str, '\n') == warnings->str + warnings->len - 1);
        }
    }
    fixture_clear(&fixture);
}

typedef struct {
    GMutex mutex;
    GCond cond;
    bool release;
    int inside;
    int most;
} Gate;

static MskStoreResult
hold(MskDb *db, void *data, GError **error)
{
    Gate *gate = data;
    int64_t one = 0;

    g_mutex_lock(&gate->mutex);
    gate->inside++;
    gate->most = MAX(gate->most, gate->inside);
    g_cond_broadcast(&gate->cond);
    while (!gate->release) {
        g_cond_wait(&gate->cond, &gate->mutex);
    }
    gate->inside--;
    g_mutex_unlock(&gate->mutex);
    return msk_store_result_of(msk_db_number(db, "SELECT 1", MSK_DB_NO_ARGS, &one, error));
}

typedef struct {
    MskStore *store;
    Gate *gate;
} Holder;

static void *
hold_connection(void *data)
{
    const Holder *holder = data;

    /* Without a transaction: a server ends one that is idle while the pool is waited for. */
    ASSERT_DONE(msk_store_look(holder->store, hold, holder->gate, error));
    return NULL;
}

/* Waits until so many hold a connection. */
static void
wait_until_held(Gate *gate, int count)
{
    g_mutex_lock(&gate->mutex);
    while (gate->inside < count) {
        g_cond_wait(&gate->cond, &gate->mutex);
    }
    g_mutex_unlock(&gate->mutex);
}

static void
test_the_pool_is_bounded_and_a_caller_beyond_it_waits(void)
{
    enum { CONNECTIONS = 2 };
    Fixture fixture;
    Gate gate = {.release = false};
    GThread *threads[CONNECTIONS];
    g_autoptr(GError) error = NULL;

    fixture_init_empty(&fixture);
    MskStoreOptions options = {
        .connection = fixture.connection, .max_connections = CONNECTIONS, .busy_timeout_ms = 1000};

    g_assert_true(msk_store_sync(&options, NULL, &error));
    fixture.store = msk_store_open(&options, &error);
    g_assert_no_error(error);
    Holder holder = {.store = fixture.store, .gate = &gate};

    g_mutex_init(&gate.mutex);
    g_cond_init(&gate.cond);
    for (int i = 0; i < CONNECTIONS; i++) {
        threads[i] = g_thread_new("holder", hold_connection, &holder);
    }
    wait_until_held(&gate, CONNECTIONS);
    g_assert_false(msk_store_ping(fixture.store, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE);
    g_assert_nonnull(strstr(error->message, "max_pool_size"));
    g_clear_error(&error);

    g_mutex_lock(&gate.mutex);
    gate.release = true;
    g_cond_broadcast(&gate.cond);
    g_mutex_unlock(&gate.mutex);
    g_assert_true(
        msk_store_ping(fixture.store, &error)); /* waits for one to come back, if need be */
    g_assert_no_error(error);
    for (int i = 0; i < CONNECTIONS; i++) {
        g_thread_join(threads[i]);
    }
    g_assert_cmpint(gate.most, ==, CONNECTIONS);
    g_mutex_clear(&gate.mutex);
    g_cond_clear(&gate.cond);
    fixture_clear(&fixture);
}

static MskStoreResult
note_connection(MskDb *db, void *data, GError **error)
{
    MskDb **ret = data;
    int64_t one = 0;

    *ret = db;
    return msk_store_result_of(msk_db_number(db, "SELECT 1", MSK_DB_NO_ARGS, &one, error));
}

static void
test_callers_that_wait_get_connections_beyond_the_pool(void)
{
    Fixture fixture;
    Gate gate = {.release = false};
    GThread *threads[2];
    g_autoptr(GError) error = NULL;

    fixture_init(&fixture);
    msk_store_free(fixture.store);
    MskStoreOptions options = fixture_options(&fixture);

    options.max_connections = 1;
    options.max_overflow = 1;
    options.pool_timeout_ms = 400;
    fixture.store = msk_store_open(&options, &error);
    g_assert_no_error(error);
    Holder holder = {.store = fixture.store, .gate = &gate};

    g_mutex_init(&gate.mutex);
    g_cond_init(&gate.cond);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
        threads[i] = g_thread_new("holder", hold_connection, &holder);
    }
    wait_until_held(&gate, G_N_ELEMENTS(threads));
    g_assert_false(msk_store_ping(fixture.store, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE);
    g_assert_nonnull(strstr(error->message, "all 2 connections"));
    g_mutex_lock(&gate.mutex);
    gate.release = true;
    g_cond_broadcast(&gate.cond);
    g_mutex_unlock(&gate.mutex);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
        g_thread_join(threads[i]);
    }
    g_assert_cmpuint(msk_store_n_open(fixture.store), ==, 1);
    g_mutex_clear(&gate.mutex);
    g_cond_clear(&gate.cond);
    fixture_clear(&fixture);
}

static void
test_a_connection_that_rested_for_too_long_is_not_used(void)
{
    Fixture fixture;
    MskDb *first = NULL;
    MskDb *second = NULL;

    fixture_init(&fixture);
    msk_store_free(fixture.store);
    MskStoreOptions options = fixture_options(&fixture);

    options.recycle_s = 3600;
    fixture.store = msk_store_open(&options, NULL);
    g_assert_nonnull(fixture.store);
    ASSERT_DONE(msk_store_look(fixture.store, note_connection, &first, error));
    int64_t opened_us = first->opened_mono_us;

    first->opened_mono_us -= options.recycle_s * G_USEC_PER_SEC; /* an hour goes by */
    ASSERT_DONE(msk_store_look(fixture.store, note_connection, &second, error));
    g_assert_cmpint(second->opened_mono_us, >, opened_us);
    g_assert_cmpuint(msk_store_n_open(fixture.store), ==, 1);
    fixture_clear(&fixture);
}

static MskStoreResult
read_sync_wait(MskDb *db, void *data, GError **error)
{
    return msk_store_result_of(
        msk_db_number(db, "SELECT @@SESSION.wsrep_sync_wait", MSK_DB_NO_ARGS, data, error));
}

static void
test_a_connection_waits_for_other_nodes_where_that_is_wanted(void)
{
    Fixture fixture;
    int64_t value = 0;

    fixture_init(&fixture);
    msk_store_free(fixture.store);
    MskStoreOptions options = fixture_options(&fixture);

    options.parameters = "init_command=SET+SESSION+lock_wait_timeout%3D9";
    options.has_sync_wait = true;
    options.sync_wait = 3;
    fixture.store = msk_store_open(&options, NULL);
    g_assert_nonnull(fixture.store);
    ASSERT_DONE(msk_store_look(fixture.store, read_sync_wait, &value, error));
    g_assert_cmpint(value, ==, 3);
    fixture_clear(&fixture);
}

static MskStoreResult
write_then_refuse(MskDb *db, void *data, GError **error)
{
    const MskStoreResult *result = data;

    g_assert_true(msk_db_run(db, "DELETE FROM masakari_c_engines", MSK_DB_NO_ARGS, NULL, error));
    if (*result == MSK_STORE_FAILED) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INTERNAL, "as the test wants");
    }
    return *result;
}

static void
test_work_that_is_not_done_is_undone(void)
{
    static const MskStoreResult results[] = {MSK_STORE_FAILED, MSK_STORE_NOT_FOUND, MSK_STORE_LOST,
                                             MSK_STORE_DUPLICATE};
    Fixture fixture;

    fixture_init(&fixture);
    ASSERT_DONE(msk_store_engine_register(fixture.store, "e", "h", 1000, error));
    for (size_t i = 0; i < G_N_ELEMENTS(results); i++) {
        MskStoreResult result = results[i];
        g_autoptr(GError) failure = NULL;
        g_autoptr(GPtrArray) engines = NULL;

        g_assert_cmpint(msk_store_write(fixture.store, write_then_refuse, &result, &failure), ==,
                        result);
        ASSERT_DONE(msk_store_engine_list(fixture.store, &engines, error));
        g_assert_cmpuint(engines->len, ==, 1);
    }
    fixture_clear(&fixture);
}

/* The first time, the transaction is gone before its end, and no answer has said so. */
static MskStoreResult
lose_the_transaction_once(MskDb *db, void *data, GError **error)
{
    int *n_runs = data;

    if (!msk_db_run(db,
                    "INSERT INTO masakari_c_engines (uuid, host, started_at, lease_until) VALUES "
                    "('e', 'h', 1, 2)",
                    MSK_DB_NO_ARGS, NULL, error) ||
        (++*n_runs == 1 && !db->driver->script(db, "ROLLBACK", error))) {
        return MSK_STORE_FAILED;
    }
    return MSK_STORE_DONE;
}

static void
test_a_transaction_that_the_server_has_ended_is_run_again(void)
{
    Fixture fixture;
    g_autoptr(GPtrArray) engines = NULL;
    int n_runs = 0;

    fixture_init(&fixture);
    ASSERT_DONE(msk_store_write(fixture.store, lose_the_transaction_once, &n_runs, error));
    g_assert_cmpint(n_runs, ==, 2);
    ASSERT_DONE(msk_store_engine_list(fixture.store, &engines, error));
    g_assert_cmpuint(engines->len, ==, 1);
    fixture_clear(&fixture);
}

/* While one connection is in use, the file is replaced by a copy and a second one is wanted. */
static MskStoreResult
replace_and_ping(G_GNUC_UNUSED MskDb *db, void *data, G_GNUC_UNUSED GError **error)
{
    const Fixture *fixture = data;
    g_autofree char *aside = g_strconcat(fixture->path, "-aside", NULL);
    g_autofree char *bytes = NULL;
    size_t length = 0;
    g_autoptr(GError) failure = NULL;

    g_assert_true(g_file_get_contents(fixture->path, &bytes, &length, &failure));
    g_assert_cmpint(g_rename(fixture->path, aside), ==, 0);
    g_assert_true(g_file_set_contents(fixture->path, bytes, (gssize) length, &failure));
    g_assert_no_error(failure);
    g_assert_false(msk_store_ping(fixture->store, &failure));
    g_assert_error(failure, MSK_ERROR, MSK_ERROR_UNAVAILABLE);
    g_assert_nonnull(strstr(failure->message, "was replaced"));
    g_assert_cmpint(g_rename(aside, fixture->path), ==, 0);
    return MSK_STORE_DONE;
}

static void
test_a_new_connection_is_to_the_same_file(void)
{
    Fixture fixture;

    fixture_init(&fixture);
    ASSERT_DONE(msk_store_read(fixture.store, replace_and_ping, &fixture, error));
    g_assert_true(msk_store_ping(fixture.store, NULL));
    fixture_clear(&fixture);
}

static void
test_of_those_that_rest_one_stays(void)
{
    enum { CONNECTIONS = 3 };
    Fixture fixture;
    Gate gate = {.release = false};
    GThread *threads[CONNECTIONS];

    fixture_init(&fixture);
    Holder holder = {.store = fixture.store, .gate = &gate};

    g_mutex_init(&gate.mutex);
    g_cond_init(&gate.cond);
    for (int i = 0; i < CONNECTIONS; i++) {
        threads[i] = g_thread_new("holder", hold_connection, &holder);
    }
    wait_until_held(&gate, CONNECTIONS);
    msk_store_rest(fixture.store); /* none rests */
    g_assert_cmpuint(msk_store_n_open(fixture.store), ==, CONNECTIONS);
    g_mutex_lock(&gate.mutex);
    gate.release = true;
    g_cond_broadcast(&gate.cond);
    g_mutex_unlock(&gate.mutex);
    for (int i = 0; i < CONNECTIONS; i++) {
        g_thread_join(threads[i]);
    }
    g_assert_cmpuint(msk_store_n_open(fixture.store), ==, CONNECTIONS);
    for (int i = 0; i < 2; i++) {
        msk_store_rest(fixture.store);
        g_assert_cmpuint(msk_store_n_open(fixture.store), ==, 1);
        g_assert_true(msk_store_ping(fixture.store, NULL));
    }
    g_mutex_clear(&gate.mutex);
    g_cond_clear(&gate.cond);
    fixture_clear(&fixture);
}

static MskStoreResult
look_for_statements(MskDb *db, G_GNUC_UNUSED void *data, G_GNUC_UNUSED GError **error)
{
    g_assert_cmpuint(g_hash_table_size(db->statements), ==, 0);
    return MSK_STORE_DONE;
}

static void
test_what_was_asked_at_the_opening_is_not_kept(void)
{
    Fixture fixture;

    fixture_init(&fixture);
    ASSERT_DONE(msk_store_look(fixture.store, look_for_statements, NULL, error));
    fixture_clear(&fixture);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/connection_strings_are_checked", test_connection_strings_are_checked);
    g_test_add_func("/store/the_pool_is_bounded_and_a_caller_beyond_it_waits",
                    test_the_pool_is_bounded_and_a_caller_beyond_it_waits);
    g_test_add_func("/store/callers_that_wait_get_connections_beyond_the_pool",
                    test_callers_that_wait_get_connections_beyond_the_pool);
    g_test_add_func("/store/a_connection_that_rested_for_too_long_is_not_used",
                    test_a_connection_that_rested_for_too_long_is_not_used);
    g_test_add_func("/store/work_that_is_not_done_is_undone", test_work_that_is_not_done_is_undone);
    g_test_add_func("/store/of_those_that_rest_one_stays", test_of_those_that_rest_one_stays);
    g_test_add_func("/store/what_was_asked_at_the_opening_is_not_kept",
                    test_what_was_asked_at_the_opening_is_not_kept);
    if (fixture_driver() == &msk_sqlite_driver) {
        g_test_add_func("/store/a_new_connection_is_to_the_same_file",
                        test_a_new_connection_is_to_the_same_file);
        g_test_add_func("/store/options_of_a_server_have_no_effect_on_a_file",
                        test_options_of_a_server_have_no_effect_on_a_file);
    } else {
        g_test_add_func("/store/a_connection_waits_for_other_nodes_where_that_is_wanted",
                        test_a_connection_waits_for_other_nodes_where_that_is_wanted);
        g_test_add_func("/store/a_transaction_that_the_server_has_ended_is_run_again",
                        test_a_transaction_that_the_server_has_ended_is_run_again);
    }
    return g_test_run();
}
