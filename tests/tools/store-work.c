/* SPDX-License-Identifier: Apache-2.0 */

/*
 * store-work: a process that uses a store, for tests of what several processes, crashes and faults
 * do to one database.
 *
 *   store-work <file> <busy timeout, ms>          obeys lines of its standard input
 *   store-work <file> <ms> claim <threads>        each thread is an engine that claims and finishes
 *                                                 until nothing is left; prints each uuid it got
 *   store-work <file> <ms> post <count> <prefix>  posts one notification after another; prints the
 *                                                 uuid of each that was accepted
 *
 * Lines, and what they are answered:
 *   open                  done
 *   setup                 done          (a segment, and the host "h1" in it)
 *   post <instance>       done <uuid>, duplicate, on_maintenance, not_found
 *   get <uuid>            done <status>, not_found
 * Each may be answered "failed <code> <message>" instead.
 */

#include "base/error.h"
#include "base/number.h"
#include "store/store.h"

#include <stdio.h>

typedef struct {
    char *connection;
    MskStoreOptions options;
    MskStore *store;
} Work;

static void
answer(MskStoreResult result, const char *detail, GError *error)
{
    static const char *const words[] = {
        [MSK_STORE_DONE] = "done",           [MSK_STORE_NOT_FOUND] = "not_found",
        [MSK_STORE_NAME_TAKEN] = "taken",    [MSK_STORE_IN_USE] = "in_use",
        [MSK_STORE_DUPLICATE] = "duplicate", [MSK_STORE_ON_MAINTENANCE] = "on_maintenance",
        [MSK_STORE_LOST] = "lost",           [MSK_STORE_BUSY] = "busy",
    };

    if (result == MSK_STORE_FAILED) {
        g_print("failed %s %s\n", msk_error_code_name((MskErrorCode) error->code), error->message);
        g_error_free(error);
    } else {
        g_print("%s%s%s\n", words[result], detail != NULL ? " " : "", detail != NULL ? detail : "");
    }
    (void) fflush(stdout); /* a reader that went away ends us by SIGPIPE */
}

static bool
open_store(Work *work, GError **error)
{
    g_clear_pointer(&work->store, msk_store_free);
    work->store = msk_store_open(&work->options, error);
    return work->store != NULL;
}

static void
set_up(const Work *work)
{
    GError *error = NULL;
    g_autoptr(MskSegment) segment = g_new0(MskSegment, 1);
    g_autoptr(MskHost) host = g_new0(MskHost, 1);

    segment->name = g_strdup("segment");
    segment->service_type = g_strdup("COMPUTE");
    segment->recovery_method = g_strdup("auto");
    MskStoreResult result = msk_store_segment_create(work->store, segment, &error);

    if (result == MSK_STORE_DONE) {
        host->name = g_strdup("h1");
        host->type = g_strdup("COMPUTE");
        host->control_attributes = g_strdup("SSH");
        host->failover_segment_id = g_strdup(segment->uuid);
        result = msk_store_host_create(work->store, host, &error);
    }
    answer(result, NULL, error);
}

static MskStoreResult
post(const Work *work, const char *instance, char **ret_uuid, GError **error)
{
    g_autoptr(MskNotification) notification = g_new0(MskNotification, 1);

    notification->type = g_strdup("VM");
    notification->payload = g_strdup_printf("{\"instance_uuid\": \"%s\"}", instance);
    notification->generated_time_us = g_get_real_time();
    MskStoreResult result =
        msk_store_notification_create(work->store, "h1", 180, notification, error);

    if (result == MSK_STORE_DONE) {
        *ret_uuid = g_strdup(notification->uuid);
    }
    return result;
}

static void
answer_post(const Work *work, const char *instance)
{
    GError *error = NULL;
    g_autofree char *uuid = NULL;
    MskStoreResult result = post(work, instance, &uuid, &error);

    answer(result, uuid, error);
}

static void
answer_get(const Work *work, const char *uuid)
{
    GError *error = NULL;
    g_autoptr(MskNotification) notification = NULL;
    MskStoreResult result = msk_store_notification_get(work->store, uuid, &notification, &error);

    answer(result, notification != NULL ? msk_notification_status_name(notification->status) : NULL,
           error);
}

