/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_private.h"

#include "store/test_fixture.h"

/* Each call of the store is made again and again while the first, the second, … the n-th thing it
 * asks of the database fails. It must say so, change nothing, and succeed when asked once more. */

#define ENGINE  "aaaaaaaa-0000-4000-8000-000000000001"
#define SLEEPER "bbbbbbbb-0000-4000-8000-000000000002"

/* The unit tests are one thread; the driver's functions have no other way to know. */
static int countdown;

static bool
fails(GError **error)
{
    if (countdown > 0 && --countdown == 0) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE, "injected");
        return true;
    }
    return false;
}

static void *
faulty_prepare(MskDb *db, const char *sql, GError **error)
{
    return fails(error) ? NULL : msk_sqlite_driver.prepare(db, sql, error);
}

static bool
faulty_bind(MskDb *db, void *native, int position, const MskDbValue *value, GError **error)
{
    return !fails(error) && msk_sqlite_driver.bind(db, native, position, value, error);
}

static int
faulty_step(MskDb *db, void *native, GError **error)
{
    return fails(error) ? -1 : msk_sqlite_driver.step(db, native, error);
}

static bool
faulty_begin(MskDb *db, bool write, GError **error)
{
    return !fails(error) && msk_sqlite_driver.begin(db, write, error);
}

static bool
faulty_commit(MskDb *db, GError **error)
{
    return !fails(error) && msk_sqlite_driver.commit(db, error);
}

static bool
faulty_now_us(MskDb *db, int64_t *ret, GError **error)
{
    return !fails(error) && msk_sqlite_driver.now_us(db, ret, error);
}

/* ---- what is there, and what is asked ------------------------------------------------------ */

typedef struct {
    Fixture fixture;
    MskStore *store; /* the faulty one */
    MskSegment *segment;
    MskHost *host;
    char *claimed; /* uuid of a notification that ENGINE has claimed */
    char *vmove;
    MskClaimRef ref;
} World;

static void
add_rows(World *self)
{
    MskStore *store = self->fixture.store;
    g_autoptr(GPtrArray) claims = NULL;
    g_autoptr(GPtrArray) orphans = NULL;
    g_autoptr(MskFlowProgress) flow = msk_flow_progress_new("instance_recovery_engine");
    g_autoptr(MskVmove) vmove = g_new0(MskVmove, 1);

    self->segment = make_segment(store, "segment");
    self->host = make_host(store, self->segment->uuid, "h1");
    g_autoptr(MskSegment) other = make_segment(store, "other");
    g_autoptr(MskHost) spare = make_host(store, other->uuid, "spare");

    ASSERT_DONE(msk_store_engine_register(store, ENGINE, "a", 3600000, error));
    ASSERT_DONE(msk_store_engine_register(store, SLEEPER, "b", 3600000, error));
    post_vm(store, "h1", "old", G_USEC_PER_SEC, NULL);
    ASSERT_DONE(msk_store_claim_new(store, SLEEPER, 1, &orphans, error));
    post_vm(store, "h1", "claimed", g_get_real_time(), NULL);
    ASSERT_DONE(msk_store_claim_new(store, ENGINE, 1, &claims, error));
    MskClaim *claim = g_ptr_array_index(claims, 0);

    self->claimed = g_strdup(claim->notification->uuid);
    self->ref = (MskClaimRef){self->claimed, ENGINE, claim->epoch};
    msk_task_progress_add(msk_flow_progress_task(flow, "StopInstanceTask"), G_USEC_PER_SEC, 0.0,
                          "Stopping");
    ASSERT_DONE(msk_store_progress_save(store, &self->ref, "instance:recovery", flow, error));
    vmove->instance_uuid = g_strdup("i");
    vmove->instance_name = g_strdup("vm");
    ASSERT_DONE(msk_store_vmove_save(store, &self->ref, vmove, error));
    self->vmove = g_strdup(vmove->uuid);
    post_vm(store, "h1", "new", g_get_real_time(), NULL);
}

