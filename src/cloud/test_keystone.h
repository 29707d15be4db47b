/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* test_keystone: what a unit test's own Keystone says, and who asks it. */

#include "cloud/keystone_auth.h"
#include "io/test_server.h"

/* @auth_url: lent. */
G_GNUC_UNUSED static MskKeystoneAuth
test_keystone_auth(char *auth_url)
{
    return (MskKeystoneAuth){.section = "api",
                             .auth_type = "password",
                             .username = "u",
                             .password = "p",
                             .auth_url = auth_url};
}

/* A token called @id that lives for @minutes, in a time long ago by our clock, for only the
 * difference counts. @endpoints: JSON of the catalogue. */
G_GNUC_UNUSED static void
test_keystone_give_token(MskHttpResponse *response, const char *id, unsigned minutes,
                         const char *catalog)
{
    response->status = 201;
    msk_http_response_add_header(response, "X-Subject-Token", id);
    response->body = g_string_new(NULL);
    g_string_printf(response->body,
                    "{\"token\":{\"user\":{\"id\":\"u\"},"
                    "\"issued_at\":\"2001-01-01T00:00:00.000000Z\","
                    "\"expires_at\":\"2001-01-01T%02u:%02u:00.000000Z\",\"catalog\":[%s]}}",
                    minutes / 60, minutes % 60, catalog);
}

/* Returns: (transfer full) a service of a catalogue with one endpoint. */
G_GNUC_UNUSED static char *
test_keystone_service(const char *type, const char *name, const char *interface, const char *region,
                      const char *url)
{
    return g_strdup_printf("{\"type\":\"%s\",\"name\":\"%s\",\"endpoints\":[{\"interface\":\"%s\","
                           "\"region\":\"%s\",\"url\":\"%s\"}]}",
                           type, name, interface, region, url);
}
