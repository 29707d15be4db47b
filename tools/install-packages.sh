#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# install-packages.sh SET... : installs the packages of tools/packages.txt that are missing.
# Says what it installs, does nothing (and needs no network) when all is there, and can be run
# again after any failure.
set -eu

list=$(dirname "$0")/packages.txt
export DEBIAN_FRONTEND=noninteractive
export LC_ALL=C # what apt-cache prints is read below

say() { printf '%s\n' "$*"; }
die() { printf 'install-packages: %s\n' "$*" >&2; exit 1; }

installed() {
    case $(dpkg-query -W -f='${Status}' "$1" 2>/dev/null) in
    *' ok installed') return 0 ;;
    *) return 1 ;;
    esac
}

available() {
    case $(apt-cache policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: //p') in
    '' | '(none)') return 1 ;;
    *) return 0 ;;
    esac
}

# The lines of the wanted sets, without duplicates.
wanted() {
    for set in "$@"; do
        sed -n "s/^$set  *//p" "$list"
    done | sort -u
}

# Prints what has to be installed; an alternative that is there already will do.
missing() {
    wanted "$@" | while read -r line; do
        found=
        for package in $(printf '%s' "$line" | tr '|' ' '); do
            if installed "$package"; then found=yes; fi
        done
        [ -n "$found" ] || printf '%s\n' "$line"
    done
}

# Picks, for each missing line, the first alternative that apt knows.
candidates() {
    while read -r line; do
        first=${line%%|*}
        for package in $(printf '%s' "$line" | tr '|' ' '); do
            if available "$package"; then first=$package; break; fi
        done
        printf '%s\n' "$first"
    done
}

install_all() {
    printf '%s\n' "$1" | xargs apt-get -q -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 install -y \
        --no-install-recommends
}

# Some of the packages are daemons: they are installed, not started.
start_nothing() {
    guard=/usr/sbin/policy-rc.d
    if [ ! -e "$guard" ]; then
        trap 'rm -f "$guard"' EXIT
        trap 'exit 1' HUP INT TERM
        printf '#!/bin/sh\nexit 101\n' >"$guard"
        chmod 755 "$guard"
    fi
}

[ $# -gt 0 ] || die 'usage: install-packages.sh SET... (build, lint, test, demo)'
command -v dpkg-query >/dev/null || die 'this is not a Debian; install what tools/packages.txt lists'
for set in "$@"; do
    grep -q "^$set " "$list" || die "no package set '$set' in $list"
done
need=$(missing "$@")
[ -n "$need" ] || exit 0
if [ "$(id -u)" != 0 ]; then
    say 'Some packages are missing. As root, run:'
    say "  apt-get install --no-install-recommends $(printf '%s\n' "$need" | candidates | tr '\n' ' ')"
    exit 1
fi

packages=$(printf '%s\n' "$need" | candidates | tr '\n' ' ')
for package in $packages; do
    if ! available "$package"; then
        say '==> apt-get update'
        apt-get -q -o DPkg::Lock::Timeout=600 update </dev/null || say 'going on with the old lists'
        packages=$(printf '%s\n' "$need" | candidates | tr '\n' ' ')
        break
    fi
done
say "==> installing with apt: $packages"
start_nothing
if ! install_all "$packages"; then
    say '==> that failed; once more with fresh package lists'
    apt-get -q -o DPkg::Lock::Timeout=600 update </dev/null
    install_all "$packages"
fi
left=$(missing "$@")
[ -z "$left" ] || die "still missing: $left"
