"""The cloud as a whole: killed, started again, and without anything real behind it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from local import cloud, processes
from tests.e2e.local_cloud.kit import (
    MAJOR,
    alive_records,
    connect,
    create_instance,
    eventually,
    network,
    scalar,
    status_of,
    wait_available,
)


class TestCloud:
    def test_a_killed_cloud_comes_back_with_an_empty_control_plane_and_adopts_its_data(self, tmp_path: Path) -> None:
        root = tmp_path / "cloud"
        try:
            first = cloud.start(root)
            assert cloud.start(root) == first, "a start of a running cloud is nothing"
            aws = network(first)
            create_instance(aws, "keeper", DBParameterGroupName=f"default.postgres{MAJOR}")
            wait_available(aws, "keeper")
            aws.rds.create_db_instance_read_replica(
                DBInstanceIdentifier="follower",
                SourceDBInstanceIdentifier="keeper",
                DBInstanceClass="db.t4g.small",
            )
            address = wait_available(aws, "follower")["Endpoint"]["Address"]
            with connect(aws, "keeper") as connection:
                connection.execute("create table kept as select 7 as value")
            left = alive_records(root)
            assert len(left) == 2
            os.kill(first.pid, signal.SIGKILL)
            eventually(lambda: cloud.find(root) is None, "the dead cloud is seen to be dead")
            assert alive_records(root) == left, "its databases go on without it"

            second = cloud.start(root)
            assert second.boot_id != first.boot_id
            assert alive_records(root) == [], "the new cloud has ended them"
            aws = network(second)
            assert aws.rds.describe_db_instances()["DBInstances"] == []
            create_instance(
                aws, "keeper", DBParameterGroupName=f"default.postgres{MAJOR}", MasterUserPassword="given now"
            )
            wait_available(aws, "keeper")
            aws.rds.create_db_instance_read_replica(
                DBInstanceIdentifier="follower",
                SourceDBInstanceIdentifier="keeper",
                DBInstanceClass="db.t4g.small",
            )
            assert wait_available(aws, "follower")["Endpoint"]["Address"] == address
            for identifier in ("keeper", "follower"):
                assert scalar(aws, identifier, "select value from kept", password="given now") == 7
            log = (root / "logs" / "cloud.log").read_text()
            assert "keeper: adopted" in log
            assert "follower: adopted" in log
            gone = alive_records(root)
        finally:
            cloud.stop(root, delete=True)
        assert not any(processes.alive(record.identity) for record in gone)
        assert list(tmp_path.iterdir()) == []
        cloud.stop(root, delete=True)  # once more is nothing

    def test_a_control_plane_pretends_and_starts_nothing(self, tmp_path: Path) -> None:
        root = tmp_path / "cloud"
        try:
            aws = network(cloud.start(root, "control-plane"))
            create_instance(aws, "paper", DBParameterGroupName=f"default.postgres{MAJOR}", EngineVersion="17")
            assert status_of(aws, "paper") == "available"
            assert alive_records(root) == []
            with pytest.raises(cloud.CloudError, match="mode control-plane, wanted is real"):
                cloud.start(root, "real")
        finally:
            cloud.stop(root, delete=True)
        assert not root.exists()
