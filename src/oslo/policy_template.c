/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/policy_template.h"

#include "base/error.h"

#include <stdbool.h>
#include <string.h>

typedef struct {
    char *text;
    bool is_key;
} Part;

struct MskPolicyTemplate {
    GArray *parts;
};

static void
clear_part(void *part)
{
    g_free(((Part *) part)->text);
}

static void
add_part(GArray *parts, const char *text, size_t length, bool is_key)
{
    Part part = {.text = g_strndup(text, length), .is_key = is_key};

    g_array_append_val(parts, part);
}

/* Python lets a key hold parentheses, as long as they pair up. */
static const char *
find_key_end(const char *key)
{
    unsigned open = 1;

    for (const char *c = key; *c != '\0'; c++) {
        if (*c == '(') {
            open++;
        } else if (*c == ')' && --open == 0) {
            return c;
        }
    }
    return NULL;
}

/* @percent: where the "%" is. Returns: the first character after the form, or NULL. */
static const char *
add_form(GArray *parts, const char *percent, GError **error)
{
    const char *end;

    if (percent[1] == '%') {
        add_part(parts, percent, 1, false);
        return percent + 2;
    }
    end = percent[1] == '(' ? find_key_end(percent + 2) : NULL;
    if (end == NULL || end[1] != 's') {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "\"%s\" is not understood: write %%(name)s for an attribute of the target, "
                    "or %%%% for a percent sign",
                    percent);
        return NULL;
    }
    add_part(parts, percent + 2, (size_t) (end - percent) - 2, true);
    return end + 2;
}

MskPolicyTemplate *
msk_policy_template_new(const char *text, GError **error)
{
    g_autoptr(MskPolicyTemplate) self = g_new0(MskPolicyTemplate, 1);

    self->parts = g_array_new(FALSE, FALSE, sizeof(Part));
    g_array_set_clear_func(self->parts, clear_part);
    while (*text != '\0') {
        size_t length = strcspn(text, "%");

        if (length > 0) {
            add_part(self->parts, text, length, false);
            text += length;
        } else {
            text = add_form(self->parts, text, error);
            if (text == NULL) {
                return NULL;
            }
        }
    }
    return g_steal_pointer(&self);
}

void
msk_policy_template_free(MskPolicyTemplate *self)
{
    if (self != NULL) {
        g_array_unref(self->parts);
        g_free(self);
    }
}

static const char *
expand_part(const Part *part, const MskPolicyTarget *target)
{
    if (!part->is_key) {
        return part->text;
    }
    for (size_t i = 0; i < target->n_attributes; i++) {
        if (strcmp(target->attributes[i].key, part->text) == 0) {
            return target->attributes[i].value != NULL ? target->attributes[i].value : "None";
        }
    }
    return NULL;
}

const char *
msk_policy_template_expand(const MskPolicyTemplate *self, const MskPolicyTarget *target,
                           char **ret_storage)
{
    g_autoptr(GString) whole = NULL;

    *ret_storage = NULL;
    if (self->parts->len == 0) {
        return "";
    }
    if (self->parts->len == 1) {
        return expand_part(&g_array_index(self->parts, Part, 0), target);
    }
    whole = g_string_new(NULL);
    for (unsigned i = 0; i < self->parts->len; i++) {
        const char *text = expand_part(&g_array_index(self->parts, Part, i), target);

        if (text == NULL) {
            return NULL;
        }
        g_string_append(whole, text);
    }
    *ret_storage = g_string_free(g_steal_pointer(&whole), FALSE);
    return *ret_storage;
}
