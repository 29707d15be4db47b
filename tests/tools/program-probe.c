/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program-probe: the smallest daemon on cmd/program.h, for the tests of what all programs share.
 * It writes to standard output what its callbacks see.
 */
#include "cmd/program.h"

#include "base/error.h"

#define LOG_NAME "masakari.probe"
#include "base/log.h"

static const MskOption options[] = {
    {.group = "probe",
     .name = "greeting",
     .initial = "hello",
     .is_mutable = true,
     .help = "What the probe says."},
    {.group = "probe", .name = "fixed", .initial = "here", .help = "Not mutable."},
    {.group = "probe", .name = "password", .secret = true, .is_mutable = true, .help = "Secret."},
    {.group = "probe", .name = "fail", .help = "Fail at start with this message."},
    {.group = "probe",
     .name = "drain_ms",
     .type = MSK_OPTION_INT,
     .initial = "0",
     .help = "How long draining takes."},
    {.group = "probe",
     .name = "python_only",
     .type = MSK_OPTION_INT,
     .initial = "7",
     .accepted_only = true,
     .help = "nothing to do"},
};

static void
say(const char *format, const char *text)
{
    g_print("%s: %s\n", format, text);
    (void) fflush(stdout);
}

static void
add_options(MskConfigSchema *schema)
{
    msk_config_schema_add(schema, options, G_N_ELEMENTS(options));
}

static bool
start(MskProgram *program, GError **error)
{
    g_autoptr(MskConfig) config = msk_program_config(program);
    const char *fail = msk_config_string(config, "probe", "fail");

    if (fail != NULL) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE, "cannot start: %s", fail);
        return false;
    }
    log_info("greeting is %s, password = %s", msk_config_string(config, "probe", "greeting"),
             msk_config_string(config, "probe", "password"));
    log_debug("a debug message\nof two lines");
    say("started", msk_config_string(config, "probe", "greeting"));
    return true;
}

static void
reload(MskProgram *program, const MskConfig *old)
{
    g_autoptr(MskConfig) config = msk_program_config(program);

    say("old", msk_config_string(old, "probe", "greeting"));
    say("new", msk_config_string(config, "probe", "greeting"));
    say("fixed", msk_config_string(config, "probe", "fixed"));
}

static gboolean
on_drained(gpointer data)
{
    say("drained", "yes");
    msk_program_quit(data, NULL);
    return G_SOURCE_REMOVE;
}

static void
drain(MskProgram *program)
{
    g_autoptr(MskConfig) config = msk_program_config(program);

    say("draining", "yes");
    g_timeout_add((guint) msk_config_int(config, "probe", "drain_ms"), on_drained, program);
}

static void
stop(MskProgram *program)
{
    (void) program;
    say("stopped", "yes");
}

int
main(int argc, char **argv)
{
    static const MskProgramSpec spec = {
        .name = "program-probe",
        .project = "masakari",
        .summary = "A daemon that does nothing but say what happens to it.",
        .add_options = add_options,
        .start = start,
        .reload = reload,
        .drain = drain,
        .stop = stop,
    };

    return msk_program_main(&spec, argc, argv);
}
