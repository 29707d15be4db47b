/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_private.h"

#include "base/datetime.h"

#include <jansson.h>
#include <string.h>

/* Python writes 0.1, not 0.10000000000000001; sizes of a task's story that no recovery reaches. */
#define DUMP_FLAGS  (JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15))
#define MAX_DETAILS 10000

/* {"progress": r, "progress_details": {"at_progress": r, "details": {"progress_details":
 * [{"timestamp": s, "progress": r, "message": s}]}}}, or {} before the first detail. */
static char *
format_meta(const MskTaskProgress *task)
{
    json_t *lines = json_array();
    json_t *meta = NULL;

    for (unsigned i = 0; i < task->details->len; i++) {
        const MskProgressDetail *detail = g_ptr_array_index(task->details, i);
        g_autofree char *timestamp = msk_datetime_format_sql(detail->timestamp_us);
        g_autofree char *message = g_utf8_make_valid(detail->message, -1);

        (void) json_array_append_new(lines, json_pack("{s:s, s:f, s:s}", "timestamp", timestamp,
                                                      "progress", detail->progress, "message",
                                                      message)); /* fails only without memory */
    }
    if (json_array_size(lines) == 0) {
        json_decref(lines);
        return g_strdup("{}");
    }
    meta = json_pack("{s:f, s:{s:f, s:{s:o}}}", "progress", task->progress, "progress_details",
                     "at_progress", task->progress, "details", "progress_details", lines);
    char *text = json_dumps(meta, DUMP_FLAGS);

    json_decref(meta);
    return text;
}

/* A number, or the text of one, as taskflow and Masakari write both. */
static double
read_number(const json_t *value)
{
    if (json_is_string(value)) {
        return g_ascii_strtod(json_string_value(value), NULL);
    }
    return json_is_number(value) ? json_number_value(value) : 0.0;
}

static void
parse_meta(const char *text, MskTaskProgress *task)
{
    json_t *meta = json_loads(text != NULL ? text : "{}", 0, NULL);
    const json_t *lines = json_object_get(
        json_object_get(json_object_get(meta, "progress_details"), "details"), "progress_details");
    size_t count = MIN(json_array_size(lines), MAX_DETAILS);

    for (size_t i = 0; i < count; i++) {
        const json_t *line = json_array_get(lines, i);
        const char *timestamp = json_string_value(json_object_get(line, "timestamp"));
        const char *message = json_string_value(json_object_get(line, "message"));

        msk_task_progress_add(task, msk_db_parse_time(timestamp),
                              read_number(json_object_get(line, "progress")),
                              message != NULL ? message : "");
    }
    if (json_object_get(meta, "progress") != NULL) {
        task->progress = read_number(json_object_get(meta, "progress"));
    }
    json_decref(meta);
}

/* ---- writing ----------------------------------------------------------------------------- */

static bool
write_book(MskDb *db, const char *notification_uuid, const char *book, const char *now,
           GError **error)
{
    int64_t one = 0;
    int found = msk_db_number(db, "SELECT 1 FROM logbooks WHERE uuid = ?",
                              MSK_DB_ARGS(MSK_DB_T(notification_uuid)), &one, error);

    if (found != 0) {
        return found > 0;
    }
    return msk_db_run(
        db,
        "INSERT INTO logbooks (created_at, updated_at, meta, name, uuid) "
        "VALUES (?, ?, '{}', ?, ?)",
        MSK_DB_ARGS(MSK_DB_T(now), MSK_DB_T(now), MSK_DB_T(book), MSK_DB_T(notification_uuid)),
        NULL, error);
}

