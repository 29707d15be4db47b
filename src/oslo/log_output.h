/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * log_output: where log lines go, as the options of oslo.log say: stderr, a file, syslog, the
 * journal. Secrets are masked and control characters escaped in every message.
 *
 * A log file that was moved away or removed is opened anew with the next line, so logrotate needs
 * no signal; msk_log_output_reopen does it at once. When the file cannot be written the line goes
 * to stderr.
 *
 * Threads: any thread may log. Make and free it on the main thread while no other thread logs.
 * Source: oslo.log 5 log.py, _options.py, handlers.py.
 */

#include "base/log.h"
#include "oslo/config.h"

extern const MskOption msk_log_options[];
extern const size_t msk_n_log_options;

typedef struct MskLogOutput MskLogOutput;

/**
 * MskJournalSend: hands one message to the journal; see io/journal.h.
 * @priority: of syslog(3). @identifier: the program.
 */
typedef void (*MskJournalSend)(const char *identifier, int priority, const MskLogRecord *record,
                               const char *message);

/**
 * msk_log_output_new:
 * @config: with msk_log_options.
 * @program: names the file in log_dir, and the program in syslog and the journal.
 * @send: (nullable) for use_journal; without it that option is an error.
 * @error: %MSK_ERROR_INVALID for a format, facility or level that is not known; %MSK_ERROR_DENIED,
 *   %MSK_ERROR_NOT_FOUND or %MSK_ERROR_UNAVAILABLE when the log file cannot be opened.
 *
 * From here on base/log writes through it, at the levels of @config. One at a time.
 * Returns: (transfer full) or NULL, with the log as it was.
 */
MskLogOutput *msk_log_output_new(const MskConfig *config, const char *program, MskJournalSend send,
                                 GError **error);

/** msk_log_output_free: @self: (nullable). The log goes back to stderr, also of threads that log
 * just now; when one of them hangs in the output, it is not freed. */
void msk_log_output_free(MskLogOutput *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskLogOutput, msk_log_output_free)

/** msk_log_output_reopen: Returns: false with @error as msk_log_output_new; the old file stays. */
bool msk_log_output_reopen(MskLogOutput *self, GError **error);

/** msk_log_output_is_on_stderr: whether every message goes to stderr (too). */
bool msk_log_output_is_on_stderr(const MskLogOutput *self);

/** msk_log_apply_levels: debug and default_log_levels of @config; at any time. */
void msk_log_apply_levels(const MskConfig *config);

/** msk_log_check_levels: Returns: false with %MSK_ERROR_INVALID for a bad default_log_levels. */
bool msk_log_check_levels(const MskConfig *config, GError **error);
