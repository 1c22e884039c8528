/* record.c - the tables of record.def: which fields each record has. */
#include "sinks/record.h"

/* Tables. Every struct has its schema, found by the others before they are defined. */
#define STRUCT(type) static const struct rec_schema type##_schema;
#include "sinks/record.def"

#define STRUCT(type)                            static const struct rec_field type##_fields[] = {
#define FIELD(type, kind, member, key, of, doc) {key, kind, offsetof(struct rec_##type, member), of, doc},
#define UINT(type, member, key, doc)            FIELD(type, RF_UINT, member, key, NULL, doc)
#define SINT(type, member, key, doc)            FIELD(type, RF_SINT, member, key, NULL, doc)
#define BOOL(type, member, key, doc)            FIELD(type, RF_BOOL, member, key, NULL, doc)
#define STR(type, member, key, doc)             FIELD(type, RF_STR, member, key, NULL, doc)
#define BIN(type, member, key, doc)             FIELD(type, RF_BIN, member, key, NULL, doc)
#define STRS(type, member, key, doc)            FIELD(type, RF_STRS, member, key, NULL, doc)
#define BINS(type, member, key, doc)            FIELD(type, RF_BINS, member, key, NULL, doc)
#define SUB(type, member, of, key, doc)         FIELD(type, RF_SUB, member, key, &of##_schema, doc)
#define LIST(type, member, of, key, doc)        FIELD(type, RF_LIST, member, key, &of##_schema, doc)
#define END(type)                                                                                 \
    }                                                                                             \
    ;                                                                                             \
    static const struct rec_schema type##_schema = {#type, type##_fields, STS_LEN(type##_fields), \
                                                    sizeof(struct rec_##type)};
#include "sinks/record.def"
#undef FIELD

static const struct rec_schema *const kinds[REC_KIND_LIMIT] = {
#define KIND(number, type) [number] = &type##_schema,
#include "sinks/record.def"
};

const struct rec_schema *rec_schema(unsigned kind)
{
    return kind < REC_KIND_LIMIT ? kinds[kind] : NULL;
}

const char *rec_kind_name(unsigned kind)
{
    const struct rec_schema *schema = rec_schema(kind);

    return schema ? schema->name : NULL;
}

uint64_t rec_outcome(enum rec_kind kind, const void *record)
{
    switch (kind) {
    case REC_domain: return ((const struct rec_domain *)record)->oc;
    case REC_host: return ((const struct rec_host *)record)->oc;
    case REC_policy: return ((const struct rec_policy *)record)->oc;
    case REC_endpoint: return ((const struct rec_endpoint *)record)->oc;
    default: return OC_NONE;
    }
}

const char *check_state_text(uint64_t state)
{
    static const char *const texts[] = {"fine", "warning", "failed", "not looked at"};

    return state < STS_LEN(texts) ? texts[state] : "of an unknown state";
}
