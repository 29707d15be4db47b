/* SPDX-License-Identifier: Apache-2.0 */
#include "api/caller.h"

static const char *
first_header(const MskHttpRequest *request, const char *const *names)
{
    for (size_t i = 0; names[i] != NULL; i++) {
        const char *value = msk_http_request_header(request, names[i]);

        if (value != NULL) {
            return value;
        }
    }
    return NULL;
}

/* Returns: (transfer full) (nullable) the names in "a, b". */
static char **
split_roles(const char *header)
{
    char **roles;

    if (header == NULL || *header == '\0') {
        return NULL;
    }
    roles = g_strsplit(header, ",", -1);
    for (size_t i = 0; roles[i] != NULL; i++) {
        (void) g_strstrip(roles[i]); /* in place */
    }
    return roles;
}

void
msk_caller_read(const MskHttpRequest *request, MskPolicyAdmin is_admin, MskCaller *ret)
{
    static const char *const user[] = {"X-User-Id", "X-User", NULL};
    static const char *const project[] = {"X-Project-Id", "X-Tenant-Id", "X-Tenant", NULL};
    static const char *const project_name[] = {"X-Project-Name", "X-Tenant-Name", NULL};
    static const char *const roles[] = {"X-Roles", "X-Role", NULL};
    const char *admin_project = msk_http_request_header(request, "X-Is-Admin-Project");

    *ret = (MskCaller){
        .user_name = msk_http_request_header(request, "X-User-Name"),
        .project_name = first_header(request, project_name),
        .roles = split_roles(first_header(request, roles)),
        .service_roles = split_roles(msk_http_request_header(request, "X-Service-Roles")),
    };
    ret->credentials = (MskPolicyCredentials){
        .user_id = first_header(request, user),
        .user_domain_id = msk_http_request_header(request, "X-User-Domain-Id"),
        .project_id = first_header(request, project),
        .project_domain_id = msk_http_request_header(request, "X-Project-Domain-Id"),
        .domain_id = msk_http_request_header(request, "X-Domain-Id"),
        .system_scope = msk_http_request_header(request, "OpenStack-System-Scope"),
        .roles = (const char *const *) ret->roles,
        .service_user_id = msk_http_request_header(request, "X-Service-User-Id"),
        .service_user_domain_id = msk_http_request_header(request, "X-Service-User-Domain-Id"),
        .service_project_id = msk_http_request_header(request, "X-Service-Project-Id"),
        .service_project_domain_id =
            msk_http_request_header(request, "X-Service-Project-Domain-Id"),
        .service_roles = (const char *const *) ret->service_roles,
        /* Keystone says so only of other projects. */
        .is_admin_project = admin_project == NULL || g_ascii_strcasecmp(admin_project, "true") == 0,
        .is_admin = is_admin,
    };
}

void
msk_caller_from_tokens(MskKeystoneToken *token, MskKeystoneToken *service_token, MskCaller *ret)
{
    *ret = (MskCaller){
        .token = token,
        .service_token = service_token,
        .user_name = token->user.name,
        .project_name = token->project.name,
    };
    ret->credentials = (MskPolicyCredentials){
        .user_id = token->user.id,
        .user_domain_id = token->user.domain_id,
        .project_id = token->project.id,
        .project_domain_id = token->project.domain_id,
        .domain_id = token->domain_id,
        .system_scope = token->system_scope,
        .roles = (const char *const *) token->roles,
        .is_admin_project = token->is_admin_project,
        .is_admin = MSK_POLICY_ADMIN_UNKNOWN,
    };
    if (service_token != NULL) {
        ret->credentials.service_user_id = service_token->user.id;
        ret->credentials.service_user_domain_id = service_token->user.domain_id;
        ret->credentials.service_project_id = service_token->project.id;
        ret->credentials.service_project_domain_id = service_token->project.domain_id;
        ret->credentials.service_roles = (const char *const *) service_token->roles;
    }
}

void
msk_caller_clear(MskCaller *self)
{
    g_clear_pointer(&self->token, msk_keystone_token_unref);
    g_clear_pointer(&self->service_token, msk_keystone_token_unref);
    g_clear_pointer(&self->roles, g_strfreev);
    g_clear_pointer(&self->service_roles, g_strfreev);
}
