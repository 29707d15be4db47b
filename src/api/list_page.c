/* SPDX-License-Identifier: Apache-2.0 */
#include "api/list_page.h"

#include "api/fault.h"
#include "api/field.h"
#include "api/json_text.h"
#include "api/python_repr.h"
#include "oslo/config_file.h"
#include "oslo/python_text.h"

#include <string.h>

#define MAX_DIGITS 4300 /* sys.get_int_max_str_digits() of Python */

void
msk_list_page_clear(MskListPage *self)
{
    g_clear_pointer(&self->sort_keys, g_ptr_array_unref);
    g_clear_pointer(&self->sort_dirs, g_ptr_array_unref);
}

/* Of ASCII, int() of Python takes fewer characters for blanks than strip() does. */
static bool
is_blank_of_int(gunichar c)
{
    return c < 0x80 ? c == ' ' || (c >= '\t' && c <= '\r') : msk_is_python_space(c);
}

/* Returns: (transfer full) */
static char *
strip_number(const char *text)
{
    const char *start = text;

    while (is_blank_of_int(g_utf8_get_char(start))) {
        start += g_utf8_skip[(unsigned char) *start];
    }
    const char *end = start + strlen(start);
    const char *last;

    while ((last = g_utf8_find_prev_char(start, end)) != NULL &&
           is_blank_of_int(g_utf8_get_char(last))) {
        end = last;
    }
    return g_strndup(start, (size_t) (end - start));
}

/* As Python's int(): blanks around, a sign, decimal digits of any script with single underscores
 * between, not too many. A number too large becomes the largest. Returns: whether it is one. */
static bool
parse_python_int(const char *text, int64_t *ret)
{
    g_autofree char *trimmed = strip_number(text);
    const char *at = trimmed;
    bool negative = *at == '-';
    unsigned n_digits = 0;
    int64_t value = 0;

    if (*at == '-' || *at == '+') {
        at++;
    }
    if (*at == '\0' || *at == '_') {
        return false;
    }
    for (; *at != '\0'; at += g_utf8_skip[(unsigned char) *at]) {
        if (*at == '_' && g_unichar_isdigit(g_utf8_get_char(at + 1))) {
            continue;
        }
        int digit = g_unichar_isdigit(g_utf8_get_char(at))
                        ? g_unichar_digit_value(g_utf8_get_char(at))
                        : -1;

        if (digit < 0 || ++n_digits > MAX_DIGITS) {
            return false;
        }
        value = value > (INT64_MAX - digit) / 10 ? INT64_MAX : value * 10 + digit;
    }
    *ret = negative ? -value : value;
    return true;
}

/* Returns: false when the call was answered. @ret: untouched when the field is not there. */
static bool
read_count(MskApiCall *call, const char *name, int64_t *ret)
{
    const char *text = msk_query_last(call->query, name);
    int64_t value;

    if (text == NULL) {
        return true;
    }
    if (!parse_python_int(text, &value)) {
        msk_fault(call, 400, "Invalid input received: %s must be an integer", name);
        return false;
    }
    if (value < 0) {
        msk_fault(call, 400, "Invalid input received: %s must be >= 0", name);
        return false;
    }
    *ret = value;
    return true;
}

/* Returns: (transfer full) (element-type char*) */
static GPtrArray *
read_words(const MskQuery *query, const char *name, const char *otherwise)
{
    g_autoptr(GPtrArray) values = msk_query_all(query, name);
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);

    for (unsigned i = 0; i < values->len; i++) {
        g_ptr_array_add(words, msk_python_strip(g_ptr_array_index(values, i)));
    }
    if (words->len == 0) {
        g_ptr_array_add(words, g_strdup(otherwise));
    }
    return words;
}

bool
msk_list_read(MskApiCall *call, MskListPage *ret)
{
    const MskQuery *query = msk_call_query(call);
    int64_t limit = call->settings->max_limit;
    int64_t page_size = 0;

    if (query == NULL || !read_count(call, "limit", &limit) ||
        !read_count(call, "page_size", &page_size)) {
        return false;
    }
    ret->limit = MIN(limit, call->settings->max_limit);
    ret->marker = msk_query_last(query, "marker");
    ret->sort_keys = read_words(query, "sort_key", "created_at");
    ret->sort_dirs = read_words(query, "sort_dir", "desc");
    return true;
}

