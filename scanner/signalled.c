#include "scanner/signalled.h"

#include <ctype.h>
#include <string.h>

static bool mentions_sts(const struct rec_txt *txt)
{
    static const char word[] = {'s', 't', 's', 'v', '1'};
    char last[sizeof(word)] = {0}; /* characters read, across the ends of strings */

    for (uint32_t i = 0; i < txt->strings.n; i++) {
        for (uint32_t at = 0; at < txt->strings.v[i].len; at++) {
            memmove(last, last + 1, sizeof(last) - 1);
            last[sizeof(last) - 1] = (char)tolower((unsigned char)txt->strings.v[i].p[at]);
            if (memcmp(last, word, sizeof(word)) == 0)
                return true;
        }
    }
    return false;
}

bool sts_is_signalled(const struct rec_dns *sts)
{
    if (sts == NULL)
        return false;
    if (outcome_class((unsigned)sts->oc) == OCC_temporary)
        return true;
    for (uint32_t i = 0; i < sts->txt.n; i++) {
        if (mentions_sts(&sts->txt.v[i]))
            return true;
    }
    return false;
}
