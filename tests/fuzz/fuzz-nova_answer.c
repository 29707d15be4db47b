/* SPDX-License-Identifier: Apache-2.0 */

/* An answer of Nova's is read as each kind of answer; whatever is no such answer has a reason. */

#include "fuzz.h"

#include <string.h>

#include "base/error.h"
#include "cloud/nova_json.h"

static void
read_pages(const char *body, size_t size)
{
    g_autoptr(GPtrArray) servers = g_ptr_array_new_with_free_func((GDestroyNotify) msk_server_free);
    g_autoptr(GPtrArray) migrations =
        g_ptr_array_new_with_free_func((GDestroyNotify) msk_migration_free);
    g_autofree char *server_marker = NULL;
    g_autofree char *migration_marker = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_true(msk_nova_parse_servers(body, size, servers, &server_marker, &error) ==
                  (error == NULL));
    g_clear_error(&error);
    g_assert_true(msk_nova_parse_migrations(body, size, migrations, &migration_marker, &error) ==
                  (error == NULL));
    for (unsigned i = 0; i < servers->len; i++) {
        g_assert_nonnull(((const MskServer *) servers->pdata[i])->uuid);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *body = g_strndup((const char *) data, size);
    g_autoptr(MskServer) server = msk_nova_parse_server(body, size, NULL);
    g_autoptr(GPtrArray) services = msk_nova_parse_services(body, size, NULL);
    g_autoptr(GPtrArray) aggregates = msk_nova_parse_aggregates(body, size, NULL);
    g_autofree char *fault = msk_nova_fault_text(body, size);
    unsigned minor = 0;

    (void) msk_nova_parse_version(body, size, &minor, NULL); /* either is fine */
    (void) msk_nova_http_date(body);                         /* any number is fine */
    read_pages(body, size);
    g_assert_true(g_utf8_validate(fault, -1, NULL));
    g_assert_cmpuint(strlen(fault), >, 0);
    return 0;
}
