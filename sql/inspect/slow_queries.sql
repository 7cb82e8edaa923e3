-- Where the time of this database goes: its statements by total time since pg_stat_statements was last reset.
-- Bad: a share_of_total_ratio over 0.2 (start there, not at the highest mean), a stddev_ms above mean_ms (the plan or
-- the locks differ from call to call), a cache_hit_ratio under 0.9, thousands of rows_per_call. Then EXPLAIN (ANALYZE,
-- BUFFERS) it. Statements that cannot have a plan (BEGIN, SET, DDL) are left out, but count in the total.
-- Needs: pg_stat_statements preloaded and created in this database. Where it is not, one row says so. A role without
-- pg_read_all_stats sees other roles' figures without their queries.
WITH extension AS (
    -- The extension may be missing, lie in any schema and have other columns in each version. So its view is named only
    -- in a text, which is run when all is well, and rows come as JSON.
    SELECT (SELECT n.nspname
              FROM pg_catalog.pg_extension AS e
              JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
             WHERE e.extname = 'pg_stat_statements') AS schema,
           -- Its settings are only there when it was preloaded; without that its view raises an error.
           EXISTS (SELECT FROM pg_catalog.pg_settings WHERE name = 'pg_stat_statements.max') AS is_loaded
), checked AS (
    SELECT schema,
           CASE WHEN schema IS NULL THEN 'pg_stat_statements is not created in this database: CREATE EXTENSION'
                WHEN NOT is_loaded THEN 'pg_stat_statements is not in shared_preload_libraries'
                WHEN NOT has_schema_privilege(schema, 'USAGE')
                THEN format('%s may not use the schema %I, where pg_stat_statements is', current_user, schema)
           END AS obstacle
      FROM extension
), asked AS MATERIALIZED (
    -- Of the functions that run a text, ts_stat is the one that every build has (query_to_xml wants libxml). Each row
    -- goes through it as one lexeme, which may have 2,047 bytes: hence these columns alone, and 200 characters.
    SELECT answer.word::jsonb AS statement
      FROM checked
     CROSS JOIN LATERAL pg_catalog.ts_stat(format($view$
           SELECT array_to_tsvector(ARRAY[(
                      SELECT jsonb_object_agg(c.key, c.value)
                        FROM jsonb_each(to_jsonb(s) || jsonb_build_object('query', left(
                                 regexp_replace(s.query, '\s+', ' ', 'g'), 200))) AS c (key, value)
                       WHERE c.key IN ('queryid', 'userid', 'toplevel', 'query', 'calls', 'rows', 'total_exec_time',
                                       'mean_exec_time', 'max_exec_time', 'stddev_exec_time', 'shared_blks_hit',
                                       'shared_blks_read', 'temp_blks_written', 'blk_read_time',
                                       'shared_blk_read_time'))::text])
             FROM %I.pg_stat_statements AS s
            WHERE s.dbid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = current_database())
           $view$, schema)) AS answer
     WHERE obstacle IS NULL
), statements AS MATERIALIZED (
    SELECT statement ->> 'query' AS query,
           (statement ->> 'queryid')::bigint AS queryid,
           (statement ->> 'userid')::oid AS role_id,
           (statement ->> 'calls')::numeric AS calls,
           (statement ->> 'rows')::numeric AS rows,
           (statement ->> 'total_exec_time')::numeric AS total_ms,
           (statement ->> 'mean_exec_time')::numeric AS mean_ms,
           (statement ->> 'max_exec_time')::numeric AS max_ms,
           (statement ->> 'stddev_exec_time')::numeric AS stddev_ms,
           (statement ->> 'shared_blks_hit')::numeric AS hit_blocks,
           (statement ->> 'shared_blks_read')::numeric AS read_blocks,
           (statement ->> 'temp_blks_written')::numeric AS temp_blocks,
           -- PostgreSQL 17 gave local blocks their own timing and this one a longer name.
           coalesce(statement ->> 'shared_blk_read_time', statement ->> 'blk_read_time')::numeric AS read_ms
      FROM asked
), planned AS (
    SELECT *, total_ms / nullif(sum(total_ms) OVER (), 0) AS share
      FROM statements
)
SELECT queryid,
       pg_catalog.pg_get_userbyid(role_id) AS role,
       calls,
       round(total_ms, 1) AS total_ms,
       round(share, 4) AS share_of_total_ratio,
       round(mean_ms, 3) AS mean_ms,
       round(max_ms, 3) AS max_ms,
       round(stddev_ms, 3) AS stddev_ms,
       round(rows / nullif(calls, 0), 1) AS rows_per_call,
       round(hit_blocks / nullif(hit_blocks + read_blocks, 0), 4) AS cache_hit_ratio,
       round(read_ms, 1) AS read_ms,
       temp_blocks * current_setting('block_size')::bigint AS temp_written_bytes,
       query
  FROM planned
 -- The first word behind comments. What a role may not read cannot be judged, and stays.
 WHERE query ~* '^(\s|/\*.*?\*/|--[^\n]*\n|\()*'
                '(select|insert|update|delete|merge|with|values|table|call|copy|refresh|fetch|execute|<insufficient)\M'
UNION ALL
SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, obstacle
  FROM checked
 WHERE obstacle IS NOT NULL
 -- By the rounded time, which many small ones share; their share of the total tells them apart.
 ORDER BY total_ms DESC NULLS LAST, share_of_total_ratio DESC
 LIMIT 30;
