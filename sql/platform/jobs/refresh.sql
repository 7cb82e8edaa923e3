-- statement-timeout: 1h
-- Readers go on while the statistics are made anew: only what changed is written, and nobody waits. Once an hour is
-- often enough for numbers that nobody acts on within the hour.
REFRESH MATERIALIZED VIEW CONCURRENTLY analytics.project_stats;

REFRESH MATERIALIZED VIEW CONCURRENTLY analytics.user_activity_stats;
