/* encode.c - records to msgpack, driven by the tables of record.def. */
#include "sinks/codec.h"

#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

#define REC_FIRST_BYTES 4096

void rec_buf_fini(struct rec_buf *buf)
{
    free(buf->p);
    memset(buf, 0, sizeof(*buf));
}

static int buf_write(void *data, const char *p, size_t len)
{
    struct rec_buf *buf = data;

    if (buf->size - buf->len < len) {
        size_t size = buf->size == 0 ? REC_FIRST_BYTES : buf->size;
        uint8_t *grown;

        while (size - buf->len < len)
            size *= 2;
        grown = realloc(buf->p, size);
        if (grown == NULL)
            return -1;
        buf->p = grown;
        buf->size = size;
    }
    if (len > 0)
        memcpy(buf->p + buf->len, p, len);
    buf->len += len;
    return 0;
}

static bool field_is_set(const struct rec_field *f, const void *at)
{
    switch (f->type) {
    case RF_UINT:
    case RF_SINT: return *(const uint64_t *)at != 0;
    case RF_BOOL: return *(const bool *)at;
    case RF_STR:
    case RF_BIN: return ((const struct sts_str *)at)->len != 0;
    case RF_STRS:
    case RF_BINS: return ((const struct sts_strs *)at)->n != 0;
    case RF_SUB: return *(void *const *)at != NULL;
    case RF_LIST: return ((const struct any_list *)at)->n != 0;
    }
    return false;
}

static int pack_bytes(msgpack_packer *pk, struct sts_str s, bool text)
{
    if (text)
        return msgpack_pack_str(pk, s.len) || msgpack_pack_str_body(pk, s.p, s.len);
    return msgpack_pack_bin(pk, s.len) || msgpack_pack_bin_body(pk, s.p, s.len);
}

static int pack_key(msgpack_packer *pk, const char *key)
{
    return pack_bytes(pk, sts_str(key), true);
}

static int pack_map(msgpack_packer *pk, const struct rec_schema *schema, const void *record, unsigned kind);

static int pack_field(msgpack_packer *pk, const struct rec_field *f, const void *at)
{
    const struct sts_strs *strs = at;
    const struct any_list *list = at;
    int rc = 0;

    switch (f->type) {
    case RF_UINT: return msgpack_pack_uint64(pk, *(const uint64_t *)at);
    case RF_SINT: return msgpack_pack_int64(pk, *(const int64_t *)at);
    case RF_BOOL: return msgpack_pack_true(pk);
    case RF_STR:
    case RF_BIN: return pack_bytes(pk, *(const struct sts_str *)at, f->type == RF_STR);
    case RF_SUB: return pack_map(pk, f->of, *(void *const *)at, REC_NONE);
    case RF_STRS:
    case RF_BINS:
        rc = msgpack_pack_array(pk, strs->n);
        for (uint32_t i = 0; i < strs->n && rc == 0; i++)
            rc = pack_bytes(pk, strs->v[i], f->type == RF_STRS);
        return rc;
    case RF_LIST:
        rc = msgpack_pack_array(pk, list->n);
        for (uint32_t i = 0; i < list->n && rc == 0; i++)
            rc = pack_map(pk, f->of, (const char *)list->v + (size_t)i * f->of->size_bytes, REC_NONE);
        return rc;
    }
    return -1;
}

static int pack_map(msgpack_packer *pk, const struct rec_schema *schema, const void *record, unsigned kind)
{
    uint32_t n = kind != REC_NONE;
    int rc;

    for (uint32_t i = 0; i < schema->n_fields; i++)
        n += field_is_set(&schema->fields[i], (const char *)record + schema->fields[i].offset);
    rc = msgpack_pack_map(pk, n);
    if (rc == 0 && kind != REC_NONE)
        rc = pack_key(pk, "k") || msgpack_pack_uint8(pk, (uint8_t)kind);
    for (uint32_t i = 0; i < schema->n_fields && rc == 0; i++) {
        const struct rec_field *f = &schema->fields[i];
        const void *at = (const char *)record + f->offset;

        if (field_is_set(f, at))
            rc = pack_key(pk, f->key) || pack_field(pk, f, at);
    }
    return rc;
}

int rec_encode(struct rec_buf *buf, enum rec_kind kind, const void *record)
{
    size_t before = buf->len;
    msgpack_packer pk;

    msgpack_packer_init(&pk, buf, buf_write);
    if (pack_map(&pk, rec_schema(kind), record, kind) != 0) {
        buf->len = before;
        return STS_ENOMEM;
    }
    return STS_OK;
}
