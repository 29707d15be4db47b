/* SPDX-License-Identifier: Apache-2.0 */

/* The operators' element of a domain's XML: taken whole or not at all. */

#include "fuzz.h"

#include "io/libvirt_domain.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = fuzz_text(data, size);
    g_autoptr(GHashTable) metadata = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    bool taken = msk_libvirt_parse_metadata(text, metadata);

    g_assert_true(taken || g_hash_table_size(metadata) == 0);
    return 0;
}
