#include "analysis/command.h"
const struct command cmd_show = {"show", "SCAN NAME", "x", "x", NULL};
