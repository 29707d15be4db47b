/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/transport_url.h"

#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "base/percent.h"

#define MAX_HOSTS 64

static void
host_free(void *data)
{
    MskTransportHost *host = data;

    g_free(host->host);
    g_free(host->username);
    g_free(host->password);
    g_free(host);
}

void
msk_transport_url_free(MskTransportUrl *self)
{
    if (self == NULL) {
        return;
    }
    g_free(self->transport);
    g_ptr_array_unref(self->hosts);
    g_free(self->virtual_host);
    g_hash_table_unref(self->query);
    g_free(self);
}

static bool
refuse(GError **error, const char *what)
{
    g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                "%s; the form is rabbit://user:password@host:port,…/virtual_host, with user, "
                "password and virtual host percent-encoded",
                what);
    return false;
}

static bool
decode(const char *text, size_t length, const char *what, char **ret, GError **error)
{
    g_autofree char *message = NULL;

    *ret = msk_percent_decode(text, length);
    if (*ret != NULL) {
        return true;
    }
    message = g_strdup_printf("the %s is no text once it is decoded", what);
    return refuse(error, message);
}

static bool
parse_port(const char *text, MskTransportHost *host, GError **error)
{
    int64_t port = 0;

    if (text[0] == '\0') {
        return true;
    }
    if (!msk_parse_int64(text, 1, UINT16_MAX, &port)) {
        return refuse(error, "the port is no number from 1 to 65535");
    }
    host->port = (uint16_t) port;
    return true;
}

/* @text: "host", "host:port", "[address]", "[address]:port", or an IPv6 address. No port behind a
 * colon is none. */
static bool
parse_place(const char *text, MskTransportHost *host, GError **error)
{
    const char *colon = strchr(text, ':');

    if (text[0] == '[') {
        const char *end = strchr(text, ']');

        if (end == NULL || (end[1] != '\0' && end[1] != ':')) {
            return refuse(error, "the brackets around an IPv6 address do not match");
        }
        host->host = g_strndup(text + 1, (size_t) (end - text - 1));
        return end[1] == '\0' || parse_port(end + 2, host, error);
    }
    if (colon == NULL || strchr(colon + 1, ':') != NULL) {
        host->host = g_strdup(text);
        return true;
    }
    host->host = g_strndup(text, (size_t) (colon - text));
    return parse_port(colon + 1, host, error);
}

static bool
parse_host(MskTransportUrl *self, const char *text, GError **error)
{
    MskTransportHost *host = g_new0(MskTransportHost, 1);
    const char *at = strrchr(text, '@');

    g_ptr_array_add(self->hosts, host);
    if (at != NULL) {
        const char *colon = memchr(text, ':', (size_t) (at - text));
        const char *end = colon == NULL ? at : colon;

        if (!decode(text, (size_t) (end - text), "user name", &host->username, error) ||
            (colon != NULL &&
             !decode(colon + 1, (size_t) (at - colon - 1), "password", &host->password, error))) {
            return false;
        }
        text = at + 1;
    }
    return parse_place(text, host, error);
}

static bool
parse_hosts(MskTransportUrl *self, const char *text, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    unsigned with_credentials = 0;

    for (char **part = parts; *part != NULL; part++) {
        if (**part == '\0') {
            continue;
        }
        if (self->hosts->len == MAX_HOSTS) {
            return refuse(error, "there are more than 64 hosts");
        }
        if (!parse_host(self, *part, error)) {
            return false;
        }
        const MskTransportHost *host = g_ptr_array_index(self->hosts, self->hosts->len - 1);

        with_credentials += host->username != NULL && host->password != NULL;
    }
    self->mixed_credentials = with_credentials != 0 && with_credentials != self->hosts->len;
    return true;
}

/* As parse_qs: fields without a value are left out, and repeated ones joined. */
static bool
parse_query(MskTransportUrl *self, const char *text, GError **error)
{
    g_auto(GStrv) fields = g_strsplit(text, "&", -1);

    for (char **field = fields; *field != NULL; field++) {
        char *equals = strchr(*field, '=');
        g_autofree char *name = NULL;
        g_autofree char *value = NULL;

        if (equals == NULL || equals[1] == '\0') {
            continue;
        }
        g_strdelimit(*field, "+", ' ');
        if (!decode(*field, (size_t) (equals - *field), "query", &name, error) ||
            !decode(equals + 1, strlen(equals + 1), "query", &value, error)) {
            return false;
        }
        const char *before = g_hash_table_lookup(self->query, name);
        char *joined = before == NULL ? g_strdup(value) : g_strconcat(before, ",", value, NULL);

        g_hash_table_insert(self->query, g_steal_pointer(&name), joined);
    }
    return true;
}

/* Returns: (transfer full) the transport; "" when there is none. */
static char *
take_scheme(const char *text, const char **ret_rest)
{
    const char *colon = strchr(text, ':');

    if (colon == NULL || !g_ascii_isalpha(text[0])) {
        return g_strdup("");
    }
    for (const char *c = text; c < colon; c++) {
        if (!g_ascii_isalnum(*c) && strchr("+-.", *c) == NULL) {
            return g_strdup("");
        }
    }
    *ret_rest = colon + 1;
    return g_ascii_strdown(text, colon - text);
}

MskTransportUrl *
msk_transport_url_parse(const char *text, GError **error)
{
    g_autoptr(MskTransportUrl) self = g_new0(MskTransportUrl, 1);
    const char *rest = text;

    self->hosts = g_ptr_array_new_with_free_func(host_free);
    self->query = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    self->transport = take_scheme(text, &rest);
    if (self->transport[0] == '\0') {
        (void) refuse(error, "there is no transport in front of a ':'");
        return NULL;
    }
    g_autofree char *work = g_strndup(rest, strcspn(rest, "#"));
    char *query = strchr(work, '?');
    char *path = work;

    if (query != NULL) {
        *query++ = '\0';
    }
    if (g_str_has_prefix(work, "//")) {
        path = work + 2 + strcspn(work + 2, "/");
    }
    if (*path == '/' &&
        !decode(path + 1, strlen(path + 1), "virtual host", &self->virtual_host, error)) {
        return NULL;
    }
    if (path != work) {
        g_autofree char *hosts = g_strndup(work + 2, (size_t) (path - work - 2));

        if (!parse_hosts(self, hosts, error)) {
            return NULL;
        }
    }
    if (query != NULL && !parse_query(self, query, error)) {
        return NULL;
    }
    return g_steal_pointer(&self);
}

bool
msk_transport_url_is_local(const MskTransportUrl *self)
{
    return strcmp(self->transport, "fake") == 0 || strcmp(self->transport, "local") == 0;
}
