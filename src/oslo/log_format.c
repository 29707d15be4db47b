/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/log_format.h"

#include "base/error.h"
#include "base/number.h"

#define WIDTH_MAX 200

typedef enum {
    FIELD_TEXT, /* literal */
    FIELD_EMPTY,
    FIELD_DASHES,
    FIELD_DATE,
    FIELD_MSECS,
    FIELD_PROCESS,
    FIELD_LEVEL,
    FIELD_LOGGER,
    FIELD_REQUEST_ID,
    FIELD_GLOBAL_REQUEST_ID,
    FIELD_MESSAGE,
} Field;

/* What has no counterpart here shows as oslo.log shows it outside of any request. */
static const struct {
    const char *name;
    Field field;
} fields[] = {
    {"asctime", FIELD_DATE},         {"msecs", FIELD_MSECS},
    {"process", FIELD_PROCESS},      {"levelname", FIELD_LEVEL},
    {"name", FIELD_LOGGER},          {"request_id", FIELD_REQUEST_ID},
    {"message", FIELD_MESSAGE},      {"global_request_id", FIELD_GLOBAL_REQUEST_ID},
    {"user_identity", FIELD_DASHES}, {"instance", FIELD_EMPTY},
    {"color", FIELD_EMPTY},          {"resource", FIELD_EMPTY},
    {"user_name", FIELD_EMPTY},      {"project_name", FIELD_EMPTY},
    {"error_summary", FIELD_EMPTY},
};

typedef struct {
    Field field;
    char *text; /* of FIELD_TEXT */
    int width;  /* negative: padded at the right */
    bool zeros;
} Part;

struct MskLogFormat {
    GArray *parts;
    char *date_format;
    GTimeZone *zone;
    GMutex lock; /* guards what follows: the last date, which most messages have in common */
    int64_t second;
    char *date; /* (nullable) */
};

static void
clear_part(void *part)
{
    g_free(((Part *) part)->text);
}

static void
add_text(GArray *parts, const char *text, size_t length)
{
    Part part = {.field = FIELD_TEXT, .text = g_strndup(text, length)};

    g_array_append_val(parts, part);
}

static bool
find_field(const char *name, Field *ret)
{
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        if (strcmp(name, fields[i].name) == 0) {
            *ret = fields[i].field;
            return true;
        }
    }
    return false;
}

/* @text: behind the closing bracket: flags, width, letter. Returns their length, or 0. */
static size_t
parse_conversion(const char *text, Part *part)
{
    size_t flags = strspn(text, "-0");
    size_t digits = strspn(text + flags, "0123456789");
    g_autofree char *width = g_strndup(text + flags, digits);
    int64_t number = 0;

    if (digits > 0 && !msk_parse_int64(width, 0, WIDTH_MAX, &number)) {
        return 0;
    }
    part->zeros = memchr(text, '0', flags) != NULL;
    part->width = memchr(text, '-', flags) != NULL ? -(int) number : (int) number;
    return strchr("sd", text[flags + digits]) != NULL && text[flags + digits] != '\0'
               ? flags + digits + 1
               : 0;
}

/* @text begins with '%'. Returns the bytes it took, or 0. */
static size_t
parse_part(const char *text, GArray *parts)
{
    const char *close = strchr(text, ')');
    g_autofree char *name = NULL;
    Part part = {0};
    size_t conversion;

    if (text[1] == '%') {
        add_text(parts, "%", 1);
        return 2;
    }
    if (text[1] != '(' || close == NULL) {
        return 0;
    }
    name = g_strndup(text + 2, (size_t) (close - text - 2));
    conversion = parse_conversion(close + 1, &part);
    if (conversion == 0 || !find_field(name, &part.field)) {
        return 0;
    }
    g_array_append_val(parts, part);
    return (size_t) (close + 1 - text) + conversion;
}

/* Returns: false where the format of the date is no good. */
static bool
append_date(GString *out, MskLogFormat *self, int64_t time_us)
{
    int64_t second = time_us / G_USEC_PER_SEC;

    g_mutex_lock(&self->lock);
    if (self->date == NULL || self->second != second) {
        g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(second);
        g_autoptr(GDateTime) date = g_date_time_to_timezone(utc, self->zone);

        g_free(self->date);
        self->date = g_date_time_format(date, self->date_format);
        self->second = second;
    }
    bool is_good = self->date != NULL;

    if (is_good) {
        g_string_append(out, self->date);
    }
    g_mutex_unlock(&self->lock);
    return is_good;
}

