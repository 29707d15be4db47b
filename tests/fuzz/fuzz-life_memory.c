/* SPDX-License-Identifier: Apache-2.0 */

/* The monitor's memory of the domains that ran: what is taken is written as what is taken. */

#include "fuzz.h"

#include "monitor/instance/life_memory.h"

#define BOOT_ID "4f0c4a3e-6e9b-4a55-9d1c-0e7f5a9c1b2d"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) records =
        msk_life_memory_from_text((const char *) data, size, BOOT_ID, &error);

    g_assert_true((records == NULL) == (error != NULL));
    if (records == NULL) {
        return 0;
    }
    g_autofree char *text = msk_life_memory_to_text(records, BOOT_ID);
    g_autoptr(GArray) again = msk_life_memory_from_text(text, strlen(text), BOOT_ID, &error);

    g_assert_no_error(error);
    g_assert_nonnull(again);
    g_assert_cmpuint(again->len, ==, records->len);
    return 0;
}
