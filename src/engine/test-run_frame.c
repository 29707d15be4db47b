/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/run_frame.h"
#include "engine/test_lease.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "engine/engine_clock.h"
#include "engine/instance_run.h"
#include "engine/process_run.h"
#include "engine/test_place.h"

/* Runs of a process and of an instance with a real database, and a cloud that answers what a test
 * has written down: one letter a call, see next_answer(). */

#define WAIT_US (INT64_C(60) * G_USEC_PER_SEC)

typedef struct {
    MskCompute head;
    GMutex lock;
    const char *answers; /* of the looks; the last one lasts */
    unsigned n_looks;    /* atomic */
    unsigned n_orders;
    int64_t until_us; /* of the lease that an order was given for */
    bool harm;        /* it was over */
} Cloud;

typedef struct {
    char *dir;
    Cloud *cloud;
    MskStore *store; /* the test's own connection */
    MskStoreQueue *queue;
    MskCallPool *pool;
    MskConfig *config;
    MskEngineSettings settings;
    MskClaim *claim;
    MskRunFrame frame;
    MskProcessRun *process_run;   /* (nullable) one of these */
    MskInstanceRun *instance_run; /* (nullable) */
    TestLease lease;
    unsigned n_finished;
    unsigned n_ended;
    char *why;
} Fixture;

/* ---- the cloud --------------------------------------------------------------------------- */

/* + enabled, or the VM is off; - disabled, or it runs; ! it is away. */
static char
next_answer(MskCompute *compute, GError **error)
{
    Cloud *self = (Cloud *) compute;
    char answer = 0;

    g_mutex_lock(&self->lock);
    g_atomic_int_inc(&self->n_looks);
    answer = *self->answers;
    if (self->answers[1] != '\0') {
        self->answers++;
    }
    g_mutex_unlock(&self->lock);
    if (answer == '!') {
        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE, "the cloud is away");
    }
    return answer;
}

static bool
take_order(MskCompute *compute)
{
    Cloud *self = (Cloud *) compute;

    g_mutex_lock(&self->lock);
    self->n_orders++;
    self->harm = self->harm || msk_engine_now_us() >= self->until_us;
    g_mutex_unlock(&self->lock);
    return true;
}

static MskComputeService *
cloud_get_service(MskCompute *compute, MskComputeCall *call, const char *host, const char *binary,
                  GError **error)
{
    char answer = next_answer(compute, error);
    MskComputeService *service = NULL;

    (void) call;
    if (answer != '!') {
        service = g_new0(MskComputeService, 1);
        service->host = g_strdup(host);
        service->binary = g_strdup(binary);
        service->enabled = answer == '+';
    }
    return service;
}

static bool
cloud_set_service(MskCompute *compute, MskComputeCall *call, const MskComputeService *service,
                  const MskServiceChange *change, GError **error)
{
    (void) call;
    (void) service;
    (void) error;
    g_assert_cmpint(change->enabled, ==, MSK_CHANGE_TO_FALSE);
    return take_order(compute);
}

static MskServer *
cloud_get_server(MskCompute *compute, MskComputeCall *call, const MskServerRef *ref, GError **error)
{
    char answer = next_answer(compute, error);
    MskServer *server = NULL;

    (void) call;
    if (answer != '!') {
        server = g_new0(MskServer, 1);
        server->uuid = g_strdup(ref->uuid);
        server->vm_state = answer == '+' ? MSK_VM_STOPPED : MSK_VM_ACTIVE;
        server->metadata = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    }
    return server;
}

static bool
cloud_turn(MskCompute *compute, MskComputeCall *call, const MskServerRef *ref, GError **error)
{
    (void) call;
    (void) ref;
    (void) error;
    return take_order(compute);
}

static void
cloud_free(MskCompute *compute)
{
    (void) compute; /* the fixture has it */
}

static const MskComputeDriver driver = {
    .name = "test",
    .get_server = cloud_get_server,
    .stop_server = cloud_turn,
    .start_server = cloud_turn,
    .free = cloud_free,
    .is_cloud = true,
    .get_service = cloud_get_service,
    .set_service = cloud_set_service,
};

/* ---- the fixture ------------------------------------------------------------------------- */

static MskStore *
open_store(const Fixture *self)
{
    g_autofree char *file = g_build_filename(self->dir, "test.sqlite", NULL);

    return test_place_open(file, 5000, NULL);
}

static void
load(Fixture *self, const char *flow, const char *program)
{
    g_autofree char *path = g_build_filename(self->dir, "page", NULL);
    g_autofree char *directory = g_strconcat("recovery_tasks.directory=", self->dir, NULL);
    const char *overrides[] = {"DEFAULT.verify_interval=0",
                               "instance_failure.process_all_instances=true", directory, flow,
                               NULL};
    g_autoptr(MskConfigSchema) schema = msk_config_schema_new();
    g_autoptr(GError) error = NULL;

    g_assert_true(g_file_set_contents(path, program, -1, NULL));
    g_assert_cmpint(g_chmod(path, 0755), ==, 0);
    msk_engine_add_options(schema);
    self->config = msk_config_load(schema, &(MskConfigSources){.overrides = overrides}, &error);
    g_assert_no_error(error);
    g_assert_true(msk_engine_settings_load(self->config, &self->settings, &error));
}

