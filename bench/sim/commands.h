/* commands.h - the commands of stsim. Each returns the exit status: 0, or what went wrong was said to
 * standard error. */
#ifndef SIM_COMMANDS_H
#define SIM_COMMANDS_H
#include "bench/sim/options.h"

int cmd_serve(const struct options *o);
int cmd_names(const struct options *o);
int cmd_truth(const struct options *o);
int cmd_classes(const struct options *o);
#endif
