/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * token_validator: whether a token that somebody sends is good, as Keystone says, remembered for a
 * while.
 *
 *   check ─▶ remembered? ─yes─▶ its end of life ─▶ answer
 *               │no
 *               ▼
 *        asked already? ─yes─▶ wait for that answer
 *               │no
 *               ▼
 *        Keystone failed last time, and somebody tries? ─yes─▶ unavailable, at once
 *               │no
 *               ▼
 *        ask Keystone ─▶ good ones are remembered, bad ones are not
 *
 * A revoked token is refused cache_time after it was seen last at Keystone. The tokens themselves
 * are not kept, only their SHA-256.
 *
 * Threads: any number at once.
 * Source: keystonemiddleware auth_token (_identity.py, _cache.py); Identity API v3, "Validate
 * token".
 */

#include "cloud/keystone_session.h"

typedef struct {
    unsigned cache_time_s; /* 0: nothing is remembered */
    unsigned max_tokens;   /* remembered, fewer large ones; the oldest are forgotten first */
    unsigned timeout_ms;   /* for one answer, with all tries */
    unsigned max_retries;  /* when Keystone cannot be reached */
    const char *interface; /* "internal", of the identity endpoint of the catalogue */
    const char *region;    /* (nullable) of the same */
    /* (nullable) our type in the catalogue, of which tokens with access rules keep just that */
    const char *service_type;
} MskTokenValidatorOptions;

typedef struct MskTokenValidator MskTokenValidator;

/**
 * msk_token_validator_new:
 * @session: (transfer full) of the user who asks.
 * @options: copied.
 */
MskTokenValidator *msk_token_validator_new(MskKeystoneSession *session,
                                           const MskTokenValidatorOptions *options);
/** msk_token_validator_free: no check may be under way. @self: (nullable) */
void msk_token_validator_free(MskTokenValidator *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskTokenValidator, msk_token_validator_free)

typedef enum {
    MSK_TOKEN_GOOD,
    MSK_TOKEN_BAD,         /* forged, revoked, or over */
    MSK_TOKEN_UNAVAILABLE, /* Keystone has not said; see the error */
} MskTokenVerdict;

/**
 * msk_token_validator_check:
 * @token: as it was sent.
 * @allow_expired: whether its life may be over (as a service may ask).
 * @ret: (out) (transfer full) for %MSK_TOKEN_GOOD; its id is "".
 * @error: why Keystone has not said, for %MSK_TOKEN_UNAVAILABLE: %MSK_ERROR_UNAVAILABLE, or
 *   %MSK_ERROR_DENIED and others when our own user is refused. Nothing else sets it.
 *
 * Blocks, no longer than the options' timeout.
 */
MskTokenVerdict msk_token_validator_check(MskTokenValidator *self, const char *token,
                                          bool allow_expired, MskKeystoneToken **ret,
                                          GError **error);
