-- Making partitions, and telling which are to be made, emptied and removed. New objects only, and one function
-- replaced.

-- Making partitions ----------------------------------------------------
-- Whoever may read every row of the table may read them in its partitions, if he gets there at all (no application role
-- does): who dumps the database reads partitions one by one. Each partition has exactly the policies that say so.
CREATE FUNCTION ops.copy_open_policies(of_parent regclass, of_leaf regclass DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    run text;
BEGIN
    FOR run IN
        WITH open AS (
            SELECT policy.polname,
                   (SELECT string_agg(CASE role WHEN 0 THEN 'PUBLIC' ELSE role::regrole::text END, ', ' ORDER BY role)
                      FROM unnest(policy.polroles) AS role) AS readers
              FROM pg_policy AS policy
             WHERE policy.polrelid = of_parent AND policy.polcmd = 'r' AND policy.polpermissive
               AND pg_get_expr(policy.polqual, policy.polrelid) = 'true'
               -- Where something restricts them, they may not read all of it.
               AND NOT EXISTS (SELECT FROM pg_policy AS other
                                WHERE other.polrelid = of_parent AND NOT other.polpermissive
                                  AND other.polcmd IN ('r', '*'))
        ), there AS (
            SELECT leaf.oid::regclass AS leaf, policy.polname,
                   (SELECT string_agg(CASE role WHEN 0 THEN 'PUBLIC' ELSE role::regrole::text END, ', ' ORDER BY role)
                      FROM unnest(policy.polroles) AS role) AS readers
              FROM pg_class AS leaf
              LEFT JOIN pg_policy AS policy ON policy.polrelid = leaf.oid
             WHERE leaf.oid = of_leaf
                OR of_leaf IS NULL AND leaf.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = of_parent)
        )
        SELECT format('DROP POLICY %I ON %s', polname, leaf) FROM there
         WHERE polname IS NOT NULL AND (polname, readers) NOT IN (SELECT polname, readers FROM open)
         UNION ALL
        SELECT format('CREATE POLICY %I ON %s FOR SELECT TO %s USING (true)', open.polname, leaves.leaf, open.readers)
          FROM (SELECT DISTINCT leaf FROM there) AS leaves
         CROSS JOIN open
         WHERE (leaves.leaf, open.polname, open.readers) NOT IN
               (SELECT leaf, polname, readers FROM there WHERE polname IS NOT NULL)
    LOOP
        EXECUTE run;
    END LOOP;
END
$$;

-- Move the rows of an interval out of the DEFAULT partition into a table that is about to become a partition. For the
-- application nothing is deleted: triggers that would say so (and take comments along) must not fire. They are switched
-- off one by one, since each has to be as before afterwards; that keeps writers away from the DEFAULT partition, but
-- not readers.
CREATE FUNCTION ops.move_from_default(default_leaf regclass, into_leaf regclass, key name,
                                      lower_bound timestamptz, upper_bound timestamptz) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET lock_timeout = '50ms'
AS $$
DECLARE
    -- Generated columns are generated again. Identity columns need nothing: the table is none's partition yet.
    columns constant text := (
        SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
         WHERE attrelid = into_leaf AND attnum > 0 AND NOT attisdropped AND attgenerated = '');
    switched record;
    triggers constant jsonb := (
        SELECT coalesce(jsonb_agg(jsonb_build_object('name', tgname, 'state', tgenabled)), '[]') FROM pg_trigger
         WHERE tgrelid = default_leaf AND NOT tgisinternal AND tgenabled <> 'D');
BEGIN
    PERFORM ops.lock_together(clock_timestamp() + interval '50 ms', 'SHARE ROW EXCLUSIVE', default_leaf);
    FOR switched IN SELECT * FROM jsonb_to_recordset(triggers) AS it (name name, state text) LOOP
        EXECUTE format('ALTER TABLE %s DISABLE TRIGGER %I', default_leaf, switched.name);
    END LOOP;
    EXECUTE format('WITH moved AS (DELETE FROM ONLY %s WHERE %I >= %L AND %I < %L RETURNING %s)'
                   ' INSERT INTO %s (%s) SELECT %s FROM moved',
                   default_leaf, key, lower_bound, key, upper_bound, columns, into_leaf, columns, columns);
    FOR switched IN SELECT * FROM jsonb_to_recordset(triggers) AS it (name name, state text) LOOP
        EXECUTE format('ALTER TABLE %s ENABLE %s TRIGGER %I', default_leaf,
                       CASE switched.state WHEN 'R' THEN 'REPLICA' WHEN 'A' THEN 'ALWAYS' ELSE '' END, switched.name);
    END LOOP;
