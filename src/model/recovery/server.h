/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * server: one virtual machine as the cloud describes it. The word is Nova's; libvirt's domains are
 * told in the same terms.
 * Plain data; the owner of the struct owns its strings. Pure; any thread.
 * Source: Nova's vm_states as upstream masakari/engine/drivers/taskflow compares them.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum {
    MSK_VM_ACTIVE,    /* it runs */
    MSK_VM_STOPPED,   /* it is off */
    MSK_VM_PAUSED,    /* a person or a job paused it */
    MSK_VM_RESCUED,   /* booted from a rescue image */
    MSK_VM_SUSPENDED, /* asleep, its memory kept */
    MSK_VM_RESIZED,   /* waiting for a resize to be confirmed */
    MSK_VM_ERROR,     /* broken in place: halted by an I/O error, or crashed and preserved */
    MSK_VM_BUILDING,  /* being made */
    MSK_VM_SHELVED,   /* put away: its image is kept, it may or may not still have a host */
    MSK_VM_DELETED,   /* gone, or waiting to be removed for good */
    MSK_VM_OTHER,     /* any other state, or between two */
    MSK_N_VM_STATES,  /* keep last */
} MskVmState;

/* Why a stopped VM is off, where the cloud knows. */
typedef enum {
    MSK_STOP_UNKNOWN,
    MSK_STOP_FAILURE,  /* its process died, the guest crashed, or it did not come up */
    MSK_STOP_ORDERED,  /* shut down or destroyed by a person, or by the guest itself */
    MSK_STOP_DEPARTED, /* migrated away, saved to disk, or reverted to a snapshot that was off */
} MskStopReason;

/* What the hypervisor was last seen to do with it. The values are Nova's. */
typedef enum {
    MSK_POWER_UNKNOWN = 0,
    MSK_POWER_RUNNING = 1,
    MSK_POWER_PAUSED = 3,
    MSK_POWER_OFF = 4,
    MSK_POWER_CRASHED = 6,
    MSK_POWER_SUSPENDED = 7,
} MskPowerState;

typedef struct {
    char *uuid;
    char *name; /* (nullable) */
    char *host; /* (nullable) where it is, by the cloud's word */
    MskVmState vm_state;
    MskStopReason stop_reason; /* of MSK_VM_STOPPED */
    char *task_state;          /* (nullable) what is being done to it now, NULL for nothing */
    MskPowerState power_state;
    bool locked;       /* against its users; administrators may act */
    char *host_status; /* (nullable) UP, DOWN, UNKNOWN or MAINTENANCE, where it is told */
    char *fault;       /* (nullable) why it is in MSK_VM_ERROR, where the cloud says so */
    unsigned vcpus;    /* its size, as far as the cloud tells; 0 else */
    uint64_t memory_mib;
    uint64_t disk_gib;
    GHashTable *metadata; /* char * to char *; such as "HA_Enabled" to "True" */
} MskServer;

/** msk_server_new: Returns: (transfer full) with an empty metadata table and all else unset. */
MskServer *msk_server_new(const char *uuid);

/** msk_server_free: @self: (nullable) */
void msk_server_free(MskServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskServer, msk_server_free)

/** msk_vm_state_name: Returns: (static) the lower-case word Nova uses, such as "active". */
const char *msk_vm_state_name(MskVmState state);

/** msk_vm_state_from_name: @name: (nullable) Nova's word. Returns: its state; an unknown word is
 *  MSK_VM_OTHER. */
MskVmState msk_vm_state_from_name(const char *name);

/**
 * msk_bool_from_string:
 * @text: (nullable) as an operator writes it.
 *
 * Source: oslo.utils strutils.bool_from_string, not strict.
 * Returns: whether @text, without surrounding white space and in any case, is 1, t, true, on, y or
 *   yes.
 */
bool msk_bool_from_string(const char *text);
