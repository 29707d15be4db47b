/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * config_value: the text of an option as a value of its type.
 *
 * Pure; any thread.
 * Source: oslo.config 9 types.py. Narrower than that: an integer has 64 bits, a float is finite,
 * and an empty number is refused where the option has a default (oslo makes None of it).
 */

#include "oslo/config.h"

typedef struct {
    const MskOption *option;
    bool is_set;
    bool is_given; /* not the default; set by the loader */
    char *text;    /* (nullable) what it was made of, for messages and to compare */
    union {
        char *string;      /* STRING, HOST, URI */
        bool boolean;      /* BOOL */
        int64_t integer;   /* INT, PORT */
        double real;       /* FLOAT */
        char **list;       /* LIST, MULTI */
        GHashTable *table; /* DICT: char * to char *; FLOW: char * to char ** */
    };
} MskConfigValue;

/**
 * msk_config_value_parse:
 * @texts: what was given: one text, or any number of them for MULTI.
 * @ret: (out) cleared or zeroed before.
 * @ret_allowed: (out) (transfer full) on failure: what would be right, such as "a number from 1 to
 *   65535". Never holds the value itself.
 *
 * Returns: whether the text is a value of the option.
 */
bool msk_config_value_parse(const MskOption *option, char **texts, MskConfigValue *ret,
                            char **ret_allowed);

void msk_config_value_clear(MskConfigValue *value);

/** msk_config_value_render: Returns: (transfer full) as Python's str() would write the value. */
char *msk_config_value_render(const MskConfigValue *value);

/** msk_config_type_name: Returns: (static) such as "integer", for help and messages. */
const char *msk_config_type_name(const MskOption *option);
