/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/log_output.h"

#include "base/error.h"
#include "oslo/log_format.h"
#include "oslo/log_mask.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <syslog.h>

#define DROP_TIMEOUT_MS 1000 /* for threads that are within the output at the end */

#define DEFAULTS(option, kind, value)                                                              \
    .group = "DEFAULT", .name = (option), .type = (kind), .initial = (value)

static const char *const old_log_dir[] = {"DEFAULT.logdir", NULL};
static const char *const old_log_file[] = {"DEFAULT.logfile", NULL};

const MskOption msk_log_options[] = {
    {DEFAULTS("debug", MSK_OPTION_BOOL, "false"), .is_mutable = true,
     .help = "Shows messages of level DEBUG as well; otherwise INFO and above are shown."},
    {DEFAULTS("default_log_levels", MSK_OPTION_LIST,
              "amqp=WARN,amqplib=WARN,boto=WARN,qpid=WARN,sqlalchemy=WARN,suds=INFO,"
              "oslo.messaging=INFO,oslo_messaging=INFO,iso8601=WARN,"
              "requests.packages.urllib3.connectionpool=WARN,urllib3.connectionpool=WARN,"
              "websocket=WARN,requests.packages.urllib3.util.retry=WARN,"
              "urllib3.util.retry=WARN,keystonemiddleware=WARN,routes.middleware=WARN,"
              "stevedore=WARN,taskflow=WARN,keystoneauth=WARN,oslo.cache=INFO,oslo_policy=INFO,"
              "dogpile.core.dogpile=INFO"),
     .is_mutable = true,
     .help = "Levels of single loggers, as logger=LEVEL. A name covers the loggers below it: "
             "'masakari.api=DEBUG' shows the debug messages of the API only."},
    {DEFAULTS("log_file", MSK_OPTION_STRING, NULL), .deprecated = old_log_file,
     .help = "The log file; a relative path is below log_dir. A file that was moved away, as "
             "logrotate does, is made anew with the next message."},
    {DEFAULTS("log_dir", MSK_OPTION_STRING, NULL), .deprecated = old_log_dir,
     .help = "The directory of the log file. Without log_file the file has the program's name "
             "and ends in .log."},
    {DEFAULTS("log_date_format", MSK_OPTION_STRING, "%Y-%m-%d %H:%M:%S"),
     .help = "How %(asctime)s looks in the format strings; see strftime(3)."},
    {DEFAULTS("logging_context_format_string", MSK_OPTION_STRING,
              "%(asctime)s.%(msecs)03d %(process)d %(levelname)s %(name)s "
              "[%(global_request_id)s %(request_id)s %(user_identity)s] "
              "%(instance)s%(message)s"),
     .help = "The line of a message that belongs to a request."},
    {DEFAULTS("logging_default_format_string", MSK_OPTION_STRING,
              "%(asctime)s.%(msecs)03d %(process)d %(levelname)s %(name)s [-] "
              "%(instance)s%(message)s"),
     .help = "The line of a message that belongs to no request."},
    {DEFAULTS("use_stderr", MSK_OPTION_BOOL, "false"),
     .help = "Logs to standard error as well. Without a log file, syslog and the journal that is "
             "where messages go anyway."},
    {DEFAULTS("use_syslog", MSK_OPTION_BOOL, "false"), .help = "Logs to syslog."},
    {DEFAULTS("syslog_log_facility", MSK_OPTION_STRING, "LOG_USER"),
     .help = "The syslog facility, such as LOG_DAEMON or LOG_LOCAL0."},
    {DEFAULTS("use_journal", MSK_OPTION_BOOL, "false"),
     .help = "Logs to the systemd journal with the fields PRIORITY, LOGGER_NAME, REQUEST_ID and "
             "SYSLOG_IDENTIFIER."},
    {DEFAULTS("log_options", MSK_OPTION_BOOL, "true"),
     .help = "Logs the value of every option at start at level DEBUG; secrets are hidden."},
};
const size_t msk_n_log_options = G_N_ELEMENTS(msk_log_options);

struct MskLogOutput {
    char *program;
    char *path;  /* NULL without a log file */
    GMutex lock; /* of fd */
    int fd;      /* of path, or -1 */
    bool to_stderr;
    bool to_syslog;
    int facility;
    MskJournalSend to_journal;
    MskLogFormat *in_request;
    MskLogFormat *plain;
};

