/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/instance/domain_log.h"

#include "base/datetime.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define TAIL_BYTES 65536
#define MARK       ": shutting down, reason="

/* "2026-11-23 06:59:33.128+0000" */
#define TIME_LENGTH 28

static const struct {
    const char *word;
    MskShutoffReason reason;
} words[] = {
    {"shutdown", MSK_SHUTOFF_SHUTDOWN},
    {"destroyed", MSK_SHUTOFF_DESTROYED},
    {"crashed", MSK_SHUTOFF_CRASHED},
    {"migrated", MSK_SHUTOFF_MIGRATED},
    {"saved", MSK_SHUTOFF_SAVED},
    {"failed", MSK_SHUTOFF_FAILED},
    {"from snapshot", MSK_SHUTOFF_FROM_SNAPSHOT},
    {"daemon", MSK_SHUTOFF_DAEMON},
};

static MskShutoffReason
parse_line(const char *line, size_t length, int64_t since_us)
{
    g_autofree char *copy = g_strndup(line, MIN(length, 200));
    g_autofree char *time = NULL;
    int64_t time_us;

    if (strlen(copy) < TIME_LENGTH || !g_str_has_prefix(copy + TIME_LENGTH, MARK)) {
        return MSK_SHUTOFF_UNKNOWN;
    }
    time = g_strndup(copy, TIME_LENGTH);
    if (!msk_datetime_parse(time, &time_us) || time_us < since_us) {
        return MSK_SHUTOFF_UNKNOWN;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (g_str_equal(copy + TIME_LENGTH + strlen(MARK), words[i].word)) {
            return words[i].reason;
        }
    }
    return MSK_SHUTOFF_UNKNOWN;
}

MskShutoffReason
msk_domain_log_parse(const char *text, size_t length, int64_t since_us)
{
    const char *end = text + length;
    MskShutoffReason last = MSK_SHUTOFF_UNKNOWN;

    for (const char *line = text; line < end;) {
        const char *newline = memchr(line, '\n', (size_t) (end - line));
        size_t size = (size_t) ((newline != NULL ? newline : end) - line);
        MskShutoffReason reason = parse_line(line, size, since_us);

        if (reason != MSK_SHUTOFF_UNKNOWN) {
            last = reason;
        }
        line += size + 1;
    }
    return last;
}

static ssize_t
read_tail(int fd, char *buffer)
{
    struct stat status;
    off_t offset;

    if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
        return -1;
    }
    offset = status.st_size > TAIL_BYTES ? status.st_size - TAIL_BYTES : 0;
    return TEMP_FAILURE_RETRY(pread(fd, buffer, TAIL_BYTES, offset));
}

MskShutoffReason
msk_domain_log_read(const char *dir, const char *name, int64_t since_us)
{
    g_autofree char *file = g_strconcat(name, ".log", NULL);
    g_autofree char *path = g_build_filename(dir, file, NULL);
    g_autofree char *buffer = NULL;
    ssize_t length;
    int fd;

    if (strchr(name, '/') != NULL) {
        return MSK_SHUTOFF_UNKNOWN;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return MSK_SHUTOFF_UNKNOWN;
    }
    buffer = g_malloc(TAIL_BYTES);
    length = read_tail(fd, buffer);
    (void) close(fd); /* nothing was written to it */
    return length > 0 ? msk_domain_log_parse(buffer, (size_t) length, since_us)
                      : MSK_SHUTOFF_UNKNOWN;
}
