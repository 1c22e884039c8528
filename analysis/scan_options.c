#include "analysis/scan_options.h"

#include "analysis/text.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Fewer digits are a year, or a date without hyphens, but no time of a scan; 11: the year 5138. */
#define SECONDS_DIGITS_LEAST 9
#define SECONDS_DIGITS_MOST  11

static int bad_time(const char *text, struct sts_err *err)
{
    return sts_fail(err, STS_EINVAL,
                    "--at %s: not a time: 2026-02-01, 2026-02-01T12:00:00Z, or seconds since 1970 are", text);
}

static int parse_seconds(const char *text, size_t len, uint64_t *ms, struct sts_err *err)
{
    uint64_t s = 0;

    if (len < SECONDS_DIGITS_LEAST || len > SECONDS_DIGITS_MOST)
        return bad_time(text, err);
    for (size_t i = 0; i < len; i++)
        s = 10 * s + (uint64_t)(text[i] - '0');
    *ms = 1000 * s;
    return STS_OK;
}

int parse_time(const char *text, uint64_t *ms, struct sts_err *err)
{
    static const char *const formats[] = {"%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"};
    size_t len = strlen(text);

    if (len > 0 && strspn(text, "0123456789") == len)
        return parse_seconds(text, len, ms, err);
    for (size_t i = 0; i < STS_LEN(formats); i++) {
        struct tm tm = {0};
        char again[TEXT_TIME_BYTES];
        const char *end = strptime(text, formats[i], &tm);
        time_t s = end ? timegm(&tm) : -1;
        size_t n = end ? strftime(again, sizeof(again), formats[i], &tm) : 0;

        /* Written out again it has to be the same: strptime() lets much pass, timegm() mends the rest. */
        if (s >= 0 && (*end == '\0' || strcmp(end, "Z") == 0) && n == (size_t)(end - text) &&
            strncmp(again, text, n) == 0) {
            *ms = 1000 * (uint64_t)s;
            return STS_OK;
        }
    }
    return bad_time(text, err);
}

bool scan_option(struct scan_options *o, int c, const char *value, struct sts_err *err)
{
    switch (c) {
    case OPTION_CA_FILE:
        o->rules.ca_file = value;
        if (access(value, R_OK) != 0)
            sts_fail(err, STS_EINVAL, "--ca-file %s: %s", value, strerror(errno));
        return true;
    case OPTION_AT: o->rules.has_time = parse_time(value, &o->rules.time_ms, err) == STS_OK; return true;
    case OPTION_SKIP_BAD: o->skip_bad_frames = true; return true;
    default: return false;
    }
}

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

void put_loss(FILE *out, const struct scan_loss *loss)
{
    const char *kind = loss->has_header ? rec_kind_name(loss->info.kind) : NULL;

    text_put(out, sts_str(loss->file));
    fprintf(out, ": offset %" PRIu64 ", %" PRIu64 " bytes", loss->offset, loss->bytes);
    if (loss->has_header)
        fprintf(out, ", %" PRIu32 " %s record%s", loss->info.n_records, kind ? kind : "unknown",
                plural(loss->info.n_records));
    if (loss->has_header && loss->info.kind == REC_domain)
        fprintf(out, " of positions %" PRIu64 " to %" PRIu64, loss->info.first_pos, loss->info.last_pos);
    fprintf(out, ": %s", loss->why);
}

void put_torn(FILE *out, const struct scan_reader *r, const struct scan_loss *torn)
{
    put_loss(out, torn);
    fputs("; still being written, or cut", out);
    if (strcmp(torn->file, scan_reader_name(r)) == 0 || strcmp(scan_reader_name(r), "-") == 0)
        return; /* one stream: nobody can go on with it */
    fputs(": stscan --resume ", out);
    text_put(out, sts_str(scan_reader_name(r)));
    fputs(" goes on", out);
}

void put_losses(FILE *out, const struct scan_losses *losses, unsigned indent)
{
    uint64_t kept = losses->n < SCAN_LOSSES_KEPT ? losses->n : SCAN_LOSSES_KEPT;

    fprintf(out, "%" PRIu64 " frame%s with %" PRIu64 " record%s", losses->frames, plural(losses->frames),
            losses->records, plural(losses->records));
    if (losses->headless > 0)
        fprintf(out, ", and at %" PRIu64 " place%s frames whose header is lost too, of unknown size",
                losses->headless, plural(losses->headless));
    fprintf(out, "; %" PRIu64 " bytes\n", losses->bytes);
    for (uint64_t i = 0; i < kept; i++) {
        fprintf(out, "%*s", (int)indent, "");
        put_loss(out, &losses->v[i]);
        fputc('\n', out);
    }
    if (losses->n > kept)
        fprintf(out, "%*sand %" PRIu64 " places more\n", (int)indent, "", losses->n - kept);
}

static void say(const struct scan_options *o, const struct scan_reader *r)
{
    const struct scan_losses *losses = scan_reader_losses(r);
    const struct scan_loss *torn = scan_reader_torn(r);
    const uint64_t n_foreign = scan_reader_n_foreign(r);
    char time[TEXT_TIME_BYTES];

    if (n_foreign > 0)
        fprintf(stderr,
                "ststat: passed over: %" PRIu64 " record%s of kinds that only a later version knows\n",
                n_foreign, plural(n_foreign));
    if (o->rules.ca_file != NULL)
        fprintf(stderr, "ststat: certificates are verified with the CAs of %s\n", o->rules.ca_file);
    if (o->rules.has_time) {
        text_time(time, o->rules.time_ms);
        fprintf(stderr, "ststat: certificates are verified as of %s\n", time);
    }
    if (torn != NULL) {
        fputs("ststat: not whole, and not in what follows: ", stderr);
        put_torn(stderr, r, torn);
        fputc('\n', stderr);
    }
    if (losses->n == 0)
        return;
    fputs("ststat: damaged, and not in what follows: ", stderr);
    put_losses(stderr, losses, 2);
    if (o->rules.certs_lost)
        fputs(
            "ststat: certificates may be lost: a chain that ends at none that is trusted counts as unknown\n",
            stderr);
}

int scan_options_open(struct scan_options *o, struct scan_reader **out, const char *path, struct sts_err *err)
{
    const struct scan_reader_options options = {.skip_bad = o->skip_bad_frames,
                                                .advice = " (--skip-bad-frames reads on)"};
    const struct scan_losses *losses;

    if (scan_reader_open_with(out, path, &options, err) != STS_OK)
        return err->code;
    losses = scan_reader_losses(*out);
    o->rules.certs_lost = losses->headless > 0 || (losses->kinds & REC_MASK(REC_cert)) != 0;
    say(o, *out);
    if (losses->n > 0 && scan_reader_n_records(*out, REC_scan) == 0 && !o->rules.has_time)
        return sts_fail(err, STS_EFORMAT,
                        "%s: the record that says when the scan began is lost: say it by --at", path);
    return STS_OK;
}
