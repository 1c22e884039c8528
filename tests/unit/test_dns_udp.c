/* test_dns_udp.c - DNS over UDP: what counts as the answer to a question, and what does not. */
#include "tests/unit/udp_scene.h"
#include "tests/unit/unit.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define WRONG         66 /* last byte of the address in an answer that must not count */
#define QUESTION      12 /* where it begins: RFC 1035 section 4.1.1 */
#define NAME_BYTES    17 /* n000000.example */
#define SAME_STEPS    10 /* of 511 random ones, 2 would be many */
#define IN_FLIGHT     512
#define ID_VALUES     65536
#define HEADER_COUNTS 4

static int by_value(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* The longest row of equal numbers. */
static unsigned most_equal(int *v, unsigned n)
{
    unsigned most = 0, row = 0;

    qsort(v, n, sizeof(*v), by_value);
    for (unsigned i = 0; i < n; i++) {
        row = i > 0 && v[i] == v[i - 1] ? row + 1 : 1;
        most = row > most ? row : most;
    }
    return most;
}

/* Protects answers from forgers who see no queries (RFC 5452 section 9.2): ids in flight from a port differ,
 * and no id tells the next. */
static void test_ids(void **state)
{
    int ids[IN_FLIGHT], steps[IN_FLIGHT - 1];

    (void)state;
    scene_peers(1, NULL);
    scene_open(false, 0);
    scene_ask(IN_FLIGHT);
    scene_until_heard(IN_FLIGHT);
    for (unsigned i = 0; i < IN_FLIGHT; i++) {
        assert_int_equal(scene.heard[i].from.sin_port, scene.heard[0].from.sin_port); /* loopback: one port */
        ids[i] = (int)heard_id(&scene.heard[i]);
        if (i > 0)
            steps[i - 1] = (ids[i] - ids[i - 1] + ID_VALUES) % ID_VALUES;
    }
    assert_true(most_equal(steps, IN_FLIGHT - 1) < SAME_STEPS);
    assert_int_equal(most_equal(ids, IN_FLIGHT), 1);
    scene_close();
}

static void send_from(const struct heard *q, uint32_t ip, uint16_t port, const uint8_t *msg, size_t len)
{
    const struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr = {htonl(ip)}, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&from, sizeof(from)), 0);
    assert_int_equal(sendto(fd, msg, len, 0, (const struct sockaddr *)&q->from, sizeof(q->from)), len);
    close(fd);
}

enum forgery {
    WRONG_ID,
    NOT_QR,
    NO_QUESTION,
    TWO_QUESTIONS,
    MANY_QUESTIONS,
    OTHER_NAME,
    OTHER_LABELS,
    LONGER_NAME,
    CASE_OF_NO_LETTER,
    OTHER_TYPE,
    OTHER_CLASS,
    COMPRESSED,
    DOT_IN_LABEL,
    EMPTY,
    FIVE_BYTES,
    ELEVEN_BYTES,
    HEADER_ONLY,
    CUT_IN_NAME,
    CUT_IN_CLASS,
    OTHER_PORT,
    OTHER_HOST,
    FORGERIES
};
static enum forgery forgery;

static void change(uint8_t *msg)
{
    switch (forgery) {
    case WRONG_ID: msg[1] ^= 1; break;
    case NOT_QR: msg[2] &= 0x7f; break;
    case NO_QUESTION: msg[HEADER_COUNTS + 1] = 0; break;
    case TWO_QUESTIONS: msg[HEADER_COUNTS + 1] = 2; break;
    case MANY_QUESTIONS: msg[HEADER_COUNTS] = 1; break;
    case OTHER_NAME: msg[QUESTION + 3] = '1'; break;
    case OTHER_LABELS: memcpy(msg + QUESTION, "\3n00\3xyz", 8); break;
    case LONGER_NAME: msg[QUESTION + NAME_BYTES - 1] = 1; break;
    case CASE_OF_NO_LETTER: msg[QUESTION + 3] ^= 0x20; break;
    case OTHER_TYPE: msg[QUESTION + NAME_BYTES + 1] = DNS_AAAA; break;
    case OTHER_CLASS: msg[QUESTION + NAME_BYTES + 3] = 3; break;
    case DOT_IN_LABEL:
        msg[QUESTION] = NAME_BYTES - 2;
        msg[QUESTION + 8] = '.';
        break;
    case COMPRESSED: memcpy(msg + QUESTION, "\xc0\x0c", 2); break;
    default: break;
    }
}

