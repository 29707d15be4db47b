/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/common/report.h"

#include "base/datetime.h"
#include "base/error.h"

#define PAYLOAD "{\"event\": \"LIFECYCLE\", \"instance_uuid\": \"u\", \"vir_domain_event\": \"X\"}"
#define NOTIFICATION                                                                               \
    "{\"type\": \"VM\", \"hostname\": \"h1\", \"generated_time\": \"2026-11-23T07:08:49.733897\"," \
    " \"payload\": " PAYLOAD "}"
#define FILE_TEXT                                                                                  \
    "{\"version\": 1, \"subject\": \"u\", \"incident\": null, \"vital\": true, \"says_down\": "    \
    "false, \"notification\": " NOTIFICATION "}"

static MskReport *
sample(void)
{
    MskReport *report = g_new0(MskReport, 1);

    report->subject = g_strdup("u");
    report->vital = true;
    report->type = g_strdup("VM");
    report->hostname = g_strdup("h1");
    report->payload = g_strdup(PAYLOAD);
    g_assert_true(msk_datetime_parse("2026-11-23T07:08:49.733897", &report->generated_us));
    return report;
}

static void
test_texts(void)
{
    g_autoptr(MskReport) report = sample();
    g_autofree char *body = msk_report_body(report);
    g_autofree char *text = msk_report_to_text(report);

    g_assert_cmpstr(body, ==, "{\"notification\": " NOTIFICATION "}");
    g_assert_cmpstr(text, ==, FILE_TEXT);
}

static void
test_there_and_back(void)
{
    g_autoptr(MskReport) report = sample();
    g_autofree char *text = NULL;
    g_autofree char *again = NULL;
    g_autoptr(MskReport) copy = NULL;
    g_autoptr(MskReport) read = NULL;
    g_autoptr(GError) error = NULL;

    report->incident = g_strdup("u:1:2");
    report->says_down = true;
    copy = msk_report_copy(report);
    text = msk_report_to_text(copy);
    read = msk_report_from_text(text, strlen(text), &error);
    g_assert_no_error(error);
    g_assert_cmpstr(read->incident, ==, "u:1:2");
    g_assert_true(read->says_down);
    g_assert_true(read->vital);
    g_assert_cmpint(read->generated_us, ==, report->generated_us);
    again = msk_report_to_text(read);
    g_assert_cmpstr(again, ==, text);
    msk_report_free(NULL);
}

/* Each replaces the first text by the second in a good file. */
static const struct {
    const char *from;
    const char *to;
} damages[] = {
    {"\"version\": 1", "\"version\": 2"},
    {"\"version\": 1", "\"version\": \"1\""},
    {"\"subject\": \"u\"", "\"subject\": null"},
    {"\"incident\": null", "\"incident\": 5"},
    {"\"incident\": null, ", ""},
    {"\"vital\": true", "\"vital\": 1"},
    {"\"hostname\": \"h1\"", "\"hostname\": \"h1\", \"hostname\": \"h2\""},
    {"\"hostname\": \"h1\"", "\"hostname\": \"h1\", \"more\": 1"},
    {"07:08:49.733897", "yesterday"},
    {PAYLOAD, "[]"},
    {PAYLOAD, "\"x\""},
    {"}}}", "}}"},
    {"h1", "h\xff"},
};

static void
test_damaged_files_are_refused(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(damages); i++) {
        g_auto(GStrv) parts = g_strsplit(FILE_TEXT, damages[i].from, 2);
        g_autofree char *text = g_strjoinv(damages[i].to, parts);
        g_autoptr(GError) error = NULL;

        g_test_message("row %zu", i);
        g_assert_cmpuint(g_strv_length(parts), ==, 2);
        g_assert_null(msk_report_from_text(text, strlen(text), &error));
        g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
    }
}

static void
test_every_torn_file_is_refused(void)
{
    for (size_t length = 0; length < strlen(FILE_TEXT); length++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(msk_report_from_text(FILE_TEXT, length, &error));
        g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/report/texts", test_texts);
    g_test_add_func("/report/there_and_back", test_there_and_back);
    g_test_add_func("/report/damaged", test_damaged_files_are_refused);
    g_test_add_func("/report/torn", test_every_torn_file_is_refused);
    return g_test_run();
}
