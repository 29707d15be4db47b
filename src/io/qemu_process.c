/* SPDX-License-Identifier: Apache-2.0 */
#include "io/qemu_process.h"

#include "base/number.h"

/* Bounds what is read of a foreign process; QEMU's own command lines stay far below. */
#define MAX_COMMAND_LINE ((size_t) 2 * 1024 * 1024)

bool
msk_qemu_command_line_has_uuid(const char *command_line, size_t length, const char *uuid)
{
    const char *end = command_line + length;
    bool after_flag = false;

    for (const char *argument = command_line; argument < end;) {
        size_t size = strnlen(argument, (size_t) (end - argument));

        if (after_flag && size == strlen(uuid) && g_ascii_strncasecmp(argument, uuid, size) == 0) {
            return true;
        }
        after_flag = size == strlen("-uuid") && memcmp(argument, "-uuid", size) == 0;
        argument += size + 1;
    }
    return false;
}

static bool
is_qemu_of(pid_t pid, const char *uuid, MskProcessId *ret)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/cmdline", pid);
    g_autofree char *command_line = NULL;
    size_t length = 0;
    MskProcessId before;
    MskProcessId after;

    /* The start time on both sides of the look proves that it was one process all along. */
    if (!msk_process_id(pid, &before) || !g_file_get_contents(path, &command_line, &length, NULL) ||
        length > MAX_COMMAND_LINE || !msk_qemu_command_line_has_uuid(command_line, length, uuid) ||
        !msk_process_id(pid, &after) || before.start_time != after.start_time) {
        return false;
    }
    *ret = after;
    return true;
}

static bool
find_by_file(const char *run_dir, const char *name, const char *uuid, MskProcessId *ret)
{
    g_autofree char *file = g_strconcat(name, ".pid", NULL);
    g_autofree char *path = g_build_filename(run_dir, file, NULL);
    g_autofree char *text = NULL;
    int64_t pid;

    if (strchr(name, '/') != NULL || !g_file_get_contents(path, &text, NULL, NULL)) {
        return false;
    }
    g_strstrip(text);
    return msk_parse_int64(text, 1, G_MAXINT32, &pid) && is_qemu_of((pid_t) pid, uuid, ret);
}

static bool
find_in_proc(const char *uuid, MskProcessId *ret)
{
    g_autoptr(GDir) dir = g_dir_open("/proc", 0, NULL);
    const char *name;
    int64_t pid;

    if (dir == NULL) {
        return false;
    }
    while ((name = g_dir_read_name(dir)) != NULL) {
        if (msk_parse_int64(name, 1, G_MAXINT32, &pid) && is_qemu_of((pid_t) pid, uuid, ret)) {
            return true;
        }
    }
    return false;
}

bool
msk_qemu_find(const char *run_dir, const char *name, const char *uuid, MskProcessId *ret)
{
    if (run_dir != NULL && name != NULL && find_by_file(run_dir, name, uuid, ret)) {
        return true;
    }
    return find_in_proc(uuid, ret);
}
