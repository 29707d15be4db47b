/* SPDX-License-Identifier: Apache-2.0 */
#include "base/number.h"

bool
msk_parse_int64(const char *text, int64_t min, int64_t max, int64_t *ret)
{
    int64_t value;

    if (!g_ascii_string_to_signed(text, 10, min, max, &value, NULL)) {
        return false;
    }
    *ret = value;
    return true;
}
