/* SPDX-License-Identifier: Apache-2.0 */
#include "io/child_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
    GString *output;
    GString *errors;
} Said;

static void
on_output(const char *bytes, size_t length, bool errors, void *data)
{
    const Said *said = data;

    g_string_append_len(errors ? said->errors : said->output, bytes, (ssize_t) length);
}

static MskChildEnd
run_shell(const char *script, unsigned timeout_ms, int cancel_fd, Said *said, int *status)
{
    MskChildRun run = {.path = "/bin/sh",
                       .input = script,
                       .input_length = strlen(script),
                       .timeout_ms = timeout_ms,
                       .cancel_fd = cancel_fd,
                       .output = on_output,
                       .data = said};

    return msk_child_process_run(&run, status);
}

static const struct {
    const char *script;
    MskChildEnd end;
    int status;
    const char *output;
    const char *errors;
} cases[] = {
    {"exit 0\n", MSK_CHILD_EXITED, 0, "", ""},
    {"echo one; echo two >&2; exit 7\n", MSK_CHILD_EXITED, 7, "one\n", "two\n"},
    {"kill -TERM $$\n", MSK_CHILD_SIGNALLED, SIGTERM, "", ""},
    {"trap 'echo kept' USR1; kill -USR1 $$\n", MSK_CHILD_EXITED, 0, "kept\n", ""},
    {"pwd; echo $PATH; env | grep -c -v -e ^PATH= -e ^LC_ALL= -e ^PWD= -e ^_= -e ^SHLVL= -e "
     "^OLDPWD=\n",
     MSK_CHILD_EXITED, 1, "/\n/usr/sbin:/usr/bin:/sbin:/bin\n0\n", ""},
    {"echo $0; for n in 3 4 5 6 7 8 9; do test -e /proc/$$/fd/$n && echo $n; done; true\n",
     MSK_CHILD_EXITED, 0, "sh\n", ""},
};

static void
test_ends(void)
{
    int open_fd = open("/dev/null", O_RDONLY); /* on purpose not closed on exec */

    g_assert_cmpint(open_fd, >=, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Said said = {g_string_new(NULL), g_string_new(NULL)};
        int status = -1;

        g_test_message("%s", cases[i].script);
        g_assert_cmpint(run_shell(cases[i].script, 60000, -1, &said, &status), ==, cases[i].end);
        g_assert_cmpint(status, ==, cases[i].status);
        g_assert_cmpstr(said.output->str, ==, cases[i].output);
        g_assert_cmpstr(said.errors->str, ==, cases[i].errors);
        g_string_free(said.output, TRUE);
        g_string_free(said.errors, TRUE);
    }
    g_assert_cmpint(close(open_fd), ==, 0);
}

/* More than a socket or a pipe holds, in both directions at once. */
static void
test_long_input_and_output(void)
{
    size_t length = 3000000;
    g_autofree char *input = g_malloc(length);
    Said said = {g_string_new(NULL), g_string_new(NULL)};
    MskChildRun run = {.path = "/bin/cat",
                       .input = input,
                       .input_length = length,
                       .timeout_ms = 120000,
                       .cancel_fd = -1,
                       .output = on_output,
                       .data = &said};
    int status = -1;

    memset(input, 'x', length);
    g_assert_cmpint(msk_child_process_run(&run, &status), ==, MSK_CHILD_EXITED);
    g_assert_cmpint(status, ==, 0);
    g_assert_cmpuint(said.output->len, ==, length);
    run.path = "/bin/true"; /* does not read it */
    g_assert_cmpint(msk_child_process_run(&run, &status), ==, MSK_CHILD_EXITED);
    g_assert_cmpint(status, ==, 0);
    g_string_free(said.output, TRUE);
    g_string_free(said.errors, TRUE);
}

/* Returns: whether it is a sleep by now; with @or_will_be also what has yet to become one. The dead
 * have no command line. */
static bool
sleeps(const char *pid, bool or_will_be)
{
    g_autofree char *proc = g_strdup_printf("/proc/%s/cmdline", pid);
    g_autofree char *line = NULL;
    size_t length = 0;

    return g_file_get_contents(proc, &line, &length, NULL) && length > 0 &&
           (or_will_be || strstr(line, "sleep") != NULL);
}

