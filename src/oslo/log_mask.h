/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * log_mask: makes a message fit to be read by others: no secret, no control character.
 *
 * Pure; any thread.
 * Source: oslo.utils strutils.py (mask_password) for the names; passwords inside URLs and
 * authorization headers are hidden as well, which that one does not do.
 */

/**
 * msk_mask_secrets:
 * @message: UTF-8.
 *
 * Hides what follows a name such as password, token or secret in "name = value", "name: value",
 * {"name": "value"}, --name value and <name>value</name>; the password of a URL; the value of an
 * authorization header.
 *
 * Returns: (transfer full) @message with "***" for each secret.
 */
char *msk_mask_secrets(const char *message);

/**
 * msk_escape_controls: Returns: (transfer full) @text with control characters as \n, \t, \x1b and
 * bytes that are not UTF-8 as \xff, so that one message stays one line of text.
 */
char *msk_escape_controls(const char *text);
