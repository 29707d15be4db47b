/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/instance/domain_watch.h"

#include "io/qemu_process.h"

#define LOG_NAME "masakari.monitor.instance"
#include "base/log.h"

#include <errno.h>
#include <glib-unix.h>
#include <poll.h>

enum {
    /* For an event that libvirt sent before QEMU ended and that is not dispatched yet. */
    GRACE_MS = 3,
    /* libvirt stops a panicked domain some 200 ms later, or keeps it. */
    PANIC_MS = 1000,
    WORD_MS = 5000,
};

static void
clear_source(unsigned *source)
{
    if (*source != 0) {
        (void) g_source_remove(*source); /* callbacks clear it when they have run */
        *source = 0;
    }
}

static void
unwatch(MskDomainWatch *self)
{
    clear_source(&self->pidfd_source);
    clear_source(&self->grace_source);
    clear_source(&self->panic_source);
    clear_source(&self->word_source);
    if (self->pidfd >= 0) {
        (void) close(self->pidfd); /* nothing was written to it */
        self->pidfd = -1;
    }
}

static gboolean
on_process_ended(int fd, GIOCondition condition, void *data)
{
    MskDomainWatch *self = data;
    MskLifeInput input = {.kind = MSK_LIFE_PROCESS_ENDED};

    (void) condition;
    self->pidfd_source = 0;
    input.end = msk_pidfd_end(fd, &self->process);
    log_debug("instance %s: QEMU %d ended, %s, status 0x%x%s", self->uuid, self->process.pid,
              input.end.known ? "known" : "unknown", (unsigned) input.end.wait_status,
              input.end.sigterm_pending ? ", a SIGTERM was waiting" : "");
    msk_domain_watch_step(self, &input);
    return G_SOURCE_REMOVE;
}

static gboolean
on_grace_over(void *data)
{
    MskDomainWatch *self = data;
    MskLifeInput input = {.kind = MSK_LIFE_GRACE_OVER};

    self->grace_source = 0;
    if (self->pidfd >= 0) {
        input.end = msk_pidfd_end(self->pidfd, &self->process);
    }
    msk_domain_watch_step(self, &input);
    return G_SOURCE_REMOVE;
}

static gboolean
on_panic_over(void *data)
{
    MskDomainWatch *self = data;

    self->panic_source = 0;
    msk_domain_watch_step(self, &(MskLifeInput){.kind = MSK_LIFE_PANIC_OVER});
    return G_SOURCE_REMOVE;
}

static gboolean
on_word_overdue(void *data)
{
    MskDomainWatch *self = data;

    self->word_source = 0;
    msk_domain_watch_step(self, &(MskLifeInput){.kind = MSK_LIFE_WORD_OVERDUE});
    return G_SOURCE_REMOVE;
}

/* False when the process has ended: libvirt's word has to tell. */
static bool
attach(MskDomainWatch *self, const MskProcessId *process)
{
    g_autoptr(GError) error = NULL;

    self->process = *process;
    self->pidfd = msk_pidfd_open(process, &error);
    if (self->pidfd < 0) {
        log_debug("instance %s: %s", self->uuid, error->message);
        return false;
    }
    self->pidfd_source = g_unix_fd_add(self->pidfd, G_IO_IN, on_process_ended, self);
    log_debug("instance %s (%s): watching QEMU %d", self->uuid, self->name, process->pid);
    return true;
}

static bool
find_process(const MskDomainWatch *self, MskProcessId *ret)
{
    return self->place.is_local && msk_qemu_find(self->place.run_dir, self->name, self->uuid, ret);
}

static void
watch(MskDomainWatch *self)
{
    MskProcessId process = {0};

    unwatch(self);
    self->since_us = g_get_real_time();
    self->process = process;
    if (find_process(self, &process)) {
        (void) attach(self, &process); /* logged; without a pidfd libvirt's events remain */
    }
}

static void
arm(MskDomainWatch *self, unsigned *source, unsigned delay_ms, GSourceFunc callback)
{
    clear_source(source);
    /* After what is ready to be read: events that are here come first. */
    *source = g_timeout_add_full(G_PRIORITY_DEFAULT_IDLE, delay_ms, callback, self, NULL);
}

