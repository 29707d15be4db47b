/* SPDX-License-Identifier: Apache-2.0 */
#include "process_simulation.h"

#ifndef SCENARIOS
#error "SCENARIOS is the folder of the scenario files"
#endif

int
main(int argc, char **argv)
{
    static const ScenarioFaults faults = {.name = "process_simulator",
                                          .folder = SCENARIOS,
                                          .n_least = 10,
                                          .parse = process_scenario_parse,
                                          .free = process_scenario_free,
                                          .simulate = process_simulate,
                                          .n_faults = N_PROCESS_FAULTS,
                                          .n_deaths = PROCESS_FAULT_DIE_LATE,
                                          .gaps = {1, 2, 3, 5, 8}};

    return scenario_faults_main(argc, argv, &faults);
}
