# shellcheck shell=bash
# Sourced, with `root` set to the repository: `within`, which runs commands in the repository inside a Debian system,
# with this system's Rust toolchain and the crates that it has got. The repository is read-only there.
chroot=$root/tests/chroot.sh
toolchain=$(rustc --print sysroot)
if [ "$toolchain" = /usr ]; then
    echo "nflx: the Rust toolchain is the system's; it has to be a folder of its own, as rustup's are." >&2
    exit 1
fi
cargo_home=${CARGO_HOME:-$HOME/.cargo}
# All that is compiled in there comes from here.
(cd "$root" && cargo fetch --locked --quiet)
shown=(--read "$root" --read "$toolchain" --read "$cargo_home/registry")
for path in "$cargo_home/config.toml" "$root/../shared"; do
    [ ! -e "$path" ] || shown+=(--read "$path")
done

within() { # within SYSTEM [OPTION of chroot.sh]... -- [NAME=VALUE]... COMMAND [ARGUMENT]...
    local system=$1 options=()
    shift
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    "$chroot" run "$system" "${shown[@]}" "${options[@]}" -- env --chdir="$root" CARGO_HOME="$cargo_home" \
        CARGO_NET_OFFLINE=true CARGO_TERM_COLOR=never PATH="$toolchain/bin:/usr/sbin:/usr/bin:/sbin:/bin" "$@"
}
