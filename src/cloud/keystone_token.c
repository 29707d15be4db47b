/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/keystone_token.h"

#include "base/datetime.h"
#include "base/error.h"

#include <jansson.h>
#include <string.h>

enum {
    MAX_SERVICES = 1000,
    MAX_ENDPOINTS = 1000, /* of one service */
    MAX_ROLES = 1000,
    MAX_RULES = 1000,
};

static const char *const default_interfaces[] = {"public", NULL};

static void
party_clear(MskKeystoneParty *self)
{
    g_free(self->id);
    g_free(self->name);
    g_free(self->domain_id);
    g_free(self->domain_name);
}

static void
endpoint_free(void *data)
{
    MskKeystoneEndpoint *self = data;

    g_free(self->interface);
    g_free(self->region);
    g_free(self->url);
    g_free(self);
}

static void
service_free(void *data)
{
    MskKeystoneService *self = data;

    g_free(self->type);
    g_free(self->name);
    g_ptr_array_unref(self->endpoints);
    g_free(self);
}

MskKeystoneToken *
msk_keystone_token_ref(MskKeystoneToken *self)
{
    g_atomic_ref_count_inc(&self->references);
    return self;
}

void
msk_keystone_token_unref(MskKeystoneToken *self)
{
    if (self == NULL || !g_atomic_ref_count_dec(&self->references)) {
        return;
    }
    g_free(self->id);
    party_clear(&self->user);
    party_clear(&self->project);
    g_free(self->domain_id);
    g_free(self->domain_name);
    g_free(self->system_scope);
    g_strfreev(self->roles);
    g_ptr_array_unref(self->services);
    g_clear_pointer(&self->access_rules, g_ptr_array_unref);
    g_free(self);
}

/* ---- reading ------------------------------------------------------------------------------- */

static char *
copy_string(const json_t *object, const char *key)
{
    return g_strdup(json_string_value(json_object_get(object, key)));
}

static void
read_party(const json_t *object, MskKeystoneParty *ret)
{
    const json_t *domain = json_object_get(object, "domain");

    ret->id = copy_string(object, "id");
    ret->name = copy_string(object, "name");
    ret->domain_id = copy_string(domain, "id");
    ret->domain_name = copy_string(domain, "name");
}

/* Zero, when it is not there or no time. */
static int64_t
read_time(const json_t *token, const char *key)
{
    const char *text = json_string_value(json_object_get(token, key));
    int64_t time_us = 0;

    if (text == NULL || !msk_datetime_parse(text, &time_us)) {
        return 0;
    }
    return time_us;
}

static char **
read_roles(const json_t *list)
{
    GPtrArray *names = g_ptr_array_new();
    size_t n = MIN(json_array_size(list), MAX_ROLES);

    for (size_t i = 0; i < n; i++) {
        char *name = copy_string(json_array_get(list, i), "name");

        if (name != NULL) {
            g_ptr_array_add(names, name);
        }
    }
    g_ptr_array_add(names, NULL);
    return (char **) g_ptr_array_free(names, FALSE);
}

/* "internalURL" and "internal" are the same. */
static size_t
interface_length(const char *name)
{
    return strlen(name) - (g_str_has_suffix(name, "URL") ? strlen("URL") : 0);
}

static void
read_endpoints(const json_t *list, GPtrArray *endpoints)
{
    size_t n = MIN(json_array_size(list), MAX_ENDPOINTS);

    for (size_t i = 0; i < n; i++) {
        const json_t *entry = json_array_get(list, i);
        const char *interface = json_string_value(json_object_get(entry, "interface"));
        const char *url = json_string_value(json_object_get(entry, "url"));

        if (interface == NULL || url == NULL) {
            continue;
        }
        MskKeystoneEndpoint *endpoint = g_new0(MskKeystoneEndpoint, 1);

        endpoint->interface = g_strndup(interface, interface_length(interface));
        endpoint->url = g_strdup(url);
        endpoint->region = copy_string(entry, "region_id");
        if (endpoint->region == NULL) {
            endpoint->region = copy_string(entry, "region");
        }
        g_ptr_array_add(endpoints, endpoint);
    }
}

static void
read_services(const json_t *list, GPtrArray *services)
{
    size_t n = MIN(json_array_size(list), MAX_SERVICES);

    for (size_t i = 0; i < n; i++) {
        const json_t *entry = json_array_get(list, i);
        char *type = copy_string(entry, "type");

        if (type == NULL) {
            continue;
        }
        MskKeystoneService *service = g_new0(MskKeystoneService, 1);

        service->type = type;
        service->name = copy_string(entry, "name");
        service->endpoints = g_ptr_array_new_with_free_func(endpoint_free);
        read_endpoints(json_object_get(entry, "endpoints"), service->endpoints);
        g_ptr_array_add(services, service);
    }
}

/* Returns: (nullable) NULL when nothing is restricted; a rule that is incomplete allows nothing. */
static GPtrArray *
read_access_rules(const json_t *list)
{
    GPtrArray *rules;
    size_t n = MIN(json_array_size(list), MAX_RULES);

    if (list == NULL || json_is_null(list)) {
        return NULL;
    }
    rules = g_ptr_array_new_with_free_func(msk_access_rule_free);
    for (size_t i = 0; i < n; i++) {
        const json_t *entry = json_array_get(list, i);
        MskAccessRule *rule = g_new0(MskAccessRule, 1);

        rule->service = copy_string(entry, "service");
        rule->method = copy_string(entry, "method");
        rule->path = copy_string(entry, "path");
        if (rule->service == NULL || rule->method == NULL || rule->path == NULL) {
            msk_access_rule_free(rule);
        } else {
            g_ptr_array_add(rules, rule);
        }
    }
    return rules;
}

