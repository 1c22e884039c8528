/* What an MX server says. */
#include "bench/sim/smtp_session.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define BANNER_BYTES  4000 /* of SMTP_BANNER_4K, CR LF included */
#define ENDLESS_LINES 20   /* at a time */
#define MOST_KEYWORDS 16
#define KEYWORD_BYTES 64

/* ---- replies ---- */

/* One line; what does not fit is left out. */
__attribute__((format(printf, 3, 4))) static void say(const struct smtp_session *s, struct smtp_reply *out,
                                                      const char *format, ...)
{
    const char *end = s->class_ == SMTP_LF ? "\n" : "\r\n";
    size_t room = sizeof out->text - out->len;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(out->text + out->len, room, format, args);
    va_end(args);
    if (n < 0 || (size_t)n + strlen(end) > room)
        return;
    out->len += (size_t)n;
    memcpy(out->text + out->len, end, strlen(end));
    out->len += strlen(end);
}

static void say_nothing(struct smtp_reply *out, enum smtp_then then)
{
    out->then = then;
    out->len = 0;
}

/* The session ends by the fault of its class. */
static void fail(struct smtp_session *s, struct smtp_reply *out, enum smtp_then then)
{
    s->fault = true;
    out->then = then;
}

/* ---- greeting ---- */

bool smtp_asks_visit(enum smtp_class c)
{
    return c == SMTP_GREYLIST || c == SMTP_SECOND_LOOK;
}

static void greet_plainly(const struct smtp_session *s, struct smtp_reply *out)
{
    say(s, out, "220 %s %s", s->host, s->software);
}

static void greet_at_length(const struct smtp_session *s, struct smtp_reply *out)
{
    char text[BANNER_BYTES];
    int n = snprintf(text, sizeof text, "220 %s %s ", s->host, s->software);
    size_t len = BANNER_BYTES - 2;
    static const char words[] = "unauthorized use is prohibited and all connections are logged; ";
    for (size_t i = (size_t)n, k = 0; i < len; i++, k++)
        text[i] = words[k % (sizeof words - 1)];
    say(s, out, "%.*s", (int)len, text);
}

static void greet_in_lines(const struct smtp_session *s, struct smtp_reply *out)
{
    say(s, out, "220-%s %s", s->host, s->software);
    say(s, out, "220-We do not authorize the use of this system to transport unsolicited,");
    say(s, out, "220-");
    say(s, out, "220 and/or bulk e-mail.");
}

