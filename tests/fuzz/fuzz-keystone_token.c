/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Keystone's description of a token either is refused with a reason, which shows nothing of it, or
 * has whose it is and until when; its catalogue answers, and a versions document leads to a URL of
 * Keystone's own scheme and host, whatever it says.
 */

#include "fuzz.h"

#include "base/error.h"
#include "cloud/keystone_auth.h"
#include "cloud/keystone_token.h"

#include <string.h>

#define SECRET   "gAAAA-the-token-itself"
#define AUTH_URL "https://keystone:5000/identity"

static void
ask_the_catalogue(const MskKeystoneToken *token)
{
    static const char *const interfaces[] = {"internal", "publicURL", NULL};
    const MskKeystoneFilter filters[] = {
        {.type = "compute"},
        {.type = "compute", .name = "nova", .region = "R", .interfaces = interfaces},
        {.type = "instance-ha", .region = "", .interfaces = interfaces},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(filters); i++) {
        g_autoptr(GError) error = NULL;
        const char *url = msk_keystone_token_endpoint(token, &filters[i], &error);

        if (url == NULL) {
            g_assert_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE);
        } else {
            g_assert_no_error(error);
            g_assert_true(msk_keystone_token_has_service(token, filters[i].type));
        }
    }
}

static void
read_versions(const char *data, size_t size)
{
    g_autofree char *url = msk_keystone_v3_url(AUTH_URL, data, size);

    g_assert_true(g_str_has_prefix(url, "https://keystone:5000/"));
    g_assert_false(g_str_has_suffix(url, "/"));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = size == 0 ? "" : (const char *) data;
    g_autoptr(GError) error = NULL;
    g_autoptr(MskKeystoneToken) token = msk_keystone_token_parse(SECRET, text, size, &error);

    read_versions(text, size);
    if (token == NULL) {
        g_assert_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE);
        g_assert_null(strstr(error->message, SECRET));
        return 0;
    }
    g_assert_no_error(error);
    g_assert_cmpstr(token->id, ==, SECRET);
    g_assert_nonnull(token->user.id);
    g_assert_cmpint(token->expires_us, !=, 0);
    g_assert_nonnull(token->roles);
    ask_the_catalogue(token);
    return 0;
}
