-- Invitations by e-mail. organization_members can only hold somebody who has an account, and a member who is `pending`
-- proves nothing; whoever has the token and the invited address does. Only a hash of the token is kept.

CREATE TABLE app.invitations (
    id              uuid         PRIMARY KEY DEFAULT ops.uuid_v7(),
    organization_id uuid         NOT NULL REFERENCES app.organizations (id) ON DELETE CASCADE,
    email           varchar(255) NOT NULL CHECK (position('@' IN email) > 1),
    role            varchar(50)  NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
    token_hash      varchar(255) NOT NULL UNIQUE,
    invited_by      uuid         REFERENCES auth.users (id) ON DELETE SET NULL,
    expires_at      timestamptz  NOT NULL,
    accepted_at     timestamptz,
    accepted_by     uuid         REFERENCES auth.users (id) ON DELETE SET NULL,
    revoked_at      timestamptz,
    created_at      timestamptz  NOT NULL DEFAULT now(),
    CHECK (accepted_at IS NULL OR revoked_at IS NULL)
);

-- One open invitation for an address; a new one takes the place of the old.
CREATE UNIQUE INDEX invitations_open_key ON app.invitations (organization_id, lower(email))
    WHERE accepted_at IS NULL AND revoked_at IS NULL;
CREATE INDEX idx_invitations_organization_id ON app.invitations (organization_id, created_at DESC);
CREATE INDEX idx_invitations_invited_by ON app.invitations (invited_by) WHERE invited_by IS NOT NULL;
CREATE INDEX idx_invitations_accepted_by ON app.invitations (accepted_by) WHERE accepted_by IS NOT NULL;
CREATE INDEX idx_invitations_expires_at ON app.invitations (expires_at);

ALTER TABLE app.invitations ENABLE ROW LEVEL SECURITY;