/* Classes that turn the client away; false: it is none. */
static bool greet_badly(struct smtp_session *s, struct smtp_reply *out)
{
    switch (s->class_) {
    case SMTP_G554: say(s, out, "554 5.7.1 %s no mail service for you here", s->host); break;
    case SMTP_G421: say(s, out, "421 4.3.2 %s service not available, closing channel", s->host); break;
    case SMTP_G450: say(s, out, "450 4.7.1 %s client host rejected: try again later", s->host); break;
    case SMTP_TIMEOUTS: say(s, out, "554 5.7.1 %s Too many timeouts from your address", s->host); break;
    case SMTP_NOT_SMTP: say(s, out, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3"); break;
    case SMTP_SILENT: fail(s, out, SMTP_THEN_DEAF); return true;
    case SMTP_EARLY_CLOSE: fail(s, out, SMTP_THEN_CLOSE); return true;
    case SMTP_TIMEOUT:
    case SMTP_REFUSED:
    case SMTP_RESET: fail(s, out, SMTP_THEN_RESET); return true;
    case SMTP_ENDLESS:
        smtp_more(s, out);
        s->fault = true;
        return true;
    default: return false;
    }
    fail(s, out, SMTP_THEN_CLOSE);
    /* RFC 5321 section 3.1: after a 554 the server waits for QUIT; many do not. */
    if ((s->class_ == SMTP_G554 && s->chance % 2 == 0) || s->class_ == SMTP_NOT_SMTP) {
        s->shut = true;
        out->then = SMTP_THEN_READ;
    }
    return true;
}

void smtp_greet(struct smtp_session *s, struct smtp_reply *out)
{
    say_nothing(out, SMTP_THEN_READ);
    if (greet_badly(s, out))
        return;
    if (s->class_ == SMTP_GREYLIST && s->visit == 1) {
        say(s, out, "421 4.7.0 %s greylisted, try again later", s->host);
        fail(s, out, SMTP_THEN_CLOSE);
    } else if (s->class_ == SMTP_BANNER_4K) {
        greet_at_length(s, out);
    } else if (s->class_ == SMTP_MULTILINE) {
        greet_in_lines(s, out);
    } else {
        greet_plainly(s, out);
    }
}

void smtp_more(struct smtp_session *s, struct smtp_reply *out)
{
    say_nothing(out, SMTP_THEN_MORE);
    for (int i = 0; i < ENDLESS_LINES; i++)
        say(s, out, "220-%s is not done with its greeting", s->host);
}

void smtp_too_many(struct smtp_session *s, struct smtp_reply *out)
{
    say_nothing(out, SMTP_THEN_CLOSE);
    say(s, out, "421 4.7.0 %s too many connections", s->host);
}

void smtp_timed_out(struct smtp_session *s, struct smtp_reply *out)
{
    say_nothing(out, SMTP_THEN_CLOSE);
    say(s, out, "421 4.4.2 %s Error: timeout exceeded", s->host);
}

/* ---- EHLO ---- */

static bool offers_starttls(const struct smtp_session *s)
{
    if (s->tls) /* RFC 3207 section 4.2 */
        return false;
    return s->class_ != SMTP_NO_STARTTLS && s->class_ != SMTP_HELO_ONLY &&
           !(s->class_ == SMTP_SECOND_LOOK && s->visit == 1);
}

/* Share of servers, of 64, that have what bits `shift` to `shift` + 5 of their chance decide. */
static bool has(const struct smtp_session *s, unsigned shift, unsigned of_64)
{
    return (s->chance >> shift) % 64 < of_64;
}

struct keywords {
    unsigned n;
    char text[MOST_KEYWORDS][KEYWORD_BYTES];
};

static void add(struct keywords *k, bool wanted, const char *text)
{
    if (wanted && k->n < MOST_KEYWORDS)
        snprintf(k->text[k->n++], KEYWORD_BYTES, "%s", text);
}

static void list_keywords(const struct smtp_session *s, struct keywords *k)
{
    static const char *const sizes[] = {"SIZE 10240000", "SIZE 52428800", "SIZE 157286400", "SIZE"};
    k->n = 0;
    add(k, has(s, 0, 61), "PIPELINING");
    add(k, true, sizes[s->chance >> 6 & 3]);
    add(k, has(s, 8, 12), "VRFY");
    add(k, has(s, 8, 16), "ETRN");
    /* Keywords are in any case of letters: RFC 5321 section 2.4. */
    add(k, offers_starttls(s), has(s, 14, 1) ? "StartTLS" : "STARTTLS");
    add(k, s->tls && has(s, 20, 24), "AUTH PLAIN LOGIN");
    add(k, has(s, 26, 56), "ENHANCEDSTATUSCODES");
    add(k, has(s, 32, 62), "8BITMIME");
    add(k, has(s, 38, 44), "DSN");
    add(k, has(s, 44, 36), "SMTPUTF8");
    add(k, s->tls && has(s, 50, 6), "REQUIRETLS"); /* within TLS only: RFC 8689 section 4.1 */
    add(k, has(s, 56, 40), "CHUNKING");
}

static void on_ehlo(struct smtp_session *s, bool args, struct smtp_reply *out)
{
    if (s->class_ == SMTP_EHLO_421) {
        say(s, out, "421 4.3.2 %s service not available, closing channel", s->host);
        fail(s, out, SMTP_THEN_CLOSE);
        return;
    }
    if (s->class_ == SMTP_HELO_ONLY) {
        say(s, out, "502 5.5.1 command not implemented");
        return;
    }
    if (!args) {
        say(s, out, "501 5.5.4 EHLO needs a domain name");
        return;
    }
    struct keywords k;
    list_keywords(s, &k);
    s->hello = true;
    say(s, out, "250-%s", s->host);
    for (unsigned i = 0; i < k.n; i++)
        say(s, out, "250%c%s", i + 1 < k.n ? '-' : ' ', k.text[i]);
}

static void on_helo(struct smtp_session *s, bool args, struct smtp_reply *out)
{
    if (s->class_ == SMTP_EHLO_421) {
        on_ehlo(s, args, out);
    } else if (!args) {
        say(s, out, "501 5.5.4 HELO needs a domain name");
    } else {
        s->hello = true;
        say(s, out, "250 %s", s->host);
    }
}

/* ---- STARTTLS ---- */

static void on_starttls(struct smtp_session *s, bool args, struct smtp_reply *out)
{
    if (s->tls) {
        say(s, out, "503 5.5.1 TLS is already active");
    } else if (!offers_starttls(s) || s->class_ == SMTP_S502) {
        say(s, out, "502 5.5.1 command not implemented");
    } else if (!s->hello) {
        say(s, out, "503 5.5.1 EHLO first");
    } else if (args) { /* RFC 3207 section 4 */
        say(s, out, "501 5.5.4 Syntax error (no parameters allowed)");
    } else if (s->class_ == SMTP_S454) {
        say(s, out, "454 4.7.0 TLS not available due to temporary reason");
    } else {
        say(s, out, "220 2.0.0 Ready to start TLS");
        if (s->class_ == SMTP_INJECTED)
            say(s, out, "250 2.1.0 said in the clear");
        out->then = SMTP_THEN_TLS;
    }
}

void smtp_tls_stands(struct smtp_session *s)
{
    s->tls = true;
    s->hello = false; /* what was said before is forgotten: RFC 3207 section 4.2 */
}

/* ---- the other commands ---- */

static void on_quit(struct smtp_session *s, bool args, struct smtp_reply *out)
{
    (void)args;
    say(s, out, "221 2.0.0 %s closing connection", s->host);
    s->quit = true;
    out->then = SMTP_THEN_CLOSE;
}

static void on_noop(struct smtp_session *s, bool args, struct smtp_reply *out)
{
    (void)args;
    say(s, out, "250 2.0.0 OK");
}

static void on_mail(struct smtp_session *s, bool args, struct smtp_reply *out)
{
    (void)args;
    say(s, out, s->hello ? "550 5.7.1 no mail is taken here, sorry" : "503 5.5.1 EHLO first");
}

static void on_vrfy(struct smtp_session *s, bool args, struct smtp_reply *out)
{
    (void)args;
    say(s, out, "252 2.0.0 nobody is verified here");
}

static void on_help(struct smtp_session *s, bool args, struct smtp_reply *out)
{
    (void)args;
    say(s, out, "214 2.0.0 this server is simulated, see RFC 5321");
}

static void on_auth(struct smtp_session *s, bool args, struct smtp_reply *out)
{
    (void)args;
    if (s->tls)
        say(s, out, "535 5.7.8 authentication credentials invalid");
    else
        say(s, out, "538 5.7.11 encryption is required for authentication");
}

static const struct command {
    const char *verb;
    void (*run)(struct smtp_session *s, bool args, struct smtp_reply *out);
} commands[] = {
    {"EHLO", on_ehlo}, {"HELO", on_helo}, {"STARTTLS", on_starttls}, {"QUIT", on_quit}, {"NOOP", on_noop},
    {"RSET", on_noop}, {"MAIL", on_mail}, {"RCPT", on_mail},         {"DATA", on_mail}, {"BDAT", on_mail},
    {"VRFY", on_vrfy}, {"HELP", on_help}, {"AUTH", on_auth},
};

static const struct command *find_command(const char *line, size_t len)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strlen(commands[i].verb) == len && strncasecmp(commands[i].verb, line, len) == 0)
            return &commands[i];
    return NULL;
}

