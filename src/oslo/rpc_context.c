/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/rpc_context.h"

#include <string.h>

#include "base/datetime.h"

/* rpc_hint.c writes the same as text; test-rpc_hint.c compares both, so change them together. */

static void
set(json_t *context, const char *name, const char *text)
{
    json_object_set_new(context, name, text == NULL ? json_null() : json_string(text));
}

/* As oslo.context writes it for logs: "user project domain user_domain project_domain". */
static void
set_identity(json_t *context, const MskPolicyCredentials *credentials)
{
    const char *const parts[] = {credentials->user_id, credentials->project_id,
                                 credentials->domain_id, credentials->user_domain_id,
                                 credentials->project_domain_id};
    g_autoptr(GString) text = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_string_append_printf(text, "%s%s", i == 0 ? "" : " ",
                               parts[i] == NULL || parts[i][0] == '\0' ? "-" : parts[i]);
    }
    set(context, "user_identity", text->str);
}

static void
set_roles(json_t *context, const char *const *roles)
{
    json_t *array = json_array();

    for (const char *const *role = roles; role != NULL && *role != NULL; role++) {
        json_array_append_new(array, json_string(*role));
    }
    json_object_set_new(context, "roles", array);
}

const MskPolicyCredentials *
msk_rpc_context_credentials(const MskRpcContext *self)
{
    static const MskPolicyCredentials service = {.is_admin = MSK_POLICY_ADMIN_YES,
                                                 .is_admin_project = true};

    return self->credentials == NULL ? &service : self->credentials;
}

static void
set_caller(json_t *context, const MskRpcContext *self)
{
    const MskPolicyCredentials *credentials = msk_rpc_context_credentials(self);

    set(context, "user", credentials->user_id);
    set(context, "user_id", credentials->user_id);
    set(context, "user_name", self->user_name);
    set(context, "user_domain", credentials->user_domain_id);
    set(context, "project", credentials->project_id);
    set(context, "project_id", credentials->project_id);
    set(context, "project_name", self->project_name);
    set(context, "project_domain", credentials->project_domain_id);
    set(context, "domain", credentials->domain_id);
    set(context, "system_scope", credentials->system_scope);
    set_roles(context, credentials->roles);
    set_identity(context, credentials);
    json_object_set_new(context, "is_admin",
                        json_boolean(credentials->is_admin == MSK_POLICY_ADMIN_YES));
    json_object_set_new(context, "is_admin_project", json_boolean(credentials->is_admin_project));
}

json_t *
msk_rpc_context_of_request(const MskRpcContext *self)
{
    json_t *context = json_object();
    g_autofree char *timestamp = msk_datetime_format_rest(self->time_us);

    set_caller(context, self);
    json_object_set_new(context, "read_only", json_false());
    json_object_set_new(context, "show_deleted", json_false());
    set(context, "read_deleted", "no");
    set(context, "resource_uuid", NULL);
    set(context, "request_id", self->request_id);
    set(context, "global_request_id", self->global_request_id);
    set(context, "auth_token", self->auth_token);
    set(context, "remote_address", self->remote_address);
    set(context, "timestamp", timestamp);
    json_object_set_new(context, "service_catalog", json_array());
    return context;
}

json_t *
msk_rpc_context_of_event(const MskRpcContext *self)
{
    MskRpcContext known = *self;

    known.auth_token = NULL;
    known.remote_address = NULL;
    return msk_rpc_context_of_request(&known);
}
