/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/instance/life_memory.h"

#include "base/datetime.h"
#include "base/error.h"

#include <jansson.h>

#define VERSION 1

static void
clear_record(void *item)
{
    g_free(((MskLifeRecord *) item)->name);
}

GArray *
msk_life_records_new(void)
{
    GArray *records = g_array_new(FALSE, TRUE, sizeof(MskLifeRecord));

    g_array_set_clear_func(records, clear_record);
    return records;
}

static json_t *
record_to_json(const MskLifeRecord *record)
{
    g_autofree char *since = msk_datetime_format_rest(record->since_us);
    json_t *object = json_pack("{s:s, s:s, s:i, s:I, s:s, s:b, s:b, s:b}", "uuid", record->uuid,
                               "name", record->name, "pid", record->process.pid, "start_time",
                               (json_int_t) record->process.start_time, "since", since, "ended",
                               record->life.phase == MSK_LIFE_ENDED, "ordered",
                               record->life.ordered, "reported", record->life.reported);

    g_assert(object != NULL);
    return object;
}

char *
msk_life_memory_to_text(const GArray *records, const char *boot_id)
{
    json_t *domains = json_array();
    json_t *memory;
    char *text;
    char *copy;

    for (unsigned i = 0; i < records->len; i++) {
        g_assert(json_array_append_new(
                     domains, record_to_json(&g_array_index(records, MskLifeRecord, i))) == 0);
    }
    memory =
        json_pack("{s:i, s:s, s:o}", "version", VERSION, "boot_id", boot_id, "domains", domains);
    text = json_dumps(memory, JSON_INDENT(1));
    copy = g_strdup(text);
    g_assert(copy != NULL);
    free(text);
    json_decref(memory);
    return copy;
}

static bool
record_from_json(json_t *object, GArray *records, json_error_t *problem)
{
    const char *uuid;
    const char *name;
    int pid;
    json_int_t start_time;
    const char *since;
    int ended;
    int ordered;
    int reported;
    MskLifeRecord record = {0};

    if (json_unpack_ex(object, problem, JSON_STRICT, "{s:s, s:s, s:i, s:I, s:s, s:b, s:b, s:b}",
                       "uuid", &uuid, "name", &name, "pid", &pid, "start_time", &start_time,
                       "since", &since, "ended", &ended, "ordered", &ordered, "reported",
                       &reported) < 0) {
        return false;
    }
    if (!g_uuid_string_is_valid(uuid) || !msk_datetime_parse(since, &record.since_us) || pid < 0 ||
        start_time < 0) {
        (void) g_strlcpy(problem->text, "a uuid, time or process is not valid",
                         sizeof(problem->text)); /* it fits */
        return false;
    }
    (void) g_strlcpy(record.uuid, uuid, sizeof(record.uuid)); /* a valid uuid fits */
    record.name = g_strdup(name);
    record.process = (MskProcessId){.pid = pid, .start_time = (uint64_t) start_time};
    record.life = (MskLife){.phase = ended != 0 ? MSK_LIFE_ENDED : MSK_LIFE_RUNNING,
                            .ordered = ordered != 0,
                            .reported = reported != 0};
    g_array_append_val(records, record);
    return true;
}

static GArray *
memory_from_json(json_t *memory, const char *boot_id, GError **error)
{
    g_autoptr(GArray) records = msk_life_records_new();
    json_error_t problem;
    int version;
    const char *their_boot_id;
    json_t *domains;
    json_t *object;
    size_t i;

    if (json_unpack_ex(memory, &problem, JSON_STRICT, "{s:i, s:s, s:o}", "version", &version,
                       "boot_id", &their_boot_id, "domains", &domains) < 0) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "%s", problem.text);
        return NULL;
    }
    if (version != VERSION || !json_is_array(domains)) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "its version or list is not usable");
        return NULL;
    }
    if (!g_str_equal(their_boot_id, boot_id)) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_NOT_FOUND,
                    "it is of the time before the host was started");
        return NULL;
    }
    json_array_foreach(domains, i, object)
    {
        if (!record_from_json(object, records, &problem)) {
            g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "domain %zu: %s", i, problem.text);
            return NULL;
        }
    }
    return g_steal_pointer(&records);
}

GArray *
msk_life_memory_from_text(const char *text, size_t length, const char *boot_id, GError **error)
{
    json_error_t problem;
    json_t *memory = json_loadb(text, length, JSON_REJECT_DUPLICATES, &problem);
    GArray *records;

    if (memory == NULL) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "%s", problem.text);
        return NULL;
    }
    records = memory_from_json(memory, boot_id, error);
    json_decref(memory);
    return records;
}
