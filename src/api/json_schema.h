/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * json_schema: checks a request body against rules, and words the first violation as the Python
 * service does.
 *
 * A schema is a table of rules in the order in which python-jsonschema looks at the keywords of the
 * Python service's schema; the first one that fails is the one reported.
 * Pure; any thread.
 * Source: jsonschema 4.10.3 _validators.py; upstream masakari/api/validation/validators.py.
 */

#include "api/json_value.h"

typedef enum {
    MSK_RULE_END,
    MSK_RULE_TYPE,         /* words: names of JSON Schema types, any of them */
    MSK_RULE_PROPERTIES,   /* properties */
    MSK_RULE_REQUIRED,     /* words: members that must be there */
    MSK_RULE_ANY_REQUIRED, /* words: members of which one must be there */
    MSK_RULE_CLOSED,       /* properties: members that may be there; or pattern: what names match */
    MSK_RULE_MATCHING,     /* pattern, rules: members with such names obey the rules */
    MSK_RULE_ENUM,         /* booleans, words, tuple: the allowed values */
    MSK_RULE_MIN_LENGTH,   /* number, in characters */
    MSK_RULE_MAX_LENGTH,   /* number, in characters */
    MSK_RULE_PATTERN,      /* pattern */
    MSK_RULE_FORMAT,       /* words[0]: "date-time", "uuid" or "name" */
} MskRuleKind;

/* A regular expression as the functions that decide it. */
typedef struct {
    bool (*matches)(const char *text, size_t size);
    const char *(*text)(void); /* how the expression is written, for messages */
} MskPattern;

typedef struct MskRule MskRule;

typedef struct {
    const char *name; /* NULL ends a table */
    const MskRule *rules;
} MskProperty;

struct MskRule {
    MskRuleKind kind;
    const char *const *words; /* NULL-terminated */
    const MskProperty *properties;
    const MskPattern *pattern;
    const MskRule *rules;
    size_t number;
    bool booleans; /* of ENUM: True stands before the first word, False before its middle one */
    bool tuple;    /* of ENUM: messages show the values in () instead of [] */
};

/**
 * msk_schema_check:
 * @rules: up to %MSK_RULE_END.
 *
 * Returns: (transfer full) (nullable) what is wrong, for the client (text as in unicode_print.h);
 *   NULL when @value obeys.
 */
GString *msk_schema_check(const MskRule *rules, const MskJson *value);
