/* SPDX-License-Identifier: Apache-2.0 */

/*
 * clock_shift: a preloaded library that lets the time of day of one program jump. It adds the
 * seconds in the file $MSK_CLOCK_SHIFT, a 64-bit number in this machine's byte order that may
 * change at any moment, to what CLOCK_REALTIME says. No other clock is touched, just as when a
 * person sets a real one.
 */

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *shift_s;

__attribute__((constructor)) static void
load(void)
{
    const char *path = getenv("MSK_CLOCK_SHIFT");
    int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    void *map = MAP_FAILED;

    if (fd >= 0) {
        map = mmap(NULL, sizeof *shift_s, PROT_READ, MAP_SHARED, fd, 0);
        (void) close(fd); /* the map keeps what it needs */
    }
    if (map == MAP_FAILED) {
        abort(); /* a test without its clock proves nothing */
    }
    shift_s = map;
}

/* What the program finds under the names of the C library. */
int shifted_clock_gettime(clockid_t clock, struct timespec *ret) __asm__("clock_gettime");
int shifted_gettimeofday(struct timeval *ret, void *zone) __asm__("gettimeofday");
time_t shifted_time(time_t *ret) __asm__("time");

int
shifted_clock_gettime(clockid_t clock, struct timespec *ret)
{
    int result = (int) syscall(SYS_clock_gettime, clock, ret);

    if (result == 0 && shift_s != NULL &&
        (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        ret->tv_sec += *shift_s;
    }
    return result;
}

int
shifted_gettimeofday(struct timeval *ret, void *zone)
{
    struct timespec now;

    (void) zone;
    if (shifted_clock_gettime(CLOCK_REALTIME, &now) != 0) {
        return -1;
    }
    ret->tv_sec = now.tv_sec;
    ret->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t
shifted_time(time_t *ret)
{
    struct timespec now;

    if (shifted_clock_gettime(CLOCK_REALTIME, &now) != 0) {
        return -1;
    }
    if (ret != NULL) {
        *ret = now.tv_sec;
    }
    return now.tv_sec;
}