static void
world_init(World *self)
{
    static MskDbDriver faulty;
    g_autoptr(GError) failure = NULL;

    faulty = msk_sqlite_driver;
    faulty.prepare = faulty_prepare;
    faulty.bind = faulty_bind;
    faulty.step = faulty_step;
    faulty.begin = faulty_begin;
    faulty.commit = faulty_commit;
    faulty.now_us = faulty_now_us;
    fixture_init(&self->fixture);
    add_rows(self);
    MskStoreOptions options = fixture_options(&self->fixture);

    self->store = msk_store_open_with(&faulty, self->fixture.path, &options, &failure);
    g_assert_no_error(failure);
}

static void
world_clear(World *self)
{
    msk_store_free(self->store);
    msk_segment_free(self->segment);
    msk_host_free(self->host);
    g_free(self->claimed);
    g_free(self->vmove);
    fixture_clear(&self->fixture);
}

static MskStoreResult
create_segment(World *self, GError **error)
{
    g_autoptr(MskSegment) segment = msk_segment_copy(self->segment);

    g_clear_pointer(&segment->uuid, g_free);
    g_free(segment->name);
    segment->name = g_strdup("third");
    return msk_store_segment_create(self->store, segment, error);
}

static MskStoreResult
get_segment(World *self, GError **error)
{
    g_autoptr(MskSegment) read = NULL;

    return msk_store_segment_get(self->store, self->segment->uuid, &read, error);
}

static MskStoreResult
list_segments(World *self, GError **error)
{
    static const MskSort sort = {"name", false};
    g_autoptr(GPtrArray) list = NULL;
    MskSegmentFilter filter = {.service_type = "COMPUTE", .enabled = 1};
    MskPage page = {.sorts = &sort, .n_sorts = 1, .limit = 10, .marker = 2};

    return msk_store_segment_list(self->store, &filter, &page, &list, error);
}

/* The other segment has no notifications, so it can be changed. */
static MskSegment *
other_segment(const World *self)
{
    g_autoptr(GPtrArray) list = NULL;
    MskPage page = {.limit = 1};

    ASSERT_DONE(msk_store_segment_list(self->fixture.store, NULL, &page, &list, error));
    return g_ptr_array_steal_index(list, 0);
}

static MskStoreResult
update_segment(World *self, GError **error)
{
    g_autoptr(MskSegment) segment = other_segment(self);

    g_free(segment->name);
    segment->name = g_strdup("renamed");
    return msk_store_segment_update(self->store, segment, MSK_SEGMENT_NAME, error);
}

static MskStoreResult
delete_segment(World *self, GError **error)
{
    g_autoptr(MskSegment) segment = other_segment(self);

    return msk_store_segment_delete(self->store, segment->uuid, error);
}

static MskStoreResult
create_host(World *self, GError **error)
{
    g_autoptr(MskHost) host = msk_host_copy(self->host);

    g_clear_pointer(&host->uuid, g_free);
    g_free(host->name);
    host->name = g_strdup("h3");
    return msk_store_host_create(self->store, host, error);
}

static MskHost *
spare_host(const World *self)
{
    MskHost *host = NULL;

    ASSERT_DONE(msk_store_host_get_by_name(self->fixture.store, "spare", &host, error));
    return host;
}

static MskStoreResult
get_host(World *self, GError **error)
{
    g_autoptr(MskHost) read = NULL;

    return msk_store_host_get(self->store, self->segment->uuid, self->host->uuid, &read, error);
}

static MskStoreResult
list_hosts(World *self, GError **error)
{
    g_autoptr(GPtrArray) list = NULL;

    return msk_store_host_list(self->store, NULL, NULL, &list, error);
}

static MskStoreResult
update_host(World *self, GError **error)
{
    g_autoptr(MskHost) host = spare_host(self);

    host->reserved = true;
    return msk_store_host_update(self->store, host, MSK_HOST_RESERVED, error);
}

static MskStoreResult
delete_host(World *self, GError **error)
{
    g_autoptr(MskHost) host = spare_host(self);

    return msk_store_host_delete(self->store, host->failover_segment_id, host->uuid, error);
}

static MskStoreResult
create_notification(World *self, GError **error)
{
    g_autoptr(MskNotification) notification = g_new0(MskNotification, 1);

    notification->type = g_strdup("VM");
    notification->payload = g_strdup("{\"instance_uuid\": \"again\"}");
    notification->generated_time_us = g_get_real_time();
    return msk_store_notification_create(self->store, "h1", 180, notification, error);
}

