-- How far each standby is behind, seen from either side: on a primary a row for each standby and slot, on a replica
-- what it has received and replayed; in every case a row for this server.
-- Bad: a replay_lag_ms over what readers bear (some seconds), bytes that grow from call to call, a standby that is
-- missing, an inactive slot with retained_bytes (it fills the disk: drop it when its consumer is gone), conflicts that
-- grow (replays cancel queries: shorter queries, or hot_standby_feedback). A time is NULL while nothing is to be sent.
-- Needs: pg_monitor or pg_read_all_stats; a role without it sees that a standby is there, but neither state nor lag.
WITH here AS MATERIALIZED (
    SELECT r.recovers,
           -- The functions of one side raise an error on the other, or say nothing.
           CASE WHEN r.recovers THEN coalesce(pg_catalog.pg_last_wal_replay_lsn(), '0/0'::pg_lsn)
                ELSE pg_catalog.pg_current_wal_lsn() END AS position,
           CASE WHEN r.recovers THEN pg_catalog.pg_last_wal_receive_lsn() END AS received,
           CASE WHEN r.recovers THEN pg_catalog.pg_last_xact_replay_timestamp() END AS replayed_at,
           CASE WHEN r.recovers THEN pg_catalog.pg_is_wal_replay_paused() END AS is_paused
      FROM (SELECT pg_catalog.pg_is_in_recovery() AS recovers) AS r
)
SELECT 0 AS place,
       CASE WHEN h.recovers THEN 'this replica' ELSE 'this primary' END AS kind,
       coalesce(nullif(current_setting('cluster_name'), ''), '(unnamed)') AS name,
       CASE WHEN h.is_paused THEN 'replay is paused'
            WHEN h.recovers THEN coalesce(receiver.status, 'not receiving')
            ELSE format('%s connected', (SELECT count(*) FROM pg_catalog.pg_stat_replication))
       END AS state,
       NULL::text AS sync_state,
       -- What the primary had written when it last spoke and has not arrived.
       CASE WHEN receiver.latest_end_lsn > h.received THEN receiver.latest_end_lsn - h.received
            WHEN receiver.latest_end_lsn <= h.received THEN 0 END AS receive_lag_bytes,
       CASE WHEN h.received > h.position THEN h.received - h.position
            WHEN h.received <= h.position THEN 0 END AS replay_lag_bytes,
       NULL::numeric AS write_lag_ms,
       NULL::numeric AS flush_lag_ms,
       -- On a quiet primary the last transaction is old though nothing is behind.
       CASE WHEN h.recovers AND h.received <= h.position THEN 0
            WHEN h.recovers THEN round(extract(epoch FROM clock_timestamp() - h.replayed_at) * 1000, 1)
       END AS replay_lag_ms,
       NULL::numeric AS retained_bytes,
       -- Each major knows other kinds of conflicts; this adds up whichever there are.
       CASE WHEN h.recovers
            THEN (SELECT sum(kind.value::numeric)
                    FROM pg_catalog.pg_stat_database_conflicts AS c
                   CROSS JOIN LATERAL jsonb_each_text(to_jsonb(c)) AS kind (key, value)
                   WHERE kind.key LIKE 'confl\_%')
       END AS conflicts
  FROM here AS h
  LEFT JOIN pg_catalog.pg_stat_wal_receiver AS receiver ON true
UNION ALL
SELECT 1,
       'standby',
       coalesce(nullif(s.application_name, ''), s.client_addr::text, s.pid::text),
       s.state,
       s.sync_state,
       CASE WHEN h.position > s.flush_lsn THEN h.position - s.flush_lsn WHEN h.position <= s.flush_lsn THEN 0 END,
       CASE WHEN h.position > s.replay_lsn THEN h.position - s.replay_lsn WHEN h.position <= s.replay_lsn THEN 0 END,
       round(extract(epoch FROM s.write_lag) * 1000, 1),
       round(extract(epoch FROM s.flush_lag) * 1000, 1),
       round(extract(epoch FROM s.replay_lag) * 1000, 1),
       NULL,
       NULL
  FROM pg_catalog.pg_stat_replication AS s
 CROSS JOIN here AS h
UNION ALL
SELECT 2,
       format('%s slot', s.slot_type),
       s.slot_name,
       CASE WHEN s.active THEN 'active' ELSE 'inactive' END || coalesce(', WAL ' || s.wal_status, ''),
       NULL,
       NULL,
       CASE WHEN h.position > s.confirmed_flush_lsn THEN h.position - s.confirmed_flush_lsn
            WHEN h.position <= s.confirmed_flush_lsn THEN 0 END,
       NULL,
       NULL,
       NULL,
       CASE WHEN h.position > s.restart_lsn THEN h.position - s.restart_lsn WHEN h.position <= s.restart_lsn THEN 0 END,
       NULL
  FROM pg_catalog.pg_replication_slots AS s
 CROSS JOIN here AS h
 ORDER BY place, replay_lag_bytes DESC NULLS LAST, retained_bytes DESC NULLS LAST, name
 LIMIT 50;
