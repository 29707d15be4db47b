/* SPDX-License-Identifier: Apache-2.0 */

/*
 * bench-store: what single calls of the store cost, on a database in a directory of its own.
 * Prints, for each call, the median of rounds of many calls, in microseconds: by the clock, and of
 * processor time, which other programs disturb less. Writes are durable (one fsync each), so theirs
 * is mostly the disk's time.
 *
 *   bench-store [DIRECTORY]      where the file is made, /tmp by default
 */

#include "base/error.h"
#include "store/store.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <time.h>

enum { ROUNDS = 21, SEGMENTS = 1000 };

typedef struct {
    MskStore *store;
    char *segments[SEGMENTS];
    char *notification;
    unsigned next;
    int64_t clock_us; /* makes each notification differ from the others */
} Bench;

static void
need(MskStoreResult result, GError *error)
{
    if (result != MSK_STORE_DONE) {
        g_printerr("%s\n", error != NULL ? error->message : "a call was refused");
        exit(1);
    }
}

static void
get_segment(Bench *bench)
{
    GError *error = NULL;
    g_autoptr(MskSegment) segment = NULL;
    const char *uuid = bench->segments[bench->next++ % SEGMENTS];

    need(msk_store_segment_get(bench->store, uuid, &segment, &error), error);
}

static void
list_segments(Bench *bench)
{
    GError *error = NULL;
    g_autoptr(GPtrArray) list = NULL;
    MskPage page = {.limit = 50};

    need(msk_store_segment_list(bench->store, NULL, &page, &list, &error), error);
}

static void
get_host_by_name(Bench *bench)
{
    GError *error = NULL;
    g_autoptr(MskHost) host = NULL;

    need(msk_store_host_get_by_name(bench->store, "h500", &host, &error), error);
}

static void
look_for_work(Bench *bench)
{
    GError *error = NULL;
    g_autoptr(GPtrArray) claims = NULL;

    need(msk_store_claim_new(bench->store, "engine", 10, &claims, &error), error);
}

static void
post(Bench *bench)
{
    GError *error = NULL;
    g_autoptr(MskNotification) notification = g_new0(MskNotification, 1);

    bench->clock_us += G_USEC_PER_SEC;
    notification->type = g_strdup("VM");
    notification->payload = g_strdup_printf(
        "{\"event\": \"LIFECYCLE\", \"instance_uuid\": \"%u\", \"vir_domain_event\": "
        "\"STOPPED_FAILED\"}",
        bench->next++);
    notification->generated_time_us = bench->clock_us;
    need(msk_store_notification_create(bench->store, "h0", 180, notification, &error), error);
}

static void
claim_and_finish(Bench *bench)
{
    GError *error = NULL;
    g_autoptr(GPtrArray) claims = NULL;

    need(msk_store_claim_new(bench->store, "engine", 1, &claims, &error), error);
    const MskClaim *claim = g_ptr_array_index(claims, 0);
    MskClaimRef ref = {claim->notification->uuid, "engine", claim->epoch};

    need(msk_store_claim_finish(bench->store, &ref, MSK_NOTIFICATION_FINISHED, NULL, NULL, NULL,
                                &error),
         error);
}

static double
processor_us(void)
{
    struct timespec now;

    (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now); /* the clock is there on Linux */
    return (double) now.tv_sec * 1e6 + (double) now.tv_nsec / 1e3;
}

static int
compare_times(const void *a, const void *b)
{
    const double left = *(const double *) a;
    const double right = *(const double *) b;

    return left < right ? -1 : left > right;
}

static void
measure(Bench *bench, const char *name, void (*call)(Bench *bench), int calls)
{
    double times[ROUNDS];
    double processor[ROUNDS];

    for (int round = 0; round < ROUNDS; round++) {
        int64_t start_us = g_get_monotonic_time();
        double start_processor_us = processor_us();

        for (int i = 0; i < calls; i++) {
            call(bench);
        }
        processor[round] = (processor_us() - start_processor_us) / calls;
        times[round] = (double) (g_get_monotonic_time() - start_us) / calls;
    }
    qsort(times, ROUNDS, sizeof times[0], compare_times);
    qsort(processor, ROUNDS, sizeof processor[0], compare_times);
    g_print("%-22s %9.2f us by the clock (%.2f to %.2f), %8.2f us of processor\n", name,
            times[ROUNDS / 2], times[0], times[ROUNDS - 1], processor[ROUNDS / 2]);
}

static void
fill(Bench *bench)
{
    GError *error = NULL;

    for (int i = 0; i < SEGMENTS; i++) {
        g_autoptr(MskSegment) segment = g_new0(MskSegment, 1);
        g_autoptr(MskHost) host = g_new0(MskHost, 1);

        segment->name = g_strdup_printf("segment-%d", i);
        segment->service_type = g_strdup("COMPUTE");
        segment->recovery_method = g_strdup("auto");
        need(msk_store_segment_create(bench->store, segment, &error), error);
        host->name = g_strdup_printf("h%d", i);
        host->type = g_strdup("COMPUTE");
        host->control_attributes = g_strdup("SSH");
        host->failover_segment_id = g_strdup(segment->uuid);
        need(msk_store_host_create(bench->store, host, &error), error);
        bench->segments[i] = g_strdup(segment->uuid);
    }
    need(msk_store_engine_register(bench->store, "engine", "h", 3600000, &error), error);
}

static void
run(Bench *bench)
{
    fill(bench);
    measure(bench, "segment_get", get_segment, 2000);
    measure(bench, "segment_list of 50", list_segments, 100);
    measure(bench, "host_get_by_name", get_host_by_name, 100);
    measure(bench, "claim_new, none waits", look_for_work, 1000);
    measure(bench, "notification_create", post, 20);
    measure(bench, "claim_new and finish", claim_and_finish, 20);
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *directory =
        g_build_filename(argc > 1 ? argv[1] : g_get_tmp_dir(), "bench-store-XXXXXX", NULL);
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    Bench bench = {.clock_us = 1795418060 * INT64_C(1000000)};

    if (g_mkdtemp(directory) == NULL) {
        g_printerr("%s: cannot make a directory there\n", directory);
        return 1;
    }
    g_autofree char *path = g_build_filename(directory, "bench.sqlite", NULL);
    g_autofree char *connection = g_strconcat("sqlite:///", path, NULL);
    MskStoreOptions options = {
        .connection = connection, .max_connections = 2, .busy_timeout_ms = 5000};

    if (msk_store_sync(&options, NULL, &error)) {
        bench.store = msk_store_open(&options, &error);
    }
    if (bench.store == NULL) {
        g_printerr("%s\n", error->message);
        return 1;
    }
    run(&bench);
    msk_store_free(bench.store);
    for (int i = 0; i < SEGMENTS; i++) {
        g_free(bench.segments[i]);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        g_autofree char *file = g_strconcat(path, suffixes[i], NULL);

        (void) g_remove(file); /* the log and its index are gone already */
    }
    return g_rmdir(directory) == 0 ? 0 : 1;
}
