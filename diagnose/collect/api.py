"""api: to be filled."""

from __future__ import annotations

from collections.abc import Iterator

from diagnose.collect.api_client import Client
from diagnose.collect.device import Deadline, Device
from diagnose.collect.evidence import Evidence
from diagnose.model import Record, Resource

__all__ = ["Client", "collect"]


def collect(device: Device, deadline: Deadline, out: Evidence) -> Iterator[Record | Resource]:
    """Yield nothing yet."""
    del device, deadline, out
    yield from ()
