/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

#define SUFFIX   ".lock"
#define MAX_TRYS 10

struct MskEngineLock {
    char *path;
    int fd;
};

static char *
path_of(const char *dir, const char *uuid)
{
    g_autofree char *file = g_strconcat(uuid, SUFFIX, NULL);

    return g_build_filename(dir, file, NULL);
}

/* Whether another engine removed the file between our opening and our locking it. */
static bool
is_unlinked(int fd)
{
    struct stat status;

    return fstat(fd, &status) == 0 && status.st_nlink == 0;
}

/* Returns: a locked descriptor, or -1 with errno. */
static int
create_locked(const char *path)
{
    for (unsigned i = 0; i < MAX_TRYS; i++) {
        int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0640);

        if (fd < 0) {
            return -1;
        }
        if (flock(fd, LOCK_EX | LOCK_NB) == 0 && !is_unlinked(fd)) {
            return fd;
        }
        (void) close(fd); /* empty; someone who looks for the dead has it for a moment */
        g_usleep(1000);
    }
    errno = EAGAIN;
    return -1;
}

MskEngineLock *
msk_engine_lock_take(const char *dir, const char *uuid, GError **error)
{
    g_autofree char *path = path_of(dir, uuid);
    int fd = -1;

    if (g_mkdir(dir, 0750) == 0 || errno == EEXIST) {
        fd = create_locked(path);
    }
    if (fd < 0) {
        int saved_errno = errno;
        bool denied = saved_errno == EACCES || saved_errno == EPERM || saved_errno == EROFS ||
                      saved_errno == ENOENT || saved_errno == ENOTDIR;

        g_set_error(error, MSK_ERROR, denied ? MSK_ERROR_DENIED : MSK_ERROR_UNAVAILABLE,
                    "cannot lock %s: %s; check that the directory may be written by this user "
                    "([DEFAULT] state_path)",
                    path, g_strerror(saved_errno));
        return NULL;
    }
    MskEngineLock *self = g_new0(MskEngineLock, 1);

    self->path = g_steal_pointer(&path);
    self->fd = fd;
    return self;
}

void
msk_engine_lock_free(MskEngineLock *self)
{
    if (self == NULL) {
        return;
    }
    (void) unlink(self->path); /* whoever finds it later sees that nobody holds it */
    (void) close(self->fd);    /* empty */
    g_free(self->path);
    g_free(self);
}

static bool
is_dead(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    bool dead = false;

    if (fd < 0) {
        return false;
    }
    dead = flock(fd, LOCK_EX | LOCK_NB) == 0;
    (void) close(fd); /* empty; lets go of the lock */
    return dead;
}

char **
msk_engine_lock_list_dead(const char *dir, const char *own_uuid)
{
    g_autoptr(GPtrArray) dead = g_ptr_array_new_with_free_func(g_free);
    GDir *entries = g_dir_open(dir, 0, NULL);
    const char *file = NULL;

    while (entries != NULL && (file = g_dir_read_name(entries)) != NULL) {
        g_autofree char *path = g_build_filename(dir, file, NULL);
        g_autofree char *uuid = NULL;

        if (!g_str_has_suffix(file, SUFFIX)) {
            continue;
        }
        uuid = g_strndup(file, strlen(file) - strlen(SUFFIX));
        if (strcmp(uuid, own_uuid) != 0 && is_dead(path)) {
            g_ptr_array_add(dead, g_steal_pointer(&uuid));
        }
    }
    g_clear_pointer(&entries, g_dir_close);
    g_ptr_array_add(dead, NULL);
    return (char **) g_ptr_array_free(g_steal_pointer(&dead), FALSE);
}

void
msk_engine_lock_forget(const char *dir, const char *uuid)
{
    g_autofree char *path = path_of(dir, uuid);

    if (is_dead(path)) {
        (void) unlink(path); /* another engine may have been first */
    }
}
