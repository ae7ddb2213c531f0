"""One log line: the journal's head, then the program's own format, down to the message."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple, cast

from diagnose.alike import MARK, Alike, alike, marked
from diagnose.pattern import lazy

_MON = r"(?:[^\W\d_][\w.]{1,9}|1?\d(?:月|월))"
_HEAD = lazy(
    r"^ ?(?:(?P<bsd>" + _MON + r" [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?)"
    r"|(?P<iso>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?)"
    r"|(?P<full>" + _MON + r" \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? [A-Za-z+-][\w+:-]*)"
    r"|(?P<unix>\d{9,10}\.\d{6})"
    r"|(?P<mono>\[ *\d+\.\d{6}\])"
    r"|(?P<ctime>\[?[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}\]))"
    r" +(?:(?P<host>[\w][\w.-]*|\(?[\w.-]+\)?) )??(?P<ident>[\w.@/()\\:-]*?[\w)@-])(?:\[(?P<pid>\d+)\])?: (?P<rest>.*)$",
    re.DOTALL,
)
_KLOG = lazy(
    r"^(?:(?P<component>[\w?.-]+) )?(?P<sev>[IWEF])(?P<date>\d{4}) (?P<time>\d\d:\d\d:\d\d\.\d{6}) +(?P<pid>\d+) (?P<file>[^:\]\s]+):(?P<line>\d+)\] ?(?P<rest>.*)$",
    re.DOTALL,
)
_LOGRUS = lazy(r'^(?:time="(?P<time>[^"]*)" )?level=(?P<level>\w+)(?P<rest>.*)$', re.DOTALL)
_MSG = lazy(r'^(?: msg=(?P<msg>"(?:[^"\\]|\\.)*"?|\S+))?(?P<rest>.*)$', re.DOTALL)
_LEVELED = lazy(
    r"^(?P<time>\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?) \[(?P<level>panic|error|verbose|debug|info|warning)\] (?P<rest>.*)$",
    re.DOTALL,
)
_CRI = lazy(r"^(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(?:Z|[+-]\d\d:\d\d)) (?:stdout|stderr) [FP] (?P<rest>.*)$", re.DOTALL)
_STAMPED = lazy(r"^(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)) (?P<rest>\S.*)$", re.DOTALL)
_GOLOG = lazy(r"^(?P<time>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d)(?:\.\d+)? (?P<rest>.*)$", re.DOTALL)
_AUDIT = lazy(r"^(?:type=(?P<type>\w+) )?(?:msg=)?audit\((?P<time>\d+\.\d+):\d+\): (?P<rest>.*)$", re.DOTALL)
_LOST_ESCAPES = lazy(r'error="(?:[^"\\]|\\.)*"[^\s"]')  # a quote inside that lost its backslash
_BARE = lazy(r"^(?P<ident>[a-z][\w.-]*)\[(?P<pid>\d+)\]: (?P<rest>.*)$", re.DOTALL)
_SYSLOG_LEVEL = lazy(r"^(?:debug|info|notice|warn|warning|err|error) (?=time=|[IWEF]\d{4} |\d{4}-\d\d-\d\dT\S+ \[)")
_QUOTED = lazy(r'"((?:[^"\\]|\\.)*)"?')
_KEY = lazy(r'\s([A-Za-z][\w.-]*)=("(?:[^"\\]|\\.)*"?|\{[^{}]{0,4000}\}|\[[^\]]*\]|\S+)')
_BLOCK = lazy(r"\s(?P<key>[A-Za-z]\w*)=<(?:\n|$)")

_GO_ESCAPE = lazy(r'\\(?:(["\\abfnrtv\'])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))')
_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


class Line(NamedTuple):
    """A line taken apart; a part that it does not have is ""."""

    time: str
    """The journal's own time stamp as written, or else the program's."""
    form: str
    """Which form `time` has: bsd, iso, full, unix, mono, ctime, klog, audit, golog or ""."""
    host: str
    ident: str
    pid: str
    program: str
    """The input it counts as (see `rule.INPUTS`), "" for pasted text, "other" for a program of no interest."""
    level: str
    """error, warning, info, debug or ""."""
    message: str
    fields: dict[str, str]
    """Structured keys: pod ("ns/name"), podUID, err, reason ..."""
    like: Alike | None = None
    """The message with stand-ins for its ids, where that was made."""


_PROGRAMS = {
    "crio": "crio", "conmon": "other", "microshift": "microshift", "kubelet": "kubelet", "containerd": "containerd",
    "k3s": "kubelet", "rke2": "kubelet", "microk8s.daemon-containerd": "containerd", "microk8s.daemon-kubelite": "kubelet",
    "microk8s.daemon-kubelet": "kubelet", "hyperkube": "kubelet", "dockerd": "containerd", "k0s": "kubelet",
    "kernel": "kernel", "audit": "audit", "systemd": "systemd", "greenboot": "greenboot", "multus": "multus", "dhcp": "dhcp",
    "whereabouts": "whereabouts", "ovnkube": "ovn", "ovs-vswitchd": "ovn", "ovsdb-server": "ovn", "ovs-vsctl": "ovn", "ovn-controller": "ovn",
    "setroubleshoot": "audit", "sedispatch": "audit", "auditd": "audit", "firewalld": "systemd", "microshift-etcd": "other", "cri-o": "crio",
}  # fmt: skip

_LEVEL = {"I": "info", "W": "warning", "E": "error", "F": "error", "warn": "warning", "fatal": "error", "panic": "error", "verbose": "info"}


def go_unquote(text: str) -> str:
    """Return the inside of a Go-quoted string without one level of escapes; a broken escape stays as it is."""

    def one(m: re.Match[str]) -> str:
        if m.group(1):
            return _SIMPLE.get(m.group(1), m.group(1))
        return chr(int(m.group(2) or m.group(3) or m.group(4), 16))

    body = text.removeprefix('"')
    if body.endswith('"') and not body.endswith('\\"'):
        body = body[:-1]
    try:
        return _GO_ESCAPE.sub(one, body)
    except (ValueError, OverflowError):
        return body


@lru_cache(maxsize=256)
def _program(ident: str) -> str:
    name = ident.rsplit("/", 1)[-1].removesuffix(".service").removesuffix(".scope")
    if name.startswith(("greenboot", "redboot")) or name.endswith(".sh"):
        return "greenboot"
    return _PROGRAMS.get(name, "other")


def _structured(rest: str) -> tuple[str, dict[str, str]]:
    """Split a klog message into its text and its keys; err joins the text, since it is the error."""
    if not rest.startswith('"'):
        return rest, {}
    m = _QUOTED.match(rest)
    if m is None:
        return rest, {}
    message = go_unquote(m.group())
    tail = rest[m.end() :]
    fields: dict[str, str] = {}
    block = _BLOCK.search(tail)
    if block is not None:
        body, _, after = tail[block.end() :].partition("\n >")
        fields[block["key"]] = body
        tail = tail[: block.start()] + after
    for k in _KEY.finditer(" " + tail if not tail.startswith(" ") else tail):
        value = k.group(2)
        fields.setdefault(k.group(1), go_unquote(value) if value.startswith('"') else value)
    return message, fields


_WRAPPERS = ("RunPodSandbox from runtime service failed", "Failed to create sandbox for pod", "CreatePodSandbox for pod failed", "Error syncing pod, skipping")


_EVENT = lazy(
    r"Event\(v1\.ObjectReference\{Kind:\"(?P<kind>\w*)\", Namespace:\"(?P<ns>[^\"]*)\", Name:\"(?P<name>[^\"]*)\".*?\}\): type: '(?P<type>\w*)' reason: '(?P<reason>\w*)' (?P<message>.*)$",
    re.DOTALL,
)


def _klog(m: re.Match[str]) -> Line:
    component = m["component"] or ""
    event = _EVENT.match(m["rest"]) if m["rest"].startswith("Event(") else None
    if event is not None:
        fields = {"object": f"{event['ns']}/{event['name']}", "reason": event["reason"], "kind": event["kind"]}
        return Line(f"{m['date']} {m['time']}", "klog", "", component, m["pid"], "event", event["type"], event["message"], fields)
    message, fields, like = _told(m["rest"], _klog_told)
    program = component and ("kubelet" if component == "kubelet" else "microshift")
    return Line(f"{m['date']} {m['time']}", "klog", "", component, m["pid"], program, _LEVEL[m["sev"]], message, fields, like)


_Told = tuple[str, dict[str, str], tuple[str, ...]]
"""A message, its keys, and which of these hold stand-ins for ids."""


@lru_cache(maxsize=512)
def _klog_told(rest: str) -> _Told:
    """Return the message and the keys of a klog line behind its head."""
    message, fields = _with_error(*_structured(rest))
    return message, fields, marked(fields)


@lru_cache(maxsize=256)
def _told(text: str, read: Callable[[str], _Told]) -> tuple[str, dict[str, str], Alike | None]:
    """Return the message and the keys that `read` finds in `text`, which are not to be changed; what differs from another text in its ids alone is not read again."""
    like = alike(text)
    if like is not None:
        message, fields, keys = read(like.text)
        own, named = like.own(message), like.named(fields, keys)
        if named is not None and MARK not in own:
            return own, named, Alike(message, like.ids)
    message, fields, _ = read(text)
    return message, dict(fields), None


def _with_error(message: str, fields: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Join a structured message and its error; a message that only introduces the error becomes the field "said"."""
    error = fields.get("err") or fields.get("networkReady") or fields.get("message") or ""
    if not error:
        return message, fields
    if message in _WRAPPERS:
        fields["said"] = message
        return error, fields
    return f"{message}: {error}" if message else error, fields


