/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * nova_json: what Nova's answers say, and what is said to it. No I/O.
 *
 * Threads: any.
 * Errors, of everything that parses: %MSK_ERROR_UNAVAILABLE when the text is not such an answer, as
 * a proxy's page with status 200 is not.
 * Source: api-ref of the Compute API 2.53 to 2.93.
 */

#include "cloud/cloud_records.h"
#include "model/recovery/server.h"

/**
 * msk_nova_parse_version:
 * @body: {"version": {"version": "2.93", ...}}
 * @ret_minor: (out) the 93; 0 when the API knows no microversions.
 */
bool msk_nova_parse_version(const char *body, size_t length, unsigned *ret_minor, GError **error);

/** msk_nova_parse_server: @body: {"server": {...}}. Returns: (transfer full) */
MskServer *msk_nova_parse_server(const char *body, size_t length, GError **error);

/**
 * msk_nova_parse_servers: one page.
 * @body: {"servers": [...], "servers_links": [{"rel": "next", ...}]}
 * @into: (inout) (element-type MskServer) the page's servers are added.
 * @ret_marker: (out) (transfer full) (nullable) the marker of the next page; NULL: this is the
 * last.
 * @error: also %MSK_ERROR_DENIED when the answer does not say on which hosts the servers are: Nova
 *   shows that to administrators only, and gives others their own servers, whatever the filter.
 */
bool msk_nova_parse_servers(const char *body, size_t length, GPtrArray *into, char **ret_marker,
                            GError **error);

/** msk_nova_parse_services: @body: {"services": [...]}. Returns: (transfer full) (element-type
 *  MskComputeService) */
GPtrArray *msk_nova_parse_services(const char *body, size_t length, GError **error);

/** msk_nova_parse_migrations: one page. @body: {"migrations": [...], "migrations_links": [...]};
 *  the others as of msk_nova_parse_servers(). */
bool msk_nova_parse_migrations(const char *body, size_t length, GPtrArray *into, char **ret_marker,
                               GError **error);

/** msk_nova_parse_aggregates: @body: {"aggregates": [...]}. Returns: (transfer full) (element-type
 *  MskAggregate) */
GPtrArray *msk_nova_parse_aggregates(const char *body, size_t length, GError **error);

/**
 * msk_nova_fault_text: what a refusal says.
 * @body: {"badRequest": {"code": 400, "message": s}} or any text.
 *
 * Returns: (transfer full) one line of at most 500 bytes; "no reason given" for nothing of use.
 */
char *msk_nova_fault_text(const char *body, size_t length);

/** msk_nova_is_item_not_found: Returns: whether Nova itself says with a 404 that it has no such
 *  thing, {"itemNotFound": {...}}; a proxy's page, and Nova's answer to a URL that leads nowhere,
 *  have another form. */
bool msk_nova_is_item_not_found(const char *body, size_t length);

/** msk_nova_action_body: Returns: (transfer full) {"@action": null} */
char *msk_nova_action_body(const char *action);

/** msk_nova_action_body_with: Returns: (transfer full) {"@action": {"@key": "@value"}}, or
 *  {"@action": {}} when @value is NULL. */
char *msk_nova_action_body_with(const char *action, const char *key, const char *value);

/** msk_nova_service_body: Returns: (transfer full) of PUT /os-services/{id}. */
char *msk_nova_service_body(const MskServiceChange *change);

/** msk_nova_http_date: @text: (nullable) "Mon, 23 Nov 2026 06:51:30 GMT". Returns: microseconds
 *  since the epoch; 0 when it is no such date. */
int64_t msk_nova_http_date(const char *text);
