/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"

#include "store/test_fixture.h"

#define ENGINE "aaaaaaaa-0000-4000-8000-000000000001"
#define BOOK   "instance:recovery"

/* Values that the Python engine wrote into atomdetails.meta on MariaDB, with a shorter uuid. */
#define PYTHON_META                                                                                \
    "{\"progress\": 1.0, \"progress_details\": {\"at_progress\": 1.0, \"details\": "               \
    "{\"progress_details\": [{\"timestamp\": \"2026-11-23 07:14:20.114763\", \"progress\": 0.0, "  \
    "\"message\": \"Stopping instance: c546\"}, {\"timestamp\": \"2026-11-23 07:14:20.770689\", "  \
    "\"progress\": 1.0, \"message\": \"Stopped instance: 'c546'\"}]}}}"
#define STOPPING_US 1795418060114763
#define STOPPED_US  1795418060770689

typedef struct {
    Fixture fixture;
    MskStore *store;
    GPtrArray *claims;
    MskClaimRef ref;
} Work;

static void
work_init(Work *self)
{
    fixture_init(&self->fixture);
    self->store = self->fixture.store;
    g_autoptr(MskSegment) segment = make_segment(self->store, "segment");
    g_autoptr(MskHost) host = make_host(self->store, segment->uuid, "h1");

    ASSERT_DONE(msk_store_engine_register(self->store, ENGINE, "a", 60000, error));
    post_vm(self->store, "h1", "vm", g_get_real_time(), NULL);
    ASSERT_DONE(msk_store_claim_new(self->store, ENGINE, 1, &self->claims, error));
    self->ref = claim_ref(g_ptr_array_index(self->claims, 0), ENGINE);
}

static void
work_clear(Work *self)
{
    g_ptr_array_unref(self->claims);
    fixture_clear(&self->fixture);
}

/* The text in the first column of the first row of @sql, through a connection of its own. */
static char *
look_up(const Work *work, const char *sql)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MskDb) db = fixture_db(&work->fixture, MSK_DB_USE);

    g_assert_no_error(error);
    if (db->driver->is_server) {
        g_assert_true(db->driver->script(db, "SET sql_mode = 'PIPES_AS_CONCAT'", &error));
    }
    g_autoptr(MskDbStatement) row = msk_db_query(db, sql, MSK_DB_NO_ARGS, &error);

    g_assert_no_error(error);
    g_assert_cmpint(msk_db_step(row, &error), ==, 1);
    return msk_db_dup(row, 0);
}

static void
run_script(const Work *work, const char *sql)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MskDb) db = fixture_db(&work->fixture, MSK_DB_USE);

    g_assert_true(db->driver->script(db, sql, &error));
    g_assert_no_error(error);
}

static MskFlowProgress *
make_flow(void)
{
    MskFlowProgress *flow = msk_flow_progress_new("instance_recovery_engine");
    MskTaskProgress *stop = msk_flow_progress_task(flow, "StopInstanceTask");

    msk_task_progress_add(stop, STOPPING_US, 0.0, "Stopping instance: c546");
    msk_task_progress_add(stop, STOPPED_US, 1.0, "Stopped instance: 'c546'");
    stop->state = MSK_PROGRESS_SUCCESS;
    (void) msk_flow_progress_task(flow, "StartInstanceTask"); /* pending */
    return flow;
}

