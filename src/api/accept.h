/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * accept: what form of answer a client wants. The Python service decides that twice, in two ways:
 * its URL map for the answers of resources, WebOb for the errors of the stages around them.
 * Pure; any thread.
 * Source: upstream masakari/api/urlmap.py (Accept); WebOb 1.8 acceptparse.acceptable_offers.
 */

#include <stdbool.h>
#include <stddef.h>

/**
 * msk_accept_best:
 * @header: (nullable) the Accept header.
 * @offers: content types, the preferred first, ended by NULL.
 * @ret_version: (out) (transfer full) (nullable) the parameter "version" of the part that decided.
 *
 * Returns: (nullable) the one of @offers that the URL map picks.
 */
const char *msk_accept_best(const char *header, const char *const *offers, char **ret_version);

/**
 * msk_accept_offer:
 * @header: (nullable) the Accept header; NULL and "" accept nothing.
 * @offers: as of msk_accept_best().
 *
 * Returns: (nullable) the one of @offers that WebOb picks; the first one for a header that cannot
 *   be parsed.
 */
const char *msk_accept_offer(const char *header, const char *const *offers);

/** msk_content_type_version: Returns: (transfer full) (nullable) the parameter "version" of a
 *  Content-Type header; @header: (nullable). */
char *msk_content_type_version(const char *header);
