/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/options.h"

#include "api/api_options.h"
#include "api/authtoken_options.h"
#include "api/middleware_options.h"
#include "cloud/compute.h"
#include "cmd/metrics_options.h"
#include "cmd/service_options.h"
#include "engine/engine_settings.h"
#include "oslo/accepted.h"
#include "oslo/policy.h"
#include "store/store_options.h"

static const MskOption metrics_ports[] = {
    MSK_METRICS_PORT_OPTION("api_port", "masakari-api"),
    MSK_METRICS_PORT_OPTION("engine_port", "masakari-engine"),
};

void
msk_options_masakari(MskConfigSchema *schema)
{
    msk_service_add_state_options(schema);
    msk_store_add_options(schema);
    msk_config_schema_add(schema, msk_policy_options, msk_n_policy_options);
    msk_config_schema_add(schema, msk_api_options, msk_n_api_options);
    msk_config_schema_add(schema, msk_authtoken_options, msk_n_authtoken_options);
    msk_config_schema_add(schema, msk_middleware_options, msk_n_middleware_options);
    msk_compute_add_options(schema);
    msk_engine_add_options(schema);
    msk_config_schema_add(schema, msk_policy_options, msk_n_policy_options);
    msk_metrics_add_options(schema);
    msk_config_schema_add(schema, metrics_ports, G_N_ELEMENTS(metrics_ports));
    msk_config_schema_add(schema, msk_accepted_masakari, msk_n_accepted_masakari);
}
