/* SPDX-License-Identifier: Apache-2.0 */
#include "io/fence_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

#define MAX_BYTES 4194304u

static bool
fail(const char *path, int number, GError **error)
{
    g_set_error(error, MSK_ERROR,
                number == ENOENT   ? MSK_ERROR_NOT_FOUND
                : number == EACCES ? MSK_ERROR_DENIED
                                   : MSK_ERROR_UNAVAILABLE,
                "[fencing] devices_file %s cannot be read: %s", path, g_strerror(number));
    return false;
}

static bool
check_mode(const char *path, int fd, GError **error)
{
    struct stat status;

    if (fstat(fd, &status) != 0) {
        return fail(path, errno, error);
    }
    if (!S_ISREG(status.st_mode)) {
        return fail(path, EINVAL, error);
    }
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_DENIED,
                    "[fencing] devices_file %s is open to others than its owner (mode %04o) and "
                    "holds secrets: chown it to the user of masakari-engine, then chmod 600",
                    path, (unsigned) (status.st_mode & 07777));
        return false;
    }
    return true;
}

static bool
read_all(const char *path, int fd, GString *text, GError **error)
{
    char part[8192];
    ssize_t n;

    while ((n = read(fd, part, sizeof part)) != 0) {
        if (n < 0 && errno != EINTR) {
            return fail(path, errno, error);
        }
        if (n > 0) {
            g_string_append_len(text, part, n);
        }
        if (text->len > MAX_BYTES) {
            return fail(path, EFBIG, error);
        }
    }
    return true;
}

static bool
read_file(const char *path, GString *text, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool done;

    if (fd < 0) {
        return fail(path, errno, error);
    }
    done = check_mode(path, fd, error) && read_all(path, fd, text, error);
    (void) close(fd); /* it was only read */
    return done;
}

static MskFencePlan *
plan_of_file(const char *path, const char *host, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    GError *reason = NULL;
    MskFencePlan *plan;

    if (!read_file(path, text, error)) {
        return NULL;
    }
    plan = msk_fence_plan_from_file(text->str, text->len, host, &reason);
    if (plan == NULL) {
        g_propagate_prefixed_error(error, reason, "[fencing] devices_file %s: ", path);
    }
    return plan;
}

bool
msk_fence_file_load(const char *path, const char *host, const char *attributes, MskFencePlan **ret,
                    GError **error)
{
    g_autoptr(MskFencePlan) plan = NULL;

    if (path != NULL && (plan = plan_of_file(path, host, error)) == NULL) {
        return false;
    }
    if (plan == NULL || plan->devices->len == 0) {
        msk_fence_plan_free(plan);
        plan = msk_fence_plan_from_attributes(attributes, error);
        if (plan == NULL) {
            return false;
        }
    }
    *ret = plan->devices->len > 0 ? g_steal_pointer(&plan) : NULL;
    return true;
}
