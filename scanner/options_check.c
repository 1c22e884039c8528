/* What the options are together, and what follows from them. */
#include "scanner/input.h"
#include "scanner/options_row.h"

#include <inttypes.h>
#include <string.h>

#define RATE_NEAR 2000 /* queries a second to a resolver on loopback or a private address */
#define RATE_FAR  200

static int check_input(const struct options *o, struct sts_err *err)
{
    if (o->input_file != NULL && o->n_names > 0)
        return sts_fail(err, STS_EINVAL, "give names as arguments (\"%.64s\") or a file with -f, not both",
                        o->names[0]);
    if (o->input_file == NULL && o->n_names == 0)
        return sts_fail(err, STS_EINVAL,
                        "no input: give names as arguments, or a file with -f (-f - is standard input); "
                        "--help lists the options");
    return STS_OK;
}

static int check_layout(const struct options *o, struct sts_err *err)
{
    if (o->n_names > 0 && (o->given[OPT_input_format] || o->given[OPT_origin]))
        return sts_fail(err, STS_EINVAL, "--%s is of a file, not of names given as arguments",
                        o->given[OPT_origin] ? "origin" : "input-format");
    if (o->given[OPT_origin] && o->input_format != INPUT_AUTO && o->input_format != INPUT_ZONE)
        return sts_fail(err, STS_EINVAL, "--origin is of a zone file; --input-format says %s",
                        o->text[OPT_input_format]);
    if (o->shard >= o->shards)
        return sts_fail(err, STS_EINVAL,
                        "--shard: %" PRIu64 " is out of range: of --shards %" PRIu64 " the last is %" PRIu64,
                        o->shard, o->shards, o->shards - 1);
    return STS_OK;
}

/* Of what goes to standard output there can be one. */
static int check_stdout(const struct options *o, struct sts_err *err)
{
    static const enum option_id files[] = {OPT_output, OPT_status_file, OPT_metadata_file};
    const char *first = NULL;
    size_t i;

    if (o->log_file != NULL && strcmp(o->log_file, "-") == 0)
        return sts_fail(err, STS_EINVAL, "--log-file: give a file; messages go to standard error as well");
    for (i = 0; i < STS_LEN(files); i++) {
        if (o->text[files[i]] == NULL || strcmp(o->text[files[i]], "-") != 0)
            continue;
        if (first != NULL)
            return sts_fail(err, STS_EINVAL, "--%s - and --%s -: only one can have standard output", first,
                            option_row(files[i])->name);
        first = option_row(files[i])->name;
    }
    return STS_OK;
}

static int check_contact(const struct options *o, struct sts_err *err)
{
    bool connects = o->fetch_policy != WHEN_NEVER || !o->no_starttls;

    if (!connects || o->contact != NULL || o->lab.n_entries > 0)
        return STS_OK;
    return sts_fail(err, STS_EINVAL,
                    "--contact is missing: people whose servers are contacted must be able to find out who "
                    "scans and why; give a page or mail address, such as --contact https://example.org/scan "
                    "(not needed with --lab, nor with --fetch-policy never --no-starttls)");
}

static int check_servers(const struct options *o, struct sts_err *err)
{
    char text[ADDRESS_TEXT_BYTES];
    uint32_t i;

    if (o->lab.n_entries == 0)
        return STS_OK;
    for (i = 0; i < o->name_servers.n; i++) {
        if (prefix_set_holds(&o->lab, &o->name_servers.v[i].address))
            continue;
        address_format(&o->name_servers.v[i].address, text);
        return sts_fail(err, STS_EINVAL,
                        "name server %s is outside of --lab %s; give one within it with --name-servers", text,
                        o->text[OPT_lab]);
    }
    return STS_OK;
}

/* Within a lab neither --contact nor the reserved ranges hold, so it may not reach out to the Internet. */
static int check_lab(const struct options *o, struct sts_err *err)
{
    struct prefix outside;
    char text[PREFIX_TEXT_BYTES];

    if (prefix_set_is_private(&o->lab, &outside))
        return STS_OK;
    prefix_format(&outside, text);
    return sts_fail(
        err, STS_EINVAL,
        "--lab: %s is not on this host or in a private network; a scan of anything else wants --contact, "
        "not --lab",
        text);
}

int options_check(const struct options *o, struct sts_err *err)
{
    if (!o->preflight && (check_input(o, err) != STS_OK || check_contact(o, err) != STS_OK))
        return err->code;
    if (check_layout(o, err) != STS_OK || check_stdout(o, err) != STS_OK || check_lab(o, err) != STS_OK ||
        check_servers(o, err) != STS_OK)
        return err->code;
    if (o->preflight && o->dry_run)
        return sts_fail(err, STS_EINVAL, "--preflight and --dry-run exclude each other");
    if (o->resume == NULL && o->given[OPT_again])
        return sts_fail(err, STS_EINVAL, "--retry is of a scan that goes on: give --resume DIR");
    if (o->quiet && o->verbose)
        return sts_fail(err, STS_EINVAL, "--quiet and --verbose exclude each other");
    return STS_OK;
}

int options_default_servers(struct options *o, const char *path, struct sts_err *err)
{
    if (o->given[OPT_name_servers])
        return STS_OK;
    if (servers_read_resolv_conf(&o->name_servers, path, err) != STS_OK)
        return err->code;
    return check_servers(o, err);
}

uint64_t options_total_dns_rate(const struct options *o)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < o->name_servers.n; i++) {
        uint64_t one = options_dns_rate(o, &o->name_servers.v[i].address);

        if (one == 0)
            return 0;
        sum += one;
    }
    return sum;
}

uint64_t options_dns_rate(const struct options *o, const struct address *resolver)
{
    if (o->given[OPT_dns_rate])
        return o->dns_rate;
    return address_is_private(resolver) ? RATE_NEAR : RATE_FAR;
}
