#!/usr/bin/env bash
# What ststat makes of the golden scans, byte for byte: tests/golden/expected. golden.sh --write writes it anew.
# The second argument is the program that makes the golden scans: they are what it still makes today.
set -eu
cd "${SOURCE_DIR:-$(dirname "$0")/..}"
mode=${1:-check} make=${2:-build/tests/golden_make} ststat=${STSTAT:-build/ststat}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
scan=tests/golden/v1 failed=0

# is FILE COMMAND...: its output and exit code are those of tests/golden/expected/FILE
is() {
    local name=$1 code=0
    shift
    "$@" >"$work/$name" 2>&1 || code=$?
    echo "exit code $code" >>"$work/$name"
    if [ "$mode" = --write ]; then
        cp "$work/$name" "tests/golden/expected/$name"
    elif ! diff -u "tests/golden/expected/$name" "$work/$name"; then
        echo "golden.sh: $* differs from tests/golden/expected/$name"
        failed=1
    fi
}
is summary.json "$ststat" summary --json --outcomes $scan
is summary.txt "$ststat" summary --outcomes $scan
is stopped.txt "$ststat" summary ${scan}-stopped
is verify.txt "$ststat" verify $scan
is verify-stopped.txt "$ststat" verify ${scan}-stopped
for name in good.example testing.example multi.example expired.example nomatch.example implicit.example late.example \
    null.example nx.example none.example mx.plain.example; do
    is "show-$name.txt" "$ststat" show $scan "$name"
done
is show-ulabel.txt "$ststat" show $scan Bücher.example
is show-bad.txt "$ststat" show $scan "$(printf 'bad..name\t\001')"
is show-missing.txt "$ststat" show $scan no.such.example

for table in domains hosts endpoints policies certs; do
    is "export-$table.csv" "$ststat" export --format csv --table $table $scan
done
is export-endpoints.ndjson "$ststat" export --table endpoints $scan
is export-later.csv bash -c "'$ststat' export --at 2026-06-01 --no-times --format csv --table policies $scan 2>&1 | cut -d, -f1,7-10"

# Judged otherwise: at another time, by other CAs.
is show-later.txt "$ststat" show --at 2026-06-01T12:00:00Z $scan good.example
is summary-later.txt bash -c "'$ststat' summary --at 1780315200 $scan 2>&1 | grep -E 'verified|judged|TLS: expired|  both '"
is show-ca.txt "$ststat" show --ca-file tests/golden/certs/self.pem $scan nomatch.example

# Damaged: a byte in the frame of the policies, the header of that of the hosts, an end cut off.
full=$(realpath "$ststat")
{ head -c 5040 $scan/part*; printf X; tail -c +5042 $scan/part*; } >"$work/damaged-1"
{ head -c 3500 $scan/part*; printf X; tail -c +3502 $scan/part*; } | head -c 8472 >"$work/damaged-2"
for n in 1 2; do
    is damaged-$n.txt bash -c "cd '$work' && '$full' summary --skip-bad-frames damaged-$n | sed '/^Names/,\$d'"
done
is damaged.json bash -c "cd '$work' && '$full' summary --json --skip-bad-frames damaged-1 2>/dev/null | sed '/statistics/,\$d'"
# Cut, or still being written: what is whole is read, and what is not is said.
mkdir "$work/torn"
head -c 8127 $scan/part* >"$work/torn/part-000001.msgpack.zst"
is torn.txt bash -c "cd '$work' && '$full' summary torn 2>&1 | sed '/^Names/,\$d'"
is torn.json bash -c "cd '$work' && '$full' summary --json torn 2>/dev/null | sed '/statistics/,\$d'"
is torn-verify.txt bash -c "cd '$work' && '$full' verify torn"
is torn-lines.txt bash -c "cd '$work' && '$full' export torn 2>&1 >/dev/null
    '$full' show torn good.example 2>&1 >/dev/null; '$full' summary - 2>&1 >/dev/null <torn/part*"
