/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>

#define DROP_POLL_US 1000

static const char *const level_names[] = {
    [MSK_LOG_DEBUG] = "DEBUG", [MSK_LOG_INFO] = "INFO",         [MSK_LOG_WARNING] = "WARNING",
    [MSK_LOG_ERROR] = "ERROR", [MSK_LOG_CRITICAL] = "CRITICAL",
};

typedef struct {
    char *name;
    MskLogLevel level;
} LoggerLevel;

static void write_to_stderr(const MskLogRecord *record, void *data);

/* Held for reading by who is within the sink, so that its data can be freed while threads that were
 * left behind may still log. */
static pthread_rwlock_t sink_lock = PTHREAD_RWLOCK_INITIALIZER;
static MskLogSink sink = write_to_stderr;
static void *sink_data;
static int default_level = MSK_LOG_INFO; /* atomic */
static GRWLock levels_lock;
static GArray *logger_levels; /* of LoggerLevel; under levels_lock; NULL when none */
static GPrivate request_id_of_thread = G_PRIVATE_INIT(g_free);
static GPrivate global_request_id_of_thread = G_PRIVATE_INIT(g_free);

static void
write_to_stderr(const MskLogRecord *record, void *data)
{
    (void) data;
    g_printerr("%s %s %s\n", level_names[record->level], record->logger, record->message);
}

void
msk_log_set_sink(MskLogSink new_sink, void *data)
{
    g_assert(pthread_rwlock_wrlock(&sink_lock) == 0);
    sink = new_sink != NULL ? new_sink : write_to_stderr;
    sink_data = new_sink != NULL ? data : NULL;
    g_assert(pthread_rwlock_unlock(&sink_lock) == 0);
}

bool
msk_log_drop_sink(unsigned timeout_ms)
{
    int64_t deadline_us = g_get_monotonic_time() + (int64_t) timeout_ms * 1000;

    while (pthread_rwlock_trywrlock(&sink_lock) != 0) {
        if (g_get_monotonic_time() >= deadline_us) {
            return false;
        }
        g_usleep(DROP_POLL_US);
    }
    sink = write_to_stderr;
    sink_data = NULL;
    g_assert(pthread_rwlock_unlock(&sink_lock) == 0);
    return true;
}

void
msk_log_set_level(MskLogLevel level)
{
    g_atomic_int_set(&default_level, (int) level);
}

bool
msk_log_parse_level(const char *name, MskLogLevel *ret)
{
    if (g_ascii_strcasecmp(name, "WARN") == 0) {
        *ret = MSK_LOG_WARNING;
        return true;
    }
    if (g_ascii_strcasecmp(name, "FATAL") == 0) {
        *ret = MSK_LOG_CRITICAL;
        return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(level_names); i++) {
        if (g_ascii_strcasecmp(name, level_names[i]) == 0) {
            *ret = (MskLogLevel) i;
            return true;
        }
    }
    return false;
}

const char *
msk_log_level_name(MskLogLevel level)
{
    g_assert((unsigned) level < G_N_ELEMENTS(level_names));
    return level_names[level];
}

static void
clear_logger_level(void *item)
{
    g_free(((LoggerLevel *) item)->name);
}

void
msk_log_set_logger_levels(const char *const *levels)
{
    GArray *fresh = g_array_new(FALSE, FALSE, sizeof(LoggerLevel));

    g_array_set_clear_func(fresh, clear_logger_level);
    for (size_t i = 0; levels != NULL && levels[i] != NULL; i++) {
        const char *equals = strrchr(levels[i], '=');
        LoggerLevel item;

        if (equals != NULL && equals != levels[i] && msk_log_parse_level(equals + 1, &item.level)) {
            item.name = g_strndup(levels[i], (size_t) (equals - levels[i]));
            g_array_append_vals(fresh, &item, 1);
        }
    }
    g_rw_lock_writer_lock(&levels_lock);
    if (logger_levels != NULL) {
        g_array_unref(logger_levels);
    }
    logger_levels = fresh;
    g_rw_lock_writer_unlock(&levels_lock);
}

/* The most specific name that is @logger or a parent of it decides. */
static MskLogLevel
level_of(const char *logger)
{
    int level = g_atomic_int_get(&default_level);
    size_t longest = 0;

    g_rw_lock_reader_lock(&levels_lock);
    for (unsigned i = 0; logger_levels != NULL && i < logger_levels->len; i++) {
        const LoggerLevel *item = &g_array_index(logger_levels, LoggerLevel, i);
        size_t length = strlen(item->name);

        if (length > longest && strncmp(item->name, logger, length) == 0 &&
            (logger[length] == '\0' || logger[length] == '.')) {
            longest = length;
            level = (int) item->level;
        }
    }
    g_rw_lock_reader_unlock(&levels_lock);
    return (MskLogLevel) level;
}

bool
msk_log_enabled(const char *logger, MskLogLevel level)
{
    return level >= level_of(logger);
}

void
msk_log_set_request_id(const char *request_id)
{
    g_private_replace(&request_id_of_thread, g_strdup(request_id));
}

const char *
msk_log_request_id(void)
{
    return g_private_get(&request_id_of_thread);
}

void
msk_log_set_global_request_id(const char *request_id)
{
    g_private_replace(&global_request_id_of_thread, g_strdup(request_id));
}

const char *
msk_log_global_request_id(void)
{
    return g_private_get(&global_request_id_of_thread);
}

void
msk_log_write(const char *logger, MskLogLevel level, const char *format, ...)
{
    va_list args;
    g_autofree char *message = NULL;
    MskLogRecord record = {
        .level = level,
        .time_us = g_get_real_time(),
        .logger = logger,
        .request_id = g_private_get(&request_id_of_thread),
        .global_request_id = g_private_get(&global_request_id_of_thread),
    };

    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    record.message = message;
    g_assert(pthread_rwlock_rdlock(&sink_lock) == 0);
    sink(&record, sink_data);
    g_assert(pthread_rwlock_unlock(&sink_lock) == 0);
}
