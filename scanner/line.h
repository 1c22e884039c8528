/* line.h - one line of an input file into its columns. Pure. Thread: any. */
#ifndef STS_LINE_H
#define STS_LINE_H
#include "scanner/input.h"

/* How the lines of a file are built: found in its first line that holds something, the same to its end. */
struct line_format {
    bool known;
    bool columns;   /* while it is not known: they are, even if the first column is no number */
    char separator; /* between columns, ',' or a tab; 0: a line is a name */
};

/* Nothing in it but blanks, or a comment: not counted. */
bool line_is_void(const char *line, size_t len);
/* The columns of line[0..len), which is changed where quotes are taken out (RFC 4180 section 2.7) and holds
 * the strings of `out`. A column whose quotes do not match is taken as it stands. */
void line_split(struct line_format *format, char *line, size_t len, struct input_line *out);
#endif