END
$$;

-- Attach a table that holds nothing but rows of its interval. The CHECK proves that to the server, which would read
-- the whole table under its locks otherwise; then it is of no use any more.
CREATE FUNCTION ops.attach_leaf(of_parent regclass, leaf regclass, key name, mode_of_referenced text,
                                lower_bound timestamptz, upper_bound timestamptz) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
    SET datestyle = 'ISO'
    SET lock_timeout = '50ms'
AS $$
DECLARE
    default_leaf constant regclass    := (SELECT partition FROM ops.partition_bounds(of_parent) WHERE is_default);
    deadline     constant timestamptz := clock_timestamp() + interval '50 ms';
BEGIN
    IF default_leaf IS NOT NULL THEN
        PERFORM ops.lock_together(deadline, 'ACCESS EXCLUSIVE', default_leaf);
    END IF;
    PERFORM ops.lock_together(deadline, mode_of_referenced, VARIADIC ops.referenced_tables(of_parent));
    EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)',
                   of_parent, leaf, lower_bound, upper_bound);
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT bounds', leaf);
EXCEPTION WHEN check_violation THEN
    -- A row of the interval came into the DEFAULT partition between our looking and our locking.
    RAISE EXCEPTION '%', SQLERRM USING ERRCODE = 'lock_not_available';
END
$$;

-- One attempt. Everything that takes time (the table, its indexes, moving rows) comes before the locks that others
-- feel.
CREATE FUNCTION ops.try_create_partition(of_parent regclass, partition_name text,
                                         lower_bound timestamptz, upper_bound timestamptz) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
    SET datestyle = 'ISO'
    SET lock_timeout = '50ms'
AS $$
DECLARE
    default_leaf regclass;
    conflict     record;
    filled       boolean;
    leaf         regclass;
    options      constant text[] := (SELECT leaf_options FROM ops.partition_policies() WHERE parent = of_parent);
    key          constant name   := (
        SELECT attname FROM pg_partitioned_table JOIN pg_attribute ON attrelid = partrelid AND attnum = partattrs[0]
         WHERE partrelid = of_parent);
BEGIN
    -- Only another one of us, ANALYZE and changes of the table wait for this.
    EXECUTE format('LOCK TABLE ONLY %s IN SHARE UPDATE EXCLUSIVE MODE', of_parent);
    IF EXISTS (SELECT FROM ops.partition_bounds(of_parent) AS held
                WHERE held.lower_bound = try_create_partition.lower_bound
                  AND held.upper_bound = try_create_partition.upper_bound) THEN
        RETURN;
    END IF;
    SELECT * INTO conflict FROM ops.partition_conflict(of_parent, partition_name, lower_bound, upper_bound);
    IF conflict.problem IS NOT NULL THEN
        RAISE EXCEPTION '%', conflict.problem USING ERRCODE = 'duplicate_table', HINT = conflict.mend;
    END IF;
    -- Not IDENTITY: it is inherited from 17 on, and before that a partition has none.
    EXECUTE format('CREATE TABLE part.%I (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE'
                   ' INCLUDING COMPRESSION INCLUDING GENERATED INCLUDING INDEXES,'
                   ' CONSTRAINT bounds CHECK (%I IS NOT NULL AND %I >= %L AND %I < %L))',
                   partition_name, of_parent, key, key, lower_bound, key, upper_bound);
    leaf := format('part.%I', partition_name)::regclass;
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', leaf);
    IF cardinality(options) > 0 THEN
        EXECUTE format('ALTER TABLE %s SET (%s)', leaf, array_to_string(options, ', '));
    END IF;
    PERFORM ops.copy_open_policies(of_parent, leaf);
    SELECT partition INTO default_leaf FROM ops.partition_bounds(of_parent) WHERE is_default;
    IF FOUND THEN
        EXECUTE format('SELECT EXISTS (SELECT FROM ONLY %s WHERE %I >= %L AND %I < %L)',
                       default_leaf, key, lower_bound, key, upper_bound) INTO filled;
        IF filled THEN
            PERFORM ops.move_from_default(default_leaf, leaf, key, lower_bound, upper_bound);
        END IF;
    END IF;
    PERFORM ops.attach_leaf(of_parent, leaf, key, 'SHARE ROW EXCLUSIVE', lower_bound, upper_bound);
