-- Indexes that no query of the repository and no foreign key used, or that did not fit their question (queries/ says which
-- question each index serves). Dropping one locks its table for a moment.

DROP INDEX app.idx_projects_dates;
CREATE INDEX idx_projects_dates ON app.projects (organization_id, end_date)
    WHERE end_date IS NOT NULL AND deleted_at IS NULL;

-- The list of an organisation's projects, in the order it is shown.
CREATE INDEX idx_projects_org_id ON app.projects (organization_id, name);
