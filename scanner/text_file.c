#include "scanner/text_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BLANKS " \t\r\n"

/* Cut comment and blanks off; returns where the entry begins. */
static char *trim(char *line, size_t *len)
{
    line[strcspn(line, "#")] = '\0';
    line += strspn(line, BLANKS);
    *len = strlen(line);
    while (*len > 0 && strchr(BLANKS, line[*len - 1]) != NULL)
        (*len)--;
    line[*len] = '\0';
    return line;
}

static int read_line(char *line, size_t len, text_file_fn on_line, void *arg, struct sts_err *err)
{
    if (memchr(line, '\0', len) != NULL)
        return sts_fail(err, STS_EFORMAT, "the line holds a NUL byte");
    if (len > TEXT_FILE_LINE_BYTES)
        return sts_fail(err, STS_EFORMAT, "the line is longer than %d bytes", TEXT_FILE_LINE_BYTES);
    line = trim(line, &len);
    return len > 0 ? on_line(arg, line, len, err) : STS_OK;
}

/* The next line with its line end into `line`, and a NUL behind it; of one that is too long no more than
 * tells so. False: the end. */
static bool next_line(FILE *file, char line[TEXT_FILE_LINE_BYTES + 2], size_t *len)
{
    int c = EOF;

    for (*len = 0; *len <= TEXT_FILE_LINE_BYTES && c != '\n' && (c = getc(file)) != EOF;)
        line[(*len)++] = (char)c;
    line[*len] = '\0';
    return *len > 0;
}

int text_file_read(const char *path, text_file_fn on_line, void *arg, struct sts_err *err)
{
    char line[TEXT_FILE_LINE_BYTES + 2];
    FILE *file = fopen(path, "re");
    uint64_t number = 0;
    size_t len;

    if (file == NULL)
        return sts_fail(err, STS_EIO, "%s: cannot open: %s", path, strerror(errno));
    while (err->code == STS_OK && next_line(file, line, &len)) {
        struct sts_err inner = {0};

        number++;
        if (read_line(line, len, on_line, arg, &inner) != STS_OK)
            (void)sts_fail(err, inner.code, "%s:%" PRIu64 ": %s", path, number, inner.msg);
    }
    if (ferror(file) && err->code == STS_OK)
        (void)sts_fail(err, STS_EIO, "%s: cannot read: %s", path, strerror(errno));
    fclose(file);
    return err->code;
}
