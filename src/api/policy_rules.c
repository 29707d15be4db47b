/* SPDX-License-Identifier: Apache-2.0 */
#include "api/policy_rules.h"

#define ADMIN "rule:admin_api"
/* A rule with one operation, and one without: who sees an extension in /extensions. */
#define RULE(name_, check_, description_, method_, path_)                                          \
    {                                                                                              \
        .name = "os_masakari_api:" name_, .check = (check_), .description = (description_),        \
        .operations = {                                                                            \
            {.method = (method_), .path = (path_)}                                                 \
        }                                                                                          \
    }
#define DISCOVERABLE(extension_, check_)                                                           \
    {                                                                                              \
        .name = "os_masakari_api:" extension_ ":discoverable", .check = (check_),                  \
        .description = "Who finds \"" extension_ "\" in the list of extensions."                   \
    }

#define EXTENSIONS    "/extensions"
#define HOSTS         "/segments/{segment_id}/hosts"
#define NOTIFICATIONS "/notifications"
#define SEGMENTS      "/segments"
#define VMOVES        "/notifications/{notification_id}/vmoves"

const MskPolicyDefault msk_policy_rules[] = {
    {.name = "context_is_admin",
     .check = "role:admin",
     .description = "Who is an administrator, so that is_admin:True holds. With auth_strategy = "
                    "noauth2 everybody is, and this rule is not asked."},
    {.name = "admin_or_owner",
     .check = "is_admin:True or project_id:%(project_id)s",
     .description = "For rules of your own: administrators and the project that asks."},
    {.name = "admin_api",
     .check = "is_admin:True",
     .description = "What the defaults of nearly all other rules refer to: administrators."},

    RULE("extensions:index", ADMIN, "List the extensions of the API.", "GET", EXTENSIONS),
    RULE("extensions:detail", ADMIN, "Show one extension.", "GET", EXTENSIONS "/{extensions_id}"),
    DISCOVERABLE("extensions", ADMIN),

    RULE("os-hosts:index", ADMIN, "List the hosts of a segment.", "GET", HOSTS),
    RULE("os-hosts:detail", ADMIN, "Show a host.", "GET", HOSTS "/{host_id}"),
    RULE("os-hosts:create", ADMIN, "Add a host to a segment.", "POST", HOSTS),
    RULE("os-hosts:update", ADMIN, "Change a host, such as its maintenance mode.", "PUT",
         HOSTS "/{host_id}"),
    RULE("os-hosts:delete", ADMIN, "Take a host out of its segment.", "DELETE", HOSTS "/{host_id}"),
    DISCOVERABLE("os-hosts", ADMIN),

    RULE("notifications:index", ADMIN, "List the notifications of failures.", "GET", NOTIFICATIONS),
    RULE("notifications:detail", ADMIN, "Show a notification and what its recovery did.", "GET",
         NOTIFICATIONS "/{notification_id}"),
    RULE("notifications:create", ADMIN,
         "Report a failure, which starts its recovery; what the monitors do.", "POST",
         NOTIFICATIONS),
    DISCOVERABLE("notifications", ADMIN),

    RULE("segments:index", ADMIN, "List the failover segments.", "GET", SEGMENTS),
    RULE("segments:detail", ADMIN, "Show a segment.", "GET", SEGMENTS "/{segment_id}"),
    RULE("segments:create", ADMIN, "Make a segment.", "POST", SEGMENTS),
    RULE("segments:update", ADMIN, "Change a segment, such as its recovery method.", "PUT",
         SEGMENTS "/{segment_id}"),
    RULE("segments:delete", ADMIN, "Delete a segment.", "DELETE", SEGMENTS "/{segment_id}"),
    DISCOVERABLE("segments", ADMIN),

    RULE("versions:index", "@", "List the versions of the API. It is open to all and not asked.",
         "GET", "/"),
    DISCOVERABLE("versions", "@"),

    RULE("vmoves:index", ADMIN, "List the VMs that the recovery of a host moves.", "GET", VMOVES),
    RULE("vmoves:detail", ADMIN, "Show the move of one VM.", "GET", VMOVES "/{vmove_id}"),
    DISCOVERABLE("vmoves", ADMIN),
};
const size_t msk_n_policy_rules = G_N_ELEMENTS(msk_policy_rules);
