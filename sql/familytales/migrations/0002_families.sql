-- Users, families, memberships and invitations. New tables only.

CREATE TABLE familytales.users (
    id                      uuid         PRIMARY KEY DEFAULT gen_random_uuid(),
    clerk_id                varchar(255) NOT NULL UNIQUE CHECK (clerk_id <> ''),
    email                   varchar(255) NOT NULL CHECK (position('@' IN email) > 1),
    display_name            varchar(255),
    avatar_url              text,
    subscription_tier       varchar(50)  NOT NULL DEFAULT 'free'
                            CHECK (subscription_tier IN ('free', 'premium', 'enterprise')),
    subscription_expires_at timestamptz,
    storage_used_bytes      bigint       NOT NULL DEFAULT 0 CHECK (storage_used_bytes >= 0),
    is_active               boolean      NOT NULL DEFAULT true,
    created_at              timestamptz  NOT NULL DEFAULT now(),
    updated_at              timestamptz  NOT NULL DEFAULT now(),
    last_login_at           timestamptz,
    metadata                jsonb        NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object')
);

CREATE UNIQUE INDEX users_email_key ON familytales.users (lower(email));
CREATE INDEX idx_users_subscription ON familytales.users (subscription_tier, subscription_expires_at);
CREATE INDEX idx_users_created_at ON familytales.users (created_at);

CREATE TABLE familytales.families (
    id                  uuid         PRIMARY KEY DEFAULT gen_random_uuid(),
    name                varchar(255) NOT NULL CHECK (name <> ''),
    description         text,
    owner_id            uuid         NOT NULL REFERENCES familytales.users (id) ON DELETE RESTRICT,
    subscription_tier   varchar(50)  NOT NULL DEFAULT 'free'
                        CHECK (subscription_tier IN ('free', 'premium', 'enterprise')),
    storage_used_bytes  bigint       NOT NULL DEFAULT 0 CHECK (storage_used_bytes >= 0),
    storage_limit_bytes bigint       NOT NULL DEFAULT 5368709120 CHECK (storage_limit_bytes >= 0), -- 5 GiB
    member_limit        integer      NOT NULL DEFAULT 10 CHECK (member_limit > 0),
    is_active           boolean      NOT NULL DEFAULT true,
    created_at          timestamptz  NOT NULL DEFAULT now(),
    updated_at          timestamptz  NOT NULL DEFAULT now(),
    settings            jsonb        NOT NULL CHECK (jsonb_typeof(settings) = 'object')
                        DEFAULT '{"privacy": "private", "allow_downloads": true, "require_approval": true}'
);

CREATE INDEX idx_families_owner ON familytales.families (owner_id);
CREATE INDEX idx_families_created_at ON familytales.families (created_at);

-- permissions holds what differs from the role. The design's default denied everything to everybody, owners included;
-- what a member may do is in the generated columns.
CREATE TABLE familytales.family_members (
    id          uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    family_id   uuid        NOT NULL REFERENCES familytales.families (id) ON DELETE CASCADE,
    user_id     uuid        NOT NULL REFERENCES familytales.users (id) ON DELETE RESTRICT,
    role        varchar(50) NOT NULL DEFAULT 'member'
                CHECK (role IN ('owner', 'admin', 'editor', 'member', 'viewer')),
    joined_at   timestamptz NOT NULL DEFAULT now(),
    invited_by  uuid        REFERENCES familytales.users (id) ON DELETE SET NULL,
    is_active   boolean     NOT NULL DEFAULT true,
    permissions jsonb       NOT NULL DEFAULT '{}'
                CHECK (jsonb_typeof(permissions) = 'object'
                       AND permissions - ARRAY['can_edit', 'can_delete', 'can_invite', 'can_download'] = '{}'
                       AND NOT jsonb_path_exists(permissions, '$.* ? (@.type() != "boolean")')),
    can_post    boolean     NOT NULL GENERATED ALWAYS AS (role <> 'viewer') STORED,
    can_edit    boolean     NOT NULL GENERATED ALWAYS AS
                (coalesce((permissions ->> 'can_edit')::boolean, role IN ('owner', 'admin', 'editor'))) STORED,
    can_delete  boolean     NOT NULL GENERATED ALWAYS AS
                (coalesce((permissions ->> 'can_delete')::boolean, role IN ('owner', 'admin'))) STORED,
    can_invite  boolean     NOT NULL GENERATED ALWAYS AS
                (coalesce((permissions ->> 'can_invite')::boolean, role IN ('owner', 'admin'))) STORED,
    can_admin   boolean     NOT NULL GENERATED ALWAYS AS (role IN ('owner', 'admin')) STORED,
    UNIQUE (family_id, user_id)
);

CREATE UNIQUE INDEX family_members_one_owner_key ON familytales.family_members (family_id) WHERE role = 'owner';
CREATE INDEX idx_family_members_user ON familytales.family_members (user_id);
CREATE INDEX idx_family_members_invited_by ON familytales.family_members (invited_by) WHERE invited_by IS NOT NULL;

-- The owner of a family is one of its members. Checked at commit, since neither row can be the first.
ALTER TABLE familytales.families ADD CONSTRAINT families_owner_is_member
    FOREIGN KEY (id, owner_id) REFERENCES familytales.family_members (family_id, user_id)
    DEFERRABLE INITIALLY DEFERRED;

-- invite_code became code_hash: the code is as good as a password, so only its SHA-256 is kept.
CREATE TABLE familytales.family_invites (
    id          uuid         PRIMARY KEY DEFAULT gen_random_uuid(),
    family_id   uuid         NOT NULL REFERENCES familytales.families (id) ON DELETE CASCADE,
    email       varchar(255) NOT NULL CHECK (position('@' IN email) > 1),
    role        varchar(50)  NOT NULL DEFAULT 'member' CHECK (role IN ('admin', 'editor', 'member', 'viewer')),
    invited_by  uuid         NOT NULL,
    code_hash   bytea        NOT NULL UNIQUE CHECK (octet_length(code_hash) = 32),
    expires_at  timestamptz  NOT NULL,
    accepted_at timestamptz,
    accepted_by uuid         REFERENCES familytales.users (id) ON DELETE RESTRICT,
    created_at  timestamptz  NOT NULL DEFAULT now(),
    metadata    jsonb        NOT NULL DEFAULT '{"message": null, "permissions": {}}'
                CHECK (jsonb_typeof(metadata) = 'object'),
    CHECK (expires_at > created_at),
    CHECK ((accepted_at IS NULL) = (accepted_by IS NULL)),
    CHECK (accepted_at <= expires_at),
    FOREIGN KEY (family_id, invited_by) REFERENCES familytales.family_members (family_id, user_id)
        DEFERRABLE INITIALLY DEFERRED
);

-- One open invitation for an address and family.
CREATE UNIQUE INDEX family_invites_open_key ON familytales.family_invites (family_id, lower(email))
    WHERE accepted_at IS NULL;
CREATE INDEX idx_family_invites_invited_by ON familytales.family_invites (family_id, invited_by);
CREATE INDEX idx_family_invites_accepted_by ON familytales.family_invites (accepted_by) WHERE accepted_by IS NOT NULL;
CREATE INDEX idx_family_invites_email ON familytales.family_invites (lower(email));
CREATE INDEX idx_family_invites_expires ON familytales.family_invites (expires_at);

CREATE TRIGGER set_timestamp BEFORE UPDATE ON familytales.users
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION ops.trigger_set_timestamp();

CREATE TRIGGER set_timestamp BEFORE UPDATE ON familytales.families
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION ops.trigger_set_timestamp();
