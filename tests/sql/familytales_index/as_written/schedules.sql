SELECT cron.schedule('archive-old-content', '0 0 1 * *', 'SELECT archive_old_content()');
SELECT cron.schedule('create-partitions', '0 0 25 * *', 'SELECT create_monthly_partitions()');
SELECT cron.schedule('maintenance', '0 0 * * 0', 'SELECT perform_maintenance()');
