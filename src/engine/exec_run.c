/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/exec_run.h"

#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "engine/engine_clock.h"
#include "io/child_process.h"

#define MAX_LINE   4096u /* before it is cut for its readers */
#define MAX_ERRORS 1024u

/* What the main thread and the lane share. */
typedef struct {
    MskExecRun *owner; /* (nullable) only used on the main thread */
    char *path;
    char *input;
    unsigned timeout_s;
    int64_t until_us;
    int cancel_fd;

    pthread_mutex_t mutex; /* of these two: */
    GArray *lines;         /* MskExecLine */
    unsigned n_left_out;

    /* Of the lane until it is done. */
    unsigned n_lines;
    GString *line;   /* the one that is not ended yet */
    GString *errors; /* the end of standard error */
    MskExecRunEnd end;
    char *why;
} Shared;

struct MskExecRun {
    Shared *shared; /* counted */
    MskExecRunDone done;
    void *data;
};

static void
clear_line(void *data)
{
    g_free(((MskExecLine *) data)->text);
}

static GArray *
new_lines(void)
{
    GArray *lines = g_array_new(FALSE, FALSE, sizeof(MskExecLine));

    g_array_set_clear_func(lines, clear_line);
    return lines;
}

static void
clear_shared(void *data)
{
    Shared *self = data;

    g_free(self->path);
    g_free(self->input);
    (void) close(self->cancel_fd); /* nothing is lost by a failure */
    (void) pthread_mutex_destroy(&self->mutex);
    g_array_unref(self->lines);
    g_string_free(self->line, TRUE);
    g_string_free(self->errors, TRUE);
    g_free(self->why);
}

static void
release_shared(void *data)
{
    g_atomic_rc_box_release_full(data, clear_shared);
}

/* ---- on the lane ------------------------------------------------------------------------- */

static void
end_line(Shared *self)
{
    MskExecLine line = msk_exec_line_parse(self->line->str, self->line->len);

    g_string_truncate(self->line, 0);
    if (line.text[0] == '\0' && line.progress < 0.0) {
        g_free(line.text);
        return;
    }
    (void) pthread_mutex_lock(&self->mutex); /* cannot fail */
    if (self->n_lines++ < MSK_EXEC_MAX_LINES) {
        g_array_append_val(self->lines, line);
        line.text = NULL;
    } else {
        self->n_left_out++;
    }
    (void) pthread_mutex_unlock(&self->mutex);
    g_free(line.text);
}

static void
on_output(const char *bytes, size_t length, bool errors, void *data)
{
    Shared *self = data;

    if (errors) {
        g_string_append_len(self->errors, bytes, (ssize_t) length);
        if (self->errors->len > MAX_ERRORS) {
            g_string_erase(self->errors, 0, (ssize_t) (self->errors->len - MAX_ERRORS));
        }
        return;
    }
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '\n') {
            end_line(self);
        } else if (self->line->len < MAX_LINE) {
            g_string_append_c(self->line, bytes[i]);
        }
    }
}

/* Returns: ": " and the last words of its standard error; empty when it said none. */
static char *
last_words(const Shared *self)
{
    g_auto(GStrv) lines = g_strsplit(g_strchomp(self->errors->str), "\n", -1);
    unsigned n = g_strv_length(lines);
    MskExecLine line;

    if (n == 0 || lines[n - 1][0] == '\0') {
        return g_strdup("");
    }
    line = msk_exec_line_parse(lines[n - 1], strlen(lines[n - 1]));
    g_autofree char *text = line.text;

    return g_strconcat(": ", text, NULL);
}

static void
set_end(Shared *self, MskChildEnd end, int status)
{
    g_autofree char *words = last_words(self);

    self->end = MSK_EXEC_RUN_FAILED;
    switch (end) {
    case MSK_CHILD_EXITED:
        if (status == 0) {
            self->end = MSK_EXEC_RUN_SUCCEEDED;
        } else {
            self->why = g_strdup_printf("exit status %d%s", status, words);
        }
        return;
    case MSK_CHILD_SIGNALLED:
        self->why = g_strdup_printf("ended by signal %d%s", status, words);
        return;
    case MSK_CHILD_TIMEOUT:
        self->why =
            g_strdup_printf("killed, because it did not end within %u s%s", self->timeout_s, words);
        return;
    case MSK_CHILD_NOT_STARTED:
        self->why = g_strdup_printf("%s cannot be run: %s", self->path, g_strerror(status));
        return;
    case MSK_CHILD_CANCELLED:
        self->end = MSK_EXEC_RUN_CANCELLED;
        return;
    }
    g_assert_not_reached();
}

static void
run_program(MskCompute *compute, void *data)
{
    Shared *self = data;
    MskChildRun run = {.path = self->path,
                       .input = self->input,
                       .input_length = strlen(self->input),
                       .timeout_ms = self->timeout_s * 1000,
                       .cancel_fd = self->cancel_fd,
                       .output = on_output,
                       .data = self};
    int status;

    (void) compute; /* these lanes have none */
    if (msk_engine_now_us() >= self->until_us) {
        self->end = MSK_EXEC_RUN_STALE;
        return;
    }
    MskChildEnd end = msk_child_process_run(&run, &status);

    if (self->line->len > 0) {
        end_line(self);
    }
    set_end(self, end, status);
}

static void
end_program(void *data)
{
    Shared *self = data;
    const MskExecRun *owner = self->owner;

    if (owner != NULL) {
        owner->done(self->end, self->why, owner->data);
    }
}

/* ---- on the main thread ------------------------------------------------------------------ */

MskExecRun *
msk_exec_run_new(const MskEngineFlows *flows, const MskExecProgram *program, char *input,
                 int64_t until_us, MskExecRunDone done, void *data)
{
    static const MskPoolJob job = {run_program, end_program, release_shared};
    MskExecRun *self = g_new0(MskExecRun, 1);
    Shared *shared = g_atomic_rc_box_new0(Shared);

    *shared = (Shared){.owner = self,
                       .path = g_strdup(program->path),
                       .input = input,
                       .timeout_s = program->timeout_s,
                       .until_us = until_us,
                       .cancel_fd = eventfd(0, EFD_CLOEXEC),
                       .lines = new_lines(),
                       .line = g_string_new(NULL),
                       .errors = g_string_new(NULL)};
    (void) pthread_mutex_init(&shared->mutex, NULL); /* cannot fail on Linux */
    *self = (MskExecRun){.shared = shared, .done = done, .data = data};
    msk_call_pool_run(flows->lanes, &job, g_atomic_rc_box_acquire(shared));
    return self;
}

void
msk_exec_run_cancel(MskExecRun *self)
{
    uint64_t one = 1;

    /* It cannot fail but without any files, and then the timeout ends the program. */
    (void) !write(self->shared->cancel_fd, &one, sizeof one);
}

void
msk_exec_run_free(MskExecRun *self)
{
    if (self == NULL) {
        return;
    }
    msk_exec_run_cancel(self);
    self->shared->owner = NULL;
    release_shared(self->shared);
    g_free(self);
}

GArray *
msk_exec_run_take_lines(MskExecRun *self, unsigned *ret_left_out)
{
    GArray *lines = new_lines();
    GArray *taken;

    (void) pthread_mutex_lock(&self->shared->mutex); /* cannot fail */
    taken = self->shared->lines;
    self->shared->lines = lines;
    *ret_left_out = self->shared->n_left_out;
    (void) pthread_mutex_unlock(&self->shared->mutex);
    return taken;
}
