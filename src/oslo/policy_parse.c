/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/policy_parse.h"

#include "base/error.h"
#include "oslo/python_text.h"

#include <string.h>

typedef enum {
    TOKEN_END,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_AND,
    TOKEN_OR,
    TOKEN_NOT,
    TOKEN_CHECK,
    TOKEN_TEXT, /* quoted as a whole, which is no check */
} TokenType;

typedef struct {
    TokenType type;
    char *text;
    unsigned column;
} Token;

typedef struct {
    GArray *tokens; /* ends with END */
    unsigned next;
    unsigned depth;
} Parser;

static MskPolicyCheck *parse_any(Parser *parser, GError **error);

static void
clear_token(void *token)
{
    g_free(((Token *) token)->text);
}

static void
add_token(GArray *tokens, TokenType type, const char *text, size_t length, unsigned column)
{
    Token token = {.type = type, .text = g_strndup(text, length), .column = column};

    g_array_append_val(tokens, token);
}

static TokenType
word_type(const char *word, size_t length)
{
    static const struct {
        const char *word;
        TokenType type;
    } operators[] = {{"and", TOKEN_AND}, {"or", TOKEN_OR}, {"not", TOKEN_NOT}};

    for (size_t i = 0; i < G_N_ELEMENTS(operators); i++) {
        if (strlen(operators[i].word) == length &&
            g_ascii_strncasecmp(operators[i].word, word, length) == 0) {
            return operators[i].type;
        }
    }
    return TOKEN_CHECK;
}

static bool
is_quoted(const char *word, size_t length)
{
    return length >= 2 && (*word == '"' || *word == '\'') && word[length - 1] == *word;
}

static void
add_word(GArray *tokens, const char *word, size_t length, unsigned column)
{
    size_t n_closing = 0;
    TokenType type;

    while (length > 0 && *word == '(') {
        add_token(tokens, TOKEN_OPEN, word, 1, column);
        word++;
        length--;
        column++;
    }
    type = is_quoted(word, length) ? TOKEN_TEXT : TOKEN_CHECK;
    while (length > 0 && word[length - 1] == ')') {
        length--;
        n_closing++;
    }
    if (length > 0) {
        add_token(tokens, type == TOKEN_TEXT ? type : word_type(word, length), word, length,
                  column);
        column += (unsigned) g_utf8_strlen(word, (gssize) length);
    }
    for (size_t i = 0; i < n_closing; i++) {
        add_token(tokens, TOKEN_CLOSE, ")", 1, column + (unsigned) i);
    }
}

static GArray *
tokenize(const char *text)
{
    GArray *tokens = g_array_new(FALSE, FALSE, sizeof(Token));
    unsigned column = 1;

    g_array_set_clear_func(tokens, clear_token);
    while (*text != '\0') {
        const char *end = text;
        unsigned width = 0;

        while (*end != '\0' && !msk_is_python_space(g_utf8_get_char(end))) {
            end += g_utf8_skip[(unsigned char) *end];
            width++;
        }
        add_word(tokens, text, (size_t) (end - text), column);
        column += width;
        text = end;
        if (*text != '\0') {
            text += g_utf8_skip[(unsigned char) *text];
            column++;
        }
    }
    add_token(tokens, TOKEN_END, "", 0, column);
    return tokens;
}

static const Token *
peek(const Parser *parser)
{
    return &g_array_index(parser->tokens, Token, parser->next);
}

static bool
accept(Parser *parser, TokenType type)
{
    if (peek(parser)->type != type) {
        return false;
    }
    parser->next++;
    return true;
}

static void
set_unexpected(const Parser *parser, const char *wanted, GError **error)
{
    const Token *token = peek(parser);

    if (token->type == TOKEN_END) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "it ends where %s is missing", wanted);
    } else {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "column %u: %s is missing before \"%s\"",
                    token->column, wanted, token->text);
    }
}

static MskPolicyCheck *
parse_group(Parser *parser, GError **error)
{
    g_autoptr(MskPolicyCheck) inner = parse_any(parser, error);

    if (inner == NULL) {
        return NULL;
    }
    if (!accept(parser, TOKEN_CLOSE)) {
        set_unexpected(parser, "\")\"", error);
        return NULL;
    }
    return g_steal_pointer(&inner);
}

static MskPolicyCheck *
parse_single(Parser *parser, GError **error)
{
    const Token *token = peek(parser);
    MskPolicyCheck *check;

    if (token->type == TOKEN_TEXT) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "column %u: \"%s\" is no check: it begins and ends with a quote", token->column,
                    token->text);
        return NULL;
    }
    if (!accept(parser, TOKEN_CHECK)) {
        set_unexpected(parser, "a check", error);
        return NULL;
    }
    check = msk_policy_check_new(token->text, error);
    if (check == NULL) {
        g_prefix_error(error, "column %u: ", token->column);
    }
    return check;
}

static MskPolicyCheck *
parse_term(Parser *parser, GError **error)
{
    MskPolicyCheck *check;

    if (parser->depth == MSK_POLICY_MAX_DEPTH) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "column %u: nested more than %d deep; move a part into a rule of its own",
                    peek(parser)->column, MSK_POLICY_MAX_DEPTH);
        return NULL;
    }
    parser->depth++;
    if (accept(parser, TOKEN_NOT)) {
        check = parse_term(parser, error);
        check = check != NULL ? msk_policy_check_new_not(check) : NULL;
    } else if (accept(parser, TOKEN_OPEN)) {
        check = parse_group(parser, error);
    } else {
        check = parse_single(parser, error);
    }
    parser->depth--;
    return check;
}

