/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/fence_run.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/worker.h"
#include "engine/engine_clock.h"

#define LOG_NAME "masakari.engine.fencing"
#include "base/log.h"

#define LEASE_MS 100u
#define END_MS   5000u /* for an agent that is killed */

struct MskFenceRun {
    MskFenceRunContext context;
    const MskFencePlan *plan;
    MskFencing state;
    MskWorker *worker;
    int cancel_fd;
    unsigned timer;
    MskFenceAct next; /* what the timer is for */
};

/* One agent's run. All that it borrows is there until its worker has come to rest. */
typedef struct {
    MskFenceRun *owner;
    MskFenceAgentRun order;
    MskFenceAct act;
    int64_t until_us; /* not begun later than this */
    bool late;
    MskFenceResult result;
    char *said;
} Job;

static void perform(MskFenceRun *self, MskFenceAct *act);

static void
free_job(void *data)
{
    Job *job = data;

    g_free(job->said);
    g_free(job);
}

static void
run_job(void *data)
{
    Job *job = data;

    job->late = msk_engine_now_us() >= job->until_us;
    if (job->late) {
        return;
    }
    job->result = msk_fence_agent_run(&job->order, &job->said);
}

static void
end_job(void *data)
{
    static const char *const names[] = {
        [MSK_FENCE_DONE] = "went well",
        [MSK_FENCE_IS_OFF] = "off",
        [MSK_FENCE_ERROR] = "failed",
        [MSK_FENCE_TIMEOUT] = "gave no answer in time",
    };
    Job *job = data;
    MskFenceRun *self = job->owner;
    MskFenceAct again = job->act;

    if (job->late) {
        free_job(job);
        perform(self, &again);
        return;
    }
    bool status_on = job->order.verb == MSK_FENCE_VERB_STATUS && job->result == MSK_FENCE_DONE;

    log_info("%s: %s %s of host %s: %s%s%s", self->context.subject, job->order.device->agent,
             msk_fence_verb_name(job->order.verb), self->context.host,
             status_on ? "on" : names[job->result], *job->said != '\0' ? ": " : "", job->said);
    g_auto(MskFenceAct) act = msk_fencing_answer(&self->state, job->result, job->said);

    free_job(job);
    perform(self, &act);
}

static void
push_agent(MskFenceRun *self, const MskFenceAct *act, int64_t until_us)
{
    Job *job = g_new0(Job, 1);

    job->owner = self;
    job->act = *act;
    job->until_us = until_us;
    job->order = (MskFenceAgentRun){.directory = self->context.agents_dir,
                                    .device = g_ptr_array_index(self->plan->devices, act->device),
                                    .verb = act->verb,
                                    .cancel_fd = self->cancel_fd};
    msk_worker_push(self->worker, run_job, end_job, free_job, job);
}

static gboolean
on_timer(void *data)
{
    MskFenceRun *self = data;
    MskFenceAct next = self->next;

    self->timer = 0;
    if (next.kind == MSK_FENCE_ACT_WAIT) {
        next = msk_fencing_go_on(&self->state);
    }
    perform(self, &next);
    return G_SOURCE_REMOVE;
}

static void
perform_later(MskFenceRun *self, const MskFenceAct *act, unsigned delay_ms)
{
    self->next = *act;
    self->next.note = NULL;
    self->timer = g_timeout_add(delay_ms, on_timer, self);
}

static void
perform(MskFenceRun *self, MskFenceAct *act)
{
    int64_t until_us = 0;
    g_autofree char *note = g_steal_pointer(&act->note);

    if (note != NULL && act->kind == MSK_FENCE_ACT_RUN) {
        log_warning("%s: %s", self->context.subject, note);
    }
    switch (act->kind) {
    case MSK_FENCE_ACT_RUN:
        if (!self->context.may_act(self->context.act_data, &until_us)) {
            perform_later(self, act, LEASE_MS);
        } else {
            push_agent(self, act, until_us);
        }
        return;
    case MSK_FENCE_ACT_WAIT:
        perform_later(self, act, (unsigned) (act->delay_us / 1000));
        return;
    case MSK_FENCE_ACT_CONFIRMED:
    case MSK_FENCE_ACT_FAILED:
        self->context.done(act->kind == MSK_FENCE_ACT_CONFIRMED, note, self->context.data);
        return;
    }
    g_assert_not_reached();
}

static gboolean
on_no_plan(void *data)
{
    MskFenceRun *self = data;

    self->timer = 0;
    self->context.done(false, self->context.reason, self->context.data);
    return G_SOURCE_REMOVE;
}

MskFenceRun *
msk_fence_run_new(const MskFenceRunContext *context, const MskFencePlan *plan)
{
    MskFenceRun *self = g_new0(MskFenceRun, 1);

    self->context = *context;
    self->plan = plan;
    self->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    self->worker = msk_worker_new("fencing");
    if (plan == NULL) {
        self->timer = g_timeout_add(0, on_no_plan, self);
        return self;
    }
    msk_fencing_init(&self->state, plan, context->host);
    self->next = msk_fencing_go_on(&self->state);
    self->timer = g_timeout_add(0, on_timer, self);
    return self;
}

void
msk_fence_run_free(MskFenceRun *self)
{
    if (self == NULL) {
        return;
    }
    if (self->timer != 0) {
        g_source_remove(self->timer);
    }
    (void) eventfd_write(self->cancel_fd, 1); /* without it the wait below is longer */
    if (!msk_worker_wait(self->worker, END_MS)) {
        log_warning("%s: a fence agent does not end", self->context.subject);
        return; /* it still uses all of this */
    }
    msk_worker_free(self->worker);
    (void) close(self->cancel_fd);
    msk_fencing_clear(&self->state);
    g_free(self);
}
