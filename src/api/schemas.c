/* SPDX-License-Identifier: Apache-2.0 */
#include "api/schemas.h"

#include "api/unicode_print.h"

#include <string.h>

/* Shorter lines below, one a keyword. */
#define WORDS(...)                                                                                 \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }
#define TYPE(...)                                                                                  \
    {                                                                                              \
        .kind = MSK_RULE_TYPE, .words = WORDS(__VA_ARGS__)                                         \
    }
#define PROPERTIES(table)                                                                          \
    {                                                                                              \
        .kind = MSK_RULE_PROPERTIES, .properties = (table)                                         \
    }
#define CLOSED(table)                                                                              \
    {                                                                                              \
        .kind = MSK_RULE_CLOSED, .properties = (table)                                             \
    }
#define REQUIRED(...)                                                                              \
    {                                                                                              \
        .kind = MSK_RULE_REQUIRED, .words = WORDS(__VA_ARGS__)                                     \
    }
#define ANY_REQUIRED(...)                                                                          \
    {                                                                                              \
        .kind = MSK_RULE_ANY_REQUIRED, .words = WORDS(__VA_ARGS__)                                 \
    }
#define ONE_OF(...)                                                                                \
    {                                                                                              \
        .kind = MSK_RULE_ENUM, .words = WORDS(__VA_ARGS__)                                         \
    }
#define ONE_OF_TUPLE(...)                                                                          \
    {                                                                                              \
        .kind = MSK_RULE_ENUM, .words = WORDS(__VA_ARGS__), .tuple = true                          \
    }
#define MIN_LENGTH(n)                                                                              \
    {                                                                                              \
        .kind = MSK_RULE_MIN_LENGTH, .number = (n)                                                 \
    }
#define MAX_LENGTH(n)                                                                              \
    {                                                                                              \
        .kind = MSK_RULE_MAX_LENGTH, .number = (n)                                                 \
    }
#define PATTERN(which)                                                                             \
    {                                                                                              \
        .kind = MSK_RULE_PATTERN, .pattern = &(which)                                              \
    }
#define FORMAT(word)                                                                               \
    {                                                                                              \
        .kind = MSK_RULE_FORMAT, .words = WORDS(word)                                              \
    }
#define END                                                                                        \
    {                                                                                              \
        .kind = MSK_RULE_END                                                                       \
    }

/* ---- regular expressions ------------------------------------------------------------------ */

/* Python's $ also stands before a line feed that ends the text. */
static size_t
without_last_line_feed(const char *text, size_t size)
{
    return size > 0 && text[size - 1] == '\n' ? size - 1 : size;
}

static bool
all_of(const char *text, size_t size, const char *others)
{
    for (size_t i = 0; i < size; i++) {
        if (!g_ascii_isalnum(text[i]) && (text[i] == '\0' || strchr(others, text[i]) == NULL)) {
            return false;
        }
    }
    return true;
}

static bool
is_alphanumeric(const char *text, size_t size)
{
    return all_of(text, without_last_line_feed(text, size), "");
}

static const char *
alphanumeric_text(void)
{
    return "^[a-zA-Z0-9]*$";
}

static bool
is_host_name(const char *text, size_t size)
{
    return all_of(text, without_last_line_feed(text, size), "-._");
}

static const char *
host_name_text(void)
{
    return "^[a-zA-Z0-9-._]*$";
}

static bool
is_payload_name(const char *text, size_t size)
{
    size_t length = without_last_line_feed(text, size);

    return length >= 1 && length <= 255 && all_of(text, length, "-_:. ");
}

static const char *
payload_name_text(void)
{
    return "^[a-zA-Z0-9-_:. ]{1,255}$";
}

static bool
is_description(const char *text, size_t size)
{
    for (const char *at = text; at < text + size;) {
        uint32_t c = msk_unicode_next(&at, text + size);

        if (c != '\n' && !msk_unicode_is_name_char(c)) {
            return false;
        }
    }
    return true;
}

static const MskPattern alphanumeric = {is_alphanumeric, alphanumeric_text};
static const MskPattern host_name = {is_host_name, host_name_text};
static const MskPattern payload_name = {is_payload_name, payload_name_text};
static const MskPattern description_text = {is_description, msk_unicode_description_pattern};

