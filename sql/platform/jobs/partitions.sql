-- Partitions are made before their month begins: for tasks a year ahead, for notifications half a year, as the
-- migrations made the first ones. A month that has its partition is left alone. When rows of a month lie in the default
-- partition already, making it fails, and says so: they have to be moved first.
SELECT format('SELECT ops.create_partition(%L, %L, %L, %L)',
              ahead.parent, wanted.name, wanted.month::date, (wanted.month + interval '1 month')::date) AS run
  FROM (VALUES ('app.tasks', 'tasks', 12),
               ('app.notifications', 'notifications', 6)) AS ahead (parent, prefix, months)
 CROSS JOIN LATERAL (
       SELECT month, ahead.prefix || to_char(month, '_YYYY_MM') AS name
         FROM generate_series(date_trunc('month', now() AT TIME ZONE 'UTC'),
                              date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => ahead.months),
                              interval '1 month') AS month) AS wanted
 WHERE to_regclass('part.' || quote_ident(wanted.name)) IS NULL
 ORDER BY ahead.parent, wanted.month;
