-- Foreign keys whose columns lead no usable index: each delete, or change of the key, of a referenced row reads all of
-- the referencing table, and holds its locks as long.
-- Bad: a referenced table with deleted_rows, or an action other than NO ACTION, whose referencing table is large. Then
-- run the statement. Harmless where referenced rows are never deleted and nobody asks by these columns.
-- Usable is a valid B-tree index that begins with all the columns in any order (of one column, a hash index too), or a
-- unique index within them. A partial index does not serve the check, except WHERE such a column IS NOT NULL.
-- leading_columns tells how many of several columns the best index begins with: often enough when the first is
-- selective.
-- Needs: nothing; every role sees every table. Row numbers are the planner's estimates. A partitioned table is listed
-- with the number of its partitions that lack the index.
WITH keys AS (
    SELECT k.oid, k.conname, k.conrelid, k.confrelid, k.conkey, k.confdeltype, k.confupdtype, c.relkind,
           -- In a partial index's condition such a test of any of the columns does no harm.
           (SELECT '\(*(' || string_agg(regexp_replace(quote_ident(a.attname), '([^[:alnum:]_ ])', '\\\1', 'g'), '|')
                   || ') IS NOT NULL\)*'
              FROM pg_catalog.pg_attribute AS a
             WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)) AS harmless
      FROM pg_catalog.pg_constraint AS k
      JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
     WHERE k.contype = 'f'
       AND k.conparentid = 0
), tables AS (
    SELECT k.oid AS key, k.conrelid AS relid
      FROM keys AS k
     WHERE k.relkind <> 'p' OR NOT EXISTS (SELECT FROM pg_catalog.pg_partition_tree(k.conrelid) AS p WHERE p.isleaf)
    UNION ALL
    SELECT k.oid, p.relid
      FROM keys AS k
     CROSS JOIN LATERAL pg_catalog.pg_partition_tree(k.conrelid) AS p
     WHERE k.relkind = 'p' AND p.isleaf
), wanted AS (
    -- The key's columns by name: a partition may have them at other places than its parent.
    SELECT t.key, t.relid, array_agg(own.attnum ORDER BY own.attnum) AS columns
      FROM tables AS t
      JOIN keys AS k ON k.oid = t.key
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
      JOIN pg_catalog.pg_attribute AS own ON own.attrelid = t.relid AND own.attname = a.attname
     GROUP BY t.key, t.relid
), served AS (
    SELECT w.key, w.relid,
           -- How many leading columns of an index are columns of the key.
           coalesce(max(lead.columns), 0) AS led,
           coalesce(bool_or(lead.columns >= cardinality(w.columns)
                            OR (i.indisunique AND lead.columns = i.indnkeyatts)), false) AS is_served
      FROM wanted AS w
      JOIN keys AS k ON k.oid = w.key
      LEFT JOIN (pg_catalog.pg_index AS i
                 JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
                 JOIN pg_catalog.pg_am AS am ON am.oid = c.relam AND am.amname IN ('btree', 'hash'))
        ON i.indrelid = w.relid
       AND i.indisvalid
       AND (am.amname = 'btree' OR cardinality(w.columns) = 1)
       AND (i.indpred IS NULL
            OR pg_catalog.pg_get_expr(i.indpred, i.indrelid)
               ~ format('^\(*%s( AND %s)*$', k.harmless, k.harmless))
      LEFT JOIN LATERAL (
           SELECT count(*) AS columns
             FROM generate_series(1, i.indnkeyatts) AS n
            WHERE NOT EXISTS (SELECT FROM generate_series(1, n) AS before (n)
                               WHERE NOT i.indkey[before.n - 1] = ANY (w.columns))) AS lead ON true
     GROUP BY w.key, w.relid, w.columns
), lacking AS (
    SELECT key, min(led) AS led, count(*) FILTER (WHERE NOT is_served) AS tables
      FROM served
     GROUP BY key
    HAVING count(*) FILTER (WHERE NOT is_served) > 0
)
SELECT format('%I.%I', n.nspname, c.relname) AS relation,
       k.conname AS foreign_key,
       list.names AS columns,
       l.led AS leading_columns,
       CASE WHEN k.relkind = 'p' THEN l.tables END AS partitions_without,
       format('%I.%I', fn.nspname, f.relname) AS referenced,
       CASE k.confdeltype WHEN 'a' THEN 'NO ACTION' WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE'
                          WHEN 'n' THEN 'SET NULL' ELSE 'SET DEFAULT' END AS on_delete,
       size.rows AS rows_estimated,
       size.bytes AS table_bytes_estimated,
       pg_catalog.pg_stat_get_tuples_deleted(k.confrelid) AS deleted_rows,
       CASE WHEN k.relkind = 'p'
            THEN format('CREATE INDEX ON ONLY %I.%I (%s); -- then one CONCURRENTLY for each partition, and ATTACH it',
                        n.nspname, c.relname, list.names)
            ELSE format('CREATE INDEX CONCURRENTLY ON %I.%I (%s);', n.nspname, c.relname, list.names)
       END AS statement
  FROM lacking AS l
  JOIN keys AS k ON k.oid = l.key
  JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_class AS f ON f.oid = k.confrelid
  JOIN pg_catalog.pg_namespace AS fn ON fn.oid = f.relnamespace
 CROSS JOIN LATERAL (
       SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY place.n) AS names
         FROM unnest(k.conkey) WITH ORDINALITY AS place (attnum, n)
         JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = place.attnum) AS list
 CROSS JOIN LATERAL (
       SELECT round(sum(greatest(r.reltuples, 0))::numeric) AS rows,
              sum(r.relpages::bigint) * current_setting('block_size')::bigint AS bytes
         FROM tables AS t
         JOIN pg_catalog.pg_class AS r ON r.oid = t.relid
        WHERE t.key = k.oid) AS size
 ORDER BY l.led = 0 DESC, size.rows DESC, relation, foreign_key
 LIMIT 100;
