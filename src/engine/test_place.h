/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * test_place: a database in a directory of a test, what is in it, how it fails, and the end of that
 * directory, for the unit tests of this folder. A failure of any of this ends the test.
 */

#include "store/store.h"

/* How a database fails, for the stores that were opened with it: it counts their transactions.
 * Written by the test, read by the threads of the stores. All zero: it does not fail. */
typedef struct {
    const void *driver;   /* of test_place.c, once a store was opened */
    int n_begun;          /* atomic: so many transactions were asked for */
    int n_failed;         /* atomic: so many of them have failed */
    int away;             /* atomic: whether all fail */
    int held;             /* atomic: those of a later number wait; 0: none does */
    int fail_at;          /* the one of this number fails; 0: none */
    int lose_at;          /* before the one of this number somebody else comes first; 0: never */
    const char *lose_sql; /* (nullable) (static) with this; NULL: takes over all claims */
    const char *watched;  /* (nullable) (static) part of a statement */
    int n_watched;        /* atomic: so many statements with it were prepared */
} TestFaults;

/** test_place_open: Returns: (transfer full) a synced store in the SQLite file @file, with one
 *  connection. @faults: (nullable) outlives it. What is committed does not outlive a power cut. */
MskStore *test_place_open(const char *file, unsigned busy_timeout_ms, TestFaults *faults);

/** test_place_run_sql: in a database, as somebody else may. */
void test_place_run_sql(const char *file, const char *sql);

/** test_place_segment: a segment "s1". Returns: (transfer full) its uuid. */
char *test_place_segment(MskStore *store, const char *recovery_method);
void test_place_host(MskStore *store, const char *segment_uuid, const char *name, bool reserved);

/** test_place_report: Returns: (transfer full) the uuid of a notification of the host @host. */
char *test_place_report(MskStore *store, const char *host, const char *type, const char *payload,
                        int64_t generated_time_us);

/** test_place_take: Returns: (transfer full) the claim of the engine @engine_uuid, which registers
 *  itself, to what waits: one notification. */
MskClaim *test_place_take(MskStore *store, const char *engine_uuid);

/** test_place_claim: Returns: (transfer full) the engine "e1" has claimed a notification of @type,
 *  of the host "h1" in a segment of its own. */
MskClaim *test_place_claim(MskStore *store, const char *type, const char *payload);

/** test_place_status: of a notification. @ret_message: (nullable) (out) (transfer full) */
MskNotificationStatus test_place_status(MskStore *store, const char *uuid, char **ret_message);

/** test_place_remove: @path with all that is below it. */
void test_place_remove(const char *path);

/** test_place_until: runs the main loop until @holds says so, which is asked again and again. */
void test_place_until(bool (*holds)(void *data), void *data);

/** test_place_for: runs the main loop for so long. */
void test_place_for(unsigned ms);
