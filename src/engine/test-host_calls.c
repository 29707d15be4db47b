/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/host_calls.h"

#include <string.h>

#include "base/error.h"

/*
 * What each question asks of the cloud, in which order, and what event its answer becomes, also
 * when one of the calls is refused. The cloud answers from fixed facts and keeps a list of calls.
 */

#define TIMEOUT_US (INT64_C(60) * G_USEC_PER_SEC)

/* Written by the one thread of the pool, read when it has answered. */
typedef struct {
    MskCompute head;
    GString *calls;
    const char *refused; /* (nullable) the call that is */
    MskErrorCode code;
} Cloud;

typedef struct {
    const char *name;
    MskHostQuestion question;
    const char *refused;
    MskErrorCode code;
    const char *calls;
    MskHostEventKind kind;
    MskMoveEventKind move;
    const char *answer; /* of what the event lends */
} Row;

typedef struct {
    bool answered;
    GString *answer;
    MskHostEventKind kind;
    MskMoveEvent move;
    MskErrorCode code;
    bool has_message;
} Answer;

static bool
called(MskCompute *compute, MskComputeCall *call, const char *name, const char *about,
       GError **error)
{
    Cloud *self = (Cloud *) compute;
    g_autofree char *line = g_strdup_printf("%s %s; ", name, about);

    g_string_append(self->calls, line);
    if (self->refused == NULL || !g_str_has_prefix(line, self->refused)) {
        return true;
    }
    call->retry_after_s = 7;
    call->effect_unknown = self->code == MSK_ERROR_UNAVAILABLE;
    g_set_error(error, MSK_ERROR, self->code, "refused");
    return false;
}

static MskServer *
new_server(const char *uuid, const char *host)
{
    MskServer *server = msk_server_new(uuid);

    server->name = g_strconcat("name of ", uuid, NULL);
    server->host = g_strdup(host);
    server->vm_state = MSK_VM_ACTIVE;
    return server;
}

static MskServer *
cloud_get(MskCompute *compute, MskComputeCall *call, const MskServerRef *ref, GError **error)
{
    return called(compute, call, "get", ref->uuid, error) ? new_server(ref->uuid, "h9") : NULL;
}

static bool
cloud_stop(MskCompute *compute, MskComputeCall *call, const MskServerRef *ref, GError **error)
{
    return called(compute, call, "stop", ref->uuid, error);
}

static MskComputeService *
cloud_get_service(MskCompute *compute, MskComputeCall *call, const char *host, const char *binary,
                  GError **error)
{
    MskComputeService *service = NULL;

    g_assert_cmpstr(binary, ==, "nova-compute");
    if (called(compute, call, "service", host, error)) {
        service = g_new0(MskComputeService, 1);
        service->host = g_strdup(host);
        service->up = true;
        service->updated_us = g_str_equal(host, "mute") ? 0 : INT64_C(40) * G_USEC_PER_SEC;
        service->answered_us = INT64_C(42) * G_USEC_PER_SEC;
    }
    return service;
}

static bool
cloud_set_service(MskCompute *compute, MskComputeCall *call, const MskComputeService *service,
                  const MskServiceChange *change, GError **error)
{
    g_autofree char *about = g_strdup_printf(
        "%s enabled=%d forced_down=%d reason=%s", service->host, change->enabled,
        change->forced_down, change->disabled_reason != NULL ? change->disabled_reason : "-");

    return called(compute, call, "set", about, error);
}

static void
free_server(void *data)
{
    msk_server_free(data);
}

static GPtrArray *
cloud_list(MskCompute *compute, MskComputeCall *call, const char *host, GError **error)
{
    GPtrArray *servers = NULL;

    if (called(compute, call, "list", host, error)) {
        servers = g_ptr_array_new_with_free_func(free_server);
        MskServer *first = new_server("a", "h1");
        MskServer *second = new_server("b", NULL);

        g_hash_table_insert(first->metadata, g_strdup("HA"), g_strdup("true"));
        g_hash_table_insert(first->metadata, g_strdup("HA_Priority"), g_strdup("-3"));
        g_hash_table_insert(second->metadata, g_strdup("HA_Priority"), g_strdup("high"));
        second->locked = true;
        second->task_state = g_strdup("rebuilding");
        g_ptr_array_add(servers, first);
        g_ptr_array_add(servers, second);
    }
    return servers;
}