/* A signal, and a start, may take its time on a busy machine. */
static void
wait_until(const char *pid, bool there)
{
    bool now = sleeps(pid, !there);

    for (int i = 0; i < 6000 && now != there; i++) {
        g_usleep(10000);
        now = sleeps(pid, !there);
    }
    g_assert_cmpint(now, ==, there);
}

static void
test_the_whole_group_is_killed(void)
{
    static const struct {
        const char *script;
        unsigned timeout_ms;
        bool cancelled;
        MskChildEnd end;
    } runs[] = {
        {"sleep 1000 & echo $!; wait\n", 3000, false, MSK_CHILD_TIMEOUT},
        {"sleep 1000 & echo $!; wait\n", 60000, true, MSK_CHILD_CANCELLED},
        {"sleep 1000 & echo $!\n", 60000, false, MSK_CHILD_EXITED},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(runs); i++) {
        int cancel_fd = runs[i].cancelled ? eventfd(1, EFD_CLOEXEC) : -1;
        Said said = {g_string_new(NULL), g_string_new(NULL)};
        int status = -1;

        g_assert_cmpint(run_shell(runs[i].script, runs[i].timeout_ms, cancel_fd, &said, &status),
                        ==, runs[i].end);
        if (said.output->len > 0) { /* a slow machine may not get that far */
            wait_until(g_strstrip(said.output->str), false);
        }
        if (cancel_fd >= 0) {
            g_assert_cmpint(close(cancel_fd), ==, 0);
        }
        g_string_free(said.output, TRUE);
        g_string_free(said.errors, TRUE);
    }
}

static void
write_on(const char *bytes, size_t length, bool errors, void *data)
{
    (void) errors;
    g_assert_cmpint(write(*(int *) data, bytes, length), ==, (ssize_t) length);
}

/* Of whoever runs a program; it dies as it would of kill -9, and can do nothing about it. */
static void
run_until_killed(int fd)
{
    const char script[] = "sleep 1000 & echo $!; sleep 1000 & echo $!; wait\n";
    MskChildRun run = {.path = "/bin/sh",
                       .input = script,
                       .input_length = strlen(script),
                       .timeout_ms = 600000,
                       .cancel_fd = -1,
                       .output = write_on,
                       .data = &fd};
    int status = 0;

    (void) msk_child_process_run(&run, &status);
    _exit(1);
}

static void
read_pids(int fd, GString *pids)
{
    char byte;

    while (g_strrstr(pids->str, "\n") == strstr(pids->str, "\n")) { /* until there are two */
        g_assert_cmpint(read(fd, &byte, 1), ==, 1);
        g_string_append_c(pids, byte);
    }
}

static void
test_a_program_dies_with_whoever_runs_it(void)
{
    g_autoptr(GString) pids = g_string_new(NULL);
    int ends[2];
    int status = 0;

    g_assert_cmpint(pipe(ends), ==, 0);
    pid_t runner = fork();

    g_assert_cmpint(runner, >=, 0);
    if (runner == 0) {
        run_until_killed(ends[1]);
    }
    g_assert_cmpint(close(ends[1]), ==, 0);
    read_pids(ends[0], pids);
    g_auto(GStrv) words = g_strsplit(g_strstrip(pids->str), "\n", -1);

    wait_until(words[0], true);
    wait_until(words[1], true);
    g_assert_cmpint(kill(runner, SIGKILL), ==, 0);
    g_assert_cmpint(waitpid(runner, &status, 0), ==, runner);
    wait_until(words[0], false);
    wait_until(words[1], false);
    g_assert_cmpint(close(ends[0]), ==, 0);
}

static void
test_one_that_cannot_be_started(void)
{
    MskChildRun run = {
        .path = "/nonexistent", .input = "", .timeout_ms = 1000, .cancel_fd = -1, .output = NULL};
    int status = 0;

    g_assert_cmpint(msk_child_process_run(&run, &status), ==, MSK_CHILD_NOT_STARTED);
    g_assert_cmpint(status, ==, ENOENT);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/child_process/ends", test_ends);
    g_test_add_func("/child_process/long", test_long_input_and_output);
    g_test_add_func("/child_process/group", test_the_whole_group_is_killed);
    g_test_add_func("/child_process/dies", test_a_program_dies_with_whoever_runs_it);
    g_test_add_func("/child_process/not_started", test_one_that_cannot_be_started);
    return g_test_run();
}
