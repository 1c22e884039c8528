#include "scanner/descriptors.h"
#include "scanner/dry_run.h"
#include "scanner/memory.h"
#include "scanner/options.h"
#include "scanner/preflight.h"
#include "scanner/reread.h"
#include "scanner/resume.h"
#include "scanner/scan.h"
#include "scanner/side_files.h"
#include "sinks/sink.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NAME_BYTES  256
#define AGENT_BYTES 512

#define PREFLIGHT_MOST_BYTES (64U << 20) /* answers of hostile resolvers included */

enum exit_code { EXIT_DONE = 0, EXIT_USAGE = 1, EXIT_NO_START = 2, EXIT_STOPPED = 3, EXIT_OUTPUT = 4 };

static void say(const struct sts_err *err, FILE *messages)
{
    fprintf(messages, "stscan: %s\n", err->msg);
}

static int open_input(const struct options *o, struct input **out, struct sts_err *err)
{
    const struct input_layout layout = {(enum input_format)o->input_format, o->origin};
    int rc = o->n_names > 0 ? input_open_names(out, o->names, o->n_names, err)
                            : input_open_file(out, o->input_file, &layout, err);

    if (rc == STS_OK)
        input_set_shard(*out, o->shards, o->shard);
    return rc;
}

static bool takes_stdout(const char *path)
{
    return path != NULL && strcmp(path, "-") == 0;
}

/* The directory of the scan: that of the scan that goes on, as asked, or a new one named by the time. */
static int open_output(const struct scan_setup *setup, char *name, size_t size, struct sink **out,
                       struct sts_err *err)
{
    const struct options *o = setup->options;
    time_t now = time(NULL);
    struct tm utc;

    if (setup->resume != NULL) {
        snprintf(name, size, "%s", o->resume);
        return resume_sink(setup->resume, out, err);
    }
    if (takes_stdout(o->output)) {
        snprintf(name, size, "-");
        return sink_stream_open(STDOUT_FILENO, out, err);
    }
    if (o->output != NULL)
        snprintf(name, size, "%s", o->output);
    else if (gmtime_r(&now, &utc) == NULL || strftime(name, size, "scan-%Y%m%dT%H%M%SZ", &utc) == 0)
        return sts_fail(err, STS_ESYS, "cannot tell the time");
    if (sink_dir_open(name, out, err) != STS_OK)
        return err->code;
    if (o->output == NULL && !takes_stdout(o->status_file) && !takes_stdout(o->metadata_file))
        printf("%s\n", name);
    return STS_OK;
}

/* Who we say we are. `host` and `agent` hold the words. */
static void introduce(struct scan_setup *setup, char host[NAME_BYTES], char agent[AGENT_BYTES],
                      FILE *messages)
{
    const struct options *o = setup->options;

    setup->ehlo_name = o->ehlo_name != NULL ? o->ehlo_name : host;
    setup->user_agent = agent;
    snprintf(agent, AGENT_BYTES, "stscan/" STS_VERSION "%s%s%s", o->contact ? " (" : "",
             o->contact ? o->contact : "", o->contact ? ")" : "");
    if (o->ehlo_name != NULL)
        return;
    if (gethostname(host, NAME_BYTES - 1) != 0)
        snprintf(host, NAME_BYTES, "localhost");
    if (!o->no_starttls && strchr(host, '.') == NULL)
        fprintf(messages,
                "stscan: MX hosts are greeted as \"%s\", which is no full name: give one with --ehlo-name\n",
                host);
}

/* Names from a file can be read again, and records in a directory go on. */
static bool can_resume(const struct scan_setup *setup, const char *out_name)
{
    return setup->options->n_names == 0 && strcmp(out_name, "-") != 0 && input_info(setup->input)->has_size;
}

/* The last words: where things stand, and what to run next. */
static enum exit_code tell_end(const struct scan_setup *setup, const char *out_name,
                               const struct scan_result *result, const struct sts_err *err)
{
    const struct log *log = setup->files->log;

    if (err->code != STS_OK)
        say(err, log_stream(log, true));
    if (!result->started && !result->output_failed)
        return EXIT_NO_START;
    if (result->started && !result->complete && can_resume(setup, out_name))
        fprintf(log_stream(log, true), "stscan: to go on%s: stscan --resume %s\n",
                result->output_failed ? " when it can be written again" : "", out_name);
    if (result->output_failed)
        return EXIT_OUTPUT;
    if (strcmp(out_name, "-") != 0)
        fprintf(log_stream(log, !setup->options->quiet),
                "%s holds %llu names%s in %llu bytes; next: ststat summary %s\n", out_name,
                (unsigned long long)result->positions, result->complete ? "" : " (the scan was stopped)",
                (unsigned long long)result->bytes, out_name);
    return result->complete && err->code == STS_OK ? EXIT_DONE : EXIT_STOPPED;
}

/* EXIT_DONE: the scan may begin. */
static enum exit_code look_first(const struct scan_setup *setup, struct checks *checks)
{
    const struct options *o = setup->options;
    const struct preflight_env env = {o, setup->ehlo_name, setup->max_connections};
    FILE *messages = log_stream(setup->files->log, true);
    struct sts_err err = {0};
    uint32_t n_failed;