static GPtrArray *
cloud_changed(MskCompute *compute, MskComputeCall *call, int64_t since_us, GError **error)
{
    GPtrArray *servers = NULL;

    g_assert_cmpint(since_us, ==, 5);
    if (called(compute, call, "changed", "", error)) {
        servers = g_ptr_array_new_with_free_func(free_server);
        g_ptr_array_add(servers, new_server("c", "h2"));
    }
    return servers;
}

static void
free_migration(void *data)
{
    msk_migration_free(data);
}

static GPtrArray *
cloud_migrations(MskCompute *compute, MskComputeCall *call, const char *source, int64_t since_us,
                 GError **error)
{
    static const MskMigrationState states[] = {MSK_MIGRATION_DONE, MSK_MIGRATION_UNDER_WAY};
    GPtrArray *migrations = NULL;

    (void) since_us;
    if (called(compute, call, "migrations", source, error)) {
        migrations = g_ptr_array_new_with_free_func(free_migration);
        for (size_t i = 0; i < G_N_ELEMENTS(states); i++) {
            MskMigration *migration = g_new0(MskMigration, 1);

            migration->instance_uuid = g_strdup(i == 0 ? "a" : "b");
            migration->state = states[i];
            g_ptr_array_add(migrations, migration);
        }
    }
    return migrations;
}

static bool
cloud_evacuate(MskCompute *compute, MskComputeCall *call, const char *uuid, const char *target,
               GError **error)
{
    g_autofree char *about = g_strdup_printf("%s to %s", uuid, target != NULL ? target : "any");

    return called(compute, call, "evacuate", about, error);
}

static bool
cloud_lock(MskCompute *compute, MskComputeCall *call, const char *uuid, bool locked, GError **error)
{
    return called(compute, call, locked ? "lock" : "unlock", uuid, error);
}

static bool
cloud_reset(MskCompute *compute, MskComputeCall *call, const char *uuid, MskVmState vm_state,
            GError **error)
{
    g_assert_cmpint(vm_state, ==, MSK_VM_ERROR);
    return called(compute, call, "reset", uuid, error);
}

static void
free_aggregate(void *data)
{
    msk_aggregate_free(data);
}

static GPtrArray *
cloud_aggregates(MskCompute *compute, MskComputeCall *call, GError **error)
{
    static const char *const hosts[] = {"h1", "h2", "h1"};
    GPtrArray *aggregates = NULL;

    if (called(compute, call, "aggregates", "", error)) {
        aggregates = g_ptr_array_new_with_free_func(free_aggregate);
        for (size_t i = 0; i < G_N_ELEMENTS(hosts); i++) {
            MskAggregate *aggregate = g_new0(MskAggregate, 1);

            aggregate->id = (int64_t) i;
            aggregate->name = g_strdup_printf("agg%zu", i);
            aggregate->hosts = g_ptr_array_new_with_free_func(g_free);
            g_ptr_array_add(aggregate->hosts, g_strdup(hosts[i]));
            g_ptr_array_add(aggregates, aggregate);
        }
    }
    return aggregates;
}

static bool
cloud_add_to_aggregate(MskCompute *compute, MskComputeCall *call, int64_t id, const char *host,
                       bool member, GError **error)
{
    g_autofree char *about = g_strdup_printf("%" G_GINT64_FORMAT " %s", id, host);

    g_assert_true(member);
    return called(compute, call, "add", about, error);
}

static void
cloud_free(MskCompute *compute)
{
    (void) g_string_free(((Cloud *) compute)->calls, TRUE); /* returns NULL */
    g_free(compute);
}

static const MskComputeDriver driver = {
    .name = "test",
    .is_cloud = true,
    .get_server = cloud_get,
    .stop_server = cloud_stop,
    .get_service = cloud_get_service,
    .set_service = cloud_set_service,
    .list_servers = cloud_list,
    .list_changed_servers = cloud_changed,
    .list_migrations = cloud_migrations,
    .evacuate = cloud_evacuate,
    .set_locked = cloud_lock,
    .reset_state = cloud_reset,
    .list_aggregates = cloud_aggregates,
    .set_aggregate_host = cloud_add_to_aggregate,
    .free = cloud_free,
};