static bool
write_flow_row(MskDb *db, const char *notification_uuid, const MskFlowProgress *flow,
               const char *now, GError **error)
{
    const char *state = msk_progress_state_name(flow->state);
    int64_t one = 0;
    int found = msk_db_number(db, "SELECT 1 FROM flowdetails WHERE uuid = ?",
                              MSK_DB_ARGS(MSK_DB_T(flow->uuid)), &one, error);

    if (found < 0) {
        return false;
    }
    if (found > 0) {
        return msk_db_run(
            db, "UPDATE flowdetails SET state = ?, updated_at = ? WHERE uuid = ? AND state <> ?",
            MSK_DB_ARGS(MSK_DB_T(state), MSK_DB_T(now), MSK_DB_T(flow->uuid), MSK_DB_T(state)),
            NULL, error);
    }
    return msk_db_run(db,
                      "INSERT INTO flowdetails (created_at, updated_at, parent_uuid, meta, state, "
                      "name, uuid) VALUES (?, ?, ?, '{}', ?, ?, ?)",
                      MSK_DB_ARGS(MSK_DB_T(now), MSK_DB_T(now), MSK_DB_T(notification_uuid),
                                  MSK_DB_T(state), MSK_DB_T(flow->name), MSK_DB_T(flow->uuid)),
                      NULL, error);
}

static bool
write_task(MskDb *db, const char *flow_uuid, const MskTaskProgress *task, const char *now,
           GError **error)
{
    const char *state = msk_progress_state_name(task->state);
    g_autofree char *meta = format_meta(task);
    int64_t one = 0;
    int found = msk_db_number(db, "SELECT 1 FROM atomdetails WHERE parent_uuid = ? AND name = ?",
                              MSK_DB_ARGS(MSK_DB_T(flow_uuid), MSK_DB_T(task->name)), &one, error);

    if (found < 0) {
        return false;
    }
    if (found > 0) {
        return msk_db_run(db,
                          "UPDATE atomdetails SET state = ?, meta = ?, updated_at = ? WHERE "
                          "parent_uuid = ? AND name = ? AND (state <> ? OR meta <> ?)",
                          MSK_DB_ARGS(MSK_DB_T(state), MSK_DB_T(meta), MSK_DB_T(now),
                                      MSK_DB_T(flow_uuid), MSK_DB_T(task->name), MSK_DB_T(state),
                                      MSK_DB_T(meta)),
                          NULL, error);
    }
    g_autofree char *uuid = g_uuid_string_random();

    return msk_db_run(db,
                      "INSERT INTO atomdetails (created_at, updated_at, parent_uuid, meta, name, "
                      "version, state, uuid, atom_type, intention) VALUES (?, ?, ?, ?, ?, '1.0', "
                      "?, ?, 'TASK_DETAIL', 'EXECUTE')",
                      MSK_DB_ARGS(MSK_DB_T(now), MSK_DB_T(now), MSK_DB_T(flow_uuid), MSK_DB_T(meta),
                                  MSK_DB_T(task->name), MSK_DB_T(state), MSK_DB_T(uuid)),
                      NULL, error);
}

bool
msk_store_write_flow(MskDb *db, const char *notification_uuid, const char *book,
                     const MskFlowProgress *flow, GError **error)
{
    g_autofree char *now = msk_store_now_text(db, error);

    if (now == NULL || !write_book(db, notification_uuid, book, now, error) ||
        !write_flow_row(db, notification_uuid, flow, now, error)) {
        return false;
    }
    for (unsigned i = 0; i < flow->tasks->len; i++) {
        if (!write_task(db, flow->uuid, g_ptr_array_index(flow->tasks, i), now, error)) {
            return false;
        }
    }
    return true;
}

typedef struct {
    const MskClaimRef *ref;
    const char *book;
    const MskFlowProgress *flow;
} Save;

static MskStoreResult
save_work(MskDb *db, void *data, GError **error)
{
    const Save *save = data;
    MskStoreResult result = msk_store_check_claim(db, save->ref, error);

    if (result != MSK_STORE_DONE) {
        return result;
    }
    return msk_store_write_flow(db, save->ref->notification_uuid, save->book, save->flow, error)
               ? MSK_STORE_DONE
               : MSK_STORE_FAILED;
}

MskStoreResult
msk_store_progress_save(MskStore *self, const MskClaimRef *ref, const char *book,
                        const MskFlowProgress *flow, GError **error)
{
    Save save = {.ref = ref, .book = book, .flow = flow};

    return msk_store_write(self, save_work, &save, error);
}

/* ---- reading ----------------------------------------------------------------------------- */

