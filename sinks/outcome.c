#include "sinks/outcome.h"

static const struct {
    const char *name, *text;
    enum outcome_class class_;
} outcomes[OUTCOME_LIMIT] = {
#define OUTCOME(number, name, class, text) [number] = {#name, text, OCC_##class},
#include "sinks/outcome.def"
#undef OUTCOME
};

const char *outcome_name(unsigned oc)
{
    return oc < OUTCOME_LIMIT && outcomes[oc].name ? outcomes[oc].name : "UNKNOWN";
}

const char *outcome_text(unsigned oc)
{
    return oc < OUTCOME_LIMIT && outcomes[oc].text ? outcomes[oc].text : "unknown outcome";
}

enum outcome_class outcome_class(unsigned oc)
{
    return oc < OUTCOME_LIMIT ? outcomes[oc].class_ : OCC_none;
}

const char *outcome_class_name(enum outcome_class class_)
{
    static const char *const names[] = {"none",    "ok",        "absent",  "broken",
                                        "refused", "temporary", "skipped", "ours"};

    return (unsigned)class_ < STS_LEN(names) ? names[class_] : "none";
}

const char *outcome_source_text(unsigned src)
{
    static const char *const texts[] = {
#define X(number, name, text) [number] = text,
        OUTCOME_SOURCES(X)
#undef X
    };

    return src < STS_LEN(texts) ? texts[src] : "";
}
