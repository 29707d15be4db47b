/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * cloud_records: what a cloud says of its services, migrations and aggregates. Plain data; the
 * owner of a struct owns its strings. Any thread.
 * Source: api-ref of the Compute API 2.53 (os-services, os-aggregates) and 2.59 (os-migrations).
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    char *id;
    char *host;
    char *binary;
    bool up;      /* the cloud believes that it runs; false at once when forced down */
    bool enabled; /* the scheduler may choose its host */
    bool forced_down;
    char *disabled_reason; /* (nullable) */
    /* When its row was last written, in whole seconds by the cloud's clock; 0 for never. A living
     * service writes it every 10 s; so does everybody who enables, disables or forces it down. */
    int64_t updated_us;
    int64_t answered_us; /* when the cloud said all this, by the same clock; 0 for unknown */
} MskComputeService;

void msk_compute_service_free(MskComputeService *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskComputeService, msk_compute_service_free)

typedef enum { MSK_CHANGE_NONE, MSK_CHANGE_TO_FALSE, MSK_CHANGE_TO_TRUE } MskChange;

/* All zero changes nothing. */
typedef struct {
    MskChange enabled;
    const char *disabled_reason; /* (nullable) goes with enabled = MSK_CHANGE_TO_FALSE */
    MskChange forced_down;
} MskServiceChange;

/* What became of an evacuation, by its record. */
typedef enum {
    MSK_MIGRATION_UNDER_WAY, /* accepted, pre-migrating or any other word: not at its end */
    MSK_MIGRATION_DONE,      /* the server is on its new host ("done", later "completed") */
    MSK_MIGRATION_FAILED,    /* it stayed ("error", "failed", "cancelled") */
} MskMigrationState;

typedef struct {
    int64_t id; /* grows with time */
    char *uuid; /* (nullable) before microversion 2.59 */
    char *instance_uuid;
    char *source_host;
    char *dest_host; /* (nullable) not chosen yet */
    char *status;    /* the cloud's word */
    MskMigrationState state;
    int64_t created_us;
    int64_t updated_us; /* created_us when it was never changed */
} MskMigration;

void msk_migration_free(MskMigration *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskMigration, msk_migration_free)

/** msk_migration_state: @status: the cloud's word. */
MskMigrationState msk_migration_state(const char *status);

typedef struct {
    int64_t id;
    char *name;
    GPtrArray *hosts; /* char * */
} MskAggregate;

void msk_aggregate_free(MskAggregate *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskAggregate, msk_aggregate_free)

/** msk_aggregate_has_host: Returns: whether @host, in this very spelling, is in it. */
bool msk_aggregate_has_host(const MskAggregate *self, const char *host);
