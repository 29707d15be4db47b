/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/fence_plan.h"

#include <jansson.h>
#include <string.h>

#include "base/error.h"
#include "base/number.h"

#define MAX_SHOWN 400u

/* One device while it is read. */
typedef struct {
    MskFenceDevice *device;
    GString *input;
    const char *place; /* for messages: "section [h1 pdu]" */
} Reading;

static void
free_device(void *data)
{
    MskFenceDevice *self = data;

    g_free(self->agent);
    g_free(self->input);
    g_ptr_array_unref(self->secrets);
    g_free(self);
}

static MskFencePlan *
plan_new(void)
{
    MskFencePlan *self = g_new0(MskFencePlan, 1);

    self->devices = g_ptr_array_new_with_free_func(free_device);
    return self;
}

void
msk_fence_plan_free(MskFencePlan *self)
{
    if (self != NULL) {
        g_ptr_array_unref(self->devices);
        g_free(self);
    }
}

static bool
is_word(const char *text)
{
    return *text != '\0' && text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-")] == '\0';
}

static bool
is_secret(const char *name)
{
    static const char *const parts[] = {"pass", "secret", "key", "token", "community", "priv"};

    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (strstr(name, parts[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static void
begin_device(Reading *reading, const char *place)
{
    MskFenceDevice *device = g_new0(MskFenceDevice, 1);

    device->level = 1;
    device->timeout_s = MSK_FENCE_TIMEOUT_S;
    device->secrets = g_ptr_array_new_with_free_func(g_free);
    *reading = (Reading){.device = device, .input = g_string_new(NULL), .place = place};
}

static void
end_reading(Reading *reading)
{
    g_string_free(reading->input, TRUE);
    if (reading->device != NULL) {
        free_device(reading->device);
    }
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Reading, end_reading)

static bool G_GNUC_PRINTF(3, 4)
    refuse(const Reading *reading, GError **error, const char *format, ...)
{
    g_autofree char *what = NULL;
    va_list arguments;

    va_start(arguments, format);
    what = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "%s: %s", reading->place, what);
    return false;
}

static bool
read_number(const Reading *reading, const char *name, const char *value, unsigned max,
            unsigned *ret, GError **error)
{
    int64_t number = 0;

    if (!msk_parse_int64(value, 1, max, &number)) {
        return refuse(reading, error, "%s has to be a whole number from 1 to %u", name, max);
    }
    *ret = (unsigned) number;
    return true;
}

static bool
read_agent(const Reading *reading, const char *value, GError **error)
{
    if (!g_str_has_prefix(value, "fence_") || !is_word(value)) {
        return refuse(reading, error,
                      "agent has to be the name of a fence agent such as fence_ipmilan, without "
                      "a path");
    }
    g_free(reading->device->agent);
    reading->device->agent = g_strdup(value);
    return true;
}

static bool
read_option(Reading *reading, const char *name, const char *value, GError **error)
{
    MskFenceDevice *device = reading->device;

    if (strcmp(name, "agent") == 0) {
        return read_agent(reading, value, error);
    }
    if (strcmp(name, "level") == 0) {
        return read_number(reading, name, value, MSK_FENCE_MAX_DEVICES, &device->level, error);
    }
    if (strcmp(name, "timeout") == 0) {
        return read_number(reading, name, value, MSK_FENCE_MAX_TIMEOUT_S, &device->timeout_s,
                           error);
    }
    if (!is_word(name)) {
        return refuse(reading, error, "an option has a name that no fence agent has");
    }
    if (strcmp(name, "action") == 0 || strcmp(name, "option") == 0) {
        return refuse(reading, error, "%s cannot be set: the engine chooses it; remove it", name);
    }
    for (const char *at = value; *at != '\0'; at++) {
        if (g_ascii_iscntrl(*at)) {
            return refuse(reading, error, "the value of %s has a control character in it", name);
        }
    }
    if (is_secret(name) && *value != '\0') {
        g_ptr_array_add(device->secrets, g_strdup(value));
    }
    g_string_append_printf(reading->input, "%s=%s\n", name, value);
    return true;
}

static bool
end_device(Reading *reading, GPtrArray *devices, GError **error)
{
    if (reading->device->agent == NULL) {
        return refuse(reading, error, "agent is missing, such as agent = fence_ipmilan");
    }
    if (reading->input->len > MSK_FENCE_MAX_INPUT) {
        return refuse(reading, error, "the options are longer than %d bytes", MSK_FENCE_MAX_INPUT);
    }
    if (devices->len >= MSK_FENCE_MAX_DEVICES) {
        return refuse(reading, error, "a host can have %d devices", MSK_FENCE_MAX_DEVICES);
    }
    reading->device->input = g_strdup(reading->input->str);
    g_ptr_array_add(devices, g_steal_pointer(&reading->device));
    return true;
}

/* By level; devices of one level stay in order. */
static void
sort_levels(GPtrArray *devices)
{
    for (unsigned i = 1; i < devices->len; i++) {
        for (unsigned j = i; j > 0; j--) {
            MskFenceDevice *before = devices->pdata[j - 1];
            MskFenceDevice *after = devices->pdata[j];

            if (before->level <= after->level) {
                break;
            }
            devices->pdata[j - 1] = after;
            devices->pdata[j] = before;
        }
    }
}

/* ---- the file ---------------------------------------------------------------------------- */

/* GKeyFile's own message would show the line, and a secret may be in it. */
static bool
check_lines(const char *text, GError **error)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    bool in_section = false;

    for (unsigned i = 0; lines[i] != NULL; i++) {
        const char *line = g_strstrip(lines[i]);

        if (*line == '[' && g_str_has_suffix(line, "]")) {
            in_section = true;
        } else if (*line != '\0' && *line != '#' && (!in_section || strchr(line, '=') == NULL)) {
            g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                        "line %u is neither a [host], nor name = value below one, nor a # comment",
                        i + 1);
            return false;
        }
    }
    return true;
}

static bool
read_section(GKeyFile *file, const char *section, GPtrArray *devices, GError **error)
{
    g_autofree char *place = g_strdup_printf("section [%s]", section);
    g_auto(GStrv) names = g_key_file_get_keys(file, section, NULL, NULL);
    g_auto(Reading) reading;

    begin_device(&reading, place);
    for (unsigned i = 0; names != NULL && names[i] != NULL; i++) {
        g_autofree char *value = g_key_file_get_value(file, section, names[i], NULL);

        if (!read_option(&reading, names[i], value == NULL ? "" : g_strchomp(value), error)) {
            return false;
        }
    }
    return end_device(&reading, devices, error);
}

static bool
is_of_host(const char *section, const char *host)
{
    size_t length = strcspn(section, " ");

    return host != NULL && strlen(host) == length && strncmp(section, host, length) == 0;
}

MskFencePlan *
msk_fence_plan_from_file(const char *text, size_t length, const char *host, GError **error)
{
    g_autoptr(MskFencePlan) plan = plan_new();
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autofree char *copy = g_strndup(text, length);

    if (strlen(copy) != length || !g_utf8_validate(copy, -1, NULL)) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "it is no text in UTF-8");
        return NULL;
    }
    if (!check_lines(copy, error)) {
        return NULL;
    }
    if (*copy != '\0' && !g_key_file_load_from_data(file, copy, length, G_KEY_FILE_NONE, NULL)) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "a section or an option has a name that cannot be read");
        return NULL;
    }
    g_auto(GStrv) sections = g_key_file_get_groups(file, NULL);

    for (unsigned i = 0; sections[i] != NULL; i++) {
        g_autoptr(GPtrArray) others = g_ptr_array_new_with_free_func(free_device);
        GPtrArray *devices = is_of_host(sections[i], host) ? plan->devices : others;

        if (!read_section(file, sections[i], devices, error)) {
            return NULL;
        }
    }
    sort_levels(plan->devices);
    return g_steal_pointer(&plan);
}

