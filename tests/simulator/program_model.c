/* SPDX-License-Identifier: Apache-2.0 */
#include "program_model.h"

#include <string.h>

#include "scenario_files.h"

#define MS INT64_C(1000)

/* ---- scenarios --------------------------------------------------------------------------- */

static void
parse_flow(ProgramModel *self, MskFlowKind kind, char **words)
{
    g_autofree char *tasks = g_strjoinv(" ", words);
    g_auto(GStrv) stages = g_strsplit(tasks, "|", 3);
    char **names[3];
    g_autoptr(GError) error = NULL;

    for (int i = 0; i < 3; i++) {
        names[i] = *stages[i] == '\0' ? g_new0(char *, 1) : g_strsplit(stages[i], " ", -1);
    }
    self->flow =
        msk_recovery_flow_new(kind, (const char *const *) names[0], (const char *const *) names[1],
                              (const char *const *) names[2], &error);
    g_assert_no_error(error);
    for (int i = 0; i < 3; i++) {
        g_strfreev(names[i]);
    }
}

static void
parse_program(ProgramModel *self, char **words)
{
    ModelProgram *program = &self->programs[self->n_programs++];

    g_assert_cmpuint(self->n_programs, <=, MODEL_MAX_PROGRAMS);
    g_strlcpy(program->name, words[0], sizeof program->name);
    program->takes_us = scenario_number(words[1]) * MS;
    for (char **word = &words[2]; *word != NULL; word++) {
        if (strcmp(*word, "fails") == 0) {
            program->n_failures = UINT_MAX;
        } else if (g_str_has_prefix(*word, "fails=")) {
            program->n_failures = (unsigned) scenario_number(*word + strlen("fails="));
        } else if (strcmp(*word, "repeatable") == 0) {
            program->repeatable = true;
        } else {
            g_assert_cmpstr(*word, ==, "optional");
            program->optional = true;
        }
    }
}

bool
program_model_parse(ProgramModel *self, MskFlowKind kind, char **words)
{
    if (strcmp(words[0], "flow") == 0) {
        parse_flow(self, kind, &words[1]);
        return true;
    }
    if (strcmp(words[0], "program") == 0 && words[1] != NULL && words[2] != NULL) {
        parse_program(self, &words[1]);
        return true;
    }
    return false;
}

/* ---- a run ------------------------------------------------------------------------------- */

static void G_GNUC_PRINTF(2, 3) harm(ProgramModel *self, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (self->harm == NULL) {
        self->harm = g_strdup_vprintf(format, arguments);
    }
    va_end(arguments);
}

void
program_model_clear(ProgramModel *self)
{
    g_clear_pointer(&self->failure, g_free);
    g_clear_pointer(&self->harm, g_free);
}

void
program_model_attempt(ProgramModel *self, bool report)
{
    self->next = 0;
    self->began = false;
    g_clear_pointer(&self->failure, g_free);
    for (unsigned i = 0; i < self->n_programs; i++) {
        ModelProgram *program = &self->programs[i];

        if (program->row != MSK_PROGRESS_PENDING) {
            program->earlier = program->row;
        }
        program->row = MSK_PROGRESS_PENDING;
        if (report) {
            program->earlier = MSK_PROGRESS_PENDING;
            program->n_runs = 0;
        }
    }
}

void
program_model_take_over(ProgramModel *self)
{
    self->next = 0;
    self->began = false;
    g_clear_pointer(&self->failure, g_free);
}

void
program_model_begin(ProgramModel *self, unsigned slot)
{
    g_assert_true(msk_recovery_flow_due(self->flow, 0, slot));
    self->slot = slot;
}

