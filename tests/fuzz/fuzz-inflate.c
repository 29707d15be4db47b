/* SPDX-License-Identifier: Apache-2.0 */

/* Bodies that a message bus delivers as compressed: whatever they are, the limit holds. */

#include "fuzz.h"

#include "io/inflate.h"

#define LIMIT 65536

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GByteArray) plain = msk_inflate(data, size, LIMIT);

    g_assert_true(plain == NULL || plain->len <= LIMIT);
    return 0;
}