void
msk_domain_watch_step(MskDomainWatch *self, const MskLifeInput *input)
{
    MskLifeOutput output = msk_life_step(&self->life, input);

    if ((output.actions & MSK_LIFE_DO_UNWATCH) != 0) {
        unwatch(self);
    }
    if ((output.actions & MSK_LIFE_DO_WATCH) != 0) {
        watch(self);
    }
    if ((output.actions & MSK_LIFE_DO_ARM_GRACE) != 0) {
        arm(self, &self->grace_source, GRACE_MS, on_grace_over);
    }
    if ((output.actions & MSK_LIFE_DO_ARM_PANIC) != 0) {
        arm(self, &self->panic_source, PANIC_MS, on_panic_over);
    }
    if ((output.actions & MSK_LIFE_DO_ARM_WORD) != 0) {
        arm(self, &self->word_source, WORD_MS, on_word_overdue);
    }
    if ((output.actions & (MSK_LIFE_DO_SAVE | MSK_LIFE_DO_LIST)) != 0 || output.report != NULL ||
        output.note != MSK_LIFE_NOTE_NONE) {
        self->output(self, &output, self->data);
    }
}

MskDomainWatch *
msk_domain_watch_new(const char *uuid, const char *name, const MskQemuPlace *place,
                     MskDomainWatchOutput output, void *data)
{
    MskDomainWatch *self = g_new0(MskDomainWatch, 1);

    (void) g_strlcpy(self->uuid, uuid, sizeof(self->uuid)); /* longer is no uuid */
    self->name = g_strdup(name);
    self->place = *place;
    self->output = output;
    self->data = data;
    self->pidfd = -1;
    return self;
}

void
msk_domain_watch_free(MskDomainWatch *self)
{
    if (self == NULL) {
        return;
    }
    unwatch(self);
    g_free(self->name);
    g_free(self);
}

void
msk_domain_watch_resume(MskDomainWatch *self)
{
    MskProcessId process = self->process;

    if (self->life.phase != MSK_LIFE_RUNNING || process.pid == 0) {
        return;
    }
    if (!attach(self, &process)) {
        /* How it ended is not known any more. */
        msk_domain_watch_step(self, &(MskLifeInput){.kind = MSK_LIFE_PROCESS_ENDED});
    }
}

void
msk_domain_watch_listed_active(MskDomainWatch *self, bool crashed, bool first_start)
{
    MskProcessId found = {0};
    bool is_found = find_process(self, &found);
    bool is_same = found.pid == self->process.pid && found.start_time == self->process.start_time;

    msk_domain_watch_step(
        self, &(MskLifeInput){.kind = MSK_LIFE_LISTED_ACTIVE,
                              .crashed = crashed,
                              .first_start = first_start,
                              .new_process = is_found && !is_same && self->process.pid != 0});
    if (is_found && self->life.phase == MSK_LIFE_RUNNING && self->pidfd < 0) {
        (void) attach(self, &found); /* see watch */
    }
}

bool
msk_domain_watch_settle_process(MskDomainWatch *self)
{
    struct pollfd poll_fd = {.fd = self->pidfd, .events = POLLIN};

    if (self->pidfd_source == 0) {
        return false;
    }
    if (TEMP_FAILURE_RETRY(poll(&poll_fd, 1, 0)) == 0) {
        return true;
    }
    clear_source(&self->pidfd_source);
    (void) on_process_ended(self->pidfd, G_IO_IN, self); /* its answer is for the source */
    return false;
}

void
msk_domain_watch_look_for_sigterm(MskDomainWatch *self)
{
    if (self->life.phase == MSK_LIFE_RUNNING && self->pidfd_source != 0 && !self->life.ordered &&
        msk_process_sigterm_pending(self->process.pid)) {
        log_debug("instance %s: a SIGTERM waits for QEMU %d", self->uuid, self->process.pid);
        msk_domain_watch_step(self, &(MskLifeInput){.kind = MSK_LIFE_SIGTERM_SEEN});
    }
}

bool
msk_domain_watch_is_down(const MskDomainWatch *self)
{
    MskProcessId process;

    return self->life.phase != MSK_LIFE_RUNNING && !find_process(self, &process);
}
