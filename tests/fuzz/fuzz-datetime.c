/* SPDX-License-Identifier: Apache-2.0 */

/* What is read as a date is written as a date that is read as the same moment. */

#include "fuzz.h"

#include "base/datetime.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = fuzz_text(data, size);
    g_autofree char *rest = NULL;
    g_autofree char *sql = NULL;
    int64_t time_us;
    int64_t again_us = 0;

    if (!msk_datetime_parse(text, &time_us)) {
        return 0;
    }
    rest = msk_datetime_format_rest(time_us);
    sql = msk_datetime_format_sql(time_us);
    g_assert_true(msk_datetime_parse(rest, &again_us));
    g_assert_cmpint(again_us, ==, time_us);
    g_assert_true(msk_datetime_parse(sql, &again_us));
    g_assert_cmpint(again_us, ==, time_us);
    return 0;
}