END
$$;

-- Make a partition, with the rows of its days that lie in the DEFAULT partition. One that is there already is left
-- alone. Dates are days in UTC, whatever the session's time zone: else the bounds of neighbours would gape or overlap.
CREATE OR REPLACE FUNCTION ops.create_partition(parent_table regclass, partition_name text, start_date date,
                                                end_date date)
    RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
    SET datestyle = 'ISO'
AS $$
BEGIN
    PERFORM ops.patiently(format('SELECT ops.try_create_partition(%L, %L, %L, %L)', parent_table, partition_name,
                                 start_date::timestamptz, end_date::timestamptz));
END
$$;

-- What there is to do ----------------------------------------------------
-- Each of these returns statements that do it, to be run one by one, each in a transaction of its own; what shall not
-- be done now is not among them, and ops.check_partitions says so. All of them are about tables of the current user.

-- Every interval from the running one to `premake` ahead, whether there is a partition or not. What partitions of
-- another size cover already is not wanted; what they cover in part is, and cannot be made.
CREATE FUNCTION ops.wanted_partitions(months_ahead integer DEFAULT NULL)
    RETURNS TABLE (parent regclass, name text, lower_bound timestamptz, upper_bound timestamptz, distance integer)
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
SELECT policy.parent, ops.partition_name(policy.prefix, policy.unit, start), start, start + policy.every,
       distance::integer
  FROM ops.partition_policies() AS policy
 CROSS JOIN LATERAL generate_series(
       0, CASE WHEN months_ahead IS NULL THEN policy.premake
               -- The last partition is the one in which that many months ahead lies.
               ELSE (SELECT count(*) - 1 FROM generate_series(date_trunc(policy.unit, now()),
                                                              now() + make_interval(months => months_ahead),
                                                              policy.every)) END) AS distance
 CROSS JOIN LATERAL (SELECT date_trunc(policy.unit, now()) + policy.every * distance AS start) AS place
 WHERE NOT coalesce(tstzrange(start, start + policy.every) <@ (
           SELECT range_agg(tstzrange(held.lower_bound, held.upper_bound))
             FROM ops.partition_bounds(policy.parent) AS held WHERE NOT held.is_default), false)
 ORDER BY start, policy.parent::text
$$;

CREATE FUNCTION ops.partitions_to_create(of_parent regclass DEFAULT NULL, months_ahead integer DEFAULT NULL)
    RETURNS TABLE (run text, parent regclass, lower_bound timestamptz, upper_bound timestamptz)
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
    SET datestyle = 'ISO'
AS $$
SELECT format('SELECT ops.create_partition(%L, %L, %L, %L)', wanted.parent, wanted.name, wanted.lower_bound::date,
              wanted.upper_bound::date),
       wanted.parent, wanted.lower_bound, wanted.upper_bound
  FROM ops.wanted_partitions(months_ahead) AS wanted
 CROSS JOIN LATERAL ops.partition_conflict(wanted.parent, wanted.name, wanted.lower_bound, wanted.upper_bound)
       AS conflict
 WHERE (of_parent IS NULL OR wanted.parent = of_parent) AND conflict.problem IS NULL
 ORDER BY wanted.lower_bound, wanted.parent::text
$$;

-- The intervals that have rows in the DEFAULT partition. Beyond the years of four digits there are no partitions; such
-- rows stay, and are told.
CREATE FUNCTION ops.intervals_in_default()
    RETURNS TABLE (parent regclass, name text, lower_bound timestamptz, upper_bound timestamptz)
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
    SET datestyle = 'ISO'
AS $$
DECLARE
    policy       record;
    default_leaf regclass;
BEGIN
    FOR policy IN SELECT * FROM ops.partition_policies() LOOP
        SELECT partition INTO default_leaf FROM ops.partition_bounds(policy.parent) WHERE is_default;
        CONTINUE WHEN NOT FOUND;
        parent := policy.parent;
        FOR lower_bound IN EXECUTE format(
            'SELECT DISTINCT date_trunc(%L, %I) FROM ONLY %s WHERE %I >= ''0001-01-01'' AND %I < ''9999-01-01''',
            policy.unit, policy.key, default_leaf, policy.key, policy.key)
        LOOP
            upper_bound := lower_bound + policy.every;
            name := ops.partition_name(policy.prefix, policy.unit, lower_bound);
            RETURN NEXT;
        END LOOP;
    END LOOP;
END
$$;

