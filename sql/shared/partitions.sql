-- The upkeep of partitions: what is kept of which table, and the functions that make, fill, empty and remove partitions
-- accordingly. The same file is a migration of every service. New objects only, and functions replaced.
--
-- Who waits for whom (measured with pg_locks, the same on 15, 16 and 18; R are the tables that the parent refers to):
--
--   CREATE TABLE (LIKE …), then ATTACH   parent SHARE UPDATE EXCLUSIVE, DEFAULT partition ACCESS EXCLUSIVE,
--                                        R SHARE ROW EXCLUSIVE
--   CREATE TABLE … PARTITION OF          the same, but parent ACCESS EXCLUSIVE
--   DROP of an attached partition        parent, partition, DEFAULT partition ACCESS EXCLUSIVE; R not at all
--   DETACH                               the same, and R SHARE ROW EXCLUSIVE
--   DROP of a detached one, ATTACH again R ACCESS EXCLUSIVE, for its foreign keys have triggers of their own there
--
-- So partitions are made with LIKE and ATTACH, removed while they are attached, and detached only to be kept.

CREATE SCHEMA archive;
COMMENT ON SCHEMA archive IS 'Partitions that were taken out of their tables, to be kept; nobody but their owner reaches them';

-- Policies ----------------------------------------------------
-- Partitioning is data: how long something is kept is changed by updating a row.
CREATE TABLE ops.partition_policy (
    parent       regclass PRIMARY KEY,
    every        interval NOT NULL,
    premake      integer  NOT NULL,
    keep         interval,
    on_expiry    text     NOT NULL DEFAULT 'drop',
    open_rows    text,
    registry     regclass,
    leaf_options text[]   NOT NULL DEFAULT '{}',
    prefix       text     NOT NULL UNIQUE,
    CONSTRAINT every_is_a_day_a_month_or_a_year
        CHECK (every::text IN ('1 day', '1 mon', '1 year')),
    CONSTRAINT premake_is_from_1_to_366
        CHECK (premake BETWEEN 1 AND 366),
    CONSTRAINT keep_is_at_least_one_partition
        CHECK (keep >= every),
    CONSTRAINT on_expiry_is_drop_detach_or_hold_open
        CHECK (on_expiry IN ('drop', 'detach', 'hold_open')),
    CONSTRAINT hold_open_says_which_rows_are_open
        CHECK ((on_expiry = 'hold_open') = (open_rows IS NOT NULL)),
    -- They become part of a statement.
    CONSTRAINT leaf_options_are_names_with_values
        CHECK (array_to_string(leaf_options, ' ', 'NULL') ~ '^([a-z_.]+=[a-z0-9.-]+( |$))*$'),
    -- With _YYYY_MM_DD a name has to fit into 63 characters, and the names of its indexes should be readable.
    CONSTRAINT prefix_is_a_short_name
        CHECK (prefix ~ '^[a-z][a-z0-9_]{0,39}$')
);

COMMENT ON TABLE ops.partition_policy IS 'How each partitioned table is partitioned, and what becomes of old rows';
COMMENT ON COLUMN ops.partition_policy.every IS 'What one partition holds: a day, a month or a year, in UTC';
COMMENT ON COLUMN ops.partition_policy.premake IS 'How many partitions are there ahead of the running one';
COMMENT ON COLUMN ops.partition_policy.keep IS 'How old a whole partition may become; NULL: it is kept for ever';
COMMENT ON COLUMN ops.partition_policy.on_expiry IS
    'drop it; detach it into the schema archive; or hold_open: drop it as soon as it has no open row';
COMMENT ON COLUMN ops.partition_policy.open_rows IS 'With hold_open: the condition on a row by which it is open';
COMMENT ON COLUMN ops.partition_policy.registry IS
    'The table that owns the ids of the rows: deleting an id there takes the row, and what hangs on it, with it';
COMMENT ON COLUMN ops.partition_policy.leaf_options IS 'Storage parameters of each partition, such as fillfactor=90';
COMMENT ON COLUMN ops.partition_policy.prefix IS 'What the names of partitions begin with: prefix_YYYY_MM';

ALTER TABLE ops.partition_policy ENABLE ROW LEVEL SECURITY;

