-- statement-timeout: 2h
-- Counters are kept by triggers; this counts again, and fails when one is wrong. It reads every segment, so once a
-- week, at night.
SELECT ops.check_counters();
