/* cmd_classes.c - the classes, a line each: name, edge case (0: none), what it is. */
#include "bench/sim/commands.h"

#include <stdio.h>

int cmd_classes(const struct options *o)
{
    (void)o;
    for (unsigned g = 0; g < GROUP_LIMIT; g++)
        for (unsigned c = 0; c < group_size((enum group)g); c++)
            printf("%-22s %3u  %s\n", class_name((enum group)g, c), class_row((enum group)g, c),
                   class_doc((enum group)g, c));
    if (fflush(stdout) == 0)
        return 0;
    perror("stsim: standard output");
    return 1;
}
