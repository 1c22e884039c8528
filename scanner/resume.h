/* resume.h - a scan that was stopped or died goes on: its directory is its checkpoint (DESIGN.md, principle
 * 7). Thread: the main thread, before the others start. */
#ifndef STS_RESUME_H
#define STS_RESUME_H
#include "scanner/before.h"
#include "scanner/input.h"
#include "scanner/options.h"
#include "scanner/scan.h"
#include "sinks/sink.h"

#include <stdio.h>

struct resume;

/* Lock the directory o->resume, read what is there, and take the options of its scan into `o`, whose strings
 * then live as long as *out. STS_EEND: nothing is left to do. STS_EINVAL: an option cannot change; STS_EBUSY:
 * another stscan writes there; STS_EFORMAT, with file and offset: it is damaged, or no scan. */
int resume_open(struct resume **out, struct options *o, struct sts_err *err) STS_CHECK;
void resume_free(struct resume *r); /* NULL is fine */

/* Is this the input that the scan began with, as far as its size and its edges tell? STS_EINVAL: no. */
int resume_check_input(const struct resume *r, const struct input_info *info, struct sts_err *err) STS_CHECK;
uint64_t resume_start_ms(const struct resume *r);

/* Cut off the torn tail, begin a new part. */
int resume_sink(struct resume *r, struct sink **out, struct sts_err *err) STS_CHECK;
/* Read all records into the tables of the workers, which are set up and not started, and into `before`, and
 * hand the workers what the records call for and no record answers. */
int resume_load(struct resume *r, struct scan *s, struct before *before, struct sts_err *err) STS_CHECK;
void before_fini(struct before *b);
/* What is there and what is left, in words. */
void resume_tell(const struct resume *r, const struct before *before, FILE *out);
#endif
