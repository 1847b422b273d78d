#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Puts the built plugin where Wireshark looks for it, takes it away again, or says whether it loads.
#
# usage: plugin/wireshark/install.sh install|uninstall|verify [--user|--global] [--profile|--no-profile]
#
#   --user        the folder of the user who runs this (default)
#   --global      the folder of all users (default for root: Wireshark ignores personal plugins when root runs it)
#   --profile     with the profile "Netflix": columns, colours, buttons, graphs, plots
#   --no-profile  without it; given neither, a terminal is asked
#
# The plugin is target/release/libnflx_plugin.so, or what NFLX_PLUGIN says. Other profiles are not touched, and of this
# one neither are files that somebody changed.
set -eu

name=libnflx_plugin.so
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$here/../..
plugin=${NFLX_PLUGIN:-${CARGO_TARGET_DIR:-$root/target}/release/$name}

say() { printf '%s\n' "$*"; }
fail() {
    printf 'install.sh: %s\n' "$*" >&2
    exit 1
}
usage() {
    say "usage: plugin/wireshark/install.sh install|uninstall|verify [--user|--global] [--profile|--no-profile]" >&2
    exit 2
}

action=${1-}
case $action in install | uninstall | verify) shift ;; *) usage ;; esac
if [ "$(id -u)" = 0 ]; then scope=global; else scope=user; fi
with_profile=ask
for option in "$@"; do
    case $option in
    --user) scope=user ;;
    --global) scope=global ;;
    --profile) with_profile=yes ;;
    --no-profile) with_profile=no ;;
    *) usage ;;
    esac
done

# Wireshark itself knows best where it looks; it prints "Global Plugins:<tab>/usr/lib/…/plugins/4.0".
wireshark=
for program in tshark wireshark; do
    if command -v $program >/dev/null 2>&1; then
        wireshark=$program
        break
    fi
done
[ -n "$wireshark" ] || fail "neither tshark nor wireshark is installed (Debian and Ubuntu: apt install tshark)."

folder() { # folder "Personal Plugins": the path that Wireshark has for it
    wanted=$1
    "$wireshark" -G folders 2>/dev/null | awk -F '\t+' -v wanted="$wanted" 'index($1, wanted ":") == 1 { print $2; exit }'
}

case $scope in
user)
    directory=$(folder 'Personal Plugins')
    configuration=$(folder 'Personal configuration')
    ;;
global)
    directory=$(folder 'Global Plugins')
    configuration=$(folder 'Global configuration')
    ;;
esac
[ -n "$directory" ] || fail "$wireshark -G folders does not say where plugins belong."
target=$directory/epan/$name
version=$("$wireshark" --version 2>/dev/null | sed -n '1s/^[^0-9]*\([0-9][0-9.]*[0-9]\).*/\1/p')

verify() {
    [ -e "$target" ] || fail "the plugin is not installed: there is no $target."
    if [ "$scope" = user ] && [ "$(id -u)" = 0 ]; then
        fail "$target is there, but Wireshark ignores personal plugins when root runs it: use --global, or another user."
    fi
    if ! output=$("$wireshark" -G plugins 2>&1); then
        fail "$wireshark -G plugins fails with $target in place; the file may be damaged, build it again."
    fi
    # Name, version, type, path.
    if say "$output" | awk -F '\t' -v path="$target" '$4 == path { found = 1 } END { exit !found }'; then
        say "Wireshark $version loads the plugin $(say "$output" | awk -F '\t' -v path="$target" '$4 == path { print $2; exit }') from $target."
        return
    fi
    other=$(say "$output" | awk -F '\t' -v name="$name" '$1 == name { print $4; exit }')
    [ -z "$other" ] || fail "Wireshark loads another copy of the plugin first: $other; remove that one."
    reason=$(say "$output" | grep -F "$name" | head -n 1 || true)
    case $reason in
    *libwireshark.so* | *libwiretap.so* | *libwsutil.so* | *"version"* | *"undefined symbol"*)
        fail "the plugin was built for another version of Wireshark than $version; build it again: cargo build --release -p nflx-plugin"
        ;;
    '') fail "Wireshark $version does not load $target and does not say why; see $wireshark -G plugins." ;;
    *) fail "Wireshark $version does not load the plugin: $reason" ;;
    esac
}

