/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * log: levelled messages of the daemons. Each file names its logger before the include:
 *
 *     #define LOG_NAME "masakari.engine"
 *     #include "base/log.h"
 *
 * Levels: ERROR something affecting recovery failed and a person should look; WARNING recovered or
 * ignored; INFO a state changed; DEBUG for developers. The layers base to cloud log at DEBUG only:
 * they return errors, and whoever decides what happens next logs, once.
 * Arguments are evaluated only when the level is enabled for the logger.
 *
 * Any thread may log. The sink (stderr by default, see oslo/log_output.h) must be thread-safe.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum {
    MSK_LOG_DEBUG,
    MSK_LOG_INFO,
    MSK_LOG_WARNING,
    MSK_LOG_ERROR,
    MSK_LOG_CRITICAL,
} MskLogLevel;

/* One message as a sink gets it; all pointers are valid for the call only. */
typedef struct {
    MskLogLevel level;
    int64_t time_us;               /* UTC since the epoch */
    const char *logger;            /* such as "masakari.engine" */
    const char *request_id;        /* (nullable) "req-…" of the calling thread's context */
    const char *global_request_id; /* (nullable) that of the service that asks, the same form */
    const char *message;           /* UTF-8, without the final newline */
} MskLogRecord;

typedef void (*MskLogSink)(const MskLogRecord *record, void *data);

/** msk_log_set_sink: @sink: NULL restores stderr. Blocks until nobody is within the old one. */
void msk_log_set_sink(MskLogSink sink, void *data);

/**
 * msk_log_drop_sink: restores stderr, for the end of a program: threads that were left behind may
 * log at any moment, and may hang in the sink.
 *
 * Returns: true when the sink's data may be freed; false when a thread was within the sink for
 *   longer than @timeout_ms: then everything stays as it is.
 */
bool msk_log_drop_sink(unsigned timeout_ms) G_GNUC_WARN_UNUSED_RESULT;

/** msk_log_set_level: what loggers without a level of their own show; INFO at start. */
void msk_log_set_level(MskLogLevel level);

/**
 * msk_log_set_logger_levels:
 * @levels: (nullable) "name=LEVEL" strings, oslo.log's default_log_levels; a name covers the
 * loggers below it ("masakari" covers "masakari.api"). Unknown levels are skipped. May be called
 * again at run time (SIGHUP).
 */
void msk_log_set_logger_levels(const char *const *levels);

/** msk_log_parse_level: @ret: untouched when @name is no level of oslo.log's. */
bool msk_log_parse_level(const char *name, MskLogLevel *ret);

/** msk_log_level_name: Returns: (static) "DEBUG", "INFO", "WARNING", "ERROR" or "CRITICAL". */
const char *msk_log_level_name(MskLogLevel level);

bool msk_log_enabled(const char *logger, MskLogLevel level);

/** msk_log_set_request_id: @request_id: (nullable) of this thread's work from now on; copied. */
void msk_log_set_request_id(const char *request_id);

/** msk_log_request_id: Returns: (nullable) (owned by the log) what was set in this thread. */
const char *msk_log_request_id(void);

/** msk_log_set_global_request_id: @request_id: (nullable) of the service that asks; copied. */
void msk_log_set_global_request_id(const char *request_id);

/** msk_log_global_request_id: Returns: (nullable) (owned by the log) what was set here. */
const char *msk_log_global_request_id(void);

void msk_log_write(const char *logger, MskLogLevel level, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

#define MSK_LOG_AT(level, ...)                                                                     \
    do {                                                                                           \
        if (msk_log_enabled(LOG_NAME, (level))) {                                                  \
            msk_log_write(LOG_NAME, (level), __VA_ARGS__);                                         \
        }                                                                                          \
    } while (0)

#define log_critical(...) MSK_LOG_AT(MSK_LOG_CRITICAL, __VA_ARGS__)
#define log_error(...)    MSK_LOG_AT(MSK_LOG_ERROR, __VA_ARGS__)
#define log_warning(...)  MSK_LOG_AT(MSK_LOG_WARNING, __VA_ARGS__)
#define log_info(...)     MSK_LOG_AT(MSK_LOG_INFO, __VA_ARGS__)
#define log_debug(...)    MSK_LOG_AT(MSK_LOG_DEBUG, __VA_ARGS__)
