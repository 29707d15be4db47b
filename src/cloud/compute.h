/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * compute: what runs the virtual machines, behind one interface. The driver is the option
 * [DEFAULT] compute_driver: `nova` asks OpenStack's compute service; `libvirt` talks to the libvirt
 * daemons of a few hosts itself, and knows only hosts and servers: whatever needs a cloud
 * (services, evacuation, locks, aggregates) it answers with INVALID, see MskComputeDriver.is_cloud.
 *
 * Every call blocks, but not longer than [libvirt] call_timeout, or four times that to start and
 * stop servers; with Nova not longer than [nova] call_timeout for each request it consists of. A
 * peer that hangs costs its callers that long and no more. Any thread may call; a driver bounds how
 * many calls it has in flight to a libvirt daemon; calls to Nova are bounded by the caller. A
 * driver repeats nothing by itself but what was refused because its token had ended: whether and
 * when to try again is the caller's business.
 *
 * Errors, of every call:
 *   UNAVAILABLE  the peer is away, hangs, is overloaded or dropped the connection; see the call's
 *                effect_unknown before an order is repeated
 *   NOT_FOUND    the cloud does not know the server (host, service, aggregate)
 *   CONFLICT     the present state does not allow the call
 *   DENIED       the credentials are refused
 *   INVALID      the peer calls the request wrong, or the driver cannot do such a thing at all
 *   INTERNAL     anything else
 * Messages name the host and the server, and what Nova said.
 *
 * Source: api-ref of the Compute API 2.53 to 2.93; upstream masakari/compute/nova.py.
 */

#include <stdint.h>

#include "base/metrics.h"
#include "cloud/cloud_records.h"
#include "model/recovery/server.h"
#include "oslo/config.h"

typedef struct MskCompute MskCompute;

/* A server, and the name of the host that reported it. */
typedef struct {
    const char *uuid;
    const char *host; /* (nullable) with Nova, which knows where it is */
} MskServerRef;

/* What goes with one call, and what became of it beside its result and error. All zero is a call
 * of which nothing is known; one struct serves one call at a time. */
typedef struct {
    const char *request_id; /* (nullable) "req-" and a UUID: Nova's log lines show it, too */
    /* Set by the call. */
    unsigned status;        /* of the last HTTP answer; 0 without one */
    unsigned retry_after_s; /* how long the peer asks to be left alone; 0 when it does not say */
    /* The call failed, and yet may have been carried out, or may still be: an evacuation is not
     * ordered again before the migrations have been asked for. False: refused, nothing happened. */
    bool effect_unknown;
} MskComputeCall;

/* A driver. Functions below `is_cloud` are NULL in a driver that has it false, all others are set;
 * see the msk_compute_* function of the same name. @call is never NULL. */
typedef struct {
    const char *name;
    /* Its answers are the state of the VMs themselves, not a database's belief about them. */
    bool live_truth;
    bool (*find_host)(MskCompute *self, MskComputeCall *call, const char *host, GError **error);
    MskServer *(*get_server)(MskCompute *self, MskComputeCall *call, const MskServerRef *ref,
                             GError **error);
    bool (*stop_server)(MskCompute *self, MskComputeCall *call, const MskServerRef *ref,
                        GError **error);
    bool (*start_server)(MskCompute *self, MskComputeCall *call, const MskServerRef *ref,
                         GError **error);
    void (*free)(MskCompute *self);

    /* It has services, locks, aggregates, and moves servers to other hosts. */
    bool is_cloud;
    MskComputeService *(*get_service)(MskCompute *self, MskComputeCall *call, const char *host,
                                      const char *binary, GError **error);
    bool (*set_service)(MskCompute *self, MskComputeCall *call, const MskComputeService *service,
                        const MskServiceChange *change, GError **error);
    GPtrArray *(*list_servers)(MskCompute *self, MskComputeCall *call, const char *host,
                               GError **error);
    GPtrArray *(*list_changed_servers)(MskCompute *self, MskComputeCall *call, int64_t since_us,
                                       GError **error);
    GPtrArray *(*list_migrations)(MskCompute *self, MskComputeCall *call, const char *source_host,
                                  int64_t since_us, GError **error);
    bool (*evacuate)(MskCompute *self, MskComputeCall *call, const char *uuid, const char *target,
                     GError **error);
    bool (*set_locked)(MskCompute *self, MskComputeCall *call, const char *uuid, bool locked,
                       GError **error);
    bool (*reset_state)(MskCompute *self, MskComputeCall *call, const char *uuid,
                        MskVmState vm_state, GError **error);
    GPtrArray *(*list_aggregates)(MskCompute *self, MskComputeCall *call, GError **error);
    bool (*set_aggregate_host)(MskCompute *self, MskComputeCall *call, int64_t aggregate_id,
                               const char *host, bool member, GError **error);
} MskComputeDriver;

