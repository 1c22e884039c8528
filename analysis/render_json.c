#include "analysis/render.h"
#include "sinks/json.h"

static void put_rules(struct json *j, const struct chain_rules *rules)
{
    if (rules->ca_file != NULL)
        json_str(j, "ca_file", sts_str(rules->ca_file));
    else
        json_null(j, "ca_file");
    if (rules->has_time)
        json_uint(j, "at_ms", rules->time_ms);
    else
        json_null(j, "at_ms");
}

/* What --skip-bad-frames passed over. */
static void put_damage(struct json *j, const struct scan_losses *losses)
{
    json_object(j, "damage");
    json_uint(j, "frames", losses->frames);
    json_uint(j, "records", losses->records);
    json_uint(j, "places_without_header", losses->headless);
    json_uint(j, "bytes", losses->bytes);
    json_uint(j, "n_places", losses->n);
    json_list(j, "places");
    for (uint64_t i = 0; i < losses->n && i < SCAN_LOSSES_KEPT; i++) {
        const struct scan_loss *loss = &losses->v[i];
        const char *kind = loss->has_header ? rec_kind_name(loss->info.kind) : NULL;

        json_object(j, NULL);
        json_str(j, "file", sts_str(loss->file));
        json_uint(j, "offset", loss->offset);
        json_uint(j, "bytes", loss->bytes);
        json_str(j, "kind", sts_str(kind ? kind : "unknown"));
        if (loss->has_header)
            json_uint(j, "records", loss->info.n_records);
        else
            json_null(j, "records");
        json_str(j, "why", sts_str(loss->why));
        json_object_end(j);
    }
    json_list_end(j);
    json_object_end(j);
}

static void put_checks(struct json *j, const struct summary_checks *checks)
{
    json_list(j, "preflight");
    for (uint32_t i = 0; i < checks->n; i++) {
        json_object(j, NULL);
        json_str(j, "check", checks->v[i].name);
        json_str(j, "state", sts_str(check_state_text(checks->v[i].state)));
        json_str(j, "text", checks->v[i].text);
        json_object_end(j);
    }
    json_list_end(j);
}

/* What stands behind the last whole frame. */
static void put_torn_tail(struct json *j, const struct scan_loss *torn)
{
    if (torn == NULL) {
        json_null(j, "torn");
        return;
    }
    json_object(j, "torn");
    json_str(j, "file", sts_str(torn->file));
    json_uint(j, "offset", torn->offset);
    json_uint(j, "bytes", torn->bytes);
    json_str(j, "why", sts_str(torn->why));
    json_object_end(j);
}

static void put_head(struct json *j, const struct summary_head *head)
{
    json_object(j, "scan");
    json_str(j, "name", sts_str(head->name));
    json_str(j, "program", sts_str(head->program));
    json_uint(j, "schema", head->schema);
    json_uint(j, "start_ms", head->start_ms);
    json_uint(j, "end_ms", head->end_ms);
    json_bool(j, "complete", head->complete);
    json_str(j, "reason", sts_str(head->reason));
    json_uint(j, "parts", head->parts);
    json_uint(j, "bytes", head->bytes);
    json_uint(j, "records", head->records);
    json_uint(j, "shard", head->shard);
    json_uint(j, "shards", head->n_shards);
    json_uint(j, "superseded", head->superseded);
    if (head->positions > 0) /* of the end record: what there should be, whatever was lost */
        json_uint(j, "positions", head->positions);
    else
        json_null(j, "positions");
    put_checks(j, head->checks);
    put_rules(j, head->rules);
    put_damage(j, head->losses);
    json_bool(j, "ended", head->end_ms != 0); /* it has an end record */
    put_torn_tail(j, head->torn);
    json_object_end(j);
}

static void put_shares(struct json *j, const struct stats *s)
{
    const char *section = "";

    json_list(j, "statistics");
    for (unsigned i = 0; i < n_stat_rows; i++) {
        const struct stat_row *row = &stat_rows[i];

        if (row->is_section) {
            section = row->id;
            continue;
        }
        json_object(j, NULL);
        json_str(j, "section", sts_str(section));
        json_str(j, "id", sts_str(row->id));
        json_str(j, "text", sts_str(row->label));
        json_str(j, "numerator", sts_str(counter_id(row->num)));
        json_uint(j, "n", s->n[row->num]);
        json_str(j, "denominator", sts_str(counter_id(row->den)));
        json_uint(j, "of", s->n[row->den]);
        json_share(j, "share", s->n[row->num], s->n[row->den]);
        json_object_end(j);
    }
    json_list_end(j);
}

static void put_counters(struct json *j, const struct stats *s)
{
    json_object(j, "counters");
    for (unsigned c = 0; c < COUNTER_LIMIT; c++)
        json_uint(j, counter_id(c), s->n[c]);
    json_object_end(j);
}

static void put_defects(struct json *j, const struct stats *s)
{
    json_list(j, "defects");
    for (unsigned id = 1; id < DEFECT_LIMIT; id++) {
        if (s->defects[id] == 0)
            continue;
        json_object(j, NULL);
        json_str(j, "id", sts_str(defect_name(id)));
        json_str(j, "rule", sts_str(defect_rule(id)));
        json_str(j, "text", sts_str(defect_text(id)));
        json_uint(j, "n", s->defects[id]);
        json_object_end(j);
    }
    json_list_end(j);
}

static void put_outcomes(struct json *j, const struct stats *s)
{
    json_list(j, "outcomes");
    for (unsigned set = 0; set < SET_LIMIT; set++) {
        for (unsigned oc = OC_NONE + 1; oc < OUTCOME_LIMIT; oc++) {
            if (s->outcomes[set][oc] == 0)
                continue;
            json_object(j, NULL);
            json_str(j, "of", sts_str(outcome_set_name(set)));
            json_str(j, "outcome", sts_str(outcome_name(oc)));
            json_str(j, "class", sts_str(outcome_class_name(outcome_class(oc))));
            json_uint(j, "n", s->outcomes[set][oc]);
            json_object_end(j);
        }
    }
    json_list_end(j);
}

void render_json(FILE *out, const struct summary_head *head, const struct stats *s, bool outcomes)
{
    struct json j;

    json_init(&j, out);
    json_object(&j, NULL);
    put_head(&j, head);
    put_shares(&j, s);
    put_counters(&j, s);
    put_defects(&j, s);
    if (outcomes)
        put_outcomes(&j, s);
    json_object_end(&j);
}
