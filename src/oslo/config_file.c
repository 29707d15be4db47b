/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/config_file.h"

#include "base/error.h"
#include "base/file.h"
#include "oslo/python_text.h"

#include <stdbool.h>

typedef struct {
    const char *path;
    GPtrArray *entries;
    char *group; /* NULL before the first section */
    char *key;   /* of the assignment that continuation lines may still extend */
    GString *value;
    unsigned line;
    unsigned key_line;
} Parser;

static void
free_entry(void *item)
{
    MskConfigEntry *entry = item;

    g_free(entry->group);
    g_free(entry->key);
    g_free(entry->value);
    g_free(entry);
}

static const char *
skip_space(const char *text, const char *end)
{
    while (text < end && msk_is_python_space(g_utf8_get_char(text))) {
        text += g_utf8_skip[(unsigned char) *text];
    }
    return text;
}

static const char *
trim_end(const char *text, const char *end)
{
    while (end > text) {
        const char *last = g_utf8_find_prev_char(text, end); /* the environment holds any bytes */

        if (last == NULL || !msk_is_python_space(g_utf8_get_char(last))) {
            break;
        }
        end = last;
    }
    return end;
}

char *
msk_python_strip(const char *text)
{
    const char *end = text + strlen(text);
    const char *start = skip_space(text, end);

    end = trim_end(start, end);
    return g_strndup(start, (size_t) (end - start));
}

char *
msk_config_group_name(const char *section)
{
    return strcmp(section, "DEFAULT") == 0 ? g_strdup(section) : g_utf8_strdown(section, -1);
}

static bool
fail(const Parser *parser, GError **error, const char *reason)
{
    g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "%s:%u: %s", parser->path, parser->line,
                reason);
    return false;
}

static bool
flush(Parser *parser, GError **error)
{
    MskConfigEntry *entry;

    if (parser->key == NULL) {
        return true;
    }
    if (parser->entries->len >= MSK_CONFIG_FILE_MAX_ENTRIES) {
        return fail(parser, error, "more than 10000 options in one file");
    }
    entry = g_new0(MskConfigEntry, 1);
    entry->group = g_strdup(parser->group);
    entry->key = g_steal_pointer(&parser->key);
    entry->value = g_strdup(parser->value->str);
    entry->line = parser->key_line;
    g_ptr_array_add(parser->entries, entry);
    return true;
}

static bool
start_section(Parser *parser, const char *line, const char *end, GError **error)
{
    g_autofree char *name = NULL;

    if (end[-1] != ']') {
        return fail(parser, error, "a section must end with ']' and nothing behind it");
    }
    if (end - line <= 2) {
        return fail(parser, error, "a section needs a name between '[' and ']'");
    }
    name = g_strndup(line + 1, (size_t) (end - line - 2));
    g_free(parser->group);
    parser->group = msk_config_group_name(name);
    return true;
}

static bool
start_assignment(Parser *parser, const char *line, const char *end, GError **error)
{
    const char *separator = line + strcspn(line, ":=");
    const char *key = skip_space(line, MIN(separator, end));
    const char *key_end;
    const char *value;

    if (separator >= end) {
        return fail(parser, error, "neither a section, 'option = value', nor a comment");
    }
    key_end = trim_end(key, separator);
    if (key_end == key) {
        return fail(parser, error, "an option name is missing before '=' or ':'");
    }
    if (parser->group == NULL) {
        return fail(parser, error, "an option before the first section; put [DEFAULT] above it");
    }
    value = skip_space(separator + 1, end);
    if (value < end && (*value == '"' || *value == '\'') && end[-1] == *value) {
        value++;
        end = MAX(end - 1, value);
    }
    parser->key = g_strndup(key, (size_t) (key_end - key));
    parser->key_line = parser->line;
    g_string_truncate(parser->value, 0);
    g_string_append_len(parser->value, value, end - value);
    return true;
}

/* @end: after the last byte; the byte there is a line end or NUL, so that strcspn stops in time. */
static bool
parse_line(Parser *parser, const char *line, const char *end, GError **error)
{
    bool indented = *line == ' ' || *line == '\t';

    end = trim_end(line, end);
    if (end == line) {
        return flush(parser, error);
    }
    if (indented) {
        if (parser->key == NULL) {
            return fail(parser, error,
                        "an indented line continues the option above it, and there is none");
        }
        line = skip_space(line, end);
        g_string_append_c(parser->value, '\n');
        g_string_append_len(parser->value, line, end - line);
        return true;
    }
    if (!flush(parser, error)) {
        return false;
    }
    if (*line == '[') {
        return start_section(parser, line, end, error);
    }
    if (*line == '#' || *line == ';') {
        return true;
    }
    return start_assignment(parser, line, end, error);
}

static bool
parse_lines(Parser *parser, const char *text, GError **error)
{
    const char *line = text;

    while (*line != '\0') {
        size_t length = strcspn(line, "\r\n");
        const char *end = line + length;

        parser->line++;
        if (!parse_line(parser, line, end, error)) {
            return false;
        }
        line = end + (end[0] == '\r' && end[1] == '\n' ? 2 : end[0] != '\0');
    }
    return flush(parser, error);
}

/* Says where the bytes stop being text, or returns true. */
static bool
check_text(const char *path, const char *text, size_t length, GError **error)
{
    const char *bad = NULL;
    unsigned line = 1;

    if (length > MSK_CONFIG_FILE_MAX_BYTES) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "%s: larger than %zu bytes, the most a configuration file may have", path,
                    MSK_CONFIG_FILE_MAX_BYTES);
        return false;
    }
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "%s:1: begins with a byte order mark; save the file as UTF-8 without one",
                    path);
        return false;
    }
    if (g_utf8_validate_len(text, length, &bad)) {
        return true;
    }
    for (const char *p = text; p < bad; p++) {
        line += *p == '\n';
    }
    g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "%s:%u: byte 0x%02x is %s", path, line,
                (unsigned char) *bad, *bad == '\0' ? "NUL, which text does not have" : "not UTF-8");
    return false;
}

GPtrArray *
msk_config_file_parse(const char *path, const char *text, size_t length, GError **error)
{
    g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(free_entry);
    Parser parser = {.path = path, .entries = entries};
    g_autofree char *copy = NULL;
    bool ok;

    if (!check_text(path, text, length, error)) {
        return NULL;
    }
    copy = g_strndup(text, length);
    parser.value = g_string_new(NULL);
    ok = parse_lines(&parser, copy, error);
    g_string_free(parser.value, TRUE);
    g_free(parser.group);
    g_free(parser.key);
    return ok ? g_steal_pointer(&entries) : NULL;
}

GPtrArray *
msk_config_file_read(const char *path, GError **error)
{
    g_autofree char *expanded = NULL;
    g_autofree char *text = NULL;
    const char *file = path;
    size_t length;

    if (g_str_has_prefix(path, "~/")) {
        expanded = g_build_filename(g_get_home_dir(), path + 2, NULL);
        file = expanded;
    }
    if (g_file_test(file, G_FILE_TEST_IS_DIR)) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "%s is a directory, not a configuration file; give it as --config-dir", path);
        return NULL;
    }
    text = msk_file_read(file, MSK_CONFIG_FILE_MAX_BYTES, &length, error);
    return text != NULL ? msk_config_file_parse(path, text, length, error) : NULL;
}