/* ---- control_attributes ------------------------------------------------------------------ */

static bool
read_member(Reading *reading, const char *name, json_t *value, GError **error)
{
    g_autofree char *number = NULL;

    if (json_is_string(value)) {
        return read_option(reading, name, json_string_value(value), error);
    }
    if (json_is_integer(value)) {
        number = g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return read_option(reading, name, number, error);
    }
    if (json_is_boolean(value)) {
        return read_option(reading, name, json_is_true(value) ? "1" : "0", error);
    }
    return refuse(reading, error,
                  "the value of an option has to be a string, a whole number, "
                  "true or false");
}

static bool
read_object(json_t *object, const char *place, GPtrArray *devices, GError **error)
{
    g_auto(Reading) reading;
    const char *name;
    json_t *value;

    begin_device(&reading, place);
    if (!json_is_object(object)) {
        return refuse(&reading, error, "it has to be an object");
    }
    json_object_foreach(object, name, value)
    {
        if (!read_member(&reading, name, value, error)) {
            return false;
        }
    }
    return end_device(&reading, devices, error);
}

static bool
read_devices(json_t *fencing, MskFencePlan *plan, GError **error)
{
    if (!json_is_array(fencing)) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "control_attributes: fencing has to be a list of devices");
        return false;
    }
    for (size_t i = 0; i < json_array_size(fencing); i++) {
        g_autofree char *place = g_strdup_printf("control_attributes: device %zu", i + 1);

        if (!read_object(json_array_get(fencing, i), place, plan->devices, error)) {
            return false;
        }
    }
    sort_levels(plan->devices);
    return true;
}

MskFencePlan *
msk_fence_plan_from_attributes(const char *text, GError **error)
{
    g_autoptr(MskFencePlan) plan = plan_new();
    json_t *root = text == NULL || strchr(text, '{') == NULL ? NULL : json_loads(text, 0, NULL);
    json_t *fencing = json_object_get(root, "fencing");
    bool fine = fencing == NULL || read_devices(fencing, plan, error);

    json_decref(root);
    return fine ? g_steal_pointer(&plan) : NULL;
}

/* ---- what an agent says ------------------------------------------------------------------ */

char *
msk_fence_plan_mask(const MskFenceDevice *device, const char *text, size_t length)
{
    g_autofree char *valid = g_utf8_make_valid(text, (ssize_t) length);
    g_autoptr(GString) line = g_string_new(valid);

    for (unsigned i = 0; i < device->secrets->len; i++) {
        g_string_replace(line, g_ptr_array_index(device->secrets, i), "***", 0);
    }
    for (size_t i = 0; i < line->len; i++) {
        if (g_ascii_iscntrl(line->str[i])) {
            line->str[i] = ' ';
        }
    }
    if (line->len > MAX_SHOWN) {
        g_string_truncate(line, MAX_SHOWN);
        g_autofree char *cut = g_utf8_make_valid(line->str, -1);

        return g_strstrip(g_steal_pointer(&cut));
    }
    return g_strdup(g_strstrip(line->str));
}
