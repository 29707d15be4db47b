/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/config_flow.h"

#include <stdbool.h>

static const char *const stages[] = {"pre", "main", "post", NULL};

static const char *
skip_space(const char *p)
{
    while (g_ascii_isspace(*p)) {
        p++;
    }
    return p;
}

static bool
take(const char **p, char c)
{
    *p = skip_space(*p);
    if (**p != c) {
        return false;
    }
    *p = skip_space(*p + 1);
    return true;
}

/* A name, quoted or bare; NULL when there is none. */
static char *
take_name(const char **p)
{
    const char *start = *p;
    size_t length;

    if (*start == '\'' || *start == '"') {
        const char *end = strchr(start + 1, *start);

        if (end == NULL || end == start + 1) {
            return NULL;
        }
        *p = end + 1;
        return g_strndup(start + 1, (size_t) (end - start - 1));
    }
    length = strcspn(start, ",:[]{}'\" \t\r\n");
    *p = start + length;
    return length > 0 ? g_strndup(start, length) : NULL;
}

/* "['a', 'b']" */
static char **
take_list(const char **p)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

    if (!take(p, '[')) {
        return NULL;
    }
    while (!take(p, ']')) {
        char *name = take_name(p);

        if (name == NULL) {
            return NULL;
        }
        g_ptr_array_add(names, name);
        if (!take(p, ',') && *skip_space(*p) != ']') {
            return NULL;
        }
    }
    g_ptr_array_add(names, NULL);
    return (char **) g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

static bool
take_stage(const char **p, GHashTable *flow)
{
    g_autofree char *stage = take_name(p);
    g_auto(GStrv) tasks = NULL;

    if (stage == NULL || !g_strv_contains(stages, stage) || g_hash_table_contains(flow, stage) ||
        !take(p, ':')) {
        return false;
    }
    tasks = take_list(p);
    if (tasks == NULL) {
        return false;
    }
    g_hash_table_insert(flow, g_steal_pointer(&stage), g_steal_pointer(&tasks));
    return true;
}

GHashTable *
msk_config_flow_parse(const char *text)
{
    g_autoptr(GHashTable) flow =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_strfreev);
    const char *p = text;
    bool braced = take(&p, '{');

    while (*p != '\0' && *p != '}') {
        if (!take_stage(&p, flow) || (!take(&p, ',') && *p != '\0' && *p != '}')) {
            return NULL;
        }
    }
    if ((braced && !take(&p, '}')) || *p != '\0') {
        return NULL;
    }
    for (size_t i = 0; stages[i] != NULL; i++) {
        if (!g_hash_table_contains(flow, stages[i])) {
            g_hash_table_insert(flow, g_strdup(stages[i]), g_new0(char *, 1));
        }
    }
    return g_steal_pointer(&flow);
}