static size_t cut(size_t len)
{
    switch (forgery) {
    case EMPTY: return 0;
    case FIVE_BYTES: return 5;
    case ELEVEN_BYTES: return QUESTION - 1;
    case HEADER_ONLY: return QUESTION;
    case CUT_IN_NAME: return QUESTION + 9;
    case CUT_IN_CLASS: return QUESTION + NAME_BYTES + 3;
    default: return len;
    }
}

/* What is no answer, then the answer. */
static void forge(const struct heard *q)
{
    uint8_t out[MESSAGE_BYTES];
    size_t len = make_answer(q->b, q->len, WRONG, out);

    change(out);
    if (forgery == OTHER_PORT)
        send_from(q, ntohl(q->peer->at.sin_addr.s_addr), 0, out, len);
    else if (forgery == OTHER_HOST)
        send_from(q, ntohl(q->peer->at.sin_addr.s_addr) + 1, ntohs(q->peer->at.sin_port), out, len);
    else
        reply(q, out, cut(len));
    script_answer(q);
}

/* Protects answers from what is none (RFC 5452 section 4.2): it is passed over, and the answer behind it
 * counts, with no other try. */
static void test_forgeries(void **state)
{
    (void)state;
    for (forgery = 0; forgery < FORGERIES; forgery++) {
        scene_peers(1, forge);
        scene_open(false, 0);
        scene_ask(1);
        scene_until_done(1);
        if (scene.asked[0].answer->oc != OC_OK)
            fail_msg("forgery %u: %s", forgery, outcome_name((unsigned)scene.asked[0].answer->oc));
        scene_check_address(0, 1);
        assert_int_equal(scene_queries(), 1);
        scene_close();
    }
}

static void answer_in_capitals(const struct heard *q)
{
    uint8_t out[MESSAGE_BYTES];
    size_t len = make_answer(q->b, q->len, 1, out);

    for (size_t i = QUESTION + 1; i < QUESTION + NAME_BYTES - 1; i++)
        out[i] = (uint8_t)toupper(out[i]);
    reply(q, out, len);
}

/* Protects questions to resolvers that answer with the name in a case of their own (RFC 4343). */
static void test_case(void **state)
{
    (void)state;
    scene_peers(1, answer_in_capitals);
    scene_open(false, 0);
    scene_ask(1);
    scene_until_done(1);
    scene_check_address(0, 1);
    scene_close();
}

/* RDATA of an A that is too short, for every third question. */
static void answer_some_badly(const struct heard *q)
{
    uint8_t out[MESSAGE_BYTES];
    size_t len = make_answer(q->b, q->len, 1, out);

    if (q->b[QUESTION + 7] % 3 == 0)
        out[len - 5] = 5;
    reply(q, out, len);
}

/* Protects the neighbours of a question whose answer is malformed: it ends alone, at once, and nothing is
 * asked again. */
static void test_malformed_alone(void **state)
{
    (void)state;
    scene_peers(1, answer_some_badly);
    scene_open(false, 0);
    scene_ask(9);
    scene_until_done(9);
    for (unsigned i = 0; i < 9; i++)
        scene_check(i, i % 3 == 0 ? OC_DNS_MALFORMED : OC_OK);
    assert_int_equal(scene_queries(), 9);
    scene_close();
}

static void answer_twice(const struct heard *q)
{
    uint8_t out[MESSAGE_BYTES];

    script_answer(q);
    reply(q, out, make_answer(q->b, q->len, WRONG, out));
}

/* Protects a question from the second answer to its neighbour, or to itself: the first one counts. */
static void test_answered_twice(void **state)
{
    (void)state;
    scene_peers(1, answer_twice);
    scene_open(false, 0);
    scene_ask(300);
    scene_until_done(300);
    for (unsigned i = 0; i < 300; i++)
        scene_check_address(i, 1);
    assert_int_equal(scene_queries(), 300);
    scene_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_forgeries),
        cmocka_unit_test(test_case),
        cmocka_unit_test(test_malformed_alone),
        cmocka_unit_test(test_answered_twice),
    };

    return cmocka_run_group_tests(tests, scene_library_begin, scene_library_end);
}
