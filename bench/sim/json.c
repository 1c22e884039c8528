#include "bench/sim/json.h"

#include <string.h>

void json_next(struct text *t)
{
    char last = t->len > 0 ? t->p[t->len - 1] : '{';
    if (last != '{' && last != '[' && last != ':')
        text_put(t, ",", 1);
}

void json_open(struct text *t, char bracket)
{
    text_put(t, &bracket, 1);
}

void json_close(struct text *t, char bracket)
{
    text_put(t, &bracket, 1);
}

/* Bytes that are no printable ASCII as \u00XX of their value. */
void json_string(struct text *t, const char *p, size_t len)
{
    size_t begin = 0;

    text_put(t, "\"", 1);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)p[i];
        if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\')
            continue;
        text_put(t, p + begin, i - begin);
        if (c == '"' || c == '\\') {
            text_put(t, "\\", 1);
            text_put(t, p + i, 1);
        } else {
            text_printf(t, "\\u%04x", c);
        }
        begin = i + 1;
    }
    text_put(t, p + begin, len - begin);
    text_put(t, "\"", 1);
}

/* `"word"`, of a word that needs no escapes, and what comes behind it; most of all that is written is this.
 */
static void put_word(struct text *t, const char *word, char behind)
{
    size_t len = strlen(word);
    char *p = t->p + t->len;

    if (t->most - t->len < len + 3) {
        t->full = true;
        return;
    }
    *p++ = '"';
    memcpy(p, word, len);
    p += len;
    *p++ = '"';
    *p = behind;
    t->len += len + 2 + (behind != '\0');
}

void json_key(struct text *t, const char *key)
{
    json_next(t);
    put_word(t, key, ':');
}

void json_number(struct text *t, uint64_t n)
{
    char digits[20];
    size_t at = sizeof(digits);

    do
        digits[--at] = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    text_put(t, digits + at, sizeof(digits) - at);
}

void json_word(struct text *t, const char *key, const char *word)
{
    json_key(t, key);
    if (word != NULL)
        put_word(t, word, 0);
    else
        text_puts(t, "null");
}

void json_count(struct text *t, const char *key, uint64_t n)
{
    json_key(t, key);
    json_number(t, n);
}

void json_bool3(struct text *t, const char *key, int value)
{
    json_key(t, key);
    text_puts(t, value < 0 ? "null" : value ? "true" : "false");
}

void json_real(struct text *t, const char *key, double x)
{
    json_key(t, key);
    text_printf(t, "%.10g", x);
}
