-- Indexes that no query of the repository and no foreign key used, or that did not fit their question (queries/ says
-- which question each index serves). Dropping one locks its table for a moment.

DROP INDEX app.idx_projects_dates;
CREATE INDEX idx_projects_dates ON app.projects (organization_id, end_date)
    WHERE end_date IS NOT NULL AND deleted_at IS NULL;

-- What jobs/expired.sql asks.
CREATE INDEX idx_password_reset_tokens_expires_at ON auth.password_reset_tokens (expires_at);
CREATE INDEX idx_email_verification_tokens_expires_at ON auth.email_verification_tokens (expires_at);
