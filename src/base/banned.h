/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * banned: calls that this project does not use, refused by the compiler in every file.
 * Bounded or checked replacements: g_strlcpy, g_strdup_printf, msk_parse_int64, posix_spawn.
 * The headers that declare them come first, so that only our own use is an error.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#ifdef MSK_WITH_MARIADB
#include <mysql.h> /* has strcpy in its macros; only for the driver's own files */
#endif

/* With clang and _FORTIFY_SOURCE, glibc makes macros of these, and a macro cannot be poisoned. */
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atol atoll gets popen usleep gmtime  \
    localtime
