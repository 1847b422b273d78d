#!/usr/bin/env bash
# The plugin in the real Wireshark window, on a display that nobody sees, with a user's steps: open a capture, filter,
# click a link, open each statistic, export, change a preference, reload, capture live.
# usage: gui.sh DIRECTORY_OF_BUILT_FILES [FOLDER_FOR_SCREENSHOTS]
#
# What is asserted: titles of windows; files that the window writes, against what the command nflx and tshark say; that
# two ways to the same view look the same, pixel for pixel; and colours that only the plugin's fields bring.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
built=$1
out=${2:-$(mktemp -d)}
capture_name=player.pcap.gz
mkdir -p "$out"
rm -f "$out/failed.png"

for program in wireshark tshark Xvfb xdotool import convert; do
    if ! command -v "$program" >/dev/null; then
        echo "gui.sh: $program is missing (Debian and Ubuntu: apt install wireshark xvfb xdotool imagemagick)." >&2
        exit 1
    fi
done

processes=()
look=()
home=$(mktemp -d)
finish() {
    for ((i = ${#processes[@]} - 1; i >= 0; i--)); do kill "${processes[i]}" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$home"
}
trap finish EXIT

fail() {
    echo "gui.sh: $*" >&2
    [ -z "${DISPLAY-}" ] || import -window root "$out/failed.png" 2>/dev/null || true
    titles >&2 || true
    cat "$home/log" >&2 2>/dev/null || true
    echo "gui.sh: screenshots are in $out" >&2
    exit 1
}

# A home of its own with the plugin and the profile. There is no window manager: the size comes from here.
version=$(wireshark --version 2>/dev/null | sed -nE '1s/.* ([0-9]+\.[0-9]+)\.[0-9]+.*/\1/p')
mkdir -p "$home/.local/lib/wireshark/plugins/$version/epan" "$home/.config/wireshark/profiles/Netflix" "$home/run"
cp "$built/libnflx_plugin.so" "$home/.local/lib/wireshark/plugins/$version/epan/"
cp "$here"/../../plugin/wireshark/profile/* "$home/.config/wireshark/profiles/Netflix/"
cp "$here/../captures/$capture_name" "$home/"
printf 'gui.update.enabled: FALSE\n' >"$home/.config/wireshark/preferences"
# The command for the report, and in place of a browser what notes the page that is to be opened.
mkdir "$home/bin"
cp "$built/nflx" "$home/bin/"
printf '#!/bin/sh\nprintf "%%s\\n" "$1" >"$HOME/opened"\n' >"$home/bin/xdg-open"
chmod +x "$home/bin/xdg-open"
cat >"$home/.config/wireshark/recent_common" <<'END'
gui.geometry_main_x: 0
gui.geometry_main_y: 0
gui.geometry_main_width: 1400
gui.geometry_main_height: 900
gui.geometry_main_maximized: FALSE
END
chmod -R a+rX "$home"
as_user=(env -i)
if [ "$(id -u)" -eq 0 ]; then # Wireshark ignores personal plugins when it runs as root
    chown -R 65534:65534 "$home"
    as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups env -i)
fi

mkfifo "$home/display"
Xvfb -displayfd 3 -screen 0 1400x900x24 -nolisten tcp 3>"$home/display" 2>/dev/null &
processes+=($!)
read -r -t 30 number <"$home/display" || fail "Xvfb does not start."
export DISPLAY=:$number

wireshark() { # wireshark ARGUMENT...: started in the background
    "${as_user[@]}" PATH="$home/bin:$PATH" HOME="$home" XDG_RUNTIME_DIR="$home/run" LC_ALL=C.UTF-8 TZ=UTC \
        DISPLAY="$DISPLAY" "${look[@]}" wireshark "$@" >"$home/log" 2>&1 &
    processes+=($!)
}
stop_last() {
    local last=${processes[-1]}
    kill -0 "$last" 2>/dev/null || fail "Wireshark ended by itself."
    kill "$last"
    wait "$last" 2>/dev/null || true
    unset 'processes[-1]'
}
titles() {
    xdotool search --onlyvisible --name . 2>/dev/null | while read -r window; do xdotool getwindowname "$window"; done
}
wait_for() { # wait_for TITLE: a window whose title contains it, by its number
    local tries window
    for ((tries = 0; tries < 120; tries++)); do
        window=$(xdotool search --onlyvisible --name "$1" 2>/dev/null | tail -n 1) || true
        if [ -n "$window" ]; then
            echo "$window"
            return
        fi
        sleep 0.5
    done
    fail "no window is titled $1."
}
shoot() { # shoot NAME [WINDOW]
    import -window "${2:-root}" "$out/$1.png"
    local colours
    colours=$(convert "$out/$1.png" -format '%k' info:)
    [ "$colours" -gt 20 ] || fail "the screenshot $1 is blank: $colours colours."
}
key() { # key KEY...: pressed one after the other, with the time that a person would take
    local one
    for one in "$@"; do
        xdotool key "$one"
        sleep 0.15
    done
}
write() { xdotool type --delay 15 "$1"; }
click() { # click X Y [TIMES]
    xdotool mousemove "$1" "$2" click --repeat "${3:-1}" --delay 80 1
    sleep 0.4
}
focus() { xdotool windowraise "$1" windowfocus "$1" && sleep 0.3; }
settled() { # settled NAME: a screenshot of the whole display once it does not change any more
    local tries
    import -window root "$out/$1.png"
    for ((tries = 0; tries < 40; tries++)); do
        sleep 0.5
        import -window root "$home/next.png"
        if [ "$(difference "$out/$1.png" "$home/next.png")" = 0 ]; then return; fi
        mv "$home/next.png" "$out/$1.png"
    done
    fail "the window never comes to rest."
}
difference() { # difference ONE OTHER [AREA]: how many pixels differ, blinking cursors of text aside
    local area=${3:-1400x900+0+0}
    pixels \( "$1" -crop "$area" +repage \) \( "$2" -crop "$area" +repage \)
}
letters() { # letters ONE OTHER AREA: how many pixels of text differ, whatever colour is behind them
    convert "$1" -crop "$3" +repage -colorspace gray -threshold 50% "$home/one.png"
    convert "$2" -crop "$3" +repage -colorspace gray -threshold 50% "$home/other.png"
    pixels "$home/one.png" "$home/other.png"
}
pixels() { # pixels IMAGE... IMAGE...: how many differ
    # ImageMagick 7 counts fractions, and adds the share.
    compare -metric AE "$@" null: 2>&1 | sed 's/[. ].*//' || true
}
count_colour() { # count_colour NAME COLOUR [AREA]
    convert "$out/$1.png" -crop "${3:-1400x900+0+0}" +repage -fill black +opaque "$2" -fill white -opaque "$2" \
        -format '%[fx:round(mean*w*h)]' info:
}
filter() { # filter EXPRESSION: on a busy machine the window may miss a key, so it is typed again then
    local tries
    for ((tries = 0; tries < 3; tries++)); do
        focus "$main"
        key ctrl+slash ctrl+a
        write "$1"
        key Return
        settled filter
        if [ "$(count_colour filter '#AFFFAF' 950x30+0+62)" -gt 1000 ]; then return; fi
    done
    fail "the display filter $1 is not accepted."
}
close_window() { # close_window TITLE
    local window
    window=$(wait_for "$1")
    xdotool windowfocus "$window" key Escape
    wait_gone "$1"
}
wait_gone() {
    local tries
    for ((tries = 0; tries < 60; tries++)); do
        [ -n "$(xdotool search --onlyvisible --name "$1" 2>/dev/null)" ] || return 0
        sleep 0.25
    done
    fail "the window $1 does not go."
}
comments() { # comments FILE: time, length and comment of each packet, as somebody without the plugin sees them
    tshark -r "$1" -T fields -e frame.time_epoch -e frame.len -e frame.comment 2>/dev/null
}

details=660x385+0+485
list=1340x355+0+112
selected='#308CC6'
video='#CCEDCC'

# Open a capture as a user does.
wireshark -C Netflix
main=$(wait_for 'Wireshark Network Analyzer')
settled welcome
dialog=
for ((tries = 0; tries < 10; tries++)); do # It looks for interfaces at first, and does not listen.
    focus "$main"
    key ctrl+o
    sleep 1.5
    dialog=$(xdotool search --onlyvisible --name 'Open Capture File' 2>/dev/null | tail -n 1) || true
    [ -z "$dialog" ] || break
done
[ -n "$dialog" ] || fail "File > Open opens nothing."
focus "$dialog"
write "$home/$capture_name"
key Return
wait_gone 'Open Capture File'
main=$(wait_for "^$capture_name\$")
settled opened
[ "$(count_colour opened '#EBDEF6' "$list")" -gt 1000 ] || fail "the profile's colour of control servers is not there."

# Filter one segment; its request is the first packet.
filter 'nflx.segment == 10'
cp "$out/filter.png" "$out/segment.png"
[ "$(count_colour segment "$video" "$list")" -gt 20000 ] || fail "the profile's colour of video is not there."

# Select a response packet, and follow the link to its request in the details.
click 600 343
click 300 498
key ctrl+Left End Right Down Down Down Right Down Down Down Down
settled packets
row=$(convert "$out/packets.png" -crop "$details" +repage -fill black +opaque "$selected" -fill white -opaque "$selected" \
    -format '%@' info: | sed -E 's/.*\+([0-9]+)$/\1/')
[ -n "$row" ] && [ "$row" -gt 100 ] || fail "the link to the request cannot be selected."
click 150 $((485 + row + 8)) 2
settled followed
[ "$(difference "$out/packets.png" "$out/followed.png" "$details")" -gt 500 ] || fail "the link leads nowhere."
# The same packet, gone to by its number.
key ctrl+End
request=$("${as_user[@]}" PATH="$PATH" HOME="$home" tshark -r "$home/$capture_name" -Y 'nflx.request && nflx.segment == 10' \
    -T fields -e frame.number)
key ctrl+g
write "$request"
key Return
settled gone_to
# Less the first line, which is selected in one of them.
[ "$(difference "$out/followed.png" "$out/gone_to.png" 660x340+0+510)" = 0 ] &&
    [ "$(difference "$out/followed.png" "$out/gone_to.png" "$list")" = 0 ] ||
    fail "the link does not lead to packet $request."

# Each statistic, by its menu: entries that have no letter of their own are reached by arrows.
arrows() { for ((number = 0; number < $1; number++)); do echo Down; done; }
case $version in
4.0 | 4.2 | 4.4) quality=10 in_response_times=11 ;;
*) quality=11 in_response_times=14 ;; # Statistics has one more entry above ours: Plots
esac
# Where a table's rows begin, below its header: Qt 6 draws it in a smaller font.
case $version in
4.0) rows=40 ;;
*) rows=31 ;;
esac
open_statistic() { # open_statistic TITLE KEY...: the keys that lead to it in the menu
    local title=$1
    shift
    focus "$main"
    key alt+s "$@" Return
    wait_for "$title"
}
table() { # table NAME WINDOW: a screenshot of a window with a table, whose rows are seen
    # Without a window manager windows stay where they are put.
    xdotool windowsize "$2" 1380 420 windowmove "$2" 10 240 windowraise "$2"
    sleep 1
    settled "$1"
    shoot "$1" "$2"
    local white
    white=$(convert "$out/$1.png" -crop 1340x60+20+$rows -fill black +opaque white -format '%[fx:round(100*(1-mean))]' info:)
    [ "$white" -ge 1 ] || fail "the table $1 has no rows."
}
filter nflx
# Without a model there is nothing to list, and the table says what to do.
statistic=$(open_statistic 'Netflix Quality' $(arrows $quality))
table quality "$statistic"
close_window 'Netflix Quality'
statistic=$(open_statistic 'Netflix Segments' $(arrows $((quality + 1))))
table segments "$statistic"
# Sorting by the first column turns the order around.
click 45 262
sleep 1
shoot segments_sorted "$statistic"
! cmp -s "$out/segments.png" "$out/segments_sorted.png" || fail "the table cannot be sorted."
close_window 'Netflix Segments'
statistic=$(open_statistic 'Netflix Servers' $(arrows $((quality + 2))))
table servers "$statistic"
close_window 'Netflix Servers'
statistic=$(open_statistic 'Netflix Sessions' $(arrows $((quality + 3))))
table sessions "$statistic"
close_window 'Netflix Sessions'
statistic=$(open_statistic 'Packets and Segments' Up Up)
table tree "$statistic"
close_window 'Packets and Segments'

