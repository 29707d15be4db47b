/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/keystone_auth.h"

#include "base/error.h"

#include <jansson.h>
#include <string.h>

typedef enum {
    METHOD_PASSWORD,
    METHOD_CREDENTIAL,
    METHOD_TOKEN,
    METHOD_UNKNOWN,
} Method;

static Method
method_of(const MskKeystoneAuth *self)
{
    static const struct {
        const char *name;
        Method method;
    } types[] = {
        {"password", METHOD_PASSWORD},
        {"v3password", METHOD_PASSWORD},
        {"token", METHOD_TOKEN},
        {"v3token", METHOD_TOKEN},
        {"v3applicationcredential", METHOD_CREDENTIAL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        if (g_strcmp0(self->auth_type, types[i].name) == 0) {
            return types[i].method;
        }
    }
    return METHOD_UNKNOWN;
}

/* An option without a value means that there is none. */
static const char *
read_option(const MskConfig *config, const char *group, const char *name)
{
    const char *value = msk_config_string(config, group, name);

    return value == NULL || *value == '\0' ? NULL : value;
}

void
msk_keystone_auth_read(const MskConfig *config, const char *group, MskKeystoneAuth *ret)
{
    *ret = (MskKeystoneAuth){
        .section = group,
        .auth_type = read_option(config, group, "auth_type"),
        .auth_url = read_option(config, group, "auth_url"),
        .username = read_option(config, group, "username"),
        .user_id = read_option(config, group, "user_id"),
        .password = msk_config_string(config, group, "password"),
        .user_domain_id = read_option(config, group, "user_domain_id"),
        .user_domain_name = read_option(config, group, "user_domain_name"),
        .project_id = read_option(config, group, "project_id"),
        .project_name = read_option(config, group, "project_name"),
        .project_domain_id = read_option(config, group, "project_domain_id"),
        .project_domain_name = read_option(config, group, "project_domain_name"),
        .domain_id = read_option(config, group, "domain_id"),
        .domain_name = read_option(config, group, "domain_name"),
        .default_domain_id = read_option(config, group, "default_domain_id"),
        .default_domain_name = read_option(config, group, "default_domain_name"),
        .system_scope = read_option(config, group, "system_scope"),
        .trust_id = read_option(config, group, "trust_id"),
        .application_credential_id = read_option(config, group, "application_credential_id"),
        .application_credential_name = read_option(config, group, "application_credential_name"),
        .application_credential_secret =
            read_option(config, group, "application_credential_secret"),
        .token = read_option(config, group, "token"),
    };
}

/* ---- checks --------------------------------------------------------------------------------- */

static bool
has_user(const MskKeystoneAuth *self)
{
    return self->user_id != NULL || self->username != NULL;
}

/* Returns: (static) (nullable) what is missing. */
static const char *
missing_option(const MskKeystoneAuth *self, Method method)
{
    if (self->auth_url == NULL) {
        return "auth_url";
    }
    switch (method) {
    case METHOD_PASSWORD:
        return !has_user(self) ? "username" : self->password == NULL ? "password" : NULL;
    case METHOD_CREDENTIAL:
        if (self->application_credential_secret == NULL) {
            return "application_credential_secret";
        }
        if (self->application_credential_id == NULL &&
            (self->application_credential_name == NULL || !has_user(self))) {
            return "application_credential_id (or its name and the user)";
        }
        return NULL;
    case METHOD_TOKEN:
        return self->token == NULL ? "token" : NULL;
    case METHOD_UNKNOWN:
    default:
        return NULL;
    }
}

/* The types for version 3 alone want to know the domain of every name, and have no default for it.
 * Returns: (static) (nullable) what is missing. */
static const char *
missing_domain(const MskKeystoneAuth *self, Method method)
{
    if (!g_str_has_prefix(self->auth_type, "v3")) {
        return NULL;
    }
    if (method != METHOD_TOKEN && self->username != NULL && self->user_domain_id == NULL &&
        self->user_domain_name == NULL) {
        return "user_domain_id (or user_domain_name)";
    }
    if (self->project_name != NULL && self->project_domain_id == NULL &&
        self->project_domain_name == NULL) {
        return "project_domain_id (or project_domain_name)";
    }
    return NULL;
}

static bool
check_scope(const MskKeystoneAuth *self, Method method, GError **error)
{
    unsigned n_scopes = 0;

    n_scopes += self->domain_id != NULL || self->domain_name != NULL;
    n_scopes += self->project_id != NULL || self->project_name != NULL;
    n_scopes += self->trust_id != NULL;
    if (method != METHOD_CREDENTIAL && n_scopes > 1) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "[%s] has more than one of a project, a domain and a trust; a token is for one "
                    "of them",
                    self->section);
        return false;
    }
    if (self->system_scope != NULL && strcmp(self->system_scope, "all") != 0) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "[%s] system_scope = %s: it has to be all",
                    self->section, self->system_scope);
        return false;
    }
    return true;
}

