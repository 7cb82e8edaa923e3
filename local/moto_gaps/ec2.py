"""EC2: security group rules, endpoints, gateways and addresses, flow logs."""

from __future__ import annotations

from typing import Any

from moto.ec2 import exceptions as moto_exceptions
from moto.ec2.models import elastic_ip_addresses as moto_addresses
from moto.ec2.models import flow_logs as moto_flow_logs
from moto.ec2.models import internet_gateways as moto_internet_gateways
from moto.ec2.models import nat_gateways as moto_nat_gateways
from moto.ec2.models import security_groups as moto_security_groups
from moto.ec2.models import vpcs as moto_vpcs
from moto.ec2.responses import vpcs as moto_vpc_responses

from local.moto_gaps.reality import Reality

# moto's own types promise other things than what is put in their place here.
security_groups: Any = moto_security_groups
vpcs: Any = moto_vpcs
vpc_responses: Any = moto_vpc_responses
nat_gateways: Any = moto_nat_gateways
internet_gateways: Any = moto_internet_gateways
addresses: Any = moto_addresses
flow_logs: Any = moto_flow_logs
exceptions: Any = moto_exceptions


def restore_rule_descriptions(reality: Reality | None) -> None:
    """The description lies with what the rule points at, and moto looks only at address ranges."""
    initialise = security_groups.SecurityGroupRule.__init__
    modify = security_groups.SecurityGroupBackend.modify_security_group_rules

    def init(self: Any, *args: Any, prefix_list_id: Any = None, **kwargs: Any) -> None:
        # moto gives it by position as well: the last of the three peers.
        given = prefix_list_id or (args[7] if len(args) > 7 else None)
        initialise(self, *args, **kwargs, **({} if prefix_list_id is None else {"prefix_list_id": prefix_list_id}))
        if given and given.get("Description"):
            self.ip_range = {**self.ip_range, "Description": given["Description"]}

    def description(self: Any) -> str | None:
        found: str | None = self.ip_range.get("Description") or self.source_group.get("Description")
        return found

    def modified(self: Any, group_id: str, rules: dict[str, dict[str, Any]]) -> None:
        modify(self, group_id, rules)
        group = self.get_security_group_by_name_or_id(group_id)
        for rule_id, told in rules.items():
            rule = group.get_rule(rule_id)
            if told.get("PrefixListId"):
                rule.prefix_list_id = told["PrefixListId"]
            if told.get("ReferencedGroupId"):
                rule.source_group = {**rule.source_group, "GroupId": told["ReferencedGroupId"]}

    security_groups.SecurityGroupRule.__init__ = init
    security_groups.SecurityGroupRule.description = property(description)
    security_groups.SecurityGroupBackend.modify_security_group_rules = modified


def restore_endpoint_changes(reality: Reality | None) -> None:
    """What a modified endpoint is told is done: routes come and go with its tables, names and interfaces too.

    An endpoint of no type is a gateway.
    """
    create = vpcs.VPCBackend.create_vpc_endpoint
    modify, respond = vpcs.VPCBackend.modify_vpc_endpoint, vpc_responses.VPCs.modify_vpc_endpoint

    def created(self: Any, vpc_id: str, service_name: str, endpoint_type: str | None, *args: Any, **kwargs: Any) -> Any:
        return create(self, vpc_id, service_name, endpoint_type or "Gateway", *args, **kwargs)

    def changed(self: Any, vpc_id: str, **told: Any) -> None:
        endpoint = self.describe_vpc_endpoints(vpc_end_point_ids=[vpc_id])[0]
        tables, subnets = set(endpoint.route_table_ids or []), set(endpoint.subnet_ids or [])
        modify(self, vpc_id=vpc_id, **told)
        prefix = endpoint.destination_prefix_list_id
        if prefix:
            for table in tables - set(endpoint.route_table_ids):
                self.delete_route(table, prefix)
            for table in set(endpoint.route_table_ids) - tables:
                self.create_route(table, None, gateway_id=vpc_id, destination_prefix_list_id=prefix)
        if subnets != set(endpoint.subnet_ids or []):
            for interface in endpoint.network_interface_ids:
                self.enis.pop(interface, None)
            endpoint.network_interface_ids = [
                self.create_network_interface(subnet, None).id for subnet in endpoint.subnet_ids
            ]

    def modify_vpc_endpoint(self: Any) -> Any:
        answer = respond(self)
        private_names = self._get_param("PrivateDnsEnabled")
        if private_names is not None:
            endpoint_id = self._get_param("VpcEndpointId")
            [endpoint] = self.ec2_backend.describe_vpc_endpoints(vpc_end_point_ids=[endpoint_id])
            endpoint.private_dns_enabled = private_names
        return answer

    vpcs.VPCBackend.create_vpc_endpoint = created
    vpcs.VPCBackend.modify_vpc_endpoint = changed
    vpc_responses.VPCs.modify_vpc_endpoint = modify_vpc_endpoint