/* Returns: (nullable) the program that is due. */
static ModelProgram *
due(ProgramModel *self)
{
    const MskExecTask *task = NULL;

    if (self->failure != NULL || self->next >= self->flow->tasks->len) {
        return NULL;
    }
    task = g_ptr_array_index(self->flow->tasks, self->next);
    if (task->slot > self->slot) {
        return NULL;
    }
    for (unsigned i = 0; i < self->n_programs; i++) {
        if (strcmp(task->name + strlen(MSK_EXEC_PREFIX), self->programs[i].name) == 0) {
            return &self->programs[i];
        }
    }
    g_assert_not_reached();
}

bool
program_model_is_due(ProgramModel *self)
{
    return due(self) != NULL;
}

/* As in engine/flow_tasks.c. */
static MskExecHistory
history_of(const ModelProgram *program)
{
    MskProgressState state = program->row;

    if (state == MSK_PROGRESS_SUCCESS) {
        return MSK_EXEC_SUCCEEDED;
    }
    if (state == MSK_PROGRESS_PENDING) {
        state = program->earlier;
    }
    if (state == MSK_PROGRESS_PENDING) {
        return MSK_EXEC_NEVER;
    }
    if (state == MSK_PROGRESS_SUCCESS) {
        return MSK_EXEC_SUCCEEDED_ONCE;
    }
    return state == MSK_PROGRESS_FAILURE ? MSK_EXEC_FAILED : MSK_EXEC_UNKNOWN;
}

int64_t
program_model_takes_us(ProgramModel *self)
{
    ModelProgram *program = due(self);

    if (program == NULL ||
        msk_exec_decide(history_of(program), program->repeatable) != MSK_EXEC_RUN) {
        return 0;
    }
    program->row = MSK_PROGRESS_RUNNING;
    self->began = true;
    return program->takes_us;
}

static char *
fail(ProgramModel *self, ModelProgram *program, const char *why)
{
    program->row = MSK_PROGRESS_FAILURE;
    if (program->optional) {
        self->next++;
        return g_strdup_printf("program %s: %s, and is optional", program->name, why);
    }
    self->failure = g_strdup_printf("Task '%s' failed: %s", program->name, why);
    return g_strdup_printf("program %s: %s", program->name, why);
}

static char *
run(ProgramModel *self, ModelProgram *program, bool dead)
{
    bool fails = program->n_runs < program->n_failures;

    program->n_runs++;
    if (program->n_runs > 1 && !program->repeatable) {
        harm(self, "program %s is run a second time", program->name);
    }
    if (dead) {
        return g_strdup_printf("program %s: nobody knows how it ends", program->name);
    }
    if (fails) {
        return fail(self, program, "it ends with 1");
    }
    program->row = MSK_PROGRESS_SUCCESS;
    self->next++;
    return g_strdup_printf("program %s: succeeded", program->name);
}

char *
program_model_step(ProgramModel *self, bool dead)
{
    ModelProgram *program = due(self);

    if (program == NULL) {
        return NULL;
    }
    if (self->began) {
        self->began = false;
        return run(self, program, dead);
    }
    if (dead) {
        return NULL;
    }
    if (msk_exec_decide(history_of(program), program->repeatable) == MSK_EXEC_SKIP) {
        program->row = MSK_PROGRESS_SUCCESS;
        self->next++;
        return g_strdup_printf("program %s: not run again", program->name);
    }
    if (history_of(program) == MSK_EXEC_UNKNOWN && !program->optional) {
        self->refused_unknown = true;
    }
    return fail(self, program, "it may not be run again");
}

void
program_model_check_all_run(ProgramModel *self)
{
    for (unsigned i = 0; i < self->n_programs; i++) {
        const ModelProgram *program = &self->programs[i];

        if (program->row != MSK_PROGRESS_SUCCESS && !program->optional) {
            harm(self, "program %s was not run", program->name);
        }
    }
}

void
program_model_verdict(ProgramModel *self)
{
    for (unsigned i = 0; i < self->n_programs; i++) {
        if (self->programs[i].row == MSK_PROGRESS_RUNNING) {
            harm(self, "program %s is left running", self->programs[i].name);
        }
    }
}
