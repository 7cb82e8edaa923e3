-- The projects of an organisation that end within a month.
-- role: platform_app
-- uses: idx_projects_dates
SELECT id, name, end_date
  FROM app.projects
 WHERE organization_id = %(organization)s
   AND end_date BETWEEN current_date AND current_date + 30
   AND deleted_at IS NULL
 ORDER BY end_date;