/* The head of each driver's own struct. */
struct MskCompute {
    const MskComputeDriver *driver; /* (static) */
};

/** What the calls below feed. */
extern const MskMetricFamily msk_compute_metrics[];
extern const size_t msk_n_compute_metrics;

/** msk_compute_add_options: those below [DEFAULT], [nova] and [libvirt] that the drivers read. */
void msk_compute_add_options(MskConfigSchema *schema);

/**
 * msk_compute_new:
 * @error: %MSK_ERROR_INVALID when an option's value cannot be used; it names the option.
 *
 * Does not connect: the cloud and hosts are connected to when they are first needed.
 * Returns: (transfer full) the configured driver.
 */
MskCompute *msk_compute_new(MskConfig *config, GError **error);

/**
 * msk_compute_new_hosts_only:
 *
 * For programs that only ask for hosts: find_host works as with msk_compute_new() and needs no
 * connection with the libvirt driver; no other function may be called. It does not pull libvirt
 * into the program.
 * @ret_lacks: (out) (transfer full) (nullable) why no host can be found: options are missing that
 *   nothing else needs. find_host then answers INTERNAL with it.
 * @error: as of msk_compute_new().
 */
MskCompute *msk_compute_new_hosts_only(MskConfig *config, char **ret_lacks, GError **error);

/** msk_compute_free: @self: (nullable); no call may be under way. */
void msk_compute_free(MskCompute *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskCompute, msk_compute_free)

/*
 * The calls. @call: (inout) (nullable) see MskComputeCall. The error codes above hold; only what a
 * call adds to them is said.
 */

/**
 * msk_compute_find_host:
 * @host: the name a user gives a host of a segment; upper and lower case are different.
 * @error: %MSK_ERROR_NOT_FOUND when the cloud has no such host.
 *
 * With the nova driver a host is known when it has a compute service. With the libvirt driver a
 * host is known when [libvirt] host_uris names it, when it is [DEFAULT] host, or when host_uris is
 * empty. Returns: whether the host is known.
 */
bool msk_compute_find_host(MskCompute *self, MskComputeCall *call, const char *host,
                           GError **error);

/** msk_compute_get_server: Returns: (transfer full) the server as it is now, or NULL. */
MskServer *msk_compute_get_server(MskCompute *self, MskComputeCall *call, const MskServerRef *ref,
                                  GError **error);

/**
 * msk_compute_stop_server:
 *
 * Asks for power off; hard with libvirt, as the server's image says with Nova. When it returns true
 * the order was taken; the server may need a moment.
 * @error: %MSK_ERROR_CONFLICT when it is off already, or (Nova) something is being done to it.
 */
bool msk_compute_stop_server(MskCompute *self, MskComputeCall *call, const MskServerRef *ref,
                             GError **error);

/**
 * msk_compute_start_server:
 *
 * Asks for power on. @error: %MSK_ERROR_CONFLICT when it is running already, or (Nova) something is
 * being done to it.
 */
bool msk_compute_start_server(MskCompute *self, MskComputeCall *call, const MskServerRef *ref,
                              GError **error);

/**
 * msk_compute_get_service:
 * @binary: such as "nova-compute".
 * @error: %MSK_ERROR_NOT_FOUND when @host, in this very spelling, has no such service.
 *
 * Returns: (transfer full) the service of a host.
 */
MskComputeService *msk_compute_get_service(MskCompute *self, MskComputeCall *call, const char *host,
                                           const char *binary, GError **error);

