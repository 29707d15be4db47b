/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/config_file.h"

#include "base/error.h"

/* Entries as "line group.key=value|". */
static const struct {
    const char *text;
    const char *entries;
} good[] = {
    {"", ""},
    {"\n \t\n# c\n; c\n", ""},
    {"[a]\nx=1\n", "2 a.x=1|"},
    {"[a]\r\nx=1\r\ny=2\r\n", "2 a.x=1|3 a.y=2|"},
    {"[a]\rx=1\ry=2", "2 a.x=1|3 a.y=2|"},
    {"[A]\nX = 1\n[DEFAULT]\nx:2\n[Default]\nx=3", "2 a.X=1|4 DEFAULT.x=2|6 default.x=3|"},
    {"[a]\nx = y = z : w\n", "2 a.x=y = z : w|"},
    {"[a]\nx : y = z\n", "2 a.x=y = z|"},
    {"[a]\nx = \" quoted \"\ny='it''s'\nz=\"half\nw=\"\nv=\"\"\n",
     "2 a.x= quoted |3 a.y=it''s|4 a.z=\"half|5 a.w=|6 a.v=|"},
    {"[a]\nx = one\n  two \n\t# three\n\ny=4\n", "2 a.x=one\ntwo\n# three|6 a.y=4|"},
    {"[a]\nx =\n one\n", "2 a.x=\none|"},
    {"[a]\nx=1\nx=2\n[b]\n[a]\nx=3\n", "2 a.x=1|3 a.x=2|6 a.x=3|"},
    {"[ a ]\nx=1\n", "2  a .x=1|"},
    {"[a]]\nx=1\n", "2 a].x=1|"},
    {"[a]\nx\xc2\xa0=\xc2\xa0"
     "1\xe2\x80\x89\n",
     "2 a.x=1|"},
    {"[a]\nx=\x0b"
     "1\x1c\n",
     "2 a.x=1|"},
    {"[a]\nx= # no comment\n", "2 a.x=# no comment|"},
};

static const struct {
    const char *text;
    const char *message;
} bad[] = {
    {"x=1\n", "f:1: an option before the first section"},
    {"[a]\nx\n", "f:2: neither a section"},
    {"[a]\nx\ny=1\n", "f:2: neither a section"},
    {"[a]\n = 1\n", "f:2: an indented line"},
    {"[a]\n=1\n", "f:2: an option name is missing"},
    {"[a]\n\n  more\n", "f:3: an indented line"},
    {"[a]\nx=1\n# c\n  more\n", "f:4: an indented line"},
    {"[a\n", "f:1: a section must end"},
    {"[a] # c\n", "f:1: a section must end"},
    {"[]\n", "f:1: a section needs a name"},
    {"[\n", "f:1: a section must end"},
    {"\xef\xbb\xbf[a]\n", "f:1: begins with a byte order mark"},
    {"[a]\nx=\xff\n", "f:2: byte 0xff is not UTF-8"},
    {"[a]\nx=\xc3", "f:2: byte 0xc3 is not UTF-8"},
};

static void
test_good(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) entries =
            msk_config_file_parse("f", good[i].text, strlen(good[i].text), &error);
        g_autoptr(GString) out = g_string_new(NULL);

        g_assert_no_error(error);
        for (unsigned j = 0; j < entries->len; j++) {
            const MskConfigEntry *entry = g_ptr_array_index(entries, j);

            g_string_append_printf(out, "%u %s.%s=%s|", entry->line, entry->group, entry->key,
                                   entry->value);
        }
        g_assert_cmpstr(out->str, ==, good[i].entries);
    }
}

static void
assert_refused(const char *text, size_t length, const char *message)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(msk_config_file_parse("f", text, length, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
    g_assert_cmpstr(strstr(error->message, message), ==, error->message);
}

static void
test_bad(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        assert_refused(bad[i].text, strlen(bad[i].text), bad[i].message);
    }
    assert_refused("[a]\nx=a\0b\n", 10, "f:2: byte 0x00 is NUL");
}

static void
test_sizes_are_bounded(void)
{
    g_autoptr(GString) text = g_string_new("[a]\n");
    g_autoptr(GPtrArray) entries = NULL;
    g_autoptr(GError) error = NULL;

    for (unsigned i = 0; i < MSK_CONFIG_FILE_MAX_ENTRIES; i++) {
        g_string_append(text, "x=1\n");
    }
    entries = msk_config_file_parse("f", text->str, text->len, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(entries->len, ==, MSK_CONFIG_FILE_MAX_ENTRIES);
    g_string_append(text, "x=1\n");
    assert_refused(text->str, text->len, "f:10002: more than 10000 options");

    g_string_assign(text, "[a]\nx=");
    while (text->len < MSK_CONFIG_FILE_MAX_BYTES) {
        g_string_append_c(text, 'y');
    }
    g_ptr_array_unref(entries);
    entries = msk_config_file_parse("f", text->str, text->len, &error);
    g_assert_no_error(error);
    g_string_append_c(text, 'y');
    assert_refused(text->str, text->len, "f: larger than 1048576 bytes");
}

static void
test_read(void)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("config-XXXXXX.conf", &path, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) entries = NULL;

    g_assert_cmpint(fd, >=, 0);
    entries = msk_config_file_read(path, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(entries->len, ==, 0);
    g_assert_cmpint(write(fd, "[a]\nx=1", 7), ==, 7);
    g_ptr_array_unref(entries);
    entries = msk_config_file_read(path, &error);
    g_assert_cmpuint(entries->len, ==, 1);
    g_assert_cmpint(ftruncate(fd, (off_t) MSK_CONFIG_FILE_MAX_BYTES * 4), ==, 0);
    g_assert_null(msk_config_file_read(path, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
    g_clear_error(&error);
    g_assert_null(msk_config_file_read("/", &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
    g_clear_error(&error);
    g_assert_null(msk_config_file_read("/proc/self/mem", &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE);
    g_assert_cmpint(close(fd), ==, 0);
    g_assert_cmpint(unlink(path), ==, 0);
}

static void
test_strip(void)
{
    static const struct {
        const char *text;
        const char *stripped;
    } cases[] = {
        {" \t a b \n", "a b"},
        {"", ""},
        {" \xc2\x85\x1f", ""},
        {"\xe3\x80\x80x", "x"},
        {"x", "x"},
        /* From the environment: nothing in front of the text is looked at. */
        {&" \x80"[1], "\x80"},
        {"x\x80 ", "x\x80"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *stripped = msk_python_strip(cases[i].text);

        g_assert_cmpstr(stripped, ==, cases[i].stripped);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/config_file/good", test_good);
    g_test_add_func("/config_file/bad", test_bad);
    g_test_add_func("/config_file/sizes_are_bounded", test_sizes_are_bounded);
    g_test_add_func("/config_file/read", test_read);
    g_test_add_func("/config_file/strip", test_strip);
    return g_test_run();
}
