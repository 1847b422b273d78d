"""The truth: the servers' logs joined with the client's log, and nothing else.

Each request carries an identifier in a header field; both sides log it.  Sizes are the server's, times the client's;
sizes which both sides know must agree.
"""
import json

from . import host

KEYS = (
    "server_ip", "server_port", "client_ip", "client_port", "transport", "http", "tls", "host", "uri", "status", "method",
    "request_bytes", "response_body_bytes", "response_bytes", "t_request", "t_first", "t_end", "kind", "netflix", "rid",
    "t_request_srv", "t_end_srv", "conn", "range", "stream_id", "time_source",
)
EXTRA = ("pipelined", "chunked", "interim_bytes", "client")


def load(path):
    try:
        with open(path, encoding="utf-8") as lines:
            return [json.loads(line) for line in lines if line.strip()]
    except FileNotFoundError:
        return []


def join(client, server):
    """The rows of truth, by time of request."""
    logged = {row["rid"]: row for row in server}
    if len(logged) != len(server):
        raise ValueError("the servers logged a request twice")
    out = []
    for row in client:
        theirs = logged.pop(row["rid"])
        sent, body, status = int(theirs["sent"]), int(theirs["body"]), int(theirs["status"])
        if interim := row.get("interim_bytes", 0):  # nginx counts the interim answer as a part of the body
            sent, body = sent - interim, body - interim
        ended = float(theirs["logged"]) if theirs["logged"] else None
        began = ended - float(theirs["took"]) if ended else theirs["began"]
        both = dict(
            row, server_ip=theirs["server_ip"].strip("[]"), server_port=int(theirs["server_port"]),
            tls={"": None, "TLSv1.2": "1.2", "TLSv1.3": "1.3"}[theirs["tls"]], host=theirs["host"], status=status,
            request_bytes=int(theirs["request_bytes"]), response_body_bytes=body,
            response_bytes=None if row["http"] == "2" else sent, t_request_srv=began, t_end_srv=ended,
            conn=int(theirs["conn"]) if theirs["conn"] else None, range=theirs["range"] or None, time_source="client")
        if row["method"] == "HEAD":
            both["response_body_bytes"] = body = 0
        for what, mine, other in (
            ("status", row["status"], status), ("body", row["body_bytes"], body), ("port", row["client_port"], int(theirs["client_port"])),
            ("uri", row["uri"], theirs["uri"]), ("size", row["head_bytes"] and row["head_bytes"] + row["body_bytes"],
                                                 row["head_bytes"] and sent),
            ("host", host.by_address(both["server_ip"]).netflix, row["netflix"]),
        ):
            if mine != other:
                raise ValueError(f"{row['rid']}: the client's {what} is {mine}, the server's {other}")
        out.append({k: both[k] for k in KEYS} | {k: both[k] for k in EXTRA if k in both})
    if logged:
        raise ValueError(f"requests of no client: {sorted(logged)}")
    return sorted(out, key=lambda r: r["t_request"])


def store(rows, path):
    with open(path, "w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps(row) + "\n")
