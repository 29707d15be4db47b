/* SPDX-License-Identifier: Apache-2.0 */
#include "io/qemu_process.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sys/wait.h>

#define UUID           "b2727d37-0a87-4208-8c8c-31c55917558b"
#define BYTES(literal) (literal), sizeof(literal) - 1

static void
test_command_line(void)
{
    static const struct {
        const char *bytes;
        size_t length;
        bool ok;
    } rows[] = {
        {BYTES("qemu\0-uuid\0" UUID "\0"), true},
        {BYTES("qemu\0-uuid\0" UUID), true},
        {BYTES("qemu\0-uuid\0B2727D37-0A87-4208-8C8C-31C55917558B\0-m\0"), true},
        {BYTES("qemu\0-uuid\0" UUID "x\0"), false},
        {BYTES("qemu\0-name\0" UUID "\0"), false},
        {BYTES("qemu\0--uuid\0" UUID "\0"), false},
        {BYTES("qemu\0-uuid\0-m\0" UUID "\0"), false},
        {BYTES("virsh\0domstate\0" UUID "\0"), false},
        {BYTES("-uuid\0"), false},
        {BYTES("-uuid"), false},
        {BYTES(""), false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("row %zu", i);
        g_assert_cmpint(msk_qemu_command_line_has_uuid(rows[i].bytes, rows[i].length, UUID), ==,
                        rows[i].ok);
    }
}

static pid_t
start_fake_qemu(const char *uuid)
{
    const char *argv[] = {"sh", "-c", "read never", "sh", "-uuid", uuid, NULL};
    int ends[2];
    pid_t pid;

    g_assert_cmpint(pipe(ends), ==, 0);
    pid = fork();
    if (pid == 0) {
        (void) dup2(ends[0], STDIN_FILENO);
        (void) execv("/bin/sh", (char **) (void *) argv);
        _exit(127);
    }
    g_assert_cmpint(pid, >, 0);
    (void) close(ends[0]); /* the write end stays open, so that the shell waits */
    return pid;
}

static void
test_find(void)
{
    g_autofree char *uuid = g_uuid_string_random();
    g_autofree char *dir = g_dir_make_tmp("msk-qemu-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "vm 1.pid", NULL);
    pid_t pid = start_fake_qemu(uuid);
    g_autofree char *text = g_strdup_printf("%d\n", pid);
    MskProcessId id = {0};

    /* The command line is there once exec has happened. */
    for (int tries = 0; !msk_qemu_find(NULL, NULL, uuid, &id) && tries < 5000; tries++) {
        g_usleep(1000);
    }
    g_assert_cmpint(id.pid, ==, pid);
    g_assert_true(g_file_set_contents(file, text, -1, NULL));
    id.pid = 0;
    g_assert_true(msk_qemu_find(dir, "vm 1", uuid, &id));
    g_assert_cmpint(id.pid, ==, pid);

    /* A file that lies leads nowhere; /proc still has the truth. */
    g_assert_true(g_file_set_contents(file, "1\n", -1, NULL));
    g_assert_true(msk_qemu_find(dir, "vm 1", uuid, &id));
    g_assert_cmpint(id.pid, ==, pid);
    g_assert_true(msk_qemu_find(dir, "../vm 1", uuid, &id));

    g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
    g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
    g_assert_false(msk_qemu_find(dir, "vm 1", uuid, &id));
    (void) g_unlink(file);
    (void) g_rmdir(dir);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu_process/command_line", test_command_line);
    g_test_add_func("/qemu_process/find", test_find);
    return g_test_run();
}
