"""Whether a shell command only reads: what msnet calls "read-only" must change nothing.

Only what is known to read counts; a command that is not known, or whose words hide another one, is taken to change something.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from typing import Final

from diagnose.pattern import lazy

_NAMES = lazy(r"\{[a-z_]*(?::d)?\}|<[a-z][a-z-]*>")
"""What is filled in later: a capture, or a name that the reader knows."""
_HIDDEN = lazy(r"`|\$\(|<\(|>\(|\$\{")
_QUIET = lazy(r"\s[12&]?>\s?/dev/null|\s2>&1")
_SINGLE_QUOTED = lazy(r"'[^']*'")
_SEPARATORS = frozenset({"|", "||", "&&", ";"})
_ASSIGNMENT = lazy(r"^[A-Za-z_]\w*=")

_Words = list[str]
_Judge = Callable[[_Words], bool]


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


def only_reads(command: str) -> bool:
    """Return True if no part of `command` (pipes and lists of commands included) can change anything."""
    text = _QUIET.sub(" ", _NAMES.sub("x", command.replace("\\\n", " ").replace("\n", " ; ")))
    if _HIDDEN.search(_SINGLE_QUOTED.sub("''", text)):
        return False
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        tokens = list(lexer)
    except ValueError:
        return False  # a quote that is not closed
    parts: list[_Words] = [[]]
    for token in tokens:
        if token in _SEPARATORS:
            parts.append([])
        elif token and set(token) <= set("();<>|&"):
            return False  # a redirection, a subshell, a job in the background
        else:
            parts[-1].append(token)
    return any(parts) and all(_reads(p) for p in parts if p)


def _reads(words: _Words) -> bool:
    while words and (_ASSIGNMENT.match(words[0]) or words[0] == "sudo"):
        words = words[1:]
    if not words:
        return False
    name, *rest = words
    name = name.rpartition("/")[2]
    if name in _ANY:
        return True
    judge = _JUDGES.get(name)
    return judge is not None and judge(rest)


_ANY: Final = _set(
    "ausearch base64 cat cd cmp column cut df diff dig du echo egrep false fgrep file findmnt free getenforce getent getsebool grep head host "
    "id jq ls lsblk lsmod lsns lsof lspci md5sum modinfo msnet nslookup numfmt pgrep ping printf ps pwd readlink realpath sealert sestatus sha256sum "
    "stat tac tail test tr tracepath traceroute true uname uptime wc which whoami zcat zgrep zstdcat"
)
"""Programs that read, whatever their options are."""


def _plain(words: _Words, valued: frozenset[str] = frozenset()) -> _Words:
    """Return the words that are no options; the value behind an option of `valued` is none either."""
    found: _Words = []
    rest = iter(words)
    for word in rest:
        if word in valued:
            next(rest, None)
        elif not word.startswith("-"):
            found.append(word)
    return found


def _without(*options: str) -> _Judge:
    """Return a judge that allows everything but `options`, also as `--option=value`; one letter counts within a cluster (`-sSo`), too."""
    letters = {o[1] for o in options if len(o) == 2}

    def refused(word: str) -> bool:
        return word.partition("=")[0] in options or (word.startswith("-") and not word.startswith("--") and not letters.isdisjoint(word[1:]))

    return lambda words: not any(refused(w) for w in words)


def _verbs(*verbs: str, valued: str = "") -> _Judge:
    """Return a judge that wants one of `verbs` as first word that is no option."""
    options = _set(valued)
    return lambda words: next(iter(_plain(words, options)), "") in verbs


_OC_VALUED = _set(
    "-n --namespace --kubeconfig --context --cluster --user --as --as-group -s --server --token --request-timeout -l --selector -c --container -o --output --tail --since"
)
_OC = _set("get describe logs explain version api-resources api-versions cluster-info top events diff whoami status wait kustomize")
_OC_SECOND: Final = {"auth": ("can-i", "whoami"), "rollout": ("status", "history"), "config": ("view", "get-contexts", "current-context", "get-clusters")}
_MAKES = frozenset({"cluster-info dump"})


def _oc(words: _Words) -> bool:
    if "--" in words:
        at = words.index("--")
        return next(iter(_plain(words[:at], _OC_VALUED)), "") == "exec" and _reads(words[at + 1 :])
    plain = _plain(words, _OC_VALUED)
    verb, second = [*plain, "", ""][:2]
    if verb in ("apply", "create", "replace", "delete"):
        return any(w in ("--dry-run=server", "--dry-run=client") for w in words)
    return (verb in _OC and f"{verb} {second}" not in _MAKES) or second in _OC_SECOND.get(verb, ())


_IP_SHOWS = _set("show list ls get lst sh s l")
_IP_OBJECTS = _set(
    "a ad addr address l li link link r ro route ru rule n ne neigh neighbour neighbor netns maddr mroute netconf ntable tunnel vrf xfrm nexthop"
)


def _ip(words: _Words) -> bool:
    plain = _plain(words, frozenset({"-n", "-netns", "-f", "-family", "-c"}))
    thing, verb = [*plain, "", ""][:2]
    if thing == "netns" and verb == "exec":
        at = words.index("exec")
        return _reads(words[at + 2 :])
    return (thing in _IP_OBJECTS and (not verb or verb in _IP_SHOWS or verb == "dev")) or (thing == "netns" and verb in ("", "list", "identify", "pids"))


def _nsenter(words: _Words) -> bool:
    rest = iter(enumerate(words))
    for at, word in rest:
        if word in ("-t", "--target"):
            next(rest, None)
        elif not word.startswith("-"):
            return _reads(words[at:])
    return False


def _sysctl(words: _Words) -> bool:
    return _without("-w", "--write", "-p", "--load", "--system", "-f")(words) and not any("=" in w for w in _plain(words, frozenset({"--pattern", "-r"})))


def _firewall(words: _Words) -> bool:
    allowed = ("--list", "--get", "--query", "--state", "--info", "--zone", "--permanent", "--version", "--direct", "--policy", "--check-config")
    return bool(words) and all(w.startswith(allowed) for w in words if w.startswith("-"))


def _iptables(words: _Words) -> bool:
    return any(w in ("-L", "-S", "--list", "--list-rules") or re.match(r"^-[nvx]*[LS][nvx]*$", w) for w in words) and not any(
        re.match(r"^-(?:[ADIRFZNXPE]|-(?:append|delete|insert|replace|flush|zero|new|policy)\b)", w) for w in words
    )


def _nmcli(words: _Words) -> bool:
    plain = _plain(words, frozenset({"-f", "--fields", "-t", "-g", "--get-values", "-m", "--mode", "-c"}))
    return all(w in ("show", "status", "list", "general", "g", "device", "d", "dev", "connection", "c", "con", "networking", "permissions") for w in plain[:2])


def _curl(words: _Words) -> bool:
    return _without(
        "-X", "--request", "-d", "--data", "--data-binary", "--data-raw", "--data-urlencode", "--json", "-o", "-O", "--output", "--remote-name", "-T",
        "--upload-file", "-F", "--form", "-K", "--config", "-c", "--cookie-jar", "-D", "--dump-header", "--trace", "--trace-ascii", "--stderr",
    )(words)  # fmt: skip


def _xargs(words: _Words) -> bool:
    rest = iter(enumerate(words))
    for at, word in rest:
        if word in ("-I", "-n", "-P", "-d", "-L", "-a", "-s", "-E"):
            next(rest, None)
        elif not word.startswith("-"):
            return _reads(words[at:])
    return False


def _timeout(words: _Words) -> bool:
    rest = [w for w in words if not w.startswith("-")]
    return len(rest) > 1 and _reads(words[words.index(rest[0]) + 1 :])


def _sed(words: _Words) -> bool:
    return (
        len(words) > 1
        and words[0] == "-n"
        and re.fullmatch(r"(?:\d+|\$|/[^/]*/)?(?:,(?:\d+|\$|/[^/]*/))?p", words[1]) is not None
        and _without("-i", "-s", "--in-place")(words[1:])
    )


_JUDGES: Final[dict[str, _Judge]] = {
    **dict.fromkeys(("oc", "kubectl"), _oc),
    "arping": _without("-U", "-A"),
    "bridge": lambda words: next(iter(_plain(words)[1:]), "show") in ("show", "list", "sh", "get"),
    "chronyc": _verbs("tracking", "sources", "sourcestats", "activity"),
    "crictl": _verbs("ps", "pods", "images", "img", "inspect", "inspectp", "inspecti", "logs", "info", "version", "stats", "statsp", valued="-r --runtime-endpoint -i -t --timeout -c --config"),
    "crio": _verbs("status", "version", "config"),
    "curl": _curl,
    "date": lambda words: _without("-s", "--set")(words) and all(w.startswith("+") for w in _plain(words, frozenset({"-d", "--date"}))),
    "dmesg": _without("-C", "-c", "--clear", "--read-clear", "-D", "-E", "-n", "--console"),
    "dnf": _verbs("list", "info", "repoquery", "provides", "repolist"),
    "ethtool": lambda words: not words or not words[0].startswith("-") or words[0] in ("-i", "-k", "-g", "-S", "-l", "-a", "-c", "-P", "-T", "-m", "-d", "-n", "-u", "-x"),
    "find": _without("-delete", "-exec", "-execdir", "-ok", "-okdir", "-fprint", "-fprint0", "-fprintf", "-fls"),
    "firewall-cmd": _firewall,
    "hostnamectl": lambda words: not _plain(words) or _plain(words)[0] == "status",
    "ip": _ip,
    **dict.fromkeys(("iptables", "ip6tables"), _iptables),
    **dict.fromkeys(("iptables-save", "ip6tables-save"), _without("-f", "--file")),
    "journalctl": _without("--rotate", "--vacuum-size", "--vacuum-time", "--vacuum-files", "--flush", "--sync", "--relinquish-var", "--smart-relinquish-var", "--setup-keys", "--update-catalog", "--cursor-file"),
    "microshift": _verbs("version", "show-config", "healthcheck"),
    "mount": lambda words: not words,
    "nft": lambda words: next(iter(_plain(words)), "") == "list",
    "nmcli": _nmcli,
    "nsenter": _nsenter,
    "openssl": lambda words: bool(words) and words[0] in ("x509", "verify", "version", "s_client") and _without("-out")(words),
    "ovs-appctl": _verbs("fdb/show", "ofproto/list", "dpif/show", "bridge/dump-flows"),
    "ovs-ofctl": lambda words: next(iter(_plain(words, frozenset({"-O"}))), "").startswith(("show", "dump-")),
    "ovs-vsctl": lambda words: "--" not in words and next(iter(_plain(words)), "").startswith(("show", "list", "get", "find", "br-exists", "port-to-br", "iface-to-br")),
    "python3": lambda words: words == ["-m", "json.tool"],
    "podman": _verbs("ps", "inspect", "images", "logs", "version", "info"),
    "restorecon": lambda words: any(re.match(r"^-[a-zA-Z]*n", w) for w in words),
    "rpm": lambda words: bool(words) and words[0].startswith(("-q", "-V", "--query", "--verify")),
    "sed": _sed,
    "semanage": lambda words: ("-l" in words or "--list" in words) and _without("-a", "-d", "-m", "-D", "--add", "--delete", "--modify", "--deleteall")(words),
    "semodule": lambda words: bool(words) and words[0].startswith("-l"),
    "sort": _without("-o", "--output"),
    "ss": _without("-K", "--kill", "-D", "--diag"),
    "sysctl": _sysctl,
    "systemctl": _verbs("status", "is-active", "is-enabled", "is-failed", "show", "cat", "list-units", "list-unit-files", "list-timers", "list-dependencies", "list-sockets"),
    "tcpdump": _without("-w", "-z", "-G"),
    "timedatectl": lambda words: not _plain(words) or _plain(words)[0] in ("status", "show", "timesync-status"),
    "timeout": _timeout,
    "uniq": lambda words: len(_plain(words)) < 2,
    "xargs": _xargs,
}  # fmt: skip
