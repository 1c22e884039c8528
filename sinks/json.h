/* json.h - writes JSON (RFC 8259), indented by two spaces. Thread: one for each writer.
 * Strings are the bytes of strangers: control characters become \u00XX, a byte that is no part of valid UTF-8
 * becomes \u00XX of its value, so that the output is valid UTF-8 whatever came in. */
#ifndef STS_JSON_H
#define STS_JSON_H
#include "sinks/base.h"

#include <stdio.h>

struct json {
    FILE *out; /* borrowed; the caller looks at ferror() */
    unsigned depth;
    bool in_line;
    bool some; /* something stands before in this object or list */
};

void json_init(struct json *j, FILE *out);
void json_init_line(struct json *j, FILE *out); /* not indented: all in one line */
/* `key` is NULL in a list and at the top. */
void json_object(struct json *j, const char *key);
void json_object_end(struct json *j);
void json_list(struct json *j, const char *key);
void json_list_end(struct json *j);
void json_str(struct json *j, const char *key, struct sts_str s);
void json_uint(struct json *j, const char *key, uint64_t u);
void json_sint(struct json *j, const char *key, int64_t s);
void json_share(struct json *j, const char *key, uint64_t num, uint64_t den); /* null where den is 0 */
void json_null(struct json *j, const char *key);
void json_bool(struct json *j, const char *key, bool b);
#endif
