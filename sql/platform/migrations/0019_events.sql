-- What users do, as two logs. They refer to nothing: deleting an account or an organisation must not wait for millions
-- of rows, and a log tells what was, not what is. Times of rows are given by the database.

CREATE TABLE analytics.events (
    id              bigint       NOT NULL GENERATED ALWAYS AS IDENTITY,
    event_type      varchar(100) NOT NULL CHECK (event_type <> ''),
    user_id         uuid,
    organization_id uuid,
    session_id      uuid,
    properties      jsonb        NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(properties) = 'object'),
    context         jsonb        NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(context) = 'object'),
    ip_address      inet,
    user_agent      text,
    created_at      timestamptz  NOT NULL DEFAULT now(),
    PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);

-- Few indexes: each costs every insert, and a question about a day reads one partition.
CREATE INDEX idx_events_org_id ON analytics.events (organization_id, created_at DESC)
    WHERE organization_id IS NOT NULL;
CREATE INDEX idx_events_user_id ON analytics.events (user_id, created_at DESC) WHERE user_id IS NOT NULL;
CREATE INDEX idx_events_type ON analytics.events (event_type, created_at DESC);

CREATE TABLE analytics.page_views (
    id          bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    user_id     uuid,
    session_id  uuid,
    url         text        NOT NULL,
    referrer    text,
    duration_ms integer     CHECK (duration_ms >= 0),
    metadata    jsonb       NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);

CREATE INDEX idx_page_views_user_id ON analytics.page_views (user_id, created_at DESC) WHERE user_id IS NOT NULL;
CREATE INDEX idx_page_views_session_id ON analytics.page_views (session_id, created_at) WHERE session_id IS NOT NULL;

ALTER TABLE analytics.events ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.page_views ENABLE ROW LEVEL SECURITY;

SELECT ops.create_default_partition('analytics.events', 'events_default');
SELECT ops.create_default_partition('analytics.page_views', 'page_views_default');

-- Rows are only ever added, so vacuum is about freezing and the visibility map, and statistics grow old quickly.
INSERT INTO ops.partition_policy
    (parent, every, premake, keep, on_expiry, leaf_options, prefix)
VALUES
    ('analytics.events', '1 day', 90, '12 months', 'drop',
     ARRAY['autovacuum_vacuum_scale_factor=0.05', 'autovacuum_analyze_scale_factor=0.02'], 'events'),
    ('analytics.page_views', '1 day', 90, '12 months', 'drop',
     ARRAY['autovacuum_vacuum_scale_factor=0.05', 'autovacuum_analyze_scale_factor=0.02'], 'page_views');

-- A week now, so that nothing waits for the first maintenance; that makes the rest.
SELECT ops.create_partition(wanted.parent, wanted.name, wanted.lower_bound::date, wanted.upper_bound::date)
  FROM ops.wanted_partitions() AS wanted
 WHERE wanted.parent IN ('analytics.events'::regclass, 'analytics.page_views'::regclass)
   AND wanted.distance <= 7;
