#include "analysis/render.h"
#include "analysis/scan_options.h"
#include "analysis/text.h"

#include <inttypes.h>
#include <string.h>

#define NUMBER_BYTES 32
#define LABEL_WIDTH  48
#define NUMBER_WIDTH 13

/* 1234567 as "1,234,567". */
static const char *grouped(char out[NUMBER_BYTES], uint64_t u)
{
    char *p = out + NUMBER_BYTES - 1;
    unsigned n = 0;

    *p = '\0';
    do {
        if (n > 0 && n % 3 == 0)
            *--p = ',';
        *--p = (char)('0' + u % 10);
        n++;
    } while ((u /= 10) > 0);
    return p;
}

static void put_share(FILE *out, const struct stat_row *row, const struct stats *s)
{
    char num[NUMBER_BYTES], den[NUMBER_BYTES];
    uint64_t n = s->n[row->num], d = s->n[row->den];

    fprintf(out, "  %-*s%*s", LABEL_WIDTH, row->label, NUMBER_WIDTH, grouped(num, n));
    if (d > 0)
        fprintf(out, "%9.3f %%", 100.0 * (double)n / (double)d);
    else
        fprintf(out, "%9s  ", "-");
    fprintf(out, "  of %s %s\n", grouped(den, d), counter_noun(row->den));
}

static void put_defects(FILE *out, const struct stats *s)
{
    char num[NUMBER_BYTES];
    bool some = false;

    for (unsigned id = 1; id < DEFECT_LIMIT; id++) {
        if (s->defects[id] == 0)
            continue;
        if (!some)
            fprintf(out, "\nFirst defect of what is invalid\n");
        some = true;
        fprintf(out, "  %-*s%*s  %s (%s)\n", LABEL_WIDTH, defect_name(id), NUMBER_WIDTH,
                grouped(num, s->defects[id]), defect_text(id), defect_rule(id));
    }
}

static void put_outcomes(FILE *out, const struct stats *s)
{
    char num[NUMBER_BYTES];

    fprintf(out, "\nOutcomes\n");
    for (unsigned set = 0; set < SET_LIMIT; set++) {
        for (unsigned oc = OC_NONE + 1; oc < OUTCOME_LIMIT; oc++) {
            if (s->outcomes[set][oc] == 0)
                continue;
            fprintf(out, "  %-13s %-22s %-10s %*s  %s\n", outcome_set_name(set), outcome_name(oc),
                    outcome_class_name(outcome_class(oc)), NUMBER_WIDTH, grouped(num, s->outcomes[set][oc]),
                    outcome_text(oc));
        }
    }
}

static void put_rules(FILE *out, const struct chain_rules *rules)
{
    char time[TEXT_TIME_BYTES];

    if (rules->ca_file != NULL) {
        fprintf(out, "  CAs       of ");
        text_put(out, sts_str(rules->ca_file));
        fprintf(out, ", not of the scan\n");
    }
    if (rules->has_time) {
        text_time(time, rules->time_ms);
        fprintf(out, "  judged    certificates as of %s\n", time);
    }
}

/* Whatever is not fine may have bent what follows. */
static void put_checks(FILE *out, const struct summary_checks *checks)
{
    for (uint32_t i = 0; i < checks->n; i++) {
        const struct rec_check *check = &checks->v[i];

        if (check->state != CHECK_WARNING && check->state != CHECK_FAILED)
            continue;
        fprintf(out, "  preflight %s: ", check_state_text(check->state));
        text_put(out, check->name);
        fputs(": ", out);
        text_put(out, check->text);
        fputc('\n', out);
    }
}

static void put_head(FILE *out, const struct summary_head *head)
{
    char start[TEXT_TIME_BYTES], end[TEXT_TIME_BYTES], num[NUMBER_BYTES];

    text_time(start, head->start_ms);
    fprintf(out, "Scan ");
    text_put(out, sts_str(head->name));
    fprintf(out, "\n  by        ");
    text_put(out, sts_str(head->program));
    fprintf(out, "\n  start     %s\n", start);
    if (head->end_ms != 0) {
        text_time(end, head->end_ms);
        fprintf(out, "  end       %s\n", end);
    }
    fprintf(out, "  state     ");
    if (head->complete)
        fprintf(out, "complete");
    else if (head->end_ms != 0)
        fprintf(out, "stopped before its end: ");
    else
        fprintf(out, "not ended: the end record is missing");
    text_put(out, sts_str(head->reason));
    if (head->torn != NULL) {
        fprintf(out, "\n  torn      ");
        put_loss(out, head->torn);
    }
    fprintf(out, "\n  size      %s records", grouped(num, head->records));
    fprintf(out, " in %s bytes\n", grouped(num, head->bytes));
    if (head->n_shards > 1)
        fprintf(out, "  shard     %" PRIu64 " of %" PRIu64 ", counted from 0: names of this shard alone\n",
                head->shard, head->n_shards);
    if (head->superseded > 0)
        fprintf(out, "  repeated  %s records superseded by later ones, and left out\n",
                grouped(num, head->superseded));
    put_checks(out, head->checks);
    put_rules(out, head->rules);
}

/* What --skip-bad-frames passed over; the figures are of the rest. */
static void put_damage(FILE *out, const struct summary_head *head, const struct stats *s)
{
    uint64_t known = s->n[C_positions];

    if (head->losses->n == 0)
        return;
    fprintf(out, "  lost      ");
    put_losses(out, head->losses, 12);
    if (head->positions >= known && head->positions > 0)
        fprintf(out, "            %" PRIu64 " of %" PRIu64 " positions have no record in what is left\n",
                head->positions - known, head->positions);
    else
        fprintf(out, "            how many positions there were is lost too\n");
}

void render_text(FILE *out, const struct summary_head *head, const struct stats *s, bool outcomes)
{
    put_head(out, head);
    put_damage(out, head, s);
    for (unsigned i = 0; i < n_stat_rows; i++) {
        if (stat_rows[i].is_section)
            fprintf(out, "\n%s\n", stat_rows[i].label);
        else
            put_share(out, &stat_rows[i], s);
    }
    put_defects(out, s);
    if (outcomes)
        put_outcomes(out, s);
}
