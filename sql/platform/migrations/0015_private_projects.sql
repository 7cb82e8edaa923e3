-- Private projects: they are seen by who created them, by who was added to them, and by the admins of their
-- organisation. Whether a row hangs on a private project stands in the row itself, so that a policy decides without
-- looking elsewhere; foreign keys that cascade keep that true.
--
-- Written for tables as small as they are before the first deployment: each is read and rewritten once. What the new
-- keys refuse is loosened first: an assignment to somebody who is no member of the organisation, and a sub-task in
-- another project than its parent.

-- Who may see a private project, beside its creator and the organisation's admins.
CREATE TABLE app.project_members (
    organization_id uuid        NOT NULL,
    project_id      uuid        NOT NULL,
    user_id         uuid        NOT NULL,
    added_at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project_id, user_id),
    FOREIGN KEY (organization_id, project_id) REFERENCES app.projects (organization_id, id) ON DELETE CASCADE,
    -- Only members of the organisation can be added; who leaves it for good leaves its projects.
    FOREIGN KEY (organization_id, user_id) REFERENCES app.organization_members (organization_id, user_id)
        ON DELETE CASCADE
);

CREATE INDEX idx_project_members_user_id ON app.project_members (user_id, organization_id) INCLUDE (project_id);

ALTER TABLE app.project_members ENABLE ROW LEVEL SECURITY;

ALTER TABLE app.projects
    ADD COLUMN is_private boolean NOT NULL GENERATED ALWAYS AS (visibility = 'private') STORED;

-- Referred to by everything in a project, so that the database itself carries a change of visibility there.
ALTER TABLE app.projects
    ADD CONSTRAINT projects_privacy_key UNIQUE (organization_id, id, is_private);

-- Columns of projects that the trigger looks at are named: the generated ones do not have their values yet.
DROP TRIGGER set_timestamp ON app.projects;

CREATE TRIGGER set_timestamp BEFORE UPDATE ON app.projects
    FOR EACH ROW
    WHEN ((OLD.name, OLD.slug, OLD.description, OLD.status, OLD.visibility, OLD.settings, OLD.metadata,
           OLD.start_date, OLD.end_date, OLD.created_by, OLD.updated_at, OLD.deleted_at)
          IS DISTINCT FROM
          (NEW.name, NEW.slug, NEW.description, NEW.status, NEW.visibility, NEW.settings, NEW.metadata,
           NEW.start_date, NEW.end_date, NEW.created_by, NEW.updated_at, NEW.deleted_at))
    EXECUTE FUNCTION ops.trigger_set_timestamp();

-- Which project a task belongs to ----------------------------------------------------
-- A sub-task belongs to its parent's project, and follows when the parent moves.
ALTER TABLE app.task_ids
    ADD CONSTRAINT task_ids_project_key UNIQUE (organization_id, project_id, id);

ALTER TABLE app.tasks ADD COLUMN is_private boolean;

-- It comes back further down. What is filled in here is no work on a task.
DROP TRIGGER set_timestamp ON app.tasks;

UPDATE app.tasks AS task
   SET assignee_id = NULL
 WHERE assignee_id IS NOT NULL
   AND NOT EXISTS (SELECT FROM app.organization_members AS member
                    WHERE member.organization_id = task.organization_id AND member.user_id = task.assignee_id);

UPDATE app.tasks AS task
   SET parent_task_id = NULL
  FROM app.task_ids AS parent
 WHERE parent.id = task.parent_task_id
   AND parent.project_id <> task.project_id;

UPDATE app.tasks AS task
   SET is_private = project.is_private
  FROM app.projects AS project
 WHERE project.id = task.project_id;

ALTER TABLE app.tasks ALTER COLUMN is_private SET NOT NULL;

ALTER TABLE app.tasks DROP CONSTRAINT tasks_organization_id_project_id_fkey;

ALTER TABLE app.tasks
    ADD CONSTRAINT tasks_project_fkey FOREIGN KEY (organization_id, project_id, is_private)
        REFERENCES app.projects (organization_id, id, is_private) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE app.tasks DROP CONSTRAINT tasks_organization_id_parent_task_id_fkey;

ALTER TABLE app.tasks
    ADD CONSTRAINT tasks_parent_fkey FOREIGN KEY (organization_id, project_id, parent_task_id)
        REFERENCES app.task_ids (organization_id, project_id, id)
        ON UPDATE CASCADE ON DELETE SET NULL (parent_task_id)
        -- Looked at when the transaction ends: parents and children may be moved in any order.
        DEFERRABLE INITIALLY DEFERRED;