/* ---- fields ------------------------------------------------------------------------------- */

static const MskRule name[] = {TYPE("string"), MIN_LENGTH(1), MAX_LENGTH(255), FORMAT("name"), END};

static const MskRule description[] = {TYPE("string", "null"), MIN_LENGTH(0),
                                      PATTERN(description_text), END};

static const MskRule host_type[] = {TYPE("string", "null"), MIN_LENGTH(0), MAX_LENGTH(255),
                                    PATTERN(alphanumeric), END};

static const MskRule boolean[] = {
    TYPE("boolean", "string"),
    {.kind = MSK_RULE_ENUM,
     .words = WORDS("True", "TRUE", "true", "1", "ON", "On", "on", "YES", "Yes", "yes", "False",
                    "FALSE", "false", "0", "OFF", "Off", "off", "NO", "No", "no"),
     .booleans = true},
    END,
};

static const MskRule hostname[] = {TYPE("string"), MIN_LENGTH(1), MAX_LENGTH(255),
                                   PATTERN(host_name), END};

static const MskRule recovery_method[] = {
    TYPE("string"), ONE_OF("auto", "reserved_host", "auto_priority", "rh_priority"), END};

/* ---- segments ----------------------------------------------------------------------------- */

static const MskProperty segment_fields[] = {{"name", name},
                                             {"description", description},
                                             {"recovery_method", recovery_method},
                                             {"service_type", name},
                                             {NULL, NULL}};

static const MskProperty segment_fields_v12[] = {
    {"name", name},         {"description", description}, {"recovery_method", recovery_method},
    {"service_type", name}, {"enabled", boolean},         {NULL, NULL}};

#define SEGMENT_REQUIRED REQUIRED("name", "recovery_method", "service_type")

static const MskRule new_segment[] = {TYPE("object"), PROPERTIES(segment_fields),
                                      CLOSED(segment_fields), SEGMENT_REQUIRED, END};
static const MskRule new_segment_v12[] = {TYPE("object"), PROPERTIES(segment_fields_v12),
                                          CLOSED(segment_fields_v12), SEGMENT_REQUIRED, END};
static const MskRule changed_segment[] = {
    TYPE("object"), PROPERTIES(segment_fields), CLOSED(segment_fields),
    ANY_REQUIRED("name", "description", "recovery_method", "service_type"), END};
static const MskRule changed_segment_v12[] = {
    TYPE("object"), PROPERTIES(segment_fields_v12), CLOSED(segment_fields_v12),
    ANY_REQUIRED("name", "description", "recovery_method", "service_type", "enabled"), END};

static const MskProperty segment_create[] = {{"segment", new_segment}, {NULL, NULL}};
static const MskProperty segment_create_v12[] = {{"segment", new_segment_v12}, {NULL, NULL}};
static const MskProperty segment_update[] = {{"segment", changed_segment}, {NULL, NULL}};
static const MskProperty segment_update_v12[] = {{"segment", changed_segment_v12}, {NULL, NULL}};

const MskRule msk_schema_segment_create[] = {TYPE("object"), PROPERTIES(segment_create),
                                             REQUIRED("segment"), CLOSED(segment_create), END};
const MskRule msk_schema_segment_create_v12[] = {TYPE("object"), PROPERTIES(segment_create_v12),
                                                 REQUIRED("segment"), CLOSED(segment_create_v12),
                                                 END};
const MskRule msk_schema_segment_update[] = {TYPE("object"), PROPERTIES(segment_update),
                                             REQUIRED("segment"), CLOSED(segment_update), END};
const MskRule msk_schema_segment_update_v12[] = {TYPE("object"), PROPERTIES(segment_update_v12),
                                                 REQUIRED("segment"), CLOSED(segment_update_v12),
                                                 END};

/* ---- hosts -------------------------------------------------------------------------------- */

static const MskProperty host_fields[] = {
    {"name", name},        {"type", host_type},         {"control_attributes", description},
    {"reserved", boolean}, {"on_maintenance", boolean}, {NULL, NULL}};