/* Returns: false when the call was answered. @sorts: as many as there are keys. */
static bool
read_sorts(MskApiCall *call, const MskListPage *page, MskSort *sorts)
{
    for (unsigned i = 0; i < page->sort_dirs->len; i++) {
        const char *word = g_ptr_array_index(page->sort_dirs, i);

        if (strcmp(word, "asc") != 0 && strcmp(word, "desc") != 0) {
            msk_fault(call, 400,
                      "Invalid input received: Unknown sort direction, must be 'asc' or 'desc'");
            return false;
        }
    }
    if (page->sort_dirs->len > page->sort_keys->len) {
        msk_fault(call, 400, "Invalid input received: Sort direction size exceeds sort key size");
        return false;
    }
    for (unsigned i = 0; i < page->sort_keys->len; i++) {
        unsigned dir = i < page->sort_dirs->len ? i : 0;

        sorts[i].key = g_ptr_array_index(page->sort_keys, i);
        sorts[i].descending = strcmp(g_ptr_array_index(page->sort_dirs, dir), "desc") == 0;
    }
    return true;
}

/* The database compares the marker with a number; of other text it takes the number in front. */
static int64_t
marker_id(const char *marker)
{
    double number = msk_leading_number(marker);

    if (!(number >= 1 && number < (double) ((int64_t) 1 << 53)) ||
        number != (double) (int64_t) number) {
        return -1;
    }
    return (int64_t) number;
}

static const char *
unknown_sort_key(const MskListKind *kind, const MskPage *page)
{
    for (size_t i = 0; i < page->n_sorts; i++) {
        if (!msk_store_sort_key_known(kind->table, page->sorts[i].key)) {
            return page->sorts[i].key;
        }
    }
    return NULL;
}

static void
refuse_sort_key(MskApiCall *call, const char *key)
{
    g_autofree char *reason = g_strconcat("Sort key supplied is invalid: ", key, NULL);
    g_autoptr(GString) message = g_string_new("InvalidSortKey(");

    msk_python_repr_text(message, reason, strlen(reason));
    g_string_append_c(message, ')');
    msk_fault_text(call, 400, message->str, message->len);
}

#define BODY_BYTES ((gsize) 4096) /* to begin with */

/* The body of the answer, to which each row is added as it is read. */
typedef struct {
    const MskListKind *kind;
    GString *body;
    unsigned n_rows;
} Body;

static void
begin_body(void *data)
{
    Body *self = data;

    g_string_assign(self->body, "{");
    msk_json_append_name(self->body, self->kind->name);
    g_string_append_c(self->body, '[');
    self->n_rows = 0;
}

static void
add_row(const void *record, void *data)
{
    Body *self = data;

    if (self->n_rows++ > 0) {
        g_string_append(self->body, ", ");
    }
    self->kind->append(self->body, record);
}

static void
body_clear(Body *self)
{
    if (self->body != NULL) {
        g_string_free(self->body, TRUE);
    }
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Body, body_clear)

static void
reply_rows(MskApiCall *call, Body *body)
{
    g_string_append(body->body, "]}");
    msk_call_reply(call, 200, g_steal_pointer(&body->body));
}

void
msk_list_answer(MskApiCall *call, const MskListKind *kind, const MskListPage *page,
                const void *filter)
{
    g_autofree MskSort *sorts = g_new0(MskSort, page->sort_keys->len);
    g_auto(Body) body = {.kind = kind, .body = g_string_sized_new(BODY_BYTES)};
    const MskRowSink sink = {begin_body, add_row, &body};
    MskPage rows_page = {
        .sorts = sorts, .n_sorts = page->sort_keys->len, .limit = page->limit, .sink = &sink};
    g_autoptr(GError) error = NULL;

    begin_body(&body);
    if (page->limit == 0) {
        reply_rows(call, &body);
        return;
    }
    if (!read_sorts(call, page, sorts)) {
        return;
    }
    const char *unknown = unknown_sort_key(kind, &rows_page);

    if (unknown != NULL) {
        rows_page.n_sorts = 0; /* only to see whether the marker is there, which comes first */
        rows_page.limit = 1;
    }
    if (page->marker != NULL) {
        rows_page.marker = marker_id(page->marker);
    }
    MskStoreResult result = rows_page.marker < 0
                                ? MSK_STORE_NOT_FOUND
                                : kind->read(call->settings->store, filter, &rows_page, &error);

    if (result == MSK_STORE_FAILED) {
        msk_fault_error(call, error);
    } else if (result == MSK_STORE_NOT_FOUND) {
        msk_fault(call, 400, "Marker %s could not be found.", page->marker);
    } else if (unknown != NULL) {
        refuse_sort_key(call, unknown);
    } else {
        reply_rows(call, &body);
    }
}
