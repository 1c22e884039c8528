/* main.c - ststat: finds the command, prints help and failures, exits. */
#include "analysis/command.h"

#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {&cmd_summary, &cmd_verify, &cmd_show,
                                                 &cmd_check,   &cmd_export, &cmd_parse};

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < STS_LEN(commands); i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static void print_help(FILE *out)
{
    fputs("Usage: ststat COMMAND [OPTION]... SCAN...\n"
          "What a scan of stscan shows: shares, proof, evidence.\n\n"
          "SCAN is the directory that stscan wrote, one part of it, or - for standard input:\n"
          "  stscan -f names.txt -o - | ststat summary -\n\n"
          "Commands\n",
          out);
    for (size_t i = 0; i < STS_LEN(commands); i++)
        fprintf(out, "  %-8s %-13s %s\n", commands[i]->name, commands[i]->args, commands[i]->summary);
    fputs("  help     COMMAND       more about one command\n\n"
          "Exit codes\n"
          "  0  done, nothing wrong\n"
          "  1  wrong use of a command; verify: problems found; show: name not in the scan\n"
          "  2  the scan could not be read (the message names file and offset), or the output not written;\n"
          "     check: the scan failed or was stopped\n",
          out);
}

static void print_command(const struct command *cmd)
{
    printf("ststat %s [OPTION...] %s\n%s.\n\n%s", cmd->name, cmd->args, cmd->summary, cmd->help);
}

static int unknown(const char *name)
{
    fprintf(stderr, "ststat: %s: no such command (see ststat --help)\n", name);
    return EXIT_FOUND;
}

static int help(const char *name, struct sts_err *err)
{
    const struct command *cmd = name ? find(name) : NULL;

    if (name != NULL && cmd == NULL)
        return unknown(name);
    if (cmd != NULL)
        print_command(cmd);
    else
        print_help(stdout);
    return command_done(EXIT_FINE, err);
}

/* "--help" anywhere before "--" is a wish for help. */
static bool wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

int main(int argc, char **argv)
{
    struct sts_err err = {0};
    const struct command *cmd;
    int code;

    if (argc < 2) {
        print_help(stderr);
        return EXIT_FOUND;
    }
    cmd = find(argv[1]);
    if (strcmp(argv[1], "--version") == 0) {
        printf("ststat %s\n", STS_VERSION);
        code = command_done(EXIT_FINE, &err);
    } else if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        code = help(argv[2], &err); /* NULL where there is none */
    } else if (cmd == NULL) {
        return unknown(argv[1]);
    } else if (wants_help(argc - 1, argv + 1)) {
        code = help(argv[1], &err);
    } else {
        code = cmd->run(argc - 1, argv + 1, &err);
    }
    if (err.code != STS_OK)
        fprintf(stderr, "ststat: %s\n", err.msg);
    return code;
}