static const struct {
    const char *name;
    int value;
} facilities[] = {
    {"auth", LOG_AUTH},     {"authpriv", LOG_AUTHPRIV}, {"cron", LOG_CRON},
    {"daemon", LOG_DAEMON}, {"ftp", LOG_FTP},           {"kern", LOG_KERN},
    {"lpr", LOG_LPR},       {"mail", LOG_MAIL},         {"news", LOG_NEWS},
    {"syslog", LOG_SYSLOG}, {"user", LOG_USER},         {"uucp", LOG_UUCP},
    {"local0", LOG_LOCAL0}, {"local1", LOG_LOCAL1},     {"local2", LOG_LOCAL2},
    {"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4},     {"local5", LOG_LOCAL5},
    {"local6", LOG_LOCAL6}, {"local7", LOG_LOCAL7},
};

static const int priorities[] = {
    [MSK_LOG_DEBUG] = LOG_DEBUG, [MSK_LOG_INFO] = LOG_INFO,     [MSK_LOG_WARNING] = LOG_WARNING,
    [MSK_LOG_ERROR] = LOG_ERR,   [MSK_LOG_CRITICAL] = LOG_CRIT,
};

/* "LOG_USER", "user" and so on, in any case. */
static bool
find_facility(const char *name, int *ret, GError **error)
{
    const char *bare = g_ascii_strncasecmp(name, "LOG_", 4) == 0 ? name + 4 : name;

    for (size_t i = 0; i < G_N_ELEMENTS(facilities); i++) {
        if (g_ascii_strcasecmp(bare, facilities[i].name) == 0) {
            *ret = facilities[i].value;
            return true;
        }
    }
    g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                "[DEFAULT] syslog_log_facility = %s: must be a facility of syslog(3), such as "
                "LOG_USER, LOG_DAEMON or LOG_LOCAL0",
                name);
    return false;
}

bool
msk_log_check_levels(const MskConfig *config, GError **error)
{
    const char *const *levels = msk_config_list(config, "DEFAULT", "default_log_levels");

    for (size_t i = 0; levels[i] != NULL; i++) {
        const char *equals = strrchr(levels[i], '=');
        MskLogLevel level;

        if (equals == NULL || equals == levels[i] || !msk_log_parse_level(equals + 1, &level)) {
            g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                        "[DEFAULT] default_log_levels: '%s' must be logger=LEVEL with one of "
                        "DEBUG, INFO, WARNING, ERROR, CRITICAL",
                        levels[i]);
            return false;
        }
    }
    return true;
}

void
msk_log_apply_levels(const MskConfig *config)
{
    msk_log_set_level(msk_config_bool(config, "DEFAULT", "debug") ? MSK_LOG_DEBUG : MSK_LOG_INFO);
    msk_log_set_logger_levels(msk_config_list(config, "DEFAULT", "default_log_levels"));
}

static char *
log_path(const MskConfig *config, const char *program)
{
    const char *file = msk_config_string(config, "DEFAULT", "log_file");
    const char *dir = msk_config_string(config, "DEFAULT", "log_dir");

    if (file != NULL && *file != '\0') {
        return dir != NULL && !g_path_is_absolute(file) ? g_build_filename(dir, file, NULL)
                                                        : g_strdup(file);
    }
    return dir != NULL && *dir != '\0' ? g_strdup_printf("%s/%s.log", dir, program) : NULL;
}

static int
open_log(const char *path, GError **error)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
    int code = errno;
    MskErrorCode kind = MSK_ERROR_UNAVAILABLE;

    if (fd < 0) {
        if (code == ENOENT || code == ENOTDIR) {
            kind = MSK_ERROR_NOT_FOUND;
        } else if (code == EACCES || code == EPERM || code == EROFS) {
            kind = MSK_ERROR_DENIED;
        }
        g_set_error(error, MSK_ERROR, (int) kind,
                    "cannot open log file %s: %s; check [DEFAULT] log_file and log_dir", path,
                    g_strerror(code));
    }
    return fd;
}

bool
msk_log_output_reopen(MskLogOutput *self, GError **error)
{
    int fd;

    if (self->path == NULL) {
        return true;
    }
    fd = open_log(self->path, error);
    if (fd < 0) {
        return false;
    }
    g_mutex_lock(&self->lock);
    if (self->fd >= 0) {
        close(self->fd);
    }
    self->fd = fd;
    g_mutex_unlock(&self->lock);
    return true;
}

bool
msk_log_output_is_on_stderr(const MskLogOutput *self)
{
    return self->to_stderr;
}

static bool
write_all(int fd, const char *text)
{
    size_t left = strlen(text);

    while (left > 0) {
        ssize_t n = write(fd, text, left);

        if (n < 0 && errno != EINTR) {
            return false;
        }
        if (n > 0) {
            text += n;
            left -= (size_t) n;
        }
    }
    return true;
}

