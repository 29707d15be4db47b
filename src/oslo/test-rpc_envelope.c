/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/rpc_envelope.h"

#include <string.h>

#include "base/error.h"

static json_t *
parse(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

    g_assert_nonnull(value);
    return value;
}

static json_t *
open_text(const char *body, GError **error)
{
    return msk_rpc_open(body, strlen(body), error);
}

static void
test_seal_and_open(void)
{
    json_auto_t *context = parse("{\"user\": \"me\", \"roles\": [\"a\"], \"x\": null}");
    json_auto_t *cast = msk_rpc_cast_new("ping", "1.0", parse("{\"a\": 1}"), context);
    g_autofree char *body = msk_rpc_seal(cast);
    json_auto_t *envelope = parse(body);
    json_auto_t *message = open_text(body, NULL);
    g_autoptr(MskRpcRequest) request = msk_rpc_request_read(message, NULL);

    g_assert_cmpuint(json_object_size(envelope), ==, 2);
    g_assert_cmpstr(json_string_value(json_object_get(envelope, "oslo.version")), ==, "2.0");
    g_assert_cmpstr(request->method, ==, "ping");
    g_assert_cmpstr(request->version, ==, "1.0");
    g_assert_cmpuint(strlen(request->unique_id), ==, 32);
    g_assert_null(request->msg_id);
    g_assert_null(request->space);
    g_assert_true(json_equal(request->context, context));
    g_assert_cmpint(json_integer_value(json_object_get(request->args, "a")), ==, 1);
    g_assert_null(json_object_get(message, "namespace"));
}

/* What is put together by hand is, byte for byte, what jansson writes. */
static void
test_text_within_text(void)
{
    static const char *const texts[] = {"",        "plain",         "\"",      "\\", "\\\"",
                                        "a\"b\\c", "\x01\n\t\x7f/", "\xc3\xa9"};

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        json_auto_t *message = json_pack("{s:s}", "text", texts[i]);
        g_autofree char *body = msk_rpc_seal(message);
        json_auto_t *envelope = parse(body);
        char *expected = json_dumps(envelope, JSON_COMPACT);
        json_auto_t *opened = open_text(body, NULL);

        g_assert_cmpstr(body, ==, expected);
        g_assert_cmpstr(json_string_value(json_object_get(opened, "text")), ==, texts[i]);
        free(expected);
    }
}

static void
test_call(void)
{
    json_auto_t *message = open_text(
        "{\"oslo.version\": \"2.0\", \"oslo.message\": \"{\\\"method\\\": \\\"m\\\", "
        "\\\"_msg_id\\\": \\\"i\\\", \\\"_reply_q\\\": \\\"q\\\", \\\"_timeout\\\": null, "
        "\\\"namespace\\\": \\\"n\\\"}\"}",
        NULL);
    g_autoptr(MskRpcRequest) request = msk_rpc_request_read(message, NULL);

    g_assert_cmpstr(request->msg_id, ==, "i");
    g_assert_cmpstr(request->reply_q, ==, "q");
    g_assert_cmpstr(request->space, ==, "n");
    g_assert_cmpstr(request->version, ==, "1.0");
    g_assert_cmpuint(json_object_size(request->args), ==, 0);
}

static void
test_without_envelope(void)
{
    json_auto_t *message = open_text("{\"method\": \"m\", \"args\": {}}", NULL);
    g_autofree char *bare = msk_rpc_seal_bare(message);
    json_auto_t *again = open_text(bare, NULL);

    g_assert_true(json_equal(message, again));
}

static void
test_bad_bodies(void)
{
    static const char *const bodies[] = {
        "",
        "x",
        "[]",
        "{",
        "1",
        "{\"oslo.version\": \"2.0\", \"oslo.message\": {}}",
        "{\"oslo.version\": \"3.0\", \"oslo.message\": \"{}\"}",
        "{\"oslo.version\": 2, \"oslo.message\": \"{}\"}",
        "{\"oslo.version\": \"2.0\", \"oslo.message\": \"[]\"}",
        "{\"oslo.version\": \"2.0\", \"oslo.message\": \"\"}",
        "{\"a\": 1, \"a\": 2}",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(bodies); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(open_text(bodies[i], &error));
        g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
    }
}