static MskStoreResult
list_notifications(World *self, GError **error)
{
    g_autoptr(GPtrArray) list = NULL;
    MskNotificationFilter filter = {.generated_since_us = 1, .statuses = 3};

    return msk_store_notification_list(self->store, &filter, NULL, &list, error);
}

static void
begin_count(void *data)
{
    *(unsigned *) data = 0;
}

static void
count_row(G_GNUC_UNUSED const void *record, void *data)
{
    (*(unsigned *) data)++;
}

/* A page that is read anew is shown from its start. */
static MskStoreResult
show_notifications(World *self, GError **error)
{
    g_autoptr(GPtrArray) all = NULL;
    g_autoptr(GPtrArray) none = NULL;
    unsigned n_shown = G_MAXUINT;
    const MskRowSink sink = {begin_count, count_row, &n_shown};
    const MskPage page = {.limit = 10, .sink = &sink};
    MskStoreResult result = msk_store_notification_list(self->store, NULL, &page, &none, error);

    if (result == MSK_STORE_DONE) {
        GError *failure = NULL;

        g_assert_cmpint(
            msk_store_notification_list(self->fixture.store, NULL, NULL, &all, &failure), ==,
            MSK_STORE_DONE);
        g_assert_no_error(failure);
        g_assert_cmpuint(all->len, >, 0);
        g_assert_cmpuint(n_shown, ==, all->len);
    }
    return result;
}

static MskStoreResult
expire(World *self, GError **error)
{
    g_autoptr(GPtrArray) uuids = NULL;

    return msk_store_notification_expire(self->store, 86400, &uuids, error);
}

static MskStoreResult
register_engine(World *self, GError **error)
{
    return msk_store_engine_register(self->store, "e", "h", 1000, error);
}

static MskStoreResult
renew_engine(World *self, GError **error)
{
    return msk_store_engine_renew(self->store, ENGINE, 1000, error);
}

static MskStoreResult
unregister_engine(World *self, GError **error)
{
    return msk_store_engine_unregister(self->store, ENGINE, error);
}

static MskStoreResult
list_engines(World *self, GError **error)
{
    g_autoptr(GPtrArray) engines = NULL;

    return msk_store_engine_list(self->store, &engines, error);
}

static MskStoreResult
claim_new(World *self, GError **error)
{
    g_autoptr(GPtrArray) claims = NULL;

    return msk_store_claim_new(self->store, ENGINE, 10, &claims, error);
}

static MskStoreResult
claim_error(World *self, GError **error)
{
    g_autoptr(GPtrArray) claims = NULL;

    return msk_store_claim_error(self->store, ENGINE, 0, 10, &claims, error);
}

static MskStoreResult
take_over(World *self, GError **error)
{
    static const char *const dead[] = {SLEEPER, NULL};
    g_autoptr(GPtrArray) claims = NULL;

    return msk_store_claim_take_over(self->store, ENGINE, dead, NULL, 10, &claims, error);
}

static MskStoreResult
hold(World *self, GError **error)
{
    return msk_store_claim_hold(self->store, &self->ref, "instance i", error);
}

static MskStoreResult
save_state(World *self, GError **error)
{
    return msk_store_claim_save_state(self->store, &self->ref, "ordered", error);
}

static MskStoreResult
release(World *self, GError **error)
{
    return msk_store_claim_release(self->store, &self->ref, error);
}

static MskStoreResult
release_strays(World *self, GError **error)
{
    static const char *const none[] = {NULL};

    return msk_store_claim_release_strays(self->store, ENGINE, none, error);
}

static MskFlowProgress *
make_flow(void)
{
    MskFlowProgress *flow = msk_flow_progress_new("instance_recovery_engine");

    msk_task_progress_add(msk_flow_progress_task(flow, "StartInstanceTask"), G_USEC_PER_SEC, 0.5,
                          "Starting");
    (void) msk_flow_progress_task(flow, "ConfirmInstanceActiveTask");
    return flow;
}

static MskStoreResult
finish(World *self, GError **error)
{
    g_autoptr(MskFlowProgress) flow = make_flow();

    return msk_store_claim_finish(self->store, &self->ref, MSK_NOTIFICATION_FINISHED, "well",
                                  "instance:recovery", flow, error);
}

