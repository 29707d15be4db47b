/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * nova_link: one request to Nova and its answer: the endpoint from the catalogue, the microversion,
 * and what a refusal means in our error codes. Nothing is asked twice, but for a token that ended.
 *
 * The first request asks for the API's version; the answer is kept, so that a request costs one
 * call. It is asked for again after a 406.
 *
 * Threads: any number at once. Blocks.
 * Source: nova api-guide "Microversions", "Faults"; api-ref of the Compute API.
 */

#include "base/error.h"
#include "cloud/compute.h"
#include "io/http_session.h"

typedef struct MskNovaLink MskNovaLink;

/* The lowest microversion that this needs, and the one from which on migrations have uuids. */
#define MSK_NOVA_FLOOR      53
#define MSK_NOVA_MIGRATIONS 59

/** msk_nova_link_add_options: those below [DEFAULT] and [nova]. */
void msk_nova_link_add_options(MskConfigSchema *schema);

/** msk_nova_link_lacks: Returns: (transfer full) (nullable) which option is missing that every
 *  request needs; NULL when none is. */
char *msk_nova_link_lacks(MskConfig *config);

/** msk_nova_link_new: @error: %MSK_ERROR_INVALID with the option that is missing or of no use.
 *  Asks nobody. Returns: (transfer full) */
MskNovaLink *msk_nova_link_new(MskConfig *config, GError **error);

/** msk_nova_link_free: @self: (nullable) */
void msk_nova_link_free(MskNovaLink *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskNovaLink, msk_nova_link_free)

/** msk_nova_link_minor: Blocks when it is not known yet. @ret: (out) the highest 2.x that the API
 *  has, at least %MSK_NOVA_FLOOR. @error: %MSK_ERROR_INVALID when it is too old. */
bool msk_nova_link_minor(MskNovaLink *self, MskComputeCall *call, unsigned *ret, GError **error);

/** msk_nova_link_clock: Returns: how far Nova's clock is ahead of this machine's, to a second, as
 *  the last answer told; 0 before the first. */
int64_t msk_nova_link_clock(MskNovaLink *self);

typedef struct {
    const char *what;   /* for messages: "evacuate server X" */
    const char *method; /* "GET", or an order */
    const char *path;   /* behind the endpoint, escaped */
    const char *body;   /* (nullable) JSON */
    unsigned minor;     /* 0 is %MSK_NOVA_FLOOR */
    bool once;          /* must not reach Nova twice */
} MskNovaRequest;

/**
 * msk_nova_link_send:
 * @call: (inout) its out fields are set.
 * @ret: (out) (to be cleared) the answer, of a 2xx status.
 * @error: as in compute.h; a 400 is %MSK_ERROR_INVALID.
 */
bool msk_nova_link_send(MskNovaLink *self, MskComputeCall *call, const MskNovaRequest *request,
                        MskHttpReply *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** msk_nova_error_code: what an answer of @status, not a 2xx, means to the caller. */
MskErrorCode msk_nova_error_code(unsigned status);

/** msk_nova_effect_unknown: Returns: whether an order that got this answer may have been carried
 *  out all the same: a proxy that gave up waiting answers 504, Nova itself 500. */
bool msk_nova_effect_unknown(unsigned status);