def restore_gateways(reality: Reality | None) -> None:
    """A NAT gateway needs a way out and an address of its own, and gives back what it took; nothing in use goes."""
    create, delete = (
        nat_gateways.NatGatewayBackend.create_nat_gateway,
        nat_gateways.NatGatewayBackend.delete_nat_gateway,
    )
    detach = internet_gateways.InternetGatewayBackend.detach_internet_gateway
    release = addresses.ElasticAddressBackend.release_address

    def create_nat_gateway(self: Any, subnet_id: str, allocation_id: str, *args: Any, **kwargs: Any) -> Any:
        vpc_id = self.get_subnet(subnet_id).vpc_id
        made = create(self, subnet_id, allocation_id, *args, **kwargs)
        made.connectivity_type = made.connectivity_type or "public"
        attached = any(each.vpc is not None and each.vpc.id == vpc_id for each in self.internet_gateways.values())
        if made.connectivity_type == "public" and not attached:
            give_back(self, made)
            made.state, made.failure_code = "failed", "Gateway.NotAttached"
            made.failure_message = f"Network {vpc_id} has no Internet gateway attached"
        return made

    def delete_nat_gateway(self: Any, nat_gateway_id: str) -> Any:
        if nat_gateway_id not in self.nat_gateways:
            raise exceptions.EC2ClientError("NatGatewayNotFound", f"NatGateway {nat_gateway_id} was not found")
        gone = delete(self, nat_gateway_id)
        give_back(self, gone)
        return gone

    def detach_internet_gateway(self: Any, internet_gateway_id: str, vpc_id: str) -> None:
        if any(each.vpc_id == vpc_id and each.state == "available" for each in self.nat_gateways.values()):
            raise exceptions.DependencyViolationError(
                f"Network {vpc_id} has some mapped public address(es). Please unmap those public address(es) before"
                " detaching the gateway."
            )
        detach(self, internet_gateway_id, vpc_id)

    def release_address(self: Any, address: str | None = None, allocation_id: str | None = None) -> None:
        known = [each for each in self.addresses if allocation_id and each.allocation_id == allocation_id]
        if any(each.association_id for each in known):
            raise exceptions.EC2ClientError("InvalidIPAddress.InUse", f"Address {known[0].public_ip} is in use.")
        release(self, address=address, allocation_id=allocation_id)

    nat_gateways.NatGatewayBackend.create_nat_gateway = create_nat_gateway
    nat_gateways.NatGatewayBackend.delete_nat_gateway = delete_nat_gateway
    internet_gateways.InternetGatewayBackend.detach_internet_gateway = detach_internet_gateway
    addresses.ElasticAddressBackend.release_address = release_address


def give_back(backend: Any, gateway: Any) -> None:
    """The address and the interface of a NAT gateway that is no more."""
    for taken in gateway.address_set:
        held = [each for each in backend.addresses if each.allocation_id == taken.get("allocationId")]
        for each in held:
            if each.association_id:
                backend.disassociate_address(association_id=each.association_id)
    backend.enis.pop(gateway._eni.id, None)


def restore_flow_logs(reality: Reality | None) -> None:
    """A flow log to CloudWatch Logs may name its log group by ARN, and then is found by name as well."""
    original = flow_logs.FlowLogsBackend.create_flow_logs

    def create_flow_logs(self: Any, **told: Any) -> Any:
        destination = told.get("log_destination")
        if told.get("log_destination_type") != "s3" and destination and not told.get("log_group_name"):
            told["log_group_name"] = destination.split(":log-group:", 1)[-1].removesuffix(":*")
        return original(self, **told)

    flow_logs.FlowLogsBackend.create_flow_logs = create_flow_logs
