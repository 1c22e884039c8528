/* records.h - how the golden records are written down. */
#ifndef STS_GOLDEN_RECORDS_H
#define STS_GOLDEN_RECORDS_H
#include "tests/golden/golden.h"

#define S(text)                \
    {                          \
        text, sizeof(text) - 1 \
    }
#define SS(...)                                                                                           \
    {                                                                                                     \
        (struct sts_str[]){__VA_ARGS__}, sizeof((struct sts_str[]){__VA_ARGS__}) / sizeof(struct sts_str) \
    }
#define L(type, ...)                                                               \
    {                                                                              \
        (struct rec_##type[]){__VA_ARGS__},                                        \
            sizeof((struct rec_##type[]){__VA_ARGS__}) / sizeof(struct rec_##type) \
    }

#define GOLDEN_HOSTS     9
#define GOLDEN_ENDPOINTS 9
extern const struct rec_host golden_hosts[GOLDEN_HOSTS], golden_hosts_again[1];
extern const struct rec_endpoint golden_endpoints[GOLDEN_ENDPOINTS], golden_endpoints_again[1];
extern const struct rec_ip golden_ips[1];
#endif
