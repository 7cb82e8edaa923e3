-- Who waits for whom: each session that waits for a lock beneath the one it waits for; at the top those who hold up the
-- others without waiting themselves, the one with most behind it first.
-- Bad: any row that stays. Look at the top of a tree: "idle in transaction" there means that its client went away in
-- the middle; SELECT pg_cancel_backend(pid) ends a statement, pg_terminate_backend(pid) a session. A row with pid 0 is
-- a prepared transaction (transaction_age.sql has its name). No rows: nobody waits. A waiting ALTER TABLE holds up all
-- that come after it, though it has nothing yet: cancel it, and run it with a lock_timeout.
-- Needs: pg_monitor or pg_read_all_stats; a role without it sees pids and lock modes, but neither queries nor states.
-- Opens no table, so it waits for nobody.
WITH RECURSIVE waiting AS MATERIALIZED (
    -- pg_blocking_pids stops the lock manager for a moment, so only those who wait are asked about.
    SELECT DISTINCT ON (l.pid)
           l.pid, l.mode, l.locktype, l.database, l.relation, l.waitstart,
           (SELECT array_agg(DISTINCT b.pid ORDER BY b.pid) FROM unnest(pg_catalog.pg_blocking_pids(l.pid)) AS b (pid))
           AS blockers
      FROM pg_catalog.pg_locks AS l
     WHERE NOT l.granted
     ORDER BY l.pid, l.waitstart
), parents AS MATERIALIZED (
    -- Whoever stands in a queue waits for all before it. It is shown beneath one: who waits for nothing, else the
    -- longest-waiting one.
    SELECT DISTINCT ON (w.pid) w.pid, b.pid AS parent
      FROM waiting AS w
     CROSS JOIN LATERAL unnest(w.blockers) AS b (pid)
      LEFT JOIN waiting AS ahead ON ahead.pid = b.pid
     ORDER BY w.pid, ahead.pid IS NOT NULL, ahead.waitstart, b.pid
), tree AS (
    SELECT DISTINCT p.parent AS pid, ARRAY[p.parent] AS path
      FROM parents AS p
     WHERE NOT EXISTS (SELECT FROM parents AS above WHERE above.pid = p.parent)
    UNION ALL
    SELECT p.pid, t.path || p.pid
      FROM tree AS t
      JOIN parents AS p ON p.parent = t.pid
     WHERE NOT p.pid = ANY (t.path)
), listed AS (
    SELECT pid, path
      FROM tree
    UNION ALL
    -- A circle has no top until deadlock_timeout breaks it; somebody may have got the lock just now.
    SELECT w.pid, ARRAY[w.pid]
      FROM waiting AS w
     WHERE NOT EXISTS (SELECT FROM tree AS t WHERE t.pid = w.pid)
)
SELECT repeat('  ', cardinality(l.path) - 1) || l.pid AS tree,
       l.pid,
       w.blockers AS blocked_by_pids,
       (SELECT count(*) FROM listed AS behind WHERE behind.path[1] = l.path[1] AND l.pid = ANY (behind.path)) - 1
       AS sessions_behind,
       w.mode AS wanted_mode,
       -- The name of a table that is being made is not seen by others yet; that of another database never.
       CASE WHEN w.relation IS NULL THEN w.locktype
            ELSE coalesce((SELECT format('%I.%I', n.nspname, c.relname)
                             FROM pg_catalog.pg_class AS c
                             JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                            WHERE c.oid = w.relation
                              AND w.database IN (0, (SELECT d.oid FROM pg_catalog.pg_database AS d
                                                      WHERE d.datname = current_database()))),
                          format('relation %s of another database', w.relation))
       END AS wanted,
       round(extract(epoch FROM clock_timestamp() - w.waitstart), 1) AS waited_seconds,
       round(extract(epoch FROM clock_timestamp() - a.xact_start), 1) AS transaction_seconds,
       a.state,
       round(extract(epoch FROM clock_timestamp() - a.state_change), 1) AS in_state_seconds,
       a.usename AS role,
       a.datname AS database,
       a.application_name,
       a.client_addr,
       left(regexp_replace(a.query, '\s+', ' ', 'g'), 200) AS query
  FROM listed AS l
  LEFT JOIN waiting AS w ON w.pid = l.pid
  LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
 ORDER BY (SELECT count(*) FROM listed AS same WHERE same.path[1] = l.path[1]) DESC, l.path
 LIMIT 100;