/* ---- the answers ------------------------------------------------------------------------- */

static void
tell_vm(GString *text, const MskListedVm *vm)
{
    g_string_append_printf(text, "%s ha=%d prio=%d%s%s%s%s%s; ", vm->uuid, vm->ha_enabled,
                           (int) vm->priority, vm->sight.elsewhere ? " elsewhere" : "",
                           vm->sight.busy ? " busy" : "", vm->sight.locked ? " locked" : "",
                           vm->sight.evacuating ? " evacuating" : "",
                           vm->sight.gone ? " gone" : "");
}

static void
on_answer(const MskHostEvent *event, void *data)
{
    Answer *answer = data;

    answer->answered = true;
    answer->kind = event->kind;
    answer->move = event->move_event;
    answer->code = event->code;
    answer->has_message = event->message != NULL || event->move_event.message != NULL;
    if (event->kind == MSK_HOST_EVENT_SERVICE) {
        g_string_append_printf(answer->answer, "up=%d age=%d", event->service.up,
                               (int) (event->service.age_us / G_USEC_PER_SEC));
    } else if (event->kind == MSK_HOST_EVENT_JOINED) {
        for (size_t i = 0; event->names[i] != NULL; i++) {
            g_string_append_printf(answer->answer, "%s; ", event->names[i]);
        }
    }
    for (size_t i = 0; i < event->n_vms; i++) {
        tell_vm(answer->answer, &event->vms[i]);
    }
}

static void
keep_data(void *data)
{
    (void) data;
}

static char *looked_for[] = {(char[]){"a"}, (char[]){"x"}, NULL};
static char *looked_for_more[] = {(char[]){"a"}, (char[]){"b"}, (char[]){"x"}, (char[]){"c"}, NULL};

#define MOVE(act)                                                                                  \
    {                                                                                              \
        .kind = MSK_HOST_ACT_MOVE, .host = "h1", .move_act = (act), .instance_uuid = "v"           \
    }
#define A_ON_HOST "a ha=1 prio=-3"
#define B_ON_HOST "b ha=0 prio=0 busy locked"

