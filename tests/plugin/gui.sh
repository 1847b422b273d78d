#!/usr/bin/env bash
# The plugin in the real Wireshark window, on a display that nobody sees: a capture, a display filter, the statistics.
# usage: gui.sh DIRECTORY_OF_BUILT_FILES [FOLDER_FOR_SCREENSHOTS]
#
# What is asserted is what the window system knows, titles of windows, and that screenshots show something.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
built=$1
out=${2:-$(mktemp -d)}
capture_name=player.pcap.gz
mkdir -p "$out"

for program in wireshark Xvfb xdotool import convert; do
    if ! command -v "$program" >/dev/null; then
        echo "gui.sh: $program is missing (Debian and Ubuntu: apt install wireshark xvfb xdotool imagemagick)." >&2
        exit 1
    fi
done

processes=()
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
cp "$here"/../../plugin/profile/* "$home/.config/wireshark/profiles/Netflix/"
cp "$here/../captures/$capture_name" "$home/"
printf 'gui.update.enabled: FALSE\n' >"$home/.config/wireshark/preferences"
cat >"$home/.config/wireshark/recent_common" <<'END'
gui.geometry_main_x: 0
gui.geometry_main_y: 0
gui.geometry_main_width: 1400
gui.geometry_main_height: 900
gui.geometry_main_maximized: FALSE
END
# Widths of the columns, as somebody would have drawn them.
cat >"$home/.config/wireshark/profiles/Netflix/recent" <<'END'
column.width: %m, 65, %t, 75, %s, 85, %d, 85, %p, 65, %Cus:nflx.server, 280, %Cus:nflx.segment, 65, %Cus:nflx.segment.kind, 55, %Cus:nflx.segment.bytes, 65, %Cus:nflx.segment.throughput, 100, %i, 500
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
    "${as_user[@]}" PATH="$PATH" HOME="$home" XDG_RUNTIME_DIR="$home/run" LC_ALL=C.UTF-8 TZ=UTC DISPLAY="$DISPLAY" \
        wireshark "$@" >"$home/log" 2>&1 &
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
has_colour() { # has_colour NAME COLOUR: pixels of this colour in the screenshot
    [ "$(convert "$out/$1.png" -fill black +opaque "$2" -fill white -opaque "$2" -format '%[fx:round(mean*w*h)]' info:)" \
        -gt 200 ]
}

# Only one statistic at the start: Wireshark fills the windows of several one inside the other, and only the first.
table() { # table NAME WINDOW: a screenshot of a window with a table, whose rows are seen
    # Without a window manager windows stay where they are put.
    xdotool windowsize "$2" 1380 420 windowmove "$2" 10 240 windowraise "$2"
    sleep 1.5
    shoot "$1" "$2"
    local white
    white=$(convert "$out/$1.png" -crop 1340x60+20+40 -fill black +opaque white -format '%[fx:round(100*(1-mean))]' info:)
    [ "$white" -ge 3 ] || fail "the table $1 has no rows."
}
start_with() { # start_with STATISTIC TITLE: Wireshark with the capture and the window of a statistic
    wireshark -C Netflix -r "$home/$capture_name" -z "$1"
    main=$(wait_for "^$capture_name\$")
    statistic=$(wait_for "$2")
    sleep 2
}

start_with nflx,segments 'Netflix Segments'
table segments "$statistic"
# Sorting by the first column turns the order around, and filling anew keeps the window.
xdotool mousemove 45 262 click 1
sleep 1
shoot segments_sorted "$statistic"
! cmp -s "$out/segments.png" "$out/segments_sorted.png" || fail "the table cannot be sorted."
xdotool mousemove 600 605 click 1
sleep 0.3
xdotool type --delay 20 'nflx.segment.bytes > 300000'
xdotool mousemove 1339 605 click 1
sleep 3
table segments_filtered "$statistic"
stop_last

start_with nflx,servers 'Netflix Servers'
table servers "$statistic"
xdotool windowunmap "$statistic"
sleep 0.5

# A display filter, typed. Wireshark paints the field green when the filter is valid, so the fields are known.
xdotool windowfocus "$main" mousemove 400 77 click 1
sleep 0.5
xdotool type --delay 20 'nflx.segment == 10'
xdotool key Return
sleep 3
# The second packet, so that the selection does not hide the colour of the first, which is the request.
xdotool mousemove 600 142 click 1
sleep 2
shoot packets
has_colour packets '#AFFFAF' || fail "the display filter is not accepted."
has_colour packets '#FFE78F' || fail "the profile's colour of requests is not there."

for process in "${processes[@]}"; do
    kill -0 "$process" 2>/dev/null || fail "a process ended early."
done
echo "gui.sh: Wireshark $version shows packets, servers and segments; screenshots are in $out"