static MskStoreResult
save_progress(World *self, GError **error)
{
    g_autoptr(MskFlowProgress) flow = make_flow();

    return msk_store_progress_save(self->store, &self->ref, "instance:recovery", flow, error);
}

static MskStoreResult
list_progress(World *self, GError **error)
{
    g_autoptr(GPtrArray) flows = NULL;

    return msk_store_progress_list(self->store, self->claimed, &flows, error);
}

static MskVmove *
read_vmove(const World *self)
{
    MskVmove *vmove = NULL;

    ASSERT_DONE(msk_store_vmove_get(self->fixture.store, NULL, self->vmove, &vmove, error));
    return vmove;
}

static MskStoreResult
save_vmove(World *self, GError **error)
{
    g_autoptr(MskVmove) vmove = read_vmove(self);

    g_free(vmove->status);
    vmove->status = g_strdup("ongoing");
    return msk_store_vmove_save(self->store, &self->ref, vmove, error);
}

static MskStoreResult
list_vmoves(World *self, GError **error)
{
    g_autoptr(GPtrArray) list = NULL;

    return msk_store_vmove_list(self->store, NULL, NULL, &list, error);
}

static const struct {
    const char *name;
    MskStoreResult (*call)(World *self, GError **error);
} calls[] = {
    {"segment_create", create_segment},
    {"segment_get", get_segment},
    {"segment_list", list_segments},
    {"segment_update", update_segment},
    {"segment_delete", delete_segment},
    {"host_create", create_host},
    {"host_get", get_host},
    {"host_list", list_hosts},
    {"host_update", update_host},
    {"host_delete", delete_host},
    {"notification_create", create_notification},
    {"notification_list", list_notifications},
    {"notification_show", show_notifications},
    {"notification_expire", expire},
    {"engine_register", register_engine},
    {"engine_renew", renew_engine},
    {"engine_unregister", unregister_engine},
    {"engine_list", list_engines},
    {"claim_new", claim_new},
    {"claim_error", claim_error},
    {"claim_take_over", take_over},
    {"claim_hold", hold},
    {"claim_save_state", save_state},
    {"claim_release", release},
    {"claim_release_strays", release_strays},
    {"claim_finish", finish},
    {"progress_save", save_progress},
    {"progress_list", list_progress},
    {"vmove_save", save_vmove},
    {"vmove_list", list_vmoves},
};

/* ---- the test ------------------------------------------------------------------------------ */

/* Changes whenever another connection has committed a change. */
static int64_t
data_version(MskDb *observer)
{
    g_autoptr(GError) failure = NULL;
    int64_t version = 0;

    g_assert_cmpint(
        msk_db_number(observer, "PRAGMA data_version", MSK_DB_NO_ARGS, &version, &failure), ==, 1);
    return version;
}

static void
test_call(const void *data)
{
    size_t index = GPOINTER_TO_SIZE(data);
    World world = {0};
    g_autoptr(GError) failure = NULL;

    countdown = 0;
    world_init(&world);
    {
        g_autoptr(MskDb) observer =
            msk_db_open(&msk_sqlite_driver, world.fixture.path, MSK_DB_USE, 5000, &failure);
        int64_t before = data_version(observer);
        bool failed = true;
        int n = 0;

        while (failed) {
            g_autoptr(GError) injected = NULL;

            countdown = ++n;
            MskStoreResult result = calls[index].call(&world, &injected);

            failed = countdown == 0;
            countdown = 0;
            if (failed) {
                g_assert_cmpint(result, ==, MSK_STORE_FAILED);
                g_assert_error(injected, MSK_ERROR, MSK_ERROR_UNAVAILABLE);
                g_assert_cmpstr(injected->message, ==, "injected");
                g_assert_cmpint(data_version(observer), ==, before);
            } else {
                g_assert_no_error(injected);
                g_assert_cmpint(result, ==, MSK_STORE_DONE);
            }
        }
        g_assert_cmpint(n, >, 3); /* a begin, a command and a commit at least were made to fail */
    }
    world_clear(&world);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(calls); i++) {
        g_autofree char *path = g_strconcat("/store_torture/", calls[i].name, NULL);

        g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_call);
    }
    return g_test_run();
}
