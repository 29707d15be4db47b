/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http_head.h"

#define MAX_FIELDS 3

static const struct {
    const char *what;
    MskHttpHeader headers[MAX_FIELDS];
    const char *part; /* (nullable) of the complaint; NULL when the head is good */
} heads[] = {
    {"nothing", {{NULL, NULL}}, NULL},
    {"one host", {{"Host", "a"}}, NULL},
    {"two hosts", {{"Host", "a"}, {"host", "a"}}, "Host"},
    {"a length", {{"Content-Length", "0"}}, NULL},
    {"the largest length", {{"Content-Length", "999999999999999999"}}, NULL},
    {"a length too long", {{"Content-Length", "9999999999999999999"}}, "decimal"},
    {"an empty length", {{"Content-Length", ""}}, "decimal"},
    {"a signed length", {{"Content-Length", "+3"}}, "decimal"},
    {"a negative length", {{"Content-Length", "-3"}}, "decimal"},
    {"a hexadecimal length", {{"Content-Length", "0x3"}}, "decimal"},
    {"a list of lengths", {{"Content-Length", "3, 3"}}, "decimal"},
    {"two lengths", {{"Content-Length", "3"}, {"Content-Length", "3"}}, "more than once"},
    {"length and chunks",
     {{"content-length", "3"}, {"transfer-encoding", "chunked"}},
     "more than once"},
    {"chunks", {{"Transfer-Encoding", "Chunked"}}, NULL},
    {"chunks twice",
     {{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}},
     "more than once"},
    {"another encoding", {{"Transfer-Encoding", "gzip, chunked"}}, "chunked"},
    {"nearly chunked", {{"Transfer-Encoding", "xchunked"}}, "chunked"},
    {"chunks and a blank behind", {{"Transfer-Encoding", "chunked "}}, "chunked"},
    {"a length and a blank behind", {{"Content-Length", "3 "}}, "decimal"},
    {"space before the colon", {{"X ", "y"}}, "name"},
    {"empty name", {{"", "y"}}, "name"},
    {"letters beyond ASCII in a name", {{"\xc3\xa9", "y"}}, "name"},
    {"every sign of a name", {{"!#$%&'*+-.^_`|~09azAZ", "y"}}, NULL},
    {"carriage return", {{"X", "a\rY: b"}}, "control"},
    {"line feed", {{"X", "a\nb"}}, "control"},
    {"delete", {{"X", "a\x7f"}}, "control"},
    {"tab", {{"X", "a\tb"}}, NULL},
    {"bytes beyond ASCII", {{"X", "\xff\x80"}}, NULL},
    {"the bad one is the last", {{"Host", "a"}, {"X", "b"}, {"Y", "\x01"}}, "control"},
};

static void
test_heads(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(heads); i++) {
        size_t n = 0;

        while (n < MAX_FIELDS && heads[i].headers[n].name != NULL) {
            n++;
        }
        const char *why = msk_http_head_check(heads[i].headers, n);

        g_test_message("%s: %s", heads[i].what, why == NULL ? "good" : why);
        if (heads[i].part == NULL) {
            g_assert_null(why);
        } else {
            g_assert_nonnull(why);
            g_assert_nonnull(strstr(why, heads[i].part));
        }
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http_head/heads", test_heads);
    return g_test_run();
}
