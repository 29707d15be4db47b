/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * spool: the reports that the API has not acknowledged, in memory and on disk, oldest first. One
 * file a report, <dir>/<number>.json. It is bounded: when full, the oldest report that nobody
 * recovers on goes first, then the oldest of all, and the log says so each time.
 *
 * A file that cannot be read as a report is moved to <dir>/quarantine.
 *
 * Threads: the functions belong to the thread that iterates the default GMainContext.
 */

#include "monitor/common/disk.h"
#include "monitor/common/report.h"

typedef struct {
    uint64_t number; /* grows with time; also the file's name */
    MskReport *report;
    size_t size_bytes;

    /* The notifier's. */
    bool in_flight; /* never given up while set */
    bool held;      /* from an earlier run: may be out of date */
    unsigned n_tries;
    unsigned n_conflicts;
    int64_t next_mono_us;
} MskSpoolEntry;

typedef struct {
    unsigned max_reports;
    size_t max_bytes;
} MskSpoolLimits;

typedef struct MskSpool MskSpool;

/**
 * msk_spool_open:
 * @dir: exists, or the disk refused it (full, read-only): then the spool starts empty.
 * @disk: (borrowed) outlives the spool.
 *
 * Blocks (reads files). Entries found are held.
 */
MskSpool *msk_spool_open(const char *dir, const MskSpoolLimits *limits, MskDisk *disk);
/** msk_spool_free: files stay. @self: (nullable) */
void msk_spool_free(MskSpool *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskSpool, msk_spool_free)

/**
 * msk_spool_add:
 * @report: (transfer full)
 *
 * Returns: (owned by @self, valid until removed) NULL when nothing was added: its incident is
 *   there, or it has none and the same news of its subject waits unsent, or the spool is full of
 *   what must not go.
 */
MskSpoolEntry *msk_spool_add(MskSpool *self, MskReport *report);

void msk_spool_remove(MskSpool *self, MskSpoolEntry *entry);

/** msk_spool_update: @entry's report has changed; its file follows. */
void msk_spool_update(MskSpool *self, const MskSpoolEntry *entry);

/** msk_spool_entries: Returns: (owned by @self) (element-type MskSpoolEntry) oldest first. */
const GQueue *msk_spool_entries(const MskSpool *self);
