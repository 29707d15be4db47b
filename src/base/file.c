/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>

static void
set_system_error(const char *path, int code, GError **error)
{
    MskErrorCode kind = MSK_ERROR_UNAVAILABLE;

    if (code == ENOENT || code == ENOTDIR) {
        kind = MSK_ERROR_NOT_FOUND;
    } else if (code == EACCES || code == EPERM) {
        kind = MSK_ERROR_DENIED;
    }
    g_set_error(error, MSK_ERROR, (int) kind, "cannot read %s: %s", path, g_strerror(code));
}

/* One byte more than allowed is enough to know that a file is too large. */
static bool
read_all(int fd, const char *path, size_t max_bytes, GString *content, GError **error)
{
    char chunk[4096];

    while (content->len <= max_bytes) {
        ssize_t n = read(fd, chunk, sizeof chunk);

        if (n == 0) {
            return true;
        }
        if (n > 0) {
            g_string_append_len(content, chunk, n);
        } else if (errno == EISDIR) {
            g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "%s is a directory, not a file", path);
            return false;
        } else if (errno != EINTR) {
            set_system_error(path, errno, error);
            return false;
        }
    }
    g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                "%s is larger than %" G_GSIZE_FORMAT " bytes, the most such a file may have", path,
                max_bytes);
    return false;
}

char *
msk_file_read(const char *path, size_t max_bytes, size_t *ret_length, GError **error)
{
    g_autoptr(GString) content = NULL;
    bool ok;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0) {
        set_system_error(path, errno, error);
        return NULL;
    }
    content = g_string_new(NULL);
    ok = read_all(fd, path, max_bytes, content, error);
    close(fd);
    if (!ok) {
        return NULL;
    }
    if (ret_length != NULL) {
        *ret_length = content->len;
    }
    return g_string_free(g_steal_pointer(&content), FALSE);
}
