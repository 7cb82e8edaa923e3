CREATE SCHEMA ledger;

CREATE TABLE ledger.entries (
    id        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account   text        NOT NULL,
    cents     bigint      NOT NULL,
    booked_at timestamptz NOT NULL DEFAULT now()
);

GRANT USAGE ON SCHEMA ledger TO ledger_app, ledger_backup;
GRANT SELECT, INSERT ON ledger.entries TO ledger_app;
GRANT SELECT ON ledger.entries TO ledger_backup;

DO $$
BEGIN
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO ledger_app, ledger_backup', current_database());
END
$$;
