/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * python_repr: values as Python's repr() and str() show them; the texts of errors quote values so.
 * Pure; any thread.
 * Source: CPython 3.11 Objects/unicodeobject.c (unicode_repr), Python/pystrtod.c (repr of floats).
 */

#include "api/json_value.h"

/** msk_python_repr_text: @text: see unicode_print.h; appends it quoted, such as 'a\tb'. */
void msk_python_repr_text(GString *out, const char *text, size_t size);

/** msk_python_repr: appends repr(@value), such as {'a': [1, None, True, 'x']}. */
void msk_python_repr(GString *out, const MskJson *value);

/**
 * msk_python_items: appends an array or object as repr() and json.dumps() both lay it out,
 * "[1, 2]" or "{name: 1}", each name and item by @append.
 */
void msk_python_items(GString *out, const MskJson *value,
                      void (*append)(GString *out, const MskJson *item));

/** msk_python_str: appends str(@value): strings bare, others as repr(). */
void msk_python_str(GString *out, const MskJson *value);

/** msk_python_real: Returns: (transfer full) repr() of a float: "1.0", "1e-07", "nan", "-inf". */
char *msk_python_real(double real);
