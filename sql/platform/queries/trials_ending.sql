-- Trials that end within a week.
-- role: platform_support
-- uses: idx_organizations_trial_ends
SELECT id, name, billing_email, trial_ends_at
  FROM app.organizations
 WHERE trial_ends_at BETWEEN now() AND now() + interval '7 days'
   AND deleted_at IS NULL
 ORDER BY trial_ends_at;
