-- What takes the disk: this database in the first row, then its tables with their indexes and TOAST; a partitioned
-- table is one row with all of its partitions.
-- Bad: an index_bytes well over heap_bytes (duplicate_indexes.sql, unused_indexes.sql, bloat_indexes.sql), a table that
-- grew since last week without a reason. heap_bytes is the rows alone, toast_bytes the long values with their index.
-- Needs: nothing for the tables. The database's own size takes CONNECT on it, or pg_read_all_stats; else it is NULL.
-- rows_estimated is the planner's number from the last VACUUM or ANALYZE. Waits behind whoever locks a table
-- exclusively.
WITH relations AS (
    SELECT c.oid, c.reltoastrelid, c.reltuples, c.relkind,
           coalesce(CASE WHEN c.relispartition THEN pg_catalog.pg_partition_root(c.oid)::oid END, c.oid) AS root
      FROM pg_catalog.pg_class AS c
     WHERE c.relkind IN ('r', 'm', 'p')
), summed AS (
    SELECT r.root,
           count(*) FILTER (WHERE r.oid <> r.root AND r.relkind <> 'p') AS partitions,
           sum(greatest(r.reltuples, 0)) FILTER (WHERE r.relkind <> 'p') AS rows,
           sum(pg_catalog.pg_table_size(r.oid)) AS table_bytes,
           sum(CASE WHEN r.reltoastrelid <> 0 THEN pg_catalog.pg_total_relation_size(r.reltoastrelid) ELSE 0 END)
           AS toast_bytes,
           sum(pg_catalog.pg_indexes_size(r.oid)) AS index_bytes
      FROM relations AS r
     GROUP BY r.root
), measured AS (
    SELECT 1 AS place, format('%I.%I', n.nspname, c.relname) AS relation, s.partitions,
           s.rows::numeric AS rows, s.table_bytes + s.index_bytes AS total_bytes,
           s.table_bytes - s.toast_bytes AS heap_bytes, s.toast_bytes, s.index_bytes
      FROM summed AS s
      JOIN pg_catalog.pg_class AS c ON c.oid = s.root
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     WHERE n.nspname !~ '^pg_(toast|temp)'
    UNION ALL
    SELECT 0, format('(database %I)', current_database()), NULL, NULL,
           CASE WHEN has_database_privilege(current_database(), 'CONNECT')
                     OR pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE')
                THEN pg_catalog.pg_database_size(current_database()) END,
           NULL, NULL, NULL
)
SELECT relation,
       partitions,
       round(rows) AS rows_estimated,
       total_bytes,
       heap_bytes,
       toast_bytes,
       index_bytes,
       round(total_bytes / nullif(max(total_bytes) FILTER (WHERE place = 0) OVER (), 0), 4) AS share_of_database_ratio
  FROM measured
 ORDER BY place, total_bytes DESC NULLS LAST, relation
 LIMIT 51;
