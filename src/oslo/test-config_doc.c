/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/config_doc.h"

static const char *const colours[] = {"red", "green", NULL};
static const char *const old_names[] = {"old.size", NULL};

static const MskOption table[] = {
    {.group = "b",
     .name = "size",
     .type = MSK_OPTION_INT,
     .initial = "3",
     .min = 1,
     .max = INT64_MAX,
     .has_bounds = true,
     .unit = "bytes",
     .deprecated = old_names,
     .own = true,
     .is_mutable = true,
     .help = "How big. More words follow here."},
    {.group = "DEFAULT", .name = "colour", .choices = colours, .secret = true, .help = "Paint."},
    {.group = "DEFAULT",
     .name = "host",
     .type = MSK_OPTION_HOST,
     .initial = MSK_OPTION_HOST_NAME,
     .help = "Where."},
    {.group = "b",
     .name = "many",
     .type = MSK_OPTION_MULTI,
     .initial = "one\ntwo",
     .help = "Each."},
    {.group = "b", .name = "spaces", .initial = " x ", .help = "Quoted."},
    {.group = "z", .name = "python", .initial = "", .accepted_only = true, .help = "Not here."},
};

static MskConfigSchema *
make_schema(void)
{
    MskConfigSchema *schema = msk_config_schema_new();

    msk_config_schema_add(schema, table, G_N_ELEMENTS(table));
    return schema;
}

static void
test_help(void)
{
    g_autoptr(MskConfigSchema) schema = make_schema();
    g_autofree char *help = msk_config_doc_help(schema);

    g_assert_nonnull(strstr(help, "\n[DEFAULT]\n  colour "));
    g_assert_nonnull(strstr(help, " How big.\n"));
    g_assert_null(strstr(help, "python"));
}

static void
test_sample(void)
{
    g_autoptr(MskConfigSchema) schema = make_schema();
    g_autofree char *sample = msk_config_doc_sample(schema, "prog.conf");

    g_assert_cmpstr(sample, ==,
                    "# SPDX-License-Identifier: Apache-2.0\n"
                    "# Every option of prog.conf with its default, as --sample-config writes it.\n"
                    "# <unset> is not a value: such an option has none until it is given one.\n"
                    "\n[DEFAULT]\n"
                    "\n# Paint.\n# (string: red | green)\n#colour = <unset>\n"
                    "\n# Where.\n# (host)\n#host = <HOSTNAME>\n"
                    "\n[b]\n"
                    "\n# Each.\n# (multi)\n#many = one\n#many = two\n"
                    "\n# How big. More words follow here.\n"
                    "# (integer, at least 1, bytes; changes on SIGHUP; not known to the Python "
                    "services)\n"
                    "# Old name: [old] size\n#size = 3\n"
                    "\n# Quoted.\n# (string)\n#spaces = \" x \"\n"
                    "\n[z]\n"
                    "\n# Not here.\n# (string; accepted, has no effect)\n#python = \n");
}

/* What the sample shows as a default is read as that default. */
static void
test_sample_is_a_configuration(void)
{
    g_autoptr(MskConfigSchema) schema = make_schema();
    g_autofree char *sample = msk_config_doc_sample(schema, "prog.conf");
    g_auto(GStrv) lines = g_strsplit(sample, "\n", -1);
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("sample-XXXXXX.conf", &path, NULL);
    const char *files[] = {path, NULL};
    MskConfigSources sources = {.files = files};
    g_autoptr(MskConfig) config = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(close(fd), ==, 0);
    for (char **line = lines; *line != NULL; line++) {
        bool is_option = (*line)[0] == '#' && (*line)[1] != ' ' && strchr(*line, '<') == NULL;

        g_string_append_printf(text, "%s\n", is_option ? *line + 1 : *line);
    }
    g_assert_true(g_file_set_contents(path, text->str, -1, NULL));
    config = msk_config_load(schema, &sources, &error);
    g_assert_cmpint(unlink(path), ==, 0);
    g_assert_no_error(error);
    g_assert_cmpstr(msk_config_string(config, "b", "spaces"), ==, " x ");
    g_assert_cmpstr(msk_config_list(config, "b", "many")[1], ==, "two");
    g_assert_cmpint(msk_config_int(config, "b", "size"), ==, 3);
}

static void
test_reference(void)
{
    g_autoptr(MskConfigSchema) schema = make_schema();
    g_autofree char *page = msk_config_doc_reference(schema, "prog.conf");

    g_assert_nonnull(strstr(page, "# Options of prog.conf\n"));
    g_assert_nonnull(
        strstr(page, "### colour\n\nstring: red | green. Default: unset. Never shown in logs.\n"
                     "\nPaint.\n"));
    g_assert_nonnull(strstr(page, "host. Default: the name of the machine.\n"));
    g_assert_nonnull(strstr(page,
                            "integer, at least 1, bytes. Default: `3`. Takes effect on SIGHUP. "
                            "Not an option of the Python services.\n"));
    g_assert_nonnull(strstr(page, "Old name: `old.size`.\n"));
    g_assert_nonnull(strstr(page, "| z | python | string | (empty) | Not here. |\n"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/config_doc/help", test_help);
    g_test_add_func("/config_doc/sample", test_sample);
    g_test_add_func("/config_doc/sample_is_a_configuration", test_sample_is_a_configuration);
    g_test_add_func("/config_doc/reference", test_reference);
    return g_test_run();
}
