/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "host_simulation.h"

#define MS INT64_C(1000)

static void
parse_vm_word(HostModel *model, ModelVm *vm, const char *word)
{
    const struct {
        const char *word;
        bool *flag;
    } flags[] = {
        {"busy", &vm->busy},
        {"locked", &vm->owner_locked},
        {"off", &vm->powered_off},
        {"nohost", &vm->no_host},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(flags); i++) {
        if (strcmp(word, flags[i].word) == 0) {
            *flags[i].flag = true;
            return;
        }
    }
    if (strcmp(word, "noha") == 0) {
        vm->ha_enabled = false;
    } else if (g_str_has_prefix(word, "prio=")) {
        vm->priority = scenario_number(word + strlen("prio="));
    } else if (g_str_has_prefix(word, "size=")) {
        vm->size = (uint64_t) scenario_number(word + strlen("size="));
    } else if (g_str_has_prefix(word, "leaves=")) {
        vm->busy = true;
        vm->arrives_as = vm->vm_state;
        vm->arrives_us = scenario_number(word + strlen("leaves=")) * MS;
        model->recorded = true;
    } else if (g_str_has_prefix(word, "sent=")) {
        vm->sent_at_us = scenario_number(word + strlen("sent=")) * MS;
    } else if (g_str_has_prefix(word, "deleted=")) {
        vm->delete_at_us = scenario_number(word + strlen("deleted=")) * MS;
    } else {
        g_error("'%s' is nothing a VM can be", word);
    }
}

static void
parse_vm(HostModel *model, char **words)
{
    ModelVm *vm = &model->vms[model->n_vms++];

    g_assert_cmpuint(model->n_vms, <=, MODEL_MAX_VMS);
    g_assert_nonnull(words[1]);
    g_strlcpy(vm->uuid, words[1], sizeof vm->uuid);
    vm->vm_state = scenario_vm_state(words[2]);
    vm->ha_enabled = true;
    for (char **word = &words[3]; *word != NULL; word++) {
        parse_vm_word(model, vm, *word);
    }
    vm->locked = vm->owner_locked;
}

static bool
parse_flag(HostScenario *self, const char *word)
{
    const struct {
        const char *word;
        bool *flag;
        bool value;
    } flags[] = {
        {"reserved-full", &self->model.reserved_fails, true},
        {"only-enabled", &self->order.all_instances, false},
        {"ignore-error", &self->order.ignore_error, true},
        {"fenced", &self->order.fenced, true},
        {"dry-run", &self->order.dry_run, true},
        {"fallback", &self->order.fence_fallback, true},
        {"join", &self->order.join_aggregates, true},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(flags); i++) {
        if (strcmp(word, flags[i].word) == 0) {
            *flags[i].flag = flags[i].value;
            return true;
        }
    }
    return false;
}

static bool
parse_number(HostScenario *self, char **words)
{
    if (strcmp(words[0], "reserved") == 0) {
        self->model.n_reserved = (unsigned) scenario_number(words[1]);
    } else if (strcmp(words[0], "silent") == 0) {
        self->model.n_silent = (unsigned) scenario_number(words[1]);
    } else if (strcmp(words[0], "threads") == 0) {
        self->order.max_moves = (unsigned) scenario_number(words[1]);
    } else if (strcmp(words[0], "evacuation") == 0) {
        self->model.evacuate_us = scenario_number(words[1]) * MS;
    } else if (strcmp(words[0], "at-rest") == 0) {
        self->model.rest_us = scenario_number(words[1]) * MS;
    } else if (strcmp(words[0], "fence-fails") == 0) {
        self->order.fencing = true;
        self->model.n_fence_failures = (unsigned) scenario_number(words[1]);
    } else if (strcmp(words[0], "beats") == 0) {
        bool ever = g_strcmp0(words[1], "ever") == 0;

        self->model.dies_us = ever ? INT64_MAX : scenario_number(words[1]) * MS;
    } else if (strcmp(words[0], "storm") == 0) {
        self->model.storm.failed_in_segment = (unsigned) scenario_number(words[1]);
        self->model.storm.hosts_in_segment = (unsigned) scenario_number(words[2]);
        self->model.storm_ends_us = scenario_number(words[3]) * MS;
    } else {
        return false;
    }
    return true;
}

static bool
parse_line(void *data, char **words)
{
    HostScenario *self = data;

    if (strcmp(words[0], "method") == 0) {
        g_assert_true(msk_recovery_method_parse(words[1], &self->order.method));
    } else if (strcmp(words[0], "vm") == 0) {
        parse_vm(&self->model, words);
    } else if (strcmp(words[0], "end") == 0 && words[1] != NULL) {
        self->end_status = g_strdup(words[1]);
        self->ends = g_strdupv(words + 2);
    } else {
        return parse_flag(self, words[0]) || parse_number(self, words) ||
               program_model_parse(&self->programs, MSK_FLOW_HOST_AUTO, words);
    }
    return true;
}

HostScenario *
host_scenario_parse(const char *name, const char *text)
{
    HostScenario *self = g_new0(HostScenario, 1);

    self->name = g_strdup(name);
    self->model =
        (HostModel){.evacuate_us = 600 * MS, .stop_us = 300 * MS, .storm = {1, 4, 1, 4, 0, NULL}};
    self->order = (MskHostOrder){
        .host = "host",
        .all_instances = true,
        .max_moves = 3,
        .heartbeat_age_us = 15000 * MS,
        .hold_timeout_us = 600000 * MS,
        .down_timeout_us = 180000 * MS,
        .storm_segment_percent = 50,
        .storm_percent = 50,
        .poll_us = 400 * MS,
        .max_poll_us = 1000 * MS,
        .move = {.evacuate_timeout_us = 90000 * MS,
                 .stop_timeout_us = 180000 * MS,
                 .unlock_timeout_us = 900000 * MS,
                 .settle_us = 10000 * MS,
                 .retry_us = 500 * MS},
    };
    self->golden = scenario_parse(name, text, parse_line, self);
    self->order.flow = self->programs.flow;
    g_assert_nonnull(self->end_status);
    return self;
}

void
host_scenario_free(HostScenario *self)
{
    g_free(self->name);
    g_free(self->end_status);
    g_strfreev(self->ends);
    msk_recovery_flow_free(self->programs.flow);
    g_free(self->golden);
    g_free(self);
}
