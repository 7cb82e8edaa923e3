-- Maintaining partitions: what is told of them, and how it is done by hand. New objects only.

-- What is told ----------------------------------------------------
CREATE FUNCTION ops.default_partition_rows() RETURNS TABLE (parent regclass, partition regclass, held bigint)
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    FOR parent, partition IN
        SELECT policy.parent, leaf.partition FROM ops.partition_policies() AS policy
         CROSS JOIN LATERAL ops.partition_bounds(policy.parent) AS leaf WHERE leaf.is_default
    LOOP
        EXECUTE format('SELECT count(*) FROM ONLY %s', partition) INTO held;
        RETURN NEXT;
    END LOOP;
END
$$;

-- What is wrong with the current user's tables. Urgent is what will lose or misplace rows.
CREATE FUNCTION ops.partition_problems() RETURNS TABLE (parent regclass, urgent boolean, problem text, mend text)
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
SELECT filled.parent, true, format('%s holds rows that have no partition: %s', filled.partition, filled.held),
       'Run the job again, unless something stands in its way or the rows are of no year that a calendar has.'
  FROM ops.default_partition_rows() AS filled WHERE filled.held > 0
 UNION ALL
SELECT filled.parent, true, conflict.problem, conflict.mend
  FROM ops.intervals_in_default() AS filled
 CROSS JOIN LATERAL ops.partition_conflict(filled.parent, filled.name, filled.lower_bound, filled.upper_bound)
       AS conflict
 WHERE conflict.problem IS NOT NULL
 UNION
SELECT wanted.parent, true,
       coalesce(conflict.problem, format('%s has no partition %s', wanted.parent,
                                         ops.in_words(wanted.lower_bound, wanted.upper_bound))),
       coalesce(conflict.mend, 'Run the job again.')
  FROM ops.wanted_partitions() AS wanted
 CROSS JOIN LATERAL ops.partition_conflict(wanted.parent, wanted.name, wanted.lower_bound, wanted.upper_bound)
       AS conflict
 -- That one further ahead is missing is no harm yet, but that it cannot be made should be mended in time.
 WHERE wanted.distance <= 1 OR conflict.problem IS NOT NULL
 UNION ALL
SELECT expired.parent, false,
       format('%s has expired but is kept, because it has %s', expired.partition,
              ops.held_because(expired.partition, expired.open_rows)), NULL
  FROM ops.expired_partitions() AS expired
 WHERE ops.held_because(expired.partition, expired.open_rows) IS NOT NULL
$$;

-- The last statement of the job, so that it fails when something is left that nobody would notice otherwise. A problem
-- of one table has not kept it from maintaining the others.
CREATE FUNCTION ops.check_partitions() RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found record;
BEGIN
    FOR found IN SELECT problem FROM ops.partition_problems() WHERE NOT urgent LOOP
        RAISE WARNING '%', found.problem;
    END LOOP;
    SELECT string_agg(DISTINCT problem, '; ') AS problems, string_agg(DISTINCT mend, ' ') AS mends INTO found
      FROM ops.partition_problems() WHERE urgent;
    IF found.problems IS NOT NULL THEN
        RAISE EXCEPTION '%', found.problems
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = found.mends;
    END IF;
END
$$;

-- Every partition of every table with a policy. What holds one is only asked for the current user's.
CREATE VIEW ops.partition_report AS
SELECT policy.parent, leaf.partition, leaf.lower_bound, leaf.upper_bound, leaf.is_default,
       greatest(relation.reltuples, 0)::bigint AS estimated_rows,
       pg_catalog.pg_total_relation_size(leaf.partition) AS bytes,
       coalesce(leaf.upper_bound <= now() - policy.keep, false) AS expired,
       coalesce(ops.held_because(expired.partition, expired.open_rows),
                (SELECT 'it was brought back until ' || back.attached_until
                   FROM ops.find_detached(leaf.partition::text) AS back WHERE back.attached_until > now()))
       AS held_because
  FROM ops.partition_policies(NULL) AS policy
 CROSS JOIN LATERAL ops.partition_bounds(policy.parent) AS leaf
  JOIN pg_catalog.pg_class AS relation ON relation.oid = leaf.partition
  LEFT JOIN ops.expired_partitions() AS expired ON expired.partition = leaf.partition;

COMMENT ON VIEW ops.partition_report IS 'Every partition, how large it is, whether it has expired, and what holds it';

