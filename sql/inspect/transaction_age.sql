-- What keeps vacuum from cleaning, and how near transaction ids are to their end: old transactions, prepared ones,
-- slots and standbys that hold a snapshot, and the age of what is not frozen.
-- Bad: a limit_ratio over 1; the limits are 300 s for a transaction, 60 s for one that is idle, 300 s for a prepared
-- one, vacuum_freeze_min_age for what a slot or a standby holds, and autovacuum_freeze_max_age (a table's own where it
-- has one) for databases and tables, multixacts alike. A frozen age near 1 is normal, since autovacuum then begins by
-- itself; over 1.2 it fails: look at the rows of the other kinds, end or drop what is oldest there, then VACUUM
-- (FREEZE).
-- Needs: pg_monitor or pg_read_all_stats; a role without it sees no sessions or standbys but its own. Ask each replica
-- for its own sessions: with hot_standby_feedback they hold up the primary.
WITH limits AS (
    SELECT current_setting('autovacuum_freeze_max_age')::numeric AS freeze_max,
           current_setting('autovacuum_multixact_freeze_max_age')::numeric AS multixact_freeze_max,
           -- What is not older than this is not frozen anyway.
           nullif(current_setting('vacuum_freeze_min_age')::numeric, 0) AS freeze_min
), tables AS (
    SELECT format('%I.%I', n.nspname, c.relname) AS name,
           age(c.relfrozenxid) AS xids,
           least(o.own, l.freeze_max) AS limit_xids
      FROM pg_catalog.pg_class AS c
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     CROSS JOIN limits AS l
      LEFT JOIN LATERAL (
           SELECT option_value::numeric AS own
             FROM pg_catalog.pg_options_to_table(c.reloptions)
            WHERE option_name = 'autovacuum_freeze_max_age') AS o ON true
     WHERE c.relkind IN ('r', 'm', 't')
       AND c.relfrozenxid <> '0'::xid
     ORDER BY age(c.relfrozenxid) / least(o.own, l.freeze_max) DESC, name
     LIMIT 10
), found AS (
    SELECT CASE WHEN a.state LIKE 'idle in transaction%' THEN 'idle in transaction' ELSE 'transaction' END AS kind,
           coalesce(a.usename, a.backend_type) AS name,
           a.pid,
           a.datname AS database,
           extract(epoch FROM clock_timestamp() - a.xact_start) AS seconds,
           -- From where on an idle one counts is when it fell idle.
           CASE WHEN a.state LIKE 'idle in transaction%'
                THEN extract(epoch FROM clock_timestamp() - a.state_change) / 60
                ELSE extract(epoch FROM clock_timestamp() - a.xact_start) / 300 END AS ratio,
           greatest(age(a.backend_xid), age(a.backend_xmin)) AS xids,
           left(regexp_replace(a.query, '\s+', ' ', 'g'), 200) AS detail
      FROM pg_catalog.pg_stat_activity AS a
     WHERE a.xact_start IS NOT NULL
       AND a.pid <> pg_catalog.pg_backend_pid()
       -- Vacuum's own transactions hold nothing up.
       AND a.backend_type <> 'autovacuum worker'
    UNION ALL
    SELECT 'prepared transaction', p.gid, NULL, p.database,
           extract(epoch FROM clock_timestamp() - p.prepared),
           extract(epoch FROM clock_timestamp() - p.prepared) / 300,
           age(p.transaction),
           format('of %s: COMMIT PREPARED or ROLLBACK PREPARED %L', p.owner, p.gid)
      FROM pg_catalog.pg_prepared_xacts AS p
    UNION ALL
    SELECT 'replication slot', s.slot_name, s.active_pid, s.database, NULL,
           greatest(age(s.xmin), age(s.catalog_xmin)) / l.freeze_min,
           greatest(age(s.xmin), age(s.catalog_xmin)),
           CASE WHEN s.active THEN 'active' ELSE 'inactive: drop it when its consumer is gone' END
      FROM pg_catalog.pg_replication_slots AS s
     CROSS JOIN limits AS l
     WHERE s.xmin IS NOT NULL OR s.catalog_xmin IS NOT NULL
    UNION ALL
    SELECT 'standby', coalesce(nullif(r.application_name, ''), r.client_addr::text), r.pid, NULL, NULL,
           age(r.backend_xmin) / l.freeze_min,
           age(r.backend_xmin),
           'its oldest query, by hot_standby_feedback'
      FROM pg_catalog.pg_stat_replication AS r
     CROSS JOIN limits AS l
     WHERE r.backend_xmin IS NOT NULL
    UNION ALL
    SELECT 'database', d.datname, NULL, d.datname, NULL, age(d.datfrozenxid) / l.freeze_max, age(d.datfrozenxid),
           'oldest transaction id that is not frozen'
      FROM pg_catalog.pg_database AS d
     CROSS JOIN limits AS l
    UNION ALL
    SELECT 'database, multixacts', d.datname, NULL, d.datname, NULL,
           mxid_age(d.datminmxid) / l.multixact_freeze_max,
           mxid_age(d.datminmxid),
           'oldest multixact that is not frozen'
      FROM pg_catalog.pg_database AS d
     CROSS JOIN limits AS l
    UNION ALL
    SELECT 'table', t.name, NULL, current_database(), NULL, t.xids / t.limit_xids, t.xids,
           format('autovacuum freezes it at %s', t.limit_xids)
      FROM tables AS t
)
SELECT kind,
       name,
       pid,
       database,
       round(seconds, 1) AS age_seconds,
       xids AS age_transactions,
       round(ratio, 4) AS limit_ratio,
       detail
  FROM found
 ORDER BY ratio DESC NULLS LAST, xids DESC NULLS LAST, kind, name
 LIMIT 60;
