/* json.h - JSON, put together in a text. A key comes with the comma before it, where one is wanted. */
#ifndef SIM_JSON_H
#define SIM_JSON_H
#include "bench/sim/text.h"

#include <stdint.h>

void json_open(struct text *t, char bracket);  /* { or [ */
void json_close(struct text *t, char bracket); /* } or ] */
void json_key(struct text *t, const char *key);
void json_next(struct text *t); /* before an item of a list, or a value of a key of one's own */
void json_string(struct text *t, const char *p, size_t len);
void json_number(struct text *t, uint64_t n);
/* With their keys; NULL, and `bool3` -1: null. Words and keys are ASCII without quotes or backslashes. */
void json_word(struct text *t, const char *key, const char *word);
void json_count(struct text *t, const char *key, uint64_t n);
void json_bool3(struct text *t, const char *key, int value);
void json_real(struct text *t, const char *key, double x);
#endif
