-- Partitions are made before their year begins, three years ahead, as the migrations made the first ones. A year that
-- has its partition is left alone. When rows of a year lie in the default partition already, making it fails, and says
-- so: they have to be moved first.
SELECT format('SELECT ops.create_partition(%L, %L, %L, %L)',
              'familytales.content_segments', wanted.name, wanted.year::date, (wanted.year + interval '1 year')::date)
       AS run
  FROM (SELECT year, 'content_segments' || to_char(year, '_YYYY') AS name
          FROM generate_series(date_trunc('year', now() AT TIME ZONE 'UTC'),
                               date_trunc('year', now() AT TIME ZONE 'UTC') + interval '3 years',
                               interval '1 year') AS year) AS wanted
 WHERE to_regclass('part.' || quote_ident(wanted.name)) IS NULL
 ORDER BY wanted.year;
