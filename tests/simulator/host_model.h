/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * host_model: a failed host with its VMs, and the cloud around it, in virtual time. It behaves as
 * Nova does: a second evacuation of a VM on its way is taken and wedges it, "no valid host" shows
 * later, a VM may be shown at rest before it is shown elsewhere, an order may outlive who gave it.
 * It watches that nothing is done that does harm.
 *
 * Plain data, one thread.
 */

#include "model/recovery/host_recovery.h"

#define MODEL_MAX_VMS 16
#define MODEL_HEARD   (UINT32_C(1) << MODEL_MAX_VMS)

typedef struct {
    char uuid[16];
    MskVmState vm_state;
    bool ha_enabled;
    bool busy;
    bool powered_off;
    bool locked;       /* by its owner, or by us */
    bool owner_locked; /* from the start */
    bool no_host;      /* Nova finds no host for it by itself */
    bool deleted;
    int64_t delete_at_us; /* 0: never */
    int64_t sent_at_us;   /* when somebody evacuates it; 0: never */
    int64_t priority;
    uint64_t size;
    bool elsewhere;
    int64_t arrives_us; /* of the evacuation under way; 0: none */
    int64_t rests_us;   /* it runs elsewhere, and shows at rest on its old host until then; 0: no */
    MskVmState arrives_as;
    bool arrival_fails;
    int64_t stops_us;   /* of the stop under way */
    int64_t changed_us; /* when something last became of it */
    bool wedged;
    unsigned n_evacuations; /* that moved it */
} ModelVm;

typedef struct {
    ModelVm vms[MODEL_MAX_VMS];
    unsigned n_vms;
    int64_t now_us;
    int64_t dies_us; /* the last heartbeat of the host's compute service; INT64_MAX: never */
    unsigned n_fence_failures; /* before the fencing is confirmed */
    int64_t evacuate_us;       /* how long one takes */
    int64_t rest_us;           /* how long a VM that has arrived is still shown on its old host */
    int64_t stop_us;
    unsigned n_reserved; /* that can still be taken */
    bool reserved_fails; /* the reserved host has no room either */
    bool taken;          /* by this failure */
    bool enabled;        /* the reserved host's service */
    bool forced_down;
    MskStormFacts storm;
    int64_t storm_ends_us;
    bool recorded;     /* there is an evacuation's record */
    unsigned n_silent; /* so many lists of them leave out what there is */
    char *harm;        /* (nullable) the first thing that must not happen */
} HostModel;

void host_model_clear(HostModel *self);

/** host_model_pass: lets time go on to @now_us, and what happens until then happen. */
void host_model_pass(HostModel *self, int64_t now_us);

ModelVm *host_model_find(HostModel *self, const char *uuid);

/** host_model_call: Returns: whether the cloud takes the call; @ret_code, @ret_message otherwise.
 */
bool host_model_call(HostModel *self, ModelVm *vm, MskMoveActKind kind, bool to_reserved,
                     MskErrorCode *ret_code);

/** host_model_migrations: Returns: a bit for each VM whose evacuation is recorded and not over, and
 *  MODEL_HEARD when there is a record. @asked: or nothing, where the cloud is silent. */
uint32_t host_model_migrations(HostModel *self, bool asked);

/** host_model_list: @source_only: those on the failed host. @migrations: what was seen of them
 *  before. Returns: how many of @ret are set. */
size_t host_model_list(HostModel *self, bool source_only, uint32_t migrations,
                       MskListedVm ret[MODEL_MAX_VMS]);

/** host_model_service: the compute service of the host, which beats every 10 s while it lives. */
MskServiceFacts host_model_service(const HostModel *self);

/** host_model_verdict: harm that only shows at the end. */
void host_model_verdict(HostModel *self);
