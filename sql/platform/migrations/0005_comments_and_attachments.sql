-- What hangs on tasks. New tables only.

-- When a user leaves, his comments stay without a name: others have answered them.
CREATE TABLE app.comments (
    id                uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id   uuid        NOT NULL,
    task_id           uuid        NOT NULL,
    user_id           uuid        REFERENCES auth.users (id) ON DELETE SET NULL,
    parent_comment_id uuid        CHECK (parent_comment_id <> id),
    content           text        NOT NULL,
    mentions          uuid[]      NOT NULL DEFAULT '{}',
    attachments       jsonb       NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(attachments) = 'array'),
    is_edited         boolean     NOT NULL DEFAULT false,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    deleted_at        timestamptz,
    UNIQUE (organization_id, id),
    UNIQUE (task_id, id),
    FOREIGN KEY (organization_id, task_id) REFERENCES app.task_ids (organization_id, id) ON DELETE CASCADE,
    -- An answer belongs to the task of what it answers.
    FOREIGN KEY (task_id, parent_comment_id) REFERENCES app.comments (task_id, id) ON DELETE CASCADE
);

CREATE INDEX idx_comments_task_id ON app.comments (task_id, organization_id, created_at);
CREATE INDEX idx_comments_user_id ON app.comments (user_id);
CREATE INDEX idx_comments_parent_id ON app.comments (parent_comment_id, task_id) WHERE parent_comment_id IS NOT NULL;

CREATE TABLE app.attachments (
    id               uuid         PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id  uuid         NOT NULL,
    task_id          uuid,
    comment_id       uuid,
    uploaded_by      uuid         REFERENCES auth.users (id) ON DELETE SET NULL,
    file_name        varchar(255) NOT NULL,
    file_size        bigint       NOT NULL CHECK (file_size >= 0),
    mime_type        varchar(100) NOT NULL,
    storage_path     text         NOT NULL,
    storage_provider varchar(50)  NOT NULL DEFAULT 's3',
    checksum         varchar(64),
    metadata         jsonb        NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
    created_at       timestamptz  NOT NULL DEFAULT now(),
    deleted_at       timestamptz,
    CHECK (task_id IS NOT NULL OR comment_id IS NOT NULL),
    FOREIGN KEY (organization_id, task_id) REFERENCES app.task_ids (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, comment_id) REFERENCES app.comments (organization_id, id) ON DELETE CASCADE
);

CREATE INDEX idx_attachments_task_id ON app.attachments (task_id, organization_id) WHERE task_id IS NOT NULL;
CREATE INDEX idx_attachments_comment_id ON app.attachments (comment_id, organization_id) WHERE comment_id IS NOT NULL;
CREATE INDEX idx_attachments_uploaded_by ON app.attachments (uploaded_by);

CREATE TRIGGER set_timestamp BEFORE UPDATE ON app.comments
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION ops.trigger_set_timestamp();