static void bad_command(struct smtp_session *s, struct smtp_reply *out, const char *text)
{
    if (s->n_bad++ < SMTP_MOST_BAD) {
        say(s, out, "%s", text);
        return;
    }
    say(s, out, "421 4.7.0 %s Error: too many errors", s->host);
    out->then = SMTP_THEN_CLOSE;
}

/* A server that has turned the client away. */
static void answer_shut(struct smtp_session *s, const struct command *found, struct smtp_reply *out)
{
    if (s->class_ == SMTP_NOT_SMTP) {
        say(s, out, "Invalid SSH identification string.");
        out->then = SMTP_THEN_CLOSE;
    } else if (found != NULL && found->run == on_quit) {
        on_quit(s, false, out);
    } else {
        bad_command(s, out, "503 5.7.1 bad sequence of commands");
    }
}

void smtp_answer(struct smtp_session *s, const char *line, size_t len, bool whole, struct smtp_reply *out)
{
    say_nothing(out, SMTP_THEN_READ);
    while (len > 0 && strchr("\r \t", line[len - 1]) != NULL && line[len - 1] != '\0')
        len--;
    size_t verb = 0;
    while (verb < len && line[verb] != ' ' && line[verb] != '\t')
        verb++;
    const struct command *found = whole ? find_command(line, verb) : NULL;
    if (s->shut)
        answer_shut(s, found, out);
    else if (found != NULL)
        found->run(s, verb < len, out);
    else
        bad_command(s, out, whole ? "500 5.5.2 command not recognized" : "500 5.5.6 line too long");
}
