"""The redactor: first it learns from all that will be shown, then it replaces, by one table for every output."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from diagnose.model import Record, Report, Resource
from diagnose.pattern import lazy
from diagnose.redact import learn
from diagnose.redact.addresses import Addresses
from diagnose.redact.find import BASE64, decoded, networks, replace_addresses
from diagnose.redact.names import PRIVATE_ZONES, Names
from diagnose.redact.public import REGISTRIES, Public
from diagnose.redact.removed import Secrets, each
from diagnose.redact.report import rewritten, strings

_DOMAIN = lazy(r"(?<![\w.%-])(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+([A-Za-z]{2,24})(?![\w-]|\.[A-Za-z0-9])")
_ZONES = PRIVATE_ZONES | frozenset(
    """
    com net org edu gov mil int info biz eu us uk de fr it es pt nl be lu at ch li dk se no fi ie pl cz sk hu ro bg gr hr si ba ua ru by tr il sa ae qa kw eg za ng ke
    jp cn tw hk kr sg my th vn id ph in pk lk au nz ca mx br ar cl pe co ve uy io ai dev cloud tech online systems solutions energy industries tv me cc ws xyz
    """.split()
)
"""Top-level domains that tell a domain from a file: those of a meaning as a file's ending are left out (sh, py, so, md, zip, rs is a country here and no file of a node)."""
_PASSING = lazy(
    r"(?<![0-9a-zA-Z-])(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{64}|[0-9a-f]{32})(?![0-9a-zA-Z-])"
    r"|(?:(?<![\w:.])|(?<=\dT))\d\d:\d\d:\d\d(?:\.\d+)?(?![\d:])|(?<![\w.])\d{1,6}\.\d{6,9}(?![\w.])"
)
"""What differs from one attempt to the next and is no name: UIDs, ids of containers and boots, times of day, durations."""
_LONG = 20_000
_PAIR = lazy(r"(?<![\w./-])([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)/([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?![\w/-])")
_WORDS = frozenset("in it no at be my me us is to id info site test home local dev io".split())
"""Those that a name in a program, or a full stop without a blank behind it, may well look like."""
_IMAGE = lazy(
    r"(?<![\w./@-])((?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::\d{2,5})?)/((?:[a-z0-9]+(?:[._-]+[a-z0-9]+)*/)*[a-z0-9]+(?:[._-]+[a-z0-9]+)*)(?=:[\w.-]+(?:[\s\"'\\,;)\]}]|$)|@sha256:)"
)


