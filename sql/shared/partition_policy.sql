-- The upkeep of partitions: what is kept of which table; what the catalog says of them; locks. Making, removing and
-- maintaining them are the next three files. These four are migrations of every service. New objects only.
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
COMMENT ON SCHEMA archive IS
    'Partitions that were taken out of their tables, to be kept; nobody but their owner reaches them';

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

COMMENT ON TABLE ops.detached_partitions IS
    'Partitions that were detached into the schema archive, or are back from it';

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
SELECT prefix || to_char(lower_bound, CASE unit WHEN 'day' THEN '_YYYY_MM_DD' WHEN 'month' THEN '_YYYY_MM'
                                           ELSE '_YYYY' END)
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
-- everything and come again a little later: nobody else is held up for longer by whoever stands in our way. (What is
-- done under the locks takes a few milliseconds; only rows that come out of a DEFAULT partition are looked at under
-- them, a millisecond for a thousand.)

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
    -- Checks that wait for the end of this transaction would be in the way of every change of a table.
    SET CONSTRAINTS ALL IMMEDIATE;
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