static const Row rows[] = {
    {"a service with a heartbeat",
     {.kind = MSK_HOST_ACT_GET_SERVICE, .host = "h1"},
     NULL,
     0,
     "service h1; ",
     MSK_HOST_EVENT_SERVICE,
     0,
     "up=1 age=2"},
    {"a service that was never heard of",
     {.kind = MSK_HOST_ACT_GET_SERVICE, .host = "mute"},
     NULL,
     0,
     "service mute; ",
     MSK_HOST_EVENT_SERVICE,
     0,
     "up=1 age=0"},
    {"no service",
     {.kind = MSK_HOST_ACT_GET_SERVICE, .host = "h1"},
     "service",
     MSK_ERROR_NOT_FOUND,
     "service h1; ",
     MSK_HOST_EVENT_FAILED,
     0,
     ""},
    {"forced down, disabled with its reason in one",
     {.kind = MSK_HOST_ACT_FORCE_DOWN, .host = "h1", .reason = "why"},
     NULL,
     0,
     "service h1; set h1 enabled=1 forced_down=2 reason=why; ",
     MSK_HOST_EVENT_DONE,
     0,
     ""},
    {"not forced down",
     {.kind = MSK_HOST_ACT_FORCE_DOWN, .host = "h1"},
     "set",
     MSK_ERROR_UNAVAILABLE,
     "service h1; set h1 enabled=1 forced_down=2 reason=-; ",
     MSK_HOST_EVENT_FAILED,
     0,
     ""},
    {"the reserved host is enabled",
     {.kind = MSK_HOST_ACT_ENABLE, .host = "h1", .reserved = "r"},
     NULL,
     0,
     "service r; set r enabled=2 forced_down=0 reason=-; ",
     MSK_HOST_EVENT_DONE,
     0,
     ""},
    {"it joins the aggregates of the host only",
     {.kind = MSK_HOST_ACT_JOIN, .host = "h1", .reserved = "r"},
     NULL,
     0,
     "aggregates ; add 0 r; add 2 r; ",
     MSK_HOST_EVENT_JOINED,
     0,
     "agg0; agg2; "},
    {"it is in an aggregate already",
     {.kind = MSK_HOST_ACT_JOIN, .host = "h1", .reserved = "r"},
     "add 0",
     MSK_ERROR_CONFLICT,
     "aggregates ; add 0 r; add 2 r; ",
     MSK_HOST_EVENT_JOINED,
     0,
     "agg0; agg2; "},
    {"it cannot join",
     {.kind = MSK_HOST_ACT_JOIN, .host = "h1", .reserved = "r"},
     "add 2",
     MSK_ERROR_DENIED,
     "aggregates ; add 0 r; add 2 r; ",
     MSK_HOST_EVENT_FAILED,
     0,
     ""},
    {"no aggregates to be seen",
     {.kind = MSK_HOST_ACT_JOIN, .host = "h1", .reserved = "r"},
     "aggregates",
     MSK_ERROR_DENIED,
     "aggregates ; ",
     MSK_HOST_EVENT_FAILED,
     0,
     ""},
    {"the list, with what is on its way",
     {.kind = MSK_HOST_ACT_LIST, .host = "h1", .ha_key = "HA"},
     NULL,
     0,
     "migrations h1; list h1; ",
     MSK_HOST_EVENT_LISTED,
     0,
     A_ON_HOST "; " B_ON_HOST " evacuating; "},
    {"no list",
     {.kind = MSK_HOST_ACT_LIST, .host = "h1"},
     "list",
     MSK_ERROR_UNAVAILABLE,
     "migrations h1; list h1; ",
     MSK_HOST_EVENT_FAILED,
     0,
     ""},
    {"a list without migrations is none",
     {.kind = MSK_HOST_ACT_LIST, .host = "h1"},
     "migrations",
     MSK_ERROR_UNAVAILABLE,
     "migrations h1; ",
     MSK_HOST_EVENT_FAILED,
     0,
     ""},
    {"a look asks for who is in no list",
     {.kind = MSK_HOST_ACT_LOOK, .host = "h1", .ha_key = "HA", .uuids = looked_for},
     NULL,
     0,
     "list h1; get x; ",
     MSK_HOST_EVENT_LOOKED,
     0,
     A_ON_HOST "; " B_ON_HOST "; x ha=0 prio=0 elsewhere; "},
    {"who is nowhere is gone",
     {.kind = MSK_HOST_ACT_LOOK, .host = "h1", .ha_key = "HA", .uuids = looked_for},
     "get x",
     MSK_ERROR_NOT_FOUND,
     "list h1; get x; ",
     MSK_HOST_EVENT_LOOKED,
     0,
     A_ON_HOST "; " B_ON_HOST "; x ha=0 prio=0 gone; "},
    {"an unanswered question is no sight",
     {.kind = MSK_HOST_ACT_LOOK, .host = "h1", .uuids = looked_for},
     "get x",
     MSK_ERROR_UNAVAILABLE,
     "list h1; get x; ",
     MSK_HOST_EVENT_FAILED,
     0,
     ""},
    {"a look without its list",
     {.kind = MSK_HOST_ACT_LOOK, .host = "h1", .uuids = looked_for},
     "list",
     MSK_ERROR_UNAVAILABLE,
     "list h1; ",
     MSK_HOST_EVENT_FAILED,
     0,
     ""},
    {"a look with migrations that are not to be had",
     {.kind = MSK_HOST_ACT_LOOK, .host = "h1", .migrations = true},
     "migrations",
     MSK_ERROR_INTERNAL,
     "migrations h1; ",
     MSK_HOST_EVENT_FAILED,
     0,
     ""},
    {"what changed, and two that did not",
     {.kind = MSK_HOST_ACT_LOOK, .host = "h1", .since_us = 5, .uuids = looked_for},
     NULL,
     0,
     "changed ; get a; get x; ",
     MSK_HOST_EVENT_LOOKED,
     0,
     "c ha=0 prio=0 elsewhere; a ha=0 prio=0 elsewhere; x ha=0 prio=0 elsewhere; "},
    {"what changed, and too many that did not: the host's list, too",
     {.kind = MSK_HOST_ACT_LOOK, .host = "h1", .since_us = 5, .uuids = looked_for_more},
     NULL,
     0,
     "changed ; list h1; get x; ",
     MSK_HOST_EVENT_LOOKED,
     0,
     "c ha=0 prio=0 elsewhere; a ha=0 prio=-3; " B_ON_HOST "; x ha=0 prio=0 elsewhere; "},
    {"what changed is not to be had",
     {.kind = MSK_HOST_ACT_LOOK, .host = "h1", .since_us = 5, .uuids = looked_for},
     "changed",
     MSK_ERROR_UNAVAILABLE,
     "changed ; ",
     MSK_HOST_EVENT_FAILED,
     0,
     ""},
    {"lock", MOVE(MSK_MOVE_ACT_LOCK), NULL, 0, "lock v; ", MSK_HOST_EVENT_MOVE, MSK_MOVE_DONE, ""},
    {"unlock", MOVE(MSK_MOVE_ACT_UNLOCK), NULL, 0, "unlock v; ", MSK_HOST_EVENT_MOVE, MSK_MOVE_DONE,
     ""},
    {"reset", MOVE(MSK_MOVE_ACT_RESET), NULL, 0, "reset v; ", MSK_HOST_EVENT_MOVE, MSK_MOVE_DONE,
     ""},
    {"mark", MOVE(MSK_MOVE_ACT_MARK), NULL, 0, "reset v; ", MSK_HOST_EVENT_MOVE, MSK_MOVE_DONE, ""},
    {"stop", MOVE(MSK_MOVE_ACT_STOP), NULL, 0, "stop v; ", MSK_HOST_EVENT_MOVE, MSK_MOVE_DONE, ""},
    {"evacuate", MOVE(MSK_MOVE_ACT_EVACUATE), NULL, 0, "evacuate v to any; ", MSK_HOST_EVENT_MOVE,
     MSK_MOVE_DONE, ""},
    {"an evacuation that is refused", MOVE(MSK_MOVE_ACT_EVACUATE), "evacuate", MSK_ERROR_CONFLICT,
     "evacuate v to any; ", MSK_HOST_EVENT_MOVE, MSK_MOVE_FAILED, ""},
    {"an evacuation that may have begun", MOVE(MSK_MOVE_ACT_EVACUATE), "evacuate",
     MSK_ERROR_UNAVAILABLE, "evacuate v to any; ", MSK_HOST_EVENT_MOVE, MSK_MOVE_FAILED, ""},
};

