/* rates.h - rates that can be given anew while the scan runs: the lines of --rates-file. Pure but for reading
 * it. Thread: any. */
#ifndef STS_RATES_H
#define STS_RATES_H
#include "sinks/base.h"

enum rate_id { RATE_DNS, RATE_CONNECT, RATE_CONNECTIONS, RATES_N };

struct rates {
    struct {
        bool given;
        uint64_t value; /* as the option of that name has it */
    } v[RATES_N];
};
/* Lines "dns-rate N", "connect-rate N", "max-connections N", each once at most; "#" begins a comment. What
 * the file does not name is not given. STS_EIO, STS_EFORMAT or STS_EINVAL (with file:line). */
int rates_read(const char *path, struct rates *out, struct sts_err *err) STS_CHECK;
const char *rates_name(enum rate_id id); /* of the option */
#endif
