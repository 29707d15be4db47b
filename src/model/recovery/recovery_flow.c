/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/recovery_flow.h"

#include <string.h>

#include "base/error.h"

#define NO_OP "no_op" /* upstream's task that does nothing */

/* One row a flow. A built-in task comes after those before it in the row, and needs those of
 * @needs. */
static const struct {
    const char *option;
    const char *tasks[MSK_FLOW_MAX_TASKS];
    int needs[MSK_FLOW_MAX_TASKS]; /* -1: none */
} flows[MSK_N_FLOWS] = {
    [MSK_FLOW_HOST_AUTO] = {"host_auto_failure_recovery_tasks",
                            {"disable_compute_service_task", "prepare_HA_enabled_instances_task",
                             "evacuate_instances_task"},
                            {-1, -1, 1}},
    [MSK_FLOW_HOST_RH] = {"host_rh_failure_recovery_tasks",
                          {"disable_compute_service_task", "prepare_HA_enabled_instances_task",
                           "evacuate_instances_task"},
                          {-1, -1, 1}},
    [MSK_FLOW_INSTANCE] = {"instance_failure_recovery_tasks",
                           {"stop_instance_task", "start_instance_task",
                            "confirm_instance_active_task"},
                           {-1, -1, 1}},
    [MSK_FLOW_PROCESS] = {"process_failure_recovery_tasks",
                          {"disable_compute_node_task", "confirm_compute_node_disabled_task", NULL},
                          {-1, -1, -1}},
};

/* A flow being read. */
typedef struct {
    MskRecoveryFlow *flow;
    const char *stage;
    unsigned next; /* the first built-in task that may still come */
    GError **error;
} Reading;

static void
free_task(void *data)
{
    MskExecTask *self = data;

    g_free(self->name);
    g_free(self);
}

const char *
msk_flow_option(MskFlowKind kind)
{
    g_assert((unsigned) kind < G_N_ELEMENTS(flows));

    return flows[kind].option;
}

static bool G_GNUC_PRINTF(2, 3) refuse(const Reading *self, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *why = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(self->error, MSK_ERROR, MSK_ERROR_INVALID,
                "[taskflow_driver_recovery_flows] %s: %s", msk_flow_option(self->flow->kind), why);
    return false;
}

/* Returns: its index, or MSK_FLOW_MAX_TASKS. */
static unsigned
find_builtin(MskFlowKind kind, const char *name)
{
    unsigned i = 0;

    while (i < MSK_FLOW_MAX_TASKS && g_strcmp0(flows[kind].tasks[i], name) != 0) {
        i++;
    }
    return i;
}

static bool
refuse_unknown(const Reading *self, const char *name)
{
    const char *const *known = flows[self->flow->kind].tasks;

    return refuse(self,
                  "task '%s' is not known; known are %s, %s, %s%s" NO_OP ", and " MSK_EXEC_PREFIX
                  "NAME for the program NAME in [recovery_tasks] "
                  "directory. Classes of Python cannot be loaded: make it a program, or leave it "
                  "out",
                  name, known[0], known[1], known[2] != NULL ? known[2] : "",
                  known[2] != NULL ? ", " : "");
}

static bool
add_builtin(Reading *self, unsigned task)
{
    MskRecoveryFlow *flow = self->flow;
    const char *name = flows[flow->kind].tasks[task];

    if (flow->has[task]) {
        return refuse(self, "task '%s' is named twice; leave one out", name);
    }
    if (task < self->next) {
        return refuse(self, "task '%s' must come before '%s', which builds upon it; exchange them",
                      name, flows[flow->kind].tasks[self->next - 1]);
    }
    flow->has[task] = true;
    self->next = task + 1;
    return true;
}

static bool
name_is_valid(const char *name)
{
    size_t length = strlen(name);

    return length > 0 && length <= MSK_EXEC_MAX_NAME && g_ascii_isalnum(name[0]) &&
           strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-") == length;
}

static bool
add_exec(Reading *self, const char *name)
{
    if (!name_is_valid(name + strlen(MSK_EXEC_PREFIX))) {
        return refuse(self,
                      "task '%s' does not name a program; a name has up to %d letters, digits, "
                      "dots, underscores and hyphens, the first one a letter or digit, and no path",
                      name, MSK_EXEC_MAX_NAME);
    }
    for (unsigned i = 0; i < self->flow->tasks->len; i++) {
        const MskExecTask *other = g_ptr_array_index(self->flow->tasks, i);

        if (g_str_equal(other->name, name)) {
            return refuse(self,
                          "task '%s' is named twice; leave one out, or give the program a "
                          "second name by a link",
                          name);
        }
    }
    MskExecTask *task = g_new0(MskExecTask, 1);

    task->name = g_strdup(name);
    task->stage = self->stage;
    task->slot = MSK_FLOW_MAX_TASKS; /* until a built-in task follows */
    g_ptr_array_add(self->flow->tasks, task);
    return true;
}

/* The programs that no built-in task followed yet stand before @task. */
static void
close_slot(const MskRecoveryFlow *flow, unsigned task)
{
    for (unsigned i = 0; i < flow->tasks->len; i++) {
        MskExecTask *exec = g_ptr_array_index(flow->tasks, i);

        exec->slot = MIN(exec->slot, task);
    }
}

