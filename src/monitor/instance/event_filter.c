/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/instance/event_filter.h"

/* What an event does not have is -1, as in upstream's table. */
#define NONE (-1)

static const struct {
    MskDomainEventId id;
    int type;
    int detail;
    MskEventNames names;
} reported[] = {
    {MSK_DOMAIN_EVENT_LIFECYCLE,
     MSK_LIFECYCLE_SUSPENDED,
     MSK_SUSPENDED_IOERROR,
     {MSK_EVENT_LIFECYCLE, "SUSPENDED_IOERROR"}},
    {MSK_DOMAIN_EVENT_LIFECYCLE,
     MSK_LIFECYCLE_SUSPENDED,
     MSK_SUSPENDED_WATCHDOG,
     {MSK_EVENT_LIFECYCLE, "SUSPENDED_WATCHDOG"}},
    {MSK_DOMAIN_EVENT_LIFECYCLE,
     MSK_LIFECYCLE_SUSPENDED,
     MSK_SUSPENDED_API_ERROR,
     {MSK_EVENT_LIFECYCLE, "SUSPENDED_API_ERROR"}},
    {MSK_DOMAIN_EVENT_LIFECYCLE,
     MSK_LIFECYCLE_STOPPED,
     MSK_STOPPED_SHUTDOWN,
     {MSK_EVENT_LIFECYCLE, MSK_EVENT_STOPPED_SHUTDOWN}},
    {MSK_DOMAIN_EVENT_LIFECYCLE,
     MSK_LIFECYCLE_STOPPED,
     MSK_STOPPED_DESTROYED,
     {MSK_EVENT_LIFECYCLE, MSK_EVENT_STOPPED_DESTROYED}},
    {MSK_DOMAIN_EVENT_LIFECYCLE,
     MSK_LIFECYCLE_STOPPED,
     MSK_STOPPED_FAILED,
     {MSK_EVENT_LIFECYCLE, MSK_EVENT_STOPPED_FAILED}},
    {MSK_DOMAIN_EVENT_LIFECYCLE,
     MSK_LIFECYCLE_STOPPED,
     MSK_STOPPED_CRASHED,
     {MSK_EVENT_LIFECYCLE, MSK_EVENT_STOPPED_CRASHED}},
    {MSK_DOMAIN_EVENT_LIFECYCLE,
     MSK_LIFECYCLE_SHUTDOWN,
     MSK_SHUTDOWN_FINISHED,
     {MSK_EVENT_LIFECYCLE, "SHUTDOWN_FINISHED"}},
    {MSK_DOMAIN_EVENT_LIFECYCLE,
     MSK_LIFECYCLE_CRASHED,
     MSK_CRASHED_PANICKED,
     {MSK_EVENT_LIFECYCLE, MSK_EVENT_CRASHED_PANICKED}},
    {MSK_DOMAIN_EVENT_REBOOT, NONE, NONE, {"REBOOT", "UNKNOWN"}},
    {MSK_DOMAIN_EVENT_WATCHDOG, 0, NONE, {"WATCHDOG", "WATCHDOG_NONE"}},
    {MSK_DOMAIN_EVENT_WATCHDOG, 1, NONE, {"WATCHDOG", "WATCHDOG_PAUSE"}},
    {MSK_DOMAIN_EVENT_WATCHDOG, 2, NONE, {"WATCHDOG", "WATCHDOG_RESET"}},
    {MSK_DOMAIN_EVENT_WATCHDOG, 3, NONE, {"WATCHDOG", "WATCHDOG_POWEROFF"}},
    {MSK_DOMAIN_EVENT_WATCHDOG, 4, NONE, {"WATCHDOG", "WATCHDOG_SHUTDOWN"}},
    {MSK_DOMAIN_EVENT_WATCHDOG, 5, NONE, {"WATCHDOG", "WATCHDOG_DEBUG"}},
    {MSK_DOMAIN_EVENT_IO_ERROR, 0, NONE, {"IO_ERROR", "IO_ERROR_NONE"}},
    {MSK_DOMAIN_EVENT_IO_ERROR, 1, NONE, {"IO_ERROR", "IO_ERROR_PAUSE"}},
    {MSK_DOMAIN_EVENT_IO_ERROR, 2, NONE, {"IO_ERROR", "IO_ERROR_REPORT"}},
    {MSK_DOMAIN_EVENT_IO_ERROR_REASON, NONE, NONE, {"IO_ERROR_REASON", "UNKNOWN"}},
    {MSK_DOMAIN_EVENT_CONTROL_ERROR, NONE, NONE, {"CONTROL_ERROR", "UNKNOWN"}},
};

const MskEventNames *
msk_event_filter(MskDomainEventId id, int type, int detail)
{
    for (size_t i = 0; i < G_N_ELEMENTS(reported); i++) {
        if (reported[i].id == id && reported[i].type == type && reported[i].detail == detail) {
            return &reported[i].names;
        }
    }
    return NULL;
}

bool
msk_event_says_down(const char *vir_domain_event)
{
    return g_str_equal(vir_domain_event, MSK_EVENT_STOPPED_FAILED) ||
           g_str_equal(vir_domain_event, MSK_EVENT_STOPPED_CRASHED);
}

bool
msk_event_is_vital(const char *vir_domain_event)
{
    return msk_event_says_down(vir_domain_event) ||
           g_str_equal(vir_domain_event, MSK_EVENT_CRASHED_PANICKED) ||
           g_str_equal(vir_domain_event, "IO_ERROR_REPORT");
}
