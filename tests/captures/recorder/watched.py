"""The truth of a watched title: requests from the server's log and the browser's record, and what the viewer saw from
the page's samples. Nothing in it comes from packets.
"""
from . import host, media, truth

TITLES = (media.FILM, media.SHOW)
SHORTEST = 0.4  # seconds without a new frame that count as standing; samples are 0.1 s apart
SEEK_WAIT = 0.5  # seconds: standing that begins so soon after a jump belongs to it


def requests(page, servers):
    """The rows of truth. A request that only the server knows (the page was closed meanwhile) has its times."""
    seen = {row["rid"]: row for row in page if row["row"] == "request"}
    out = []
    for theirs in servers:
        mine = seen.get(theirs["rid"])
        kind, media_s, height = media.describe(theirs["uri"], TITLES)
        ended, body = float(theirs["logged"]), int(theirs["body"])
        began = ended - float(theirs["took"])
        address = theirs["server_ip"].strip("[]")
        http = "2" if theirs["protocol"] == "HTTP/2.0" else "1.1"
        row = dict(
            server_ip=address, server_port=int(theirs["server_port"]), client_ip=theirs["client_ip"].strip("[]"),
            client_port=int(theirs["client_port"]), transport="tcp", http=http, tls=theirs["tls"].removeprefix("TLSv"), host=theirs["host"],
            uri=theirs["uri"], status=int(theirs["status"]), method=theirs["method"], request_bytes=int(theirs["request_bytes"]),
            response_body_bytes=body, response_bytes=None if http == "2" else int(theirs["sent"]),
            t_request=mine["t_request"] if mine else began, t_first=mine["t_first"] if mine else None, t_end=mine["t_end"] if mine else ended,
            kind=kind, netflix=host.by_address(address).netflix, rid=theirs["rid"], t_request_srv=began, t_end_srv=ended,
            conn=int(theirs["conn"]), range=theirs["range"] or None, stream_id=None, time_source="client" if mine else "server")
        row = {key: row[key] for key in truth.KEYS}
        row.update(media_s=media_s, height=height, aborted=mine is None or mine["body"] != body)
        out.append(row)
    return sorted(out, key=lambda row: row["t_request"])


def _stands(samples):
    """[from, to] of each time without a new frame."""
    out, since = [], samples[0]["t"]
    for before, sample in zip(samples, samples[1:]):
        if sample["frames"] != before["frames"]:
            if before["t"] - since >= SHORTEST:
                out.append([since, before["t"]])
            since = sample["t"]
    if samples[-1]["t"] - since >= SHORTEST:
        out.append([since, samples[-1]["t"]])
    return out


def _why(stand, start, actions):
    """Why the picture stood: the start, what the viewer did, or neither."""
    if stand[0] <= start:
        return "start"
    before = [a for a in actions if a["t"] <= stand[0] + SEEK_WAIT]
    if before and before[-1]["name"] == "pause":
        return "pause"
    if any(a["name"] == "seek" and stand[0] - SEEK_WAIT <= a["t"] for a in before):
        return "seek"
    return "stall"


def session(page, rows):
    """What the viewer saw, and a tick a second of what the video element held ahead of its position."""
    if errors := [row["text"] for row in page if row["row"] == "error"]:
        raise RuntimeError(f"the player failed: {errors}")
    samples = sorted((row for row in page if row["row"] == "sample"), key=lambda row: row["t"])
    actions = sorted((row for row in page if row["row"] == "action"), key=lambda row: row["t"])
    asked = [row for row in rows if row["media_s"] and not row["aborted"]]
    # The first frame is shown before the sound is there: it begins when the position moves.
    begins = next(sample["t"] - sample["at"] for sample in samples if sample["at"] > 0)
    stands = [(a, b, _why((a, b), begins, actions)) for a, b in _stands(samples)]
    video = [row for row in asked if row["kind"] == "video"]
    told = dict(
        client_ip=asked[0]["client_ip"], t_request=round(asked[0]["t_request"], 3), t_frame=round(begins, 3),
        t_end=round(samples[-1]["t"], 3), stands=[dict(why=why, begin=round(a, 3), end=round(b, 3)) for a, b, why in stands if why != "start"],
        actions=[dict(t=round(a["t"], 3), name=a["name"], value=a["value"]) for a in actions],
        video_bytes=sum(row["response_body_bytes"] for row in video), video_media_s=round(sum(row["media_s"] for row in video), 3))
    ticks, last = [], 0.0
    for sample in samples:
        if sample["t"] - last >= 0.95:
            last = sample["t"]
            ticks.append(dict(t=round(last, 3), at=round(sample["at"], 3), ahead_s=round(sample["ahead"], 3)))
    return told, ticks