    if (preflight_run(&env, checks, &err) != STS_OK) {
        say(&err, messages);
        return EXIT_NO_START;
    }
    n_failed = checks_count(checks, CHECK_FAILED);
    if (o->preflight)
        checks_table(checks, "", stdout);
    else if (o->verbose)
        checks_table(checks, "stscan: ", messages);
    else {
        checks_complain(checks, CHECK_WARNING, log_stream(setup->files->log, !o->quiet));
        checks_complain(checks, CHECK_FAILED, messages);
    }
    if (n_failed == 0 || (o->ignore_preflight && !o->preflight))
        return EXIT_DONE;
    if (!o->preflight)
        fprintf(messages,
                "stscan: not started, nothing was written: --preflight shows all that was looked at, "
                "--ignore-preflight scans regardless\n");
    return EXIT_NO_START;
}

static enum exit_code scan_with(const struct scan_setup *setup)
{
    const struct options *o = setup->options;
    FILE *messages = log_stream(setup->files->log, true);
    char out_name[PATH_MAX];
    struct scan_result result = {0};
    struct sts_err err = {0};
    struct sink *sink = NULL;

    if (open_output(setup, out_name, sizeof(out_name), &sink, &err) != STS_OK) {
        say(&err, messages);
        if (err.code == STS_ENOMEM)
            return EXIT_NO_START;
        return err.code == STS_EEXIST || err.code == STS_EINVAL ? EXIT_USAGE : EXIT_OUTPUT;
    }
    if (o->input_file != NULL && strcmp(out_name, "-") != 0 && !can_resume(setup, out_name))
        fprintf(log_stream(setup->files->log, !o->quiet),
                "stscan: %s cannot be read again: if this scan stops early, --resume cannot go on with it\n",
                strcmp(o->input_file, "-") == 0 ? "standard input" : o->input_file);
    (void)!scan_run(setup, sink, &result, &err);
    return tell_end(setup, out_name, &result, &err);
}

static enum exit_code dry_run(const struct options *o, struct input *input)
{
    struct sts_err err = {0};

    if (dry_run_report(o, input, stdout, &err) == STS_OK)
        return EXIT_DONE;
    say(&err, stderr);
    return EXIT_NO_START;
}

static enum exit_code scan_into(const struct options *o, struct input *input, struct resume *resume,
                                const struct side_files *files)
{
    char host[NAME_BYTES] = "", agent[AGENT_BYTES];
    struct scan_setup setup = {.options = o, .input = input, .files = files, .resume = resume};
    struct checks checks;
    struct arena arena;
    enum exit_code code;

    introduce(&setup, host, agent, log_stream(files->log, true));
    /* Preflight says where they are fewer than wanted. */
    setup.max_connections = descriptors_fitting(o->max_connections, scan_workers(o));
    setup.most_connections = descriptors_fitting(0, scan_workers(o));
    setup.checks = &checks;
    arena_init(&arena, PREFLIGHT_MOST_BYTES);
    checks_init(&checks, &arena);
    code = look_first(&setup, &checks);
    if (code == EXIT_DONE && !o->preflight)
        code = scan_with(&setup);
    arena_fini(&arena);
    return code;
}

static enum exit_code scan_options(struct options *o, struct resume *resume)
{
    struct side_files files = {NULL};
    struct sts_err err = {0};
    struct input *input = NULL;
    enum exit_code code = EXIT_NO_START;

    if (options_default_servers(o, "/etc/resolv.conf", &err) != STS_OK ||
        (!o->dry_run && side_files_open(&files, o, &err) != STS_OK) ||
        (!o->preflight && open_input(o, &input, &err) != STS_OK) ||
        (resume != NULL && resume_check_input(resume, input_info(input), &err) != STS_OK))
        say(&err, files.log != NULL ? log_stream(files.log, true) : stderr);
    else
        code = o->dry_run ? dry_run(o, input) : scan_into(o, input, resume, &files);
    input_free(input);
    side_files_close(&files);
    return code;
}

/* Options take their texts from *resume: it goes last. */
static enum exit_code go_on(struct options *o, struct resume **resume)
{
    struct sts_err err = {0};

    if (resume_open(resume, o, &err) == STS_OK)
        return scan_options(o, *resume);
    say(&err, stderr);
    return err.code == STS_EEND ? EXIT_DONE : err.code == STS_EINVAL ? EXIT_USAGE : EXIT_NO_START;
}

int main(int argc, char **argv)
{
    struct sts_err err = {0};
    struct resume *resume = NULL;
    struct options o;
    enum exit_code code = EXIT_DONE;

    reread_hold();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not become larger: a failed write, like a full disk */
    if (options_parse(&o, argc, argv, &err) != STS_OK) {
        say(&err, stderr);
        code = err.code == STS_ENOMEM ? EXIT_NO_START : EXIT_USAGE;
    } else if (o.help) {
        options_print_help(stdout);
    } else if (o.version) {
        options_print_version(stdout);
    } else if (memory_begin(&err) != STS_OK) {
        say(&err, stderr);
        code = EXIT_NO_START;
    } else {
        if (o.preflight || o.dry_run)
            reread_let_go();
        code = o.resume != NULL ? go_on(&o, &resume) : scan_options(&o, NULL);
        memory_end();
    }
    options_fini(&o);
    resume_free(resume);
    return code;
}