-- What was detached to be kept. Nothing ever drops it; ops.attach_partition brings it back.
CREATE TABLE ops.detached_partitions (
    partition      regclass    PRIMARY KEY,
    parent         regclass    NOT NULL,
    lower_bound    timestamptz NOT NULL,
    upper_bound    timestamptz NOT NULL,
    detached_at    timestamptz NOT NULL DEFAULT now(),
    -- Set while it is attached again: without it, the next maintenance would detach it at once.
    attached_until timestamptz
);

COMMENT ON TABLE ops.detached_partitions IS 'Partitions that were detached into the schema archive, or are back from it';

ALTER TABLE ops.detached_partitions ENABLE ROW LEVEL SECURITY;

-- Partitions belong to whoever owns their table, and some tables have an owner of their own. These definer functions
-- are all that another owner needs of the two tables above; ops.let_maintain_partitions gives them to it.

-- The policies of one owner's tables, or of everybody's (NULL), with what the catalog says of the partition key.
CREATE FUNCTION ops.partition_policies(of_owner name DEFAULT current_user)
    RETURNS TABLE (parent regclass, every interval, unit text, premake integer, keep interval, on_expiry text,
                   open_rows text, registry regclass, leaf_options text[], prefix text, key name)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
SELECT policy.parent, policy.every,
       CASE policy.every WHEN '1 day' THEN 'day' WHEN '1 mon' THEN 'month' ELSE 'year' END,
       policy.premake, policy.keep, policy.on_expiry, policy.open_rows, policy.registry, policy.leaf_options,
       policy.prefix, key.attname
  FROM ops.partition_policy AS policy
  JOIN pg_class AS relation ON relation.oid = policy.parent
  JOIN pg_partitioned_table AS partitioned ON partitioned.partrelid = policy.parent
  JOIN pg_attribute AS key ON key.attrelid = policy.parent AND key.attnum = partitioned.partattrs[0]
 WHERE of_owner IS NULL OR pg_get_userbyid(relation.relowner) = of_owner
 ORDER BY policy.parent::text
$$;

CREATE FUNCTION ops.note_detached(was regclass, of_parent regclass, lower_bound timestamptz, upper_bound timestamptz)
    RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
INSERT INTO ops.detached_partitions (partition, parent, lower_bound, upper_bound)
VALUES (was, of_parent, note_detached.lower_bound, note_detached.upper_bound)
    ON CONFLICT (partition) DO UPDATE SET detached_at = now(), attached_until = NULL
$$;

CREATE FUNCTION ops.note_attached(again regclass, until timestamptz) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
UPDATE ops.detached_partitions SET attached_until = until WHERE partition = again
$$;

CREATE FUNCTION ops.find_detached(of_name text)
    RETURNS TABLE (partition regclass, parent regclass, lower_bound timestamptz, upper_bound timestamptz,
                   attached_until timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
SELECT was.partition, was.parent, was.lower_bound, was.upper_bound, was.attached_until
  FROM ops.detached_partitions AS was
  JOIN pg_class AS relation ON relation.oid = was.partition
 WHERE of_name IN (relation.relname, was.partition::text)
$$;

-- A wrong policy is refused when it is written, not when it is first followed.
CREATE FUNCTION ops.check_partition_policy() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_partitioned_table AS partitioned
                     JOIN pg_attribute AS key ON key.attrelid = partrelid AND key.attnum = partattrs[0]
                    WHERE partrelid = NEW.parent AND partstrat = 'r' AND partnatts = 1
                      AND key.atttypid = 'timestamptz'::regtype) THEN
        RAISE EXCEPTION '% is not partitioned by range of one column of type timestamptz', NEW.parent
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.registry IS NOT NULL AND NOT EXISTS (
        SELECT FROM pg_constraint AS key
          JOIN pg_attribute AS own ON own.attrelid = key.conrelid AND own.attnum = key.conkey[1]
          JOIN pg_attribute AS theirs ON theirs.attrelid = key.confrelid AND theirs.attnum = key.confkey[1]
         WHERE key.conrelid = NEW.parent AND key.confrelid = NEW.registry AND key.contype = 'f'
           AND key.confdeltype = 'c' AND cardinality(key.conkey) = 1 AND own.attname = 'id' AND theirs.attname = 'id'
    ) THEN
        RAISE EXCEPTION '% is no registry of %: there is no FOREIGN KEY (id) REFERENCES % (id) ON DELETE CASCADE',
                        NEW.registry, NEW.parent, NEW.registry
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.open_rows IS NOT NULL THEN
        BEGIN
            EXECUTE format('SELECT FROM %s WHERE (%s) LIMIT 0', NEW.parent, NEW.open_rows);
        EXCEPTION WHEN syntax_error_or_access_rule_violation THEN
            RAISE EXCEPTION 'open_rows of % is no condition on its rows: %', NEW.parent, SQLERRM
                USING ERRCODE = 'check_violation', DETAIL = NEW.open_rows;
        END;
    END IF;
    RETURN NEW;