static void
test_rows_are_as_the_python_engine_writes_them(void)
{
    Work work = {0};
    g_autoptr(MskFlowProgress) flow = make_flow();

    work_init(&work);
    ASSERT_DONE(msk_store_progress_save(work.store, &work.ref, BOOK, flow, error));

    const struct {
        const char *sql;
        const char *wanted;
    } rows[] = {
        {"SELECT uuid FROM logbooks", work.ref.notification_uuid},
        {"SELECT name || meta FROM logbooks", BOOK "{}"},
        {"SELECT name || meta || state FROM flowdetails", "instance_recovery_engine{}RUNNING"},
        {"SELECT parent_uuid FROM flowdetails", work.ref.notification_uuid},
        {"SELECT parent_uuid FROM atomdetails", flow->uuid},
        {"SELECT meta FROM atomdetails WHERE name = 'StopInstanceTask'", PYTHON_META},
        {"SELECT state || version || atom_type || intention FROM atomdetails WHERE name = "
         "'StopInstanceTask'",
         "SUCCESS1.0TASK_DETAILEXECUTE"},
        {"SELECT meta || state FROM atomdetails WHERE name = 'StartInstanceTask'", "{}PENDING"},
        {"SELECT count(*) FROM atomdetails", "2"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *value = look_up(&work, rows[i].sql);

        g_assert_cmpstr(value, ==, rows[i].wanted);
    }
    work_clear(&work);
}

static void
assert_same_task(const MskTaskProgress *a, const MskTaskProgress *b)
{
    g_assert_cmpstr(a->name, ==, b->name);
    g_assert_cmpint(a->state, ==, b->state);
    g_assert_cmpfloat(a->progress, ==, b->progress);
    g_assert_cmpuint(a->details->len, ==, b->details->len);
    for (unsigned i = 0; i < a->details->len; i++) {
        const MskProgressDetail *left = g_ptr_array_index(a->details, i);
        const MskProgressDetail *right = g_ptr_array_index(b->details, i);

        g_assert_cmpint(left->timestamp_us, ==, right->timestamp_us);
        g_assert_cmpfloat(left->progress, ==, right->progress);
        g_assert_cmpstr(left->message, ==, right->message);
    }
}

static void
test_a_flow_reads_back_as_it_was_last_saved(void)
{
    Work work = {0};
    g_autoptr(MskFlowProgress) flow = make_flow();
    g_autoptr(GPtrArray) flows = NULL;
    g_autoptr(GPtrArray) none = NULL;

    work_init(&work);
    ASSERT_DONE(msk_store_progress_list(work.store, work.ref.notification_uuid, &none, error));
    g_assert_cmpuint(none->len, ==, 0);
    ASSERT_DONE(msk_store_progress_save(work.store, &work.ref, BOOK, flow, error));

    MskTaskProgress *start = msk_flow_progress_task(flow, "StartInstanceTask");

    msk_task_progress_add(start, STOPPED_US + 1, 0.25, "na\303\257ve \"quoted\"\n");
    start->state = MSK_PROGRESS_FAILURE;
    flow->state = MSK_PROGRESS_REVERTED;
    ASSERT_DONE(msk_store_claim_finish(work.store, &work.ref, MSK_NOTIFICATION_ERROR, NULL, BOOK,
                                       flow, error));
    ASSERT_RESULT(msk_store_progress_save(work.store, &work.ref, BOOK, flow, error),
                  MSK_STORE_LOST);
    ASSERT_DONE(msk_store_progress_list(work.store, work.ref.notification_uuid, &flows, error));
    g_assert_cmpuint(flows->len, ==, 1);

    const MskFlowProgress *read = g_ptr_array_index(flows, 0);

    g_assert_cmpstr(read->uuid, ==, flow->uuid);
    g_assert_cmpstr(read->name, ==, flow->name);
    g_assert_cmpint(read->state, ==, MSK_PROGRESS_REVERTED);
    g_assert_cmpuint(read->tasks->len, ==, 2);
    for (unsigned i = 0; i < 2; i++) {
        assert_same_task(g_ptr_array_index(read->tasks, i), g_ptr_array_index(flow->tasks, i));
    }
    work_clear(&work);
}

static void
test_each_kind_of_change_is_saved(void)
{
    Work work = {0};
    g_autoptr(MskFlowProgress) flow = make_flow();
    MskTaskProgress *start = msk_flow_progress_task(flow, "StartInstanceTask");

    work_init(&work);
    /* Nothing but the first save; then a state alone; then a detail alone; then the flow's state.
     */
    for (int change = 0; change < 4; change++) {
        g_autoptr(GPtrArray) flows = NULL;

        if (change == 1) {
            start->state = MSK_PROGRESS_RUNNING;
        } else if (change == 2) {
            msk_task_progress_add(start, STOPPED_US + 1, 0.0, "Starting instance: 'c546'");
        } else if (change == 3) {
            flow->state = MSK_PROGRESS_SUCCESS;
        }
        ASSERT_DONE(msk_store_progress_save(work.store, &work.ref, BOOK, flow, error));
        ASSERT_DONE(msk_store_progress_list(work.store, work.ref.notification_uuid, &flows, error));
        const MskFlowProgress *read = g_ptr_array_index(flows, 0);

        g_assert_cmpuint(flows->len, ==, 1);
        g_assert_cmpint(read->state, ==, flow->state);
        g_assert_cmpuint(read->tasks->len, ==, 2);
        assert_same_task(g_ptr_array_index(read->tasks, 1), start);
    }
    work_clear(&work);
}

static void
test_rows_of_a_python_engine_read_in_the_order_of_execution(void)
{
    static const char *const wanted[] = {"StopInstanceTask", "StartInstanceTask",
                                         "ConfirmInstanceActiveTask"};
    Work work = {0};
    g_autoptr(GPtrArray) flows = NULL;

    work_init(&work);
    g_autofree char *sql = g_strdup_printf(
        "INSERT INTO logbooks (uuid, name, meta) VALUES ('%s', '" BOOK "', '{}');"
        "INSERT INTO flowdetails (uuid, parent_uuid, name, state, meta, created_at) VALUES ('f', "
        "'%s', 'instance_recovery_engine', 'SUCCESS', '{}', '2026-11-23 07:14:19.000000');"
        "INSERT INTO atomdetails (uuid, parent_uuid, name, state, meta, atom_type) VALUES "
        "('1', 'f', 'ConfirmInstanceActiveTask', 'RUNNING', '{\"progress\": 0.0, "
        "\"progress_details\": {\"at_progress\": 0.0, \"details\": {\"progress_details\": "
        "[{\"timestamp\": \"2026-11-23 07:14:21.674194\", \"progress\": \"0.0\", \"message\": "
        "\"x\"}]}}}', 'TASK_DETAIL'),"
        "('2', 'f', '_TaskFlow_INJECTOR', 'SUCCESS', '{}', 'TASK_DETAIL'),"
        "('3', 'f', 'StartInstanceTask', 'SUCCESS', '{\"progress\": 1.0, \"progress_details\": "
        "{\"at_progress\": 1.0, \"details\": {\"progress_details\": [{\"timestamp\": \"2026-11-23 "
        "07:14:20.805180\", \"progress\": 0.0, \"message\": \"y\"}]}}}', 'TASK_DETAIL'),"
        "('4', 'f', 'StopInstanceTask', 'SUCCESS', '%s', 'TASK_DETAIL');",
        work.ref.notification_uuid, work.ref.notification_uuid,
        "{\"progress\": 1.0, \"progress_details\": {\"at_progress\": 1.0, \"details\": "
        "{\"progress_details\": [{\"timestamp\": \"2026-11-23 07:14:20.114763\", \"progress\": "
        "0.0, \"message\": \"z\"}]}}}");

    run_script(&work, sql);
    ASSERT_DONE(msk_store_progress_list(work.store, work.ref.notification_uuid, &flows, error));
    const MskFlowProgress *flow = g_ptr_array_index(flows, 0);

    g_assert_cmpuint(flow->tasks->len, ==, G_N_ELEMENTS(wanted));
    for (unsigned i = 0; i < G_N_ELEMENTS(wanted); i++) {
        const MskTaskProgress *task = g_ptr_array_index(flow->tasks, i);

        g_assert_cmpstr(task->name, ==, wanted[i]);
        g_assert_cmpuint(task->details->len, ==, 1);
    }
    work_clear(&work);
}

static void
test_damaged_progress_reads_as_far_as_it_goes(void)
{
    static const char *const metas[] = {
        "NULL",
        "''",
        "'not json'",
        "'[]'",
        "'{\"progress_details\": 7}'",
        ("'{\"progress\": \"x\", \"progress_details\": {\"details\": {\"progress_details\": [1, "
         "{}, "
         "{\"timestamp\": 5, \"message\": []}]}}}'"),
    };
    Work work = {0};

    work_init(&work);
    g_autofree char *book =
        g_strdup_printf("INSERT INTO logbooks (uuid) VALUES ('%s');"
                        "INSERT INTO flowdetails (uuid, parent_uuid) VALUES ('f', '%s');",
                        work.ref.notification_uuid, work.ref.notification_uuid);

    run_script(&work, book);
    for (size_t i = 0; i < G_N_ELEMENTS(metas); i++) {
        g_autoptr(GPtrArray) flows = NULL;
        g_autofree char *sql = g_strdup_printf(
            "DELETE FROM atomdetails; INSERT INTO atomdetails (uuid, parent_uuid, name, state, "
            "meta, atom_type) VALUES ('a', 'f', 'Odd', 'ODD', %s, 'TASK_DETAIL');",
            metas[i]);

        run_script(&work, sql);
        ASSERT_DONE(msk_store_progress_list(work.store, work.ref.notification_uuid, &flows, error));
        const MskFlowProgress *flow = g_ptr_array_index(flows, 0);
        const MskTaskProgress *task = g_ptr_array_index(flow->tasks, 0);

        g_assert_cmpstr(task->name, ==, "Odd");
        g_assert_cmpint(task->state, ==, MSK_PROGRESS_PENDING);
        g_assert_cmpfloat(task->progress, ==, 0.0);
    }
    work_clear(&work);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/progress_rows/rows_are_as_the_python_engine_writes_them",
                    test_rows_are_as_the_python_engine_writes_them);
    g_test_add_func("/progress_rows/a_flow_reads_back_as_it_was_last_saved",
                    test_a_flow_reads_back_as_it_was_last_saved);
    g_test_add_func("/progress_rows/each_kind_of_change_is_saved",
                    test_each_kind_of_change_is_saved);
    g_test_add_func("/progress_rows/rows_of_a_python_engine_read_in_the_order_of_execution",
                    test_rows_of_a_python_engine_read_in_the_order_of_execution);
    g_test_add_func("/progress_rows/damaged_progress_reads_as_far_as_it_goes",
                    test_damaged_progress_reads_as_far_as_it_goes);
    return g_test_run();
}
