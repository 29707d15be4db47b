/* SPDX-License-Identifier: Apache-2.0 */
#include "api/routes.h"

#include "api/resources.h"
#include "api/schemas.h"

#include <string.h>

#define POLICY(rule) "os_masakari_api:" rule
/* A path that Routes makes for every resource and that the controller has no method for. */
#define NOT_ALLOWED NULL, NULL, NULL, NULL

static const MskRoute routes[] = {
    {"GET", "", "show", NULL, msk_api_version_show, NULL, NULL},
    {"GET", "versions", "index", NOT_ALLOWED},
    {"POST", "versions", "create", NOT_ALLOWED},
    {"GET", "versions/new", "new", NOT_ALLOWED},
    {"GET", "versions/{id}", "show", NULL, msk_api_version_show_by_id, NULL, NULL},
    {"PUT", "versions/{id}", "update", NOT_ALLOWED},
    {"DELETE", "versions/{id}", "delete", NOT_ALLOWED},
    {"GET", "versions/{id}/edit", "edit", NOT_ALLOWED},

    {"GET", "extensions", "index", POLICY("extensions:index"), msk_api_extensions_list, NULL, NULL},
    {"POST", "extensions", "create", NOT_ALLOWED},
    {"GET", "extensions/new", "new", NOT_ALLOWED},
    {"GET", "extensions/{id}", "show", POLICY("extensions:detail"), msk_api_extension_show, NULL,
     NULL},
    {"PUT", "extensions/{id}", "update", NOT_ALLOWED},
    {"DELETE", "extensions/{id}", "delete", NOT_ALLOWED},
    {"GET", "extensions/{id}/edit", "edit", NOT_ALLOWED},

    {"GET", "segments", "index", POLICY("segments:index"), msk_api_segments_list, NULL, NULL},
    {"POST", "segments", "create", POLICY("segments:create"), msk_api_segment_create,
     msk_schema_segment_create, msk_schema_segment_create_v12},
    {"GET", "segments/new", "new", NOT_ALLOWED},
    {"GET", "segments/{id}", "show", POLICY("segments:detail"), msk_api_segment_show, NULL, NULL},
    {"PUT", "segments/{id}", "update", POLICY("segments:update"), msk_api_segment_update,
     msk_schema_segment_update, msk_schema_segment_update_v12},
    {"DELETE", "segments/{id}", "delete", POLICY("segments:delete"), msk_api_segment_delete, NULL,
     NULL},
    {"GET", "segments/{id}/edit", "edit", NOT_ALLOWED},
    {"POST", "segments/{id}/action", "action", NOT_ALLOWED},

    {"GET", "segments/{segment}/hosts", "index", POLICY("os-hosts:index"), msk_api_hosts_list, NULL,
     NULL},
    {"POST", "segments/{segment}/hosts", "create", POLICY("os-hosts:create"), msk_api_host_create,
     msk_schema_host_create, NULL},
    {"GET", "segments/{segment}/hosts/new", "new", NOT_ALLOWED},
    {"GET", "segments/{segment}/hosts/{id}", "show", POLICY("os-hosts:detail"), msk_api_host_show,
     NULL, NULL},
    {"PUT", "segments/{segment}/hosts/{id}", "update", POLICY("os-hosts:update"),
     msk_api_host_update, msk_schema_host_update, NULL},
    {"DELETE", "segments/{segment}/hosts/{id}", "delete", POLICY("os-hosts:delete"),
     msk_api_host_delete, NULL, NULL},
    {"GET", "segments/{segment}/hosts/{id}/edit", "edit", NOT_ALLOWED},

    {"GET", "notifications", "index", POLICY("notifications:index"), msk_api_notifications_list,
     NULL, NULL},
    {"POST", "notifications", "create", POLICY("notifications:create"), msk_api_notification_create,
     msk_schema_notification_create, NULL},
    {"GET", "notifications/new", "new", NOT_ALLOWED},
    {"GET", "notifications/{id}", "show", POLICY("notifications:detail"), msk_api_notification_show,
     NULL, NULL},
    {"PUT", "notifications/{id}", "update", NOT_ALLOWED},
    {"DELETE", "notifications/{id}", "delete", NOT_ALLOWED},
    {"GET", "notifications/{id}/edit", "edit", NOT_ALLOWED},
    {"POST", "notifications/{id}/action", "action", NOT_ALLOWED},

    {"GET", "notifications/{notification}/vmoves", "index", POLICY("vmoves:index"),
     msk_api_vmoves_list, NULL, NULL},
    {"POST", "notifications/{notification}/vmoves", "create", NOT_ALLOWED},
    {"GET", "notifications/{notification}/vmoves/new", "new", NOT_ALLOWED},
    {"GET", "notifications/{notification}/vmoves/{id}", "show", POLICY("vmoves:detail"),
     msk_api_vmove_show, NULL, NULL},
    {"PUT", "notifications/{notification}/vmoves/{id}", "update", NOT_ALLOWED},
    {"DELETE", "notifications/{notification}/vmoves/{id}", "delete", NOT_ALLOWED},
    {"GET", "notifications/{notification}/vmoves/{id}/edit", "edit", NOT_ALLOWED},
};

