/* SPDX-License-Identifier: Apache-2.0 */

/* A body is read, judged by every schema, and what is written of it is read as the same. */

#include "fuzz.h"

#include "api/json_schema.h"
#include "api/json_text.h"
#include "api/python_repr.h"
#include "api/schemas.h"

static const MskRule *const schemas[] = {
    msk_schema_segment_create,      msk_schema_segment_create_v12,   msk_schema_segment_update,
    msk_schema_segment_update_v12,  msk_schema_host_create,          msk_schema_host_update,
    msk_schema_notification_create, msk_schema_payload_compute_host, msk_schema_payload_process,
    msk_schema_payload_vm,
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(MskJson) value = msk_json_parse(size == 0 ? "" : (const char *) data, size);

    if (value == NULL) {
        return 0;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(schemas); i++) {
        g_autoptr(GString) message = msk_schema_check(schemas[i], value);

        g_assert_true(message == NULL || message->len > 0);
    }
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GString) again = g_string_new(NULL);
    g_autoptr(GString) repr = g_string_new(NULL);

    msk_python_repr(repr, value);
    msk_json_append_value(text, value);
    g_assert_true(g_str_is_ascii(text->str));
    g_autoptr(MskJson) copy = msk_json_parse(text->str, text->len);

    g_assert_nonnull(copy);
    msk_json_append_value(again, copy);
    g_assert_cmpstr(again->str, ==, text->str);
    return 0;
}
