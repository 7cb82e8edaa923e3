-- Tasks, in one partition for each month of creation. New tables only.
--
-- A unique constraint on a partitioned table must include the partition key, so nothing could refer to a task by its
-- id. The registry app.task_ids is what owns the ids: it makes them unique, and everything that hangs on a task refers
-- to it. Triggers keep it; no application role writes to it.

CREATE TABLE app.task_ids (
    id              uuid        PRIMARY KEY,
    organization_id uuid        NOT NULL,
    project_id      uuid        NOT NULL,
    created_at      timestamptz NOT NULL,
    UNIQUE (organization_id, id),
    FOREIGN KEY (organization_id, project_id) REFERENCES app.projects (organization_id, id) ON DELETE CASCADE
);

CREATE INDEX idx_task_ids_project_id ON app.task_ids (project_id, organization_id);

-- An enum because it sorts by urgency; as text, `medium` would come after `low` and before `urgent` by the alphabet.
CREATE TYPE app.task_priority AS ENUM ('low', 'medium', 'high', 'urgent');

CREATE TABLE app.tasks (
    id              uuid              NOT NULL DEFAULT gen_random_uuid(),
    organization_id uuid              NOT NULL,
    project_id      uuid              NOT NULL,
    parent_task_id  uuid              CHECK (parent_task_id <> id),
    title           varchar(500)      NOT NULL CHECK (title <> ''),
    description     text,
    status          varchar(50)       NOT NULL DEFAULT 'todo'
                    CHECK (status IN ('todo', 'in_progress', 'review', 'done', 'blocked', 'cancelled')),
    priority        app.task_priority NOT NULL DEFAULT 'medium',
    assignee_id     uuid              REFERENCES auth.users (id) ON DELETE SET NULL,
    reporter_id     uuid              REFERENCES auth.users (id) ON DELETE SET NULL,
    due_date        timestamptz,
    estimated_hours numeric(10, 2)    CHECK (estimated_hours >= 0),
    actual_hours    numeric(10, 2)    CHECK (actual_hours >= 0),
    tags            text[]            NOT NULL DEFAULT '{}',
    metadata        jsonb             NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
    position        integer,
    created_at      timestamptz       NOT NULL DEFAULT now(),
    updated_at      timestamptz       NOT NULL DEFAULT now(),
    completed_at    timestamptz,
    deleted_at      timestamptz,
    PRIMARY KEY (id, created_at),
    FOREIGN KEY (id) REFERENCES app.task_ids (id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, project_id) REFERENCES app.projects (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, parent_task_id) REFERENCES app.task_ids (organization_id, id)
        ON DELETE SET NULL (parent_task_id)
) PARTITION BY RANGE (created_at);

-- None of these leaves deleted tasks out: a foreign key's own search could not use it then.
CREATE INDEX idx_tasks_project_id ON app.tasks (project_id, organization_id, created_at DESC);
CREATE INDEX idx_tasks_organization_id ON app.tasks (organization_id, created_at DESC);
CREATE INDEX idx_tasks_assignee_id ON app.tasks (assignee_id, due_date);
CREATE INDEX idx_tasks_reporter_id ON app.tasks (reporter_id);
CREATE INDEX idx_tasks_parent_task ON app.tasks (parent_task_id, organization_id) WHERE parent_task_id IS NOT NULL;

-- Definer functions: application roles may write tasks, but not the registry.
CREATE FUNCTION app.register_task() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO app.task_ids (id, organization_id, project_id, created_at)
    VALUES (NEW.id, NEW.organization_id, NEW.project_id, NEW.created_at);
    RETURN NEW;
END
$$;

CREATE FUNCTION app.unregister_task() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM app.task_ids WHERE id = OLD.id;
    RETURN NULL;
END
$$;

CREATE FUNCTION app.move_registered_task() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE app.task_ids SET project_id = NEW.project_id WHERE id = NEW.id;
    RETURN NULL;
END
$$;

CREATE FUNCTION app.keep_task_identity() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'id, organization_id and created_at of a task never change'
        USING ERRCODE = 'check_violation', HINT = 'Create a new task instead.';
END
$$;

CREATE TRIGGER register BEFORE INSERT ON app.tasks
    FOR EACH ROW EXECUTE FUNCTION app.register_task();

CREATE TRIGGER unregister AFTER DELETE ON app.tasks
    FOR EACH ROW EXECUTE FUNCTION app.unregister_task();

CREATE TRIGGER move_registered AFTER UPDATE OF project_id ON app.tasks
    FOR EACH ROW WHEN (OLD.project_id <> NEW.project_id) EXECUTE FUNCTION app.move_registered_task();

CREATE TRIGGER keep_identity BEFORE UPDATE ON app.tasks
    FOR EACH ROW
    WHEN ((OLD.id, OLD.organization_id, OLD.created_at) IS DISTINCT FROM (NEW.id, NEW.organization_id, NEW.created_at))
    EXECUTE FUNCTION app.keep_task_identity();

CREATE TRIGGER set_timestamp BEFORE UPDATE ON app.tasks
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION ops.trigger_set_timestamp();

-- From last month, for rows that arrive late, to a year ahead.
SELECT ops.create_months('app.tasks', 'tasks', -1, 12);
SELECT ops.create_default_partition('app.tasks', 'tasks_default');
