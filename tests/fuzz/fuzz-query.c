/* SPDX-License-Identifier: Apache-2.0 */

/* A target's path and query, and the headers that the API reads itself. */

#include "fuzz.h"

#include "api/accept.h"
#include "api/microversion.h"
#include "api/query.h"
#include "api/uuid_like.h"

static void
read_query(const char *text)
{
    g_autoptr(MskQuery) query = msk_query_parse(text);

    if (query != NULL) {
        g_autoptr(GPtrArray) limits = msk_query_all(query, "limit");
        const char *last = msk_query_last(query, "limit");

        g_assert_true((last == NULL) == (limits->len == 0));
    }
}

static void
read_path(const char *text)
{
    g_autofree char *path = msk_path_decode(text);
    g_autofree char *encoded = msk_path_encode(path);
    g_autofree char *again = msk_path_decode(encoded);

    g_assert_cmpstr(again, ==, path);
    (void) msk_uuid_is_like(path); /* must only not crash */
}

static void
read_headers(const char *text)
{
    static const char *const offers[] = {"text/html", "application/json", NULL};
    g_autofree char *accept_version = NULL;
    g_autofree char *type_version = msk_content_type_version(text);
    g_autofree char *version = NULL;
    unsigned minor = 0;

    (void) msk_accept_best(text, offers, &accept_version); /* any answer will do */
    (void) msk_accept_offer(text, offers);
    if (msk_microversion_parse(text, &version, &minor) == MSK_MICROVERSION_OK) {
        g_assert_cmpuint(minor, <=, MSK_API_MAX_MINOR);
    }
    g_assert_nonnull(version);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = fuzz_text(data, size);

    read_query(text);
    read_path(text);
    read_headers(text);
    return 0;
}
