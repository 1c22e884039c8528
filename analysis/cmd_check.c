/* cmd_check.c - ststat check: scans a few names and shows them. */
#include "analysis/child.h"
#include "analysis/command.h"
#include "analysis/show.h"

#include <errno.h>
#include <ftw.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAMES_MOST       20
#define REMOVE_FDS       16
#define STSCAN_STOPPED   3 /* exit code of stscan: stopped before the end */
#define TEMPLATE         "/ststat-check-XXXXXX"
#define SCAN_IN_TEMPLATE "/scan"

struct check {
    const char *stscan, *keep;
    char **names, **more; /* `more`: options for stscan */
    int n_names, n_more;
    char own[PATH_MAX];  /* stscan beside this program */
    char dir[PATH_MAX];  /* temporary; "" for none */
    char scan[PATH_MAX]; /* where the scan goes */
};

/* Beside this program, as both are built and installed, else in PATH. */
static const char *find_stscan(struct check *c)
{
    static const char name[] = "stscan";
    ssize_t len = readlink("/proc/self/exe", c->own, sizeof(c->own) - sizeof(name));
    char *slash;

    if (len <= 0)
        return name;
    c->own[len] = '\0';
    slash = strrchr(c->own, '/');
    if (slash == NULL)
        return name;
    memcpy(slash + 1, name, sizeof(name));
    return access(c->own, X_OK) == 0 ? c->own : name;
}

static int make_place(struct check *c, struct sts_err *err)
{
    const char *tmp = getenv("TMPDIR");
    int n;

    if (c->keep != NULL)
        n = snprintf(c->scan, sizeof(c->scan), "%s", c->keep);
    else
        n = snprintf(c->dir, sizeof(c->dir) - sizeof(SCAN_IN_TEMPLATE), "%s" TEMPLATE, tmp ? tmp : "/tmp");
    if (n < 0 || (size_t)n >= sizeof(c->dir) - sizeof(SCAN_IN_TEMPLATE)) {
        c->dir[0] = '\0';
        return sts_fail(err, STS_EINVAL, "check: the name of the directory is too long");
    }
    if (c->keep != NULL)
        return STS_OK;
    if (mkdtemp(c->dir) == NULL) {
        sts_fail(err, STS_EIO, "%s: cannot be made: %s (TMPDIR names another place)", c->dir,
                 strerror(errno));
        c->dir[0] = '\0';
        return err->code;
    }
    memcpy(c->scan, c->dir, (size_t)n);
    memcpy(c->scan + n, SCAN_IN_TEMPLATE, sizeof(SCAN_IN_TEMPLATE));
    return STS_OK;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *place)
{
    (void)st, (void)type, (void)place;
    return remove(path);
}

static void remove_place(const struct check *c)
{
    if (c->dir[0] != '\0' && nftw(c->dir, remove_one, REMOVE_FDS, FTW_DEPTH | FTW_PHYS) != 0)
        fprintf(stderr, "ststat: %s: cannot be removed: %s\n", c->dir, strerror(errno));
}

