-- What maintenance asks the catalog. The work itself is done by jobs: VACUUM and REINDEX CONCURRENTLY cannot stand in a
-- function. New objects only.

-- B-tree indexes beside the size that their rows would need: a page of 8 kB holds as many entries as its fill factor of
-- 90 % has room for. Estimated from the planner's statistics, so an index of a table that was never analysed is left
-- out; what the design took for bloat, few scans, says that an index is not needed. It does not know how much smaller
-- deduplication makes an index of few different values: that one may be larger than it need be, and show 0.
CREATE VIEW ops.index_bloat WITH (security_invoker = true) AS
SELECT widths.index, widths.relation, widths.bytes,
       (sized.wanted_pages * 8192)::bigint AS wanted_bytes,
       greatest(round((1 - sized.wanted_pages * 8192 / greatest(widths.bytes, 8192))::numeric, 2), 0) AS bloat
  FROM (SELECT held.indexrelid::regclass AS index, held.indrelid::regclass AS relation,
               pg_catalog.pg_relation_size(held.indexrelid) AS bytes,
               greatest(relation.reltuples, 0) AS entries,
               (SELECT sum(coalesce(statistic.avg_width, 8))
                  FROM unnest(held.indkey::smallint[]) AS key (number)
                  LEFT JOIN pg_catalog.pg_attribute AS attribute
                         ON attribute.attrelid = held.indrelid AND attribute.attnum = key.number
                  LEFT JOIN pg_catalog.pg_stats AS statistic
                         ON statistic.schemaname = relation_schema.nspname
                        AND statistic.tablename = table_.relname
                        AND statistic.attname = attribute.attname) AS width
          FROM pg_catalog.pg_index AS held
          JOIN pg_catalog.pg_class AS relation ON relation.oid = held.indexrelid
          JOIN pg_catalog.pg_class AS table_ ON table_.oid = held.indrelid
          JOIN pg_catalog.pg_namespace AS relation_schema ON relation_schema.oid = table_.relnamespace
          JOIN pg_catalog.pg_am AS method ON method.oid = relation.relam
         WHERE method.amname = 'btree'
           AND relation_schema.nspname <> 'pg_toast'
           AND held.indisvalid
           AND relation.relkind = 'i'
           AND relation.reltuples >= 0
           AND table_.relowner = current_user::regrole) AS widths
 CROSS JOIN LATERAL (
       -- Each entry: a header of 8 bytes, a pointer of 4, the columns, padded to 8.
       SELECT 1 + ceil(widths.entries * (12 + ceil(widths.width / 8.0) * 8) / (8192 * 0.9 - 40)) AS wanted_pages
 ) AS sized;

COMMENT ON VIEW ops.index_bloat IS 'B-tree indexes of the current user''s tables: their size, and what it should be';
COMMENT ON COLUMN ops.index_bloat.bloat IS 'The part of the index that is not needed, from 0 to 1';
