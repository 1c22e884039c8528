/* http_scene.h - what the tests of the policy fetch share: a loop with a client, a fetch and what is expected
 * of it, a stand-in for the outbox. Thread: the test's. */
#ifndef STS_HTTP_SCENE_H
#define STS_HTTP_SCENE_H
#include "scanner/http_impl.h" /* the tests look into a transfer */
#include "tests/unit/https_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after what it needs */
#include <cmocka.h>

#define POLICY "version: STSv1\nmode: enforce\nmx: mail.a.test\nmax_age: 86400\n"
#define OK_200 "HTTP/1.1 200 OK\r\n"
#define PATH   "/.well-known/mta-sts.txt"

/* A kilobyte. */
#define K(text)   text text text text text text text text text text text text text text text text
#define LONG_LINE K(K("xxxx"))

extern struct tls_store *store; /* holds the CA of the peers */

struct scene {
    uv_loop_t loop;
    uv_timer_t tick;
    struct timers timers;
    struct http_env env;
    struct http *http;
    uint64_t start_ms;
};

struct get {
    struct arena arena;
    struct rec_policy policy;
    struct tls_certs certs;
    struct http_fetch *fetch;
    struct result r;
    unsigned n_done;
    bool may_be_done;
    struct get *then_cancel; /* from within done */
    struct http *then_close;
};

/* A listener whose queue is full: SYNs to it get no answer. */
struct full {
    struct peer peer;
    int fillers[8];
};

void full_start(struct full *f);
void full_stop(struct full *f);

void scene_open(struct scene *s, const struct peer *p);
void scene_close(struct scene *s);
void on_done(void *arg, struct result r);
void get_start(struct get *g, struct scene *s, const char *host, const char *ip);
void get_wait(const struct get *g, struct scene *s);
void get_fini(struct get *g);
/* The whole in one: a peer, a client, one fetch. `s` may come with an environment. */
void fetch(struct peer *p, struct scene *s, struct get *g);
struct peer saying(peer_play_fn play, const char *text);

void expect_outcome(const struct get *g, enum outcome oc, enum outcome_source src, int32_t raw);
void expect_str(struct sts_str got, const char *want);

/* Of the group, and after each test. */
int setup(void **state);
int teardown(void **state);
int no_descriptor_is_left(void **state);
#define TEST(test) cmocka_unit_test_teardown(test, no_descriptor_is_left)
#endif