static bool
check_url(const MskKeystoneAuth *self, GError **error)
{
    g_autoptr(GUri) uri = g_uri_parse(self->auth_url, G_URI_FLAGS_NONE, NULL);
    const char *scheme = uri == NULL ? "" : g_uri_get_scheme(uri);

    if ((strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0) &&
        g_uri_get_host(uri) != NULL && *g_uri_get_host(uri) != '\0') {
        return true;
    }
    g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                "[%s] auth_url is no URL of Keystone: it has to be http:// or https:// and a host, "
                "such as https://keystone.example.org:5000/v3",
                self->section);
    return false;
}

bool
msk_keystone_auth_check(const MskKeystoneAuth *self, GError **error)
{
    Method method = method_of(self);
    const char *missing;

    if (method == METHOD_UNKNOWN) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "[%s] auth_type = %s: it has to be password, v3password, "
                    "v3applicationcredential, token or v3token",
                    self->section, self->auth_type == NULL ? "(unset)" : self->auth_type);
        return false;
    }
    missing = missing_option(self, method);
    if (missing == NULL) {
        missing = missing_domain(self, method);
    }
    if (missing != NULL) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "[%s] %s is not set, and auth_type = %s needs it", self->section, missing,
                    self->auth_type);
        return false;
    }
    return check_scope(self, method, error) && check_url(self, error);
}

char *
msk_keystone_auth_who(const MskKeystoneAuth *self)
{
    switch (method_of(self)) {
    case METHOD_CREDENTIAL:
        return g_strdup_printf("application credential '%s'",
                               self->application_credential_id != NULL
                                   ? self->application_credential_id
                                   : self->application_credential_name);
    case METHOD_TOKEN:
        return g_strdup("the configured token");
    case METHOD_PASSWORD:
    case METHOD_UNKNOWN:
    default:
        return g_strdup_printf("user '%s'",
                               self->username != NULL ? self->username : self->user_id);
    }
}

/* ---- the request ---------------------------------------------------------------------------- */

/* Adds "domain": {"id": s} or {"name": s}. An id goes before a name, even one by default, as in
 * keystoneauth. */
static void
add_domain(json_t *object, const MskKeystoneAuth *self, const char *id, const char *name)
{
    if (!g_str_has_prefix(self->auth_type, "v3")) {
        id = id != NULL ? id : self->default_domain_id;
        name = name != NULL ? name : self->default_domain_name;
    }
    if (id != NULL) {
        (void) json_object_set_new(object, "domain", json_pack("{s:s}", "id", id));
    } else if (name != NULL) {
        (void) json_object_set_new(object, "domain", json_pack("{s:s}", "name", name));
    }
}

static json_t *
user_of(const MskKeystoneAuth *self)
{
    json_t *user = json_object();

    if (self->user_id != NULL) {
        (void) json_object_set_new(user, "id", json_string(self->user_id));
    } else if (self->username != NULL) {
        (void) json_object_set_new(user, "name", json_string(self->username));
        add_domain(user, self, self->user_domain_id, self->user_domain_name);
    }
    return user;
}

static json_t *
identity_of(const MskKeystoneAuth *self, Method method)
{
    json_t *object;

    switch (method) {
    case METHOD_CREDENTIAL:
        object = json_pack("{s:s}", "secret", self->application_credential_secret);
        if (self->application_credential_id != NULL) {
            (void) json_object_set_new(object, "id", json_string(self->application_credential_id));
        } else {
            (void) json_object_set_new(object, "name",
                                       json_string(self->application_credential_name));
            (void) json_object_set_new(object, "user", user_of(self));
        }
        return json_pack("{s:[s], s:o}", "methods", "application_credential",
                         "application_credential", object);
    case METHOD_TOKEN:
        return json_pack("{s:[s], s:{s:s}}", "methods", "token", "token", "id", self->token);
    case METHOD_PASSWORD:
    case METHOD_UNKNOWN:
    default:
        object = user_of(self);
        (void) json_object_set_new(object, "password", json_string(self->password));
        return json_pack("{s:[s], s:{s:o}}", "methods", "password", "password", "user", object);
    }
}

