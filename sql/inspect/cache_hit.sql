-- How much of what was read lay in shared_buffers: the whole database in the first row, then the tables that cost most.
-- Bad: a ratio under 0.95 for the whole of a transactional service once it is warm, or one table with most of the read
-- bytes: look for its sequential scans first (sequential_scans.sql), then for a larger instance. A block that is not
-- found may still come from the operating system's cache. NULL: nothing was read yet.
-- Needs: nothing; every role sees every table. Counts since the statistics began, on this server alone: ask each
-- replica.
WITH counted AS (
    SELECT relid, schemaname, relname,
           coalesce(heap_blks_hit, 0) AS heap_hit, coalesce(heap_blks_read, 0) AS heap_read,
           coalesce(idx_blks_hit, 0) AS index_hit, coalesce(idx_blks_read, 0) AS index_read,
           coalesce(toast_blks_hit, 0) + coalesce(tidx_blks_hit, 0) AS toast_hit,
           coalesce(toast_blks_read, 0) + coalesce(tidx_blks_read, 0) AS toast_read
      FROM pg_catalog.pg_statio_user_tables
), summed AS (
    SELECT grouping(relid) = 1 AS is_whole,
           CASE WHEN grouping(relid) = 1 THEN '(all tables)' ELSE format('%I.%I', schemaname, relname) END AS relation,
           coalesce(sum(heap_hit), 0) AS heap_hit, coalesce(sum(heap_read), 0) AS heap_read,
           coalesce(sum(index_hit), 0) AS index_hit, coalesce(sum(index_read), 0) AS index_read,
           coalesce(sum(toast_hit), 0) AS toast_hit, coalesce(sum(toast_read), 0) AS toast_read
      FROM counted
     GROUP BY GROUPING SETS ((), (relid, schemaname, relname))
)
SELECT relation,
       (heap_read + index_read + toast_read) * current_setting('block_size')::bigint AS read_bytes,
       round((heap_hit + index_hit + toast_hit)
             / nullif(heap_hit + index_hit + toast_hit + heap_read + index_read + toast_read, 0), 4) AS hit_ratio,
       round(heap_hit / nullif(heap_hit + heap_read, 0), 4) AS heap_hit_ratio,
       round(index_hit / nullif(index_hit + index_read, 0), 4) AS index_hit_ratio,
       round(toast_hit / nullif(toast_hit + toast_read, 0), 4) AS toast_hit_ratio,
       (SELECT stats_reset FROM pg_catalog.pg_stat_database WHERE datname = current_database()) AS counted_since
  FROM summed
 ORDER BY is_whole DESC, read_bytes DESC, relation
 LIMIT 31;
