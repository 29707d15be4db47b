/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * journal: a log message as an entry of the systemd journal, with its parts as fields.
 *
 * Threads: any. Source: sd_journal_send(3); field names of oslo.log's OSJournalHandler.
 */

#include "base/log.h"

/** msk_journal_send: a MskJournalSend of oslo/log_output.h. */
void msk_journal_send(const char *identifier, int priority, const MskLogRecord *record,
                      const char *message);
