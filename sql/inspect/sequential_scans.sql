-- Tables that are read from end to end again and again: where an index may be missing.
-- Bad: many scans that each read many rows, with a sequential_ratio over 0.1. Then find the statement
-- (slow_queries.sql: many rows read for few rows_per_call) and EXPLAIN it. A report or a dump that reads all of a table
-- is no reason for an index; neither is a table of a few pages, so those under 10,000 rows read per scan are left out.
-- Needs: nothing; every role sees every table. Counts since counted_since, on this server alone: ask each replica.
-- CREATE INDEX reads the table too. rows_estimated is what the statistics believe.
SELECT format('%I.%I', t.schemaname, t.relname) AS relation,
       t.seq_scan AS sequential_scans,
       t.seq_tup_read AS rows_read,
       round(t.seq_tup_read::numeric / nullif(t.seq_scan, 0)) AS rows_per_scan,
       round(t.seq_scan::numeric / nullif(t.seq_scan + coalesce(t.idx_scan, 0), 0), 4) AS sequential_ratio,
       t.n_live_tup AS rows_estimated,
       pg_catalog.pg_table_size(t.relid) AS table_bytes,
       -- Only from PostgreSQL 16 on.
       (to_jsonb(t) ->> 'last_seq_scan')::timestamptz AS last_sequential_scan,
       (SELECT stats_reset FROM pg_catalog.pg_stat_database WHERE datname = current_database()) AS counted_since
  FROM pg_catalog.pg_stat_user_tables AS t
 WHERE t.seq_tup_read >= 10000 * t.seq_scan
   AND t.seq_scan > 0
 ORDER BY t.seq_tup_read DESC, relation
 LIMIT 30;
