#!/usr/bin/env bash
# cppcheck: errors, warnings, portability, performance.
set -eu
cd "$SOURCE_DIR"
mapfile -t files < <(find sinks scanner analysis bench -name '*.c' 2>/dev/null | sort)
echo "cppcheck: ${#files[@]} files"
[ ${#files[@]} != 0 ] || exit 0
mkdir -p "$BUILD_DIR/cppcheck"
# 2.10 always looks at every branch; later ones have to be told.
level=()
! cppcheck --help | grep -q -e --check-level || level=(--check-level=exhaustive)
# Any word is a finding: the exit status of 2.10 overlooks those that span files.
said=$(cppcheck --quiet "${level[@]}" --error-exitcode=1 --enable=warning,portability,performance --inline-suppr \
    --std=c11 --platform=unix64 --library=posix -I . -D_GNU_SOURCE '-DSTS_VERSION="0"' \
    --suppressions-list="$SOURCE_DIR/tests/lint/cppcheck.txt" --cppcheck-build-dir="$BUILD_DIR/cppcheck" \
    -j "$(nproc)" "${files[@]}" 2>&1) || said="${said:-cppcheck failed}"
[ -z "$said" ] || { printf '%s\n' "$said"; exit 1; }
