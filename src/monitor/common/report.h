/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * report: one failure as a monitor reports it to the API, and as it is kept on disk until it is
 * acknowledged.
 *
 *   {"version": 1, "subject": s, "incident": s or null, "vital": b, "says_down": b,
 *    "notification": {"type": s, "hostname": s, "generated_time": s, "payload": {…}}}
 *
 * "notification" and what it holds is the body of POST /notifications.
 * Pure; any thread.
 * Source: upstream masakarimonitors/ha/masakari.py; generated_time as Python's str of a UTC time.
 */

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    char *subject;  /* what fails, such as an instance's uuid; reports of one stay in order */
    char *incident; /* (nullable) the same text means the same incident: reported once */
    bool vital;     /* somebody recovers on it: given up last */
    bool says_down; /* no longer true once the subject runs again */
    char *type;     /* "VM", "PROCESS", "COMPUTE_HOST" */
    char *hostname;
    int64_t generated_us; /* UTC since the epoch */
    char *payload;        /* a JSON object */
} MskReport;

/** msk_report_free: @self: (nullable) */
void msk_report_free(MskReport *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskReport, msk_report_free)

MskReport *msk_report_copy(const MskReport *self);

/** msk_report_body: Returns: (transfer full) JSON text to post. */
char *msk_report_body(const MskReport *self);

/** msk_report_to_text: Returns: (transfer full) JSON text for a file. */
char *msk_report_to_text(const MskReport *self);

/**
 * msk_report_from_text: @text: of a file; any bytes.
 * @error: %MSK_ERROR_INVALID when it is not what msk_report_to_text writes.
 *
 * Returns: (transfer full) (nullable)
 */
MskReport *msk_report_from_text(const char *text, size_t length, GError **error);
