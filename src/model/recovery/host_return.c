/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/host_return.h"

#define MAX_DOUBLING 10u
/* Whoever disables a service, or forces it down, writes its row once, which looks like a heartbeat.
 */
#define MIN_BEATS 2u

static int64_t
seconds(int64_t us)
{
    return us / G_USEC_PER_SEC;
}

int64_t
msk_return_delay_us(const MskReturnOrder *order, unsigned n_failures)
{
    return order->after_us << MIN(n_failures > 0 ? n_failures - 1 : 0, MAX_DOUBLING);
}

static MskReturnStep
wait(void)
{
    return (MskReturnStep){.act = MSK_RETURN_ACT_WAIT};
}

/* Waits, and says why unless that was the last thing that was said. */
static MskReturnStep
wait_telling(MskHostReturn *self, bool warning, char *note)
{
    MskReturnStep step = wait();

    if (g_strcmp0(self->told, note) == 0) {
        g_free(note);
        return step;
    }
    g_free(self->told);
    self->told = g_strdup(note);
    step.note = note;
    step.warning = warning;
    return step;
}

static MskReturnStep
act(MskReturnActKind kind, char *note)
{
    return (MskReturnStep){.act = kind, .note = note};
}

/* Returns: (transfer full) (nullable) why a person has to see to the host. */
static char *
why_not(const MskReturnOrder *order, const MskReturnFacts *facts)
{
    if (!facts->enabled && !facts->ours) {
        return g_strdup_printf("Host '%s' is left to people: its compute service was disabled for "
                               "another reason than its failure",
                               order->host);
    }
    if (!facts->taken && facts->enabled && !facts->forced_down) {
        return g_strdup_printf("Host '%s' is left to people: its compute service is in use, but it "
                               "is on maintenance; failures of it do not count until "
                               "on_maintenance is cleared",
                               order->host);
    }
    if (!facts->taken && facts->n_failures > order->max_failures) {
        return g_strdup_printf("Host '%s' is left to people: it failed %u times within "
                               "%" G_GINT64_FORMAT
                               " s, more than [host_failure] auto_return_max_failures",
                               order->host, facts->n_failures, seconds(order->window_us));
    }
    return NULL;
}

static void
forget_life(MskHostReturn *self)
{
    self->beat_us = 0;
    self->n_beats = 0;
}

/* Returns: whether it has lived for long enough, as far as was seen. */
static bool
watch_life(MskHostReturn *self, const MskReturnOrder *order, const MskReturnEvent *event)
{
    const MskReturnFacts *facts = &event->facts;
    bool beats = facts->beat_us > 0 && facts->age_us >= 0 && facts->age_us <= order->beat_age_us;

    /* What happened while nobody looked is not known. */
    if (!beats || event->now_us - self->looked_us > order->beat_age_us) {
        forget_life(self);
    }
    self->looked_us = event->now_us;
    if (!beats) {
        return false;
    }
    /* The first heartbeat that is seen may be from before the failure, and the host may be dead
     * again since the last one: what counts is the time between the first new one and the last. */
    if (self->beat_us != 0 && facts->beat_us != self->beat_us) {
        self->alive_since_us = self->n_beats == 0 ? event->now_us : self->alive_since_us;
        self->heard_us = event->now_us;
        self->n_beats++;
    }
    self->beat_us = facts->beat_us;
    return self->n_beats >= MIN_BEATS &&
           self->heard_us - self->alive_since_us >= msk_return_delay_us(order, facts->n_failures);
}

static MskReturnStep
watch_on(MskHostReturn *self, const MskReturnOrder *order, const MskReturnFacts *facts)
{
    if (self->n_beats < MIN_BEATS) {
        return wait();
    }
    return wait_telling(
        self, false,
        g_strdup_printf(
            "Host '%s' is heard of again: it is taken back once it has been for %" G_GINT64_FORMAT
            " s without a break (it failed %u times within %" G_GINT64_FORMAT " s)",
            order->host, seconds(msk_return_delay_us(order, facts->n_failures)), facts->n_failures,
            seconds(order->window_us)));
}

/* The next thing that has to be changed. */
static MskReturnStep
go_on(const MskReturnOrder *order, const MskReturnFacts *facts)
{
    if (!facts->taken) {
        return act(MSK_RETURN_ACT_TAKE,
                   g_strdup_printf("Host '%s' lives again: taking it back", order->host));
    }
    if (facts->forced_down) {
        return act(MSK_RETURN_ACT_LIFT, NULL);
    }
    if (!facts->up) {
        return wait();
    }
    if (facts->on_maintenance) {
        return act(MSK_RETURN_ACT_CLEAR, NULL);
    }
    if (!facts->enabled) {
        return act(MSK_RETURN_ACT_ENABLE, NULL);
    }
    return act(MSK_RETURN_ACT_END, NULL);
}

static MskReturnStep
on_looked(MskHostReturn *self, const MskReturnOrder *order, const MskReturnEvent *event)
{
    char *why = why_not(order, &event->facts);
    bool lives = watch_life(self, order, event);

    if (why != NULL) {
        return wait_telling(self, true, why);
    }
    if (!lives) {
        return watch_on(self, order, &event->facts);
    }
    return go_on(order, &event->facts);
}

MskReturnStep
msk_host_return_step(MskHostReturn *self, const MskReturnOrder *order, const MskReturnEvent *event)
{
    switch (event->kind) {
    case MSK_RETURN_EVENT_LOOKED:
        return on_looked(self, order, event);
    case MSK_RETURN_EVENT_DONE:
        return wait();
    case MSK_RETURN_EVENT_FAILED:
        return wait_telling(
            self, false,
            g_strdup_printf("Host '%s' is not taken back yet: %s", order->host, event->message));
    }
    g_assert_not_reached();
}

void
msk_return_step_clear(MskReturnStep *self)
{
    g_clear_pointer(&self->note, g_free);
}

void
msk_host_return_clear(MskHostReturn *self)
{
    g_clear_pointer(&self->told, g_free);
}
