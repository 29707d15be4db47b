/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * routes: the one table of what the API answers below /v1.
 * Constant; any thread.
 * Source: upstream masakari/api/openstack/__init__.py (ProjectMapper); Routes 2.5 mapper.resource.
 */

#include "api/api_call.h"
#include "api/json_schema.h"

typedef struct {
    const char *method;
    const char *path;   /* below /v1 and the optional project: "segments/{segment}/hosts/{id}" */
    const char *action; /* the Python controller's method */
    const char *policy; /* (nullable) the rule that decides who may do it */
    void (*handle)(MskApiCall *call); /* (nullable) NULL: known but not allowed, 405 */
    const MskRule *schema;            /* (nullable) of the body, microversions 1.0 and 1.1 */
    const MskRule *schema_v12;        /* (nullable) of the body from 1.2 on, where it differs */
} MskRoute;

/**
 * msk_route_find:
 * @path: decoded, below "/v1", such as "/segments.json".
 * @ret_ids: (out) (transfer full) what stands in the places of {…}; NULL for those not there.
 * @ret_project: (out) (transfer full) (nullable) the project of the path.
 *
 * Returns: (nullable) (static) the route; outputs are set only then.
 */
const MskRoute *msk_route_find(const char *method, const char *path, char *ret_ids[MSK_API_MAX_IDS],
                               char **ret_project);
