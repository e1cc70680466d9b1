"""The addresses on the internet under which a deployment answers."""

from __future__ import annotations

from dataclasses import dataclass

from cdktn_provider_google.compute_global_address import ComputeGlobalAddress
from constructs import Construct


@dataclass(frozen=True, kw_only=True)
class GlobalAddressesProps:
    """Names in Google Cloud; the addresses themselves are Google's choice."""

    project: str
    ipv4_name: str
    ipv6_name: str


class GlobalAddresses(Construct):
    """One IPv4 and one IPv6 address, reserved for as long as the stack lives.

    They outlast any load balancer, so that host names need not change with one.
    """

    ipv4: str
    ipv6: str

    def __init__(self, scope: Construct, id: str, props: GlobalAddressesProps) -> None:
        super().__init__(scope, id)
        self.ipv4 = self._reserve("ipv4", props.ipv4_name, props.project)
        self.ipv6 = self._reserve("ipv6", props.ipv6_name, props.project)

    def _reserve(self, version: str, name: str, project: str) -> str:
        return ComputeGlobalAddress(
            self, version, project=project, name=name, address_type="EXTERNAL", ip_version=version.upper()
        ).address
