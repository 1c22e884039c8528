/* smtp_session.h - what an MX server says, by its class: a greeting, then a reply to each command line. Knows
 * nothing of connections: the caller sends what is said and does what comes then. Pure. */
#ifndef SIM_SMTP_SESSION_H
#define SIM_SMTP_SESSION_H
#include "bench/sim/class.h"

#define SMTP_MOST_REPLY 4096 /* bytes; SMTP_BANNER_4K needs 4,000 */
#define SMTP_MOST_BAD   10   /* commands that are none: the next ends the session */

enum smtp_then {                 /* once the reply is out */
                 SMTP_THEN_READ, /* the next command */
                 SMTP_THEN_TLS,  /* a handshake; what is read ahead is dropped (RFC 3207 section 4.2) */
                 SMTP_THEN_MORE, /* smtp_more(), after a moment */
                 SMTP_THEN_DEAF, /* nothing is read or said any more */
                 SMTP_THEN_CLOSE,
                 SMTP_THEN_RESET
};

struct smtp_session {
    enum smtp_class class_;
    uint32_t visit;       /* connections of this server so far, this one counted; of classes that ask */
    uint64_t chance;      /* of this server: which extensions it has */
    const char *software; /* "ESMTP Postfix"; borrowed, as is `host` */
    const char *host;     /* its own name */
    bool hello, tls;      /* there was one, since TLS if that stands */
    bool shut;            /* nothing but QUIT (RFC 5321 section 3.1) */
    bool quit;            /* it was said */
    bool fault;           /* its class has ended the session, or is about to */
    unsigned n_bad;
};

struct smtp_reply {
    enum smtp_then then;
    size_t len;
    char text[SMTP_MOST_REPLY]; /* no NUL */
};

bool smtp_asks_visit(enum smtp_class c);
void smtp_greet(struct smtp_session *s, struct smtp_reply *out);
void smtp_more(struct smtp_session *s, struct smtp_reply *out);
/* Without its LF. `whole` false: it was longer than the caller keeps. */
void smtp_answer(struct smtp_session *s, const char *line, size_t len, bool whole, struct smtp_reply *out);
void smtp_too_many(struct smtp_session *s, struct smtp_reply *out);
void smtp_timed_out(struct smtp_session *s, struct smtp_reply *out);
void smtp_tls_stands(struct smtp_session *s);
#endif