/**
 * msk_compute_set_service:
 * @service: of msk_compute_get_service(); only its id and names are used.
 * @change: what is to be different; at least one thing.
 * @error: %MSK_ERROR_CONFLICT when forced_down cannot be taken back because evacuations of the host
 *   are not cleaned up yet: its compute service must be restarted first.
 *
 * Giving it what it has already is no error. Nova lets forced_down be taken back while evacuations
 * are under way, so ask the migrations first. All goes out as one request: a host that has just
 * died is disabled and forced down together, because Nova would try to tell a service that it still
 * takes for up, and wait for its answer.
 */
bool msk_compute_set_service(MskCompute *self, MskComputeCall *call,
                             const MskComputeService *service, const MskServiceChange *change,
                             GError **error);

/**
 * msk_compute_list_servers: the servers of all projects on @host, page after page until there are
 * no more. A host that the cloud does not know has none. Nova takes "CMP1" for "cmp1" here; servers
 * of a host with another spelling are left out.
 *
 * Returns: (transfer full) (element-type MskServer)
 */
GPtrArray *msk_compute_list_servers(MskCompute *self, MskComputeCall *call, const char *host,
                                    GError **error);

/**
 * msk_compute_list_changed_servers: the servers of all projects, wherever they are, that changed at
 * or after @since_us, or a few seconds before; deleted ones as well.
 * @since_us: by this machine's clock; by how much the cloud's differs, its answers tell.
 *
 * For polling many servers in flight with one request. A server that is not in the list has not
 * changed, as far as the clocks can be trusted.
 * Returns: (transfer full) (element-type MskServer)
 */
GPtrArray *msk_compute_list_changed_servers(MskCompute *self, MskComputeCall *call,
                                            int64_t since_us, GError **error);

/**
 * msk_compute_list_migrations: the evacuations away from @source_host, the newest first.
 * @since_us: only those that changed at or after this time, by the cloud's clock; 0 for all. One
 * that was made, and not changed since, is among all alone.
 *
 * An evacuation's record is there before msk_compute_evacuate() answers. With a Nova older than
 * microversion 2.59 all of them are read and the times compared here.
 * Returns: (transfer full) (element-type MskMigration)
 */
GPtrArray *msk_compute_list_migrations(MskCompute *self, MskComputeCall *call,
                                       const char *source_host, int64_t since_us, GError **error);

/**
 * msk_compute_evacuate: orders a server's evacuation.
 * @target: (nullable) the host to go to; NULL lets the scheduler choose.
 * @error: %MSK_ERROR_CONFLICT when its host is still in use, or its vm_state forbids it;
 *   %MSK_ERROR_NOT_FOUND for the server or the target; %MSK_ERROR_INVALID when it is on @target.
 *
 * True says that the order was taken, not more: "no valid host" comes out later, as a migration in
 * error and the server in MSK_VM_ERROR on its old host. Nova does not refuse a second evacuation of
 * a server that is on its way and thereby breaks it: never call this twice without having asked the
 * migrations in between. The request is sent on a fresh connection, so that libcurl does not repeat
 * it either.
 */
bool msk_compute_evacuate(MskCompute *self, MskComputeCall *call, const char *uuid,
                          const char *target, GError **error);

/** msk_compute_set_locked: locks a server against its users, or unlocks it. Twice is no error. */
bool msk_compute_set_locked(MskCompute *self, MskComputeCall *call, const char *uuid, bool locked,
                            GError **error);

/** msk_compute_reset_state: @vm_state: %MSK_VM_ACTIVE or %MSK_VM_ERROR. The cloud's record is
 *  changed, and its task_state cleared; the server itself is not touched. */
bool msk_compute_reset_state(MskCompute *self, MskComputeCall *call, const char *uuid,
                             MskVmState vm_state, GError **error);

/** msk_compute_list_aggregates: Returns: (transfer full) (element-type MskAggregate) */
GPtrArray *msk_compute_list_aggregates(MskCompute *self, MskComputeCall *call, GError **error);

/**
 * msk_compute_set_aggregate_host: adds @host to an aggregate, or takes it out.
 * @member: whether it shall be in.
 * @error: %MSK_ERROR_CONFLICT when it is in already; %MSK_ERROR_NOT_FOUND for an aggregate or host
 *   that is not there, or a host that is not in.
 */
bool msk_compute_set_aggregate_host(MskCompute *self, MskComputeCall *call, int64_t aggregate_id,
                                    const char *host, bool member, GError **error);