# shellcheck source=tests/plugin/gui_walk.sh
. "$here/gui_walk.sh"

# Export, by the menu: all packets, then the displayed ones with comments on requests only.
export_annotated() { # export_annotated FILE PACKETS COMMENTS
    focus "$main"
    key alt+s Up Right Up Return
    local dialog
    dialog=$(wait_for 'Export Annotated Capture')
    focus "$dialog"
    # The fields come one after the other, the upper edge of the first at 20 and its lower one at 34 at least.
    click_field "$dialog" 27 "$1"
    for text in "$2" "$3"; do
        key Tab ctrl+a
        write "$text"
    done
    shoot export "$dialog"
    key Return
    close_window 'Netflix: Annotated Capture'
}
click_field() { # click_field WINDOW Y TEXT: a field of a dialog, refilled
    local x y
    eval "$(xdotool getwindowgeometry --shell "$1" | grep -E '^[XY]=' | tr 'XY' 'xy')"
    click $((x + 400)) $((y + $2))
    key ctrl+a
    write "$3"
}
"$built/nflx" annotate "$home/$capture_name" "$home/expected.pcapng" 2>/dev/null
export_annotated "$home/exported.pcapng" all all
cmp <(comments "$home/expected.pcapng") <(comments "$home/exported.pcapng") || fail "the export is not what nflx annotate writes."
summary() { capinfos "$1" 2>/dev/null | grep '^Capture comment:'; }
[ "$(summary "$home/exported.pcapng")" = "$(summary "$home/expected.pcapng")" ] || fail "the comment of the section differs."
"$built/nflx" annotate --strip "$home/exported.pcapng" "$home/stripped.pcapng" 2>/dev/null
tshark -r "$home/stripped.pcapng" -F pcap -w "$home/stripped.pcap" 2>/dev/null
gzip -dc "$home/$capture_name" >"$home/original.pcap"
cmp "$home/stripped.pcap" "$home/original.pcap" || fail "stripping the export does not give back the capture."
filter 'nflx.segment == 10'
export_annotated "$home/displayed.pcapng" displayed requests
"$built/nflx" annotate --packets requests "$home/$capture_name" "$home/requests.pcapng" 2>/dev/null
[ "$(comments "$home/displayed.pcapng" | wc -l)" = "$("${as_user[@]}" PATH="$PATH" HOME="$home" \
    tshark -r "$home/$capture_name" -Y 'nflx.segment == 10' | wc -l)" ] || fail "the export holds other packets than the window."