def _json(text: str) -> Line | None:
    """Read a JSON log line: etcd's, CRI-O's with log-format=json, a CNI plugin's error, Multus' or a container log."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict):
        return None
    d = cast("dict[str, Any]", body)
    if "msg" in d and ("code" in d or "cniVersion" in d) and "level" not in d:
        details = str(d.get("details") or "")
        message = str(d["msg"])
        if details and details != message:
            message += f"; {details}"
        return Line("", "", "", "", "", "cni", "error", message, {"code": str(d.get("code", ""))})
    if "msg" in d and "level" in d:
        extra = " ".join(str(d[k]) for k in ("error", "err") if d.get(k))
        message = f"{d['msg']}: {extra}" if extra else str(d["msg"])
        program = "other" if "caller" in d else ""
        return Line(str(d.get("ts") or d.get("time") or ""), "iso", "", "", "", program, _LEVEL.get(str(d["level"]), str(d["level"])), message, {})
    if "cniVersion" in d and ("interfaces" in d or "ips" in d):
        return Line("", "", "", "", "", "cni", "info", "", {})  # the result of a successful ADD
    if "log" in d and "stream" in d:
        inner = program_line(str(d["log"]).rstrip("\n"))
        return inner._replace(time=str(d.get("time") or inner.time), form="iso" if d.get("time") else inner.form, program=inner.program or "pod-log")
    return None


@lru_cache(maxsize=256)
def _logrus_told(text: str) -> _Told:
    """Return the message and the keys of a logrus line behind its level."""
    m = _MSG.match(text)
    if m is None:
        return "", {}, ()
    message = go_unquote(m["msg"]) if (m["msg"] or "").startswith('"') else (m["msg"] or "")
    rest = m["rest"] or ""
    fields = {k: go_unquote(v) if v.startswith('"') else v for k, v in _KEY.findall(rest)}
    if fields.get("error") and rest.count('"') % 2 == 0 and _LOST_ESCAPES.search(rest):
        fields["error"] = rest.partition(' error="')[2].rstrip('"')
    return f"{message}: {fields['error']}" if fields.get("error") else message, fields, marked(fields)


def program_line(text: str) -> Line:
    """Take a line apart that has no journal head: klog, logrus, Multus, audit, JSON, container log or free text."""
    first = text[:1]
    if first == "{":
        found = _json(text)
        if found is not None:
            return found
    m = _KLOG.match(text)
    if m is not None:
        return _klog(m)
    if first == '"' and 'err="' in text:
        message, fields = _structured(text)  # klog's own words, pasted without their head
        if fields:
            return Line("", "", "", "", "", "kubelet", "error", *_with_error(message, fields))
    m = _LOGRUS.match(text)
    if m is not None:
        message, fields, like = _told(m["rest"] or "", _logrus_told)
        return Line(m["time"] or "", "iso", "", "", "", "crio", _LEVEL.get(m["level"], m["level"]), message, fields, like)
    m = _LEVELED.match(text)
    if m is not None:
        return Line(m["time"], "iso", "", "", "", "multus", _LEVEL.get(m["level"], m["level"]), m["rest"], {})
    m = _CRI.match(text)
    if m is not None:
        inner = program_line(m["rest"])
        return inner._replace(time=m["time"], form="iso", program=inner.program or "pod-log")
    m = _AUDIT.match(text)
    if m is not None:
        return Line(m["time"], "audit", "", "", "", "audit", "", m["rest"], {})
    m = _GOLOG.match(text)
    if m is not None:
        return Line(m["time"], "golog", "", "", "", "", "", m["rest"], {})
    m = _STAMPED.match(text)
    if m is not None:
        inner = program_line(m["rest"])
        return inner._replace(time=m["time"], form="iso", program=inner.program or "pod-log")
    return Line("", "", "", "", "", "", "", text, {})


def parse_line(text: str) -> Line:
    """Take one log line apart. Text that has no known form comes back whole as the message, with program ""."""
    m = _HEAD.match(text)
    if m is None:
        bare = _BARE.match(text)
        if bare is None:
            return program_line(text)
        inner = program_line(bare["rest"])
        return inner._replace(ident=bare["ident"], pid=bare["pid"], program=inner.program or _program(bare["ident"]))
    form = next(k for k in ("bsd", "iso", "full", "unix", "mono", "ctime") if m[k])
    inner, program = _logged(m["ident"], m["rest"])
    if form == "mono" and inner.form:
        # A monotonic stamp has no date; the program's own has.
        return inner._replace(host=m["host"] or "", ident=m["ident"], pid=m["pid"] or inner.pid, program=program)
    return inner._replace(time=m[form], form=form, host=m["host"] or "", ident=m["ident"], pid=m["pid"] or inner.pid, program=program)


def journal_line(ident: str, message: str) -> Line:
    """Take the message of a journal's entry apart that a program of that name logged; what the journal tells itself is left out: time, host."""
    inner, program = _logged(ident, message)
    return Line("", "", "", ident, inner.pid, program, inner.level, inner.message, inner.fields, inner.like)


def _logged(ident: str, message: str) -> tuple[Line, str]:
    """Return the program's own line, and whose it is."""
    inner = program_line(_SYSLOG_LEVEL.sub("", message))
    outer = _program(ident)
    program = inner.program if inner.program not in ("", "pod-log") else outer
    if outer in ("kubelet", "containerd") and program == "crio":
        program = outer
    if outer in ("crio", "containerd") and inner.program == "":
        program = "cni"  # what a plugin prints to its stderr, libcni copies to the runtime's
    if inner.form == "klog" and (outer == "kubelet" or not inner.program):
        program = "kubelet" if outer == "other" else outer  # a kubelet by another name (k3s, origin-node)
    return inner, program
