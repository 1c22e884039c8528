/* fuzz_smtp.c - the reply machine against any peer: it ends the same, however the bytes are cut into reads.
 * Input: 4 bytes that seed the cuts, one that chooses the end (close, time-out, an error), then what the peer
 * says; SAYS_NEXT stands where it waits for a command, SAYS_OFTEN behind what it says over and over.
 * Source: scanner/smtp.c, scanner/reply.c. */
#include "scanner/smtp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SAYS_NEXT  0xff
#define SAYS_OFTEN 0xfe
#define OFTEN      256
#define MOST_PATH  256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* One run of the machine. `seed`: 0 feeds at once, 1 byte by byte, others cut at random. */
struct run {
    uint32_t seed;
    struct smtp smtp;
    enum smtp_act act;
    struct arena arena;
    struct rec_endpoint evidence;
    struct rec_buf encoded;
    char path[MOST_PATH]; /* the states it went through */
    char sent[MOST_PATH]; /* the commands it sent */
};

static void note_state(void *arg, enum smtp_state from, enum smtp_state to)
{
    struct run *run = arg;

    (void)from;
    strncat(run->path, run->path[0] != '\0' ? " " : "", sizeof(run->path) - strlen(run->path) - 1);
    strncat(run->path, smtp_state_name(to), sizeof(run->path) - strlen(run->path) - 1);
}

static void run_begin(struct run *run, uint32_t seed)
{
    const struct smtp_config config = {.ehlo_name = "scan.example",
                                       .connect_timeout_ms = 30,
                                       .greeting_timeout_ms = 45,
                                       .trace = note_state,
                                       .trace_arg = run};

    memset(run, 0, sizeof(*run));
    run->seed = seed;
    arena_init(&run->arena, 2u << 20);
    smtp_init(&run->smtp, &config, &run->arena, &run->evidence);
    run->act = smtp_connected(&run->smtp, 3);
}

static void run_fini(struct run *run)
{
    rec_buf_fini(&run->encoded);
    arena_fini(&run->arena);
}

static size_t cut(struct run *run, size_t n)
{
    if (run->seed <= 1 || n == 0)
        return run->seed == 1 && n > 0 ? 1 : n;
    run->seed = run->seed * 1664525u + 1013904223u; /* Numerical Recipes */
    return 1 + (run->seed >> 16) % (n < 40 ? n : 40);
}

static void note_action(struct run *run, enum smtp_act act)
{
    char command[SMTP_MOST_COMMAND_BYTES];
    const size_t room = sizeof(run->sent) - strlen(run->sent) - 1;
    size_t n;

    run->act = act;
    if (act != ACT_SEND)
        return;
    n = smtp_command(&run->smtp, command);
    strncat(run->sent, command, n < room ? n : room);
}

/* What the peer says, not yet at its end. */
static void run_say(struct run *run, const uint8_t *p, size_t n)
{
    while (n > 0 && run->act != ACT_DONE) {
        const size_t piece = cut(run, n);
        size_t at = 0, used;

        while (at < piece && run->act != ACT_DONE) {
            note_action(run, smtp_feed(&run->smtp, p + at, piece - at, 7, &used));
            if (used == 0)
                abort(); /* would never end */
            at += used;
        }
        p += piece;
        n -= piece;
    }
}

/* It has said all that it says at once. */
static void run_next(struct run *run)
{
    if (run->act == ACT_DRAIN)
        note_action(run, smtp_drained(&run->smtp));
    if (run->act == ACT_TLS)
        note_action(run, smtp_tls_done(&run->smtp));
}

static void run_end(struct run *run, uint8_t how)
{
    static const int errors[] = {0,          ECONNRESET, ETIMEDOUT, ECONNREFUSED, EHOSTUNREACH,
                                 EADDRINUSE, ENOBUFS,    EPIPE,     EPROTO};

    if (run->act != ACT_DONE)
        run->act = how == 'T' ? smtp_timeout(&run->smtp, 9)
                              : smtp_lost(&run->smtp, errors[how == 'C' ? 0 : how % STS_LEN(errors)], 9);
    if (run->act != ACT_DONE || run->smtp.state != SMTP_END || run->smtp.result.oc == OC_NONE)
        abort();
    if (rec_encode(&run->encoded, REC_endpoint, &run->evidence) != STS_OK)
        abort();
}

static void run_input(struct run *run, const uint8_t *data, size_t len, uint8_t how)
{
    while (len > 0) {
        size_t n = 0;
        bool often;

        while (n < len && data[n] < SAYS_OFTEN)
            n++;
        often = n < len && data[n] == SAYS_OFTEN;
        for (unsigned i = 0; i < (often ? OFTEN : 1); i++)
            run_say(run, data, n);
        if (!often)
            run_next(run);
        n += n < len;
        data += n;
        len -= n;
    }
    run_end(run, how);
}

static bool run_equal(const struct run *a, const struct run *b)
{
    return a->smtp.result.oc == b->smtp.result.oc && a->smtp.result.src == b->smtp.result.src &&
           a->smtp.result.raw == b->smtp.result.raw && strcmp(a->path, b->path) == 0 &&
           strcmp(a->sent, b->sent) == 0 && a->encoded.len == b->encoded.len &&
           memcmp(a->encoded.p, b->encoded.p, a->encoded.len) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct run once, split;
    uint32_t seed;

    if (len < 5)
        return 0;
    memcpy(&seed, data, 4);
    run_begin(&once, 0);
    run_input(&once, data + 5, len - 5, data[4]);
    run_begin(&split, seed > 0 ? seed : 1);
    run_input(&split, data + 5, len - 5, data[4]);
    if (!run_equal(&once, &split))
        abort();
    run_fini(&once);
    run_fini(&split);
    return 0;
}
