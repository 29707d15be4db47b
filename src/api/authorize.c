/* SPDX-License-Identifier: Apache-2.0 */
#define LOG_NAME "masakari.policy"
#include "api/authorize.h"

#include "api/fault.h"
#include "base/log.h"

void
msk_api_log_policy(MskPolicy *policy)
{
    g_auto(GStrv) warnings = msk_policy_warnings(policy);

    for (size_t i = 0; warnings[i] != NULL; i++) {
        log_warning("%s", warnings[i]);
    }
}

static void
log_reload(MskPolicy *policy, const GError *error)
{
    if (error != NULL) {
        log_error("the policy rules stay as they were: %s", error->message);
        return;
    }
    log_info("the policy rules were read again");
    msk_api_log_policy(policy);
}

void
msk_api_reload_policy(MskPolicy *policy)
{
    g_autoptr(GError) error = NULL;

    (void) msk_policy_reload(policy, &error); /* the error says as much */
    log_reload(policy, error);
}

bool
msk_call_may(const MskApiCall *call, const char *rule)
{
    const MskPolicyCredentials *caller = &call->caller.credentials;
    const MskPolicyAttribute attributes[] = {
        {"project_id", caller->project_id},
        {"user_id", caller->user_id},
    };
    const MskPolicyTarget target = {attributes, G_N_ELEMENTS(attributes)};
    bool allowed = msk_policy_check(call->settings->policy, rule, caller, &target);

    if (!allowed) {
        log_debug("%s refuses user %s of project %s", rule,
                  caller->user_id == NULL ? "None" : caller->user_id,
                  caller->project_id == NULL ? "None" : caller->project_id);
    }
    return allowed;
}

bool
msk_call_authorize(MskApiCall *call, const char *rule)
{
    g_autoptr(GError) error = NULL;

    if (rule == NULL) {
        return true;
    }
    if (msk_policy_refresh(call->settings->policy, &error) != MSK_POLICY_UNCHANGED) {
        log_reload(call->settings->policy, error);
    }
    if (msk_call_may(call, rule)) {
        return true;
    }
    msk_fault(call, 403, "Policy doesn't allow %s to be performed.", rule);
    return false;
}
