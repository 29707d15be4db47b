/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/config_host.h"

#include <arpa/inet.h>
#include <glib.h>

#define HOST_NAME_MAX_BYTES 253
#define LABEL_MAX_BYTES     63

static bool
is_label(const char *label)
{
    size_t length = strlen(label);

    if (length == 0 || length > LABEL_MAX_BYTES || label[0] == '-' || label[length - 1] == '-') {
        return false;
    }
    for (const char *p = label; *p != '\0'; p++) {
        if (!g_ascii_isalnum(*p) && *p != '-') {
            return false;
        }
    }
    return true;
}

static bool
is_host_name(const char *text)
{
    size_t length = strlen(text);
    g_autofree char *name = NULL;
    g_auto(GStrv) labels = NULL;
    const char *last = "";

    if (length == 0 || length > HOST_NAME_MAX_BYTES) {
        return false;
    }
    name = g_strndup(text, length - (text[length - 1] == '.'));
    labels = g_strsplit(name, ".", -1);
    for (char **label = labels; *label != NULL; label++) {
        if (!is_label(*label)) {
            return false;
        }
        last = *label;
    }
    return strpbrk(last, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-") != NULL;
}

bool
msk_is_host_address(const char *text)
{
    unsigned char address[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1 ||
           is_host_name(text);
}

bool
msk_is_uri(const char *text)
{
    const char *host = strstr(text, "://");

    if (host == NULL || !g_ascii_isalpha(text[0])) {
        return false;
    }
    for (const char *p = text; p < host; p++) {
        if (!g_ascii_isalnum(*p) && strchr("+-.", *p) == NULL) {
            return false;
        }
    }
    host += strlen("://");
    for (const char *p = host; *p != '\0'; p++) {
        if (!g_ascii_isgraph(*p) || strchr("\"<>\\^`{|}", *p) != NULL) {
            return false;
        }
    }
    if (strchr(host, '@') != NULL && strchr(host, '@') < host + strcspn(host, "/?#")) {
        host = strchr(host, '@') + 1;
    }
    return strcspn(host, "/?#:") > 0;
}