-- A task is assigned to a member of its organisation; else an assignment would tell whether a foreign account exists.
ALTER TABLE app.tasks DROP CONSTRAINT tasks_assignee_id_fkey;

ALTER TABLE app.tasks
    ADD CONSTRAINT tasks_assignee_fkey FOREIGN KEY (organization_id, assignee_id)
        REFERENCES app.organization_members (organization_id, user_id) ON DELETE SET NULL (assignee_id);

-- What hangs on tasks ----------------------------------------------------
DROP TRIGGER set_timestamp ON app.comments;

ALTER TABLE app.comments ADD COLUMN project_id uuid, ADD COLUMN is_private boolean;

UPDATE app.comments AS comment
   SET project_id = project.id, is_private = project.is_private
  FROM app.task_ids AS task
  JOIN app.projects AS project ON project.id = task.project_id
 WHERE task.id = comment.task_id;

ALTER TABLE app.comments
    ALTER COLUMN project_id SET NOT NULL,
    ALTER COLUMN is_private SET NOT NULL;

ALTER TABLE app.comments DROP CONSTRAINT comments_organization_id_task_id_fkey;

ALTER TABLE app.comments
    ADD CONSTRAINT comments_task_fkey FOREIGN KEY (organization_id, project_id, task_id)
        REFERENCES app.task_ids (organization_id, project_id, id) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE app.comments
    ADD CONSTRAINT comments_project_fkey FOREIGN KEY (organization_id, project_id, is_private)
        REFERENCES app.projects (organization_id, id, is_private) ON UPDATE CASCADE ON DELETE CASCADE;

-- An answer outlives what it answers.
ALTER TABLE app.comments DROP CONSTRAINT comments_task_id_parent_comment_id_fkey;

ALTER TABLE app.comments
    ADD CONSTRAINT comments_parent_fkey FOREIGN KEY (task_id, parent_comment_id)
        REFERENCES app.comments (task_id, id) ON DELETE SET NULL (parent_comment_id);

-- A file hangs on a task, with or without one of its comments.
ALTER TABLE app.attachments ADD COLUMN project_id uuid, ADD COLUMN is_private boolean;

UPDATE app.attachments AS attachment
   SET task_id = comment.task_id
  FROM app.comments AS comment
 WHERE comment.id = attachment.comment_id;

UPDATE app.attachments AS attachment
   SET project_id = project.id, is_private = project.is_private
  FROM app.task_ids AS task
  JOIN app.projects AS project ON project.id = task.project_id
 WHERE task.id = attachment.task_id;

ALTER TABLE app.attachments
    ALTER COLUMN task_id SET NOT NULL,
    ALTER COLUMN project_id SET NOT NULL,
    ALTER COLUMN is_private SET NOT NULL;

ALTER TABLE app.attachments DROP CONSTRAINT attachments_organization_id_task_id_fkey;

ALTER TABLE app.attachments
    ADD CONSTRAINT attachments_task_fkey FOREIGN KEY (organization_id, project_id, task_id)
        REFERENCES app.task_ids (organization_id, project_id, id) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE app.attachments
    ADD CONSTRAINT attachments_project_fkey FOREIGN KEY (organization_id, project_id, is_private)
        REFERENCES app.projects (organization_id, id, is_private) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE app.attachments DROP CONSTRAINT attachments_organization_id_comment_id_fkey;

ALTER TABLE app.attachments
    ADD CONSTRAINT attachments_comment_fkey FOREIGN KEY (task_id, comment_id)
        REFERENCES app.comments (task_id, id) ON DELETE CASCADE;

-- Nothing refers to these any more: the keys of the registry are unique with the project in them, too.
ALTER TABLE app.task_ids DROP CONSTRAINT task_ids_organization_id_id_key;

ALTER TABLE app.comments DROP CONSTRAINT comments_organization_id_id_key;

