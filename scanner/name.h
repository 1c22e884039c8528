/* name.h - one input name into the form that is asked for: A-labels, lower case, no trailing dot. Pure.
 * Thread: any; no state, no locale. */
#ifndef STS_NAME_H
#define STS_NAME_H
#include "sinks/base.h"
#include "sinks/outcome.h"

#define NAME_MOST_BYTES  253 /* RFC 1035 section 2.3.4, without the trailing dot */
#define NAME_LABEL_BYTES 63
#define NAME_BUF_BYTES   (NAME_MOST_BYTES + 1)

/* Normalise in[0..len), without blanks around it. `*why` tells what came of it:
 *   OC_OK      out[0..*out_len) is the name, with a NUL behind it;
 *   OC_NAME_*  it is no name; raw is the offset in `in` of the byte, or of the label, that is wrong.
 * Letters, digits, hyphens and underscores stand as they are; labels with other characters go through UTS 46
 * (non-transitional) and IDNA2008, and so do labels that begin with "xn--", which must be valid A-labels.
 * STS_OK, or STS_ENOMEM (then `*why` says nothing). */
int name_normalise(const char *in, size_t len, char out[NAME_BUF_BYTES], size_t *out_len,
                   struct result *why) STS_CHECK;
#endif
