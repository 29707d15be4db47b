/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * resources: the handlers that the table of routes names. Each gets a call whose version, project
 * and body are checked, and fills in its response. They may block (store, cloud).
 */

#include "api/api_call.h"

void msk_api_version_show(MskApiCall *call);       /* /v1 */
void msk_api_version_show_by_id(MskApiCall *call); /* /v1/versions/{id} */
void msk_api_versions_list(MskApiCall *call);      /* / */
/** msk_api_versions_choices: 300 for @path, decoded, that no version serves. */
void msk_api_versions_choices(MskApiCall *call, const char *path);

void msk_api_extensions_list(MskApiCall *call);
void msk_api_extension_show(MskApiCall *call);

void msk_api_health(MskApiCall *call);

void msk_api_segments_list(MskApiCall *call);
void msk_api_segment_show(MskApiCall *call);
void msk_api_segment_create(MskApiCall *call);
void msk_api_segment_update(MskApiCall *call);
void msk_api_segment_delete(MskApiCall *call);

void msk_api_hosts_list(MskApiCall *call);
void msk_api_host_show(MskApiCall *call);
void msk_api_host_create(MskApiCall *call);
void msk_api_host_update(MskApiCall *call);
void msk_api_host_delete(MskApiCall *call);

void msk_api_notifications_list(MskApiCall *call);
void msk_api_notification_show(MskApiCall *call);
void msk_api_notification_create(MskApiCall *call);

void msk_api_vmoves_list(MskApiCall *call);
void msk_api_vmove_show(MskApiCall *call);
