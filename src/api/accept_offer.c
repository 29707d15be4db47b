/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   accept = [ ( "," / range ) *( OWS "," [ OWS range ] ) ]
 *   range  = token "/" token *( OWS ";" OWS parameter ) [ weight *( OWS ";" OWS extension ) ]
 *   weight = OWS ";" OWS "q=" ( "0" [ "." *3DIGIT ] / "1" [ "." *3"0" ] )
 *
 * A parameter is token "=" value, an extension may be a token alone; a value is a token or quoted.
 * Source: RFC 7231 section 5.3.2 as WebOb 1.8 reads it.
 */
#include "api/accept.h"

#include <glib.h>
#include <string.h>

typedef struct {
    const char *type; /* lent, with the subtype; in any case */
    size_t size;
    bool has_parameters;
    double quality;
} Range;

/* ---- the grammar: each take_*() goes beyond what it takes, and says whether it was there ------
 */

static bool
take_token(const char **at)
{
    const char *start = *at;

    while (g_ascii_isalnum(**at) || (**at != '\0' && strchr("!#$%&'*+-.^_`|~", **at) != NULL)) {
        (*at)++;
    }
    return *at > start;
}

static bool
take_char(const char **at, char wanted)
{
    if (**at != wanted) {
        return false;
    }
    (*at)++;
    return true;
}

static void
skip_blanks(const char **at)
{
    *at += strspn(*at, " \t");
}

static bool
take_quoted(const char **at)
{
    if (!take_char(at, '"')) {
        return false;
    }
    while (**at != '\0' && **at != '"') {
        *at += **at == '\\' && (*at)[1] != '\0' ? 2 : 1;
    }
    return take_char(at, '"');
}

static bool
take_value(const char **at)
{
    return **at == '"' ? take_quoted(at) : take_token(at);
}

/* Behind "q=". */
static bool
take_quality(const char **at, double *ret)
{
    const char *digits = **at == '0' ? "0123456789" : "0";
    double place = 1;

    if (**at != '0' && **at != '1') {
        return false;
    }
    *ret = **at - '0';
    (*at)++;
    if (!take_char(at, '.')) {
        return true;
    }
    for (unsigned n = 0; n < 3 && **at != '\0' && strchr(digits, **at) != NULL; n++, (*at)++) {
        place /= 10;
        *ret += (**at - '0') * place;
    }
    return true;
}

/* What follows ";" up to the next, with the blanks around the former. */
static bool
take_parameter(const char **at, bool *is_weighed, Range *range)
{
    skip_blanks(at);
    if (!*is_weighed && g_ascii_tolower(**at) == 'q' && (*at)[1] == '=') {
        *is_weighed = true;
        *at += strlen("q=");
        return take_quality(at, &range->quality);
    }
    if (!take_token(at)) {
        return false;
    }
    if (!*is_weighed) {
        range->has_parameters = true;
        return take_char(at, '=') && take_value(at);
    }
    return !take_char(at, '=') || take_value(at);
}

static bool
take_range(const char **at, Range *ret)
{
    bool is_weighed = false;

    *ret = (Range){.type = *at, .quality = 1};
    if (!take_token(at) || !take_char(at, '/') || !take_token(at)) {
        return false;
    }
    ret->size = (size_t) (*at - ret->type);
    for (;;) {
        const char *next = *at + strspn(*at, " \t");

        if (*next != ';') {
            return true;
        }
        *at = next + 1;
        if (!take_parameter(at, &is_weighed, ret)) {
            return false;
        }
    }
}

/* Returns: (transfer full) (nullable) (element-type Range); NULL when it is no such header. */
static GArray *
parse(const char *header)
{
    g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(Range));
    const char *at = header;
    bool is_first = true;

    while (*at != '\0') {
        const char *next = at + strspn(at, " \t");
        bool after_comma = is_first ? *at == ',' : *next == ',';
        Range range;

        if (after_comma) {
            at = next + 1;
            next = at + strspn(at, " \t");
        } else if (!is_first) {
            return NULL;
        }
        /* A header may begin with a comma, and only another one may follow that. */
        if (*next != ',' && *next != '\0' && (!is_first || !after_comma)) {
            at = next;
            if (!take_range(&at, &range)) {
                return NULL;
            }
            g_array_append_val(ranges, range);
        }
        is_first = false;
    }
    return g_steal_pointer(&ranges);
}

/* ---- the choice -------------------------------------------------------------------------------
 */

/* How exactly @range names @type: 0 not at all, 1 by "*" to 3 by its name. */
static unsigned
precision_of(const Range *range, const char *type)
{
    size_t main_size = strcspn(type, "/") + 1;

    if (range->size == strlen(type) && g_ascii_strncasecmp(range->type, type, range->size) == 0) {
        return range->has_parameters ? 0 : 3; /* no offer has any */
    }
    if (range->size == main_size + 1 && range->type[main_size] == '*' &&
        g_ascii_strncasecmp(range->type, type, main_size) == 0) {
        return 2;
    }
    return range->size == strlen("*/*") && memcmp(range->type, "*/*", range->size) == 0 ? 1 : 0;
}

static double
quality_of(const GArray *ranges, const char *type)
{
    unsigned precision = 0;
    double quality = 0;

    for (unsigned i = 0; i < ranges->len; i++) {
        const Range *range = &g_array_index(ranges, Range, i);
        unsigned of_range = precision_of(range, type);

        if (of_range > precision) {
            precision = of_range;
            quality = range->quality;
        }
    }
    return quality;
}

const char *
msk_accept_offer(const char *header, const char *const *offers)
{
    g_autoptr(GArray) ranges = parse(header == NULL ? "" : header);
    const char *best = NULL;
    double best_quality = 0;

    if (ranges == NULL) {
        return offers[0];
    }
    for (size_t offer = 0; offers[offer] != NULL; offer++) {
        double quality = quality_of(ranges, offers[offer]);

        if (quality > best_quality) {
            best_quality = quality;
            best = offers[offer];
        }
    }
    return best;
}