MskLogFormat *
msk_log_format_new(const char *format, const char *date_format, GError **error)
{
    g_autoptr(MskLogFormat) self = g_new0(MskLogFormat, 1);
    g_autoptr(GString) example = g_string_new(NULL);
    const char *next = format;

    self->parts = g_array_new(FALSE, FALSE, sizeof(Part));
    g_array_set_clear_func(self->parts, clear_part);
    self->date_format = g_strdup(date_format);
    g_mutex_init(&self->lock);
    self->zone = g_time_zone_new_local(); /* looks at files, too much for each message */
    if (!append_date(example, self, 0)) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "'%s' is no date format of strftime(3), such as %%Y-%%m-%%d %%H:%%M:%%S",
                    date_format);
        return NULL;
    }
    while (*next != '\0') {
        size_t length = strcspn(next, "%");

        if (length > 0) {
            add_text(self->parts, next, length);
        } else {
            length = parse_part(next, self->parts);
        }
        if (length == 0) {
            g_autoptr(GString) names = g_string_new(fields[0].name);

            for (size_t i = 1; i < G_N_ELEMENTS(fields); i++) {
                g_string_append_printf(names, ", %s", fields[i].name);
            }
            g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                        "'%s' begins with no known field; write %%(field)s with one of: %s", next,
                        names->str);
            return NULL;
        }
        next += length;
    }
    return g_steal_pointer(&self);
}

void
msk_log_format_free(MskLogFormat *self)
{
    if (self != NULL) {
        g_array_unref(self->parts);
        g_free(self->date_format);
        g_time_zone_unref(self->zone);
        g_mutex_clear(&self->lock);
        g_free(self->date);
        g_free(self);
    }
}

static void
append_field(GString *out, MskLogFormat *self, const Part *part, const MskLogRecord *record,
             const char *message)
{
    switch (part->field) {
    case FIELD_DATE:
        (void) append_date(out, self, record->time_us); /* of a format that was tried */
        break;
    case FIELD_MSECS:
        g_string_append_printf(out, "%d", (int) (record->time_us / 1000 % 1000));
        break;
    case FIELD_PROCESS:
        g_string_append_printf(out, "%d", (int) getpid());
        break;
    case FIELD_LEVEL:
        g_string_append(out, msk_log_level_name(record->level));
        break;
    case FIELD_LOGGER:
        g_string_append(out, record->logger);
        break;
    case FIELD_REQUEST_ID:
        g_string_append(out, record->request_id != NULL ? record->request_id : "-");
        break;
    case FIELD_MESSAGE:
        g_string_append(out, message);
        break;
    case FIELD_GLOBAL_REQUEST_ID:
        g_string_append(out,
                        record->global_request_id != NULL ? record->global_request_id : "None");
        break;
    case FIELD_DASHES:
        g_string_append(out, "- - - - - -");
        break;
    case FIELD_TEXT:
        g_string_append(out, part->text);
        break;
    case FIELD_EMPTY:
    default:
        break;
    }
}

/* Makes what stands in @out from @start on as wide as @part wants it. */
static void
pad(GString *out, size_t start, const Part *part)
{
    size_t width = (size_t) ABS(part->width);
    size_t length = (size_t) g_utf8_strlen(out->str + start, -1);
    size_t padding = width > length ? width - length : 0;
    gssize at = part->width < 0 ? -1 : (gssize) start; /* -1: at the end */

    for (size_t i = 0; i < padding; i++) {
        g_string_insert_c(out, at, part->zeros && part->width > 0 ? '0' : ' ');
    }
}

char *
msk_log_format_render(MskLogFormat *self, const MskLogRecord *record, const char *message)
{
    GString *out = g_string_sized_new(strlen(message) + 128);

    for (unsigned i = 0; i < self->parts->len; i++) {
        const Part *part = &g_array_index(self->parts, Part, i);

        size_t start = out->len;

        append_field(out, self, part, record, message);
        if (part->width != 0) {
            pad(out, start, part);
        }
    }
    g_string_append_c(out, '\n');
    return g_string_free(out, FALSE);
}
