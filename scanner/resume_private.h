/* resume_private.h - shared by resume.c (the directory, the options, the input) and resume_load.c (the
 * records), and nobody else. */
#ifndef STS_RESUME_PRIVATE_H
#define STS_RESUME_PRIVATE_H
#include "scanner/resume.h"
#include "sinks/reader.h"

struct resume {
    char *path;
    struct scan_reader *reader;
    struct arena arena; /* of `scan` and of the options taken from it */
    struct rec_scan scan;
    int lock;                                  /* -1: handed on */
    bool inconclusive;                         /* --retry inconclusive */
    bool is_complete;                          /* its last end record says so */
    uint64_t n_foreign;                        /* records of kinds that only a later version knows */
    uint64_t n_hosts, n_policies, n_endpoints; /* taken up, their records being absent or superseded */
};
#endif
