/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A configuration file, from its bytes to the values. It is loaded twice: both outcomes are equal.
 * A refusal is one of bad input, names the file, is text, and shows no secret. The substituted
 * values stay within their limit.
 */

#include "fuzz.h"

#include "base/error.h"
#include "oslo/config.h"
#include "oslo/config_template.h"

#include <stdbool.h>
#include <sys/mman.h>

#define SECRET "sesame"

static const char *const old_names[] = {"DEFAULT.o", "past.text", NULL};

static const MskOption options[] = {
    {.group = "DEFAULT", .name = "a", .initial = "$b"},
    {.group = "DEFAULT", .name = "b", .initial = "x"},
    {.group = "DEFAULT", .name = "flag", .type = MSK_OPTION_BOOL, .initial = "on"},
    {.group = "g", .name = "text", .deprecated = old_names, .is_mutable = true},
    {.group = "g",
     .name = "count",
     .type = MSK_OPTION_INT,
     .initial = "3",
     .min = -9,
     .max = 9,
     .has_bounds = true},
    {.group = "g", .name = "ratio", .type = MSK_OPTION_FLOAT},
    {.group = "g", .name = "port", .type = MSK_OPTION_PORT},
    {.group = "g", .name = "list", .type = MSK_OPTION_LIST, .initial = "$a,$$"},
    {.group = "g", .name = "dict", .type = MSK_OPTION_DICT},
    {.group = "g", .name = "flow", .type = MSK_OPTION_FLOW},
    {.group = "g", .name = "multi", .type = MSK_OPTION_MULTI, .initial = "1\n2"},
    {.group = "g", .name = "host", .type = MSK_OPTION_HOST, .initial = MSK_OPTION_HOST_NAME},
    {.group = "g", .name = "uri", .type = MSK_OPTION_URI},
    {.group = "g", .name = "secret", .secret = true, .initial = SECRET},
};

static void
must_not_differ(const MskOption *option, const char *old_text, const char *new_text, void *data)
{
    (void) data;
    g_error("%s is '%s', then '%s'", option->name, old_text, new_text);
}

static void
must_hide_secrets(const MskOption *option, const char *old_text, const char *new_text, void *data)
{
    (void) new_text;
    (void) data;
    g_assert_true(g_utf8_validate(old_text, -1, NULL));
    if (option->secret) {
        g_assert_cmpstr(old_text, ==, "***");
    }
}

static void
check_config(const MskConfig *config)
{
    const char *text = msk_config_string(config, "g", "text");
    int64_t count = msk_config_int(config, "g", "count");

    g_assert_cmpint(count, >=, -9);
    g_assert_cmpint(count, <=, 9);
    if (text != NULL) {
        g_assert_cmpuint(strlen(text), <=, MSK_CONFIG_VALUE_MAX_BYTES);
    }
    g_assert_true(msk_config_is_set(config, "g", "list"));
    g_assert_nonnull(msk_config_dict(config, "g", "dict"));
    msk_config_each(config, must_hide_secrets, NULL);
}

static MskConfig *
load(MskConfigSchema *schema, const char *path, GError **error)
{
    const char *files[] = {path, NULL};
    MskConfigSources sources = {.files = files};

    return msk_config_load(schema, &sources, error);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("config", MFD_CLOEXEC);
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    g_autoptr(MskConfigSchema) schema = msk_config_schema_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) again_error = NULL;
    g_autoptr(MskConfig) config = NULL;
    g_autoptr(MskConfig) again = NULL;

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(write(fd, data, size), ==, (ssize_t) size);
    msk_config_schema_add(schema, options, G_N_ELEMENTS(options));
    config = load(schema, path, &error);
    again = load(schema, path, &again_error);
    g_assert_cmpint(close(fd), ==, 0);
    g_assert_cmpint(config != NULL, ==, again != NULL);
    if (config == NULL) {
        g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
        g_assert_cmpstr(error->message, ==, again_error->message);
        g_assert_true(g_utf8_validate(error->message, -1, NULL));
        g_assert_true(memmem(data, size, SECRET, strlen(SECRET)) != NULL ||
                      strstr(error->message, SECRET) == NULL);
        return 0;
    }
    check_config(config);
    msk_config_compare(config, again, must_not_differ, NULL);
    return 0;
}
