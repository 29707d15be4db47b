/* SPDX-License-Identifier: Apache-2.0 */
/* /notifications/{notification}/vmoves. Source: upstream masakari/api/openstack/ha/vmoves.py,
 * masakari/ha/api.py. */
#include "api/resources.h"

#include "api/fault.h"
#include "api/list_page.h"
#include "api/uuid_like.h"
#include "api/views.h"

#include <string.h>

/* Returns: false when the call was answered, because the notification has no moves. */
static bool
check_notification(MskApiCall *call)
{
    g_autoptr(MskNotification) notification = NULL;
    g_autoptr(GError) error = NULL;

    switch ((int) msk_store_notification_get(call->settings->store, call->ids[0], &notification,
                                             &error)) {
    case MSK_STORE_DONE:
        break;
    case MSK_STORE_FAILED:
        msk_fault_error(call, error);
        return false;
    default:
        msk_fault(call, 404, "No notification with id %s.", call->ids[0]);
        return false;
    }
    if (strcmp(notification->type, "COMPUTE_HOST") != 0) {
        msk_fault(call, 400, "This notification %s without vm moves.", call->ids[0]);
        return false;
    }
    return true;
}

static MskStoreResult
read_vmoves(MskStore *store, const void *filter, const MskPage *page, GError **error)
{
    g_autoptr(GPtrArray) none = NULL;

    return msk_store_vmove_list(store, filter, page, &none, error);
}

void
msk_api_vmoves_list(MskApiCall *call)
{
    static const MskListKind kind = {"vmoves", MSK_STORE_VMOVES, read_vmoves, msk_view_vmove};
    g_auto(MskListPage) page = {0};

    if (!msk_list_read(call, &page) || !check_notification(call)) {
        return;
    }
    const MskVmoveFilter filter = {
        .notification_uuid = call->ids[0],
        .type = msk_query_last(call->query, "type"),
        .status = msk_query_last(call->query, "status"),
    };

    msk_list_answer(call, &kind, &page, &filter);
}

/* As the Python service, any notification of a host finds any move. */
void
msk_api_vmove_show(MskApiCall *call)
{
    g_autoptr(MskVmove) vmove = NULL;
    g_autoptr(GError) error = NULL;
    MskStoreResult result = MSK_STORE_NOT_FOUND;

    if (!check_notification(call)) {
        return;
    }
    if (msk_uuid_is_like(call->ids[1])) {
        result = msk_store_vmove_get(call->settings->store, NULL, call->ids[1], &vmove, &error);
    }
    if (result == MSK_STORE_FAILED) {
        msk_fault_error(call, error);
    } else if (result == MSK_STORE_NOT_FOUND) {
        msk_fault(call, 404, "No vm move with id %s.", call->ids[1]);
    } else {
        msk_call_reply_object(call, 200, "vmove", msk_view_vmove, vmove);
    }
}
