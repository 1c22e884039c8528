/* input_file.h - the bytes of an input file, decompressed. Thread: one. */
#ifndef STS_INPUT_FILE_H
#define STS_INPUT_FILE_H
#include "scanner/input.h"

struct input_file;

/* Opens `in->info.name` ("-": standard input), fills in the rest of in->info, and reports what it reads with
 * input_took(in). `in` is borrowed. */
int input_file_open(struct input_file **out, struct input *in, struct sts_err *err) STS_CHECK;
void input_file_free(struct input_file *f); /* NULL is fine */
/* Up to `size` bytes; 0 at the end only. Damaged or cut compressed data: STS_EFORMAT, with its place. */
int input_file_read(struct input_file *f, char *p, size_t size, size_t *len, struct sts_err *err) STS_CHECK;
/* Bytes are at hand, or the end is: a read will not wait for long. */
bool input_file_ready(struct input_file *f);
#endif
