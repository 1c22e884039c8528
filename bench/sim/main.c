/* main.c - stsim: a simulated internet that knows the true answers. */
#include "bench/sim/commands.h"

#include <argp.h>

const char *argp_program_version = "stsim " STS_VERSION;

int main(int argc, char **argv)
{
    static int (*const commands[])(const struct options *) = {[COMMAND_SERVE] = cmd_serve,
                                                              [COMMAND_NAMES] = cmd_names,
                                                              [COMMAND_TRUTH] = cmd_truth,
                                                              [COMMAND_CLASSES] = cmd_classes};
    struct options o;
    int status = 2;

    if (options_read(&o, argc, argv)) {
        status = commands[o.command](&o);
        options_fini(&o);
    }
    return status;
}
