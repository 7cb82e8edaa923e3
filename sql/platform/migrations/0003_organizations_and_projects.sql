-- Organisations are the tenants. Whoever created a row may leave; the row stays. New tables only.

CREATE TABLE app.organizations (
    id            uuid         PRIMARY KEY DEFAULT gen_random_uuid(),
    name          varchar(255) NOT NULL,
    slug          varchar(100) NOT NULL,
    description   text,
    logo_url      text,
    website_url   text,
    industry      varchar(100),
    size          varchar(50),
    settings      jsonb        NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(settings) = 'object'),
    billing_email varchar(255),
    status        varchar(20)  NOT NULL DEFAULT 'active'
                  CHECK (status IN ('active', 'trial', 'suspended', 'deleted')),
    trial_ends_at timestamptz,
    created_by    uuid         REFERENCES auth.users (id) ON DELETE SET NULL,
    created_at    timestamptz  NOT NULL DEFAULT now(),
    updated_at    timestamptz  NOT NULL DEFAULT now(),
    deleted_at    timestamptz
);

CREATE UNIQUE INDEX organizations_slug_key ON app.organizations (slug) WHERE deleted_at IS NULL;
CREATE INDEX idx_organizations_created_by ON app.organizations (created_by);
CREATE INDEX idx_organizations_trial_ends ON app.organizations (trial_ends_at) WHERE trial_ends_at IS NOT NULL;

CREATE TABLE app.organization_members (
    id              uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid        NOT NULL REFERENCES app.organizations (id) ON DELETE CASCADE,
    user_id         uuid        NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    role            varchar(50) NOT NULL DEFAULT 'member' CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
    invited_by      uuid        REFERENCES auth.users (id) ON DELETE SET NULL,
    invited_at      timestamptz NOT NULL DEFAULT now(),
    joined_at       timestamptz,
    status          varchar(20) NOT NULL DEFAULT 'active'
                    CHECK (status IN ('pending', 'active', 'suspended', 'removed')),
    UNIQUE (organization_id, user_id)
);

-- Every policy asks for the memberships of one user; with the columns included that reads the index alone.
CREATE INDEX idx_org_members_user_id ON app.organization_members (user_id) INCLUDE (organization_id, role, status);
CREATE INDEX idx_org_members_invited_by ON app.organization_members (invited_by) WHERE invited_by IS NOT NULL;

CREATE TABLE app.projects (
    id              uuid         PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid         NOT NULL REFERENCES app.organizations (id) ON DELETE CASCADE,
    name            varchar(255) NOT NULL,
    slug            varchar(100) NOT NULL,
    description     text,
    status          varchar(20)  NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'archived', 'deleted')),
    visibility      varchar(20)  NOT NULL DEFAULT 'private'
                    CHECK (visibility IN ('private', 'organization', 'public')),
    settings        jsonb        NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(settings) = 'object'),
    metadata        jsonb        NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
    start_date      date,
    end_date        date,
    created_by      uuid         REFERENCES auth.users (id) ON DELETE SET NULL,
    created_at      timestamptz  NOT NULL DEFAULT now(),
    updated_at      timestamptz  NOT NULL DEFAULT now(),
    deleted_at      timestamptz,
    CHECK (end_date >= start_date),
    -- What hangs on a project refers to both columns, and so cannot belong to another organisation than the project.
    UNIQUE (organization_id, id)
);

CREATE UNIQUE INDEX projects_slug_key ON app.projects (organization_id, slug) WHERE deleted_at IS NULL;
CREATE INDEX idx_projects_created_by ON app.projects (created_by);
CREATE INDEX idx_projects_dates ON app.projects (start_date, end_date);

CREATE TRIGGER set_timestamp BEFORE UPDATE ON app.organizations
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION ops.trigger_set_timestamp();

CREATE TRIGGER set_timestamp BEFORE UPDATE ON app.projects
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION ops.trigger_set_timestamp();
