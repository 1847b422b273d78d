#!/usr/bin/env bash
# Inside a system with next to nothing: installs the packages with what they ask for, uses each as its users would,
# removes them, and looks for what was left.
# usage: inside.sh FOLDER_OF_PACKAGES FOLDER_OF_TESTS
set -euo pipefail

packages=$1 tests=$2
scratch=$(mktemp -d)

fail() {
    echo "packages: $*" >&2
    exit 1
}
apt() { # apt ARGUMENT...: says something only if it fails
    apt-get -y -qq --no-install-recommends "$@" >"$scratch/apt" 2>&1 || fail "apt-get $*: $(tail -n 5 "$scratch/apt")"
}
package() { # package NAME: its file
    ls "$packages/$1"_*.deb
}
system() { # all files that are not data of dpkg, apt and their logs, with what they contain
    find / -xdev \( -path /proc -o -path /tmp -o -path "$packages" -o -path "$tests" -o -path /var/lib/dpkg -o -path /var/lib/apt \
        -o -path /var/log -o -path /var/cache -o -path /etc/ld.so.cache \) -prune -o -printf '%p %y %s %l\n' | LC_ALL=C sort
}

apt update
# What a user of Wireshark and a C programmer have. The command and the libraries get by with what they depend on.
apt install "$(package nflx)"
nflx --version
apt purge nflx
apt install tshark gcc libc6-dev pkg-config binutils

system >"$scratch/before"
apt install "$(package nflx)" "$(package wireshark-nflx)" "$(package libnflx2)" "$(package libnflx-dev)"
dpkg -l 'nflx' 'wireshark-nflx' 'libnflx*' | grep '^ii'
[ "$(dpkg --audit)" = '' ] || fail "$(dpkg --audit)"

# Shells complete it.
for file in bash-completion/completions/nflx zsh/vendor-completions/_nflx fish/vendor_completions.d/nflx.fish; do
    grep -q segments "/usr/share/$file" || fail "/usr/share/$file does not complete the command"
done

# The command, and the plugin, which says the same.
capture=$scratch/player.pcap.gz
cp "$tests/captures/player.pcap.gz" "$capture"
chmod -R a+rX "$scratch"
nflx segments --format jsonl "$capture" >"$scratch/segments"
rows=$(wc -l <"$scratch/segments")
[ "$rows" -gt 40 ] || fail "nflx finds $rows segments"
for user in root nobody; do
    seen=$(setpriv --reuid=$user --clear-groups env HOME=/tmp/home-$user tshark -2 -r "$capture" -Y nflx.segment -T fields \
        -e nflx.segment 2>"$scratch/said" | sort -u | wc -l)
    [ "$seen" -eq "$rows" ] || fail "tshark of $user shows $seen segments, nflx $rows: $(cat "$scratch/said")"
done
setpriv --reuid=nobody --clear-groups env HOME=/tmp/home-nobody tshark -C Netflix -r "$capture" -Y nflx.segment -c 200 \
    >"$scratch/profile" 2>"$scratch/said" || fail "tshark -C Netflix: $(cat "$scratch/said")"
grep -q video "$scratch/profile" || fail "the profile's columns are not there: $(head -n 3 "$scratch/profile")"

# A program in C, with the shared library and without it.
cp "$tests"/c/report.c "$tests"/c/capture.h "$scratch/"
gzip -dc "$capture" >"$scratch/player.pcap"
cd "$scratch"
# The flags are words.
# shellcheck disable=SC2046
gcc -Wall -Werror report.c -o shared $(pkg-config --cflags --libs nflx)
# shellcheck disable=SC2046
gcc -Wall -Werror report.c -o static -static $(pkg-config --static --cflags --libs nflx)
readelf -d shared | grep -qF 'Shared library: [libnflx.so.2]' || fail "the program does not ask for libnflx.so.2"
! readelf -d static 2>/dev/null | grep -q NEEDED || fail "the static program needs libraries"
for program in ./shared ./static; do
    $program player.pcap >"$program.rows"
    [ "$(grep -c '"row":"segment"' "$program.rows")" -eq "$rows" ] || fail "$program finds other segments than nflx"
done
cmp shared.rows static.rows
others=$(nm -D --defined-only --format=posix "$(realpath /usr/lib/*/libnflx.so)" | grep -v '^nflx_' || true)
[ -z "$others" ] || fail "the library exports more than its functions: $others"
cd /

apt purge nflx wireshark-nflx libnflx-dev libnflx2
system >"$scratch/after"
diff "$scratch/before" "$scratch/after" || fail "files were left or lost"
! dpkg -l 'nflx' 'wireshark-nflx' 'libnflx*' 2>/dev/null | grep '^[a-z][a-z] ' | grep -v '^un' || fail "dpkg remembers them"
! find / -xdev -path /proc -prune -o -path /tmp -prune -o -path "$packages" -prune -o -path "$tests" -prune -o -iname '*nflx*' -print | grep . || fail "these files were left"
