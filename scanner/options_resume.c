/* The options of a scan that goes on: those of its record, but for what is given anew. */
#include "scanner/options_row.h"

#include <ctype.h>
#include <string.h>

static const char same_input[] = "the positions that are done are those of this reading of the input";
static const char same_measure[] = "all names of a scan are measured alike";
static const char same_door[] = "who may be contacted at all was settled when the scan began";

/* What may not change, and why. */
static const struct {
    enum option_id id;
    const char *why;
} fixed[] = {
    {OPT_output, "the scan goes on in its own directory"},
    {OPT_input_format, same_input},
    {OPT_origin, same_input},
    {OPT_shards, same_input},
    {OPT_shard, same_input},
    {OPT_records, same_measure},
    {OPT_keep_txt, same_measure},
    {OPT_tlsa, same_measure},
    {OPT_fetch_policy, same_measure},
    {OPT_no_starttls, same_measure},
    {OPT_probe_implicit_mx, same_measure},
    {OPT_ip_version, same_measure},
    {OPT_control_rate, same_measure},
    {OPT_mx_limit, same_measure},
    {OPT_address_limit, same_measure},
    {OPT_policy_addresses, same_measure},
    {OPT_smtp_port, same_measure},
    {OPT_https_port, same_measure},
    {OPT_per_ip_hosts, same_measure},
    {OPT_per_ip_signalled_hosts, same_measure},
    {OPT_seed, "the choices by hash were made with that of the scan"},
    {OPT_allow_reserved, same_door},
    {OPT_lab, same_door},
};
/* What is of one run, and not of the scan. */
static const enum option_id of_run[] = {OPT_resume,    OPT_again, OPT_output,  OPT_dry_run,
                                        OPT_preflight, OPT_help,  OPT_version, OPT_seed};

static const struct rec_option *find(const struct rec_scan *scan, enum option_id id)
{
    const struct sts_str name = sts_str(option_row(id)->name);

    for (uint32_t i = 0; i < scan->options.n; i++) {
        if (sts_str_equal(scan->options.v[i].name, name))
            return &scan->options.v[i];
    }
    return NULL;
}

/* Anybody may have made the record: what is no text goes neither into an option nor into a message. */
static bool is_text(struct sts_str value)
{
    for (uint32_t i = 0; i < value.len; i++) {
        if (iscntrl((unsigned char)value.p[i]))
            return false;
    }
    return true;
}

/* Given as it was before is fine. */
static int check_fixed(const struct options *o, const struct rec_scan *scan, struct sts_err *err)
{
    for (size_t i = 0; i < STS_LEN(fixed); i++) {
        const enum option_id id = fixed[i].id;
        const struct rec_option *before = find(scan, id);
        bool known;

        if (!o->given[id] || (before != NULL && sts_str_equal(before->value, sts_str(o->text[id]))))
            continue;
        known = before != NULL && is_text(before->value);
        return sts_fail(err, STS_EINVAL, "--%s cannot change with --resume: %s%s%.*s", option_row(id)->name,
                        fixed[i].why, known ? "; it was " : "", known ? (int)before->value.len : 0,
                        known ? before->value.p : "");
    }
    return STS_OK;
}

static bool is_of_run(enum option_id id)
{
    for (size_t i = 0; i < STS_LEN(of_run); i++) {
        if (of_run[i] == id)
            return true;
    }
    return false;
}

static int take(struct options *o, enum option_id id, const struct rec_option *before, struct arena *arena,
                struct sts_err *err)
{
    const bool is_flag = option_row(id)->kind == KIND_FLAG;
    struct sts_err inner = {0};
    struct sts_str text = arena_copy(arena, before->value.p, before->value.len);

    if (text.p == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    if (!is_text(before->value))
        return sts_fail(
            err, STS_EINVAL,
            "--%s: the scan has a value for it that is no text; give it anew where that may change",
            option_row(id)->name);
    if (option_set(o, id, is_flag ? NULL : text.p, &inner) != STS_OK)
        return sts_fail(err, inner.code, "%s (as the scan has it; give it anew where that may change)",
                        inner.msg);
    o->given[id] = true;
    return STS_OK;
}

int options_resume(struct options *o, const struct rec_scan *scan, struct arena *arena, struct sts_err *err)
{
    if (o->n_names > 0)
        return sts_fail(err, STS_EINVAL, "--resume takes the names of the scan; \"%.64s\" is one more",
                        o->names[0]);
    if (o->dry_run || o->preflight)
        return sts_fail(err, STS_EINVAL, "--resume and --%s exclude each other",
                        o->dry_run ? "dry-run" : "preflight");
    if (check_fixed(o, scan, err) != STS_OK)
        return err->code;
    for (enum option_id id = 0; id < OPTIONS_N; id++) {
        const struct rec_option *before = find(scan, id);

        if (before == NULL || before->derived || o->given[id] || is_of_run(id))
            continue;
        if (take(o, id, before, arena, err) != STS_OK)
            return err->code;
    }
    o->seed = scan->seed;
    o->given[OPT_seed] = true;
    if (o->input_file == NULL || strcmp(o->input_file, "-") == 0)
        return sts_fail(
            err, STS_EINVAL,
            "--resume: the names of this scan came from %s, which cannot be read again: scan anew",
            o->input_file == NULL ? "the command line" : "standard input");
    return options_take_rates(o, err) == STS_OK ? options_check(o, err) : err->code;
}
