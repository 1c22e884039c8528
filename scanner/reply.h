/* reply.h - SMTP replies out of bytes (RFC 5321 section 4.2): lines, multi-line replies, limits. It knows
 * nothing of the dialog; smtp.c does. Pure. Thread: any. */
#ifndef STS_REPLY_H
#define STS_REPLY_H
#include "sinks/record.h"

/* RFC 5321 section 4.5.3.1.5 allows 512 octets a line. */
#define REPLY_MOST_LINE_BYTES (4u << 10) /* text of a line */
#define REPLY_KEPT_LINE_BYTES (1u << 10) /* of it kept */
#define REPLY_KEPT_LINES      64u        /* of a reply; the others only count */
#define REPLY_MOST_BYTES      (64u << 10)

enum reply_event {
    REPLY_MORE,      /* nothing is whole yet */
    REPLY_LINE,      /* a line of the reply, others follow: its text is in `text` */
    REPLY_WHOLE,     /* its last line */
    REPLY_BAD,       /* the unfinished line is no reply, or not of this reply */
    REPLY_TOO_MUCH,  /* over a limit; `raw_bytes` says how much */
    REPLY_NO_MEMORY, /* ours */
};

struct reply_reader {
    struct arena *arena;
    struct rec_reply *reply;    /* where the lines go; set by reply_begin */
    uint32_t n_lines;           /* read, kept or not */
    uint32_t lines_size;        /* places in reply->lines.v */
    size_t n_bytes;             /* of this reply */
    uint8_t *line;              /* the unfinished line, as much of it as is kept */
    size_t line_len, raw_bytes; /* of the line; of what was too much */
    struct sts_str text;        /* of the last line, as much of it as is kept */
};

/* Read the next reply into `reply` (zeroed, as is the reader before its first reply). */
void reply_begin(struct reply_reader *r, struct arena *arena, struct rec_reply *reply);
enum reply_event reply_take(struct reply_reader *r, uint8_t c);
/* The bytes of the unfinished line that are still known. */
struct sts_str reply_unfinished(const struct reply_reader *r);
/* The reply will not become whole: keep the unfinished line as one of its lines, if it can be one. False: it
 * cannot. */
bool reply_keep_unfinished(struct reply_reader *r);
#endif
