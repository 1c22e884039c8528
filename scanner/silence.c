#include "scanner/silence.h"

#define GAP_NS INT64_C(500000000) /* a look that comes later than this: the program stood still */

static void skip_gap(struct silence *s, int64_t now_ns)
{
    int64_t gap_ns = now_ns - s->looked_ns;

    if (s->looked_ns != 0 && gap_ns > GAP_NS && s->since_ns != 0)
        s->since_ns += gap_ns;
    s->looked_ns = now_ns;
}

static enum silence_event note_answer(struct silence *s, int64_t now_ns, const struct counts *c, int64_t *ns)
{
    bool told = s->told;

    *ns = s->since_ns != 0 ? now_ns - s->since_ns : 0;
    s->answers = c->answers;
    s->queries = c->queries;
    s->since_ns = 0;
    s->told = false;
    return told ? SILENCE_ENDS : SILENCE_NONE;
}

enum silence_event silence_look(struct silence *s, int64_t now_ns, const struct counts *c, int64_t *ns,
                                uint64_t *unanswered)
{
    uint64_t ended = c->answers + c->dns_timeouts, open = c->queries > ended ? c->queries - ended : 0;

    skip_gap(s, now_ns);
    *unanswered = open > c->queries - s->queries ? open : c->queries - s->queries;
    if (c->answers != s->answers)
        return note_answer(s, now_ns, c, ns);
    if (*unanswered == 0)
        return SILENCE_NONE;
    if (s->since_ns == 0)
        s->since_ns = now_ns;
    *ns = now_ns - s->since_ns;
    if (s->told || *ns < SILENCE_NS || *unanswered < SILENCE_LEAST)
        return SILENCE_NONE;
    s->told = true;
    return SILENCE_BEGINS;
}

void silence_tell(struct silence *s, int64_t now_ns, const struct counts *c, const struct servers *servers,
                  FILE *to)
{
    char who[SERVERS_TEXT_BYTES];
    uint64_t unanswered;
    int64_t ns;

    switch (silence_look(s, now_ns, c, &ns, &unanswered)) {
    case SILENCE_BEGINS:
        servers_text(servers, who);
        fprintf(
            to,
            "stscan: no answer from %s for %lld s (%llu questions): what is asked now ends as \"no answer "
            "from the resolver\"\n",
            who, (long long)(ns / 1000000000), (unsigned long long)unanswered);
        break;
    case SILENCE_ENDS:
        fprintf(to, "stscan: answers come again after %lld s\n", (long long)(ns / 1000000000));
        break;
    case SILENCE_NONE: break;
    }
}
