/* SPDX-License-Identifier: Apache-2.0 */
#include "return_simulation.h"

#ifndef SCENARIOS
#error "SCENARIOS is the folder of the scenario files"
#endif

int
main(int argc, char **argv)
{
    static const ScenarioFaults faults = {.name = "return_simulator",
                                          .folder = SCENARIOS,
                                          .n_least = 10,
                                          .parse = return_scenario_parse,
                                          .free = return_scenario_free,
                                          .simulate = return_simulate,
                                          .n_faults = N_RETURN_FAULTS,
                                          .n_deaths = RETURN_FAULT_DIE_LATE,
                                          .gaps = {1, 2, 5, 13, 34}};

    return scenario_faults_main(argc, argv, &faults);
}