static void
obey(Work *work)
{
    char line[512];

    while (fgets(line, sizeof line, stdin) != NULL) {
        g_auto(GStrv) words = g_strsplit(g_strstrip(line), " ", 2);
        GError *error = NULL;

        if (g_strcmp0(words[0], "open") == 0) {
            bool ok = open_store(work, &error);

            answer(ok ? MSK_STORE_DONE : MSK_STORE_FAILED, NULL, error);
        } else if (work->store == NULL) {
            g_print("failed internal the store is not open\n");
        } else if (g_strcmp0(words[0], "setup") == 0) {
            set_up(work);
        } else if (g_strcmp0(words[0], "post") == 0 && words[1] != NULL) {
            answer_post(work, words[1]);
        } else if (g_strcmp0(words[0], "get") == 0 && words[1] != NULL) {
            answer_get(work, words[1]);
        } else {
            g_print("failed invalid unknown line\n");
        }
        (void) fflush(stdout); /* a reader that went away ends us by SIGPIPE */
    }
}

/* Posts until it is done or killed. What was printed was accepted before. */
static bool
post_many(const Work *work, int64_t count, const char *prefix, GError **error)
{
    for (int64_t i = 0; i < count; i++) {
        g_autofree char *instance = g_strdup_printf("%s-%" G_GINT64_FORMAT, prefix, i);
        g_autofree char *uuid = NULL;
        MskStoreResult result = post(work, instance, &uuid, error);

        if (result == MSK_STORE_FAILED) {
            return false;
        }
        if (result == MSK_STORE_DONE) {
            g_print("%s %s\n", instance, uuid);
            (void) fflush(stdout); /* a reader that went away ends us by SIGPIPE */
        }
    }
    return true;
}

/* One engine: claims and finishes until nothing is left. Returns: its error, or NULL. */
static void *
be_engine(void *data)
{
    const Work *work = data;
    g_autofree char *engine = g_uuid_string_random();
    GError *error = NULL;
    unsigned empty = 0;

    if (msk_store_engine_register(work->store, engine, "h", 60000, &error) != MSK_STORE_DONE) {
        return error;
    }
    while (empty < 2) {
        g_autoptr(GPtrArray) claims = NULL;

        if (msk_store_claim_new(work->store, engine, 2, &claims, &error) != MSK_STORE_DONE) {
            return error;
        }
        empty = claims->len == 0 ? empty + 1 : 0;
        for (unsigned i = 0; i < claims->len; i++) {
            const MskClaim *claim = g_ptr_array_index(claims, i);
            MskClaimRef ref = {claim->notification->uuid, engine, claim->epoch};

            g_print("%s\n", claim->notification->uuid);
            if (msk_store_claim_finish(work->store, &ref, MSK_NOTIFICATION_FINISHED, NULL, NULL,
                                       NULL, &error) != MSK_STORE_DONE) {
                return error;
            }
        }
    }
    return NULL;
}

static bool
claim_all(Work *work, int64_t n_threads, GError **error)
{
    g_autoptr(GPtrArray) threads = g_ptr_array_new();
    bool ok = true;

    for (int64_t i = 0; i < n_threads; i++) {
        g_ptr_array_add(threads, g_thread_new("engine", be_engine, work));
    }
    for (unsigned i = 0; i < threads->len; i++) {
        GError *failure = g_thread_join(g_ptr_array_index(threads, i));

        if (failure != NULL && ok) {
            g_propagate_error(error, failure);
            ok = false;
        } else if (failure != NULL) {
            g_error_free(failure);
        }
    }
    return ok;
}

static bool
run(Work *work, int argc, char **argv, GError **error)
{
    int64_t count = 0;

    if (argc < 4) {
        obey(work);
        return true;
    }
    if (argc < 5 || !msk_parse_int64(argv[4], 1, 1000000, &count)) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "how many?");
        return false;
    }
    if (!open_store(work, error)) {
        return false;
    }
    return g_str_equal(argv[3], "claim") ? claim_all(work, count, error)
                                         : post_many(work, count, argv[5], error);
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    int64_t timeout_ms = 0;
    Work work = {0};

    if (argc < 3 || !msk_parse_int64(argv[2], 0, 60000, &timeout_ms)) {
        g_printerr("usage: store-work FILE TIMEOUT_MS [claim THREADS | post COUNT PREFIX]\n");
        return 64;
    }
    work.connection = g_strconcat("sqlite:///", argv[1], NULL);
    work.options = (MskStoreOptions){.connection = work.connection,
                                     .max_connections = 8,
                                     .busy_timeout_ms = (unsigned) timeout_ms};
    bool ok = run(&work, argc, argv, &error);

    if (!ok) {
        g_printerr("%s\n", error->message);
    }
    msk_store_free(work.store);
    g_free(work.connection);
    return ok ? 0 : 1;
}
