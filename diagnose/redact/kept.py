"""The map of pseudonyms: it stays where it was made, readable by its owner alone, so that later outputs agree and answers can be translated back."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile
from collections.abc import Generator
from pathlib import Path

from diagnose.errors import InputError, MsnetError
from diagnose.parse.tree import items, mapping
from diagnose.record import dataclass, field
from diagnose.redact.addresses import Addresses
from diagnose.redact.find import replace_addresses
from diagnose.redact.names import Names, Words
from diagnose.redact.public import Public
from diagnose.redact.redactor import Redactor

SCHEMA = "msnet.redaction-map/1"
_LARGEST = 64 * 1024 * 1024
_KEY = 32


@dataclass(slots=True)
class Map:
    """What belongs to each pseudonym: originals in lower case where case does not matter, and the key of the addresses."""

    key: bytes
    names: dict[str, str] = field(default_factory=dict[str, str])
    """Pseudonyms by name."""
    addresses: dict[str, str] = field(default_factory=dict[str, str])
    """Pseudonyms by IP or MAC address."""
    earlier: dict[str, str] = field(default_factory=dict[str, str])
    """Addresses by pseudonyms that are no longer given, since a wider network became known."""
    networks: list[str] = field(default_factory=list[str])

    @classmethod
    def new(cls) -> Map:
        """Return an empty map with a key from the system's random source."""
        return cls(os.urandom(_KEY))

    def redactor(self, messages: list[str], *, keep_vendor: bool = False) -> Redactor:
        """Return a redactor that goes on where this map ends."""
        return Redactor(self.key, messages, self.names, self.networks, keep_vendor=keep_vendor)

    def take(self, redactor: Redactor) -> None:
        """Add what a redactor gave."""
        self.names.update(redactor.names.seen)
        for address, made in (*redactor.addresses.seen.items(), *redactor.addresses.macs.items()):
            before = self.addresses.get(address)
            if before is not None and before != made:
                self.earlier[before] = address
            self.addresses[address] = made
        self.networks = sorted({*self.networks, *map(str, redactor.addresses.networks)})

    def reveal(self, text: str) -> str:
        """Return `text` with the originals in place of the pseudonyms that this map holds, and of other addresses in the networks that it holds."""
        words = Words()
        for made, name in Names(Public(()), self.names).back().items():
            words.put(made, name)
        addresses = Addresses(self.key, self.networks)
        back = self.earlier | {made: address for address, made in self.addresses.items()}
        networks = {addresses.network(made) for made in back}

        def original(old: str) -> str:
            if old in back:
                return back[old]
            network = addresses.network(old)
            return addresses.original(old) if network and network in networks else old

        return words.text(replace_addresses(text, original, lambda mac: _like(mac, back)))[0]


def _like(mac: str, back: dict[str, str]) -> str:
    """Return the original of a MAC address in the form in which its pseudonym is written."""
    found = back.get(bytes.fromhex(mac.replace(":", "").replace("-", "")).hex(":"))
    if found is None:
        return mac
    found = found.replace(":", mac[2] if mac[2] in ":-" else "")
    return found.upper() if mac.upper() == mac and mac.lower() != mac else found


def usual_path() -> Path:
    """Return where the map is kept: the state folder that systemd gives a unit (systemd.exec(5), StateDirectory=), /var/lib/msnet for root, else the user's own (XDG)."""
    if os.environ.get("STATE_DIRECTORY"):
        return Path(os.environ["STATE_DIRECTORY"].split(":")[0]) / "redaction-map.json"
    if os.geteuid() == 0:
        return Path("/var/lib/msnet/redaction-map.json")
    home = os.environ.get("XDG_STATE_HOME") or Path("~/.local/state").expanduser()
    return Path(home) / "msnet" / "redaction-map.json"


@contextlib.contextmanager
def locked(path: Path) -> Generator[None]:
    """Hold the map at `path` against other runs of msnet. Raises `MsnetError` where its folder cannot be written."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path.parent / f".{path.name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as e:
        raise MsnetError(f"cannot keep the map of pseudonyms at {path}: {e.strerror or e}", "name another place: --redaction-map FILE") from e
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def load(path: Path) -> Map | None:
    """Return the map at `path`, None where there is none. Raises `InputError` where it is no map, is damaged, or cannot be read."""
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST)
    except FileNotFoundError:
        return None
    except OSError as e:
        raise InputError(
            f"cannot read the map of pseudonyms {path}: {e.strerror or e}", "it belongs to the user who made it: use sudo, or name another with --redaction-map"
        ) from e
    try:
        body = mapping(json.loads(raw))
        if body.get("schema") != SCHEMA:
            raise ValueError(f"its schema is not {SCHEMA}")
        key = bytes.fromhex(str(body.get("key")))
        if len(key) != _KEY:
            raise ValueError("its key is damaged")
        names, addresses, earlier = ({str(k): str(v) for k, v in mapping(body.get(part)).items()} for part in ("names", "addresses", "earlier"))
        return Map(key, names, addresses, earlier, [str(n) for n in items(body.get("networks"))])
    except (ValueError, RecursionError) as e:
        raise InputError(
            f"{path} is no map of pseudonyms: {e}",
            "name another place with --redaction-map, or remove it: then pseudonyms given before cannot be translated back",
        ) from e


def save(table: Map, path: Path) -> None:
    """Put the map at `path`, readable by its owner alone; who reads meanwhile sees the old one or the new one. Raises `MsnetError`."""
    body = {"schema": SCHEMA, "key": table.key.hex(), "names": table.names, "addresses": table.addresses, "earlier": table.earlier, "networks": table.networks}
    beside = ""
    try:
        descriptor, beside = tempfile.mkstemp(".tmp", f".{path.name}.", path.parent)  # mode 0600
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(json.dumps(body, indent=1) + "\n")
            file.flush()
            os.fsync(file.fileno())
        Path(beside).replace(path)
    except OSError as e:
        if beside:
            Path(beside).unlink(missing_ok=True)
        raise MsnetError(f"cannot keep the map of pseudonyms at {path}: {e.strerror or e}", "name another place: --redaction-map FILE") from e