static bool
may_act(void *data, int64_t *ret_until_us)
{
    Fixture *self = data;

    if (!test_lease_ask(&self->lease, msk_engine_now_us() + WAIT_US, ret_until_us)) {
        return false;
    }
    g_mutex_lock(&self->cloud->lock);
    self->cloud->until_us = *ret_until_us;
    g_mutex_unlock(&self->cloud->lock);
    return true;
}

static void
on_finished(MskNotificationStatus status, const char *why, void *data)
{
    Fixture *self = data;

    (void) status; /* the database has it */
    self->n_finished++;
    self->why = g_strdup(why);
}

static void
on_ended(void *data)
{
    ((Fixture *) data)->n_ended++;
}

/* @flow: one option; @program: that of the flow's task "page". */
static void
set_up(Fixture *self, const char *flow, const char *program)
{
    *self = (Fixture){.dir = g_dir_make_tmp("msk-run-XXXXXX", NULL), .cloud = g_new0(Cloud, 1)};
    g_mutex_init(&self->cloud->lock);
    self->cloud->head.driver = &driver;
    load(self, flow, program);
    self->store = open_store(self);
    self->queue = msk_store_queue_new(open_store(self));
    self->pool = msk_call_pool_new(&self->cloud->head, 1);
    self->claim = test_place_claim(self->store, "PROCESS", "{\"event\": \"STOPPED\"}");
    msk_run_frame_init(&self->frame, &(MskRunContext){.queue = self->queue,
                                                      .pool = self->pool,
                                                      .settings = &self->settings,
                                                      .claim = self->claim,
                                                      .claimed_mono_us = g_get_monotonic_time(),
                                                      .engine_uuid = "e1",
                                                      .may_act = may_act,
                                                      .act_data = self,
                                                      .finished = on_finished,
                                                      .ended = on_ended,
                                                      .data = self});
}

static void
tear_down(Fixture *self)
{
    msk_call_pool_free(self->pool, 60000);
    msk_store_queue_free(self->queue);
    msk_process_run_free(self->process_run);
    msk_instance_run_free(self->instance_run);
    msk_run_frame_clear(&self->frame);
    msk_claim_free(self->claim);
    msk_engine_settings_clear(&self->settings);
    msk_config_unref(self->config);
    msk_store_free(self->store);
    test_place_remove(self->dir);
    g_mutex_clear(&self->cloud->lock);
    g_free(self->cloud);
    g_free(self->why);
    g_free(self->dir);
}

static void
begin(Fixture *self, bool process, const char *answers)
{
    MskPrepareJob job = {.host = g_strdup("h1")};

    self->cloud->answers = answers;
    if (process) {
        job.triage.process_name = g_strdup("nova-compute");
        self->process_run = msk_process_run_new(&self->frame, &job);
    } else {
        job.triage.instance_uuid = g_strdup("vm1");
        job.triage.incident = MSK_INCIDENT_DOWN;
        self->instance_run = msk_instance_run_new(&self->frame, &job);
    }
}

static void
wait_for(unsigned *n)
{
    int64_t deadline_us = g_get_monotonic_time() + WAIT_US;

    while (g_atomic_int_get(n) == 0) {
        g_assert_cmpint(g_get_monotonic_time(), <, deadline_us);
        while (g_main_context_iteration(NULL, FALSE)) {
        }
        g_usleep(1000);
    }
}

/* What the database says. */
static void
check_stored(const Fixture *self, MskNotificationStatus status, const char *word)
{
    g_autofree char *message = NULL;

    g_assert_cmpint(test_place_status(self->store, self->claim->notification->uuid, &message), ==,
                    status);
    if (word != NULL) {
        g_assert_nonnull(strstr(message, word));
    }
}

static MskProgressState
stored_row(const Fixture *self, const char *name)
{
    g_autoptr(GPtrArray) flows = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(
        msk_store_progress_list(self->store, self->claim->notification->uuid, &flows, &error), ==,
        MSK_STORE_DONE);
    g_assert_cmpuint(flows->len, ==, 1);
    return msk_flow_progress_task(g_ptr_array_index(flows, 0), name)->state;
}

/* ---- tests ------------------------------------------------------------------------------- */

#define PROCESS_FLOW "taskflow_driver_recovery_flows.process_failure_recovery_tasks="
#define VM_FLOW      "taskflow_driver_recovery_flows.instance_failure_recovery_tasks="

/* An order waits for the lease, and is decided anew when that was over before it was given; what
 * the cloud does not say at once is asked again. */
