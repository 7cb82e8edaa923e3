"""The dashboard of a service, to be read from top to bottom in a minute. Pure.

In the order of the questions that somebody asks who was woken: what is red, is it up and who waits, what is it busy
with, are connections or storage running out, is the disk slow, do the replicas follow, what does the log say.
Every line in a graph is the threshold of an alarm, taken from the alarm's own row.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from infra import alarms, ebs
from infra.alarm_rules import NAMESPACES, Facts, Scope
from infra.alarms import Planned
from infra.widgets import GREY, MOST_ALARMS, RED, Alarms, Graph, Line, Lines, Metric, Row, Widget, Words, place

TALL, LOW = 6, 4
HOW_TO_READ = (
    "Top to bottom: what is red, is it up and who waits, what is it busy with, what runs out. Red lines page, orange"
    " ones open a ticket; each alarm's description says what to do first."
)


@dataclass(frozen=True, slots=True)
class Names:
    """What AWS calls the parts of the service: dimensions by name (instances by target), and the alarms by key."""

    region: str
    values: Mapping[str, str]
    page_arn: str
    alarm_arns: Mapping[str, str]
    log_group: str


def body(facts: Facts, names: Names) -> str:
    """The dashboard's body as JSON; the same input gives the same text."""
    return json.dumps(place(_Page(facts, names).rows(), names.region), sort_keys=True)


