/* SPDX-License-Identifier: Apache-2.0 */

/* transport_url of the configuration: oslo.messaging's URLs with several hosts. */

#include "fuzz.h"

#include "base/error.h"
#include "oslo/transport_url.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = fuzz_text(data, size);
    g_autoptr(GError) error = NULL;
    g_autoptr(MskTransportUrl) url = msk_transport_url_parse(text, &error);

    if (url == NULL) {
        g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
        return 0;
    }
    g_assert_cmpuint(strlen(url->transport), >, 0);
    for (unsigned i = 0; i < url->hosts->len; i++) {
        const MskTransportHost *host = g_ptr_array_index(url->hosts, i);

        g_assert_true(g_utf8_validate(host->password == NULL ? "" : host->password, -1, NULL));
    }
    return 0;
}
