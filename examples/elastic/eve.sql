-- Events of type nflx in EVE files as four tables, and four questions to them. Run it where the files are:
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
        complete BOOLEAN, estimated BOOLEAN, shared BOOLEAN, inferred BOOLEAN, aborted BOOLEAN,
        "session" UBIGINT, "window" UBIGINT, t_start TIMESTAMPTZ, t_end TIMESTAMPTZ, servers UBIGINT, video_segments UBIGINT,
        audio_segments UBIGINT, video_bytes UBIGINT, audio_bytes UBIGINT, video_media_s DOUBLE, audio_media_s DOUBLE,
        startup_s DOUBLE, played_s DOUBLE, stalls UBIGINT, stalled_s DOUBLE, pauses UBIGINT, seeks UBIGINT,
        video_bitrate_bps DOUBLE, audio_bitrate_bps DOUBLE, switches_up UBIGINT, switches_down UBIGINT, buffer_s DOUBLE,
        "from" TIMESTAMPTZ, "to" TIMESTAMPTZ, label VARCHAR, "value" DOUBLE, confidence DOUBLE, out_of_range BOOLEAN)'})
WHERE event_type = 'nflx';

CREATE OR REPLACE VIEW segments AS
SELECT timestamp, flow_id, in_iface, src_ip AS client, src_port AS client_port, dest_port AS server_port, unnest(nflx)
FROM events WHERE nflx.type = 'segment';

-- Summaries count from the beginning: the newest of a server holds all before it.
CREATE OR REPLACE VIEW servers AS
SELECT unnest(nflx) FROM (
    SELECT arg_max(nflx, (timestamp, nflx.t_last)) AS nflx FROM events WHERE nflx.type = 'server' GROUP BY nflx.server
);

CREATE OR REPLACE VIEW sessions AS
SELECT timestamp, src_ip AS client, unnest(nflx) FROM events WHERE nflx.type = 'session';

-- What a model says of windows, if suricata.yaml names one.
CREATE OR REPLACE VIEW quality AS
SELECT timestamp, src_ip AS client, unnest(nflx) FROM events WHERE nflx.type = 'quality';

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

-- How do viewers fare, by day?
SELECT date_trunc('day', t_start) AS day, count(*) AS sessions, round(median(startup_s), 2) AS startup_s,
    sum(stalls) AS stalls, round(sum(stalled_s) / sum(played_s), 4) AS stalled_share,
    round(median(video_bitrate_bps) / 1e6, 1) AS video_mbit_s
FROM sessions GROUP BY day ORDER BY day;
