/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/database_url.h"

#include "base/error.h"
#include "base/percent.h"

#include <string.h>

#define DEFAULT_PORT 3306
#define WHERE        "[database] connection: "

bool
msk_database_url_is(const char *text)
{
    static const char *const dialects[] = {"mysql", "mariadb"};

    for (size_t i = 0; i < G_N_ELEMENTS(dialects); i++) {
        size_t length = strlen(dialects[i]);

        if (strncmp(text, dialects[i], length) == 0 &&
            (text[length] == ':' || text[length] == '+')) {
            return true;
        }
    }
    return false;
}

void
msk_database_url_free(MskDatabaseUrl *self)
{
    if (self == NULL) {
        return;
    }
    if (self->password != NULL) {
        explicit_bzero(self->password, strlen(self->password));
    }
    g_free(self->user);
    g_free(self->password);
    g_free(self->host);
    g_free(self->database);
    g_free(self->unix_socket);
    g_free(self->ssl_ca);
    g_free(self->ssl_capath);
    g_free(self->ssl_cert);
    g_free(self->ssl_key);
    g_free(self->ssl_cipher);
    g_free(self->bind_address);
    g_clear_pointer(&self->init_commands, g_ptr_array_unref);
    g_free(self);
}

static bool
refuse(GError **error, const char *what)
{
    g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, WHERE "%s", what);
    return false;
}

/* @text of @length, percent-decoded. @ret: (transfer full) */
static bool
decode(const char *text, size_t length, const char *part, char **ret, GError **error)
{
    char *decoded = msk_percent_decode(text, length);

    if (decoded == NULL) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    WHERE "the %s is no text once it is decoded; write '%%' as %%25", part);
        return false;
    }
    g_free(*ret);
    *ret = decoded;
    return true;
}

/*
 * "user[:password]@", as SQLAlchemy finds it: a password may hold '/' and ':' but no '@', and a
 * user '@' but neither of them.
 * @ret_rest: (out) what comes behind it, or @text where there is none.
 */
static bool
read_user(MskDatabaseUrl *self, const char *text, const char **ret_rest, GError **error)
{
    const char *colon = text + strcspn(text, ":/");
    const char *at = *colon == ':' ? strchr(colon, '@') : NULL;
    bool has_password = at != NULL;
    const char *end = has_password ? colon : memrchr(text, '@', (size_t) (colon - text));

    *ret_rest = text;
    if (end == NULL) {
        return true;
    }
    *ret_rest = has_password ? at + 1 : end + 1;
    return decode(text, (size_t) (end - text), "user", &self->user, error) &&
           (!has_password ||
            decode(colon + 1, (size_t) (at - colon - 1), "password", &self->password, error));
}

static bool
read_port(MskDatabaseUrl *self, const char *text, GError **error)
{
    guint64 port = 0;

    if (*text == '\0') {
        return true;
    }
    if (!g_ascii_string_to_unsigned(text, 10, 1, 65535, &port, NULL)) {
        return refuse(error, "the port has to be a number from 1 to 65535");
    }
    self->port = (unsigned) port;
    return true;
}

/* "host[:port]" or "[ipv6][:port]" */
static bool
read_host(MskDatabaseUrl *self, const char *text, GError **error)
{
    const char *end = text + strcspn(text, ":");
    const char *start = text;

    if (*text == '[') {
        start = text + 1;
        end = strchr(text, ']');
        if (end == NULL || (end[1] != '\0' && end[1] != ':')) {
            return refuse(error, "an IPv6 address has to stand in [ and ]");
        }
    }
    if (end > start) {
        g_free(self->host);
        self->host = g_strndup(start, (size_t) (end - start));
    }
    end += *end == ']';
    return read_port(self, *end == ':' ? end + 1 : end, error);
}

static bool
read_seconds(const char *name, const char *value, unsigned *ret, GError **error)
{
    guint64 seconds = 0;

    if (!g_ascii_string_to_unsigned(value, 10, 1, 86400, &seconds, NULL)) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    WHERE "%s has to be a number of seconds from 1 to 86400", name);
        return false;
    }
    *ret = (unsigned) seconds;
    return true;
}

