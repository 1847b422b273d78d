"""EVE files of the Suricata plugin in DuckDB and in Elasticsearch's mapping.

usage: eve.py EXAMPLES EVE...
"""

import datetime
import ipaddress
import json
import sys
import tempfile
from pathlib import Path

import duckdb


def fits(kind, form, value):
    """Whether Elasticsearch takes a value for a field of this type without changing it."""
    if isinstance(value, list):
        return all(fits(kind, form, one) for one in value)
    if kind in ("long", "integer"):
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2 ** (63 if kind == "long" else 31)
    if kind == "double":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "ip":
        return bool(ipaddress.ip_address(value))
    if kind == "date_nanos":
        assert form.startswith("yyyy-MM-dd'T'HH:mm:ss.SSSSSSZ||"), form
        return bool(datetime.datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%f%z"))
    return kind == "keyword" and isinstance(value, str)


def check(event, properties, seen, path=""):
    for key, value in event.items():
        field = properties.get(key)
        assert field, f"{path}{key} has no type in the mapping"
        if isinstance(value, dict):
            check(value, field["properties"], seen, f"{path}{key}.")
        else:
            assert fits(field["type"], field.get("format"), value), f"{path}{key}: {value!r} is no {field['type']}"
            seen.add(path + key)


def main():
    examples, files = Path(sys.argv[1]), sys.argv[2:]
    events = [event for file in files for event in map(json.loads, open(file)) if event["event_type"] == "nflx"]
    segments = [event["nflx"] for event in events if event["nflx"]["type"] == "segment"]
    assert segments, "no segments"

    template = json.loads((examples / "eve-template.json").read_text())
    seen = set()
    for event in events:
        check(event, template["template"]["mappings"]["properties"], seen)

    connection = duckdb.connect()
    connection.execute("SET VARIABLE eve = ?", [files])
    answers = []
    for statement in connection.extract_statements((examples / "eve.sql").read_text()):
        result = connection.execute(statement)
        if statement.type == duckdb.StatementType.SELECT:
            answers.append(result.fetchall())
    by_server, by_hour, servers, by_day = answers
    assert sum(row[3] for row in by_server) == len(segments)
    assert sum(row[4] for row in by_server) == sum(segment["app_bytes"] for segment in segments)
    assert sum(row[2] for row in by_hour) == sum(segment["kind"] == "video" for segment in segments)
    newest = {event["nflx"]["server"]: event["nflx"] for event in events if event["nflx"]["type"] == "server"}
    assert {row[0] for row in servers} == newest.keys()
    if len(files) == 1:
        assert all(row[5] == newest[row[0]]["in_bytes"] for row in servers), (servers, newest)
    sessions = [event["nflx"] for event in events if event["nflx"]["type"] == "session"]
    assert sum(row[1] for row in by_day) == len(sessions) > 0
    assert sum(row[3] or 0 for row in by_day) == sum(session.get("stalls", 0) for session in sessions)
    windows = sum(event["nflx"]["type"] == "quality" for event in events)
    assert connection.execute("SELECT count(*) FROM quality").fetchone() == (windows,) != (0,)
    # What is kept of months.
    with tempfile.TemporaryDirectory() as folder:
        kept = f"{folder}/kept.parquet"
        connection.execute(f"COPY (FROM segments) TO '{kept}'")
        assert connection.execute("SELECT count(*) FROM read_parquet(?)", [kept]).fetchone() == (len(segments),)
    print(f"{len(segments)} segments and {len(servers)} servers; {len(seen)} fields of the types they are mapped to")


if __name__ == "__main__":
    main()
