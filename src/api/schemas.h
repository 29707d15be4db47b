/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * schemas: the rules of the request bodies. Constant tables.
 * Source: upstream masakari/api/openstack/ha/schemas/ and api/validation/parameter_types.py.
 */

#include "api/json_schema.h"

extern const MskRule msk_schema_segment_create[];     /* microversions 1.0 and 1.1 */
extern const MskRule msk_schema_segment_create_v12[]; /* from 1.2: with enabled */
extern const MskRule msk_schema_segment_update[];
extern const MskRule msk_schema_segment_update_v12[];
extern const MskRule msk_schema_host_create[];
extern const MskRule msk_schema_host_update[];
extern const MskRule msk_schema_notification_create[];
/* The payload of a notification, by its type. */
extern const MskRule msk_schema_payload_compute_host[];
extern const MskRule msk_schema_payload_process[];
extern const MskRule msk_schema_payload_vm[];
