/* analyzer.h - put before each file for clang-tidy, which sees one file at a time: what base.c promises. */
#include "sinks/base.h"

/* It returns its code, which is never STS_OK. */
#define sts_fail(err, code, ...) (sts_fail(err, code, __VA_ARGS__), (code))
