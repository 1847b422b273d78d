#!/usr/bin/env python3
"""Writes an index template for `tshark -T ek` from `tshark -G fields`: make_template.py < FIELDS > template.json."""

import json
import sys

TYPES = {
    "FT_STRING": "keyword",
    "FT_IPv4": "ip",
    "FT_IPv6": "ip",
    "FT_UINT16": "long",
    "FT_UINT32": "long",
    "FT_UINT64": "long",
    "FT_FRAMENUM": "long",
    "FT_DOUBLE": "double",
    "FT_RELATIVE_TIME": "double",
    "FT_BOOLEAN": "boolean",
    "FT_NONE": "keyword",
}


def template(lines):
    fields = {}
    for line in lines:
        row = line.rstrip("\n").split("\t")
        if row[0] == "F" and row[2].startswith("nflx."):
            # As tshark names it: the protocol, and the field with underscores.
            fields["nflx_" + row[2].replace(".", "_")] = {"type": TYPES[row[3]]}
    mappings = {
        "dynamic": False,
        "properties": {
            "timestamp": {"type": "date", "format": "epoch_millis"},
            "layers": {"properties": {"nflx": {"properties": dict(sorted(fields.items()))}}},
        },
    }
    return {"index_patterns": ["packets-*"], "priority": 100, "template": {"mappings": mappings}}


if __name__ == "__main__":
    json.dump(template(sys.stdin), sys.stdout, indent=2)
    print()