cmp <(comments "$home/displayed.pcapng" | grep nflx) <(comments "$home/requests.pcapng" | grep 'segment 10 ') ||
    fail "the export of requests is not what nflx annotate writes."

# A preference: other names, so no Netflix server. And back.
set_names() { # set_names NAMES
    focus "$main"
    key ctrl+shift+p
    local dialog
    dialog=$(wait_for 'Preferences')
    focus "$dialog"
    key Home
    write Proto
    sleep 1.2
    key Right
    write Netflix
    sleep 1
    click_in "$dialog" 457 79 # which opens where it was left
    key ctrl+a
    write "$1"
    shoot preferences "$dialog"
    key Return
    wait_gone 'Preferences'
}
set_names example
settled renamed
[ "$(count_colour renamed "$video" "$list")" -lt 100 ] || fail "the preference changes nothing."
grep -q '^nflx.domains: example$' "$home/.config/wireshark/profiles/Netflix/preferences" || fail "the preference is not kept."
set_names nflxvideo,netflix,nflxso,nflxext,nflximg,nflxsearch
settled named_back
[ "$(count_colour named_back "$video" "$list")" -gt 20000 ] || fail "the preference cannot be taken back."

# Reload: the same again.
focus "$main"
key ctrl+r
settled reloaded
[ "$(count_colour reloaded "$video" "$list")" -gt 20000 ] || fail "reloading loses what the plugin knows."
filter nflx.request