-- Filled in by the database ----------------------------------------------------
-- Where the project is not one of the organisation's, the row counts as private: row level security refuses it before
-- any key is looked up, in the same words whether the project exists elsewhere or nowhere.
CREATE FUNCTION app.take_privacy_of_project() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- The lock that the foreign key takes anyway, taken now: while the visibility of the project is being changed this
    -- waits, and then reads what it has become.
    SELECT project.is_private INTO NEW.is_private
      FROM app.projects AS project
     WHERE project.id = NEW.project_id
       AND project.organization_id = NEW.organization_id
       FOR KEY SHARE;
    IF NOT FOUND THEN
        NEW.is_private := true;
    END IF;
    RETURN NEW;
END
$$;

-- So a task in such a project gets no row in the registry either, whose own keys would be looked up before. (Triggers
-- run in the order of their names: `register` before `take_privacy`. Either order would do.)
CREATE OR REPLACE FUNCTION app.register_task() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO app.task_ids (id, organization_id, project_id, created_at)
    SELECT NEW.id, project.organization_id, project.id, NEW.created_at
      FROM app.projects AS project
     WHERE project.id = NEW.project_id
       AND project.organization_id = NEW.organization_id;
    RETURN NEW;
END
$$;

-- The same for what hangs on a task; who inserts names the task (or only the comment), not its project.
CREATE FUNCTION app.take_project_of_task() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    nowhere constant uuid := '00000000-0000-0000-0000-000000000000';
BEGIN
    IF TG_TABLE_NAME = 'attachments' AND NEW.task_id IS NULL THEN
        NEW.task_id := coalesce((SELECT comment.task_id FROM app.comments AS comment
                                  WHERE comment.id = NEW.comment_id
                                    AND comment.organization_id = NEW.organization_id), nowhere);
    END IF;
    SELECT project.id, project.is_private
      INTO NEW.project_id, NEW.is_private
      FROM app.task_ids AS task
      JOIN app.projects AS project ON project.id = task.project_id
     WHERE task.id = NEW.task_id
       AND task.organization_id = NEW.organization_id
       FOR KEY SHARE;
    IF NOT FOUND THEN
        NEW.project_id := nowhere;
        NEW.is_private := true;
    END IF;
    RETURN NEW;
END
$$;

-- A cascade names every column of its key, so what counts is whether the project is another.
CREATE TRIGGER take_privacy BEFORE INSERT ON app.tasks
    FOR EACH ROW EXECUTE FUNCTION app.take_privacy_of_project();

CREATE TRIGGER take_new_privacy BEFORE UPDATE ON app.tasks
    FOR EACH ROW WHEN (OLD.project_id <> NEW.project_id) EXECUTE FUNCTION app.take_privacy_of_project();

CREATE TRIGGER take_project BEFORE INSERT ON app.comments
    FOR EACH ROW EXECUTE FUNCTION app.take_project_of_task();

CREATE TRIGGER take_new_privacy BEFORE UPDATE ON app.comments
    FOR EACH ROW WHEN (OLD.project_id <> NEW.project_id) EXECUTE FUNCTION app.take_privacy_of_project();

CREATE TRIGGER take_project BEFORE INSERT ON app.attachments
    FOR EACH ROW EXECUTE FUNCTION app.take_project_of_task();

CREATE TRIGGER take_new_privacy BEFORE UPDATE ON app.attachments
    FOR EACH ROW WHEN (OLD.project_id <> NEW.project_id) EXECUTE FUNCTION app.take_privacy_of_project();

-- To publish is an admin's decision, and so is to move a task into a public project that was in none: its sub-tasks,
-- which others wrote, go along. Only who is under row level security is asked, not a cascade, which runs as the
-- owner.
CREATE FUNCTION app.keep_unpublished() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF row_security_active('app.tasks')
       AND EXISTS (SELECT FROM app.projects WHERE id = NEW.project_id AND visibility = 'public'
                                              AND organization_id = OLD.organization_id)
       AND NOT EXISTS (SELECT FROM app.projects WHERE id = OLD.project_id AND visibility = 'public')
       AND NOT NEW.organization_id = ANY (authz.orgs('admin'))
    THEN
        RAISE EXCEPTION 'only an admin moves a task into a public project' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER keep_unpublished BEFORE UPDATE ON app.tasks
    FOR EACH ROW WHEN (OLD.project_id <> NEW.project_id) EXECUTE FUNCTION app.keep_unpublished();