END
$$;

-- The storage parameters of every partition become those of the policy; what the policy does not name is reset.
CREATE FUNCTION ops.set_leaf_options(of_parent regclass) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    policy record;
    leaf   record;
BEGIN
    SELECT * INTO policy FROM ops.partition_policies() WHERE parent = of_parent;
    FOR leaf IN SELECT oid::regclass AS name, coalesce(reloptions, '{}') AS options
                  FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = of_parent ORDER BY 1 LOOP
        IF NOT leaf.options <@ policy.leaf_options THEN
            EXECUTE format('ALTER TABLE %s RESET (%s)', leaf.name,
                           (SELECT string_agg(split_part(option, '=', 1), ', ') FROM unnest(leaf.options) AS option));
        END IF;
        IF NOT policy.leaf_options <@ leaf.options THEN
            EXECUTE format('ALTER TABLE %s SET (%s)', leaf.name, array_to_string(policy.leaf_options, ', '));
        END IF;
    END LOOP;
END
$$;

CREATE FUNCTION ops.follow_leaf_options() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- Only an owner may alter partitions: for another owner's table, it has to be done as that owner.
    IF EXISTS (SELECT FROM ops.partition_policies() WHERE parent = NEW.parent) THEN
        PERFORM ops.set_leaf_options(NEW.parent);
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER check_policy BEFORE INSERT OR UPDATE ON ops.partition_policy
    FOR EACH ROW EXECUTE FUNCTION ops.check_partition_policy();

CREATE TRIGGER follow_leaf_options AFTER INSERT OR UPDATE OF leaf_options ON ops.partition_policy
    FOR EACH ROW EXECUTE FUNCTION ops.follow_leaf_options();

-- What is there, asked of the catalog ----------------------------------------------------
-- Never of names: a table called tasks_2023_q4_board_report is somebody's, and no partition.
CREATE FUNCTION ops.partition_bounds(of_parent regclass)
    RETURNS TABLE (partition regclass, lower_bound timestamptz, upper_bound timestamptz, is_default boolean)
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
    SET datestyle = 'ISO'
