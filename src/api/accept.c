/* SPDX-License-Identifier: Apache-2.0 */
#include "api/accept.h"

#include <glib.h>
#include <string.h>

#define BLANKS " \t\n\v\f\r"

/* One part of the header, such as "application/json;q=0.5". */
typedef struct {
    char *mask;
    char *version; /* (nullable) */
    double quality;
    bool usable; /* its quality is a number */
} Part;

static void
part_clear(void *data)
{
    Part *self = data;

    g_free(self->mask);
    g_free(self->version);
}

/* As float() of Python. Returns: whether it is a number. */
static bool
parse_quality(const char *value, double *ret)
{
    g_autofree char *text = g_strstrip(g_strdup(value));
    char *end = NULL;

    *ret = g_ascii_strtod(text, &end);
    return *text != '\0' && *end == '\0' && strpbrk(text, "xX") == NULL;
}

/* @value: (nullable) */
static void
set_parameter(Part *self, const char *name, const char *value)
{
    if (strcmp(name, "q") == 0) {
        self->usable = value != NULL && parse_quality(value, &self->quality);
    } else if (strcmp(name, "version") == 0) {
        g_free(self->version);
        self->version = g_strdup(value);
    }
}

/* Takes one pair of quotes off. Returns: (transfer full) */
static char *
unquote(const char *text, size_t size)
{
    bool quoted = size >= 2 && text[0] == '"' && text[size - 1] == '"';

    return quoted ? g_strndup(text + 1, size - 2) : g_strndup(text, size);
}

/*
 * The mask and its parameters as the URL map has them: between two ";" a name up to a blank, "=" or
 * ";" and, behind "=", a value with the blanks at its end. What else is there counts for nothing.
 */
static void
part_parse(Part *self, const char *text)
{
    *self = (Part){.quality = 1, .usable = true};
    for (const char *at = text; at != NULL;) {
        const char *start = at + strspn(at, BLANKS);
        size_t size = strcspn(start, BLANKS ";=");
        const char *end = start + size + strspn(start + size, BLANKS);
        g_autofree char *name = unquote(start, size);
        g_autofree char *value = NULL;

        if (size > 0 && *end == '=') {
            end += 1 + strspn(end + 1, BLANKS);
            size_t value_size = strcspn(end, ";");

            value = value_size == 0 ? NULL : unquote(end, value_size);
            end += value_size;
        }
        if (size > 0 && self->mask == NULL) {
            self->mask = g_steal_pointer(&name); /* of a value behind it nothing is kept */
        } else if (size > 0) {
            set_parameter(self, name, value);
        }
        at = strchr(end, ';');
        at = at == NULL ? NULL : at + 1;
    }
    if (self->mask == NULL) {
        self->mask = g_strdup("");
    }
}

/* Returns: (transfer full) the parts between commas that are not inside quotes. */
static GArray *
parse_parts(const char *header)
{
    GArray *parts = g_array_new(FALSE, TRUE, sizeof(Part));
    const char *start = header == NULL ? "" : header;
    bool quoted = false;

    g_array_set_clear_func(parts, part_clear);
    for (const char *at = start;; at++) {
        if (*at == '"') {
            quoted = !quoted;
        }
        if (*at != '\0' && (*at != ',' || quoted)) {
            continue;
        }
        g_autofree char *text = g_strstrip(g_strndup(start, (size_t) (at - start)));

        if (*text != '\0') {
            g_autofree char *plain = unquote(text, strlen(text));
            Part part;

            part_parse(&part, plain);
            g_array_append_val(parts, part);
        }
        if (*at == '\0') {
            return parts;
        }
        start = at + 1;
    }
}

static unsigned
count_stars(const char *mask)
{
    unsigned n = 0;

    for (const char *at = mask; *at != '\0'; at++) {
        n += *at == '*';
    }
    return n;
}

static bool
mask_matches(const char *mask, const char *type)
{
    size_t size = strlen(mask);

    if (count_stars(mask) == 0) {
        return strcmp(mask, type) == 0;
    }
    if (strcmp(mask, "*/*") == 0) {
        return true;
    }
    return size >= 2 && strncmp(mask, type, size - 2) == 0 && type[size - 2] == '/';
}

const char *
msk_accept_best(const char *header, const char *const *offers, char **ret_version)
{
    g_autoptr(GArray) parts = parse_parts(header);
    const char *best = NULL;
    const char *best_mask = "*/*";
    const Part *best_part = NULL;
    double best_quality = -1;

    for (size_t offer = 0; offers[offer] != NULL; offer++) {
        for (unsigned i = 0; i < parts->len; i++) {
            const Part *part = &g_array_index(parts, Part, i);

            if (!part->usable || part->quality < best_quality ||
                (part->quality <= best_quality &&
                 count_stars(best_mask) <= count_stars(part->mask)) ||
                !mask_matches(part->mask, offers[offer])) {
                continue;
            }
            best_quality = part->quality;
            best = offers[offer];
            best_mask = part->mask;
            best_part = part;
        }
    }
    *ret_version = best_part == NULL ? NULL : g_strdup(best_part->version);
    return best;
}

char *
msk_content_type_version(const char *header)
{
    Part part;

    if (header == NULL || strchr(header, ';') == NULL) {
        return NULL;
    }
    part_parse(&part, header);
    char *version = g_steal_pointer(&part.version);

    part_clear(&part);
    return version;
}
