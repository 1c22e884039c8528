#include "analysis/command.h"
const struct command cmd_verify = {"verify", "SCAN", "x", "x", NULL};