/* When the task's first detail was written; one without comes last. */
static int64_t
first_detail_us(const MskTaskProgress *task)
{
    const MskProgressDetail *first =
        task->details->len > 0 ? g_ptr_array_index(task->details, 0) : NULL;

    return first != NULL ? first->timestamp_us : G_MAXINT64;
}

static int
compare_tasks(const void *a, const void *b)
{
    const MskTaskProgress *const *left = a;
    const MskTaskProgress *const *right = b;
    int64_t left_us = first_detail_us(*left);
    int64_t right_us = first_detail_us(*right);

    return left_us < right_us ? -1 : left_us > right_us;
}

static int64_t
flow_start_us(const MskFlowProgress *flow)
{
    return flow->tasks->len > 0 ? first_detail_us(g_ptr_array_index(flow->tasks, 0)) : G_MAXINT64;
}

static int
compare_flows(const void *a, const void *b)
{
    const MskFlowProgress *const *left = a;
    const MskFlowProgress *const *right = b;
    int64_t left_us = flow_start_us(*left);
    int64_t right_us = flow_start_us(*right);

    return left_us < right_us ? -1 : left_us > right_us;
}

static void
free_flow(void *data)
{
    msk_flow_progress_free(data);
}

static bool
read_tasks(MskDb *db, MskFlowProgress *flow, GError **error)
{
    g_autoptr(MskDbStatement) row = msk_db_query(
        db,
        "SELECT name, state, meta FROM atomdetails WHERE parent_uuid = ? AND atom_type = "
        "'TASK_DETAIL' AND name <> '_TaskFlow_INJECTOR' ORDER BY created_at, uuid",
        MSK_DB_ARGS(MSK_DB_T(flow->uuid)), error);
    int more = row != NULL ? msk_db_step(row, error) : -1;

    for (; more == 1; more = msk_db_step(row, error)) {
        const char *name = msk_db_text(row, 0);
        MskTaskProgress *task = msk_flow_progress_task(flow, name != NULL ? name : "");

        (void) msk_progress_state_parse(msk_db_text(row, 1), &task->state); /* else PENDING */
        parse_meta(msk_db_text(row, 2), task);
    }
    g_ptr_array_sort(flow->tasks, compare_tasks);
    return more == 0;
}

typedef struct {
    const char *uuid;
    GPtrArray *flows;
} List;

static MskStoreResult
list_work(MskDb *db, void *data, GError **error)
{
    List *list = data;
    g_autoptr(GPtrArray) flows = g_ptr_array_new_with_free_func(free_flow);
    g_autofree char *folded = msk_store_fold_uuid(list->uuid);
    g_autoptr(MskDbStatement) row = msk_db_query(
        db, "SELECT uuid, name, state FROM flowdetails WHERE parent_uuid = ? ORDER BY created_at",
        MSK_DB_ARGS(MSK_DB_T(folded)), error);
    int more = row != NULL ? msk_db_step(row, error) : -1;

    for (; more == 1; more = msk_db_step(row, error)) {
        const char *name = msk_db_text(row, 1);
        MskFlowProgress *flow = msk_flow_progress_new(name != NULL ? name : "");

        g_ptr_array_add(flows, flow);
        g_free(flow->uuid);
        flow->uuid = msk_db_dup(row, 0);
        (void) msk_progress_state_parse(msk_db_text(row, 2), &flow->state); /* else RUNNING */
        if (!read_tasks(db, flow, error)) {
            return MSK_STORE_FAILED;
        }
    }
    if (more < 0) {
        return MSK_STORE_FAILED;
    }
    g_ptr_array_sort(flows, compare_flows);
    g_clear_pointer(&list->flows, g_ptr_array_unref);
    list->flows = g_steal_pointer(&flows);
    return MSK_STORE_DONE;
}

MskStoreResult
msk_store_progress_list(MskStore *self, const char *notification_uuid, GPtrArray **ret,
                        GError **error)
{
    List list = {.uuid = notification_uuid};
    MskStoreResult result = msk_store_read(self, list_work, &list, error);

    if (result == MSK_STORE_DONE) {
        *ret = g_steal_pointer(&list.flows);
    }
    g_clear_pointer(&list.flows, g_ptr_array_unref);
    return result;
}
