/* SPDX-License-Identifier: Apache-2.0 */
#include "io/inflate.h"

#include <string.h>
#include <zlib.h>

#define LIMIT 100000

/* As Python's zlib.compress() writes them. */
static const uint8_t hello[] = {0x78, 0x9c, 0xcb, 0x48, 0xcd, 0xc9, 0xc9,
                                0x07, 0x00, 0x06, 0x2c, 0x02, 0x15};
static void
test_what_is_whole(void)
{
    g_autoptr(GByteArray) out = msk_inflate(hello, sizeof hello, LIMIT);

    g_assert_nonnull(out);
    g_assert_cmpmem(out->data, out->len, "hello", 5);
}

static void
test_what_is_not(void)
{
    for (size_t length = 0; length < sizeof hello; length++) {
        g_assert_null(msk_inflate(hello, length, LIMIT));
    }
    static const size_t places[] = {0, 3, sizeof hello - 1}; /* the head, the text, the sum */

    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        uint8_t damaged[sizeof hello];

        memcpy(damaged, hello, sizeof hello);
        damaged[places[i]] ^= 0x10;
        g_assert_null(msk_inflate(damaged, sizeof damaged, LIMIT));
    }
}

static void
test_the_limit(void)
{
    g_autofree uint8_t *plain = g_malloc0(LIMIT); /* becomes a few bytes */
    uint8_t packed[1000];
    uLongf length = sizeof packed;

    g_assert_cmpint(compress(packed, &length, plain, LIMIT), ==, Z_OK);
    g_assert_null(msk_inflate(packed, length, LIMIT - 1));
    g_autoptr(GByteArray) out = msk_inflate(packed, length, LIMIT);

    g_assert_nonnull(out);
    g_assert_cmpmem(out->data, out->len, plain, LIMIT);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inflate/what_is_whole", test_what_is_whole);
    g_test_add_func("/inflate/what_is_not", test_what_is_not);
    g_test_add_func("/inflate/the_limit", test_the_limit);
    return g_test_run();
}
