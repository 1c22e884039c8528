/* sim_scene.h - a connection server of the simulator on a thread of its own, and a client that blocks. */
#ifndef STS_SIM_SCENE_H
#define STS_SIM_SCENE_H
#include "bench/sim/conn.h"
#include "bench/sim/tls.h"
#include "tests/unit/unit.h"

#define SCENE_RESET_ADDRESS UINT32_C(0x7f090001) /* 127.9.0.1, an ADDRESS_RESET */

struct scene {
    struct sim sim;
    struct world world; /* empty, but for HTTPS */
    uv_loop_t loop;
    uv_async_t stop;
    uv_thread_t thread;
    struct conn_server *server;
    uint64_t n_accepted, n_handshakes;
    uint16_t port;
};

/* Everything but the thread, so that the test may change `sim` first. */
struct scene *scene_open(const struct conn_protocol *protocol);
/* The policy server, for 1,000 names of this class. */
struct scene *scene_open_https(const char *only);
void scene_run(struct scene *s);
/* Stops the server, and asserts that the loop has nothing left. The counts can be read until scene_free(). */
void scene_stop(struct scene *s);
void scene_free(struct scene *s);
/* Frees what scenes share: the group's teardown. */
int scene_last(void **state);

/* A connected socket whose reads give up after 5 s; -1: not connected, errno. */
int scene_connect(const struct scene *s, uint32_t address);
void scene_send(int fd, const char *text);
/* Until `len` bytes or the end; their number, -1: the connection broke. */
ssize_t scene_read(int fd, char *out, size_t len);
double scene_now_ms(void);
#endif
