/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/instance/instance_life.h"

#include <signal.h>
#include <sys/wait.h>

static const MskEventNames *
stopped(MskStopped detail)
{
    return msk_event_filter(MSK_DOMAIN_EVENT_LIFECYCLE, MSK_LIFECYCLE_STOPPED, (int) detail);
}

/* Signals that no orderly stop sends. libvirt sends SIGKILL too, but only ten seconds after a
 * SIGTERM that QEMU did not take, which shows as pending. */
static bool
was_killed(const MskProcessEnd *end)
{
    if (!end->known || !WIFSIGNALED(end->wait_status) || end->sigterm_pending) {
        return false;
    }
    switch (WTERMSIG(end->wait_status)) {
    case SIGKILL:
    case SIGSEGV:
    case SIGABRT:
    case SIGBUS:
    case SIGILL:
    case SIGFPE:
    case SIGSYS:
    case SIGTRAP:
        return true;
    default:
        return false;
    }
}

static bool
ended_by_itself(const MskProcessEnd *end)
{
    return end->known && WIFEXITED(end->wait_status) && WEXITSTATUS(end->wait_status) == 0;
}

static MskLifeOutput
begin(MskLife *life)
{
    *life = (MskLife){.phase = MSK_LIFE_RUNNING};
    return (MskLifeOutput){.actions = MSK_LIFE_DO_WATCH | MSK_LIFE_DO_SAVE};
}

/* The life is over for this reason, by libvirt's event or by its list. */
static MskLifeOutput
finish(MskLife *life, MskStopped detail)
{
    MskLifeOutput output = {.actions = MSK_LIFE_DO_UNWATCH | MSK_LIFE_DO_SAVE};
    bool failed = detail == MSK_STOPPED_FAILED || detail == MSK_STOPPED_CRASHED;

    if (!failed) {
        output.report = stopped(detail);
        if (life->reported) {
            output.note = MSK_LIFE_NOTE_ORDERED_AFTER_ALL;
        }
    } else if (!life->reported) {
        output.report = stopped(detail);
    }
    *life = (MskLife){.phase = MSK_LIFE_DOWN, .reported = failed};
    return output;
}

static MskLifeOutput
step_lifecycle(MskLife *life, const MskLifeInput *input)
{
    MskLifeOutput output = {.report = msk_event_filter(input->id, input->type, input->detail)};

    switch ((MskLifecycle) input->type) {
    case MSK_LIFECYCLE_STARTED:
        return begin(life);
    case MSK_LIFECYCLE_STOPPED:
        return finish(life, (MskStopped) input->detail);
    case MSK_LIFECYCLE_SHUTDOWN:
        life->ordered = true;
        output.actions = MSK_LIFE_DO_SAVE;
        break;
    case MSK_LIFECYCLE_RESUMED:
        /* A reboot through the guest's power button: SHUTDOWN, then it goes on. */
        if (life->phase == MSK_LIFE_RUNNING && life->ordered) {
            life->ordered = false;
            output.actions = MSK_LIFE_DO_SAVE;
        }
        break;
    case MSK_LIFECYCLE_CRASHED:
        if (input->detail == MSK_CRASHED_PANICKED) {
            /* Most domains stop a moment later, which is when they can be started again. */
            life->panicked = true;
            output.actions = MSK_LIFE_DO_ARM_PANIC;
            output.report = NULL;
        }
        break;
    case MSK_LIFECYCLE_DEFINED:
    case MSK_LIFECYCLE_UNDEFINED:
    case MSK_LIFECYCLE_SUSPENDED:
    case MSK_LIFECYCLE_PMSUSPENDED:
    default:
        break;
    }
    return output;
}

static MskLifeOutput
step_grace_over(MskLife *life, const MskProcessEnd *end)
{
    MskLifeOutput output = {0};

    if (life->phase != MSK_LIFE_ENDED || life->reported) {
        return output;
    }
    /* The second look may know more, but cannot see a pending signal any more. */
    if (end->known && !life->end.known) {
        life->end = *end;
    }
    if (was_killed(&life->end) && !life->ordered && !life->panicked) {
        life->reported = true;
        output.report = stopped(MSK_STOPPED_FAILED);
        output.actions = MSK_LIFE_DO_SAVE;
    }
    return output;
}

static MskLifeOutput
step_process_ended(MskLife *life, const MskProcessEnd *end)
{
    if (life->phase != MSK_LIFE_RUNNING) {
        return (MskLifeOutput){0};
    }
    life->phase = MSK_LIFE_ENDED;
    life->end = *end;
    return (MskLifeOutput){.actions = MSK_LIFE_DO_ARM_GRACE | MSK_LIFE_DO_ARM_WORD};
}

static MskLifeOutput
step_panic_over(MskLife *life)
{
    if (!life->panicked || life->phase == MSK_LIFE_DOWN) {
        return (MskLifeOutput){0};
    }
    life->panicked = false;
    life->panic_told = true;
    return (MskLifeOutput){.report =
                               msk_event_filter(MSK_DOMAIN_EVENT_LIFECYCLE,
                                                (int) MSK_LIFECYCLE_CRASHED, MSK_CRASHED_PANICKED)};
}

