/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/program.h"

#include "base/error.h"
#include "cmd/exit.h"
#include "cmd/program_args.h"
#include "io/journal.h"
#include "io/service_manager.h"
#include "oslo/config_doc.h"
#include "oslo/log_mask.h"
#include "oslo/log_output.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <malloc.h>
#include <signal.h>
#include <sysexits.h>

#define LOG_NAME "masakari.program"
#include "base/log.h"

struct MskProgram {
    const MskProgramSpec *spec;
    MskProgramArgs args;
    MskConfigSchema *schema;
    GMutex config_lock;
    MskConfig *config; /* under config_lock */
    MskLogOutput *log;
    GMainLoop *loop;
    void *data;
    GError *error; /* why the loop was left, if that was a failure */
    bool quitting;
    bool draining;
};

static const MskOption program_options[] = {
    {.group = "DEFAULT",
     .name = "graceful_shutdown_timeout",
     .type = MSK_OPTION_INT,
     .initial = "60",
     .unit = "seconds",
     .min = 0,
     .max = G_MAXINT32,
     .has_bounds = true,
     .is_mutable = true,
     .help = "After SIGTERM the program takes no new work and finishes what runs, for no longer "
             "than this. 0 waits without limit."},
};

/* @given: (nullable) by arguments. */
static char **
config_paths(const MskProgram *self, char **given, const char *suffix)
{
    return given != NULL ? g_strdupv(given)
                         : msk_program_find_files(self->spec->project, self->spec->name, suffix);
}

void
msk_program_add_options(MskConfigSchema *schema)
{
    msk_config_schema_add(schema, program_options, G_N_ELEMENTS(program_options));
    msk_config_schema_add(schema, msk_log_options, msk_n_log_options);
}

static MskConfig *
load_config(const MskProgram *self, GError **error)
{
    g_auto(GStrv) files = config_paths(self, self->args.config_files, ".conf");
    g_auto(GStrv) dirs = config_paths(self, self->args.config_dirs, ".conf.d");
    MskConfigSources sources = {
        .files = (const char *const *) files,
        .dirs = (const char *const *) dirs,
        .overrides = (const char *const *) self->args.overrides,
        .use_environment = true,
    };
    g_autoptr(MskConfig) config = msk_config_load(self->schema, &sources, error);

    if (config == NULL || !msk_log_check_levels(config, error)) {
        return NULL;
    }
    return g_steal_pointer(&config);
}

static void
log_notices(const MskProgram *self, const MskConfig *config)
{
    const char *const *deprecated = msk_config_deprecated(config);
    const char *const *unknown = msk_config_unknown(config);
    g_autofree char *without_effect = msk_config_without_effect(config);

    for (size_t i = 0; deprecated[i] != NULL; i++) {
        log_warning("%s", deprecated[i]);
    }
    for (size_t i = 0; unknown[i] != NULL; i++) {
        log_debug("%s is no option of this program", unknown[i]);
    }
    if (self->spec->run == NULL && *without_effect != '\0') {
        log_info("without effect in this program: %s", without_effect);
    }
}

static void
log_option(const MskOption *option, const char *old_text, const char *new_text, void *data)
{
    (void) new_text;
    (void) data;
    log_debug("[%s] %s = %s", option->group, option->name, old_text);
}

MskConfig *
msk_program_config(MskProgram *program)
{
    MskConfig *config;

    g_mutex_lock(&program->config_lock);
    config = msk_config_ref(program->config);
    g_mutex_unlock(&program->config_lock);
    return config;
}

static char *
full_path(const char *path)
{
    g_autofree char *expanded = g_str_has_prefix(path, "~/")
                                    ? g_build_filename(g_get_home_dir(), path + 2, NULL)
                                    : g_strdup(path);

    return g_canonicalize_filename(expanded, NULL);
}

char **
msk_program_search_dirs(const MskProgram *program)
{
    g_auto(GStrv) files = config_paths(program, program->args.config_files, ".conf");
    g_auto(GStrv) dirs = config_paths(program, program->args.config_dirs, ".conf.d");
    g_auto(GStrv) standard = msk_program_standard_dirs(program->spec->project);
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

    for (size_t i = 0; dirs[i] != NULL; i++) {
        g_autofree char *dir = full_path(dirs[i]);

        g_strv_builder_add(builder, dir);
    }
    for (size_t i = g_strv_length(files); i > 0; i--) {
        g_autofree char *file = full_path(files[i - 1]);
        g_autofree char *dir = g_path_get_dirname(file);

        g_strv_builder_add(builder, dir);
    }
    for (size_t i = 0; standard[i] != NULL; i++) {
        g_strv_builder_add(builder, standard[i]);
    }
    return g_strv_builder_end(builder);
}

void
msk_program_set_data(MskProgram *program, void *data)
{
    program->data = data;
}

void *
msk_program_data(const MskProgram *program)
{
    return program->data;
}