-- By hand ----------------------------------------------------
-- What the job does, each step committed by itself; with dry_run it only tells. Procedures that commit cannot pin their
-- search_path, so they name every schema and use no operator.
CREATE PROCEDURE ops.maintain_partitions(dry_run boolean DEFAULT false)
    LANGUAGE plpgsql
AS $$
DECLARE
    phase text;
    step  text;
BEGIN
    FOREACH phase IN ARRAY ARRAY['partitions_to_drain', 'partitions_to_create', 'partitions_to_purge',
                                 'partitions_to_expire'] LOOP
        FOR step IN EXECUTE pg_catalog.format('SELECT run FROM ops.%I()', phase) LOOP
            IF dry_run THEN
                RAISE NOTICE '%', step;
            ELSE
                EXECUTE step;
                COMMIT;
            END IF;
        END LOOP;
    END LOOP;
    IF NOT dry_run THEN
        PERFORM ops.check_partitions();
    END IF;
END
$$;

-- The partitions of one table until so many months ahead, of whatever size its policy says.
CREATE PROCEDURE ops.create_monthly_partitions(schema_name text, table_name text, months_ahead integer DEFAULT 6)
    LANGUAGE plpgsql
AS $$
DECLARE
    step text;
BEGIN
    FOR step IN SELECT run FROM ops.partitions_to_create(ops.with_policy(schema_name, table_name), months_ahead) LOOP
        EXECUTE step;
        COMMIT;
    END LOOP;
END
$$;

-- What has expired of one table. It can be kept longer than its policy says, never shorter.
CREATE PROCEDURE ops.drop_old_partitions(schema_name text, table_name text, retention_months integer DEFAULT 24)
    LANGUAGE plpgsql
AS $$
DECLARE
    wanted regclass := ops.with_policy(schema_name, table_name);
    longer interval := pg_catalog.make_interval(months => retention_months);
    step   text;
BEGIN
    FOR step IN SELECT run FROM ops.partitions_to_purge(wanted, longer) LOOP
        EXECUTE step;
        COMMIT;
    END LOOP;
    FOR step IN SELECT run FROM ops.partitions_to_expire(wanted, longer) LOOP
        EXECUTE step;
        COMMIT;
    END LOOP;
END
$$;

CREATE FUNCTION ops.with_policy(schema_name text, table_name text) RETURNS regclass
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found regclass;
BEGIN
    SELECT policy.parent INTO found FROM ops.partition_policies() AS policy
     WHERE policy.parent = to_regclass(format('%I.%I', schema_name, table_name));
    IF found IS NULL THEN
        RAISE EXCEPTION '% has no policy, or belongs to somebody else than %',
                        format('%I.%I', schema_name, table_name), current_user
            USING ERRCODE = 'undefined_object', HINT = 'SELECT * FROM ops.partition_policy lists them.';
    END IF;
    RETURN found;
END
$$;

-- What another owner of partitioned tables needs, to be maintained as that owner.
CREATE FUNCTION ops.let_maintain_partitions(maintainer regrole) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA ops TO %s', maintainer);
    EXECUTE format('GRANT USAGE, CREATE ON SCHEMA part, archive TO %s', maintainer);
    EXECUTE (
        SELECT format('GRANT EXECUTE ON ROUTINE %s TO %s', string_agg(oid::regprocedure::text, ', '), maintainer)
          FROM pg_proc
         WHERE pronamespace = 'ops'::regnamespace
           AND proname IN ('partition_policies', 'note_detached', 'note_attached', 'find_detached', 'set_leaf_options',
                           'partition_bounds', 'partition_name', 'in_words', 'partition_conflict', 'lock_together',
                           'referenced_tables', 'patiently', 'copy_open_policies', 'move_from_default', 'attach_leaf',
                           'try_create_partition', 'create_partition', 'create_default_partition', 'create_months',
                           'create_years', 'wanted_partitions', 'partitions_to_create', 'intervals_in_default',
                           'partitions_to_drain',
                           'expired_partitions', 'held_because', 'partitions_to_purge', 'partitions_to_expire',
                           'purge_partition', 'try_expire_partition', 'expire_partition', 'detach_into_archive',
                           'try_attach_partition', 'attach_partition', 'default_partition_rows', 'partition_problems',
                           'check_partitions', 'maintain_partitions', 'create_monthly_partitions',
                           'drop_old_partitions', 'with_policy'));
END
$$;
