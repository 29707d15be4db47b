/* SPDX-License-Identifier: Apache-2.0 */

/* What a message bus may deliver: envelopes and requests of oslo.messaging. */

#include "fuzz.h"

#include "base/error.h"
#include "oslo/rpc_envelope.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    json_auto_t *message = msk_rpc_open((const char *) data, size, &error);

    if (message == NULL) {
        g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
        return 0;
    }
    g_autoptr(MskRpcRequest) request = msk_rpc_request_read(message, &error);

    if (request == NULL) {
        g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
        return 0;
    }
    json_auto_t *copy = msk_rpc_cast_new(request->method, request->version,
                                         json_incref(request->args), request->context);
    g_autofree char *body = msk_rpc_seal(copy);
    json_auto_t *again = msk_rpc_open(body, strlen(body), NULL);

    g_assert_true(json_equal(copy, again));
    return 0;
}
