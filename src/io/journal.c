/* SPDX-License-Identifier: Apache-2.0 */
#include "io/journal.h"

/* The place in the source would be this file for every message. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

void
msk_journal_send(const char *identifier, int priority, const MskLogRecord *record,
                 const char *message)
{
    /* A journal that is away loses the message, as with oslo.log; there is nobody to tell. */
    (void) sd_journal_send("MESSAGE=%s", message, "PRIORITY=%d", priority, "SYSLOG_IDENTIFIER=%s",
                           identifier, "LOGGER_NAME=%s", record->logger, "LOGGER_LEVEL=%s",
                           msk_log_level_name(record->level), "REQUEST_ID=%s",
                           record->request_id != NULL ? record->request_id : "-", NULL);
}
