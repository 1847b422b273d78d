#!/usr/bin/env bash
# Debian systems in folders, to build and test in: made once and kept, under $XDG_CACHE_HOME/nflx/chroots.
# usage: chroot.sh make SYSTEM    make it unless it is there, and renew what is older than a week
#        chroot.sh run SYSTEM [--keep] [--read PATH]... [--write PATH]... [--] COMMAND [ARGUMENT]...
#
#   SYSTEM            a suite (bookworm, trixie, forky), as little of it as there can be; or SUITE-NAME, which begins as
#                     a copy of that and may become more
#   --read, --write   show a path of this system at the same place in there
#   --keep            keep what the command changes; without it, changes are to memory and gone when it ends
#
# NFLX_MIRROR names another mirror than debootstrap's own choice.
#
# Whatever is mounted is mounted in a mount namespace of the command's own: this system never sees it, and the kernel
# takes it away when the last process in there ends, however that ends. Nothing is deleted through a mount.
set -euo pipefail

fail() {
    echo "chroot.sh: $*" >&2
    exit 1
}
usage() { fail "usage: chroot.sh make SYSTEM | run SYSTEM [--keep] [--read PATH]... [--write PATH]... COMMAND..."; }

[ $# -ge 2 ] || usage
action=$1 system=$2 suite=${2%%-*}
shift 2
[[ $system =~ ^[a-z]+(-[a-z]+)?$ ]] || fail "$system is no name of a system."
[ "$(id -u)" -eq 0 ] || fail "this needs root: debootstrap and chroot do."
cache=${XDG_CACHE_HOME:-$HOME/.cache}/nflx/chroots
folder=$cache/$system
changed=$folder.changed

# Older versions of debootstrap do not know forky by name; the script of sid is the same.
script=''
case $suite in
bookworm | trixie) ;;
forky) script=sid ;;
*) fail "$suite is none of the suites bookworm, trixie, forky." ;;
esac

alone() { # alone COMMAND...: with mounts and processes of its own
    unshare --mount --propagation private --pid --fork --kill-child=KILL "$@"
}

configure() {
    local root=$1 mirror
    mirror=$(awk '$1 == "deb" { print $2; exit }' "$root/etc/apt/sources.list")
    if [ "$suite" != forky ]; then # which is not released, and has neither
        printf 'deb %s %s main\n' "$mirror" "$suite-updates" "$mirror-security" "$suite-security" \
            >>"$root/etc/apt/sources.list"
    fi
    # The index of a suite that is not released may be past its date on a mirror that lags.
    printf '%s\n' 'Acquire::Check-Valid-Until "false";' 'Acquire::Languages "none";' 'APT::Install-Recommends "false";' \
        >"$root/etc/apt/apt.conf.d/90small"
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"
}

make() {
    if ! command -v debootstrap >/dev/null; then
        command -v apt-get >/dev/null || fail "debootstrap is missing, and there is no apt-get to install it with."
        apt-get -o DPkg::Lock::Timeout=600 update -qq &&
            apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends debootstrap >/dev/null
    fi
    mkdir -p "$cache"
    exec 9>"$folder.lock"
    flock 9
    if [ ! -d "$folder" ] && [ "$system" != "$suite" ]; then
        "$0" make "$suite"
        rm -rf --one-file-system "$folder.new"
        cp -a "$cache/$suite" "$folder.new"
        mv "$folder.new" "$folder"
    elif [ ! -d "$folder" ]; then
        # Under its name only when it is whole.
        echo "chroot.sh: making $folder" >&2
        rm -rf --one-file-system "$folder.new"
        alone debootstrap --variant=minbase "$suite" "$folder.new" "${NFLX_MIRROR-}" $script >"$folder.log" 2>&1 ||
            fail "debootstrap of $suite failed; $folder.log says why: $(tail -n 1 "$folder.log")"
        configure "$folder.new"
        mv "$folder.new" "$folder"
    elif [ -z "$(find "$changed" -mtime -7 2>/dev/null)" ]; then
        echo "chroot.sh: renewing $folder" >&2
    else
        return 0
    fi
    enter keep -- env DEBIAN_FRONTEND=noninteractive bash -c 'apt-get update -qq && apt-get upgrade -qq -y && apt-get clean' >>"$folder.log" 2>&1 ||
        fail "$system cannot be renewed; $folder.log says why: $(tail -n 1 "$folder.log")"
    touch "$changed"
}

# Runs in the namespace of its own. Arguments: keep or discard, the folder, PATH=ro or PATH=rw ..., --, the command.
inside() {
    set -eu
    local mode=$1 base=$2 root=$2.root path
    shift 2
    if [ "$mode" = keep ]; then
        mount --bind "$base" "$root"
    else
        mount -t tmpfs -o mode=755 tmpfs "$root"
        mkdir "$root/upper" "$root/work" "$root/merged"
        mount -t overlay -o "lowerdir=$base,upperdir=$root/upper,workdir=$root/work" overlay "$root/merged"
        root=$root/merged
    fi
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs -o mode=755 tmpfs "$root/run"
    mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
    cp -L /etc/resolv.conf "$root/etc/resolv.conf"
    while [ "$1" != -- ]; do
        path=${1%=*}
        if [ -d "$path" ]; then
            mkdir -p "$root$path"
        else
            mkdir -p "$root$(dirname "$path")"
            touch "$root$path"
        fi
        mount --bind "$path" "$root$path"
        [ "${1##*=}" = rw ] || mount -o remount,bind,ro "$root$path"
        shift
    done
    shift
    cd /
    exec chroot "$root" "$@"
}

enter() { # enter keep|discard [PATH=ro|PATH=rw]... -- COMMAND [ARGUMENT]...
    local mode=$1
    shift
    mkdir -p "$folder.root"
    alone bash -c "$(declare -f inside); inside \"\$@\"" inside "$mode" "$folder" "$@"
}

run() {
    local mode=discard paths=()
    [ -d "$folder" ] || fail "there is no $folder: run 'chroot.sh make $system' first."
    while [ $# -gt 0 ]; do
        case $1 in
        --keep) mode=keep ;;
        --read | --write)
            [ $# -ge 2 ] && [ -e "$2" ] || fail "$1 wants a path that exists."
            paths+=("$(realpath -s "$2")=$([ "$1" = --read ] && echo ro || echo rw)")
            shift
            ;;
        --)
            shift
            break
            ;;
        -*) usage ;;
        *) break ;;
        esac
        shift
    done
    [ $# -gt 0 ] || usage
    enter "$mode" "${paths[@]}" -- env -i HOME=/root LC_ALL=C.UTF-8 TERM=dumb DEBIAN_FRONTEND=noninteractive \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

case $action in
make) make ;;
run) run "$@" ;;
*) usage ;;
esac
