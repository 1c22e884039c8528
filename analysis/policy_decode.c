#include "analysis/policy_decode.h"

#include "analysis/text.h"

#define ZLIB_CONST
#include <zlib.h>

#define ZLIB_FORMAT MAX_WBITS        /* RFC 1950, which is what HTTP calls deflate */
#define GZIP_FORMAT (MAX_WBITS + 16) /* RFC 1952 */

/* The format as zlib names it, 0 for a coding that is not read. Names are the same in either case (RFC 9110
 * section 8.4.1), and x-gzip is gzip (section 8.4.1.3). */
static int format_of(struct sts_str coding)
{
    if (text_equal_nocase(coding, sts_str("gzip")) || text_equal_nocase(coding, sts_str("x-gzip")))
        return GZIP_FORMAT;
    return text_equal_nocase(coding, sts_str("deflate")) ? ZLIB_FORMAT : 0;
}

struct sts_str policy_decode(struct sts_str coding, struct sts_str body, char *room)
{
    z_stream stream = {.next_in = (const Bytef *)body.p,
                       .avail_in = body.len,
                       .next_out = (Bytef *)room,
                       .avail_out = POLICY_DECODED_BYTES};
    int format = format_of(coding), end;

    if (format == 0 || inflateInit2(&stream, format) != Z_OK)
        return (struct sts_str){NULL, 0};
    end = inflate(&stream, Z_FINISH);
    inflateEnd(&stream);
    if (end != Z_STREAM_END || stream.avail_in > 0)
        return (struct sts_str){NULL, 0};
    return (struct sts_str){room, POLICY_DECODED_BYTES - stream.avail_out};
}
