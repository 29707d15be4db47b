/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/python_text.h"

bool
msk_is_python_space(gunichar c)
{
    return g_unichar_isspace(c) || (c >= 0x1c && c <= 0x1f) || c == 0x0b || c == 0x85;
}
