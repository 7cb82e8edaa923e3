-- Full-text search. The texts are prepared when a row is written; each column is added together with its index, and
-- rewrites its table once.
--
-- Of a long text the first 200,000 characters are searched: a tsvector ends at a megabyte, and a text of more different
-- words would be refused.
--
-- A search looks for words and for a tenant at once: the organisation's id is one of the words, so that the index finds
-- what is in both, instead of every tenant's rows for the word. It is never the only thing that keeps tenants apart.

ALTER TABLE auth.users
    ADD COLUMN search tsvector GENERATED ALWAYS AS (
        to_tsvector('simple', coalesce(first_name, '') || ' ' || coalesce(last_name, '') || ' ' || email)) STORED;
CREATE INDEX idx_users_fulltext ON auth.users USING gin (search);

ALTER TABLE app.organizations
    ADD COLUMN search tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('english', name), 'A')
        || coalesce(setweight(to_tsvector('english', left(description, 200000)), 'B'), '')) STORED;
CREATE INDEX idx_organizations_fulltext ON app.organizations USING gin (search);

ALTER TABLE app.projects
    ADD COLUMN search tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('english', name), 'A')
        || coalesce(setweight(to_tsvector('english', left(description, 200000)), 'B'), '')
        || array_to_tsvector(ARRAY[organization_id::text])) STORED;
CREATE INDEX idx_projects_fulltext ON app.projects USING gin (search);

ALTER TABLE app.tasks
    ADD COLUMN search tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('english', title), 'A')
        || coalesce(setweight(to_tsvector('english', left(description, 200000)), 'B'), '')
        || array_to_tsvector(ARRAY[organization_id::text])) STORED;
CREATE INDEX idx_tasks_fulltext ON app.tasks USING gin (search);

ALTER TABLE app.comments
    ADD COLUMN search tsvector GENERATED ALWAYS AS (
        to_tsvector('english', left(content, 200000)) || array_to_tsvector(ARRAY[organization_id::text])) STORED;
CREATE INDEX idx_comments_fulltext ON app.comments USING gin (search);

-- A trigger of these tables that runs before the row is written does not see the new `search` yet, so it looks at the
-- columns that somebody can change.
DROP TRIGGER set_timestamp ON auth.users;

CREATE TRIGGER set_timestamp BEFORE UPDATE ON auth.users
    FOR EACH ROW
    WHEN ((OLD.email, OLD.email_verified, OLD.phone, OLD.phone_verified, OLD.first_name, OLD.last_name,
           OLD.avatar_url, OLD.locale, OLD.timezone, OLD.status, OLD.last_login_at, OLD.last_login_ip, OLD.metadata,
           OLD.updated_at, OLD.deleted_at)
          IS DISTINCT FROM
          (NEW.email, NEW.email_verified, NEW.phone, NEW.phone_verified, NEW.first_name, NEW.last_name,
           NEW.avatar_url, NEW.locale, NEW.timezone, NEW.status, NEW.last_login_at, NEW.last_login_ip, NEW.metadata,
           NEW.updated_at, NEW.deleted_at))
    EXECUTE FUNCTION ops.trigger_set_timestamp();

DROP TRIGGER set_timestamp ON app.organizations;

CREATE TRIGGER set_timestamp BEFORE UPDATE ON app.organizations
    FOR EACH ROW
    WHEN ((OLD.name, OLD.slug, OLD.description, OLD.logo_url, OLD.website_url, OLD.industry, OLD.size, OLD.settings,
           OLD.billing_email, OLD.status, OLD.trial_ends_at, OLD.created_by, OLD.updated_at, OLD.deleted_at)
          IS DISTINCT FROM
          (NEW.name, NEW.slug, NEW.description, NEW.logo_url, NEW.website_url, NEW.industry, NEW.size, NEW.settings,
           NEW.billing_email, NEW.status, NEW.trial_ends_at, NEW.created_by, NEW.updated_at, NEW.deleted_at))
    EXECUTE FUNCTION ops.trigger_set_timestamp();
