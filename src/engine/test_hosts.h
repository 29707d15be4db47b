/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * test_hosts: recoveries of hosts with a real database, engines, and a model cloud in memory that
 * all processes share. It wedges a VM that is evacuated twice, as Nova does.
 *
 * For the unit tests of this folder. The failed host is h1, of a segment with h2, r1 and r2; others
 * that fail are f1, f2 and so on.
 */

#include "engine/engine.h"

#define MAX_VMS 64

typedef struct {
    MskVmState vm_state;
    bool locked;
    bool no_host;
    char source[16];    /* where it was */
    char target[16];    /* where it is, or goes */
    int64_t arrives_us; /* 0: it is not on its way */
    bool elsewhere;
    unsigned n_evacuations;
    unsigned n_orders;
} Vm;

/* Shared by processes: covered by the lock. */
typedef struct {
    pthread_mutex_t lock;
    Vm vms[MAX_VMS];
    unsigned n_vms;
    unsigned n_orders;
    unsigned n_calls;
    bool forced_down;
    bool disabled;
    char reason[64]; /* that it was disabled with */
    bool restarted;  /* since the evacuations: forced-down can be lifted */
    unsigned n_refused;
    bool reserved_enabled;
    bool beats;
    bool harm;
    int n_lists;      /* atomic: lists that were asked for */
    int n_changed;    /* atomic: those of what changed */
    int hold_changed; /* atomic: they do not return */
    int n_refusals;   /* atomic: how many of them are still to be refused */
    int held;         /* atomic: the list of this number does not return */
} World;

typedef struct {
    char *dir;
    char *file;
    char *bus;
    unsigned n_hosts; /* that have VMs */
    World *world;
} Fixture;

/** world_lock: for looking at the world while engines work; then world_leave(). */
void world_lock(World *world);
void world_leave(World *world);

/** fixture_set_up: a segment with recovery method @method, and @n_vms VMs on h1. */
void fixture_set_up(Fixture *self, const char *method, unsigned n_vms);
/** fixture_set_up_many: the VMs are on @n_hosts hosts, f1 and so on, as many on each. */
void fixture_set_up_many(Fixture *self, unsigned n_hosts, unsigned n_vms);
void fixture_tear_down(Fixture *self);

MskStore *fixture_store(const Fixture *self);

/** fixture_engine: @extra: (nullable) one more option, "group.name=value". */
MskEngine *fixture_engine(const Fixture *self, const char *extra);
/** fixture_reload: as SIGHUP does. @extra: as above. */
void fixture_reload(MskEngine *engine, const char *extra);

/** fixture_report: a notification. Returns: its uuid. */
char *fixture_report_as(const Fixture *self, const char *host, const char *type,
                        const char *payload);
char *fixture_report_host(const Fixture *self, const char *host);
char *fixture_report(const Fixture *self);

/** fixture_work_until: runs the main loop until the notification has @status. */
void fixture_work_until(MskStore *store, const char *uuid, MskNotificationStatus status);

/** fixture_check_moved: every VM was evacuated once, to @target, and is unlocked; so say the cloud
 *  and the database, of those of one host. */
void fixture_check_moved(const Fixture *self, MskStore *store, const char *uuid,
                         const char *target);
