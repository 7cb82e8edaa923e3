-- The same for the logs, once a week: before PostgreSQL 18 every partition is read again along with its parent, and a
-- year of them has hundreds.
ANALYZE analytics.events;

ANALYZE analytics.page_views;
