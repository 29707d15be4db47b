/* SPDX-License-Identifier: Apache-2.0 */
#include "config_json.h"

json_t *
msk_test_list_to_json(const char *const *list)
{
    json_t *array = json_array();

    for (size_t i = 0; list[i] != NULL; i++) {
        json_array_append_new(array, json_string(list[i]));
    }
    return array;
}

static json_t *
dict_to_json(GHashTable *table)
{
    json_t *object = json_object();
    GHashTableIter iter;
    gpointer key;
    gpointer value;

    g_hash_table_iter_init(&iter, table);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        json_object_set_new(object, key, json_string(value));
    }
    return object;
}

static json_t *
flow_to_json(const MskConfig *config, const MskOption *option)
{
    static const char *const stages[] = {"pre", "main", "post"};
    json_t *object = json_object();

    for (size_t i = 0; i < G_N_ELEMENTS(stages); i++) {
        json_object_set_new(
            object, stages[i],
            msk_test_list_to_json(msk_config_flow(config, option->group, option->name, stages[i])));
    }
    return object;
}

json_t *
msk_test_value_to_json(const MskConfig *config, const MskOption *option)
{
    if (!msk_config_is_set(config, option->group, option->name)) {
        return json_null();
    }
    switch (option->type) {
    case MSK_OPTION_BOOL:
        return json_boolean(msk_config_bool(config, option->group, option->name));
    case MSK_OPTION_INT:
    case MSK_OPTION_PORT:
        return json_integer(msk_config_int(config, option->group, option->name));
    case MSK_OPTION_FLOAT:
        return json_real(msk_config_float(config, option->group, option->name));
    case MSK_OPTION_LIST:
    case MSK_OPTION_MULTI:
        return msk_test_list_to_json(msk_config_list(config, option->group, option->name));
    case MSK_OPTION_DICT:
        return dict_to_json(msk_config_dict(config, option->group, option->name));
    case MSK_OPTION_FLOW:
        return flow_to_json(config, option);
    case MSK_OPTION_STRING:
    case MSK_OPTION_HOST:
    case MSK_OPTION_URI:
        break;
    }
    return json_string(msk_config_string(config, option->group, option->name));
}
