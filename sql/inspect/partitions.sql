-- Each partitioned table in a row, and below it its partitions in the order of their bounds: sizes, gaps, how far ahead
-- there are partitions, and whether the default partition has rows.
-- Bad: a finding. Rows in a default partition: no partition for their values can be made until they are moved; how many
-- there are exactly says count_exactly, run as the owner. A gap: rows for it go to the default partition, or are
-- refused where there is none. An ahead_days under the partitions job's reach: it does not run (dbctl schema maintain).
-- Gaps and order are told for ranges over one column of a date, time or number. For more columns, lists and hashes the
-- bounds are shown alone. Rows are the statistics' estimates.
-- Needs: nothing; every role sees every table. Waits behind an exclusive lock.
WITH parents AS MATERIALIZED (
    SELECT p.partrelid AS oid,
           format('%I.%I', n.nspname, c.relname) AS relation,
           p.partdefid,
           pg_catalog.pg_get_partkeydef(p.partrelid) AS key,
           p.partstrat = 'r' AND p.partnatts = 1 AS is_simple_range,
           -- Of an expression the type is not looked for.
           CASE WHEN p.partnatts = 1 THEN (SELECT t.typname
                                             FROM pg_catalog.pg_attribute AS a
                                             JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
                                            WHERE a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]) END AS type
      FROM pg_catalog.pg_partitioned_table AS p
      JOIN pg_catalog.pg_class AS c ON c.oid = p.partrelid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
), partitions AS MATERIALIZED (
    SELECT p.oid AS parent, p.relation, p.type, c.oid, n.nspname, c.relname,
           c.oid = p.partdefid AS is_default,
           i.inhdetachpending AS is_being_detached,
           pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS bound,
           CASE WHEN p.is_simple_range
                THEN regexp_match(pg_catalog.pg_get_expr(c.relpartbound, c.oid),
                                  '^FOR VALUES FROM \(''?(.*?)''?\) TO \(''?(.*?)''?\)$') END AS ends,
           leaves.rows, leaves.bytes
      FROM parents AS p
      JOIN pg_catalog.pg_inherits AS i ON i.inhparent = p.oid
      JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     CROSS JOIN LATERAL (
           -- A partition may be partitioned itself.
           SELECT coalesce(sum(CASE WHEN pg_catalog.pg_relation_size(leaf.oid) = 0 THEN 0
                                    -- Zero after a crash and on a replica; then what the last VACUUM noted.
                                    WHEN pg_catalog.pg_stat_get_live_tuples(leaf.oid) > 0
                                    THEN pg_catalog.pg_stat_get_live_tuples(leaf.oid)
                                    ELSE greatest(leaf.reltuples, 0)::numeric END), 0) AS rows,
                  coalesce(sum(pg_catalog.pg_total_relation_size(leaf.oid)), 0) AS bytes
             FROM pg_catalog.pg_partition_tree(c.oid) AS tree
             JOIN pg_catalog.pg_class AS leaf ON leaf.oid = tree.relid
            WHERE tree.isleaf) AS leaves
), bounded AS (
    SELECT p.*,
           -- Bounds as numbers, so that they can be put in order: of times the seconds.
           CASE WHEN ends[1] = 'MINVALUE' THEN '-Infinity'::numeric
                WHEN type IN ('date', 'timestamp', 'timestamptz') THEN extract(epoch FROM ends[1]::timestamptz)
                WHEN type IN ('int2', 'int4', 'int8', 'numeric') THEN ends[1]::numeric END AS lower,
           CASE WHEN ends[2] = 'MAXVALUE' THEN 'Infinity'::numeric
                WHEN type IN ('date', 'timestamp', 'timestamptz') THEN extract(epoch FROM ends[2]::timestamptz)
                WHEN type IN ('int2', 'int4', 'int8', 'numeric') THEN ends[2]::numeric END AS upper
      FROM partitions AS p
), ordered AS (
    SELECT b.*,
           CASE WHEN b.lower > lag(b.upper) OVER w
                THEN format('nothing from %s to %s', lag(b.ends[2]) OVER w, b.ends[1]) END AS gap
      FROM bounded AS b
    WINDOW w AS (PARTITION BY b.parent, b.lower IS NULL ORDER BY b.lower)
), described AS (
    SELECT o.parent, o.relation, 1 AS place, o.lower,
           format('%I.%I', o.nspname, o.relname) AS partition,
           o.bound,
           NULL::bigint AS partitions,
           o.rows, o.bytes,
           NULL::numeric AS ahead_days,
           CASE WHEN o.is_default AND o.rows > 0 THEN 'default partition with rows'
                WHEN o.is_default AND o.bytes > 0 AND pg_catalog.pg_relation_size(o.oid) > 0
                THEN 'default partition with pages: count'
                WHEN o.is_being_detached THEN 'its detaching was interrupted: DETACH PARTITION ... FINALIZE'
                ELSE o.gap
           END AS finding,
           CASE WHEN o.is_default THEN format('SELECT count(*) FROM %I.%I', o.nspname, o.relname) END AS count_exactly
      FROM ordered AS o
    UNION ALL
    SELECT p.oid, p.relation, 0, NULL,
           NULL,
           format('PARTITION BY %s', p.key),
           count(o.oid),
           coalesce(sum(o.rows), 0), coalesce(sum(o.bytes), 0),
           CASE WHEN p.type IN ('date', 'timestamp', 'timestamptz')
                THEN round((max(o.upper) - extract(epoch FROM now())) / 86400, 1) END,
           concat_ws('; ',
                     CASE WHEN count(o.oid) = 0 THEN 'no partitions' END,
                     CASE WHEN count(o.gap) > 0 THEN format('%s gaps', count(o.gap)) END,
                     CASE WHEN sum(o.rows) FILTER (WHERE o.is_default) > 0 THEN 'rows in the default partition' END,
                     CASE WHEN p.type IN ('date', 'timestamp', 'timestamptz')
                               AND max(o.upper) < extract(epoch FROM now()) THEN 'no partition for today' END),
           NULL
      FROM parents AS p
      LEFT JOIN ordered AS o ON o.parent = p.oid
     GROUP BY p.oid, p.relation, p.key, p.type
)
SELECT relation,
       partition,
       bound,
       nullif(finding, '') AS finding,
       partitions,
       ahead_days,
       rows AS rows_estimated,
       bytes AS total_bytes,
       count_exactly
  FROM described
 ORDER BY max(CASE WHEN finding <> '' THEN 1 ELSE 0 END) OVER (PARTITION BY parent) DESC,
          relation, place, lower NULLS FIRST, partition
 LIMIT 500;
