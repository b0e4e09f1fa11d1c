#!/usr/bin/env bash
# What pip cannot install: libraries and programs that parts of the project need from the system.
#   system.sh command KIND...   the one command that installs them here
#   system.sh debian KIND...    names of their Debian packages that are not installed
#   system.sh lacks film        what the film needs and is missing, in words; nothing where it is all here
#   system.sh left-out          a line per part of `make paper` that this machine has to leave out
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"

# The film's parts pycairo and ManimPango are built from source on Linux and macOS.
debian() {
    case "$1" in
    film) echo build-essential python3-dev libcairo2-dev libpango1.0-dev pkg-config ;;
    browser) echo chromium ;;
    node) echo nodejs ;;
    openblas) echo libopenblas0-pthread ;;
    speech) echo espeak-ng ;;
    slurm) echo slurm-wlm munge iproute2 ;;
    *) echo "error: system.sh: unknown kind $1" >&2; exit 2 ;;
    esac
}

macos() {
    case "$1" in
    film) echo cairo pango pkg-config ;;
    browser) echo chromium ;;
    node) echo node ;;
    openblas) ;; # MLX uses the system's own
    speech) echo espeak-ng ;;
    slurm) ;; # Slurm runs on Linux alone
    *) echo "error: system.sh: unknown kind $1" >&2; exit 2 ;;
    esac
}

names() { # of packages, by the function that knows them
    local list="$1" kind
    shift
    [ $# -gt 0 ] || { echo "error: system.sh: of what kind?" >&2; exit 2; }
    local found=""
    for kind in "$@"; do found+=" $("$list" "$kind")" || exit 2; done
    echo $found
}

as_root() { if [ "$(id -u)" = 0 ]; then echo "$*"; else echo "sudo $*"; fi; }

film_lacks() {
    local python="$here/../.venv/bin/python" lacks=()
    [ -x "$python" ] || python="$(bash "$here/find_python.sh" 2>/dev/null)" || python=""
    if ! command -v pkg-config >/dev/null 2>&1 || ! pkg-config --exists cairo pangocairo 2>/dev/null; then
        lacks+=("cairo and pango")
    fi
    command -v cc >/dev/null 2>&1 || lacks+=("a C compiler")
    if [ -n "$python" ] && ! "$python" -c 'import os, sysconfig, sys; sys.exit(not os.path.isfile(sysconfig.get_path("include") + "/Python.h"))'; then
        lacks+=("the headers of Python")
    fi
    local line="" part
    for part in "${lacks[@]+"${lacks[@]}"}"; do line+="${line:+, }$part"; done
    echo -n "$line"
}

command_for() {
    local packages
    if [ "$(uname)" = Darwin ]; then
        packages="$(names macos "$@")" || exit 2
        echo "brew install $packages"
        return
    fi
    packages="$(names debian "$@")" || exit 2
    if [ -e /etc/debian_version ]; then as_root "apt-get install -y $packages"
    else echo "install what Debian calls $packages"; fi
}

task="${1:-}"
[ $# -eq 0 ] || shift
case "$task" in
command) command_for "$@" ;;
debian)
    packages="$(names debian "$@")" || exit 2
    missing=""
    for package in $packages; do
        status="$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" || status=""
        [ "$status" = installed ] || missing+=" $package"
    done
    echo $missing
    ;;
lacks) film_lacks ;;
left-out)
    lacks="$(film_lacks)"
    [ -z "$lacks" ] || echo "Left out on this machine: the film, for it lacks $lacks. To get it: $(command_for film) && make paper"
    ;;
*) echo "error: system.sh: command, debian, lacks or left-out" >&2; exit 2 ;;
esac
