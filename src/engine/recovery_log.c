/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/recovery_log.h"

#define LOG_NAME "masakari.engine.manager"
#include "base/log.h"

void
msk_recovery_log_end(const char *notification_uuid, MskNotificationStatus status,
                     int64_t claimed_mono_us, const char *reason, const char *failure)
{
    double seconds = (double) (g_get_monotonic_time() - claimed_mono_us) / G_USEC_PER_SEC;
    bool bad = status == MSK_NOTIFICATION_ERROR || status == MSK_NOTIFICATION_FAILED;

    MSK_LOG_AT(bad ? MSK_LOG_ERROR : MSK_LOG_INFO,
               "Notification %s exits with status: %s, %.3f s after it was claimed: %s%s%s",
               notification_uuid, msk_notification_status_name(status), seconds, reason,
               failure != NULL ? "; " : "", failure != NULL ? failure : "");
}

void
msk_recovery_log_lost(const char *notification_uuid)
{
    log_warning("Notification %s is not ours any more, leaving it alone: another engine took it "
                "over, or it was ended by others",
                notification_uuid);
}

void
msk_recovery_log_release(const char *notification_uuid, bool done)
{
    if (done) {
        log_info("Notification %s is handed back for another engine to go on with",
                 notification_uuid);
    } else {
        log_warning("Notification %s could not be handed back; an engine takes it over once this "
                    "one is gone",
                    notification_uuid);
    }
}
