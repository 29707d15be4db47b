/* SPDX-License-Identifier: Apache-2.0 */

/* The end of a QEMU's log: any bytes give a reason, and none that is later than the limit. */

#include "fuzz.h"

#include "monitor/instance/domain_log.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *) data;

    (void) msk_domain_log_parse(text, size, 0); /* any reason will do */
    g_assert_cmpint(msk_domain_log_parse(text, size, INT64_MAX), ==, MSK_SHUTOFF_UNKNOWN);
    return 0;
}