static void
test_one_order_whatever_gets_in_its_way(void)
{
    static const struct {
        bool process;
        const char *answers;
        unsigned n_refusals;
        unsigned n_late;
    } table[] = {
        {true, "+-", 0, 0},    {true, "!+-", 0, 0},  {true, "++-", 0, 0},
        {true, "+-", 1, 0},    {true, "+++-", 0, 1}, {false, "++-", 0, 0},
        {false, "!++-", 0, 0}, {false, "++-", 1, 0}, {false, "+++-", 0, 1},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        Fixture self;

        g_test_message("row %zu", i);
        set_up(&self, NULL, "");
        self.lease.n_refusals = table[i].n_refusals;
        self.lease.n_late = table[i].n_late;
        begin(&self, table[i].process, table[i].answers);
        wait_for(&self.n_ended);
        g_assert_cmpuint(self.n_finished, ==, 1);
        g_assert_cmpuint(self.cloud->n_orders, ==, 1);
        g_assert_false(self.cloud->harm);
        g_assert_cmpuint(self.lease.n_refusals + self.lease.n_late, ==, 0);
        check_stored(&self, MSK_NOTIFICATION_FINISHED, NULL);
        tear_down(&self);
    }
}

static void
test_programs(void)
{
    static const struct {
        bool process;
        const char *flow;
        const char *program;
        const char *answers;
        MskNotificationStatus status;
        unsigned n_orders;
        MskProgressState row;
    } table[] = {
        {true,
         PROCESS_FLOW "pre: ['exec:page', 'disable_compute_node_task'], main: "
                      "['confirm_compute_node_disabled_task'], post: []",
         "#!/bin/sh\n", "++-", MSK_NOTIFICATION_FINISHED, 1, MSK_PROGRESS_SUCCESS},
        {true,
         PROCESS_FLOW "pre: ['exec:page', 'disable_compute_node_task'], main: "
                      "['confirm_compute_node_disabled_task'], post: []",
         "#!/bin/sh\nexit 3\n", "+", MSK_NOTIFICATION_ERROR, 0, MSK_PROGRESS_FAILURE},
        {false,
         VM_FLOW "pre: ['exec:page', 'stop_instance_task'], main: ['start_instance_task'], "
                 "post: ['confirm_instance_active_task']",
         "#!/bin/sh\n", "+++-", MSK_NOTIFICATION_FINISHED, 1, MSK_PROGRESS_SUCCESS},
        {false,
         VM_FLOW "pre: ['exec:page', 'stop_instance_task'], main: ['start_instance_task'], "
                 "post: ['confirm_instance_active_task']",
         "#!/bin/sh\nexit 3\n", "+", MSK_NOTIFICATION_ERROR, 0, MSK_PROGRESS_FAILURE},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        Fixture self;
        bool fails = table[i].status == MSK_NOTIFICATION_ERROR;

        g_test_message("row %zu", i);
        set_up(&self, table[i].flow, table[i].program);
        begin(&self, table[i].process, table[i].answers);
        wait_for(&self.n_ended);
        g_assert_cmpuint(self.cloud->n_orders, ==, table[i].n_orders);
        check_stored(&self, table[i].status,
                     fails ? "Task 'exec:page' failed: exit status 3" : NULL);
        g_assert_cmpint(stored_row(&self, "exec:page"), ==, table[i].row);
        g_assert_true(!fails || strstr(self.why, "exec:page") != NULL);
        tear_down(&self);
    }
}

static void
run_nothing(MskCompute *compute, void *data)
{
    (void) compute;
    (void) data;
}

static void
count(void *data)
{
    ++*(unsigned *) data;
}

static void
free_nothing(void *data)
{
    (void) data;
}

/* Until all calls that were made before are answered: the pool makes one at a time. */
static void
wait_for_calls(const Fixture *self)
{
    static const MskPoolJob job = {run_nothing, count, free_nothing};
    unsigned n_done = 0;

    msk_call_pool_run(self->pool, &job, &n_done);
    wait_for(&n_done);
}

/* An answer that comes when it was handed back leads to nothing: it is there before that is stored.
 */
static void
test_a_run_that_was_released_gives_no_order(void)
{
    for (int process = 0; process < 2; process++) {
        Fixture self;

        set_up(&self, NULL, "");
        begin(&self, process == 1, "+");
        while (g_atomic_int_get(&self.cloud->n_looks) == 0) {
            g_usleep(1000);
        }
        g_usleep(20000); /* for the answer to be on its way, as far as the machine can */
        msk_run_frame_release(&self.frame);
        msk_run_frame_release(&self.frame); /* once */
        wait_for(&self.n_ended);
        wait_for_calls(&self);
        g_assert_cmpuint(self.cloud->n_orders, ==, 0);
        g_assert_cmpuint(self.n_finished, ==, 0);
        check_stored(&self, MSK_NOTIFICATION_RUNNING, NULL);
        tear_down(&self);
        g_assert_cmpuint(self.n_ended, ==, 1);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/run_frame/one_order_whatever_gets_in_its_way",
                    test_one_order_whatever_gets_in_its_way);
    g_test_add_func("/run_frame/programs", test_programs);
    g_test_add_func("/run_frame/a_run_that_was_released_gives_no_order",
                    test_a_run_that_was_released_gives_no_order);
    return g_test_run();
}
