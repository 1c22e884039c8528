/* udp_scene.h - questions of scanner/dns.h to scripted resolvers on loopback, all in one thread: the test
 * turns the loop and sets the clock that tries and deadlines go by. sendmmsg, recvmmsg and setsockopt stand
 * in the place of libc's. One scene at a time. */
#ifndef STS_UDP_SCENE_H
#define STS_UDP_SCENE_H
#include "scanner/dns.h"

#define SCENE_PEERS      3
#define SCENE_TIMEOUT_MS 100 /* of the first try: the others begin at 100 and 300, the deadline is at 400 */
#define SCENE_START_MS   1000
#define MESSAGE_BYTES    512

struct peer;
struct heard { /* a query as it came */
    struct peer *peer;
    struct sockaddr_in from;
    size_t len;
    uint8_t b[MESSAGE_BYTES];
};
typedef void (*script_fn)(const struct heard *q); /* what a peer does with it; NULL: nothing */
enum stream_script { STREAM_NONE, STREAM_ANSWER, STREAM_CLOSE, STREAM_STALL };
struct peer {
    int fd; /* -1: nothing is there */
    struct sockaddr_in at;
    script_fn script;
    bool deaf; /* what comes is not even read */
    enum stream_script stream_script;
    int listener, stream; /* TCP at the same address; -1: none */
    size_t stream_len;
    uint8_t stream_bytes[MESSAGE_BYTES];
};
struct asked {
    struct dns_query query; /* first */
    char name[32];
    struct rec_dns *answer; /* NULL: not yet */
};
struct scene {
    uv_loop_t loop;
    struct dns *dns;
    struct timers timers;
    struct counters counters;
    struct rate rate;
    struct arena arena;
    struct server servers[SCENE_PEERS];
    struct peer peers[SCENE_PEERS];
    struct asked *asked;
    unsigned n_asked, n_done;
    struct heard *heard; /* by all peers, in order */
    unsigned n_heard, heard_size;
    unsigned most_asked; /* until then each end of a question asks another one */

    uint32_t window;      /* of each peer; 0: more than any test asks */
    int segments_error;   /* of a send with UDP_SEGMENT; 0: as the system has it */
    unsigned n_segmented; /* messages that wanted it */
    bool busy;            /* sends end with EAGAIN, all but one message of the first */
    unsigned n_refused;
    int buffer_bytes;    /* that a socket gets at most; 0: what it asks for */
    unsigned n_icmp;     /* refusals that sockets told of */
    unsigned n_received; /* datagrams that came to the questions' sockets */
};
extern struct scene scene;

/* ---- begin and end; peer 0 is 127.0.0.2 ---- */

int scene_library_begin(void **state); /* setup of a group, and its teardown */
int scene_library_end(void **state);
void scene_peers(unsigned n, script_fn script); /* first */
void scene_open(bool hasty, uint64_t deadline_ms);
void scene_close(void);
void peer_leave(struct peer *p); /* its port is closed from now on */
void peer_return(struct peer *p);
void peer_listen(struct peer *p, enum stream_script script);

/* ---- questions and time ---- */

/* n more questions for A at names of equal length. */
void scene_ask(unsigned n);
void scene_turn(void);
void scene_until_done(unsigned n);
void scene_until_heard(unsigned n);
void scene_until_refused(unsigned n); /* by ICMP */
/* The clock at so many ms after SCENE_START_MS; then a turn. */
void scene_at_ms(uint64_t ms);
uint64_t scene_queries(void); /* sent so far */
/* Question i ended so; with OC_OK the address is 192.0.2.last. */
void scene_check(unsigned i, enum outcome oc);
void scene_check_address(unsigned i, unsigned last);
void scene_check_all(unsigned from, unsigned to, enum outcome oc);

/* ---- what peers say ---- */

unsigned heard_id(const struct heard *q);
/* An answer with the address 192.0.2.last; returns its length. */
size_t make_answer(const uint8_t *query, size_t len, uint8_t last, uint8_t out[MESSAGE_BYTES]);
void reply(const struct heard *q, const uint8_t *msg, size_t len);
void script_answer(const struct heard *q);   /* 192.0.2.1 */
void script_truncate(const struct heard *q); /* TC, and nothing else */
#endif
