/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * cors: tells browsers which pages of other origins may use the API, and what they may see.
 * Pure; any thread.
 * Source: oslo.middleware cors.py; https://fetch.spec.whatwg.org/#http-cors-protocol.
 */

#include "io/http_server.h"

/* The options of [cors]; lists end with NULL and are borrowed. */
typedef struct {
    const char *const *allowed_origins; /* "https://horizon.example.com", or "*" for all */
    const char *const *allow_methods;
    const char *const *allow_headers; /* besides those that are always allowed */
    const char *const *expose_headers;
    int64_t max_age_s; /* 0: not said */
    bool allow_credentials;
} MskCors;

/**
 * msk_cors_apply: adds what the browser has to know to the answer of a request. For the method
 * OPTIONS the answer is a preflight's, empty so far.
 */
void msk_cors_apply(const MskCors *self, const MskHttpRequest *request, MskHttpResponse *response);
