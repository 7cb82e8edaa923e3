-- Indexes that another index of the same table makes superfluous: the same keys, or a B-tree whose keys are the first
-- keys of another one; with the same operator classes, collations, order and condition.
-- Bad: all of them, since each write pays for both. Run the statement after a look at the two definitions. A redundant
-- prefix is smaller than the one that covers it, so keep it where scans of it alone are the service's most frequent
-- ones.
-- Never listed: what backs a constraint, is the replica identity, or is unique where the other is not. Of two alike the
-- newer one is listed. Of indexes of partitions only those that no partitioned index holds.
-- Needs: nothing; every role sees every index. Waits behind an exclusive lock.
WITH indexes AS MATERIALIZED (
    SELECT i.indexrelid, i.indrelid, i.indisunique, i.indisreplident, i.indnkeyatts,
           c.relam, c.relkind, c.relispartition,
           am.amname = 'btree' AS is_btree,
           i.indnullsnotdistinct AS nulls_not_distinct,
           coalesce(pg_catalog.pg_get_expr(i.indpred, i.indrelid), '') AS predicate,
           EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE k.conindid = i.indexrelid) AS backs_constraint,
           (SELECT array_agg(format('%s %s %s %s', pg_catalog.pg_get_indexdef(i.indexrelid, n, true),
                                    i.indclass[n - 1], i.indcollation[n - 1], i.indoption[n - 1]) ORDER BY n)
              FROM generate_series(1, i.indnkeyatts) AS n) AS keys,
           (SELECT coalesce(array_agg(pg_catalog.pg_get_indexdef(i.indexrelid, n, true)), '{}')
              FROM generate_series(1, i.indnatts) AS n) AS columns,
           (SELECT coalesce(array_agg(pg_catalog.pg_get_indexdef(i.indexrelid, n, true)), '{}')
              FROM generate_series(i.indnkeyatts + 1, i.indnatts) AS n) AS included
      FROM pg_catalog.pg_index AS i
      JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      JOIN pg_catalog.pg_am AS am ON am.oid = c.relam
     WHERE i.indisvalid
       AND NOT i.indisexclusion
       AND n.nspname !~ '^pg_'
       AND n.nspname <> 'information_schema'
), pairs AS (
    SELECT spare.indexrelid AS spare, spare.indrelid, spare.relkind, cover.indexrelid AS cover,
           spare.keys = cover.keys AS is_same,
           row_number() OVER (PARTITION BY spare.indexrelid
                              ORDER BY spare.keys = cover.keys DESC, cover.backs_constraint DESC, cover.indexrelid)
           AS place
      FROM indexes AS spare
      JOIN indexes AS cover
        ON cover.indrelid = spare.indrelid
       AND cover.indexrelid <> spare.indexrelid
       AND cover.relam = spare.relam
       AND cover.predicate = spare.predicate
     WHERE NOT spare.backs_constraint
       AND NOT spare.indisreplident
       AND NOT spare.relispartition
       AND spare.included <@ cover.columns
       AND (NOT spare.indisunique
            OR (cover.indisunique AND spare.keys = cover.keys AND spare.nulls_not_distinct = cover.nulls_not_distinct))
       AND (spare.keys = cover.keys
            OR (spare.is_btree AND spare.keys = cover.keys[1 : spare.indnkeyatts]))
       -- When each covers the other, one of them has to stay: the constraint's, the unique one, the older.
       AND (spare.keys <> cover.keys
            OR NOT cover.included <@ spare.columns
            OR (cover.backs_constraint OR cover.indisreplident OR cover.relispartition)
            OR (cover.indisunique AND NOT spare.indisunique)
            OR cover.indexrelid < spare.indexrelid)
)
SELECT format('%I.%I', tn.nspname, t.relname) AS relation,
       format('%I.%I', n.nspname, c.relname) AS index,
       CASE WHEN p.is_same THEN 'same keys' ELSE 'first keys' END AS finding,
       format('%I.%I', cn.nspname, cc.relname) AS covered_by,
       size.bytes AS index_bytes,
       pg_catalog.pg_get_indexdef(p.spare) AS definition,
       pg_catalog.pg_get_indexdef(p.cover) AS covering_definition,
       -- A partitioned index cannot be dropped concurrently.
       format('DROP INDEX %s%I.%I;', CASE WHEN p.relkind = 'i' THEN 'CONCURRENTLY ' ELSE '' END, n.nspname, c.relname)
       AS statement
  FROM pairs AS p
  JOIN pg_catalog.pg_class AS c ON c.oid = p.spare
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_class AS cc ON cc.oid = p.cover
  JOIN pg_catalog.pg_namespace AS cn ON cn.oid = cc.relnamespace
  JOIN pg_catalog.pg_class AS t ON t.oid = p.indrelid
  JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.relnamespace
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(pg_catalog.pg_relation_size(tree.relid)), pg_catalog.pg_relation_size(p.spare)) AS bytes
         FROM pg_catalog.pg_partition_tree(p.spare) AS tree) AS size
 WHERE p.place = 1
 ORDER BY size.bytes DESC, index
 LIMIT 100;
