#include "analysis/command.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

int command_args(const struct command *cmd, int argc, char **argv, int n, struct sts_err *err)
{
    if (argc - optind == n)
        return STS_OK;
    if (argc - optind > n)
        return sts_fail(err, STS_EINVAL, "%s: one argument too many: %s (use: ststat %s [OPTION...] %s)",
                        cmd->name, argv[optind + n], cmd->name, cmd->args);
    return sts_fail(err, STS_EINVAL, "%s: something is missing (use: ststat %s [OPTION...] %s)", cmd->name,
                    cmd->name, cmd->args);
}

int command_bad_option(const struct command *cmd, char **argv, struct sts_err *err)
{
    sts_fail(err, STS_EINVAL,
             "%s: %s: unknown option, or its value is missing or not wanted (see ststat help %s)", cmd->name,
             argv[optind - 1], cmd->name);
    return EXIT_FOUND;
}

int command_done(int code, struct sts_err *err)
{
    if (fflush(stdout) != 0 || ferror(stdout))
        sts_fail(err, STS_EIO, "standard output: cannot write: %s", strerror(errno));
    if (err->code == STS_EINVAL)
        return EXIT_FOUND;
    return err->code != STS_OK ? EXIT_FAILED : code;
}
