/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * test_hosts: recoveries of hosts with a real database, engines, and a model cloud in memory that
 * all processes share. It wedges a VM that is evacuated twice, as Nova does.
 *
 * For the unit tests of this folder. The failed host is h1, of a segment with h2, r1 and r2; others
 * that fail are f1, f2 and so on.
 */

#include "base/error.h"
#include "engine/engine.h"
#include "engine/recoveries.h"
#include "engine/test_place.h"

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
    unsigned n_orders; /* to be evacuated */
    unsigned n_starts;
} Vm;

/* Shared by processes: covered by the lock. */
typedef struct {
    pthread_mutex_t lock;
    Vm vms[MAX_VMS];
    unsigned n_vms;
    unsigned n_orders;
    unsigned n_calls;
    unsigned fail_at;       /* the call of this number fails; 0: none */
    bool answer_lost;       /* it is carried out all the same, */
    MskErrorCode fail_code; /* or else refused so */
    int64_t evacuate_us;    /* how long an evacuation takes; 0: a while */
    bool forced_down;
    bool disabled;
    char reason[64]; /* that it was disabled with */
    bool restarted;  /* since the evacuations: forced-down can be lifted */
    unsigned n_refused;
    bool reserved_enabled;
    char joined[16]; /* the host that joined the aggregate of h1 */
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
/** fixture_cloud: Returns: (transfer full) */
MskCompute *fixture_cloud(const Fixture *self);
/** fixture_config: @extra: (nullable) more options, "group.name=value", a line each. */
MskConfig *fixture_config(const char *extra);

/** fixture_engine: @extra: as above. */
MskEngine *fixture_engine(const Fixture *self, const char *extra);
/** fixture_engine_with: @faults: (nullable) of its store. */
MskEngine *fixture_engine_with(const Fixture *self, const char *extra, TestFaults *faults);
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

/* What an engine is to those who recover, each of which can be tested alone. */
typedef struct {
    Fixture place;
    TestFaults faults; /* of the queue's store */
    MskStore *store;   /* the test's own connection */
    MskStoreQueue *queue;
    MskCallPool *pool; /* makes one call at a time */
    MskConfig *config;
    MskEngineSettings settings;
    unsigned n_asked;  /* so often the lease was asked for */
    unsigned short_at; /* the time that it is too short; 0: never */
    unsigned over_at;  /* the time that it ends before the order is given; 0: never */
} Parts;

/** parts_set_up: @method, @n_vms: as above. */
void parts_set_up(Parts *self, const char *method, unsigned n_vms);
/** parts_write: a program "page" for flows that leaves the file "paged", a fence agent "fence_test"
 *  that leaves "off", and "devices" that name it for h1; all in the directory of the place. */
void parts_write(const Parts *self);
/** parts_start: the rest. @extra: as above; @DIR@ in it is the directory of the place. */
void parts_start(Parts *self, const char *extra);
/** parts_stop: frees the queue and the pool, before those who answer to them. */
void parts_stop(Parts *self);
void parts_clear(Parts *self);

/** parts_may_act: @self: Parts. See MskRecoveriesContext. */
bool parts_may_act(void *self, int64_t *ret_until_us);

unsigned parts_count_calls(const Parts *self);
unsigned parts_count_transactions(Parts *self);
