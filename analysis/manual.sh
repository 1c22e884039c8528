#!/bin/sh
# manual.sh PROGRAM - a section for each command of ststat, from what "ststat help COMMAND" says, for help2man --include.
set -eu
for command in $("$1" --help | awk '/^Commands/ { on = 1; next } /^$/ { on = 0 } on && $1 != "help" { print $1 }'); do
    printf '[%s]\n.nf\n' "ststat $command"
    "$1" help "$command" | sed -e 's/\\/\\e/g' -e 's/-/\\-/g' -e "s/^[.']/\\\\\&&/"
    printf '.fi\n'
done