/* A panic that nobody was told of, because the list is the first word of it. */
static unsigned
notice_panic(MskLife *life, const MskLifeInput *input)
{
    if (!input->crashed || life->panicked || life->panic_told) {
        return 0;
    }
    /* Without a memory nobody knows whether a person keeps it for a look. */
    life->panicked = !input->first_start;
    life->panic_told = input->first_start;
    return life->panicked ? MSK_LIFE_DO_ARM_PANIC : 0;
}

static MskLifeOutput
step_listed_active(MskLife *life, const MskLifeInput *input)
{
    MskLifeOutput output;
    bool missed =
        life->phase == MSK_LIFE_RUNNING || (life->phase == MSK_LIFE_ENDED && !life->reported);

    if (life->phase == MSK_LIFE_RUNNING && !input->new_process) {
        return (MskLifeOutput){.actions = notice_panic(life, input)};
    }
    if (life->phase == MSK_LIFE_ENDED && !input->new_process) {
        /* libvirt has not noticed yet. */
        return (MskLifeOutput){.actions = MSK_LIFE_DO_ARM_WORD};
    }
    output = begin(life);
    output.actions |= notice_panic(life, input);
    output.note = missed ? MSK_LIFE_NOTE_MISSED : MSK_LIFE_NOTE_NONE;
    return output;
}

/* A libvirtd that was away calls every QEMU it finds dead crashed; what was seen here knows more.
 */
static MskLifeOutput
finish_failed(MskLife *life)
{
    if (life->panicked) {
        return finish(life, MSK_STOPPED_CRASHED);
    }
    if (life->ordered || ended_by_itself(&life->end)) {
        return finish(life, MSK_STOPPED_SHUTDOWN);
    }
    return finish(life, MSK_STOPPED_FAILED);
}

static MskLifeOutput
finish_unknown(MskLife *life)
{
    MskLifeOutput output;

    if (life->reported) {
        return finish(life, MSK_STOPPED_FAILED);
    }
    if (life->ordered || ended_by_itself(&life->end)) {
        return finish(life, MSK_STOPPED_SHUTDOWN);
    }
    output = finish(life, MSK_STOPPED_SAVED); /* a stop that is not reported */
    output.note = MSK_LIFE_NOTE_UNKNOWN_END;
    return output;
}

static MskLifeOutput
step_listed_down(MskLife *life, const MskLifeInput *input)
{
    if (life->phase == MSK_LIFE_NONE) {
        /* Without a memory only libvirt's and the operator's words count: it crashed since
         * libvirtd started, and it is to run whenever the host runs. */
        if (input->first_start && input->autostart && input->reason == MSK_SHUTOFF_CRASHED) {
            return finish(life, MSK_STOPPED_FAILED);
        }
        life->phase = MSK_LIFE_DOWN;
        return (MskLifeOutput){0};
    }
    if (life->phase == MSK_LIFE_DOWN) {
        return (MskLifeOutput){0};
    }
    switch (input->reason) {
    case MSK_SHUTOFF_CRASHED:
    case MSK_SHUTOFF_FAILED:
    case MSK_SHUTOFF_DAEMON:
        return finish_failed(life);
    case MSK_SHUTOFF_SHUTDOWN:
        return finish(life, MSK_STOPPED_SHUTDOWN);
    case MSK_SHUTOFF_DESTROYED:
        return finish(life, MSK_STOPPED_DESTROYED);
    case MSK_SHUTOFF_MIGRATED:
        return finish(life, MSK_STOPPED_MIGRATED);
    case MSK_SHUTOFF_SAVED:
        return finish(life, MSK_STOPPED_SAVED);
    case MSK_SHUTOFF_FROM_SNAPSHOT:
        return finish(life, MSK_STOPPED_FROM_SNAPSHOT);
    case MSK_SHUTOFF_UNKNOWN:
    default:
        return finish_unknown(life);
    }
}

MskLifeOutput
msk_life_step(MskLife *life, const MskLifeInput *input)
{
    MskLifeOutput output = {0};

    switch (input->kind) {
    case MSK_LIFE_EVENT:
        if (input->id == MSK_DOMAIN_EVENT_LIFECYCLE) {
            return step_lifecycle(life, input);
        }
        output.report = msk_event_filter(input->id, input->type, input->detail);
        return output;
    case MSK_LIFE_PROCESS_ENDED:
        return step_process_ended(life, &input->end);
    case MSK_LIFE_GRACE_OVER:
        return step_grace_over(life, &input->end);
    case MSK_LIFE_PANIC_OVER:
        return step_panic_over(life);
    case MSK_LIFE_WORD_OVERDUE:
        if (life->phase == MSK_LIFE_ENDED) {
            output.actions = MSK_LIFE_DO_LIST;
        }
        return output;
    case MSK_LIFE_SIGTERM_SEEN:
        if (life->phase == MSK_LIFE_RUNNING && !life->ordered) {
            life->ordered = true;
            output.actions = MSK_LIFE_DO_SAVE;
        }
        return output;
    case MSK_LIFE_LISTED_ACTIVE:
        return step_listed_active(life, input);
    case MSK_LIFE_LISTED_DOWN:
        return step_listed_down(life, input);
    default:
        g_assert_not_reached();
    }
}
