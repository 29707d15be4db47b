/* SPDX-License-Identifier: Apache-2.0 */
#include "api/json_schema.h"

#include "api/python_repr.h"
#include "api/schemas.h"
#include "api/unicode_print.h"

#include <string.h>

/* Made by tests/contract/make_bodies.py with python-jsonschema. */
#define CASES_VARIABLE "MSK_TEST_BODIES"

static const struct {
    const char *name;
    const MskRule *rules;
} schemas[] = {
    {"segment_create", msk_schema_segment_create},
    {"segment_create_v12", msk_schema_segment_create_v12},
    {"segment_update", msk_schema_segment_update},
    {"segment_update_v12", msk_schema_segment_update_v12},
    {"host_create", msk_schema_host_create},
    {"host_update", msk_schema_host_update},
    {"notification_create", msk_schema_notification_create},
    {"payload_compute_host", msk_schema_payload_compute_host},
    {"payload_process", msk_schema_payload_process},
    {"payload_vm", msk_schema_payload_vm},
};

static const MskRule *
find_schema(const MskJson *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(schemas); i++) {
        if (msk_json_is_string(name, schemas[i].name)) {
            return schemas[i].rules;
        }
    }
    g_assert_not_reached();
}

/* The cases name the long expression of descriptions "<pattern>". */
static GString *
expand_pattern(const MskJson *message)
{
    static const char mark[] = "<pattern>";
    const char *pattern = msk_unicode_description_pattern();
    GString *out = g_string_new_len(message->text, (gssize) message->size);
    const char *found = memmem(out->str, out->len, mark, strlen(mark)); /* NULs may come first */

    if (found != NULL) {
        g_autoptr(GString) repr = g_string_new(NULL);
        gssize place = found - out->str;

        msk_python_repr_text(repr, pattern, strlen(pattern));
        g_string_erase(out, place, (gssize) strlen(mark));
        g_string_insert(out, place, repr->str);
    }
    return out;
}

static void
check_case(const MskJson *test)
{
    const MskJson *text = msk_json_member(test, "body");
    const MskJson *expected = msk_json_member(test, "message");
    g_autoptr(MskJson) body = msk_json_parse(text->text, text->size);

    g_assert_nonnull(body);
    g_autoptr(GString) got = msk_schema_check(find_schema(msk_json_member(test, "what")), body);

    g_test_message("%s", text->text);
    if (expected->type == MSK_JSON_NULL) {
        g_assert_null(got);
        return;
    }
    g_autoptr(GString) wanted = expand_pattern(expected);

    g_assert_nonnull(got);
    g_assert_cmpmem(got->str, got->len, wanted->str, wanted->len);
}

static void
test_messages_are_those_of_python(void)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    size_t size;

    g_assert_nonnull(g_getenv(CASES_VARIABLE));
    g_file_get_contents(g_getenv(CASES_VARIABLE), &text, &size, &error);
    g_assert_no_error(error);
    g_autoptr(MskJson) cases = msk_json_parse(text, size);

    g_assert_nonnull(cases);
    g_assert_cmpuint(cases->values->len, >, 1000);
    for (unsigned i = 0; i < cases->values->len; i++) {
        check_case(g_ptr_array_index(cases->values, i));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/json_schema/messages_are_those_of_python", test_messages_are_those_of_python);
    return g_test_run();
}
