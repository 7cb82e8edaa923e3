-- Who holds the connections: all of them in the first row, then by role, database, application and state.
-- Bad: a used_ratio over 0.8 in the first row (an ordinary role is refused at free_connections = 0, while reserved ones
-- are left for those who repair), one over 0.8 of a role's own limit, or many "idle in transaction" (they hold locks
-- and keep vacuum from cleaning: transaction_age.sql). Through a pooler a service needs few: look at its pool's size.
-- Needs: pg_monitor or pg_read_all_stats. A role without it counts all sessions, but sees no states but its own.
WITH sessions AS (
    SELECT coalesce(usename, '(none)') AS role, coalesce(datname, '(none)') AS database,
           application_name, coalesce(state, '(hidden)') AS state, state_change
      FROM pg_catalog.pg_stat_activity
     -- Walsenders and workers have places of their own. Of a session that is hidden only the database is seen.
     WHERE coalesce(backend_type, CASE WHEN datname IS NOT NULL THEN 'client backend' END) = 'client backend'
), limits AS (
    SELECT current_setting('max_connections')::integer AS max_connections,
           current_setting('superuser_reserved_connections')::integer
           -- From PostgreSQL 16 on some are kept for the members of pg_use_reserved_connections.
           + coalesce(current_setting('reserved_connections', true)::integer, 0) AS reserved
), counted AS (
    SELECT grouping(role) = 1 AS is_all, role, database, application_name, state,
           count(*) AS connections,
           extract(epoch FROM max(clock_timestamp() - state_change)) AS longest_seconds
      FROM sessions
     GROUP BY GROUPING SETS ((), (role, database, application_name, state))
)
SELECT coalesce(c.role, '(all)') AS role,
       c.database,
       c.application_name,
       c.state,
       c.connections,
       CASE WHEN c.is_all THEN l.max_connections WHEN r.rolconnlimit >= 0 THEN r.rolconnlimit END AS limit_connections,
       CASE WHEN c.is_all THEN l.reserved END AS reserved_connections,
       CASE WHEN c.is_all THEN greatest(l.max_connections - l.reserved - c.connections, 0) END AS free_connections,
       round(CASE WHEN c.is_all THEN c.connections::numeric / nullif(l.max_connections - l.reserved, 0)
                  WHEN r.rolconnlimit >= 0
                  -- The limit is the role's, however many states and databases its connections are spread over.
                  THEN sum(c.connections) OVER (PARTITION BY c.is_all, c.role) / nullif(r.rolconnlimit, 0)
             END, 3) AS used_ratio,
       round(CASE WHEN NOT c.is_all THEN c.longest_seconds END, 1) AS longest_in_state_seconds
  FROM counted AS c
 CROSS JOIN limits AS l
  LEFT JOIN pg_catalog.pg_roles AS r ON r.rolname = c.role
 ORDER BY c.is_all DESC, c.connections DESC, c.role, c.database, c.application_name, c.state
 LIMIT 60;