static void
check(const Row *row)
{
    Cloud *cloud = g_new0(Cloud, 1);
    Answer answer = {.answer = g_string_new(NULL)};
    int64_t deadline_us = g_get_monotonic_time() + TIMEOUT_US;

    g_test_message("%s", row->name);
    cloud->head.driver = &driver;
    cloud->calls = g_string_new(NULL);
    cloud->refused = row->refused;
    cloud->code = row->code;
    MskCallPool *pool = msk_call_pool_new(&cloud->head, 1);

    msk_host_call_push(pool, &row->question, on_answer, &answer, keep_data);
    while (!answer.answered) {
        g_assert_cmpint(g_get_monotonic_time(), <, deadline_us);
        g_main_context_iteration(NULL, FALSE);
        g_usleep(500);
    }
    g_assert_cmpstr(cloud->calls->str, ==, row->calls);
    g_assert_cmpint(answer.kind, ==, row->kind);
    g_assert_cmpstr(answer.answer->str, ==, row->answer);
    if (row->kind == MSK_HOST_EVENT_FAILED) {
        g_assert_cmpint(answer.code, ==, row->code);
    }
    g_assert_cmpint(answer.has_message, ==,
                    row->kind == MSK_HOST_EVENT_FAILED || row->move == MSK_MOVE_FAILED);
    if (row->kind == MSK_HOST_EVENT_MOVE) {
        g_assert_cmpint(answer.move.kind, ==, row->move);
    }
    if (row->move == MSK_MOVE_FAILED) {
        g_assert_cmpint(answer.move.code, ==, row->code);
        g_assert_cmpint(answer.move.retry_after_us, ==, INT64_C(7) * G_USEC_PER_SEC);
        g_assert_cmpint(answer.move.effect_unknown, ==, row->code == MSK_ERROR_UNAVAILABLE);
    }
    (void) g_string_free(answer.answer, TRUE); /* returns NULL */
    msk_call_pool_free(pool, 60000);
}

static void
test_questions(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        check(&rows[i]);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host_calls/questions", test_questions);
    return g_test_run();
}