profile=$configuration/profiles/Netflix
# What was installed, as "checksum size name" lines: files that differ from it are the user's.
record=$profile/nflx-installed

unchanged() { # unchanged FILE: it is as it was installed
    [ -e "$record" ] && sum=$(cd "$profile" && cksum "$1" 2>/dev/null) && grep -qxF "$sum" "$record"
}

wants_profile() {
    [ -d "$here/profile" ] && [ -n "$configuration" ] || [ "$with_profile" = yes ] || return 1
    if [ "$with_profile" = ask ]; then
        if ! { [ -t 0 ] && [ -t 1 ]; }; then
            [ -e "$profile" ] ||
                say "The profile Netflix was not installed, as there is no terminal to ask on: run $0 install --profile for it."
            return 1
        fi
        printf 'Install the profile "Netflix" (columns, colours, buttons, graphs, plots) into %s? [Y/n] ' "$profile"
        read -r answer || return 1
        case $answer in '' | [Yy]*) return 0 ;; *) return 1 ;; esac
    fi
    [ "$with_profile" = yes ]
}

install_profile() {
    [ -d "$here/profile" ] || fail "there is no $here/profile."
    [ -n "$configuration" ] || fail "$wireshark -G folders does not say where profiles belong."
    mkdir -p "$profile" 2>/dev/null || fail "$profile cannot be made; with --global this needs root."
    lines=
    for source in "$here"/profile/*; do
        file=${source##*/}
        if [ -e "$profile/$file" ] && ! cmp -s "$source" "$profile/$file" && ! unchanged "$file"; then
            say "Kept $profile/$file, which was changed."
            continue
        fi
        cp "$source" "$profile/$file" 2>/dev/null && chmod 644 "$profile/$file" || fail "$profile/$file cannot be written."
        lines="$lines$(cd "$profile" && cksum "$file")
"
    done
    printf '%s' "$lines" >"$record"
    say "Installed the profile Netflix: wireshark -C Netflix, or Edit > Configuration Profiles."
}

uninstall_profile() {
    [ -e "$record" ] || return 0
    while read -r _ _ file; do
        case $file in '' | */*) continue ;; esac
        [ -e "$profile/$file" ] || continue
        if unchanged "$file"; then
            rm -f "$profile/$file" 2>/dev/null || fail "$profile/$file cannot be removed; with --global this needs root."
        else
            say "Kept $profile/$file, which was changed."
        fi
    done <"$record"
    rm -f "$record"
    rmdir "$profile" 2>/dev/null || true
    say "Removed the profile Netflix as far as it was unchanged."
}

case $action in
install)
    [ -e "$plugin" ] || fail "there is no $plugin; build it first: cargo build --release -p nflx-plugin"
    mkdir -p "$directory/epan" 2>/dev/null || fail "$directory/epan cannot be made; with --global this needs root."
    # A new file under the old name: a running Wireshark keeps the one that it has loaded.
    if ! { cp "$plugin" "$target.new" && chmod 755 "$target.new"; } 2>/dev/null; then
        rm -f "$target.new" 2>/dev/null || true
        fail "$target cannot be written; with --global this needs root."
    fi
    [ ! -e "$target" ] || mv -f "$target" "$target.old"
    mv -f "$target.new" "$target"
    # A plugin that does not load would only make Wireshark complain at each start.
    if ! (verify); then
        rm -f "$target"
        [ ! -e "$target.old" ] || mv -f "$target.old" "$target"
        exit 1
    fi
    rm -f "$target.old"
    if wants_profile; then install_profile; fi
    ;;
uninstall)
    uninstall_profile
    if [ ! -e "$target" ]; then
        say "There is no $target."
        exit 0
    fi
    rm -f "$target" 2>/dev/null || fail "$target cannot be removed; with --global this needs root."
    say "Removed $target."
    ;;
verify) verify ;;
esac
