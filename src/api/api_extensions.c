/* SPDX-License-Identifier: Apache-2.0 */
/* /extensions. Source: upstream masakari/api/openstack/ha/extension_info.py and the classes that it
 * lists. */
#include "api/resources.h"

#include "api/authorize.h"
#include "api/fault.h"
#include "api/json_text.h"

#include <string.h>

typedef struct {
    const char *alias;
    const char *name;
    const char *description;
} Extension;

/* In the order of their aliases. */
static const Extension extensions[] = {
    {"extensions", "Extensions", "Extension information."},
    {"notifications", "Notifications", "Notifications support."},
    {"os-hosts", "Hosts", "Hosts controller"},
    {"segments", "Segments", "Segments Extension."},
    {"versions", "Versions", "API Version information."},
    {"vmoves", "vmoves", "vmoves controller"},
};

static void
append_extension(GString *out, const void *record)
{
    const Extension *extension = record;

    g_string_append_c(out, '{');
    msk_json_add_string(out, "name", extension->name);
    msk_json_add_string(out, "alias", extension->alias);
    msk_json_add_string(out, "description", extension->description);
    msk_json_add_string(out, "namespace", "");
    msk_json_add_string(out, "updated", "");
    msk_json_append_name(out, "links");
    g_string_append(out, "[]}");
}

static bool
may_find(const MskApiCall *call, const Extension *extension)
{
    g_autofree char *rule =
        g_strconcat("os_masakari_api:", extension->alias, ":discoverable", NULL);

    return msk_call_may(call, rule);
}

void
msk_api_extensions_list(MskApiCall *call)
{
    GString *body = g_string_new("{\"extensions\": [");
    const char *separator = "";

    for (size_t i = 0; i < G_N_ELEMENTS(extensions); i++) {
        if (may_find(call, &extensions[i])) {
            g_string_append(body, separator);
            append_extension(body, &extensions[i]);
            separator = ", ";
        }
    }
    g_string_append(body, "]}");
    msk_call_reply(call, 200, body);
}

void
msk_api_extension_show(MskApiCall *call)
{
    for (size_t i = 0; i < G_N_ELEMENTS(extensions); i++) {
        if (strcmp(extensions[i].alias, call->ids[0]) == 0 && may_find(call, &extensions[i])) {
            msk_call_reply_object(call, 200, "extension", append_extension, &extensions[i]);
            return;
        }
    }
    msk_fault(call, 404, "The resource could not be found.");
}
