#include "bench/sim/publish_id.h"

#define FIRST_ID_TIME UINT32_C(1500000000) /* ids are from about 2017 on */
#define ID_SECONDS    UINT32_C(280000000)

static void put_digits(char *out, uint64_t number, int n)
{
    for (int i = n - 1; i >= 0; i--, number /= 10)
        out[i] = (char)('0' + number % 10);
}

static void put_hex(char *out, uint64_t number, int n)
{
    for (int i = n - 1; i >= 0; i--, number /= 16)
        out[i] = "0123456789abcdef"[number % 16];
}

/* The date of a time, as year, month, day; by the days of 400 years that begin in March. */
static void date_of(uint32_t time_s, unsigned *year, unsigned *month, unsigned *day)
{
    unsigned z = time_s / 86400 + 719468, era = z / 146097, of_era = z % 146097;
    unsigned y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * y + y / 4 - y / 100), m = (5 * of_year + 2) / 153;
    *day = of_year - (153 * m + 2) / 5 + 1;
    *month = m < 10 ? m + 3 : m - 9;
    *year = y + era * 400 + (*month <= 2);
}

/* 20240131T235959, with colons or not */
static size_t put_time(char *out, uint32_t time_s, const char *between, bool colons)
{
    unsigned year, month, day;
    date_of(time_s, &year, &month, &day);
    put_digits(out, year * UINT64_C(10000) + month * 100 + day, 8);
    size_t len = 8;
    for (const char *p = between; *p != '\0'; p++)
        out[len++] = *p;
    unsigned part[] = {time_s / 3600 % 24, time_s / 60 % 60, time_s % 60};
    for (int i = 0; i < 3; i++, len += 2) {
        if (colons && i > 0)
            out[len++] = ':';
        put_digits(out + len, part[i], 2);
    }
    return len;
}

/* A right id: what deployed ones look like. */
size_t publish_id(const struct world *w, uint64_t i, uint64_t which, char out[PUBLISH_MOST_ID])
{
    uint64_t d = draw(w, DRAW_TEXT, i, which);
    uint32_t time_s = FIRST_ID_TIME + (uint32_t)(d >> 20) % ID_SECONDS;
    size_t len;
    switch (d % 8) {
    case 0:
    case 1:
    case 2: len = put_time(out, time_s, "", false); break;
    case 3: len = put_time(out, time_s, "T", false); break;
    case 4:
        len = put_time(out, time_s, "", false);
        out[len++] = 'Z'; /* as in RFC 8461 section 3.1 */
        break;
    case 5:
        put_digits(out, time_s, 10);
        len = 10;
        break;
    case 6:
        put_hex(out, d >> 8, 8);
        len = 8;
        break;
    default:
        put_hex(out, d, 16);
        put_hex(out + 16, draw(w, DRAW_TEXT, i, which + UINT64_C(1000)), 16);
        len = 32; /* the most that RFC 8461 section 3.1 allows */
    }
    out[len] = '\0';
    return len;
}

void publish_sts_id(const struct world *w, const struct fate *f, char out[PUBLISH_MOST_ID])
{
    uint32_t time_s = FIRST_ID_TIME + (uint32_t)(draw(w, DRAW_TEXT, f->i, TEXT_ID) >> 20) % ID_SECONDS;
    size_t len;
    switch (f->sts) {
    case STS_EMPTY_ID: len = 0; break;
    case STS_ID_DASH: {
        unsigned year, month, day;
        date_of(time_s, &year, &month, &day);
        put_digits(out, year, 4);
        out[4] = out[7] = '-';
        put_digits(out + 5, month, 2);
        put_digits(out + 8, day, 2);
        len = 10;
        break;
    }
    case STS_ID_LONG:
        put_hex(out, draw(w, DRAW_TEXT, f->i, TEXT_ID), 16);
        put_hex(out + 16, draw(w, DRAW_TEXT, f->i, TEXT_ID_OTHER), 16);
        out[32] = 'f';
        len = 33;
        break;
    case STS_ID_COLON: len = put_time(out, time_s, "T", true); break;
    default: len = publish_id(w, f->i, TEXT_ID, out);
    }
    out[len] = '\0';
}