static const MskRule new_host[] = {TYPE("object"), PROPERTIES(host_fields), CLOSED(host_fields),
                                   REQUIRED("name", "type", "control_attributes"), END};
static const MskRule changed_host[] = {
    TYPE("object"), PROPERTIES(host_fields), CLOSED(host_fields),
    ANY_REQUIRED("name", "type", "control_attributes", "reserved", "on_maintenance"), END};

static const MskProperty host_create[] = {{"host", new_host}, {NULL, NULL}};
static const MskProperty host_update[] = {{"host", changed_host}, {NULL, NULL}};

const MskRule msk_schema_host_create[] = {TYPE("object"), PROPERTIES(host_create), REQUIRED("host"),
                                          CLOSED(host_create), END};
const MskRule msk_schema_host_update[] = {TYPE("object"), PROPERTIES(host_update), REQUIRED("host"),
                                          CLOSED(host_update), END};

/* ---- notifications ------------------------------------------------------------------------ */

static const MskRule notification_type[] = {TYPE("string"),
                                            ONE_OF_TUPLE("COMPUTE_HOST", "VM", "PROCESS"), END};
static const MskRule generated_time[] = {TYPE("string"), FORMAT("date-time"), END};
static const MskRule payload_value[] = {TYPE("string"), MAX_LENGTH(255), END};
static const MskRule payload[] = {
    TYPE("object"),
    {.kind = MSK_RULE_MATCHING, .pattern = &payload_name, .rules = payload_value},
    {.kind = MSK_RULE_CLOSED, .pattern = &payload_name},
    END,
};

static const MskProperty notification_fields[] = {{"type", notification_type},
                                                  {"hostname", hostname},
                                                  {"generated_time", generated_time},
                                                  {"payload", payload},
                                                  {NULL, NULL}};
static const MskRule new_notification[] = {
    TYPE("object"), PROPERTIES(notification_fields),
    REQUIRED("type", "hostname", "generated_time", "payload"), CLOSED(notification_fields), END};
static const MskProperty notification_create[] = {{"notification", new_notification}, {NULL, NULL}};

const MskRule msk_schema_notification_create[] = {TYPE("object"), PROPERTIES(notification_create),
                                                  REQUIRED("notification"),
                                                  CLOSED(notification_create), END};

static const MskRule event_type[] = {ONE_OF_TUPLE("STARTED", "STOPPED"), TYPE("string"), END};
static const MskRule host_status[] = {ONE_OF_TUPLE("NORMAL", "UNKNOWN"), TYPE("string"), END};
static const MskRule cluster_status[] = {ONE_OF_TUPLE("ONLINE", "OFFLINE"), TYPE("string"), END};
static const MskRule process_name[] = {TYPE("string"), MIN_LENGTH(1), MAX_LENGTH(4096), END};
static const MskRule instance_uuid[] = {TYPE("string"), FORMAT("uuid"), END};
static const MskRule short_text[] = {TYPE("string"), MIN_LENGTH(1), MAX_LENGTH(255), END};

static const MskProperty compute_host_fields[] = {{"host_status", host_status},
                                                  {"cluster_status", cluster_status},
                                                  {"event", event_type},
                                                  {NULL, NULL}};
static const MskProperty process_fields[] = {
    {"process_name", process_name}, {"event", event_type}, {NULL, NULL}};
static const MskProperty vm_fields[] = {{"instance_uuid", instance_uuid},
                                        {"vir_domain_event", short_text},
                                        {"event", short_text},
                                        {NULL, NULL}};

const MskRule msk_schema_payload_compute_host[] = {TYPE("object"), PROPERTIES(compute_host_fields),
                                                   REQUIRED("event"), CLOSED(compute_host_fields),
                                                   END};
const MskRule msk_schema_payload_process[] = {TYPE("object"), PROPERTIES(process_fields),
                                              REQUIRED("process_name", "event"),
                                              CLOSED(process_fields), END};
const MskRule msk_schema_payload_vm[] = {TYPE("object"), PROPERTIES(vm_fields),
                                         REQUIRED("instance_uuid", "vir_domain_event", "event"),
                                         CLOSED(vm_fields), END};