bool
msk_program_draining(const MskProgram *program)
{
    return program->draining;
}

void
msk_program_quit(MskProgram *program, GError *error)
{
    if (program->error == NULL) {
        program->error = error;
    } else if (error != NULL) {
        g_error_free(error);
    }
    program->quitting = true;
    g_main_loop_quit(program->loop);
}

void
msk_program_drained(void *program)
{
    msk_program_quit(program, NULL);
}

static void
log_change(const MskOption *option, const char *old_text, const char *new_text, void *data)
{
    (void) data;
    if (option->is_mutable) {
        log_info("[%s] %s changed from '%s' to '%s'", option->group, option->name, old_text,
                 new_text);
    } else {
        log_warning("[%s] %s was changed from '%s' to '%s' in the configuration; that takes "
                    "effect with a restart",
                    option->group, option->name, old_text, new_text);
    }
}

static void
replace_config(MskProgram *self, MskConfig *merged)
{
    g_autoptr(MskConfig) old = NULL;

    g_mutex_lock(&self->config_lock);
    old = self->config;
    self->config = merged;
    g_mutex_unlock(&self->config_lock);
    msk_log_apply_levels(merged);
    if (self->spec->reload != NULL) {
        self->spec->reload(self, old);
    }
}

static gboolean
on_hangup(gpointer data)
{
    MskProgram *self = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) log_error_ = NULL;
    g_autoptr(MskConfig) fresh = NULL;

    if (self->draining) {
        return G_SOURCE_CONTINUE; /* nothing new begins any more */
    }
    msk_service_reloading();
    if (!msk_log_output_reopen(self->log, &log_error_)) {
        log_error("%s; the old log file stays open", log_error_->message);
    }
    fresh = load_config(self, &error);
    if (fresh == NULL) {
        log_error("configuration not reloaded, the old one stays: %s", error->message);
    } else {
        log_notices(self, fresh);
        msk_config_compare(self->config, fresh, log_change, NULL);
        replace_config(self, msk_config_merge(self->config, fresh));
        log_info("configuration reloaded");
    }
    msk_service_ready();
    return G_SOURCE_CONTINUE;
}

static gboolean
on_drain_timeout(gpointer data)
{
    MskProgram *self = data;

    log_warning("work did not finish within graceful_shutdown_timeout; stopping now");
    msk_program_quit(self, NULL);
    return G_SOURCE_REMOVE;
}

static gboolean
on_terminate(gpointer data)
{
    MskProgram *self = data;
    int64_t timeout_s = msk_config_int(self->config, "DEFAULT", "graceful_shutdown_timeout");

    if (self->draining || self->spec->drain == NULL) {
        log_info("stopping%s", self->draining ? " at once" : "");
        self->draining = true;
        msk_program_quit(self, NULL);
        return G_SOURCE_CONTINUE;
    }
    self->draining = true;
    log_info("stopping: no new work is taken, what runs is finished");
    msk_service_stopping();
    if (timeout_s > 0) {
        g_timeout_add_seconds((guint) timeout_s, on_drain_timeout, self);
    }
    self->spec->drain(self);
    return G_SOURCE_CONTINUE;
}

static gboolean
on_watchdog(gpointer data)
{
    (void) data;
    msk_service_alive();
    return G_SOURCE_CONTINUE;
}

/* Signals are caught from here on and answered once the loop runs. */
static void
watch_signals(MskProgram *self)
{
    int64_t watchdog_us = msk_service_watchdog_us();

    g_unix_signal_add(SIGTERM, on_terminate, self);
    g_unix_signal_add(SIGINT, on_terminate, self);
    g_unix_signal_add(SIGHUP, on_hangup, self);
    if (watchdog_us > 0) {
        g_timeout_add((guint) (watchdog_us / 2 / 1000), on_watchdog, NULL);
    }
}

static bool
run_daemon(MskProgram *self, GError **error)
{
    watch_signals(self);
    if (!self->spec->start(self, error)) {
        return false;
    }
    msk_service_ready();
    log_info("%s %s is ready", self->spec->name, MSK_VERSION);
    if (!self->quitting) {
        g_main_loop_run(self->loop);
    }
    msk_service_stopping();
    if (self->error != NULL) {
        g_propagate_error(error, g_steal_pointer(&self->error));
        return false;
    }
    return true;
}

/* One line without secrets, as the log would show it. */
static char *
presentable(const char *message)
{
    g_autofree char *masked = msk_mask_secrets(message);

    return msk_escape_controls(masked);
}

/* For what goes wrong while there is no log, or where a person reads it. */
static void
complain(const MskProgramSpec *spec, const GError *error)
{
    g_autofree char *message = presentable(error->message);

    /* Nothing is left to do when stderr is gone as well. */
    (void) fprintf(stderr, "%s: %s\n", spec->name, message);
}

