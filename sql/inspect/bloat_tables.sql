-- How much of each table is space that its rows do not need, estimated from statistics without reading the table.
-- Bad: a wasted_ratio_estimated over 0.4 on a table whose wasted bytes matter. Up to 0.2 is normal: vacuum leaves room
-- for the next rows. Then find out why (vacuum.sql, transaction_age.sql), and only then rewrite it (pg_repack, VACUUM
-- FULL).
-- The error: within about 10 % of the table when rows have much the same width; more with wide rows, few to a page, and
-- with columns dropped lately. Since it reads what the last VACUUM and ANALYZE noted, it is blind to what happened
-- since. When it matters, SELECT * FROM pgstattuple_approx('a.b') reads the table's pages that are not all visible and
-- counts.
-- Needs: SELECT on the tables; others, and those whose rows a policy hides, are listed without an estimate (pg_monitor
-- alone sees none, a member of the owner all). Of TOAST only the size is told. Waits behind an exclusive lock.
WITH RECURSIVE relations AS MATERIALIZED (
    SELECT c.oid,
           format('%I.%I', n.nspname, c.relname) AS relation,
           n.nspname, c.relname, c.reltuples::numeric AS noted_rows, c.relpages, c.reltoastrelid,
           c.relnatts AS columns,
           pg_catalog.pg_relation_size(c.oid) AS bytes,
           coalesce((SELECT o.option_value::integer
                       FROM pg_catalog.pg_options_to_table(c.reloptions) AS o
                      WHERE o.option_name = 'fillfactor'), 100) AS fillfactor,
           has_table_privilege(c.oid, 'SELECT') AND NOT row_security_active(c.oid) AS is_visible,
           current_setting('block_size')::integer AS block
      FROM pg_catalog.pg_class AS c
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'm')
       AND c.relpersistence <> 't'
       AND n.nspname !~ '^pg_'
       AND n.nspname <> 'information_schema'
), columns AS MATERIALIZED (
    SELECT r.oid,
           row_number() OVER (PARTITION BY r.oid ORDER BY a.attnum) AS place,
           a.attlen > 0 AS is_fixed,
           CASE WHEN a.attlen > 0 THEN a.attlen ELSE s.avg_width END AS bytes,
           -- A short value of variable length (up to 126 bytes) has a header of one byte and stands anywhere.
           CASE WHEN a.attlen = -2 OR (a.attlen = -1 AND a.attstorage <> 'p' AND s.avg_width <= 126) THEN 1
                ELSE CASE a.attalign WHEN 'd' THEN 8 WHEN 'i' THEN 4 WHEN 's' THEN 2 ELSE 1 END
           END AS alignment,
           s.null_frac::numeric AS absent,
           s.attname IS NOT NULL AS is_known
      FROM relations AS r
      JOIN pg_catalog.pg_attribute AS a
        ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated <> 'v'
      LEFT JOIN pg_catalog.pg_stats AS s
        ON s.schemaname = r.nspname AND s.tablename = r.relname AND s.attname = a.attname AND NOT s.inherited
), laid AS (
    -- A row's values one after another. `phase` is the offset modulo `grid`: where all before it is of fixed length the
    -- padding is known exactly (a grid of 8), behind a value of any length it is a mean over the places it may have.
    SELECT oid, 0::bigint AS place, 0::numeric AS bytes, 8 AS grid, 0 AS phase
      FROM relations
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
                       -- It may be missing: what both cases have in common.
                       ELSE (SELECT max(common.grid)
                               FROM (VALUES (1), (2), (4), (8)) AS common (grid)
                              WHERE common.grid <= l.grid
                                AND l.phase % common.grid = (padded.phase + c.bytes) % common.grid)
                  END AS grid) AS after
), totals AS (
    SELECT oid, count(*) AS stored, bool_and(is_known) AS is_known, coalesce(max(absent), 0) AS absent
      FROM columns
     GROUP BY oid
), tuples AS (
    SELECT r.*,
           coalesce(t.is_known, true) AS is_known,
           -- The header is 23 bytes, and the null bitmap a bit for each column in a row that has a null (a column that
           -- was dropped or is virtual is one), both up to a multiple of 8; the row's end too; a pointer of 4 bytes.
           24 * (1 - nulls.share) + 8 * ceil((23 + ceil(r.columns / 8.0)) / 8) * nulls.share
           + coalesce(l.bytes
                      + CASE WHEN l.grid = 8 THEN (8 - l.phase) % 8
                             ELSE (8 + l.grid) / 2.0 - CASE WHEN l.phase = 0 THEN l.grid ELSE l.phase END END, 0)
           + 4 AS row_bytes
      FROM relations AS r
      LEFT JOIN totals AS t ON t.oid = r.oid
      LEFT JOIN laid AS l ON l.oid = r.oid AND l.place = coalesce(t.stored, 0)
     CROSS JOIN LATERAL (
           SELECT CASE WHEN coalesce(t.stored, 0) < r.columns THEN 1 ELSE t.absent END AS share) AS nulls
), estimated AS (
    SELECT t.*,
           CASE WHEN bytes = 0 THEN 0
                -- As the planner does: the density that was noted, in the pages that there are.
                WHEN noted_rows >= 0 AND relpages > 0 THEN noted_rows / relpages * (bytes / block)
                WHEN noted_rows = 0 THEN 0
           END AS rows,
           -- The page's header is 24 bytes. A row that is longer than the rest still gets a page.
           greatest(1, floor((block - 24 - block * (100 - fillfactor) / 100.0) / row_bytes)) AS rows_per_page
      FROM tuples AS t
), needed AS (
    SELECT e.*,
           CASE WHEN rows = 0 THEN 0
                WHEN is_known THEN least(ceil(rows / rows_per_page) * block, bytes)
           END AS needed_bytes
      FROM estimated AS e
)
SELECT relation,
       round(rows) AS rows_estimated,
       CASE WHEN is_known THEN round(row_bytes, 1) END AS row_bytes_estimated,
       bytes AS heap_bytes,
       round(needed_bytes) AS needed_bytes_estimated,
       round(bytes - needed_bytes) AS wasted_bytes_estimated,
       round((bytes - needed_bytes) / nullif(bytes, 0), 3) AS wasted_ratio_estimated,
       CASE WHEN reltoastrelid <> 0 THEN pg_catalog.pg_relation_size(reltoastrelid) END AS toast_bytes,
       CASE WHEN needed_bytes IS NOT NULL THEN NULL
            WHEN NOT is_visible THEN 'its statistics are hidden from this role'
            ELSE 'not analysed, or not in every column: ANALYZE it'
       END AS obstacle
  FROM needed
 ORDER BY wasted_bytes_estimated DESC NULLS LAST, heap_bytes DESC, relation
 LIMIT 50;
