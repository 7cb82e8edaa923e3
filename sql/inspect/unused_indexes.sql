-- Indexes that cost writes and disk without being read: never scanned, scanned less than once in 1,000 rows written to
-- their table, or INVALID (kept up to date, never read).
-- Bad: any large one, when counted_since is long enough to have seen the end of a month, and when every replica says
-- the same: each server counts its own scans alone, so ask the primary and each of them. Then run the statement.
-- Left out: unique and exclusion constraints, what backs a constraint, the replica identity. Indexes of partitions
-- count with their partitioned index, which only can be dropped as a whole. Keep an index that serves_foreign_key
-- unless the referenced rows are never deleted, and one on an expression whose statistics the planner needs.
-- Needs: nothing; every role sees every index. last_scan is NULL before PostgreSQL 16. Waits behind an exclusive lock.
WITH indexes AS (
    SELECT i.indexrelid, i.indrelid, i.indkey, i.indisvalid,
           coalesce(CASE WHEN c.relispartition THEN pg_catalog.pg_partition_root(c.oid)::oid END, c.oid) AS root,
           c.relkind,
           i.indisunique OR i.indisexclusion OR i.indisreplident
           OR EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE k.conindid = i.indexrelid) AS is_needed
      FROM pg_catalog.pg_index AS i
      JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('i', 'I')
       AND c.relpersistence <> 't'
       AND n.nspname !~ '^pg_'
       AND n.nspname <> 'information_schema'
), summed AS (
    SELECT i.root,
           bool_or(i.is_needed) AS is_needed,
           bool_and(i.indisvalid) AS is_valid,
           count(*) FILTER (WHERE i.relkind = 'i' AND i.indexrelid <> i.root) AS partitions,
           coalesce(sum(s.idx_scan), 0) AS scans,
           max((to_jsonb(s) ->> 'last_idx_scan')::timestamptz) AS last_scan,
           coalesce(sum(t.n_tup_ins + t.n_tup_upd + t.n_tup_del), 0) AS writes,
           coalesce(sum(pg_catalog.pg_relation_size(i.indexrelid)), 0) AS bytes
      FROM indexes AS i
      LEFT JOIN pg_catalog.pg_stat_all_indexes AS s ON s.indexrelid = i.indexrelid AND i.relkind = 'i'
      LEFT JOIN pg_catalog.pg_stat_all_tables AS t ON t.relid = i.indrelid AND i.relkind = 'i'
     GROUP BY i.root
)
SELECT format('%I.%I', tn.nspname, t.relname) AS relation,
       format('%I.%I', n.nspname, c.relname) AS index,
       CASE WHEN NOT s.is_valid THEN 'INVALID' WHEN s.scans = 0 THEN 'never scanned' ELSE 'rarely scanned' END
       AS finding,
       s.scans,
       s.writes AS rows_written,
       s.last_scan,
       s.bytes AS index_bytes,
       nullif(s.partitions, 0) AS partitions,
       EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
                WHERE k.contype = 'f' AND k.conrelid = i.indrelid AND i.indkey[0] = ANY (k.conkey))
       AS serves_foreign_key,
       CASE WHEN pg_catalog.pg_is_in_recovery() THEN 'replica' ELSE 'primary' END AS counted_on,
       (SELECT stats_reset FROM pg_catalog.pg_stat_database WHERE datname = current_database()) AS counted_since,
       -- A partitioned index cannot be dropped concurrently.
       format('DROP INDEX %s%I.%I;', CASE WHEN c.relkind = 'i' THEN 'CONCURRENTLY ' ELSE '' END, n.nspname, c.relname)
       AS statement
  FROM summed AS s
  JOIN pg_catalog.pg_index AS i ON i.indexrelid = s.root
  JOIN pg_catalog.pg_class AS c ON c.oid = s.root
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid
  JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.relnamespace
 WHERE NOT s.is_valid
    OR (NOT s.is_needed AND s.scans * 1000 <= s.writes)
    OR (NOT s.is_needed AND s.scans = 0)
 ORDER BY s.is_valid, s.scans = 0 DESC, s.bytes DESC, index
 LIMIT 100;
