/* SPDX-License-Identifier: Apache-2.0 */
/* The documents about versions. Source: upstream masakari/api/openstack/ha/versions.py,
 * versionsV1.py, views/versions.py. */
#include "api/resources.h"

#include "api/fault.h"
#include "api/json_text.h"
#include "api/microversion.h"

#include <string.h>

#define VERSION_ID "v1.0"
#define VERSION_FIELDS                                                                             \
    "\"id\": \"" VERSION_ID "\", \"status\": \"CURRENT\", \"version\": \"" MSK_API_MAX_VERSION     \
    "\", \"min_version\": \"" MSK_API_MIN_VERSION                                                  \
    "\", \"updated\": \"2016-07-01T11:33:21Z\", \"links\": [{\"rel\": \"self\", \"href\": "
#define MEDIA_TYPES                                                                                \
    "\"media-types\": [{\"base\": \"application/json\", \"type\": "                                \
    "\"application/vnd.openstack.masakari+json;version=1\"}]"

void
msk_api_version_show(MskApiCall *call)
{
    g_autofree char *base = msk_call_link(call, "/v1");
    g_autofree char *link = g_strconcat(base, "/", NULL);
    GString *body = g_string_new("{\"version\": {" VERSION_FIELDS);

    msk_json_append_string(body, link);
    g_string_append(body, "}, {\"rel\": \"describedby\", \"type\": \"text/html\", \"href\": "
                          "\"https://docs.openstack.org/\"}], " MEDIA_TYPES "}}");
    msk_call_reply(call, 200, body);
}

void
msk_api_version_show_by_id(MskApiCall *call)
{
    if (strcmp(call->ids[0], VERSION_ID) != 0) {
        msk_fault(call, 404, "The resource could not be found.");
        return;
    }
    msk_api_version_show(call);
}

/* Returns: (transfer full) what stands in front of "/v1". */
static char *
base_of(const MskApiCall *call)
{
    char *base = msk_call_link(call, "");
    size_t size = strlen(base);

    while (size > 0 && base[size - 1] == '/') {
        base[--size] = '\0';
    }
    return base;
}

void
msk_api_versions_list(MskApiCall *call)
{
    g_autofree char *base = base_of(call);
    g_autofree char *link = g_strconcat(base, "/v1/", NULL);
    GString *body = g_string_new("{\"versions\": [{" VERSION_FIELDS);

    msk_json_append_string(body, link);
    g_string_append(body, "}]}]}");
    msk_call_reply(call, 200, body);
}

void
msk_api_versions_choices(MskApiCall *call, const char *path)
{
    g_autofree char *encoded = msk_path_encode(path);
    g_autofree char *base = base_of(call);
    const char *start = encoded + strspn(encoded, "/");
    size_t size = strlen(start);

    while (size > 0 && start[size - 1] == '/') {
        size--;
    }
    g_autofree char *link = g_strdup_printf("%s/v1/%.*s", base, (int) size, start);
    GString *body = g_string_new("{\"choices\": [{\"id\": \"" VERSION_ID
                                 "\", \"status\": \"CURRENT\", \"links\": [{\"rel\": \"self\", "
                                 "\"href\": ");

    msk_json_append_string(body, link);
    g_string_append(body, "}], " MEDIA_TYPES "}]}");
    msk_call_reply(call, 300, body);
}
