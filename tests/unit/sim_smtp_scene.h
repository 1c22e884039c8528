/* sim_smtp_scene.h - smtp.c on a stage: connection, world and fate are played here; what a client sees. */
#ifndef STS_SIM_SMTP_SCENE_H
#define STS_SIM_SMTP_SCENE_H
#include "bench/sim/conn.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCENE_OUT_BYTES 65536
#define SCENE_HOST      "mx.own.example"
#define SCENE_CUSTOMER  "first-com.second.example"
#define SCENE_SERVER    UINT32_C(0x7f800001)
#define SCENE_SHARED    UINT32_C(0x7f020001) /* a host name for each customer */
#define SCENE_SECOND_MX UINT32_C(0x7f800009) /* a second host, with the certificate of SCENE_HOST */
#define SCENE_NO_HOST   UINT32_C(0x7f000001) /* of no MX host */

struct conn {
    struct sim *sim;
    void *state;
    uint32_t address;
    char out[SCENE_OUT_BYTES]; /* since the last command */
    size_t n_out, most_write;
    unsigned n_writes;
    double wait_ms, timer_ms; /* of the last write; -1: none is set */
    bool starts_tls, closed, reset;
};

/* What the next connection meets. */
struct scene {
    struct sim sim;
    struct world world;
    const struct conn_protocol *protocol;
    struct server_fate fate;
    uint64_t chance;
    uint32_t n_open, n_in_second;
    bool watched;
};
extern struct scene scene;

int scene_setup(void **state);
int scene_teardown(void **state);
#define SCENE(f) cmocka_unit_test_setup_teardown(f, scene_setup, scene_teardown)

struct conn *connect_at(uint32_t address, enum smtp_class class_);
struct conn *connect_to(enum smtp_class class_);
void hang_up(struct conn *c);
void run_timer(struct conn *c);
void tell(struct conn *c, const char *text);
void begins(const struct conn *c, const char *want);
void says(struct conn *c, const char *command, const char *want);
void shake_hands(struct conn *c);
/* Lines of a reply: "250-" but the last, which is "250 "; CR LF. Their number. */
unsigned whole_reply(const char *text, const char *code);
/* How a connection to a server of this class begins. */
void greets(enum smtp_class class_, const char *want, bool closes, bool faulty);
#endif
