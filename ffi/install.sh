#!/bin/sh
# Puts the built C library where compilers and programs look for it: header, shared and static library, pkg-config file.
#
# usage: [DESTDIR=FOLDER] ffi/install.sh [PREFIX [LIBDIR]]     (/usr/local, PREFIX/lib)
#
# The library is what `cargo build --release -p nflx-ffi` built, in target or CARGO_TARGET_DIR.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
built=${CARGO_TARGET_DIR:-$here/../target}/release
prefix=${1:-/usr/local}
libdir=${2:-$prefix/lib}
destination=${DESTDIR:-}

for file in libnflx_ffi.so libnflx_ffi.a; do
    if [ ! -e "$built/$file" ]; then
        echo "install.sh: there is no $built/$file; build it first: cargo build --release -p nflx-ffi" >&2
        exit 1
    fi
done
abi=$(sed -n 's/^#define NFLX_ABI_VERSION //p' "$here/../include/nflx.h")
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$here/../Cargo.toml")

install -d "$destination$prefix/include" "$destination$libdir/pkgconfig"
install -m 644 "$here/../include/nflx.h" "$destination$prefix/include/nflx.h"
install -m 644 "$built/libnflx_ffi.so" "$destination$libdir/libnflx.so.$abi"
ln -sf "libnflx.so.$abi" "$destination$libdir/libnflx.so"
install -m 644 "$built/libnflx_ffi.a" "$destination$libdir/libnflx.a"
sed -e "s|@prefix@|$prefix|" -e "s|@libdir@|$libdir|" -e "s|@version@|$version|" "$here/nflx.pc.in" \
    >"$destination$libdir/pkgconfig/nflx.pc"
chmod 644 "$destination$libdir/pkgconfig/nflx.pc"