-- No task is below itself, however far: whoever walks up the tree would never arrive. Changes of one project's tree
-- queue at the project. A new task has no children yet.
CREATE FUNCTION app.keep_tree() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    above uuid := NEW.parent_task_id;
BEGIN
    PERFORM FROM app.projects WHERE id = NEW.project_id FOR NO KEY UPDATE;
    WHILE above IS NOT NULL LOOP
        IF above = NEW.id THEN
            RAISE EXCEPTION 'a task cannot be below itself' USING ERRCODE = 'check_violation';
        END IF;
        SELECT task.parent_task_id INTO above
          FROM app.task_ids AS known
          JOIN app.tasks AS task ON task.id = known.id AND task.created_at = known.created_at
         WHERE known.id = above;
    END LOOP;
    RETURN NEW;
END
$$;

CREATE TRIGGER keep_tree BEFORE UPDATE ON app.tasks
    FOR EACH ROW
    WHEN (NEW.parent_task_id IS NOT NULL AND OLD.parent_task_id IS DISTINCT FROM NEW.parent_task_id)
    EXECUTE FUNCTION app.keep_tree();

-- A change of visibility reaches every row of the project, and is no work on any of them.
CREATE TRIGGER set_timestamp BEFORE UPDATE ON app.comments
    FOR EACH ROW
    WHEN ((OLD.content, OLD.mentions, OLD.attachments, OLD.is_edited, OLD.user_id, OLD.updated_at, OLD.deleted_at)
          IS DISTINCT FROM
          (NEW.content, NEW.mentions, NEW.attachments, NEW.is_edited, NEW.user_id, NEW.updated_at, NEW.deleted_at))
    EXECUTE FUNCTION ops.trigger_set_timestamp();

-- Readers are told when what they answer to is no longer what was said.
CREATE FUNCTION app.mark_edited() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    NEW.is_edited := true;
    RETURN NEW;
END
$$;

CREATE TRIGGER mark_edited BEFORE UPDATE ON app.comments
    FOR EACH ROW WHEN (OLD.content IS DISTINCT FROM NEW.content) EXECUTE FUNCTION app.mark_edited();

CREATE TRIGGER set_timestamp BEFORE UPDATE ON app.tasks
    FOR EACH ROW
    WHEN ((OLD.project_id, OLD.parent_task_id, OLD.title, OLD.description, OLD.status, OLD.priority, OLD.assignee_id,
           OLD.reporter_id, OLD.due_date, OLD.estimated_hours, OLD.actual_hours, OLD.tags, OLD.metadata, OLD.position,
           OLD.updated_at, OLD.completed_at, OLD.deleted_at)
          IS DISTINCT FROM
          (NEW.project_id, NEW.parent_task_id, NEW.title, NEW.description, NEW.status, NEW.priority, NEW.assignee_id,
           NEW.reporter_id, NEW.due_date, NEW.estimated_hours, NEW.actual_hours, NEW.tags, NEW.metadata, NEW.position,
           NEW.updated_at, NEW.completed_at, NEW.deleted_at))
    EXECUTE FUNCTION ops.trigger_set_timestamp();

-- Indexes ----------------------------------------------------
-- An id belongs to one organisation, so an index for a composite key starts with the id; a tenant's number in the
-- second place would only be in the way of the order behind it.
DROP INDEX app.idx_task_ids_project_id;

DROP INDEX app.idx_tasks_project_id;
CREATE INDEX idx_tasks_project_id ON app.tasks (project_id, created_at DESC);

DROP INDEX app.idx_tasks_parent_task;
CREATE INDEX idx_tasks_parent_task ON app.tasks (parent_task_id) WHERE parent_task_id IS NOT NULL;

DROP INDEX app.idx_comments_task_id;
CREATE INDEX idx_comments_task_id ON app.comments (task_id, created_at);
-- With the task behind it: the key of a task's comments names both, and whichever index is taken reads that task's
-- only.
CREATE INDEX idx_comments_project_id ON app.comments (project_id, task_id);

DROP INDEX app.idx_comments_parent_id;
CREATE INDEX idx_comments_parent_id ON app.comments (parent_comment_id) WHERE parent_comment_id IS NOT NULL;

DROP INDEX app.idx_attachments_task_id;
CREATE INDEX idx_attachments_task_id ON app.attachments (task_id);
CREATE INDEX idx_attachments_project_id ON app.attachments (project_id, task_id);

DROP INDEX app.idx_attachments_comment_id;
CREATE INDEX idx_attachments_comment_id ON app.attachments (comment_id) WHERE comment_id IS NOT NULL;
