-- What autovacuum has to do and when it last did: each table's dead, inserted and changed rows against the thresholds
-- that hold for it, its own storage parameters included; the most overdue first.
-- Bad: an overdue_ratio well over 1 (autovacuum does not keep up, is switched off, or an old transaction keeps it from
-- cleaning: transaction_age.sql), and a finding. A partitioned table is never analysed by autovacuum, only its
-- partitions are: run ANALYZE on it by a schedule. Rows of each kind are the statistics' estimates.
-- Needs: nothing; every role sees every table. On a replica the counts are zero: ask the primary. Counts are lost in a
-- crash, and are then too low until the next ANALYZE.
WITH relations AS (
    SELECT c.oid, c.relkind, c.reltuples, c.relpages, to_jsonb(c) AS catalog,
           CASE WHEN main.oid IS NULL THEN format('%I.%I', n.nspname, c.relname)
                ELSE format('%I.%I (TOAST)', mainspace.nspname, main.relname) END AS relation,
           -- A TOAST table without parameters of its own follows those of its table.
           CASE WHEN main.oid IS NULL OR c.reloptions::text LIKE '%autovacuum%' THEN c.reloptions
                ELSE main.reloptions END AS options,
           main.oid IS NOT NULL AS is_toast
      FROM pg_catalog.pg_class AS c
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      LEFT JOIN pg_catalog.pg_class AS main ON main.reltoastrelid = c.oid
      LEFT JOIN pg_catalog.pg_namespace AS mainspace ON mainspace.oid = main.relnamespace
     WHERE c.relkind IN ('r', 'm', 'p', 't')
       AND c.relpersistence <> 't'
       AND coalesce(mainspace.nspname, n.nspname) !~ '^pg_'
       AND coalesce(mainspace.nspname, n.nspname) <> 'information_schema'
), parameters AS (
    SELECT r.*,
           coalesce((o.value ->> 'autovacuum_enabled')::boolean, true)
           AND current_setting('autovacuum')::boolean AS is_enabled,
           coalesce(o.value ->> 'autovacuum_vacuum_threshold',
                    current_setting('autovacuum_vacuum_threshold'))::numeric AS vacuum_base,
           coalesce(o.value ->> 'autovacuum_vacuum_scale_factor',
                    current_setting('autovacuum_vacuum_scale_factor'))::numeric AS vacuum_scale,
           -- From PostgreSQL 18 on, -1 for none; before that there is none.
           nullif(coalesce(o.value ->> 'autovacuum_vacuum_max_threshold',
                           current_setting('autovacuum_vacuum_max_threshold', true), '-1')::numeric, -1) AS vacuum_max,
           -- -1: inserts alone bring no vacuum.
           nullif(coalesce(o.value ->> 'autovacuum_vacuum_insert_threshold',
                           current_setting('autovacuum_vacuum_insert_threshold'))::numeric, -1) AS insert_base,
           coalesce(o.value ->> 'autovacuum_vacuum_insert_scale_factor',
                    current_setting('autovacuum_vacuum_insert_scale_factor'))::numeric AS insert_scale,
           coalesce(o.value ->> 'autovacuum_analyze_threshold',
                    current_setting('autovacuum_analyze_threshold'))::numeric AS analyze_base,
           coalesce(o.value ->> 'autovacuum_analyze_scale_factor',
                    current_setting('autovacuum_analyze_scale_factor'))::numeric AS analyze_scale,
           greatest(r.reltuples, 0)::numeric AS rows
      FROM relations AS r
     CROSS JOIN LATERAL (
           SELECT coalesce(jsonb_object_agg(option_name, option_value), '{}') AS value
             FROM pg_catalog.pg_options_to_table(r.options)) AS o
), thresholds AS (
    SELECT p.*,
           least(vacuum_base + vacuum_scale * rows, vacuum_max) AS vacuum_threshold,
           -- From PostgreSQL 18 on only the part that is not frozen counts.
           insert_base + insert_scale * rows
               * CASE WHEN relpages > 0 AND catalog ->> 'relallfrozen' IS NOT NULL
                      THEN greatest(0, 1 - (catalog ->> 'relallfrozen')::numeric / relpages) ELSE 1 END
           AS insert_threshold,
           analyze_base + analyze_scale * rows AS analyze_threshold
      FROM parameters AS p
), measured AS (
    SELECT t.*, s.n_live_tup, s.n_dead_tup, s.n_ins_since_vacuum, s.n_mod_since_analyze,
           greatest(s.last_vacuum, s.last_autovacuum) AS last_vacuum, s.last_autovacuum,
           greatest(s.last_analyze, s.last_autoanalyze) AS last_analyze, s.last_autoanalyze,
           -- ANALYZE of the parent notes how many rows all partitions had.
           (SELECT sum(greatest(leaf.reltuples, 0))::numeric
              FROM pg_catalog.pg_partition_tree(t.oid) AS p
              JOIN pg_catalog.pg_class AS leaf ON leaf.oid = p.relid
             WHERE p.isleaf AND t.relkind = 'p') AS partition_rows
      FROM thresholds AS t
      LEFT JOIN pg_catalog.pg_stat_all_tables AS s ON s.relid = t.oid
), judged AS (
    SELECT m.*,
           CASE WHEN relkind = 'p' THEN abs(partition_rows - rows) / nullif(analyze_threshold, 0)
                ELSE greatest(n_dead_tup / nullif(vacuum_threshold, 0),
                              n_ins_since_vacuum / nullif(insert_threshold, 0),
                              CASE WHEN NOT is_toast THEN n_mod_since_analyze / nullif(analyze_threshold, 0) END)
           END AS overdue
      FROM measured AS m
)
SELECT relation,
       round(overdue, 3) AS overdue_ratio,
       CASE WHEN relkind = 'p' AND reltuples < 0 THEN 'partitioned, never analysed: ANALYZE it'
            WHEN relkind = 'p' AND overdue > 1 THEN 'partitioned, its partitions changed since: ANALYZE it'
            WHEN relkind <> 'p' AND NOT is_enabled THEN 'autovacuum is switched off'
            WHEN NOT is_toast AND reltuples < 0 AND n_live_tup > 0 THEN 'never vacuumed or analysed'
       END AS finding,
       CASE WHEN relkind = 'p' THEN partition_rows ELSE n_live_tup END AS live_rows_estimated,
       n_dead_tup AS dead_rows_estimated,
       round(n_dead_tup::numeric / nullif(n_live_tup + n_dead_tup, 0), 4) AS dead_ratio_estimated,
       CASE WHEN relkind <> 'p' THEN round(vacuum_threshold) END AS vacuum_threshold_rows,
       n_ins_since_vacuum AS inserted_rows_estimated,
       CASE WHEN relkind <> 'p' THEN round(insert_threshold) END AS insert_threshold_rows,
       CASE WHEN relkind = 'p' THEN abs(partition_rows - rows) ELSE n_mod_since_analyze END AS changed_rows_estimated,
       CASE WHEN NOT is_toast THEN round(analyze_threshold) END AS analyze_threshold_rows,
       last_vacuum,
       last_autovacuum,
       last_analyze,
       last_autoanalyze
  FROM judged
 ORDER BY relkind = 'p' AND reltuples < 0 AND partition_rows > 0 DESC, overdue DESC NULLS LAST, relation
 LIMIT 60;