AS $$
SELECT leaf.oid::regclass,
       CASE bounds[1] WHEN 'MINVALUE' THEN '-infinity' ELSE trim(BOTH '''' FROM bounds[1]) END::timestamptz,
       CASE bounds[2] WHEN 'MAXVALUE' THEN 'infinity' ELSE trim(BOTH '''' FROM bounds[2]) END::timestamptz,
       bounds IS NULL
  FROM pg_inherits
  JOIN pg_class AS leaf ON leaf.oid = inhrelid
 CROSS JOIN LATERAL regexp_match(pg_get_expr(leaf.relpartbound, leaf.oid), '^FOR VALUES FROM \((.*)\) TO \((.*)\)$')
       AS bounds
 WHERE inhparent = of_parent
 ORDER BY 2 NULLS LAST
$$;

CREATE FUNCTION ops.partition_name(prefix text, unit text, lower_bound timestamptz) RETURNS text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
SELECT prefix || to_char(lower_bound, CASE unit WHEN 'day' THEN '_YYYY_MM_DD' WHEN 'month' THEN '_YYYY_MM' ELSE '_YYYY' END)
$$;

CREATE FUNCTION ops.in_words(lower_bound timestamptz, upper_bound timestamptz) RETURNS text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
    SET datestyle = 'ISO'
AS $$
SELECT format('from %s to %s', replace(lower_bound::text, ' 00:00:00+00', ''),
              replace(upper_bound::text, ' 00:00:00+00', ''))
$$;

-- Why a partition cannot be made, and what mends that; nothing when it can.
CREATE FUNCTION ops.partition_conflict(
    of_parent regclass, partition_name text, lower_bound timestamptz, upper_bound timestamptz,
    OUT problem text, OUT mend text
)
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wanted constant text := format('the partition of %s %s', of_parent, ops.in_words(lower_bound, upper_bound));
    other  record;
BEGIN
    SELECT * INTO other
      FROM ops.partition_bounds(of_parent) AS held
     WHERE NOT held.is_default
       AND held.lower_bound < partition_conflict.upper_bound AND held.upper_bound > partition_conflict.lower_bound
     LIMIT 1;
    IF FOUND THEN
        problem := format('%s would overlap %s, which is %s', wanted, other.partition,
                          ops.in_words(other.lower_bound, other.upper_bound));
        mend := format('ALTER TABLE %s DETACH PARTITION %s, insert its rows into %s, and drop it.',
                       of_parent, other.partition, of_parent);
        RETURN;
    END IF;
    SELECT relation.oid::regclass AS name, relation.relispartition, inherited.inhparent::regclass AS parent
      INTO other
      FROM pg_class AS relation
      LEFT JOIN pg_inherits AS inherited ON inherited.inhrelid = relation.oid
     WHERE relation.relnamespace = to_regnamespace('part') AND relation.relname = partition_name;
    IF FOUND THEN
        problem := format('%s would be called part.%I, but %s', wanted, partition_name,
                          CASE WHEN NOT other.relispartition THEN 'that is something else, and no partition'
                               ELSE (SELECT format('that is a partition of %s %s', other.parent,
                                                   CASE WHEN held.is_default THEN 'for the rows without one'
                                                        ELSE ops.in_words(held.lower_bound, held.upper_bound) END)
                                       FROM ops.partition_bounds(other.parent) AS held
                                      WHERE held.partition = other.name) END);
        mend := format('ALTER TABLE part.%I RENAME TO a name of its own.', partition_name);
    END IF;
END
$$;

-- Locks ----------------------------------------------------
-- Everybody who comes after us queues behind the lock that we wait for. So we wait for at most 50 ms, then let go of
-- everything and come again a little later: nobody else is ever held up for longer, whoever stands in our own way.

-- Lock tables in this order, waiting until the deadline for all of them together: 50 ms for each would add up.
CREATE FUNCTION ops.lock_together(deadline timestamptz, mode text, VARIADIC tables regclass[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET lock_timeout = '50ms'
AS $$
DECLARE
    wanted regclass;
BEGIN
    FOREACH wanted IN ARRAY tables LOOP
        -- 0 would mean to wait for ever.
        PERFORM set_config('lock_timeout', greatest(1, round(1000 * extract(epoch FROM deadline - clock_timestamp())))
                                           || 'ms', true);
        EXECUTE format('LOCK TABLE ONLY %s IN %s MODE', wanted, mode);
    END LOOP;
END
$$;

-- The tables that a table's foreign keys refer to. Of a table that is not ours we may not ask for the lock, though the
-- statement that needs it does; then it waits by itself.
CREATE FUNCTION ops.referenced_tables(by_table regclass) RETURNS regclass[]
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
SELECT coalesce(array_agg(DISTINCT confrelid::regclass ORDER BY confrelid::regclass), '{}')
  FROM pg_constraint
 WHERE conrelid = by_table AND contype = 'f' AND confrelid <> by_table AND has_table_privilege(confrelid, 'TRUNCATE')
$$;

-- Run a statement that gives up quickly, again and again, with growing and random pauses in which nothing is held.
-- Half a minute meets a gap in any traffic of short transactions. Whoever is in the way for longer (a report, a
-- VACUUM, which gives way only to those who wait for a second) is told by name; what runs this may then try again.
CREATE FUNCTION ops.patiently(statement text) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    patience constant interval    := coalesce(nullif(current_setting('ops.lock_patience', true), ''), '30 s')::interval;
    deadline constant timestamptz := clock_timestamp() + patience;
    pause    double precision     := 0.05;
    attempts integer              := 0;
BEGIN
    LOOP
        attempts := attempts + 1;
        BEGIN
            EXECUTE statement;
            RETURN;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            IF clock_timestamp() >= deadline THEN
                RAISE EXCEPTION '% (tried % times within %)', SQLERRM, attempts, patience
                    USING ERRCODE = 'lock_not_available', DETAIL = statement,
                          HINT = 'See pg_locks for who holds the tables; run it again when that has ended.';
            END IF;
        END;
        PERFORM pg_sleep(pause * (0.5 + random()));
        pause := least(pause * 1.5, 2);
    END LOOP;
END
$$;

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

-- One attempt. Everything that takes time (the table, its indexes, moving rows) comes before the locks that others feel.
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

-- Removing partitions ----------------------------------------------------
-- Delete one portion of what a partition that has expired holds, from the registry, and with it what hangs on it; how
-- many rows. The partition stays attached meanwhile: a row and its comments go together, a crash leaves nothing to
-- clean up, and a row that somebody opens again stays. Detaching first would hide the rows and leave their comments,
-- and dropping a detached table locks the tables that it refers to against everybody.
CREATE FUNCTION ops.purge_partition(partition regclass) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    expired record;
    deleted bigint;
BEGIN
    SELECT * INTO expired FROM ops.expired_partitions() AS one WHERE one.partition = purge_partition.partition;
    IF expired.registry IS NULL OR expired.on_expiry = 'detach' THEN
        RAISE EXCEPTION '% is no partition that is to be purged', partition
            USING HINT = 'SELECT * FROM ops.partition_report says which have expired; ops.partition_policy, when they do.';
    END IF;
    -- Whoever has a row locked is at work on it; it is left for the next time.
    EXECUTE format('WITH gone AS (SELECT id FROM ONLY %s WHERE (%s) IS NOT TRUE LIMIT 5000 FOR UPDATE SKIP LOCKED)'
                   ' DELETE FROM %s AS registry USING gone WHERE registry.id = gone.id',
                   partition, coalesce(expired.open_rows, 'false'), expired.registry);
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN deleted;
END
$$;

-- One attempt. Writers of the partition are kept away first, so that what is found in it stays true; readers are not,
-- for this reads all of it. A partition that may not go after all is left alone, with a warning.
CREATE FUNCTION ops.try_expire_partition(partition regclass) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET lock_timeout = '50ms'
AS $$
DECLARE
    expired  record;
    held     text;
    present  boolean;
    deadline timestamptz;
    affected regclass[];
BEGIN
    EXECUTE format('LOCK TABLE ONLY %s IN SHARE ROW EXCLUSIVE MODE', partition);
    SELECT * INTO expired FROM ops.expired_partitions() AS one WHERE one.partition = try_expire_partition.partition;
    IF NOT FOUND THEN
        RAISE EXCEPTION '% is no partition that has expired', partition
            USING HINT = 'SELECT * FROM ops.partition_report says which have; ops.partition_policy, when they do.';
    END IF;
    held := ops.held_because(partition, expired.open_rows);
    IF held IS NULL AND expired.registry IS NOT NULL AND expired.on_expiry <> 'detach' THEN
        EXECUTE format('SELECT EXISTS (SELECT FROM ONLY %s)', partition) INTO present;
        held := CASE WHEN present THEN 'rows that are not purged yet' END;
    END IF;
    IF held IS NOT NULL THEN
        RAISE WARNING '% has expired but is kept, because it has %', partition, held;
        RETURN;
    END IF;
    affected := (SELECT array_agg(other ORDER BY other) FROM (
                     SELECT partition UNION SELECT one.partition FROM ops.partition_bounds(expired.parent) AS one
                      WHERE one.is_default) AS those (other));
    deadline := clock_timestamp() + interval '50 ms';
    PERFORM ops.lock_together(deadline, 'ACCESS EXCLUSIVE', VARIADIC expired.parent || affected);
    IF expired.on_expiry = 'detach' THEN
        PERFORM ops.lock_together(deadline, 'SHARE ROW EXCLUSIVE',
                                  VARIADIC ops.referenced_tables(expired.parent));
        PERFORM ops.detach_into_archive(expired.parent, partition, expired.lower_bound, expired.upper_bound);
    ELSE
        EXECUTE format('DROP TABLE %s', partition);
    END IF;
END
$$;

CREATE FUNCTION ops.expire_partition(partition regclass) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM ops.patiently(format('SELECT ops.try_expire_partition(%L)', partition));
END
$$;

-- The table keeps its rows, keys and rights; what refers to its rows refers to their registry, and stays valid. Rows that
-- came late may have made a second partition of the same days, which then gets a number, as do its indexes.
CREATE FUNCTION ops.detach_into_archive(of_parent regclass, partition regclass,
                                        lower_bound timestamptz, upper_bound timestamptz) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    leaf_name constant name := (SELECT relname FROM pg_class WHERE oid = partition);
    free_name name          := leaf_name;
    number    integer       := 1;
    index_    name;
BEGIN
    EXECUTE format('ALTER TABLE %s DETACH PARTITION %s', of_parent, partition);
    WHILE to_regclass(format('archive.%I', free_name)) IS NOT NULL LOOP
        number := number + 1;
        free_name := format('%s_%s', leaf_name, number);
    END LOOP;
    IF free_name <> leaf_name THEN
        EXECUTE format('ALTER TABLE %s RENAME TO %I', partition, free_name);
        FOR index_ IN SELECT relname FROM pg_index JOIN pg_class ON oid = indexrelid WHERE indrelid = partition LOOP
            EXECUTE format('ALTER INDEX part.%I RENAME TO %I', index_, format('%s_%s', left(index_, 58), number));
        END LOOP;
    END IF;
    EXECUTE format('ALTER TABLE %s SET SCHEMA archive', partition);
    PERFORM ops.note_detached(partition, of_parent, lower_bound, upper_bound);
END
$$;

CREATE FUNCTION ops.try_attach_partition(partition regclass, of_parent regclass,
                                         lower_bound timestamptz, upper_bound timestamptz) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
    SET datestyle = 'ISO'
    SET lock_timeout = '50ms'
AS $$
DECLARE
    conflict record;
    leaf_name constant name := (SELECT relname FROM pg_class WHERE oid = partition);
    key       constant name := (SELECT own.key FROM ops.partition_policies() AS own WHERE own.parent = of_parent);
BEGIN
    EXECUTE format('LOCK TABLE ONLY %s IN SHARE UPDATE EXCLUSIVE MODE', of_parent);
    SELECT * INTO conflict FROM ops.partition_conflict(of_parent, leaf_name, lower_bound, upper_bound);
    IF conflict.problem IS NOT NULL THEN
        RAISE EXCEPTION '%', conflict.problem USING ERRCODE = 'duplicate_table', HINT = conflict.mend;
    END IF;
    EXECUTE format('ALTER TABLE %s ADD CONSTRAINT bounds CHECK (%I IS NOT NULL AND %I >= %L AND %I < %L)',
                   partition, key, key, lower_bound, key, upper_bound);
    EXECUTE format('ALTER TABLE %s SET SCHEMA part', partition);
    PERFORM ops.copy_open_policies(of_parent, partition);
    PERFORM ops.attach_leaf(of_parent, partition, key, 'ACCESS EXCLUSIVE', lower_bound, upper_bound);
END
$$;

-- Bring a partition back from the archive, for a while: then it is detached again, having expired.
CREATE FUNCTION ops.attach_partition(name text, stays interval DEFAULT '7 days') RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
    SET datestyle = 'ISO'
AS $$
DECLARE
    was record;
BEGIN
    SELECT * INTO was FROM ops.find_detached(name);
    IF NOT FOUND OR was.attached_until IS NOT NULL THEN
        RAISE EXCEPTION 'there is no detached partition %', name
            USING ERRCODE = 'undefined_table', HINT = 'SELECT * FROM ops.detached_partitions lists them.';
    END IF;
    PERFORM ops.patiently(format('SELECT ops.try_attach_partition(%L, %L, %L, %L)', was.partition, was.parent,
                                 was.lower_bound, was.upper_bound));
    PERFORM ops.note_attached(was.partition, now() + stays);
END
$$;

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