/* Its own options come last, so that they win over these: a second look soon, and an end soon. */
static int scan(struct check *c, const sigset_t *before, struct sts_err *err)
{
    static const char *const quick[] = {"--attempts=2", "--retry-after=3s", "--dns-retry-after=3s",
                                        "--tail=60s", "--control-rate=0"};
    char **argv = calloc(3 + STS_LEN(quick) + (size_t)c->n_more + 1 + (size_t)c->n_names + 1, sizeof(*argv));
    size_t n = 0;
    int code = 0;

    if (argv == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    argv[n++] = (char *)c->stscan;
    argv[n++] = "-o";
    argv[n++] = c->keep != NULL ? c->scan : "-"; /* of a place that goes away there is no word */
    for (size_t i = 0; i < STS_LEN(quick); i++)
        argv[n++] = (char *)quick[i];
    for (int i = 0; i < c->n_more; i++)
        argv[n++] = c->more[i];
    argv[n++] = "--";
    for (int i = 0; i < c->n_names; i++)
        argv[n++] = c->names[i];
    if (child_run(argv, c->keep != NULL ? NULL : c->scan, before, &code, err) == STS_OK &&
        code == STSCAN_STOPPED)
        sts_fail(err, STS_ESYS, "check: the scan was stopped before its end");
    else if (err->code == STS_OK && code != 0)
        sts_fail(err, STS_ESYS, "check: %s failed with exit code %d; what it said is above", c->stscan, code);
    free(argv);
    return err->code;
}

static int show_all(struct check *c, struct sts_err *err)
{
    struct scan_reader *r = NULL;
    int code = EXIT_FINE;

    if (scan_reader_open(&r, c->scan, err) != STS_OK) {
        if (err->code == STS_EFORMAT) { /* the words of the reader name a place that goes away */
            *err = (struct sts_err){0};
            sts_fail(err, STS_EINVAL,
                     "check: %s wrote no scan (behind the --, no -o, --dry-run, --preflight or --help)",
                     c->stscan);
        }
        return EXIT_FAILED;
    }
    for (int i = 0; i < c->n_names && err->code == STS_OK; i++) {
        if (i > 0)
            puts("\n------------------------------------------------------------------------\n");
        code = show_name(stdout, r, c->names[i], NULL, err);
    }
    scan_reader_close(r);
    return code;
}

static int check(struct check *c, struct sts_err *err)
{
    sigset_t before;
    int code = EXIT_FAILED;

    if (child_signals_begin(&before, err) != STS_OK)
        return EXIT_FAILED;
    if (make_place(c, err) == STS_OK && scan(c, &before, err) == STS_OK)
        code = show_all(c, err);
    code = command_done(code, err);
    remove_place(c);
    child_signals_end(&before);
    return code;
}

static int run(int argc, char **argv, struct sts_err *err)
{
    static const struct option options[] = {
        {"stscan", required_argument, NULL, 's'}, {"keep", required_argument, NULL, 'k'}, {0}};
    struct check c = {0};
    int option, end = 1;

    while (end < argc && strcmp(argv[end], "--") != 0)
        end++;
    if (end < argc) {
        c.more = argv + end + 1;
        c.n_more = argc - end - 1;
    }
    opterr = 0;
    while ((option = getopt_long(end, argv, "", options, NULL)) != -1) {
        if (option == '?')
            return command_bad_option(&cmd_check, argv, err);
        *(option == 's' ? &c.stscan : &c.keep) = optarg;
    }
    c.names = argv + optind;
    c.n_names = end - optind;
    if (c.n_names == 0 || c.n_names > NAMES_MOST) {
        sts_fail(err, STS_EINVAL,
                 "check: 1 to %d names are wanted (use: ststat check NAME... -- OPTION of stscan...)",
                 NAMES_MOST);
        return EXIT_FOUND;
    }
    if (c.stscan == NULL)
        c.stscan = find_stscan(&c);
    return check(&c, err);
}

const struct command cmd_check = {
    .name = "check",
    .args = "NAME...",
    .summary = "scans up to 20 names now, and shows each as show does",
    .help = "  --keep DIR         keeps the scan there, a new directory (else it is removed)\n"
            "  --stscan PATH      the scanner (else the one beside ststat, else that in PATH)\n\n"
            "Options behind a -- are for stscan, and win over those of this command: --attempts 2\n"
            "--retry-after 3s --dns-retry-after 3s --tail 60s --control-rate 0. It wants to know who\n"
            "is asking, and whom to ask:\n"
            "  ststat check example.org -- --contact postmaster@example.net --name-servers 127.0.0.1\n\n"
            "The status of the scan goes to standard error, what was found to standard output.\n\n"
            "Exit codes: 0 shown, 1 wrong use, 2 the scan failed or was stopped.\n",
    .run = run,
};
