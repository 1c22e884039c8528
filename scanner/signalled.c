#include "scanner/signalled.h"

#include <ctype.h>
#include <string.h>

#define WORD_MOST_BYTES 8

static bool mentions(const struct rec_txt *txt, const char *word)
{
    char last[WORD_MOST_BYTES] = {0}; /* characters read, across the ends of strings */
    size_t len = strlen(word);

    for (uint32_t i = 0; i < txt->strings.n; i++) {
        for (uint32_t at = 0; at < txt->strings.v[i].len; at++) {
            memmove(last, last + 1, len - 1);
            last[len - 1] = (char)tolower((unsigned char)txt->strings.v[i].p[at]);
            if (memcmp(last, word, len) == 0)
                return true;
        }
    }
    return false;
}

/* Any of the RRs does. `word`: in lower case, WORD_MOST_BYTES at most. */
static bool any_mentions(const struct rec_dns *dns, const char *word)
{
    for (uint32_t i = 0; i < dns->txt.n; i++) {
        if (mentions(&dns->txt.v[i], word))
            return true;
    }
    return false;
}

bool sts_is_signalled(const struct rec_dns *sts)
{
    return sts != NULL && (outcome_class((unsigned)sts->oc) == OCC_temporary || any_mentions(sts, "stsv1"));
}

bool rpt_is_there(const struct rec_dns *rpt)
{
    return rpt != NULL && any_mentions(rpt, "tlsrptv1");
}