-- Their partitions are made, and take the rows. At most two dozen for a table at once, the oldest first, so that a run
-- that finds rows of a thousand days comes to its other work.
CREATE FUNCTION ops.partitions_to_drain()
    RETURNS TABLE (run text, parent regclass, lower_bound timestamptz, upper_bound timestamptz)
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
    SET datestyle = 'ISO'
AS $$
SELECT format('SELECT ops.create_partition(%L, %L, %L, %L)', found.parent, found.name, found.lower_bound::date,
              found.upper_bound::date),
       found.parent, found.lower_bound, found.upper_bound
  FROM (SELECT interval_.*, row_number() OVER (PARTITION BY interval_.parent ORDER BY interval_.lower_bound) AS place
          FROM ops.intervals_in_default() AS interval_
         CROSS JOIN LATERAL ops.partition_conflict(interval_.parent, interval_.name, interval_.lower_bound,
                                                   interval_.upper_bound) AS conflict
         WHERE conflict.problem IS NULL) AS found
 WHERE found.place <= 24
 ORDER BY found.lower_bound, found.parent::text
$$;

-- Whether a partition is one of those that its policy wants gone.
CREATE FUNCTION ops.expired_partitions(keep_at_least interval DEFAULT NULL)
    RETURNS TABLE (parent regclass, partition regclass, lower_bound timestamptz, upper_bound timestamptz,
                   on_expiry text, open_rows text, registry regclass)
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
SELECT policy.parent, held.partition, held.lower_bound, held.upper_bound,
       policy.on_expiry, policy.open_rows, policy.registry
  FROM ops.partition_policies() AS policy
 CROSS JOIN LATERAL ops.partition_bounds(policy.parent) AS held
 -- Nothing is removed earlier than the policy says, whatever it is called with.
 WHERE held.upper_bound <= least(now() - policy.keep, now() - keep_at_least) AND policy.keep IS NOT NULL
   AND NOT EXISTS (SELECT FROM ops.find_detached(held.partition::text) AS back WHERE back.attached_until > now())
 ORDER BY held.upper_bound, policy.parent::text
$$;

-- Why an expired partition is kept; NULL when nothing speaks for it. It reads the partition.
CREATE FUNCTION ops.held_because(partition regclass, open_rows text) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found bigint := 0;
BEGIN
    IF open_rows IS NOT NULL THEN
        EXECUTE format('SELECT count(*) FROM ONLY %s WHERE (%s)', partition, open_rows) INTO found;
    END IF;
    RETURN CASE found WHEN 0 THEN NULL WHEN 1 THEN '1 open row' ELSE found || ' open rows' END;
END
$$;

-- What hangs on the rows of a table with a registry goes first, in portions, since it may be millions of rows: how many
-- portions there are is known beforehand, for a row that comes later is the next run's.
CREATE FUNCTION ops.partitions_to_purge(of_parent regclass DEFAULT NULL, keep_at_least interval DEFAULT NULL)
    RETURNS TABLE (run text, parent regclass, lower_bound timestamptz, upper_bound timestamptz)
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    expired record;
    left_   bigint;
BEGIN
    FOR expired IN SELECT * FROM ops.expired_partitions(keep_at_least) AS one
                    WHERE (of_parent IS NULL OR one.parent = of_parent)
                      AND one.registry IS NOT NULL AND one.on_expiry <> 'detach' LOOP
        CONTINUE WHEN ops.held_because(expired.partition, expired.open_rows) IS NOT NULL;
        EXECUTE format('SELECT count(*) FROM ONLY %s', expired.partition) INTO left_;
        RETURN QUERY
            SELECT format('SELECT ops.purge_partition(%L)', expired.partition), expired.parent, expired.lower_bound,
                   expired.upper_bound
              FROM generate_series(1, ceil(left_ / 5000.0)::integer);
    END LOOP;
END
$$;

CREATE FUNCTION ops.partitions_to_expire(of_parent regclass DEFAULT NULL, keep_at_least interval DEFAULT NULL)
    RETURNS TABLE (run text, parent regclass, lower_bound timestamptz, upper_bound timestamptz)
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
SELECT format('SELECT ops.expire_partition(%L)', expired.partition), expired.parent, expired.lower_bound,
       expired.upper_bound
  FROM ops.expired_partitions(keep_at_least) AS expired
 WHERE (of_parent IS NULL OR expired.parent = of_parent)
   AND ops.held_because(expired.partition, expired.open_rows) IS NULL
$$;
