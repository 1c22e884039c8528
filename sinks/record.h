/* record.h - the records as C structs, and their codec. Declared from record.def. Thread: any; no state.
 * A record is a view: strings, lists and maps in it are borrowed (from an arena, or from the bytes decoded).
 */
#ifndef STS_RECORD_H
#define STS_RECORD_H
#include "sinks/arena.h"
#include "sinks/base.h"
#include "sinks/outcome.h"

#define REC_SCHEMA_VERSION 1

struct sts_strs {
    struct sts_str *v;
    uint32_t n;
};

#define STRUCT(type) struct rec_##type;
#include "sinks/record.def"

#define STRUCT(type) struct rec_##type {
#define END(type) \
    }             \
    ;
#define UINT(type, member, key, doc)    uint64_t member;
#define SINT(type, member, key, doc)    int64_t member;
#define BOOL(type, member, key, doc)    bool member;
#define STR(type, member, key, doc)     struct sts_str member;
#define BIN(type, member, key, doc)     struct sts_str member;
#define STRS(type, member, key, doc)    struct sts_strs member;
#define BINS(type, member, key, doc)    struct sts_strs member;
#define SUB(type, member, of, key, doc) struct rec_##of *member;
#define LIST(type, member, of, key, doc) \
    struct {                             \
        struct rec_##of *v;              \
        uint32_t n;                      \
    } member;
#include "sinks/record.def"

/* Kinds of record: the key "k" of every record, and of every frame. */
enum rec_kind {
    REC_NONE = 0,
#define KIND(number, type) REC_##type = number,
#include "sinks/record.def"
};
#define REC_KIND_LIMIT 9 /* every kind is below */

enum rec_field_type { RF_UINT, RF_SINT, RF_BOOL, RF_STR, RF_BIN, RF_STRS, RF_BINS, RF_SUB, RF_LIST };

struct rec_schema;
struct rec_field {
    const char *key;
    enum rec_field_type type;
    uint32_t offset;             /* in the struct */
    const struct rec_schema *of; /* of RF_SUB and RF_LIST */
    const char *doc;
};
struct rec_schema {
    const char *name;
    const struct rec_field *fields;
    uint32_t n_fields;
    uint32_t size_bytes; /* of the struct */
};

/* "domain" and so on; NULL for a kind that this version does not know. */
const char *rec_kind_name(unsigned kind);
/* The fields of a kind; NULL for an unknown one. For tools that walk records without knowing them (export,
 * show). */
const struct rec_schema *rec_schema(unsigned kind);

/* The outcome that the end record counts a record under; OC_NONE of a kind without one. */
uint64_t rec_outcome(enum rec_kind kind, const void *record);

/* Values of rec_check.state; part of the file format. */
enum check_state { CHECK_FINE, CHECK_WARNING, CHECK_FAILED, CHECK_NOT_LOOKED };
const char *check_state_text(uint64_t state); /* "warning" */

/* A growing buffer of encoded records. */
struct rec_buf {
    uint8_t *p;
    size_t len, size;
};
void rec_buf_fini(struct rec_buf *buf);

/* Append `record` (a struct rec_<kind>) as one msgpack map. STS_ENOMEM leaves `buf` as it was. */
int rec_encode(struct rec_buf *buf, enum rec_kind kind, const void *record) STS_CHECK;

/* Decode one record from p[0..len). `*kind` and `*record` (in `arena`, strings borrowed from p) are set;
 * `*used` is its size in bytes. Unknown keys and unknown kinds are passed over (then `*record` is NULL).
 * STS_EFORMAT: not a record; STS_ENOMEM: no memory or over the arena's limit. */
int rec_decode(const uint8_t *p, size_t len, struct arena *arena, enum rec_kind *kind, void **record,
               size_t *used) STS_CHECK;
#endif
