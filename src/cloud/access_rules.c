/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/access_rules.h"

#include <string.h>

#define MAX_PATTERN 1024

typedef enum {
    STEP_BYTE,
    STEP_PART, /* one or more bytes, but no slash */
    STEP_ANY,  /* any bytes, none as well */
} StepKind;

typedef struct {
    StepKind kind;
    char byte;
} Step;

void
msk_access_rule_free(void *self)
{
    MskAccessRule *rule = self;

    if (rule != NULL) {
        g_free(rule->service);
        g_free(rule->method);
        g_free(rule->path);
        g_free(rule);
    }
}

/* Returns: how many bytes of @pattern the next step takes. */
static size_t
next_step(const char *pattern, Step *ret)
{
    const char *brace;

    *ret = (Step){.kind = STEP_BYTE, .byte = *pattern};
    if (pattern[0] == '*' && pattern[1] == '*') {
        ret->kind = STEP_ANY;
        return 2;
    }
    if (pattern[0] == '*') {
        ret->kind = STEP_PART;
        return 1;
    }
    brace = pattern[0] == '{' ? strchr(pattern, '}') : NULL;
    if (brace != NULL) {
        ret->kind = STEP_PART;
        return (size_t) (brace - pattern) + 1;
    }
    return 1;
}

/* After a byte: where each place before it leads. Places: 0..n_steps, inclusive. */
static void
advance(const Step *steps, size_t n_steps, char byte, const bool *before, bool *after)
{
    memset(after, 0, n_steps + 1);
    for (size_t i = 0; i < n_steps; i++) {
        const Step *step = &steps[i];

        if (!before[i]) {
            continue;
        }
        if (step->kind == STEP_ANY) {
            after[i] = true;
        } else if (step->kind == STEP_PART && byte != '/') {
            after[i] = true;
            after[i + 1] = true;
        } else if (step->kind == STEP_BYTE && byte == step->byte) {
            after[i + 1] = true;
        }
    }
}

/* "Any" may be nothing. */
static void
skip_any(const Step *steps, size_t n_steps, bool *places)
{
    for (size_t i = 0; i < n_steps; i++) {
        if (places[i] && steps[i].kind == STEP_ANY) {
            places[i + 1] = true;
        }
    }
}

bool
msk_access_path_matches(const char *pattern, const char *path)
{
    Step steps[MAX_PATTERN];
    bool places[2][MAX_PATTERN + 1] = {{true}};
    size_t n_steps = 0;
    unsigned now = 0;

    while (*pattern != '\0') {
        if (n_steps == MAX_PATTERN) {
            return false;
        }
        pattern += next_step(pattern, &steps[n_steps++]);
    }
    skip_any(steps, n_steps, places[now]);
    for (; *path != '\0'; path++) {
        advance(steps, n_steps, *path, places[now], places[1 - now]);
        now = 1 - now;
        skip_any(steps, n_steps, places[now]);
    }
    return places[now][n_steps];
}

bool
msk_access_rules_allow(const GPtrArray *rules, const char *service, const char *method,
                       const char *path)
{
    for (unsigned i = 0; i < rules->len; i++) {
        const MskAccessRule *rule = g_ptr_array_index(rules, i);

        if (strcmp(rule->service, service) == 0 && strcmp(rule->method, method) == 0 &&
            msk_access_path_matches(rule->path, path)) {
            return true;
        }
    }
    return false;
}
