# shellcheck shell=bash disable=SC2154,SC2034
# Sourced by gui.sh while the window is open: a user's walk from a segment to its packets by the windows that Wireshark
# has for every protocol, and what Statistics > Netflix and the toolbar do.

field() { # field NAME SEGMENT: what the command says of it
    "$built/nflx" segments --format csv "$home/$capture_name" 2>/dev/null |
        awk -F, -v name="$1" -v segment="$2" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
            $at["segment"] == segment { print $at[name] }'
}
click_in() { # click_in WINDOW X Y [BUTTON]: from its left upper corner, or from the right or the bottom where negative
    local X Y WIDTH HEIGHT
    eval "$(xdotool getwindowgeometry --shell "$1" | grep -E '^(X|Y|WIDTH|HEIGHT)=')"
    xdotool mousemove $((X + $2 + ($2 < 0 ? WIDTH : 0))) $((Y + $3 + ($3 < 0 ? HEIGHT : 0))) click "${4:-1}"
    sleep 0.6
}

# Statistics > Conversations: the profile opens the tab with the segments. From the first row Apply as Filter leads to
# that segment's packets and no others.
filter nflx
statistic=$(open_statistic Conversations $(arrows 3))
xdotool windowsize "$statistic" 1380 560 windowmove "$statistic" 10 140
sleep 1
settled conversations
shoot conversations "$statistic"
click_in "$statistic" 620 64
click_in "$statistic" 620 64 3
key Down Right Right Return
sleep 2
close_window Conversations
settled conversation
[ "$(count_colour conversation '#AFFFAF' 950x30+0+62)" -gt 1000 ] || fail "a segment's row gives no filter."
[ "$(difference "$out/conversation.png" "$out/opened.png" "$list")" -gt 5000 ] || fail "a segment's row leads nowhere."
cp "$out/conversation.png" "$home/conversation.png"
filter 'nflx.segment == 5'
settled conversation_expected
[ "$(difference "$home/conversation.png" "$out/conversation_expected.png" "$list")" = 0 ] ||
    fail "a segment's row leads to other packets than the segment's."

# Statistics > Service Response Time > Netflix.
statistic=$(open_statistic 'Netflix Service Response Time' $(arrows $((quality - 3))) Right $(arrows $in_response_times))
table response_times "$statistic"
close_window 'Netflix Service Response Time'

# Statistics > Flow Graph: requests and responses of the video server, in the colours of their kinds.
filter 'nflx.server.role == "audio_video"'
statistic=$(open_statistic Flow $(arrows $((quality + 10))))
# Each choice reads all packets again.
sleep 1
settled ladder
click_in "$statistic" 17 -54
settled ladder
click_in "$statistic" 751 -54
key n Return
sleep 1
settled ladder
[ "$(count_colour ladder "$video")" -gt 20000 ] || fail "the flow graph has no video segments."
xdotool windowfocus "$statistic" key Escape
wait_gone 'Wireshark . Flow'

# File > Export Objects > Netflix: the first row, which is segment 1, as a file.
focus "$main"
key alt+f Up Up Up Right $(arrows 4) Return
dialog=$(wait_for 'Netflix object list')
sleep 1
shoot objects "$dialog"
click_in "$dialog" 60 67
click_in "$dialog" -397 -24
saving=$(wait_for 'Save Object As')
focus "$saving"
key ctrl+a
write "$home/run/segment.json"
key Return
wait_gone 'Save Object As'
close_window 'Netflix object list'
python3 - "$home/run/segment.json" "$(field bytes 1)" <<'END' || fail "the exported object is not the segment's."
import json, sys
segment = json.load(open(sys.argv[1]))
assert segment["segment"] == 1 and segment["bytes"] == int(sys.argv[2]), segment
END

# Statistics > Netflix: the summary, and the report, which the command writes and the desktop opens.
focus "$main"
key alt+s Up Right
shoot menu
key Return
statistic=$(wait_for 'Netflix: Summary')
sleep 1
shoot summary "$statistic"
close_window 'Netflix: Summary'
rm -f "$home/opened"
focus "$main"
key alt+s Up Right Down Return
for ((tries = 0; tries < 100; tries++)); do
    [ ! -s "$home/opened" ] || break
    sleep 0.2
done
[ -s "$home/opened" ] || fail "no report is opened."
page=$(sed 's,^file://,,' "$home/opened")
grep -q "$(field name 10)" "$page" || fail "the report names no video server."
if command -v chromium >/dev/null; then
    chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1400,900 \
        --screenshot="$out/report.png" "file://$page" >/dev/null 2>&1 || fail "the report cannot be shown."
fi
rm -r "$(dirname "$page")"

# The toolbar: View > Additional Toolbars > Netflix. Requests, then this segment's packets, then the next request.
focus "$main"
key alt+v $(arrows 3) Right Return
sleep 1
click 207 105
settled toolbar
[ "$(difference "$out/toolbar.png" "$out/opened.png" "$list")" -gt 5000 ] || fail "the toolbar shows no requests."
cp "$out/toolbar.png" "$home/requests.png"
click 600 172 # a row
click 299 105
settled toolbar_segment
[ "$(difference "$home/requests.png" "$out/toolbar_segment.png" "$list")" -gt 5000 ] ||
    fail "the toolbar does not lead to the segment of a packet."
filter nflx.request
click 600 172
settled toolbar_before
click 529 105
settled toolbar_next
layers=640x120+20+484 # of the selected packet, with its number and addresses
[ "$(letters "$out/toolbar_before.png" "$out/toolbar_next.png" "$layers")" -gt 100 ] ||
    fail "the toolbar does not lead to the next segment."
click 413 105
settled toolbar_back
[ "$(letters "$out/toolbar_before.png" "$out/toolbar_back.png" "$layers")" = 0 ] ||
    fail "the toolbar does not lead back to the segment before."
focus "$main"
key alt+v $(arrows 3) Right Return
sleep 1
filter nflx