/* Returns: (nullable) NULL for the scope that Keystone gives by itself. */
static json_t *
scope_of(const MskKeystoneAuth *self, Method method)
{
    json_t *object;

    if (method == METHOD_CREDENTIAL) {
        return NULL; /* a credential has its scope, and Keystone refuses another */
    }
    if (self->trust_id != NULL) {
        return json_pack("{s:{s:s}}", "OS-TRUST:trust", "id", self->trust_id);
    }
    if (self->domain_id != NULL) {
        return json_pack("{s:{s:s}}", "domain", "id", self->domain_id);
    }
    if (self->domain_name != NULL) {
        return json_pack("{s:{s:s}}", "domain", "name", self->domain_name);
    }
    if (self->project_id != NULL) {
        return json_pack("{s:{s:s}}", "project", "id", self->project_id);
    }
    if (self->project_name != NULL) {
        object = json_pack("{s:s}", "name", self->project_name);
        add_domain(object, self, self->project_domain_id, self->project_domain_name);
        return json_pack("{s:o}", "project", object);
    }
    if (self->system_scope != NULL) {
        return json_pack("{s:{s:b}}", "system", "all", 1);
    }
    return NULL;
}

char *
msk_keystone_auth_body(const MskKeystoneAuth *self)
{
    Method method = method_of(self);
    json_t *auth = json_pack("{s:o}", "identity", identity_of(self, method));
    json_t *scope = scope_of(self, method);
    json_t *body;
    char *text;

    if (scope != NULL) {
        (void) json_object_set_new(auth, "scope", scope); /* both are objects of ours */
    }
    body = json_pack("{s:o}", "auth", auth);
    text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
    json_decref(body);
    return text != NULL ? text : g_strdup("{}"); /* options that are no UTF-8 */
}

/* ---- versions ------------------------------------------------------------------------------- */

/* Returns: (nullable) (owned by @version) where it is, if it is a version 3. */
static const char *
href_of_v3(const json_t *version)
{
    const char *id = json_string_value(json_object_get(version, "id"));
    const json_t *links = json_object_get(version, "links");

    if (id == NULL || !g_str_has_prefix(id, "v3")) {
        return NULL;
    }
    for (size_t i = 0; i < json_array_size(links); i++) {
        const json_t *link = json_array_get(links, i);

        if (g_strcmp0(json_string_value(json_object_get(link, "rel")), "self") == 0) {
            return json_string_value(json_object_get(link, "href"));
        }
    }
    return NULL;
}

static const char *
find_v3(const json_t *document)
{
    const json_t *versions = json_object_get(document, "versions");
    const json_t *list = json_is_array(versions) ? versions : json_object_get(versions, "values");

    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *href = href_of_v3(json_array_get(list, i));

        if (href != NULL) {
            return href;
        }
    }
    return href_of_v3(json_object_get(document, "version"));
}

static char *
without_slashes(char *url)
{
    size_t length = strlen(url);

    while (length > 0 && url[length - 1] == '/') {
        url[--length] = '\0';
    }
    return url;
}

/* The part of @url behind its host. */
static const char *
path_of(const char *url)
{
    const char *authority = strstr(url, "://");
    const char *from = authority == NULL ? url : authority + strlen("://");

    return from + strcspn(from, "/?#");
}

char *
msk_keystone_v3_url(const char *auth_url, const char *document, size_t length)
{
    json_t *json = document == NULL ? NULL : json_loadb(document, length, 0, NULL);
    const char *href = find_v3(json);
    g_autofree char *base = without_slashes(g_strdup(auth_url));
    char *url;

    if (href != NULL && path_of(href)[0] == '/') {
        url = g_strdup_printf("%.*s%s", (int) (path_of(auth_url) - auth_url), auth_url,
                              path_of(href));
    } else if (g_str_has_suffix(base, "/v3")) {
        url = g_strdup(base);
    } else if (g_str_has_suffix(base, "/v2.0")) {
        url = g_strdup_printf("%.*s/v3", (int) (strlen(base) - strlen("/v2.0")), base);
    } else {
        url = g_strconcat(base, "/v3", NULL);
    }
    json_decref(json);
    return without_slashes(url);
}