class Redactor:
    """Learns names and networks (`learn` and its kin), then replaces (`text`, `report`).

    `counts` tells what was replaced since, by kind: `secret`, `ip`, `mac`, `domain`, `name`.
    """

    def __init__(
        self, key: bytes, messages: Iterable[str], names: dict[str, str] | None = None, networks: Iterable[str] = (), *, keep_vendor: bool = False
    ) -> None:
        """Take the key of the pseudonyms (32 bytes), upstream's messages, whose words stay, and what earlier runs gave."""
        self.public = Public(messages)
        self.names = Names(self.public, names)
        self.addresses = Addresses(key, networks, keep_vendor=keep_vendor)
        self.counts: Counter[str] = Counter()
        self._secrets = Secrets()
        self._folders: re.Pattern[str] | None = None
        self._namespaces: set[str] = set()
        self._met: set[int] = set()
        """Records that were learned from, by their hash: a failure tells the same a thousand times."""
        self._again = lru_cache(20_000)(self._replaced)

    def hide_folders(self, paths: Iterable[str]) -> None:
        """Leave out where the inputs lie: of each path only its last part is shown."""
        folders = {os.path.join(os.path.dirname(path.rstrip("/")), "") for path in paths} - {"", "/"}
        if folders:
            self._folders = re.compile("|".join(rf"(?<![\w./-]){re.escape(f)}" for f in sorted(folders, key=len, reverse=True)))

    # --- learning -----------------------------------------------------------------------------------------------------

    def learn(self, item: Record | Resource) -> None:
        """Learn from a record or an object."""
        if isinstance(item, Record):
            learn.of_record(item, self._name)
            for text in (item.raw,) if item.message in item.raw else (item.raw, item.message):
                shape = hash(_PASSING.sub("", text))
                if shape not in self._met:
                    self._met.add(shape)
                    self.learn_text(text)
        else:
            learn.of_resource(item, self._name)
            self._secrets.learn(json.dumps(item.body, ensure_ascii=False, default=str))
            for text in strings(item.body):
                self.learn_text(text)
                if item.kind == "NetworkAttachmentDefinition":
                    for network in networks(text):
                        self.addresses.learn(network, typed=True)
        self._again.cache_clear()

    def learn_host(self, name: str) -> None:
        """Learn the name of the node, whole and without its domain."""
        self._texts(name)
        self._name("host", name.partition(".")[0])
        self._again.cache_clear()

    def learn_text(self, text: str) -> None:
        """Learn from any text."""
        learn.of_text(text, self._name)
        self._texts(text)
        self._again.cache_clear()

    def learn_report(self, report: Report) -> None:
        """Learn from the report itself: whom its findings hit, and every text in it."""
        for finding in report.findings:
            for about in finding.affected:
                if not Public.namespace(about.namespace or ""):
                    self._name("ns", about.namespace or "")
                    self._name({"Pod": "pod", "Node": "host", "NetworkAttachmentDefinition": "nad", "Namespace": "ns"}.get(about.kind, "name"), about.name)
        for table in report.attachments:
            if not Public.namespace(table.namespace):
                self._name("ns", table.namespace)
                self._name("pod", table.name)
        for text in strings(report):
            self.learn_text(text)

    def _name(self, kind: str, name: str) -> None:
        self.names.learn(kind, name)
        if kind == "ns" and not self.public.namespace(name):
            self._namespaces.add(name)

    def _texts(self, text: str) -> None:
        if self._namespaces and "/" in text:
            # "plant/ot-lan": whatever the one is, the other is a name within it.
            for m in _PAIR.finditer(text):
                if m[1] in self._namespaces:
                    self.names.learn("name", m[2])
        for network in networks(text):
            self.addresses.learn(network)
        self._secrets.learn(text)
        for m in _DOMAIN.finditer(text):
            self._domain(m.group())
        for m in _IMAGE.finditer(text):
            self._image(m)

    # --- replacing ----------------------------------------------------------------------------------------------------

    def text(self, text: str) -> str:
        """Return `text` without secrets, and with pseudonyms."""
        found, counts = self._alike(text) if len(text) < _LONG else self._replaced(text)
        self.counts.update(counts)
        return found

    def _alike(self, text: str) -> tuple[str, Counter[str]]:
        """Return the same as `_replaced`; what differs from one attempt to the next in times and ids alone is looked at once."""
        passing: list[str] = []

        def aside(m: re.Match[str]) -> str:
            passing.append(m.group())
            return _stand_in(m.group())

        masked = _PASSING.sub(aside, text)
        found, counts = self._again(masked)
        if not passing:
            return found, counts
        met: list[str] = []

        def back(m: re.Match[str]) -> str:
            met.append(m.group())
            return passing[len(met) - 1] if len(met) <= len(passing) else ""

        whole = _PASSING.sub(back, found)
        if met != [_stand_in(x) for x in passing] or any(self._secrets.holds(x) for x in passing):
            return self._replaced(text)  # one of them is, or was thought to be, part of what is replaced
        return whole, counts

    def _replaced(self, text: str) -> tuple[str, Counter[str]]:
        counts: Counter[str] = Counter()
        text, kinds = self._secrets.text(text)
        if self._folders is not None:
            text = self._folders.sub("", text)
        counts["secret"] = sum(kinds.values())

        def mac(old: str) -> str:
            new = self.addresses.mac(old)
            counts["mac"] += new != old
            return new

        def ip(old: str) -> str:
            new = self.addresses.ip(old)
            counts["ip"] += new != old
            return new

        def domain(m: re.Match[str]) -> str:
            new = self._domain(m.group())
            counts["domain"] += new != m.group()
            return new

        def base64(m: re.Match[str]) -> str:
            # What stands in base64 is for programs: it is hidden whole where a name or an address stands in it.
            inner = decoded(m.group())
            if not inner or (not self.names.text(inner)[1] and replace_addresses(inner, self.addresses.ip, self.addresses.mac) == inner):
                return m.group()
            counts["name"] += 1
            return "[removed:base64]"

        text = BASE64.sub(base64, text)
        if "." in text:
            text = _DOMAIN.sub(domain, text)
        text = replace_addresses(text, ip, mac)
        text, names = self.names.text(text)
        counts["name"] = names
        return text, +counts

    def _domain(self, name: str) -> str:
        labels = name.split(".")
        zone = labels[-1].lower()
        if zone not in _ZONES or self.public.domain(name) or (zone in _WORDS and len(labels) < 3):
            return name
        base = ".".join(labels[-2:])
        self._name("domain", base)
        made = self.names.seen.get(base.lower())
        if made is None:
            return name
        for label in labels[:-2]:
            self._name("host", label)
        head = [self.names.text(label)[0] for label in labels[:-2]]
        return ".".join([*head, made, zone if zone in PRIVATE_ZONES else "example"])

    def _image(self, m: re.Match[str]) -> None:
        """Learn the path of an image in a private registry: public ones can be looked up by everybody."""
        registry = m[1].lower()
        host = registry.partition(":")[0]
        if ("." not in host and ":" not in registry and host != "localhost") or registry in REGISTRIES or self.public.domain(host):
            return
        for part in m[2].split("/"):
            self._name("image", part)
        if "." not in host:
            self._name("host", host)

    def value(self, value: Any) -> Any:
        """Return a value of JSON with every text in it replaced, names of fields, too; what its neighbour tells to be a secret goes as well."""
        value, kinds = self._secrets.value(value)
        self.counts["secret"] += sum(kinds.values())
        return each(value, self.text)

    def report(self, report: Report) -> Report:
        """Return the report with all its texts replaced."""
        before = self.counts.copy()
        found = rewritten(report, self.text)
        found.redacted = {kind: self.counts[kind] - before[kind] for kind in sorted(self.counts) if self.counts[kind] > before[kind]}
        return found


def _stand_in(passing: str) -> str:
    """Return what stands for an id or a time of that form: an id, or a time, as good as any."""
    if ":" in passing or "." in passing:
        return passing.translate(_ZEROS)
    return _UID if "-" in passing else _ID[: len(passing)]


_ZEROS = str.maketrans("123456789", "0" * 9)
_UID = "9f86d081-884c-4d65-9a2f-eaa0c55ad015"
_ID = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
