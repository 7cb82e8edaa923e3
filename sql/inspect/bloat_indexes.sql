-- How much of each B-tree index is space that its entries do not need, estimated from statistics without reading it:
-- needed_bytes_estimated is what it would have after REINDEX.
-- Bad: a wasted_ratio_estimated over 0.5 on an index whose wasted bytes matter; then REINDEX INDEX CONCURRENTLY. Up to
-- 0.35 is normal: pages that grow at random places (random uuids) split in halves and stay about 70 % full.
-- The error: within about 15 % for one column; keys of several columns that depend on each other repeat more often than
-- is believed here, so the index is taken to need more and to waste less. When it matters, pgstatindex('a.b') reads it.
-- Needs: SELECT on the tables; others, and those whose rows a policy hides, are listed without an estimate (pg_monitor
-- alone sees none, a member of the owner all). What happened since the last VACUUM or ANALYZE is not seen. Waits behind
-- an exclusive lock.
WITH RECURSIVE indexes AS MATERIALIZED (
    SELECT i.indexrelid AS oid,
           i.indrelid, i.indkey, i.indclass, i.indisunique, i.indnatts, i.indnkeyatts,
           coalesce(pg_catalog.pg_get_expr(i.indpred, i.indrelid), '') AS predicate,
           format('%I.%I', n.nspname, c.relname) AS index,
           format('%I.%I', tn.nspname, t.relname) AS relation,
           n.nspname, c.relname, tn.nspname AS table_schema, t.relname AS table_name,
           t.reltuples >= 0 AS is_analysed, greatest(t.reltuples, 0)::numeric AS table_rows,
           c.reltuples::numeric AS noted_rows, c.relpages,
           pg_catalog.pg_relation_size(c.oid) AS bytes,
           coalesce(o.fillfactor, 90) AS fillfactor,
           coalesce(o.deduplicates, true) AS deduplicates,
           has_table_privilege(t.oid, 'SELECT') AND NOT row_security_active(t.oid) AS is_visible,
           current_setting('block_size')::integer AS block
      FROM pg_catalog.pg_index AS i
      JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid
      JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.relnamespace
      JOIN pg_catalog.pg_am AS am ON am.oid = c.relam
     CROSS JOIN LATERAL (
           SELECT max(option_value) FILTER (WHERE option_name = 'fillfactor')::integer AS fillfactor,
                  max(option_value) FILTER (WHERE option_name = 'deduplicate_items')::boolean AS deduplicates
             FROM pg_catalog.pg_options_to_table(c.reloptions)) AS o
     WHERE am.amname = 'btree'
       AND c.relkind = 'i'
       AND c.relpersistence <> 't'
       AND i.indisvalid
       AND n.nspname !~ '^pg_'
       AND n.nspname <> 'information_schema'
), columns AS MATERIALIZED (
    SELECT i.oid,
           a.attnum AS place,
           a.attlen > 0 AS is_fixed,
           CASE WHEN a.attlen > 0 THEN a.attlen ELSE s.avg_width END AS bytes,
           -- A short value of variable length (up to 126 bytes) has a header of one byte and stands anywhere.
           CASE WHEN a.attlen = -2 OR (a.attlen = -1 AND a.attstorage <> 'p' AND s.avg_width <= 126) THEN 1
                ELSE CASE a.attalign WHEN 'd' THEN 8 WHEN 'i' THEN 4 WHEN 's' THEN 2 ELSE 1 END
           END AS alignment,
           CASE WHEN i.predicate LIKE '%(' || quote_ident(key.attname) || ' IS NOT NULL)%' THEN 0
                ELSE s.null_frac::numeric END AS absent,
           s.attname IS NOT NULL AS is_known,
           CASE WHEN s.n_distinct < 0 THEN -s.n_distinct::numeric * i.table_rows ELSE s.n_distinct::numeric END
           + CASE WHEN s.null_frac > 0 THEN 1 ELSE 0 END AS distinct_values,
           -- Equal keys share an entry only where equal means the same bytes: the operator class says so by its fourth
           -- support function, which numeric and jsonb, for example, do not have.
           a.attnum > i.indnkeyatts OR EXISTS (
               SELECT FROM pg_catalog.pg_opclass AS o
                 JOIN pg_catalog.pg_amproc AS p
                   ON p.amprocfamily = o.opcfamily AND p.amproclefttype = o.opcintype
                  AND p.amprocrighttype = o.opcintype AND p.amprocnum = 4
                WHERE o.oid = i.indclass[a.attnum - 1]) AS is_same_bytes
      FROM indexes AS i
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.oid AND a.attnum > 0
      LEFT JOIN pg_catalog.pg_attribute AS key
        ON key.attrelid = i.indrelid AND key.attnum = i.indkey[a.attnum - 1] AND key.attnum <> 0
      -- The statistics of an expression are under the index's own name.
      LEFT JOIN pg_catalog.pg_stats AS s
        ON s.schemaname = CASE WHEN key.attname IS NULL THEN i.nspname ELSE i.table_schema END
       AND s.tablename = CASE WHEN key.attname IS NULL THEN i.relname ELSE i.table_name END
       AND s.attname = coalesce(key.attname, a.attname)
       AND NOT s.inherited
), laid AS (
    -- A key's values one after another; the same reckoning as in bloat_tables.sql.
    SELECT oid, 0::smallint AS place, 0::numeric AS bytes, 8 AS grid, 0 AS phase
      FROM indexes
    UNION ALL
    SELECT l.oid, c.place, l.bytes + (1 - c.absent) * (padded.padding + c.bytes), after.grid,
           CASE WHEN after.grid = 1 THEN 0
                WHEN c.absent = 1 THEN l.phase
                ELSE (padded.phase + c.bytes) % after.grid
           END
      FROM laid AS l
      JOIN columns AS c ON c.oid = l.oid AND c.place = l.place + 1 AND c.is_known
     CROSS JOIN LATERAL (
           SELECT CASE WHEN c.alignment <= l.grid THEN (c.alignment - l.phase % c.alignment) % c.alignment
                       ELSE (c.alignment + l.grid) / 2.0 - CASE WHEN l.phase = 0 THEN l.grid ELSE l.phase END
                  END AS padding,
                  CASE WHEN c.alignment <= l.grid
                       THEN (l.phase + (c.alignment - l.phase % c.alignment) % c.alignment) % l.grid
                       ELSE 0
                  END AS phase) AS padded
     CROSS JOIN LATERAL (
           SELECT CASE WHEN c.absent = 1 THEN l.grid
                       WHEN NOT c.is_fixed THEN 1
                       WHEN c.absent = 0 THEN greatest(l.grid, c.alignment)
                       ELSE (SELECT max(common.grid)
                               FROM (VALUES (1), (2), (4), (8)) AS common (grid)
                              WHERE common.grid <= l.grid
                                AND l.phase % common.grid = (padded.phase + c.bytes) % common.grid)
                  END AS grid) AS after
), totals AS (
    SELECT oid,
           bool_and(is_known) AS is_known,
           bool_and(is_same_bytes) AS is_same_bytes,
           max(absent) AS absent,
           -- A product, as sums of logarithms; a column that is only included tells no keys apart.
           sum(ln(greatest(distinct_values, 1))) AS log_of_distinct
      FROM columns
     GROUP BY oid
), keys AS (
    SELECT i.*, t.is_known,
           -- A new index notes 0 rows, which says something only when its table was looked at since.
           CASE WHEN NOT i.is_analysed THEN NULL
                WHEN i.noted_rows = 0 THEN 0
                -- As the planner does: the density that was noted, in the pages that there are.
                WHEN i.noted_rows > 0 AND i.relpages > 0 THEN i.noted_rows / i.relpages * (i.bytes / i.block)
           END AS rows,
           -- The header is 8 bytes, 16 with nulls; the end goes up to a multiple of 8.
           8 * (1 - t.absent) + 16 * t.absent + l.bytes
           + CASE WHEN l.grid = 8 THEN (8 - l.phase) % 8
                  ELSE (8 + l.grid) / 2.0 - CASE WHEN l.phase = 0 THEN l.grid ELSE l.phase END END AS key_bytes,
           i.deduplicates AND t.is_same_bytes AND NOT i.indisunique AND i.indnatts = i.indnkeyatts AS shares_entries,
           t.log_of_distinct
      FROM indexes AS i
      JOIN totals AS t ON t.oid = i.oid
      LEFT JOIN laid AS l ON l.oid = i.oid AND l.place = i.indnatts
), entries AS (
    SELECT k.*,
           -- How often a key repeats; the exponent is capped, since the product of a few columns has no bound.
           CASE WHEN shares_entries AND rows > 0
                THEN greatest(1, rows / exp(least(log_of_distinct, ln(greatest(rows, 1)))))
                ELSE 1 END AS repeats,
           -- Equal keys are one entry with a list of 6 bytes a row, up to a tenth of a page.
           greatest(1, floor((block / 10.0 - key_bytes) / 6)) AS longest_list
      FROM keys AS k
), leaves AS (
    SELECT e.*,
           CASE WHEN repeats < 2 AND repeats * 6 < key_bytes + 4
                -- Some keys once, some twice: the second row of a key costs its 6 bytes, rounded up.
                THEN (key_bytes + 4 + (repeats - 1) * 16) / repeats
                WHEN repeats >= 2 AND longest_list >= 2
                THEN (8 * ceil((key_bytes + 6 * least(repeats, longest_list)) / 8) + 4) / least(repeats, longest_list)
                ELSE key_bytes + 4
           END AS bytes_per_row,
           -- Page header 24, B-tree's own 16, the high key, and what the fillfactor leaves free.
           block - 24 - 16 - (key_bytes + 4) - block * (100 - fillfactor) / 100.0 AS usable_bytes,
           -- Inner pages are filled to 70 %.
           greatest(2, floor((block - 24 - 16) * 0.7 / (key_bytes + 4))) AS children
      FROM entries AS e
), pages AS (
    SELECT l.*,
           CASE WHEN rows = 0 THEN 0
                ELSE ceil(rows * bytes_per_row / greatest(usable_bytes, block / 4.0)) END AS leaf_pages
      FROM leaves AS l
), needed AS (
    SELECT p.*,
           CASE WHEN rows = 0 THEN least(block, bytes)
                WHEN is_known
                -- A meta page, the leaves, and the levels above them.
                THEN least(bytes, block * (1 + leaf_pages + CASE WHEN leaf_pages > 1
                                                                 THEN ceil(leaf_pages / (children - 1)) ELSE 0 END))
           END AS needed_bytes
      FROM pages AS p
)
SELECT relation,
       index,
       round(rows) AS entries_estimated,
       CASE WHEN is_known THEN round(bytes_per_row, 1) END AS entry_bytes_estimated,
       bytes AS index_bytes,
       round(needed_bytes) AS needed_bytes_estimated,
       round(bytes - needed_bytes) AS wasted_bytes_estimated,
       round((bytes - needed_bytes) / nullif(bytes, 0), 3) AS wasted_ratio_estimated,
       CASE WHEN needed_bytes IS NOT NULL THEN NULL
            WHEN NOT is_visible THEN 'the statistics of its table are hidden from this role'
            ELSE 'not analysed, or not in every column: ANALYZE its table'
       END AS obstacle
  FROM needed
 ORDER BY wasted_bytes_estimated DESC NULLS LAST, index_bytes DESC, index
 LIMIT 50;