/* Whether the path still leads to the open file. */
static bool
is_current(const MskLogOutput *self)
{
    struct stat now;
    struct stat opened;

    return stat(self->path, &now) == 0 && fstat(self->fd, &opened) == 0 &&
           now.st_ino == opened.st_ino && now.st_dev == opened.st_dev;
}

static bool
write_file(MskLogOutput *self, const char *line)
{
    bool ok;

    g_mutex_lock(&self->lock);
    if (self->fd >= 0 && !is_current(self)) {
        int fd = open_log(self->path, NULL);

        if (fd >= 0) {
            close(self->fd);
            self->fd = fd;
        }
    }
    ok = self->fd >= 0 && write_all(self->fd, line);
    g_mutex_unlock(&self->lock);
    return ok;
}

static void
write_record(const MskLogRecord *record, void *data)
{
    MskLogOutput *self = data;
    MskLogFormat *format = record->request_id != NULL ? self->in_request : self->plain;
    g_autofree char *masked = msk_mask_secrets(record->message);
    g_autofree char *message = msk_escape_controls(masked);
    g_autofree char *line = msk_log_format_render(format, record, message);
    bool in_file = self->path != NULL && write_file(self, line);

    if (self->to_stderr || (self->path != NULL && !in_file)) {
        /* Nothing is left to do when stderr is gone as well. */
        (void) write_all(STDERR_FILENO, line);
    }
    if (self->to_syslog) {
        syslog(self->facility | priorities[record->level], "%s %s [%s] %s",
               msk_log_level_name(record->level), record->logger,
               record->request_id != NULL ? record->request_id : "-", message);
    }
    if (self->to_journal != NULL) {
        self->to_journal(self->program, priorities[record->level], record, message);
    }
}

static MskLogFormat *
read_format(const MskConfig *config, const char *name, GError **error)
{
    const char *text = msk_config_string(config, "DEFAULT", name);
    const char *date = msk_config_string(config, "DEFAULT", "log_date_format");
    MskLogFormat *format = msk_log_format_new(text, date, error);

    if (format == NULL) {
        g_prefix_error(error, "[DEFAULT] %s: ", name);
    }
    return format;
}

static bool
read_options(MskLogOutput *self, const MskConfig *config, MskJournalSend send, GError **error)
{
    self->to_syslog = msk_config_bool(config, "DEFAULT", "use_syslog");
    self->to_stderr = msk_config_bool(config, "DEFAULT", "use_stderr");
    self->path = log_path(config, self->program);
    if (msk_config_bool(config, "DEFAULT", "use_journal")) {
        if (send == NULL) {
            g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                        "[DEFAULT] use_journal = true: this program was built without systemd; "
                        "use log_file or use_syslog");
            return false;
        }
        self->to_journal = send;
    }
    if (self->path == NULL && !self->to_syslog && self->to_journal == NULL) {
        self->to_stderr = true;
    }
    self->in_request = read_format(config, "logging_context_format_string", error);
    if (self->in_request == NULL) {
        return false;
    }
    self->plain = read_format(config, "logging_default_format_string", error);
    return self->plain != NULL && msk_log_check_levels(config, error) &&
           find_facility(msk_config_string(config, "DEFAULT", "syslog_log_facility"),
                         &self->facility, error) &&
           msk_log_output_reopen(self, error);
}

static void
free_output(MskLogOutput *self)
{
    if (self->fd >= 0) {
        close(self->fd);
    }
    msk_log_format_free(self->in_request);
    msk_log_format_free(self->plain);
    g_mutex_clear(&self->lock);
    g_free(self->program);
    g_free(self->path);
    g_free(self);
}

MskLogOutput *
msk_log_output_new(const MskConfig *config, const char *program, MskJournalSend send,
                   GError **error)
{
    MskLogOutput *self = g_new0(MskLogOutput, 1);

    g_mutex_init(&self->lock);
    self->fd = -1;
    self->program = g_strdup(program);
    if (!read_options(self, config, send, error)) {
        free_output(self);
        return NULL;
    }
    if (self->to_syslog) {
        openlog(self->program, LOG_PID | LOG_NDELAY, self->facility);
    }
    msk_log_apply_levels(config);
    msk_log_set_sink(write_record, self);
    return self;
}

void
msk_log_output_free(MskLogOutput *self)
{
    if (self == NULL) {
        return;
    }
    if (!msk_log_drop_sink(DROP_TIMEOUT_MS)) {
        return; /* a thread that was left behind uses it; the program is about to end */
    }
    if (self->to_syslog) {
        closelog();
    }
    free_output(self);
}
