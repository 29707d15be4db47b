/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/instance/domain_log.h"

#include "base/datetime.h"

#include <glib/gstdio.h>

#define LINE(time, reason) "2026-11-23 " time "+0000: shutting down, reason=" reason "\n"

static const struct {
    const char *text;
    MskShutoffReason reason;
} rows[] = {
    {"", MSK_SHUTOFF_UNKNOWN},
    {LINE("07:00:00.128", "destroyed"), MSK_SHUTOFF_DESTROYED},
    {LINE("07:00:00.128", "crashed"), MSK_SHUTOFF_CRASHED},
    {LINE("07:00:00.128", "shutdown"), MSK_SHUTOFF_SHUTDOWN},
    {LINE("07:00:00.128", "migrated"), MSK_SHUTOFF_MIGRATED},
    {LINE("07:00:00.128", "saved"), MSK_SHUTOFF_SAVED},
    {LINE("07:00:00.128", "failed"), MSK_SHUTOFF_FAILED},
    {LINE("07:00:00.128", "from snapshot"), MSK_SHUTOFF_FROM_SNAPSHOT},
    {LINE("07:00:00.128", "daemon"), MSK_SHUTOFF_DAEMON},
    {LINE("07:00:00.128", "unknown"), MSK_SHUTOFF_UNKNOWN},
    {LINE("07:00:00.128", ""), MSK_SHUTOFF_UNKNOWN},
    /* too early: of a life before */
    {LINE("06:59:59.999", "crashed"), MSK_SHUTOFF_UNKNOWN},
    /* the last one counts */
    {LINE("07:00:00.128", "crashed") LINE("07:00:05.000", "destroyed"), MSK_SHUTOFF_DESTROYED},
    {"cut off in the middle\n" LINE("07:00:01.000", "crashed") "tail: x\n", MSK_SHUTOFF_CRASHED},
    /* no newline at the end */
    {"2026-11-23 07:00:00.128+0000: shutting down, reason=crashed", MSK_SHUTOFF_CRASHED},
    /* said by the guest's QEMU, not by libvirt */
    {"qemu: shutting down, reason=crashed\n", MSK_SHUTOFF_UNKNOWN},
    {"2026-11-23 07:00:00.128+0000: qemu: shutting down, reason=crashed\n", MSK_SHUTOFF_UNKNOWN},
    {"2026-99-23 07:00:00.128+0000: shutting down, reason=crashed\n", MSK_SHUTOFF_UNKNOWN},
};

static int64_t
since(void)
{
    int64_t time_us = 0;

    g_assert_true(msk_datetime_parse("2026-11-23 07:00:00", &time_us));
    return time_us;
}

static void
test_parse(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("%s", rows[i].text);
        g_assert_cmpint(msk_domain_log_parse(rows[i].text, strlen(rows[i].text), since()), ==,
                        rows[i].reason);
    }
}

static void
test_read_the_tail(void)
{
    g_autofree char *dir = g_dir_make_tmp("msk-log-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "vm.log", NULL);
    g_autoptr(GString) text = g_string_new(LINE("07:00:00.000", "crashed"));

    g_assert_cmpint(msk_domain_log_read(dir, "vm", since()), ==, MSK_SHUTOFF_UNKNOWN);
    g_assert_true(g_file_set_contents(path, text->str, -1, NULL));
    g_assert_cmpint(msk_domain_log_read(dir, "vm", since()), ==, MSK_SHUTOFF_CRASHED);
    while (text->len < 200000) {
        g_string_append(text, "a line of QEMU's\n");
    }
    g_assert_true(g_file_set_contents(path, text->str, -1, NULL));
    g_assert_cmpint(msk_domain_log_read(dir, "vm", since()), ==, MSK_SHUTOFF_UNKNOWN);
    g_string_append(text, LINE("07:00:00.000", "destroyed"));
    g_assert_true(g_file_set_contents(path, text->str, -1, NULL));
    g_assert_cmpint(msk_domain_log_read(dir, "vm", since()), ==, MSK_SHUTOFF_DESTROYED);
    g_assert_cmpint(msk_domain_log_read(dir, "../x/vm", since()), ==, MSK_SHUTOFF_UNKNOWN);
    (void) g_unlink(path);
    (void) g_rmdir(dir);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/domain_log/parse", test_parse);
    g_test_add_func("/domain_log/read_the_tail", test_read_the_tail);
    return g_test_run();
}