static void
read_token(const json_t *token, MskKeystoneToken *self)
{
    const json_t *admin_project = json_object_get(token, "is_admin_project");
    const json_t *domain = json_object_get(token, "domain");
    const json_t *system = json_object_get(token, "system");
    const json_t *catalog = json_object_get(token, "catalog");

    read_party(json_object_get(token, "user"), &self->user);
    read_party(json_object_get(token, "project"), &self->project);
    self->domain_id = copy_string(domain, "id");
    self->domain_name = copy_string(domain, "name");
    self->system_scope = json_is_true(json_object_get(system, "all")) ? g_strdup("all") : NULL;
    self->roles = read_roles(json_object_get(token, "roles"));
    self->is_admin_project = !json_is_false(admin_project); /* said only of other projects */
    self->issued_us = read_time(token, "issued_at");
    self->expires_us = read_time(token, "expires_at");
    read_services(catalog, self->services);
    self->access_rules = read_access_rules(
        json_object_get(json_object_get(token, "application_credential"), "access_rules"));
}

MskKeystoneToken *
msk_keystone_token_parse(const char *id, const char *body, size_t length, GError **error)
{
    g_autoptr(MskKeystoneToken) self = g_new0(MskKeystoneToken, 1);
    json_t *json = json_loadb(body, length, 0, NULL);
    const json_t *token = json_object_get(json, "token");

    g_atomic_ref_count_init(&self->references);
    self->id = g_strdup(id);
    self->services = g_ptr_array_new_with_free_func(service_free);
    read_token(token, self);
    json_decref(json);
    if (self->user.id == NULL || self->expires_us == 0) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE,
                    "Keystone's answer is no token: it has no user or no end of its life");
        return NULL;
    }
    return g_steal_pointer(&self);
}

/* ---- the catalogue ------------------------------------------------------------------------- */

static bool
is_interface(const char *have, const char *wanted)
{
    size_t length = interface_length(wanted);

    return strlen(have) == length && strncmp(have, wanted, length) == 0;
}

static bool
is_service(const MskKeystoneService *service, const MskKeystoneFilter *filter)
{
    return strcmp(service->type, filter->type) == 0 &&
           (filter->name == NULL || service->name == NULL ||
            strcmp(service->name, filter->name) == 0);
}

static const char *
find_endpoint(const MskKeystoneToken *self, const MskKeystoneFilter *filter, const char *interface)
{
    for (unsigned i = 0; i < self->services->len; i++) {
        const MskKeystoneService *service = g_ptr_array_index(self->services, i);

        if (!is_service(service, filter)) {
            continue;
        }
        for (unsigned k = 0; k < service->endpoints->len; k++) {
            const MskKeystoneEndpoint *endpoint = g_ptr_array_index(service->endpoints, k);

            if (is_interface(endpoint->interface, interface) &&
                (filter->region == NULL || g_strcmp0(endpoint->region, filter->region) == 0)) {
                return endpoint->url;
            }
        }
    }
    return NULL;
}

/* Returns: (transfer full) what the catalogue has of the service, for a message. */
static char *
describe_service(const MskKeystoneToken *self, const MskKeystoneFilter *filter)
{
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < self->services->len; i++) {
        const MskKeystoneService *service = g_ptr_array_index(self->services, i);

        for (unsigned k = 0;
             strcmp(service->type, filter->type) == 0 && k < service->endpoints->len; k++) {
            const MskKeystoneEndpoint *endpoint = g_ptr_array_index(service->endpoints, k);

            g_string_append_printf(text, "%s%s %s in region %s", text->len == 0 ? "" : ", ",
                                   endpoint->interface,
                                   service->name != NULL ? service->name : "(no name)",
                                   endpoint->region != NULL ? endpoint->region : "(none)");
        }
    }
    if (text->len == 0) {
        g_string_append(text, "no endpoint of this type");
    }
    return g_string_free(text, FALSE);
}

void
msk_keystone_token_forget_services(MskKeystoneToken *self, const char *kept)
{
    for (unsigned i = self->services->len; i > 0; i--) {
        const MskKeystoneService *service = g_ptr_array_index(self->services, i - 1);

        if (g_strcmp0(service->type, kept) != 0) {
            g_ptr_array_remove_index(self->services, i - 1);
        }
    }
}

bool
msk_keystone_token_has_service(const MskKeystoneToken *self, const char *type)
{
    for (unsigned i = 0; i < self->services->len; i++) {
        const MskKeystoneService *service = g_ptr_array_index(self->services, i);

        if (strcmp(service->type, type) == 0) {
            return true;
        }
    }
    return false;
}

const char *
msk_keystone_token_endpoint(const MskKeystoneToken *self, const MskKeystoneFilter *filter,
                            GError **error)
{
    const char *const *interfaces = filter->interfaces != NULL && filter->interfaces[0] != NULL
                                        ? filter->interfaces
                                        : default_interfaces;

    for (size_t i = 0; interfaces[i] != NULL; i++) {
        const char *url = find_endpoint(self, filter, interfaces[i]);

        if (url != NULL) {
            return url;
        }
    }
    g_autoptr(GString) wanted = g_string_new(interfaces[0]);
    for (size_t i = 1; interfaces[i] != NULL; i++) {
        g_string_append_printf(wanted, " or %s", interfaces[i]);
    }
    g_autofree char *there = describe_service(self, filter);

    g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE,
                "Keystone's catalogue has no %s endpoint of service type %s%s%s in region %s; it "
                "has: %s",
                wanted->str, filter->type, filter->name != NULL ? " and name " : "",
                filter->name != NULL ? filter->name : "",
                filter->region != NULL ? filter->region : "(any)", there);
    return NULL;
}
