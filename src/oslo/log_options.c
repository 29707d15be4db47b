/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/log_output.h"

#define DEFAULTS(option, kind, value)                                                              \
    .group = "DEFAULT", .name = option, .type = kind, .initial = value

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