# Taken up again behind an end record, and not at its end yet.
mkdir "$work/resumed"
cp $scan-stopped/part* "$work/resumed/part-000001.msgpack.zst"
head -c 438 $scan/part* >"$work/resumed/part-000002.msgpack.zst"
is resumed.txt bash -c "cd '$work' && '$full' summary resumed 2>&1 | sed '/^Names/,\$d'; '$full' verify resumed"
# Certificates lost, policies lost, endpoints lost: what follows from them is unknown, and no one's failure.
for at in 1040 5040 5627; do
    { head -c $at $scan/part*; printf '\001'; tail -c +$((at + 2)) $scan/part*; } >"$work/lost-$at"
    is "lost-$at.txt" bash -c "'$ststat' export --skip-bad-frames '$work/lost-$at' 2>/dev/null |
        python3 -c 'import json, sys
for row in map(json.loads, sys.stdin):
    print(*(row[key] for key in (\"name\", \"policy\", \"sts_state\", \"opportunistic\", \"mta_sts\", \"results\")))'"
done
is damaged-show.txt bash -c "cd '$work' && '$full' show --skip-bad-frames damaged-1 expired.example"

# A stream is the same as a directory, but for its name.
"$ststat" summary --json --outcomes - <$scan/part-000001.msgpack.zst | sed 's|"name": "-"|"name": "tests/golden/v1"|' >"$work/stream"
head -n -1 tests/golden/expected/summary.json | diff - "$work/stream" || { echo "golden.sh: a stream differs"; failed=1; }
python3 -m json.tool "$work/stream" >"$work/json" || { echo "golden.sh: no JSON"; failed=1; }

"$ststat" summary --json --outcomes <(cat $scan/part-*) | sed '3s|"name": ".*"|"name": "tests/golden/v1"|' | cmp - "$work/stream" || {
    echo "golden.sh: a pipe by name differs"
    failed=1
}

# The generator still makes these scans (before compression: that is free to get better).
"$make" tests/golden/certs "$work/v1"
"$make" tests/golden/certs "$work/v1-stopped" stopped
for made in v1 v1-stopped; do
    cmp <(zstd -dcq "$work/$made"/part-*) <(zstd -dcq tests/golden/$made/part-*) || failed=1
done

# Records of kinds that only a later version knows, among others and in frames of their own: all is as without them.
mkdir "$work/later"
"$make" tests/golden/certs "$work/later/v1" later
for command in "summary --outcomes" "show" "export --table domains" "export --table hosts" "export --table endpoints" \
    "export --table policies" "export --table certs"; do
    name=
    [ "$command" != show ] || name=good.example
    (cd tests/golden && "$full" $command v1 $name 2>&1) | sed 's/^  size .*//' >"$work/known"
    (cd "$work/later" && "$full" $command v1 $name 2>"$work/err") | sed 's/^  size .*//' >"$work/with"
    grep -qx "ststat: passed over: 1 record of kinds that only a later version knows" "$work/err" || failed=1
    diff "$work/known" "$work/with" || { echo "golden.sh: $command with records of a later version"; failed=1; }
done
"$ststat" verify "$work/later/v1" | grep -q "^passed over   12 records of kinds that only a later version knows" || {
    echo "golden.sh: verify of a later version"
    failed=1
}

# A stopped scan exports too; into a file; a position that was written again is there once.
"$ststat" export -o "$work/rows" ${scan}-stopped && [ "$(wc -l <"$work/rows")" = 8 ] || { echo "golden.sh: export -o"; failed=1; }

# Damage at any frame: nothing crashes, what is lost is told, and the output is JSON.
for at in 70 536 2636 3536 4086 5623 6418 6768 7118 7618 7808 8143 8318; do
    byte=$(od -An -tu1 -j$at -N1 $scan/part*)
    { head -c $at $scan/part*; printf "\\x$(printf %02x $((byte ^ 255)))"; tail -c +$((at + 2)) $scan/part*; } >"$work/hurt"
    for command in "summary --json" "export --table domains" "export --table certs" "show"; do
        code=0 name=
        [ "$command" != show ] || name=good.example
        "$ststat" $command --skip-bad-frames --at 2026-02-01 "$work/hurt" $name >"$work/out" 2>"$work/err" || code=$?
        if [ $code != 0 ] || ! grep -q "damaged, and not in what follows: " "$work/err"; then
            echo "golden.sh: byte $at, $command --skip-bad-frames: exit code $code"
            failed=1
        fi
        [ "$command" = show ] || cat "$work/out" >>"$work/json-of-all"
    done
done
python3 - "$work/json-of-all" <<'END' || { echo "golden.sh: no JSON of a damaged scan"; failed=1; }
import json, sys
text, at, n = open(sys.argv[1]).read(), 0, 0
while at < len(text):
    at, n = json.JSONDecoder().raw_decode(text, at)[1] + 1, n + 1
sys.exit(n < 100)
END

# Usage and failures: a clear line, and the exit code says which.
fails() {
    local want=$1 words=$2 code=0
    shift 2
    "$@" >"$work/out" 2>"$work/err" || code=$?
    if [ $code != "$want" ] || [ "$(wc -l <"$work/err")" != 1 ] || ! grep -q -- "$words" "$work/err"; then
        echo "golden.sh: $*: exit code $code, not $want; or not '$words':"
        cat "$work/err"
        failed=1
    fi
}
part=$scan/part-000001.msgpack.zst
fails 1 "frobnicate: no such command" "$ststat" frobnicate
fails 1 "frobnicate: no such command" "$ststat" help frobnicate
fails 1 "something is missing" "$ststat" summary
fails 1 "one argument too many: b" "$ststat" summary $scan b
fails 1 "--frob: unknown option" "$ststat" summary --frob $scan
fails 1 "--at 20260201: not a time" "$ststat" show --at 20260201 $scan good.example
fails 1 "--at 2026-02-30: not a time" "$ststat" summary --at 2026-02-30 $scan
fails 1 "--ca-file no-such: No such file" "$ststat" summary --ca-file no-such $scan
fails 1 "--format xml: ndjson or csv" "$ststat" export --format xml $scan
fails 1 "--table names: domains, hosts" "$ststat" export --table names $scan
fails 2 "no-dir/rows: cannot open" "$ststat" export -o "$work/no-dir/rows" $scan
fails 2 "cannot write" "$ststat" export -o /dev/full $scan
fails 1 "not a number" "$ststat" verify --limit x $scan
fails 2 "cannot write" bash -c "'$ststat' summary $scan >/dev/full"
fails 2 "no-such-scan: No such file" "$ststat" verify tests/golden/no-such-scan
fails 2 "mx.der: no frame of a scan at offset 0: this is no scan" "$ststat" show tests/golden/certs/mx.der x
head -c 100 $part >"$work/cut-0"
fails 2 "cut-0: its first frame is not whole (ends within a frame)" "$ststat" verify "$work/cut-0"
for command in summary verify; do
    { head -c 2000 $part; printf 'X'; tail -c +2002 $part; } >"$work/flipped"
    fails 2 "flipped: the frame at offset [0-9]* is damaged" "$ststat" $command "$work/flipped"
    fails 2 "standard input: no frame of a scan at offset 0" "$ststat" $command - <tests/golden/certs/mx.der
done
fails 2 "frame at offset [0-9]* is damaged: .* (--skip-bad-frames reads on)" "$ststat" summary "$work/damaged-1"
tail -c +100 $part >"$work/headless"
fails 2 "headless: no frame of a scan at offset 0: the file is damaged (--skip-bad-frames" "$ststat" summary "$work/headless"
fails 2 "mx.der: holds no whole frame of a scan" "$ststat" summary --skip-bad-frames tests/golden/certs/mx.der
if "$ststat" show --skip-bad-frames "$work/headless" good.example >/dev/null 2>"$work/err" ||
    ! grep -q "when the scan began is lost: say it by --at" "$work/err" ||
    ! "$ststat" show --skip-bad-frames --at 2026-02-01 "$work/headless" good.example >/dev/null 2>&1; then
    echo "golden.sh: the start of the scan lost"
    failed=1
fi
for words in --help "help summary" "verify --help" --version; do
    "$ststat" $words >"$work/out" || { echo "golden.sh: ststat $words"; failed=1; }
done
exit $failed
