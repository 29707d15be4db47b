/* SPDX-License-Identifier: Apache-2.0 */
#include "api/field.h"

#include <string.h>

bool
msk_boolean_parse(const char *text, bool *ret)
{
    static const char *const yes[] = {"1", "t", "true", "on", "y", "yes", NULL};
    static const char *const no[] = {"0", "f", "false", "off", "n", "no", NULL};
    g_autofree char *word = g_ascii_strdown(text, -1);

    (void) g_strstrip(word); /* in place */
    if (g_strv_contains(yes, word)) {
        *ret = true;
        return true;
    }
    if (g_strv_contains(no, word)) {
        *ret = false;
        return true;
    }
    return false;
}

double
msk_leading_number(const char *text)
{
    const char *start = text + strspn(text, " \t\n\v\f\r");
    size_t sign = *start == '-' || *start == '+' ? 1 : 0;
    bool is_hex = start[sign] == '0' && g_ascii_tolower(start[sign + 1]) == 'x';
    bool is_decimal = g_ascii_isdigit(start[sign]) || start[sign] == '.';

    return is_decimal && !is_hex ? g_ascii_strtod(start, NULL) : 0;
}

bool
msk_field_string(const MskJson *object, const char *name, char **ret)
{
    const MskJson *member = msk_json_member(object, name);

    if (member == NULL) {
        return false;
    }
    g_free(*ret);
    *ret = g_strdup(msk_json_plain_string(member));
    return true;
}

bool
msk_field_boolean(const MskJson *object, const char *name, bool *ret)
{
    const MskJson *member = msk_json_member(object, name);

    if (member == NULL) {
        return false;
    }
    if (member->type == MSK_JSON_STRING) {
        return msk_boolean_parse(member->text, ret);
    }
    *ret = member->boolean;
    return true;
}
