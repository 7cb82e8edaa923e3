-- Accounts and everything that a login needs. New tables only.

-- password_hash, failed_login_attempts and locked_until are in auth.credentials: the application reads accounts, and
-- must never be able to read a hash.
CREATE TABLE auth.users (
    id             uuid         PRIMARY KEY DEFAULT gen_random_uuid(),
    email          varchar(255) NOT NULL CHECK (position('@' IN email) > 1),
    email_verified boolean      NOT NULL DEFAULT false,
    phone          varchar(50),
    phone_verified boolean      NOT NULL DEFAULT false,
    first_name     varchar(100),
    last_name      varchar(100),
    avatar_url     text,
    locale         varchar(10)  NOT NULL DEFAULT 'en',
    timezone       varchar(50)  NOT NULL DEFAULT 'UTC',
    status         varchar(20)  NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'deleted')),
    last_login_at  timestamptz,
    last_login_ip  inet,
    metadata       jsonb        NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
    created_at     timestamptz  NOT NULL DEFAULT now(),
    updated_at     timestamptz  NOT NULL DEFAULT now(),
    deleted_at     timestamptz
);

-- One account for an address, however it is written; a deleted account gives its address back.
CREATE UNIQUE INDEX users_email_key ON auth.users (lower(email)) WHERE deleted_at IS NULL;
CREATE INDEX idx_users_created_at ON auth.users (created_at DESC);
CREATE INDEX idx_users_last_login ON auth.users (last_login_at DESC NULLS LAST);

-- An account without a row here has no password: it logs in elsewhere, or not yet.
CREATE TABLE auth.credentials (
    user_id               uuid         PRIMARY KEY REFERENCES auth.users (id) ON DELETE CASCADE,
    password_hash         varchar(255) NOT NULL,
    failed_login_attempts integer      NOT NULL DEFAULT 0 CHECK (failed_login_attempts >= 0),
    locked_until          timestamptz,
    created_at            timestamptz  NOT NULL DEFAULT now(),
    updated_at            timestamptz  NOT NULL DEFAULT now()
);

CREATE TABLE auth.roles (
    id          uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    name        varchar(50) NOT NULL UNIQUE,
    description text,
    permissions jsonb       NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(permissions) = 'array'),
    is_system   boolean     NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE auth.user_roles (
    id         uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id    uuid        NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    role_id    uuid        NOT NULL REFERENCES auth.roles (id) ON DELETE CASCADE,
    granted_by uuid        REFERENCES auth.users (id) ON DELETE SET NULL,
    granted_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    UNIQUE (user_id, role_id)
);

CREATE INDEX idx_user_roles_role_id ON auth.user_roles (role_id);
CREATE INDEX idx_user_roles_granted_by ON auth.user_roles (granted_by) WHERE granted_by IS NOT NULL;
CREATE INDEX idx_user_roles_expires_at ON auth.user_roles (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE auth.sessions (
    id                 uuid         PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id            uuid         NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    token_hash         varchar(255) NOT NULL UNIQUE,
    refresh_token_hash varchar(255),
    device_info        jsonb,
    ip_address         inet,
    user_agent         text,
    last_activity_at   timestamptz  NOT NULL DEFAULT now(),
    expires_at         timestamptz  NOT NULL,
    created_at         timestamptz  NOT NULL DEFAULT now()
);

CREATE INDEX idx_sessions_user_id ON auth.sessions (user_id);
CREATE INDEX idx_sessions_expires_at ON auth.sessions (expires_at);
CREATE INDEX idx_sessions_last_activity ON auth.sessions (last_activity_at DESC);
-- A refresh finds its session by this hash.
CREATE UNIQUE INDEX sessions_refresh_token_hash_key ON auth.sessions (refresh_token_hash)
    WHERE refresh_token_hash IS NOT NULL;

CREATE TABLE auth.password_reset_tokens (
    id         uuid         PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id    uuid         NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    token_hash varchar(255) NOT NULL UNIQUE,
    expires_at timestamptz  NOT NULL,
    used_at    timestamptz,
    created_at timestamptz  NOT NULL DEFAULT now()
);

CREATE INDEX idx_password_reset_tokens_user_id ON auth.password_reset_tokens (user_id);

CREATE TABLE auth.email_verification_tokens (
    id          uuid         PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id     uuid         NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    token_hash  varchar(255) NOT NULL UNIQUE,
    email       varchar(255) NOT NULL CHECK (position('@' IN email) > 1),
    expires_at  timestamptz  NOT NULL,
    verified_at timestamptz,
    created_at  timestamptz  NOT NULL DEFAULT now()
);

CREATE INDEX idx_email_verification_tokens_user_id ON auth.email_verification_tokens (user_id);

CREATE TRIGGER set_timestamp BEFORE UPDATE ON auth.users
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION ops.trigger_set_timestamp();

CREATE TRIGGER set_timestamp BEFORE UPDATE ON auth.credentials
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION ops.trigger_set_timestamp();

CREATE TRIGGER set_timestamp BEFORE UPDATE ON auth.roles
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION ops.trigger_set_timestamp();

-- Who is asking: the application says so at the start of each transaction, with
--     SELECT set_config('app.current_user_id', $1, true)
-- After the transaction the value is empty, not unset, also behind a pooler: both mean nobody. Something that is no
-- uuid is an error rather than nobody.
CREATE FUNCTION auth.current_user_id() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT NULLIF(current_setting('app.current_user_id', true), '')::uuid
$$;
