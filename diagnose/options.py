"""The options that several commands share, as typer takes them."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Optional

import typer

from diagnose.cli_device import TIMEOUT


class Severity(str, Enum):
    """Severities, the worst first."""

    error = "error"
    warning = "warning"
    info = "info"


Lang = Annotated[Optional[str], typer.Option("--lang", metavar="LANG", help="Language: en or ja (default: the locale's).")]  # noqa: UP045
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours (also: NO_COLOR in the environment).")]
Namespaces = Annotated[Optional[list[str]], typer.Option("--namespace", "-n", metavar="NAME", help="Only findings on this namespace; may be repeated.")]  # noqa: UP045
Pods = Annotated[Optional[list[str]], typer.Option("--pod", metavar="[NAMESPACE/]NAME", help="Only findings on this pod; may be repeated.")]  # noqa: UP045
RuleIds = Annotated[Optional[list[str]], typer.Option("--rule", metavar="ID", help="Only findings of this rule; may be repeated.")]  # noqa: UP045
MinSeverity = Annotated[Severity, typer.Option("--min-severity", help="Leave out findings less severe.")]
Ignore = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option("--ignore", metavar="RULE[=[NAMESPACE/]NAME]", help="Set aside findings of a rule, everywhere or on one pod or NAD; may be repeated."),
]
IgnoreFile = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--ignore-file", metavar="FILE", help="What to set aside, with reason and expiry date (default: /etc/msnet/ignore.yaml, where it exists)."),
]
Zone = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--tz", metavar="ZONE", help="Time zone of stamps that name none: Europe/Berlin, +02:00.  [default: the node's, where the evidence tells it, else UTC]"),
]  # fmt: skip
ExitZero = Annotated[bool, typer.Option("--exit-zero", help="Exit 0 even if there are errors or warnings.")]
Folders = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option("--rules", metavar="DIR", help="Folder of rules of your own, beside /etc/msnet/rules.d; may be repeated."),
]

_DEVICE = "The running device"

Boot = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--boot", "-b", metavar="BOOT", rich_help_panel=_DEVICE, help="The boot to read: 0 this one (default), -1 the one before, a boot id, or all."),
]
Timeout = Annotated[
    Optional[float],  # noqa: UP045
    typer.Option("--timeout", metavar="SECONDS", rich_help_panel=_DEVICE, help=f"How long looking at the device may take (default: {TIMEOUT:g})."),
]
Kubeconfig = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--kubeconfig", metavar="FILE", rich_help_panel=_DEVICE, help="The kubeconfig (default: KUBECONFIG, then MicroShift's own)."),
]
JournalDir = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--journal-dir", metavar="FOLDER", rich_help_panel=_DEVICE, help="Journal files to read in place of the node's own."),
]
Root = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--root", metavar="FOLDER", rich_help_panel=_DEVICE, help="A saved tree of the node's files to read in place of /; no command is run then."),
]

PANEL = "Redaction"

Redact = Annotated[
    bool,
    typer.Option("--redact", rich_help_panel=PANEL, help="Remove secrets, and give names and addresses pseudonyms that keep their relations."),
]
MapFile = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(
        "--redaction-map", metavar="FILE", rich_help_panel=PANEL,
        help="Where the map of pseudonyms is kept, for `msnet reveal` (default: /var/lib/msnet for root, else ~/.local/state/msnet).",
    ),
]  # fmt: skip

KeepVendor = Annotated[bool, typer.Option("--keep-vendor", rich_help_panel=PANEL, help="Let MAC addresses keep the three bytes that tell who made the device.")]