static bool
read_flag(const char *name, const char *value, bool *ret, GError **error)
{
    static const char *const yes[] = {"true", "1", "yes", "on", "required", NULL};
    static const char *const no[] = {"false", "0", "no", "off", NULL};
    g_autofree char *folded = g_ascii_strdown(value, -1);

    *ret = g_strv_contains(yes, folded);
    if (!*ret && !g_strv_contains(no, folded)) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, WHERE "%s has to be true or false", name);
        return false;
    }
    return true;
}

typedef struct {
    MskDatabaseUrl *url;
    bool verify_given; /* by ssl_verify_* */
    bool verify;
    bool name_check;    /* ssl_check_hostname=true, or ssl_verify_identity=true */
    bool no_name_check; /* ssl_check_hostname=false */
    bool disabled;      /* ssl_disabled=true */
} Query;

static bool
read_tls_flag(Query *query, const char *name, const char *value, GError **error)
{
    bool flag = false;

    if (!read_flag(name, value, &flag, error)) {
        return false;
    }
    if (g_str_equal(name, "ssl_disabled")) {
        query->disabled = flag;
        return true;
    }
    query->url->tls = query->url->tls || flag || !g_str_equal(name, "ssl");
    if (g_str_equal(name, "ssl_check_hostname")) {
        query->no_name_check = !flag;
        query->name_check = query->name_check || flag;
    } else if (!g_str_equal(name, "ssl")) {
        query->verify_given = true;
        query->verify = query->verify || flag;
        query->name_check = query->name_check || (flag && g_str_equal(name, "ssl_verify_identity"));
    }
    return true;
}

static bool
read_parameter(Query *query, const char *name, char **value, GError **error)
{
    MskDatabaseUrl *url = query->url;
    static const char *const charsets[] = {"utf8", "utf8mb3", "utf8mb4", NULL};
    /* They change nothing that a program here could see. */
    static const char *const ignored[] = {
        "use_unicode",  "local_infile", "binary_prefix", "max_allowed_packet",
        "program_name", "client_flag",  "autocommit",    NULL};
    static const char *const flags[] = {
        "ssl", "ssl_verify_cert", "ssl_verify_identity", "ssl_check_hostname", "ssl_disabled",
        NULL};
    const struct {
        const char *name;
        char **text;
        unsigned *seconds;
        bool tls;
    } rows[] = {
        {"connect_timeout", NULL, &url->connect_timeout_s, false},
        {"read_timeout", NULL, &url->read_timeout_s, false},
        {"write_timeout", NULL, &url->write_timeout_s, false},
        {"unix_socket", &url->unix_socket, NULL, false},
        {"bind_address", &url->bind_address, NULL, false},
        {"ssl_ca", &url->ssl_ca, NULL, true},
        {"ssl_capath", &url->ssl_capath, NULL, true},
        {"ssl_cert", &url->ssl_cert, NULL, true},
        {"ssl_key", &url->ssl_key, NULL, true},
        {"ssl_cipher", &url->ssl_cipher, NULL, true},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (!g_str_equal(name, rows[i].name)) {
            continue;
        }
        if (rows[i].seconds != NULL) {
            return read_seconds(name, *value, rows[i].seconds, error);
        }
        url->tls = url->tls || rows[i].tls;
        g_free(*rows[i].text);
        *rows[i].text = g_steal_pointer(value);
        return true;
    }
    if (g_strv_contains(flags, name)) {
        return read_tls_flag(query, name, *value, error);
    }
    if (g_str_equal(name, "init_command")) {
        g_ptr_array_add(url->init_commands, g_steal_pointer(value));
        return true;
    }
    if (g_str_equal(name, "charset")) {
        return g_strv_contains(charsets, *value) ||
               refuse(error, "charset has to be utf8mb4, utf8mb3 or utf8");
    }
    if (!g_strv_contains(ignored, name)) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    WHERE
                    "unknown parameter '%s'; known are "
                    "charset, connect_timeout, read_timeout, write_timeout, unix_socket, "
                    "bind_address, init_command, ssl, ssl_disabled, ssl_ca, ssl_capath, ssl_cert, "
                    "ssl_key, ssl_cipher, ssl_verify_cert, ssl_verify_identity and "
                    "ssl_check_hostname",
                    name);
        return false;
    }
    return true;
}

