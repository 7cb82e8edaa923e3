-- What is kept of the partitioned tables. It sets storage parameters of existing partitions, which keeps VACUUM,
-- ANALYZE and changes of the tables away for a moment, and nobody else.
--
-- Tasks are what people work on: a month of them goes two years after its end, and not before the last of them is done,
-- cancelled or deleted, and has been left alone for three months: whoever finishes an old task today still finds it
-- tomorrow. Autovacuum settings stand at the partitions, for a partitioned table takes none; with a fifth of
-- a month as the threshold (the default), a busy month would be vacuumed twice in its life.

CREATE FUNCTION app.commented_since(task uuid, since timestamptz) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT EXISTS (SELECT FROM app.comments AS comment
                    WHERE comment.task_id = task AND comment.created_at > since)
$$;

INSERT INTO ops.partition_policy
    (parent, every, premake, keep, on_expiry, open_rows, registry, leaf_options, prefix)
VALUES
    ('app.tasks', '1 month', 12, '24 months', 'hold_open',
     'status NOT IN (''done'', ''cancelled'') AND deleted_at IS NULL'
     ' OR updated_at > now() - interval ''90 days'' OR app.commented_since(id, now() - interval ''90 days'')',
     'app.task_ids',
     ARRAY['autovacuum_vacuum_scale_factor=0.1', 'autovacuum_analyze_scale_factor=0.05'], 'tasks'),
    ('app.notifications', '1 month', 6, '6 months', 'drop', NULL, NULL,
     ARRAY['autovacuum_vacuum_scale_factor=0.1', 'autovacuum_analyze_scale_factor=0.05'], 'notifications');