/* @ret: where each {…} begins and how long it is. */
typedef struct {
    const char *start[MSK_API_MAX_IDS];
    size_t size[MSK_API_MAX_IDS];
} Ids;

static bool
matches(const char *pattern, const char *path, Ids *ret)
{
    size_t n = 0;

    while (*pattern != '\0' && *path != '\0') {
        if (*pattern != '{') {
            if (*pattern++ != *path++) {
                return false;
            }
            continue;
        }
        size_t size = strcspn(path, "/");

        /* An {id} of Routes' resources does not end with a backslash. */
        if (size == 0 || (path[size - 1] == '\\' && g_str_has_prefix(pattern, "{id}"))) {
            return false;
        }
        ret->start[n] = path;
        ret->size[n++] = size;
        path += size;
        pattern = strchr(pattern, '}') + 1; /* every pattern of the table closes its braces */
    }
    return *pattern == '\0' && *path == '\0';
}

static const MskRoute *
find_below_project(const char *method, const char *path, Ids *ret)
{
    for (size_t i = 0; i < G_N_ELEMENTS(routes); i++) {
        Ids ids = {0};

        if (strcmp(routes[i].method, method) == 0 && matches(routes[i].path, path, &ids)) {
            *ret = ids;
            return &routes[i];
        }
    }
    return NULL;
}

/* The project in front of a path. Returns: its length, or 0. */
static size_t
project_size(const char *path)
{
    size_t size = strspn(path, "0123456789abcdef-");

    return path[size] == '/' && path[size + 1] != '\0' ? size : 0;
}

/* Takes off the form asked for, unless it is the whole of the last part. */
static bool
cut_suffix(char *path, const char *suffix)
{
    char *at = path + strlen(path) - MIN(strlen(path), strlen(suffix));

    if (at == path || at[-1] == '/' || strcmp(at, suffix) != 0) {
        return false;
    }
    *at = '\0';
    return true;
}

const MskRoute *
msk_route_find(const char *method, const char *path, char *ret_ids[MSK_API_MAX_IDS],
               char **ret_project)
{
    g_autofree char *plain = g_strdup(*path == '/' ? path + 1 : path);
    const MskRoute *route = NULL;
    size_t project = project_size(plain);
    Ids ids;

    if (!cut_suffix(plain, ".json")) {
        (void) cut_suffix(plain, ".xml"); /* one of them, or none */
    }
    if (project > 0) {
        route = find_below_project(method, plain + project + 1, &ids);
    }
    if (route == NULL) {
        project = 0;
        route = find_below_project(method, plain, &ids);
    }
    if (route == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < MSK_API_MAX_IDS; i++) {
        ret_ids[i] = ids.start[i] == NULL ? NULL : g_strndup(ids.start[i], ids.size[i]);
    }
    *ret_project = project == 0 ? NULL : g_strndup(plain, project);
    return route;
}
