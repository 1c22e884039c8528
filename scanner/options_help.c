/* --help, --version, and the options in force for the scan record. */
#include "scanner/options_row.h"

#include <string.h>

#define HELP_COLUMN 34 /* where the explanations begin */
#define HELP_WIDTH  100

/* The words of `text` from column `at` on, broken at HELP_WIDTH; returns the column behind them. */
static int print_words(FILE *out, int at, const char *text)
{
    while (*text != '\0') {
        int len = (int)strcspn(text, " ");

        if (at + 1 + len > HELP_WIDTH) {
            fprintf(out, "\n%*s", HELP_COLUMN, "");
            at = HELP_COLUMN;
        }
        at += fprintf(out, " %.*s", len, text);
        text += len + (text[len] == ' ');
    }
    return at;
}

/* "  -T, --threads N        worker threads; ... (default 0)" */
static void print_row(FILE *out, const struct option_row *row)
{
    int at = row->letter != 0 ? fprintf(out, "  -%c, ", row->letter) : fprintf(out, "      ");

    at += fprintf(out, "--%s%s%s", row->name, row->arg != NULL ? " " : "", row->arg != NULL ? row->arg : "");
    if (at >= HELP_COLUMN) {
        fputc('\n', out);
        at = 0;
    }
    at += fprintf(out, "%*s", HELP_COLUMN - at, "");
    at = print_words(out, at, row->help);
    if (row->preset != NULL) {
        at = print_words(out, at, "(default");
        if (at + 2 + (int)strlen(row->preset) > HELP_WIDTH)
            fprintf(out, "\n%*s", HELP_COLUMN, "");
        fprintf(out, " %s)", row->preset);
    }
    fputc('\n', out);
}

void options_print_help(FILE *out)
{
    fputs("Usage: stscan [OPTION]... -f FILE\n"
          "  or:  stscan [OPTION]... NAME...\n"
          "Measure the mail security of domain names: MX, MTA-STS, TLS-RPT, DANE, STARTTLS, SPF, DMARC.\n"
          "Every name gets its record, whatever happens. ststat reads what stscan writes.\n"
          "\n"
          "  stscan -f tranco.csv -o scan-2026-11 --name-servers 127.0.0.1 --contact "
          "https://example.org/scan\n",
          out);
#define GROUP(title) fputs("\n" title ":\n", out);
#define OPT(kind, member, letter, name, arg, preset, least, most, help) \
    print_row(out, option_row(OPT_##member));
#include "scanner/options.def"
#undef OPT
#undef GROUP
    fputs("\nTIME is a number with ms, s, m or h (s if none), SIZE one with K, M or G (bytes if none).\n"
          "\nExit codes:\n"
          "  0  done\n"
          "  1  an option or argument is wrong\n"
          "  2  could not start: input, trust store, resolvers\n"
          "  3  stopped before the end (what was written is whole)\n"
          "  4  output failed (what was written is whole)\n",
          out);
}

void options_print_version(FILE *out)
{
    fputs("stscan " STS_VERSION "\n", out);
}

int options_in_force(const struct options *o, struct arena *arena, struct rec_option **out, uint32_t *n,
                     struct sts_err *err)
{
    struct rec_option *list = arena_alloc(arena, OPTIONS_N * sizeof(*list));
    enum option_id id;

    if (list == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    *n = 0;
    for (id = 0; id < OPTIONS_N; id++) {
        if (o->text[id] != NULL)
            list[(*n)++] = (struct rec_option){sts_str(option_row(id)->name), sts_str(o->text[id])};
    }
    *out = list;
    return STS_OK;
}