static void
test_deep_body(void)
{
    g_autofree char *deep = g_strnfill(100000, '[');
    g_autofree char *body = g_strconcat("{\"a\":", deep, NULL);
    g_autoptr(GError) error = NULL;

    g_assert_null(open_text(body, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
}

static void
test_bad_requests(void)
{
    static const char *const requests[] = {
        "{}",
        "{\"method\": 1}",
        "{\"method\": null}",
        "{\"method\": \"m\", \"args\": []}",
        "{\"method\": \"m\", \"version\": 1}",
        "{\"method\": \"m\", \"_msg_id\": {}}",
        "{\"method\": \"m\", \"_reply_q\": 7}",
        "{\"method\": \"m\", \"_unique_id\": []}",
        "{\"method\": \"m\", \"namespace\": true}",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
        json_auto_t *message = parse(requests[i]);
        g_autoptr(GError) error = NULL;

        g_assert_null(msk_rpc_request_read(message, &error));
        g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
    }
}

static void
test_replies(void)
{
    json_auto_t *good = msk_rpc_reply_new("id", parse("[1]"), NULL);
    json_auto_t *empty = msk_rpc_reply_new("id", NULL, NULL);
    json_auto_t *bad = msk_rpc_reply_new("id", NULL, msk_rpc_failure_no_method("fly"));
    json_auto_t *failure = parse(json_string_value(json_object_get(bad, "failure")));
    json_auto_t *wanted =
        parse("{\"result\": [1], \"failure\": null, \"ending\": true, \"_msg_id\": \"id\"}");

    g_assert_true(json_equal(good, wanted));
    g_assert_true(json_is_null(json_object_get(empty, "result")));
    g_assert_cmpstr(json_string_value(json_object_get(failure, "class")), ==, "NoSuchMethod");
    g_assert_cmpstr(json_string_value(json_object_get(failure, "message")), ==,
                    "Endpoint does not support RPC method fly");
    g_assert_cmpuint(json_array_size(json_object_get(failure, "tb")), ==, 1);
    g_assert_cmpuint(json_array_size(json_object_get(failure, "args")), ==, 1);
    g_assert_cmpuint(json_object_size(json_object_get(failure, "kwargs")), ==, 0);
}

static void
test_version_failure(void)
{
    json_auto_t *failure = msk_rpc_failure_version("2.0", "fly");

    g_assert_cmpstr(json_string_value(json_object_get(failure, "message")), ==,
                    "Endpoint does not support RPC version 2.0. Attempted method: fly");
    g_assert_cmpstr(json_string_value(json_object_get(failure, "module")), ==,
                    "oslo_messaging.rpc.dispatcher");
}

static void
test_versions(void)
{
    static const struct {
        const char *ours;
        const char *wanted;
        bool served;
    } cases[] = {
        {"1.1", "1.0", true},  {"1.1", "1.1", true},   {"1.1", "1.2", false}, {"1.1", "2.0", false},
        {"2.0", "1.0", false}, {"1.1", "1.0.5", true}, {"1.1", "1", false},   {"1.1", "", false},
        {"1.1", "x.y", false}, {"1.1", "1.-1", false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_cmpint(msk_rpc_version_serves(cases[i].ours, cases[i].wanted), ==,
                        cases[i].served);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rpc_envelope/seal", test_seal_and_open);
    g_test_add_func("/rpc_envelope/text_within_text", test_text_within_text);
    g_test_add_func("/rpc_envelope/call", test_call);
    g_test_add_func("/rpc_envelope/bare", test_without_envelope);
    g_test_add_func("/rpc_envelope/bad-bodies", test_bad_bodies);
    g_test_add_func("/rpc_envelope/deep", test_deep_body);
    g_test_add_func("/rpc_envelope/bad-requests", test_bad_requests);
    g_test_add_func("/rpc_envelope/replies", test_replies);
    g_test_add_func("/rpc_envelope/version-failure", test_version_failure);
    g_test_add_func("/rpc_envelope/versions", test_versions);
    return g_test_run();
}
