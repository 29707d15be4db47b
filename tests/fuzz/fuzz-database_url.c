/* SPDX-License-Identifier: Apache-2.0 */

/* [database] connection: whatever an operator writes is read or refused, and a refusal never
 * repeats the password. */

#include "fuzz.h"

#include "oslo/database_url.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = fuzz_text(data, size);
    g_autoptr(GError) error = NULL;
    g_autoptr(MskDatabaseUrl) url = msk_database_url_parse(text, &error);

    g_assert_true((url == NULL) == (error != NULL));
    if (url != NULL) {
        g_autofree char *name = msk_database_url_name(url);

        g_assert_true(msk_database_url_is(text));
        g_assert_true(g_utf8_validate(name, -1, NULL));
        g_assert_cmpstr(url->database, !=, "");
        g_assert_cmpuint(url->port, >, 0);
        g_assert_true(url->tls || !url->verify_cert);
    }
    return 0;
}