class _Page:
    """The rows, with what all of them need at hand."""

    def __init__(self, facts: Facts, names: Names) -> None:
        self._facts, self._names = facts, names
        self._planned = alarms.plan(facts)
        self._servers = [target for target, _ in alarms.targets("server", facts)]

    def rows(self) -> list[Row]:
        """Everything, from top to bottom."""
        return [
            *self._state(),
            Row(TALL, [*self._up(), *self._waiting()]),
            Row(TALL, self._load()),
            Row(TALL, self._connections()),
            Row(TALL, self._storage()),
            Row(TALL, self._disk()),
            Row(TALL, self._following()),
            Row(TALL, self._log()),
            Row(TALL, [*self._lines()]),
            Row(TALL, self._tasks()),
        ]

    def _state(self) -> Iterator[Row]:
        yield Row(2, [Words(f"## {self._facts.service} ({self._facts.stack})\n{HOW_TO_READ}")])
        arns = self._names.alarm_arns
        awake = [arns[item.key] for item in self._planned if item.severity == "page"]
        yield Row(LOW, [Alarms("Pages", [self._names.page_arn, *awake])])
        tickets = [arns[item.key] for item in self._planned if item.severity == "ticket"]
        for start in range(0, len(tickets), MOST_ALARMS):
            part = tickets[start : start + MOST_ALARMS]
            yield Row(LOW, [Alarms(f"Tickets that are open, of {len(part)}", part, only_red=True)])

    def _up(self) -> list[Widget]:
        hosts = self._one("balancer", "HealthyHostCount", "healthy tasks", "Maximum")
        ill = self._one("balancer", "UnHealthyHostCount", "unhealthy tasks", "Minimum")
        lines = [*self._line("healthy-hosts", label="nobody gets in"), *self._line("hosts-missing", label="wanted")]
        return [Graph("Is it up: pooler tasks", [hosts, ill], lines)]

    def _waiting(self) -> list[Widget]:
        wait = self._one("pooler", "MaxWaitSeconds", "longest wait", "Maximum")
        waiting = [self._one("pooler", "ClientsWaiting", "the worst task", "Maximum"), *self._doors("ClientsWaiting")]
        refused = [
            self._one("logs", "ConnectionSlotsExhausted", "no slot", "Sum"),
            self._one("logs", "ConnectionLimits", "a role's limit", "Sum"),
            self._one("logs", "AuthenticationFailures", "login failed", "Sum"),
            self._one("logs", "Crashes", "crashes", "Sum"),
        ]
        return [
            Graph("Who waits for a connection", waiting, self._line("pooler-waiting")),
            Graph("Longest wait for a connection", [wait], self._line("pooler-wait"), unit="s"),
            Graph("Who is refused", refused, self._line("connections-refused")),
        ]

    def _load(self) -> list[Widget]:
        busy = [
            self._server("primary", "DBLoadCPU", "on CPU"),
            self._server("primary", "DBLoadNonCPU", "waiting (I/O, locks, clients)"),
        ]
        return [
            Graph("What the primary's active sessions do", busy, self._line("load", "primary", "vCPU"), stacked=True),
            Graph("Active sessions by server", self._each("DBLoad"), self._lines_of("load")),
            Graph("CPU", self._each("CPUUtilization"), self._line("cpu", "primary"), unit="%", most=100),
        ]

    def _connections(self) -> list[Widget]:
        facts = self._facts
        limits = [
            *self._line("connections", "primary"),
            *self._line("connections-full", "primary"),
            Line("max_connections", facts.connections, GREY),
        ]
        pool = [self._one("pooler", "PoolUsedPercent", "fullest pool", "Maximum")]
        clients = [
            self._one("pooler", "ClientConnections", "clients of the busiest task", "Maximum"),
            *self._doors("ServerConnections", "server connections of"),
        ]
        return [
            Graph("Connections to the servers", self._each("DatabaseConnections", "Maximum"), limits),
            Graph("Pool in use", pool, self._line("pooler-pool"), unit="%", most=100),
            Graph("The pooler's clients and servers", clients, self._line("pooler-clients")),
        ]

    def _storage(self) -> list[Widget]:
        wal = [
            self._server("primary", "TransactionLogsDiskUsage", "WAL", "Maximum"),
            self._server("primary", "OldestReplicationSlotLag", "kept for the slowest slot", "Maximum"),
        ]
        limits = [*self._line("storage-low", "primary"), *self._line("storage-full", "primary")]
        return [
            Graph("Free storage", self._each("FreeStorageSpace", "Minimum"), limits, unit="bytes"),
            Graph("WAL on disk", wal, self._line("wal-disk", "primary"), unit="bytes"),
            Graph("Memory that can be freed", self._each("FreeableMemory"), self._lines_of("memory"), unit="bytes"),
        ]

    def _disk(self) -> list[Widget]:
        facts, primary = self._facts, self._facts.primary
        reading, writing = self._each("ReadLatency", word="reads"), self._each("WriteLatency", word="writes")
        operations = [self._sum(target, "ReadIOPS", "WriteIOPS") for target in self._servers]
        moved = [self._sum(target, "ReadThroughput", "WriteThroughput") for target in self._servers]
        balance = [
            *self._where("ebs-io-balance", "EBSIOBalance%", "operations"),
            *self._where("ebs-byte-balance", "EBSByteBalance%", "bytes"),
        ]
        most_iops = Line("limit", float(ebs.sustained_iops(primary, facts.iops)), GREY)
        most_bytes = Line("limit", ebs.sustained_bytes(primary, facts.mibps), GREY)
        graphs: list[Widget] = [
            Graph("Latency", [*reading, *writing], self._line("read-latency", "primary"), unit="s"),
            Graph("IOPS and the primary's limit", operations, [*self._line("iops", "primary"), most_iops]),
            Graph("Throughput and its limit", moved,
                  [*self._line("throughput", "primary"), most_bytes], unit="bytes/s"),
        ]  # fmt: skip
        if balance:
            lines = self._lines_of("ebs-io-balance", "ebs-byte-balance")
            graphs.append(Graph("Credits of the link to the volume", balance, lines, unit="%", most=100))
        return graphs

    def _following(self) -> list[Widget]:
        lag = [self._server(target, "ReplicaLag", target, "Maximum") for target in self._servers if target != "primary"]
        ids = [self._server("primary", "MaximumUsedTransactionIDs", "oldest transaction id", "Maximum")]
        wrap = [*self._line("transaction-ids", "primary"), *self._line("transaction-ids-spent", "primary")]
        graphs: list[Widget] = []
        if lag:
            graphs.append(Graph("Replication lag", lag, self._line("replica-lag", "replica-1"), unit="s"))
        graphs.append(Graph("Transaction ids in use", ids, wrap, period=300))
        credits_left = [*self._where("cpu-credits", "CPUCreditBalance", "CPU credits")]
        if credits_left:
            lines = self._lines_of("cpu-credits")
            graphs.append(Graph("CPU credits", credits_left, lines, period=300))
        return graphs

    def _log(self) -> list[Widget]:
        def counted(*names: str) -> list[Metric]:
            return [self._one("logs", name, name, "Sum") for name in names]

        return [
            Graph("Slow statements and errors", counted("SlowStatements", "Errors", "Fatals"), self._line("errors"),
                  period=300),
            Graph("Who stands in whose way", counted("LockWaits", "Deadlocks", "LockTimeouts", "IdleTransactions"),
                  self._line("lock-waits"), period=300),
            Graph("Work that spills or is cut off",
                  counted("TemporaryFiles", "StatementTimeouts", "FrequentCheckpoints", "RecoveryConflicts"),
                  period=300),
        ]  # fmt: skip

    def _lines(self) -> Iterator[Widget]:
        shown = "fields @timestamp, @message"
        last = "sort @timestamp desc | limit 20"
        group = self._names.log_group
        yield Lines("Last slow statements of the primary", group,
                    rf"{shown} | filter @message like /\]:LOG:  duration: / | {last}")  # fmt: skip
        yield Lines("Last errors of the primary", group,
                    rf"{shown} | filter @message like /\]:(ERROR|FATAL|PANIC):  / | {last}")  # fmt: skip

    def _tasks(self) -> list[Widget]:
        running = self._one("running", "RunningTaskCount", "running", "Minimum")
        cpu = self._one("tasks", "CPUUtilization", "CPU")
        memory = self._one("tasks", "MemoryUtilization", "memory", "Maximum")
        graphs: list[Widget] = [
            Graph("Pooler tasks that run", [running], self._line("tasks-running")),
            Graph("CPU and memory of the pooler's tasks", [cpu, memory], self._line("tasks-cpu"), unit="%", most=100),
        ]
        group = self._names.values.get("ScheduleGroup")
        if group:
            jobs = [
                Metric("AWS/Scheduler", name, {"ScheduleGroup": group}, label, "Sum")
                for name, label in (
                    ("InvocationAttemptCount", "started"),
                    ("TargetErrorCount", "could not be started"),
                    ("InvocationDroppedCount", "given up"),
                )
            ]
            graphs.append(Graph("Jobs and dumps on schedule", jobs, period=300))
        return graphs

    def _one(self, scope: Scope, name: str, label: str, statistic: str = "Average") -> Metric:
        dimensions = alarms.dimensions(scope, "", self._names.values)
        return Metric(NAMESPACES[scope], alarms.metric_name(scope, name, self._facts), dimensions, label, statistic)

    def _doors(self, name: str, word: str = "") -> list[Metric]:
        """A metric of each of the pooler's doors, over all its tasks."""
        service, values = self._facts.service, self._names.values
        return [
            Metric(
                NAMESPACES["pooler"],
                name,
                {"Stack": values["Stack"], "Service": values["Service"], "Door": door},
                f"{word} {door}".strip(),
                "Sum",
            )
            for door in (service, f"{service}_ro")
        ]

    def _server(self, target: str, name: str, label: str, statistic: str = "Average") -> Metric:
        dimensions = alarms.dimensions("server", target, self._names.values)
        return Metric(NAMESPACES["server"], name, dimensions, label, statistic)

    def _sum(self, target: str, first: str, second: str) -> Metric:
        dimensions = alarms.dimensions("server", target, self._names.values)
        return Metric(NAMESPACES["server"], first, dimensions, target, plus=(second,))

    def _each(self, name: str, statistic: str = "Average", word: str = "") -> list[Metric]:
        return [self._server(target, name, f"{target} {word}".strip(), statistic) for target in self._servers]

    def _where(self, alarm: str, name: str, word: str) -> list[Metric]:
        """The metric of those servers that have an alarm on it: elsewhere it says nothing."""
        having = [item.target for item in self._planned if item.row.name == alarm]
        return [self._server(target, name, f"{target} {word}") for target in having]

    def _line(self, name: str, target: str = "", label: str = "") -> list[Line]:
        found = [item for item in self._planned if item.row.name == name and item.target == target]
        return [_drawn(item, label or f"{item.row.name} {item.row.comparison}") for item in found]

    def _lines_of(self, *names: str) -> list[Line]:
        """The lines of all servers, each value once."""
        found = [item for item in self._planned if item.row.name in names]
        return [_drawn(item, item.key) for item in {item.threshold: item for item in reversed(found)}.values()]


def _drawn(item: Planned, label: str) -> Line:
    return Line(label, item.threshold, RED) if item.severity == "page" else Line(label, item.threshold)
