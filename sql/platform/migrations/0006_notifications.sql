-- Notifications, in one partition for each month. Nothing refers to them, so they need no registry. New tables only.

CREATE TABLE app.notifications (
    id         uuid         NOT NULL DEFAULT gen_random_uuid(),
    user_id    uuid         NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    type       varchar(50)  NOT NULL,
    title      varchar(255) NOT NULL,
    message    text,
    link       text,
    metadata   jsonb        NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
    is_read    boolean      NOT NULL DEFAULT false,
    read_at    timestamptz,
    created_at timestamptz  NOT NULL DEFAULT now(),
    CHECK (is_read OR read_at IS NULL),
    PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);

CREATE INDEX idx_notifications_user_id ON app.notifications (user_id, created_at DESC);
CREATE INDEX idx_notifications_user_unread ON app.notifications (user_id, created_at DESC) WHERE NOT is_read;

SELECT ops.create_months('app.notifications', 'notifications', -1, 6);
SELECT ops.create_default_partition('app.notifications', 'notifications_default');
