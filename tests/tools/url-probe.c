/* SPDX-License-Identifier: Apache-2.0 */
/*
 * url-probe: reads connection strings, for the comparison with SQLAlchemy and oslo.messaging in
 * tests/cloud/test_url_parity.py. Each line of standard input is a kind and a URL, each of standard
 * output what it is:
 *
 *     database URL    {"user": s|null, "password": s|null, "host": s, "port": i, "database": s}
 *     transport URL   {"transport": s, "hosts": [[host, port, user|null, password|null]],
 *                      "virtual_host": s|null, "query": {k: s}}
 *     either          {"error": s}
 */
#include "oslo/database_url.h"
#include "oslo/transport_url.h"

#include <glib.h>
#include <jansson.h>

#include <stdio.h>
#include <string.h>

#define DATABASE  "database "
#define TRANSPORT "transport "

static json_t *
read_database(const char *text, GError **error)
{
    g_autoptr(MskDatabaseUrl) url = msk_database_url_parse(text, error);

    return url == NULL ? NULL
                       : json_pack("{s:s?, s:s?, s:s, s:i, s:s}", "user", url->user, "password",
                                   url->password, "host", url->host, "port", (int) url->port,
                                   "database", url->database);
}

static json_t *
read_transport(const char *text, GError **error)
{
    g_autoptr(MskTransportUrl) url = msk_transport_url_parse(text, error);
    GHashTableIter iter;
    void *name = NULL;
    void *value = NULL;

    if (url == NULL) {
        return NULL;
    }
    json_t *hosts = json_array();
    json_t *query = json_object();

    for (unsigned i = 0; i < url->hosts->len; i++) {
        const MskTransportHost *host = g_ptr_array_index(url->hosts, i);

        json_array_append_new(hosts, json_pack("[s, i, s?, s?]", host->host, (int) host->port,
                                               host->username, host->password));
    }
    g_hash_table_iter_init(&iter, url->query);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        json_object_set_new(query, name, json_string(value));
    }
    return json_pack("{s:s, s:o, s:s?, s:o}", "transport", url->transport, "hosts", hosts,
                     "virtual_host", url->virtual_host, "query", query);
}

int
main(void)
{
    char *line = NULL;
    size_t size = 0;

    while (getline(&line, &size, stdin) > 0) {
        g_autoptr(GError) error = NULL;
        json_auto_t *found;

        line[strcspn(line, "\n")] = '\0';
        found = g_str_has_prefix(line, DATABASE) ? read_database(line + strlen(DATABASE), &error)
                                                 : read_transport(line + strlen(TRANSPORT), &error);
        if (found == NULL) {
            found = json_pack("{s:s}", "error", error->message);
        }
        g_autofree char *text = json_dumps(found, JSON_ENSURE_ASCII);

        puts(text);
    }
    free(line); /* of getline() */
    return 0;
}
