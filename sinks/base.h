/* base.h - what every part shares: our own failures, borrowed strings. Thread: any; nothing here has state.
 */
#ifndef STS_BASE_H
#define STS_BASE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STS_CHECK          __attribute__((warn_unused_result))
#define STS_PRINTF(fmt, a) __attribute__((format(printf, fmt, a)))
#define STS_LEN(array)     (sizeof(array) / sizeof((array)[0]))

/* Our own failures: 0 or one of these. What a peer did is never one of these, it is an outcome (outcome.h).
 */
enum sts_code {
    STS_OK = 0,
    STS_ENOMEM = -1,  /* memory */
    STS_EIO = -2,     /* a file, pipe or device failed */
    STS_EINVAL = -3,  /* an option or argument is wrong */
    STS_EFORMAT = -4, /* input is not what it should be: damaged, truncated or foreign */
    STS_EEXIST = -5,  /* would overwrite something */
    STS_EEND = -6,    /* the end of the input, no failure */
    STS_ESYS = -7,    /* the system or a library refused: descriptor, thread, socket, loop */
    STS_EBUSY = -8,   /* another process holds it */
};

/* The words that go with a failure. One lives in main() and is handed down; the first failure is kept. */
struct sts_err {
    enum sts_code code;
    char msg[512];
};

/* Store `code` and the message (place first: file:line, file at offset, option) unless a failure is there
 * already. Returns `code`, so that it can end a function. */
int sts_fail(struct sts_err *err, enum sts_code code, const char *fmt, ...) STS_PRINTF(3, 4);

/* A borrowed run of bytes, not NUL-terminated. {NULL, 0} is "absent". */
struct sts_str {
    const char *p;
    uint32_t len;
};

/* A borrowed C string as a run of bytes. */
struct sts_str sts_str(const char *text);
bool sts_str_equal(struct sts_str a, struct sts_str b);
#endif
