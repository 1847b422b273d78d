#!/usr/bin/env bash
# Installs the Debian or Ubuntu packages that building (or testing, testing in the window, packaging) needs, and only
# those that are missing.
# usage: prerequisites.sh build|test|gui|deb|bench
set -euo pipefail

fail() {
    echo "nflx: $*" >&2
    exit 1
}

packages=()
need() { # need PACKAGE COMMAND...: the package is missing if the command fails
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || packages+=("$package")
}

case ${1:-build} in
build | test | gui | deb | bench) ;;
*) fail "usage: prerequisites.sh build|test|gui|deb|bench" ;;
esac
command -v cargo >/dev/null || fail "cargo is missing: install a Rust toolchain, for example from https://rustup.rs."
need gcc cc --version
need pkg-config pkg-config --version
need bsdextrautils column --version
need tshark tshark --version
need libwireshark-dev pkg-config --exists wireshark
need libwireshark-dev test -e /usr/include/wireshark/epan/packet.h
need libwiretap-dev test -e /usr/include/wireshark/wiretap/wtap.h
need libwsutil-dev test -e /usr/include/wireshark/wsutil/nstime.h
need libglib2.0-dev pkg-config --exists glib-2.0
if [ "${1:-build}" = test ]; then
    need g++ g++ --version
    need binutils nm --version
    need chromium command -v chromium
    need default-jre-headless java -version
    need python3 python3 --version
    need valgrind valgrind --version
    need iproute2 ip -V
    need python3-venv python3 -c "import ensurepip"
fi
if [ "${1:-build}" = gui ]; then
    need wireshark wireshark --version
    need xvfb command -v Xvfb
    need xdotool xdotool --version
    need imagemagick convert --version
    need iproute2 ip -V
    need python3 python3 --version
fi
if [ "${1:-build}" = deb ]; then
    need build-essential test -e /usr/share/doc/build-essential
    need debhelper command -v dh
    need dpkg-dev dpkg-buildpackage --version
fi
if [ "${1:-build}" = bench ]; then
    need hyperfine hyperfine --version
    need valgrind valgrind --version
    need python3 python3 --version
fi
[ ${#packages[@]} -eq 0 ] && exit 0

mapfile -t packages < <(printf '%s\n' "${packages[@]}" | sort -u)
command -v apt-get >/dev/null || fail "this system has no apt-get: install by hand what corresponds to ${packages[*]}."
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "these packages are missing: run 'apt-get install ${packages[*]}' as root."
    as_root=(sudo)
fi
echo "nflx: installing ${packages[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
# Waits while another apt runs. DPkg::Lock::Timeout covers installing; the lock on the lists of
# packages, which update takes, has no timeout of its own.
apt() {
    local said
    for _ in $(seq 120); do
        said=$("${as_root[@]}" apt-get -qq -o DPkg::Lock::Timeout=600 "$@" 2>&1 >/dev/null) && return
        grep -q "Could not get lock" <<<"$said" || break
        sleep 5
    done
    fail "apt-get $1 failed: $(tail -n 3 <<<"$said")"
}
apt update
apt install -y --no-install-recommends "${packages[@]}"