static bool
read_pair(Query *query, char *pair, GError **error)
{
    g_autofree char *name = NULL;
    g_autofree char *value = NULL;
    size_t name_length = strcspn(pair, "=");

    (void) g_strdelimit(pair, "+", ' ');
    const char *given = pair + name_length + (pair[name_length] == '=');

    return decode(pair, name_length, "query", &name, error) &&
           decode(given, strlen(given), "query", &value, error) &&
           (*value == '\0' || read_parameter(query, name, &value, error));
}

/* What the parameters of TLS mean together. */
static bool
settle_tls(MskDatabaseUrl *self, const Query *query, GError **error)
{
    bool has_authority = self->ssl_ca != NULL || self->ssl_capath != NULL;

    self->tls = self->tls && !query->disabled;
    self->verify_cert = self->tls && (query->verify_given ? query->verify : has_authority);
    /* As in PyMySQL: with ssl_verify_cert, the name is a matter of ssl_verify_identity. Without an
     * authority of one's own, whoever has any certificate at all would do then. */
    self->verify_name = self->verify_cert && !query->no_name_check &&
                        (!query->verify_given || query->name_check || !has_authority);
    if (self->verify_cert && !self->verify_name && !has_authority) {
        return refuse(error, "ssl_check_hostname=false needs ssl_ca or ssl_capath, as it is the "
                             "authority alone that is checked then");
    }
    if (self->ssl_cert != NULL && self->ssl_key == NULL) {
        self->ssl_key = g_strdup(self->ssl_cert); /* as OpenSSL has it: one file for both */
    }
    return true;
}

static bool
read_query(MskDatabaseUrl *self, const char *text, GError **error)
{
    g_auto(GStrv) pairs = g_strsplit(text, "&", -1);
    Query query = {.url = self};

    for (size_t i = 0; pairs[i] != NULL; i++) {
        if (*pairs[i] != '\0' && !read_pair(&query, pairs[i], error)) {
            return false;
        }
    }
    return settle_tls(self, &query, error);
}

static bool
read_place(MskDatabaseUrl *self, const char *text, GError **error)
{
    if (!read_user(self, text, &text, error)) {
        return false;
    }
    size_t host_length = strcspn(text, "/?");
    g_autofree char *host = g_strndup(text, host_length);
    const char *path = text + host_length + (text[host_length] == '/');
    size_t path_length = strcspn(path, "?");

    if (!read_host(self, host, error)) {
        return false;
    }
    if (path_length == 0) {
        return refuse(error, "it names no database; write …@host/masakari");
    }
    self->database = g_strndup(path, path_length);
    return path[path_length] == '\0' || read_query(self, path + path_length + 1, error);
}

MskDatabaseUrl *
msk_database_url_parse(const char *text, GError **error)
{
    g_autoptr(MskDatabaseUrl) self = g_new0(MskDatabaseUrl, 1);
    const char *rest = strstr(text, "://");

    self->init_commands = g_ptr_array_new_with_free_func(g_free);
    self->host = g_strdup("localhost");
    self->port = DEFAULT_PORT;
    if (!msk_database_url_is(text) || rest == NULL || !g_utf8_validate(text, -1, NULL)) {
        (void) refuse(error, "it has to begin with mysql+pymysql:// and be UTF-8");
        return NULL;
    }
    return read_place(self, rest + 3, error) ? g_steal_pointer(&self) : NULL;
}

char *
msk_database_url_name(const MskDatabaseUrl *self)
{
    const char *user = self->user != NULL ? self->user : "";
    bool is_v6 = strchr(self->host, ':') != NULL;

    if (self->unix_socket != NULL) {
        return g_strdup_printf("%s@%s:%s", user, self->unix_socket, self->database);
    }
    return g_strdup_printf("%s@%s%s%s:%u/%s", user, is_v6 ? "[" : "", self->host, is_v6 ? "]" : "",
                           self->port, self->database);
}

char *
msk_database_url_extend(const char *text, const char *parameters)
{
    g_autoptr(MskDatabaseUrl) scratch = g_new0(MskDatabaseUrl, 1);
    const char *scheme = strstr(text, "://");
    const char *place = scheme != NULL ? scheme + strlen("://") : text;

    /* A password may hold a question mark. What cannot be read is refused by whoever parses it. */
    (void) read_user(scratch, place, &place, NULL);
    return g_strconcat(text, strchr(place, '?') != NULL ? "&" : "?", parameters, NULL);
}
