-- What an organisation cannot do for itself: be suspended, come back, or have its trial prolonged. The login service
-- asks for it, on behalf of billing and staff; the audit log has it like every change. A new function only.
CREATE FUNCTION app.set_organization_status(organization uuid, new_status text,
                                            new_trial_ends_at timestamptz DEFAULT NULL)
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF new_status IS NULL OR new_status NOT IN ('active', 'trial', 'suspended')
       OR (new_status = 'trial') <> (new_trial_ends_at IS NOT NULL) THEN
        RAISE EXCEPTION 'status % with a trial until % is none that can be set', new_status, new_trial_ends_at
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'active, suspended, or trial with the time at which it ends.';
    END IF;
    UPDATE app.organizations
       SET status = new_status, trial_ends_at = coalesce(new_trial_ends_at, trial_ends_at)
     WHERE id = organization
       AND deleted_at IS NULL
       AND status <> 'deleted';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no such organisation' USING ERRCODE = 'no_data_found';
    END IF;
END
$$;

GRANT USAGE ON SCHEMA app TO platform_auth;
GRANT EXECUTE ON FUNCTION app.set_organization_status(uuid, text, timestamptz) TO platform_auth;