typedef MskPolicyCheck *(*ParsePart)(Parser *parser, GError **error);

/* part {operator part} */
static GPtrArray *
parse_chain(Parser *parser, ParsePart parse_part, TokenType operator, GError ** error)
{
    g_autoptr(GPtrArray) parts =
        g_ptr_array_new_with_free_func((GDestroyNotify) msk_policy_check_free);

    do {
        MskPolicyCheck *part = parse_part(parser, error);

        if (part == NULL) {
            return NULL;
        }
        g_ptr_array_add(parts, part);
    } while (accept(parser, operator));
    return g_steal_pointer(&parts);
}

static MskPolicyCheck *
parse_all(Parser *parser, GError **error)
{
    GPtrArray *parts = parse_chain(parser, parse_term, TOKEN_AND, error);

    return parts != NULL ? msk_policy_check_new_all(parts) : NULL;
}

static MskPolicyCheck *
parse_any(Parser *parser, GError **error)
{
    GPtrArray *parts = parse_chain(parser, parse_all, TOKEN_OR, error);

    return parts != NULL ? msk_policy_check_new_any(parts) : NULL;
}

static bool
check_text(const char *text, GError **error)
{
    if (strlen(text) > MSK_POLICY_MAX_TEXT) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "it is longer than %d bytes",
                    MSK_POLICY_MAX_TEXT);
        return false;
    }
    if (!g_utf8_validate(text, -1, NULL)) {
        g_set_error_literal(error, MSK_ERROR, MSK_ERROR_INVALID, "it is not UTF-8");
        return false;
    }
    return true;
}

MskPolicyCheck *
msk_policy_parse(const char *text, GError **error)
{
    g_autoptr(GArray) tokens = NULL;
    g_autoptr(MskPolicyCheck) check = NULL;
    Parser parser = {0};

    if (!check_text(text, error)) {
        return NULL;
    }
    if (*text == '\0') {
        return msk_policy_check_new("@", error);
    }
    tokens = tokenize(text);
    parser.tokens = tokens;
    check = parse_any(&parser, error);
    if (check != NULL && !accept(&parser, TOKEN_END)) {
        set_unexpected(&parser, "\"and\" or \"or\"", error);
        return NULL;
    }
    return g_steal_pointer(&check);
}

/* An anchor in YAML makes many checks of a few bytes. */
static bool
check_size(const json_t *list, GError **error)
{
    size_t n_checks = json_array_size(list);

    for (size_t i = 0; i < json_array_size(list) && n_checks <= MSK_POLICY_MAX_CHECKS; i++) {
        n_checks += json_array_size(json_array_get(list, i));
    }
    if (n_checks > MSK_POLICY_MAX_CHECKS) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "it has more than %d checks",
                    MSK_POLICY_MAX_CHECKS);
        return false;
    }
    return true;
}

static MskPolicyCheck *
parse_member(const json_t *member, GError **error)
{
    const char *text = json_string_value(member);

    if (text == NULL) {
        g_set_error_literal(error, MSK_ERROR, MSK_ERROR_INVALID,
                            "a member of the list is no text: write [[\"role:a\", \"role:b\"], "
                            "[\"role:c\"]] or, better, \"role:a and role:b or role:c\"");
        return NULL;
    }
    return check_text(text, error) ? msk_policy_check_new(text, error) : NULL;
}

/* The checks of @list that must all hold. */
static MskPolicyCheck *
parse_alternative(const json_t *list, GError **error)
{
    g_autoptr(GPtrArray) checks =
        g_ptr_array_new_with_free_func((GDestroyNotify) msk_policy_check_free);

    for (size_t i = 0; i < json_array_size(list); i++) {
        MskPolicyCheck *check = parse_member(json_array_get(list, i), error);

        if (check == NULL) {
            return NULL;
        }
        g_ptr_array_add(checks, check);
    }
    return msk_policy_check_new_all(g_steal_pointer(&checks));
}

static bool
is_empty(const json_t *member)
{
    return (json_is_array(member) && json_array_size(member) == 0) ||
           (json_is_string(member) && json_string_length(member) == 0);
}

MskPolicyCheck *
msk_policy_parse_list(const json_t *list, GError **error)
{
    g_autoptr(GPtrArray) alternatives =
        g_ptr_array_new_with_free_func((GDestroyNotify) msk_policy_check_free);

    if (!check_size(list, error)) {
        return NULL;
    }
    if (json_array_size(list) == 0) {
        return msk_policy_check_new("@", error);
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *member = json_array_get(list, i);
        MskPolicyCheck *check;

        if (is_empty(member)) {
            continue;
        }
        check =
            json_is_array(member) ? parse_alternative(member, error) : parse_member(member, error);
        if (check == NULL) {
            return NULL;
        }
        g_ptr_array_add(alternatives, check);
    }
    if (alternatives->len == 0) {
        return msk_policy_check_new("!", error);
    }
    return msk_policy_check_new_any(g_steal_pointer(&alternatives));
}
