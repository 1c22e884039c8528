#!/usr/bin/env bash
# The honest check of the README: a bare Debian in a folder, HEAD of this repository in it, and there the
# commands that a newcomer types. Mounts and processes live in namespaces of their own, so nothing is left
# of them however this ends. Called by `./dev fresh [bookworm|trixie] [COMMAND]`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '==> %s\n' "$*"; }
die() { printf 'fresh: %s\n' "$*" >&2; exit 1; }

# The mirror that apt of this machine uses, if it is a Debian with one.
mirror() {
    apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        awk '$1 == "Debian" { print $2; exit }'
}

# What this machine's apt was told about the way to its mirror.
apt_settings() {
    apt-config dump | grep -iE '^Acquire::(.*proxy|Check-(Valid-Until|Date)|Retries)' || true
}

# The bare system is kept as a tar file for a week; every run starts from it.
bare_system() {
    local suite=$1 tarball=$2 from include=()
    [ -z "$(find "$tarball" -mtime -7 2>/dev/null)" ] || return 0
    from=$(mirror)
    case $from in https:*) include=(--include=ca-certificates) ;; esac
    say "making a bare $suite${from:+ from $from} (log: $base/$suite.log)"
    rm -rf --one-file-system "$root"
    debootstrap --variant=minbase "${include[@]}" "$suite" "$root" ${from:+"$from"} >"$base/$suite.log" 2>&1 </dev/null ||
        { tail -n 20 "$base/$suite.log" >&2; die "debootstrap failed"; }
    tar -C "$root" -cf "$tarball.new" .
    mv "$tarball.new" "$tarball"
}

unpack() {
    rm -rf --one-file-system "$root"
    mkdir -p "$root"
    tar -C "$root" -xf "$tarball"
    rm -f "$root"/var/cache/apt/archives/*.deb
    apt_settings >"$root/etc/apt/apt.conf.d/00host"
    cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
    git clone -q --no-hardlinks "$PWD" "$root/root/stscan"
    say "cloned $(git log -1 --format='%h (%s)')"
    [ -z "$(git status --porcelain)" ] || say "note: changes that are not committed are left out"
}

# Runs as process 1 of its own process and mount namespaces.
inside() {
    mount -t proc proc "$root/proc"
    mount -t sysfs -o ro sysfs "$root/sys" || mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    chroot "$root" env -i HOME=/root TERM="${TERM:-dumb}" LANG=C.UTF-8 \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin sh -c "cd ~/stscan && $1"
}

run() {
    local start=$SECONDS status=0
    say "in $suite: $1"
    setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --propagation private \
        bash -c "$(declare -f inside); set -eu; root=\$1; inside \"\$2\"" inside "$root" "$1" || status=$?
    times+=("$suite: $1: $((SECONDS - start)) s, status $status")
    return $status
}

suite=bookworm
case ${1:-} in bookworm | trixie) suite=$1; shift ;; esac
[ "$(id -u)" = 0 ] || die "needs root (debootstrap and chroot): sudo ./dev fresh $*"
./dev setup fresh
base=${STS_FRESH_DIR:-/var/tmp/stscan-fresh}
root=$base/$suite
tarball=$base/$suite.tar
times=()
mkdir -p "$base"
exec 9>"$base/$suite.lock"
flock -n 9 || die "another fresh $suite is running"

bare_system "$suite" "$tarball"
unpack
status=0
if [ $# -gt 0 ]; then
    run "$*" || status=$?
else
    run './dev demo' || status=$?
    run './dev test' || status=$?
fi
printf '==> %s\n' "${times[@]}"
if [ $status = 0 ] && [ "${STS_FRESH_KEEP:-}" = "" ]; then
    rm -rf --one-file-system "$root"
else
    say "the system is left in $root"
fi
exit $status
