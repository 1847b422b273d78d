-- Events of type nflx in EVE files as two tables, and three questions to them. Run it where the files are:
--
--     printf '%s\n' "SET VARIABLE eve = '/var/log/suricata/eve*.json';" '.read eve.sql' | duckdb
--
-- Columns are named, so that files in which a column happens to be absent read like all others; other events are passed by.

CREATE OR REPLACE VIEW events AS
SELECT * FROM read_json(getvariable('eve'), format = 'newline_delimited', columns = {
    timestamp: 'TIMESTAMPTZ', event_type: 'VARCHAR', flow_id: 'UBIGINT', in_iface: 'VARCHAR',
    src_ip: 'VARCHAR', src_port: 'INTEGER', dest_ip: 'VARCHAR', dest_port: 'INTEGER', proto: 'VARCHAR',
    nflx: 'STRUCT("type" VARCHAR, reason VARCHAR, server VARCHAR, "name" VARCHAR, evidence VARCHAR,
        evidence_kinds VARCHAR[], evidence_scope VARCHAR, "role" VARCHAR, role_reason VARCHAR, flows UBIGINT,
        in_pkts UBIGINT, out_pkts UBIGINT, in_bytes UBIGINT, out_bytes UBIGINT, duplicates UBIGINT, segments UBIGINT,
        segment_bytes UBIGINT, segment UBIGINT, "index" UBIGINT, transport VARCHAR, via VARCHAR, kind VARCHAR,
        kind_reason VARCHAR, request_frame UBIGINT, first_frame UBIGINT, last_frame UBIGINT, t_request TIMESTAMPTZ,
        t_first TIMESTAMPTZ, t_last TIMESTAMPTZ, ttfb_s DOUBLE, duration_s DOUBLE, throughput_bps DOUBLE, pkts UBIGINT,
        bytes UBIGINT, app_bytes UBIGINT, retransmitted_bytes UBIGINT, missing_bytes UBIGINT, size_error UBIGINT,
        complete BOOLEAN, estimated BOOLEAN, shared BOOLEAN, inferred BOOLEAN)'})
WHERE event_type = 'nflx';

CREATE OR REPLACE VIEW segments AS
SELECT timestamp, flow_id, in_iface, src_ip AS client, src_port AS client_port, dest_port AS server_port, unnest(nflx)
FROM events WHERE nflx.type = 'segment';

-- Summaries count from the beginning: the newest of a server holds all before it.
CREATE OR REPLACE VIEW servers AS
SELECT unnest(nflx) FROM (
    SELECT arg_max(nflx, (timestamp, nflx.t_last)) AS nflx FROM events WHERE nflx.type = 'server' GROUP BY nflx.server
);

-- Which servers sent what?
SELECT kind, server, any_value("name") AS "name", count(*) AS segments, sum(app_bytes) AS app_bytes,
    round(median(throughput_bps) / 1e6, 1) AS mbit_s
FROM segments GROUP BY kind, server ORDER BY app_bytes DESC, server;

-- How long do viewers wait for the first byte, by hour?
SELECT date_trunc('hour', t_request) AS hour, count(DISTINCT client) AS viewers, count(*) AS segments,
    round(quantile_cont(ttfb_s, 0.5) * 1000) AS ms_median, round(quantile_cont(ttfb_s, 0.95) * 1000) AS ms_p95
FROM segments WHERE kind = 'video' GROUP BY hour ORDER BY hour;

-- Which servers are Netflix's, and who said so?
SELECT server, "name", evidence, "role", flows, in_bytes FROM servers ORDER BY in_bytes DESC, server;