static bool
add_task(Reading *self, const char *name)
{
    unsigned builtin = find_builtin(self->flow->kind, name);

    if (builtin < MSK_FLOW_MAX_TASKS) {
        close_slot(self->flow, builtin);
        return add_builtin(self, builtin);
    }
    if (g_str_has_prefix(name, MSK_EXEC_PREFIX)) {
        return add_exec(self, name);
    }
    return g_str_equal(name, NO_OP) || refuse_unknown(self, name);
}

static bool
add_stage(Reading *self, const char *stage, const char *const *names)
{
    self->stage = stage;
    for (size_t i = 0; names[i] != NULL; i++) {
        if (!add_task(self, names[i])) {
            return false;
        }
    }
    return true;
}

static bool
check_needs(const Reading *self)
{
    MskFlowKind kind = self->flow->kind;

    for (unsigned i = 0; i < MSK_FLOW_MAX_TASKS; i++) {
        int needed = flows[kind].needs[i];

        if (self->flow->has[i] && needed >= 0 && !self->flow->has[needed]) {
            return refuse(self, "task '%s' needs '%s' before it; add that one, or leave both out",
                          flows[kind].tasks[i], flows[kind].tasks[needed]);
        }
    }
    return true;
}

MskRecoveryFlow *
msk_recovery_flow_new(MskFlowKind kind, const char *const *pre, const char *const *main_tasks,
                      const char *const *post, GError **error)
{
    g_autoptr(MskRecoveryFlow) flow = g_new0(MskRecoveryFlow, 1);
    Reading reading = {.flow = flow, .error = error};

    g_assert((unsigned) kind < G_N_ELEMENTS(flows));
    flow->kind = kind;
    flow->tasks = g_ptr_array_new_with_free_func(free_task);
    if (!add_stage(&reading, "pre", pre) || !add_stage(&reading, "main", main_tasks) ||
        !add_stage(&reading, "post", post) || !check_needs(&reading)) {
        return NULL;
    }
    return g_steal_pointer(&flow);
}

void
msk_recovery_flow_free(MskRecoveryFlow *self)
{
    if (self != NULL) {
        g_ptr_array_unref(self->tasks);
        g_free(self);
    }
}

bool
msk_recovery_flow_has(const MskRecoveryFlow *self, unsigned task)
{
    g_assert(task < MSK_FLOW_MAX_TASKS);

    return self == NULL || self->has[task];
}

unsigned
msk_recovery_flow_row(const MskRecoveryFlow *self, unsigned task)
{
    for (unsigned i = task; i < MSK_FLOW_MAX_TASKS; i++) {
        if (msk_recovery_flow_has(self, i)) {
            return i;
        }
    }
    for (unsigned i = task; i > 0; i--) {
        if (msk_recovery_flow_has(self, i - 1)) {
            return i - 1;
        }
    }
    return task;
}

bool
msk_recovery_flow_due(const MskRecoveryFlow *self, unsigned first, unsigned last)
{
    for (unsigned i = 0; self != NULL && i < self->tasks->len; i++) {
        const MskExecTask *task = g_ptr_array_index(self->tasks, i);

        if (task->slot >= first && task->slot <= last) {
            return true;
        }
    }
    return false;
}

MskExecDecision
msk_exec_decide(MskExecHistory history, bool repeatable)
{
    if (history == MSK_EXEC_NEVER) {
        return MSK_EXEC_RUN;
    }
    if (history == MSK_EXEC_SUCCEEDED) {
        return MSK_EXEC_SKIP;
    }
    if (repeatable) {
        return MSK_EXEC_RUN;
    }
    return history == MSK_EXEC_SUCCEEDED_ONCE ? MSK_EXEC_SKIP : MSK_EXEC_REFUSE;
}

/* Returns: how many bytes of @line say the progress; 0 when it does not. */
static size_t
parse_percent(const char *line, size_t length, double *ret)
{
    unsigned percent = 0;
    size_t n = 0;

    while (n < length && n < 3 && g_ascii_isdigit(line[n])) {
        percent = percent * 10 + (unsigned) (line[n] - '0');
        n++;
    }
    if (n == 0 || n >= length || line[n] != '%' || percent > 100) {
        return 0;
    }
    n++;
    while (n < length && line[n] == ' ') {
        n++;
    }
    *ret = percent / 100.0;
    return n;
}

MskExecLine
msk_exec_line_parse(const char *line, size_t length)
{
    MskExecLine result = {.progress = -1.0};
    size_t start = parse_percent(line, length, &result.progress);
    g_autofree char *text = g_utf8_make_valid(line + start, (gssize) (length - start));
    GString *clean = g_string_new(NULL);

    for (char *p = text; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        char bytes[6];
        int n = g_unichar_to_utf8(g_unichar_iscntrl(c) ? ' ' : c, bytes);

        if (clean->len + (size_t) n > MSK_EXEC_MAX_LINE) {
            break;
        }
        g_string_append_len(clean, bytes, n);
    }
    result.text = g_strchomp(g_string_free(clean, FALSE));
    return result;
}