/* The log has it, and so do the service manager and whoever started the daemon by hand. */
static void
report_failure(const MskProgram *self, const GError *error)
{
    g_autofree char *message = presentable(error->message);

    log_critical("%s", error->message);
    msk_service_status(message);
    if (!msk_log_output_is_on_stderr(self->log)) {
        complain(self->spec, error);
    }
}

/* Of what arguments led to. */
static int
usage_status(const MskProgramSpec *spec, const GError *error)
{
    if (spec->status != NULL) {
        return spec->status(error);
    }
    return g_error_matches(error, MSK_ERROR, MSK_ERROR_INVALID) ? EX_USAGE : msk_exit_code(error);
}

static int
run(MskProgram *self)
{
    const MskProgramSpec *spec = self->spec;
    g_autoptr(GError) error = NULL;
    bool is_tool = spec->run != NULL;
    bool ok;

    ok = is_tool ? spec->run(self, (const char *const *) self->args.rest, &error)
                 : run_daemon(self, &error);
    if (spec->stop != NULL) {
        spec->stop(self);
    }
    if (ok) {
        return EX_OK;
    }
    if (!is_tool) {
        report_failure(self, error);
        return msk_exit_code(error);
    }
    complain(spec, error);
    return usage_status(spec, error);
}

/* Loads the configuration and sets the log up. A failure has no log yet, it goes to stderr. */
static bool
prepare(MskProgram *self, GError **error)
{
    self->config = load_config(self, error);
    if (self->config == NULL) {
        return false;
    }
    self->log = msk_log_output_new(self->config, self->spec->name, msk_journal_send, error);
    if (self->log == NULL) {
        return false;
    }
    log_notices(self, self->config);
    if (msk_config_bool(self->config, "DEFAULT", "log_options") && self->spec->run == NULL) {
        msk_config_each(self->config, log_option, NULL);
    }
    return true;
}

/* Answers the arguments that only print something. Returns whether there was one. */
static bool
print_information(const MskProgram *self, int *ret_status)
{
    const MskProgramSpec *spec = self->spec;
    g_autofree char *file = g_strdup_printf("%s.conf", spec->project);
    g_autofree char *text = NULL;

    if (self->args.version) {
        text = g_strdup_printf("%s %s\n", spec->name, MSK_VERSION);
    } else if (self->args.help) {
        g_autofree char *arguments = msk_program_args_help(spec->name, spec->summary, spec->usage);
        g_autofree char *options = msk_config_doc_help(self->schema);

        text = g_strconcat(arguments, options, NULL);
    } else if (self->args.sample_config) {
        text = msk_config_doc_sample(self->schema, file);
    } else if (self->args.reference) {
        text = msk_config_doc_reference(self->schema, file);
    }
    if (text == NULL) {
        return false;
    }
    /* Not g_print, which would put it into the character set of the locale. */
    *ret_status = fputs(text, stdout) != EOF && fflush(stdout) == 0 ? EX_OK : EX_IOERR;
    return true;
}

static void
clear_program(MskProgram *self)
{
    msk_log_output_free(self->log);
    msk_config_unref(self->config);
    msk_config_schema_free(self->schema);
    msk_program_args_clear(&self->args);
    g_main_loop_unref(self->loop);
    g_clear_error(&self->error);
    g_mutex_clear(&self->config_lock);
}

/* A file that got the number of a closed standard stream would be written to by mistake. */
static void
open_standard_streams(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR); /* without O_CLOEXEC, as the streams have it */
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0) {
        close(fd);
    }
}

int
msk_program_main(const MskProgramSpec *spec, int argc, char **argv)
{
    MskProgram self = {.spec = spec};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    g_autoptr(GError) error = NULL;
    int status = EX_OK;

    /* Before any thread: one heap for each of them keeps what was freed in it, and none of our
     * threads allocates so much that two would not do. */
    (void) mallopt(M_ARENA_MAX, 2);
    /* Said once, it stays: else each large block that is freed raises it. */
    (void) mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
    open_standard_streams();
    g_set_prgname(spec->name);
    /* A peer that closes its end is an error of the write, not the end of the program. */
    (void) sigaction(SIGPIPE, &ignore, NULL);
    if (!msk_program_args_parse(argc, argv, spec->run != NULL, &self.args, &error)) {
        complain(spec, error);
        return usage_status(spec, error);
    }
    g_mutex_init(&self.config_lock);
    self.loop = g_main_loop_new(NULL, FALSE);
    self.schema = msk_config_schema_new();
    msk_program_add_options(self.schema);
    spec->add_options(self.schema);
    if (!print_information(&self, &status)) {
        status = prepare(&self, &error) ? run(&self)
                 : spec->status != NULL ? spec->status(error)
                                        : msk_exit_code(error);
    }
    if (error != NULL) {
        complain(spec, error);
    }
    clear_program(&self);
    return status;
}