for process in "${processes[@]}"; do
    kill -0 "$process" 2>/dev/null || fail "a process ended early."
done
stop_last

# The same in a dark theme, where one can be had: what the profile colours stays readable, the rest is dark.
if command -v qt5ct >/dev/null && [ "$version" = 4.0 ]; then
    mkdir -p "$home/.config/qt5ct"
    cp "$here/dark.conf" "$home/.config/qt5ct/dark.conf"
    printf '[Appearance]\ncustom_palette=true\ncolor_scheme_path=%s\nstyle=Fusion\n' "$home/.config/qt5ct/dark.conf" \
        >"$home/.config/qt5ct/qt5ct.conf"
    chmod -R a+rX "$home/.config"
    look=(QT_QPA_PLATFORMTHEME=qt5ct)
    wireshark -C Netflix -r "$home/$capture_name"
    main=$(wait_for "^$capture_name\$")
    settled dark
    [ "$(count_colour dark '#EBDEF6' "$list")" -gt 1000 ] || fail "the profile's colours are not there in a dark theme."
    statistic=$(open_statistic 'Netflix Servers' $(arrows $((quality + 2))))
    table dark_servers "$statistic"
    stop_last
    look=()
fi

# Live, on an interface of a namespace in which a client downloads: rows are coloured while Wireshark captures.
live=skipped
if [ "$(id -u)" -eq 0 ] && unshare --net true 2>/dev/null; then
    address=23.246.11.141 # Netflix announces it
    server="ip link set lo up && ip address add $address/32 dev lo && exec python3 $here/../live/download.py server $address 443"
    unshare --net sh -c "$server" >"$home/server" 2>&1 &
    namespace=$!
    processes+=("$namespace")
    for ((tries = 0; tries < 100; tries++)); do
        ! grep -qs ready "$home/server" || break
        sleep 0.1
    done
    inside=(nsenter --net --target "$namespace")
    "${inside[@]}" setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=+net_raw,+net_admin \
        --ambient-caps=+net_raw,+net_admin env -i PATH="$PATH" HOME="$home" XDG_RUNTIME_DIR="$home/run" LC_ALL=C.UTF-8 \
        TZ=UTC DISPLAY="$DISPLAY" wireshark -C Netflix -i lo -k >"$home/log" 2>&1 &
    processes+=($!)
    main=$(wait_for 'Capturing from')
    settled live_begins
    mkfifo "$home/client"
    "${inside[@]}" python3 "$here/../live/download.py" client "$address" 443 ipv4-c001-zrh001-ix.1.oca.nflxvideo.net \
        <"$home/client" >"$home/downloaded" 2>&1 &
    processes+=($!)
    exec 4>"$home/client"
    for size in 300000 500000 700000; do echo "$size" >&4; done
    for ((tries = 0; tries < 100; tries++)); do
        ! grep -q 'done 700000' "$home/downloaded" || break
        sleep 0.2
    done
    main=$(wait_for 'Capturing from')
    filter nflx.request
    cp "$out/filter.png" "$out/live.png"
    [ "$(count_colour live '#FFE78F' "$list")" -gt 5000 ] || fail "no request shows while Wireshark captures."
    click 600 172 # a row: in the filter's field the key means something else
    key ctrl+e
    wait_gone 'Capturing from'
    live="captured live"
fi
echo "gui.sh: Wireshark $version: opened, filtered, followed, counted, exported, changed, reloaded, $live; screenshots are in $out"
