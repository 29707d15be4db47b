/* SPDX-License-Identifier: Apache-2.0 */
#include "io/pidfd.h"

#include "base/error.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#define TAIL " 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 777 9 9 9"
#define REST " 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0"

static void
test_stat_parse(void)
{
    static const struct {
        const char *text;
        bool ok;
        char state;
        uint64_t start_time;
        int exit_code;
    } rows[] = {
        {"12 (qemu) Z" TAIL REST " 9\n", true, 'Z', 777, 9},
        {"12 (a b) c) (d) S" TAIL REST " 0\n", true, 'S', 777, 0},
        {"12 (qemu) Z" TAIL REST " 256", true, 'Z', 777, 256},
        {"12 (qemu) Z" TAIL REST "\n", false, 0, 0, 0},
        {"12 (qemu) Z" TAIL REST " x\n", false, 0, 0, 0},
        {"12 (qemu)", false, 0, 0, 0},
        {"12 (qemu) ", false, 0, 0, 0},
        {"12 qemu Z", false, 0, 0, 0},
        {"", false, 0, 0, 0},
        {NULL, false, 0, 0, 0},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char state = 0;
        uint64_t start_time = 0;
        int exit_code = 0;

        g_test_message("%s", rows[i].text);
        g_assert_cmpint(msk_process_stat_parse(rows[i].text, &state, &start_time, &exit_code), ==,
                        rows[i].ok);
        g_assert_true(state == rows[i].state);
        g_assert_cmpuint(start_time, ==, rows[i].start_time);
        g_assert_cmpint(exit_code, ==, rows[i].exit_code);
    }
}

static pid_t
start_sleeper(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        for (;;) {
            (void) pause();
        }
    }
    g_assert_cmpint(pid, >, 0);
    return pid;
}

static void
test_a_killed_process_is_noticed(void)
{
    pid_t pid = start_sleeper();
    MskProcessId id;
    MskProcessId other;
    MskProcessEnd end;
    struct pollfd poll_fd = {.events = POLLIN};
    g_autoptr(GError) error = NULL;

    g_assert_true(msk_process_id(pid, &id));
    g_assert_cmpint(id.pid, ==, pid);
    poll_fd.fd = msk_pidfd_open(&id, &error);
    g_assert_no_error(error);
    g_assert_cmpint(poll(&poll_fd, 1, 0), ==, 0);
    g_assert_false(msk_process_sigterm_pending(pid));

    g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
    g_assert_cmpint(poll(&poll_fd, 1, 60000), ==, 1);
    end = msk_pidfd_end(poll_fd.fd, &id);
    g_assert_true(end.known);
    g_assert_true(WIFSIGNALED(end.wait_status));
    g_assert_cmpint(WTERMSIG(end.wait_status), ==, SIGKILL);
    g_assert_false(end.sigterm_pending);
    g_assert_false(msk_process_id(pid, &other));

    g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
    end = msk_pidfd_end(poll_fd.fd, &id);
    if (end.known) { /* from Linux 6.15 */
        g_assert_cmpint(WTERMSIG(end.wait_status), ==, SIGKILL);
    }
    (void) close(poll_fd.fd);
    g_assert_cmpint(msk_pidfd_open(&id, &error), ==, -1);
    g_assert_error(error, MSK_ERROR, MSK_ERROR_NOT_FOUND);
}

static void
test_a_pending_sigterm_is_seen(void)
{
    pid_t pid = start_sleeper();
    MskProcessId id;
    MskProcessEnd end;
    struct pollfd poll_fd = {.events = POLLIN};
    int status;

    g_assert_true(msk_process_id(pid, &id));
    poll_fd.fd = msk_pidfd_open(&id, NULL);
    g_assert_cmpint(poll_fd.fd, >=, 0);
    g_assert_cmpint(kill(pid, SIGSTOP), ==, 0);
    g_assert_cmpint(waitpid(pid, &status, WUNTRACED), ==, pid);
    g_assert_cmpint(kill(pid, SIGTERM), ==, 0);
    g_assert_true(msk_process_sigterm_pending(pid));
    g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
    g_assert_cmpint(poll(&poll_fd, 1, 60000), ==, 1);
    end = msk_pidfd_end(poll_fd.fd, &id);
    g_assert_true(end.known);
    g_assert_true(end.sigterm_pending);
    g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
    g_assert_false(msk_process_sigterm_pending(pid));
    (void) close(poll_fd.fd);
}

static void
test_a_number_used_again_is_another_process(void)
{
    MskProcessId id;
    g_autoptr(GError) error = NULL;

    g_assert_true(msk_process_id(getpid(), &id));
    id.start_time++;
    g_assert_cmpint(msk_pidfd_open(&id, &error), ==, -1);
    g_assert_error(error, MSK_ERROR, MSK_ERROR_NOT_FOUND);
    g_assert_false(msk_process_id(0, &id));
    g_assert_false(msk_process_id(-1, &id));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pidfd/stat_parse", test_stat_parse);
    g_test_add_func("/pidfd/killed_is_noticed", test_a_killed_process_is_noticed);
    g_test_add_func("/pidfd/pending_sigterm_is_seen", test_a_pending_sigterm_is_seen);
    g_test_add_func("/pidfd/number_used_again", test_a_number_used_again_is_another_process);
    return g_test_run();
}
