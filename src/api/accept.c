/* SPDX-License-Identifier: Apache-2.0 */
#include "api/accept.h"

#include <glib.h>
#include <string.h>

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

static void
set_parameter(Part *self, const char *name, const char *value)
{
    if (strcmp(name, "q") == 0) {
        char *end = NULL;

        self->quality = g_ascii_strtod(value, &end);
        self->usable = *value != '\0' && *end == '\0';
    } else if (strcmp(name, "version") == 0) {
        g_free(self->version);
        self->version = g_strdup(value);
    }
}

static void
part_parse(Part *self, const char *text)
{
    g_auto(GStrv) fields = g_strsplit(text, ";", -1);

    *self = (Part){.quality = 1, .usable = true};
    self->mask = g_strdup(g_strstrip(fields[0]));
    for (char **field = fields + 1; *field != NULL; field++) {
        char *equals = strchr(*field, '=');
        char *value = equals == NULL ? *field + strlen(*field) : g_strstrip(equals + 1);
        size_t size = strlen(value);

        if (equals != NULL) {
            *equals = '\0';
        }
        if (size >= 2 && value[0] == '"' && value[size - 1] == '"') {
            value[size - 1] = '\0';
            value++;
        }
        set_parameter(self, g_strstrip(*field), value);
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
        g_autofree char *text = g_strndup(start, (size_t) (at - start));

        if (*g_strstrip(text) != '\0') {
            Part part;

            part_parse(&part, text);
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
