/* SPDX-License-Identifier: Apache-2.0 */

/*
 * die_at: a preloaded library that kills a program with SIGKILL at an exact moment around an order
 * to libvirt: $MSK_DIE_AT is "before-" or "after-", and "stop" or "start". Before: what the order
 * needs is stored, and it was not given. After: it was carried out, and nobody was told.
 */

#include <dlfcn.h>
#include <libvirt/libvirt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
die_if(const char *moment)
{
    const char *wanted = getenv("MSK_DIE_AT");

    if (wanted != NULL && strcmp(wanted, moment) == 0) {
        (void) kill(getpid(), SIGKILL); /* cannot fail */
    }
}

static int
call(const char *function, virDomainPtr domain, const char *before, const char *after)
{
    int (*real)(virDomainPtr) = NULL;
    void *symbol = dlsym(RTLD_NEXT, function);
    int result = -1;

    if (symbol == NULL) {
        abort(); /* a test without its moment proves nothing */
    }
    memcpy(&real, &symbol, sizeof real); /* C has no cast from an object to a function */
    die_if(before);
    result = real(domain);
    die_if(after);
    return result;
}

int
virDomainDestroy(virDomainPtr domain)
{
    return call("virDomainDestroy", domain, "before-stop", "after-stop");
}

int
virDomainCreate(virDomainPtr domain)
{
    return call("virDomainCreate", domain, "before-start", "after-start");
}
