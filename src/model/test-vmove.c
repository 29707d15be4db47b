/* SPDX-License-Identifier: Apache-2.0 */
#include "model/vmove.h"

static MskVmove *
filled(void)
{
    MskVmove *self = g_new0(MskVmove, 1);

    *self = (MskVmove){
        .meta = {.id = 1},
        .uuid = g_strdup("uuid"),
        .notification_uuid = g_strdup("notification uuid"),
        .instance_uuid = g_strdup("instance uuid"),
        .instance_name = g_strdup("instance"),
        .source_host = g_strdup("source"),
        .dest_host = g_strdup("destination"),
        .start_time_us = 2,
        .end_time_us = 3,
        .type = g_strdup("evacuation"),
        .status = g_strdup("ongoing"),
        .message = g_strdup("message"),
    };
    return self;
}

/* LeakSanitizer tells when a string is forgotten. */
static void
test_cleared_is_empty(void)
{
    g_autoptr(MskVmove) vmove = filled();
    static const MskVmove empty;

    msk_vmove_clear(vmove);
    g_assert_cmpmem(vmove, sizeof *vmove, &empty, sizeof empty);
    msk_vmove_free(filled());
    msk_vmove_free(NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vmove/cleared_is_empty", test_cleared_is_empty);
    return g_test_run();
}
