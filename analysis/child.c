#include "analysis/child.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const int held[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD};

static void fill(sigset_t *set)
{
    sigemptyset(set);
    for (size_t i = 0; i < STS_LEN(held); i++)
        sigaddset(set, held[i]);
}

int child_signals_begin(sigset_t *before, struct sts_err *err)
{
    sigset_t set;

    fill(&set);
    if (sigprocmask(SIG_BLOCK, &set, before) != 0)
        return sts_fail(err, STS_ESYS, "signals cannot be held: %s", strerror(errno));
    return STS_OK;
}

void child_signals_end(const sigset_t *before)
{
    sigprocmask(SIG_SETMASK, before, NULL);
}

static int spawn(pid_t *child, char *const argv[], const posix_spawn_file_actions_t *files,
                 const sigset_t *before)
{
    posix_spawnattr_t attr;
    int rc = posix_spawnattr_init(&attr);

    if (rc != 0)
        return rc;
    rc = posix_spawnattr_setsigmask(&attr, before);
    if (rc == 0)
        rc = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
    if (rc == 0)
        rc = posix_spawnp(child, argv[0], files, &attr, argv, environ);
    posix_spawnattr_destroy(&attr);
    return rc;
}

static int start(pid_t *child, char *const argv[], const char *output, const sigset_t *before,
                 struct sts_err *err)
{
    posix_spawn_file_actions_t files;
    int rc = posix_spawn_file_actions_init(&files);

    if (rc == 0) {
        if (output != NULL)
            rc = posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_EXCL,
                                                  S_IRUSR | S_IWUSR);
        if (rc == 0)
            rc = spawn(child, argv, &files, before);
        posix_spawn_file_actions_destroy(&files);
    }
    return rc == 0 ? STS_OK : sts_fail(err, STS_ESYS, "%s: cannot be run: %s", argv[0], strerror(rc));
}

/* Sent by a process, not by a terminal's driver, which reaches the child as well. */
static bool is_for_us_alone(const siginfo_t *info)
{
    return info->si_signo != SIGCHLD && info->si_signo != SIGPIPE && info->si_code <= 0;
}

int child_run(char *const argv[], const char *output, const sigset_t *before, int *exit_code,
              struct sts_err *err)
{
    sigset_t set;
    pid_t child = 0, ended;
    int status;

    fill(&set);
    if (start(&child, argv, output, before, err) != STS_OK)
        return err->code;
    while ((ended = waitpid(child, &status, WNOHANG)) == 0) {
        siginfo_t info;

        if (sigwaitinfo(&set, &info) > 0 && is_for_us_alone(&info))
            kill(child, info.si_signo);
    }
    if (ended < 0)
        return sts_fail(err, STS_ESYS, "%s: how it ended is unknown: %s", argv[0], strerror(errno));
    *exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return STS_OK;
}
