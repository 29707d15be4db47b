/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * accepted: the options of the Python services that have no effect here, so that their files load
 * and bad values in them are still found. The help says why there is no effect.
 *
 * Source: the options of masakari and masakari-monitors as oslo-config-generator lists them.
 */

#include "oslo/config.h"

extern const MskOption msk_accepted_masakari[]; /* masakari.conf */
extern const size_t msk_n_accepted_masakari;
extern const MskOption msk_accepted_masakarimonitors[]; /* masakarimonitors.conf */
extern const size_t msk_n_accepted_masakarimonitors;
