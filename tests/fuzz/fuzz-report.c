/* SPDX-License-Identifier: Apache-2.0 */

/* A file of the spool: what is taken is written as what is taken as the same. */

#include "fuzz.h"

#include "monitor/common/report.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MskReport) report = msk_report_from_text((const char *) data, size, &error);

    g_assert_true((report == NULL) == (error != NULL));
    if (report == NULL) {
        return 0;
    }
    g_autofree char *body = msk_report_body(report);
    g_autofree char *text = msk_report_to_text(report);
    g_autoptr(MskReport) again = msk_report_from_text(text, strlen(text), &error);

    g_assert_no_error(error);
    g_assert_nonnull(again);
    g_autofree char *text_again = msk_report_to_text(again);

    g_assert_cmpstr(text_again, ==, text);
    g_assert_nonnull(body);
    return 0;
}
