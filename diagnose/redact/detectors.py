"""The table of secrets: names whose values are secret, tokens known by their form, places on a line where a secret stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from diagnose.pattern import lazy
from diagnose.redact.blocks import Span, yaml_block, yaml_value

# --- names whose value is a secret -----------------------------------------------------------------------------------------------------------------------

# Kind and the end of the name, in any case and spelling; what stands before it does not matter unless it is said here.
NAMES: tuple[tuple[str, str], ...] = (
    ("client-key", r"client[_-]?key[_-]?data|client[_-]?certificate[_-]?data"),  # kubeconfig
    ("docker-config", r"\.?docker[_-]?config[_-]?json|\.?dockercfg|pull[_-]?secret"),
    ("passphrase", r"pass[_-]?phrase"),
    ("password", r"passw(?:or[dt]|d)s?|pass[_-]?code|(?<![a-z])pass|(?-i:(?<=[a-z])Pass)|(?:auth|db|ldap|mysql|root|smtp|ssh|user|key|store|priv)_?pass"),
    ("password", r"pwd|(?:bind|root|user|db|admin|ldap|_|-)pw"),
    ("pre-shared-key", r"(?<![a-z])(?:wpa[_-]?)?psk|(?-i:(?<=[a-z])P(?:sk|SK))|pre[_-]?shared[_-]?key"),  # NetworkManager, wpa_supplicant, WireGuard
    ("wep-key", r"wep[_-]?key"),
    ("macsec-key", r"(?:mka[_-])?cak"),  # NetworkManager, wpa_supplicant: the connectivity association key
    ("private-key", r"private[_-]?key|priv[_-]?key|secret[_-]?key[_-]?data|ssh[_-]?key"),
    ("secret-key", r"secret[_-]?(?:access[_-]?)?key"),
    (
        "key",
        r"(?:access|account|activation|api|app|application|auth|cipher|client|consumer|crypto|deploy|encrypt|encryption|hmac|jwt|license|master|service|session|shared|signing)[_-]?key",
    ),
    (
        "key",
        r"(?:storage|subscription|webhook)[_-]?key",
    ),
    ("token", r"token|(?:identity|registry|bearer|access|refresh|id|session)[_-]?token"),
    ("secret", r"secret"),
    ("credential", r"cred(?:ential)?s?"),
    ("cookie", r"cookie"),
    ("pin", r"(?<![a-z])pin"),
    ("snmp-community", r"(?<![a-z])(?:snmp[_-]?)?community"),
    ("basic-auth", r"(?<![a-z])_?auth"),
)
_ENDING = r"(?:[_-]?(?:raw|hash|hashed|data|b64|base64|value|string|str|text|plain|enc|encrypted|crypted)|[_-]?\d{1,2}(?![\w]))?"
_NAME = lazy(
    "|".join(f"(?P<n{i}>{pattern})" for i, (_, pattern) in enumerate(NAMES)).join(("(?:", ")")) + _ENDING + r"(?![A-Za-z0-9_])",
    re.IGNORECASE,
)
_KINDS = tuple(kind for kind, _ in NAMES)
# Both in lower case: a part of every name, and how a name goes on up to its sign; they save the slow look at prose.
_NAME_HINT = lazy(rb"pass|pw|token|secret|certificate|psk|cred|cak|pin|communit|dockerc|auth|key|cookie")
_NAME_REST = lazy(rb"([\w-]{0,30}+)(?:[\"']?\]?[ \t]{0,60}[:=>]|[\"']?[ \t\r]*(?:[,}\n]|value:|\Z))")
# What may stand between a name and its value: a closing quote or bracket, then a sign; also `<password>`.
_SIGN = lazy(r"(?P<quote>[\"']?)\]?(?:[ \t]{0,60}(?P<sign>:=|=>|::(?=[ \t])|:(?!:|//)|=(?!=))[ \t]{0,60}|(?P<tag>>))")
_DOUBLE = lazy(r'"((?:[^"\\\n]|\\.)*+)')
_SINGLE = lazy(r"'((?:[^'\n\\]|''|\\.)*+)")
_BARE = lazy(
    r"(?:\$\{[^}\s\"']*\}|\$\([^)\s\"']*\)|[^\s\"'`,;&<>\\)}\]|]|\\(?![\"'nrtu\\/`])|[,;&)}\]](?=[A-Za-z0-9!@#$%^*+_~])(?![\w.\-]{1,40}[=:]))++"  # a comma inside, not one that another member follows
)
_LINE_START = lazy(r"[ \t]*(?:[-#;?][ \t]+)*(?:export[ \t]+|set[ \t]+|setenv[ \t]+|declare -x[ \t]+|Environment=[\"']?)?[\"']?")
_IN_NAMES = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-/"
_REST = lazy(r"[^\n]*")
_PLACEHOLDER = lazy(
    r"(?:\[removed:[a-z0-9-]+\].*|<[\w .:/-]*>|\*+|x{3,}|\.{2,}|-+|~|null|nil|none|true|false|yes|no|on|off|undefined|unset|empty|n/a|bytes|string|optional|required"
    r"|\$\{[^}]*\}|\$\([^)]*\)|\$[a-z_]+|\{\{(?:.*\}\})?|%\(\w+\)s|%[sdvqw]|removed|\(?redacted\)?|\[?redacted\]?|\(?hidden\)?|masked|\(?sensitive\)?|\(?unknown\)?"
    r"|map\[.*|\*{3}hidden\*{3})",
    re.IGNORECASE,
)
_PATH = lazy(r"(?:~|\.{1,2})?(?:/[\w.@+:{}$-]+)+/?|file:.*|[a-z]+://[^@]*|/|[A-Z]:\\.*")
_OBJECT_NAME = lazy(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?(/[a-z0-9]([-a-z0-9.]*[a-z0-9])?)?")
_OBJECT_SURE = lazy(r".*[-./]|[a-z]+\Z")
_TELLING_SECRET = lazy(
    r"(?:client|app|application|shared|consumer|aws|api|oauth2?|jwt|hmac|session|signing|webhook|cookie|user|radius|server|totp|otp)[_-]?secret", re.IGNORECASE
)
_PROSE = lazy(
    r"(?:and|or|a|an|the|is|was|are|be|has|not|no|must|should|could|can|cannot|failed|failure|invalid|incorrect|wrong|expired|missing|mismatch|authentication|permission|access"
    r"|for|from|of|in|to|with|error|unauthorized|unexpected|unable|required|rejected|denied|too|file|flag|parameter|option|argument|value|prompt|auth|rpc|dial|open|post|get)\b",
    re.IGNORECASE,
)
_BASE64_WORD = lazy(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_BOOTSTRAP = lazy(r"[a-z0-9]{6}\.[a-z0-9]{16}")


def _value(text: str, at: int) -> tuple[int, int, bool]:
    """Return start and end of the value at `at`, and whether it is quoted."""
    while text[at : at + 1] == "[" and not text.startswith("[removed:", at):
        at += 1
    quoted = _DOUBLE.match(text, at) or _SINGLE.match(text, at)
    if quoted:
        return quoted.start(1), quoted.end(1), True
    if text.startswith("[removed:", at):
        return at, at, False
    bare = _BARE.match(text, at)
    return (at, bare.end(), False) if bare else (at, at, False)


def named(text: str, low: bytes, start: int, end: int) -> Iterator[Span]:
    """Yield the values in `text[start:end]` that stand behind a telling name: YAML, JSON, ini, environment, logfmt, XML, headers."""
    done = start
    for word in _NAME_HINT.finditer(low, start, end):
        if word.start() < done:  # within the value before
            continue
        rest = _NAME_REST.match(low, word.end(), end)
        if rest is None:
            continue
        # The longest name that ends there: it begins somewhere before the hint.
        m = next((m for m in _NAME.finditer(text, max(done, word.start() - 16), rest.end(1)) if m.end() == rest.end(1)), None)
        if m is None:
            continue
        kind = _KINDS[int((m.lastgroup or "n0")[1:])]
        sign = _SIGN.match(text, m.end())
        done = m.end()
        for span in _named(text, m, sign, kind) if sign else _environment(text, m, kind):
            yield span
            if span.start >= done:
                done = span.end


def _named(text: str, m: re.Match[str], sign: re.Match[str], kind: str) -> Iterator[Span]:
    at = sign.end()
    colon = sign.group("sign") == ":"
    begin = max(text.rfind("\n", max(0, m.start() - 120), m.start()) + 1, m.start() - 120)
    before = text[begin : m.start()]
    name = before[len(before.rstrip(_IN_NAMES)) :] + m.group()
    quote = sign.group("quote")
    before = before[: len(before) - len(name) + len(m.group())]
    opened = not quote or before.endswith(quote)
    whole = begin == 0 or text[begin - 1] == "\n"
    first = whole and _LINE_START.fullmatch(before) is not None
    block = text[at : at + 6].split("\n", maxsplit=1)[0].rstrip()
    if colon and first and block and block[0] in "|>" and len(block) <= 3:
        indent = len(before) - len(before.lstrip(" -"))
        yield from yaml_block(text, text.find("\n", at) + 1 or len(text), indent, kind)
        return
    value, end, quoted = _value(text, at)
    if kind == "cookie":
        yield from _cookies(text, m, at)
        return
    if sign.group("tag"):
        closing = text.find("<", at, at + 2000)
        if (
            text[max(0, m.start() - 40) : m.start()].rfind("<") >= 0
            and closing > at
            and text.startswith("</", closing)
            and _accepts(kind, name, text[at:closing], "strong")
        ):
            yield Span(at, closing, kind)
        return
    if not quoted and text.startswith(("{", "\\"), at):
        return
    prose = False
    if not quoted and first and end < len(text) and text[end] != "\n":
        # The whole rest of the line: a value with blanks, or with what ends a value elsewhere.
        rest_end = text.find("\n", at)
        rest = text[at : len(text) if rest_end < 0 else rest_end].rstrip()
        stop = re.search(r"[ \t]#", rest)
        rest = (rest[: stop.start()] if stop else rest).rstrip()
        if colon and text[at - 1] in " \t":
            if " " not in rest and rest[:1] not in {"{", "["} and (not quote or rest[-1:] not in {",", "}", "]"}):
                end = at + len(rest)
            elif (span := yaml_value(at, rest, kind)) and kind in _PHRASES and not _PROSE.search(rest) and "=" not in rest and ", " not in rest:
                end = span.end
            else:
                prose = True
        elif not colon and not name.isupper():
            if kind in _PHRASES and "=" not in rest and ";" not in rest and not before.strip():
                end = at + len(rest)
        elif not colon and before.strip() in {"", "export"} and not rest.startswith(("$", "[removed:")):
            word = re.compile(r"[^\s\"'`]+").match(text, at)
            end = word.end() if word and not re.search(r"[&;,]\s*\w+=", word.group()) else end
    strength = "strong"
    if colon and not quoted and not (first and (text[at - 1] in " \t" or before.strip(' \t"') == "")) and not quote:
        strength = "weak"
    if colon and first and not quoted and text[at - 1] in " \t" and not before.strip(" \t-\"'"):
        strength = "weak" if prose else "strong"
    elif colon and first and not quoted and " " in before.strip(" -\t\"'"):
        strength = "weak"
    if _HEADER.search(name) and (":" in sign.group() or "=" in sign.group()):
        strength = "strong"
    flow = before.rstrip()[-1:] in {"{", ","} and text[end : end + 1] in {",", "}"}  # YAML in braces
    struct = kind in _PHRASES and text[at - 1] == ":"  # as Go prints it
    telling = kind in _PHRASES or any(c.isdigit() for c in text[value:end])
    if strength == "weak" and (flow or struct) and telling and not _PROSE.match(text, value):
        strength = "strong"
    if (
        not colon
        and not quoted
        and name.isupper()
        and before[-1:] in {'"', "'"}
        and (stop := text.find(before[-1], at, at + 500)) > end
        and not re.search(r"[\n=$]", text[at:stop])
    ):
        end = stop  # systemd's Environment="NAME=a value"
    string = before.removesuffix("- ")[-1:]
    if strength == "weak" and string in {'"', "'"}:  # does it fill a string?
        stop = text.find(string, at, at + 200)
        if stop == end and not text[value:end].islower():
            strength = "strong"
        elif stop > end and kind in _PHRASES and not re.search(r"[\n\\=:,;]", text[at:stop]) and not _PROSE.search(text, at, stop):
            end, strength = stop, "strong"
    if quote and not opened and not quoted:
        strength = "weak"
    content = text[value:end]
    if strength == "weak":
        content = content.rstrip(".,:;?")
        end = value + len(content)
    if content and _accepts(kind, name, content, strength):
        needs = m.end() if colon and quote == '"' and not quoted else -1
        yield Span(value, end, kind, needs)


_COOKIE = lazy(r"[\w.!#$%&*+^|~-]+=([^;\s\"'\\,]*)(?:;[ \t]*)?")


def _cookies(text: str, m: re.Match[str], at: int) -> Iterator[Span]:
    """Yield the values of the cookies from `at`: all of a `Cookie`, the first of a `Set-Cookie`, where attributes follow."""
    while text[at : at + 1] in {'"', "'", "["}:
        at += 1
    only_first = text[max(0, m.start() - 4) : m.start()].lower() == "set-"
    while pair := _COOKIE.match(text, at):
        if pair.end(1) > pair.start(1):
            yield Span(pair.start(1), pair.end(1), "cookie")
        if only_first:
            return
        at = pair.end()


_PHRASES = frozenset({"password", "passphrase", "pre-shared-key"})
"""Kinds that may hold blanks."""
_LONGEST_WORD = 2000
"""Characters of the longest path, name or word of a sentence."""
_HEADER = lazy(r"\bX-[\w-]+$", re.IGNORECASE)


def _accepts(kind: str, name: str, value: str, strength: str) -> bool:
    """Tell if `value` behind `name` is a secret: not a placeholder, a path, the name of a Secret object or a word of a sentence."""
    if len(value) > _LONGEST_WORD:
        return True
    if _PLACEHOLDER.fullmatch(value):
        return False
    low = name.lower()
    if kind == "basic-auth":
        return bool(_BASE64_WORD.fullmatch(value)) and _is_login(value)
    if kind == "pin":
        return value.isdigit() and 4 <= len(value) <= 12
    if kind == "snmp-community":
        return not re.fullmatch(r"[\d:.,]+", value) and not _PROSE.match(value)
    if low.endswith("pwd") and low in {"pwd", "oldpwd"} and value[0] in "/~":
        return False
    if kind not in {"password", "passphrase"} and _PATH.fullmatch(value):
        return False
    if kind == "password" and _PATH.fullmatch(value) and ("/" in value[1:] or low.endswith("pwd")) and not low.endswith("_pwd"):
        return False
    if kind == "password" and low in {"pass", "passed"} and value.isdigit() and len(value) < 4:
        return False
    if kind in {"token", "secret", "key", "credential", "secret-key"} and value.isdigit() and len(value) < 6:
        return False
    if kind == "private-key" and value.startswith(("ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-")):  # public
        return False
    if kind in {"secret", "docker-config", "credential", "private-key"} and _is_object_name(name, value):
        return False
    if strength == "strong":
        return True
    if _PATH.fullmatch(value) or _PROSE.match(value) or "://" in value:
        return False
    digit = any(c.isdigit() for c in value)
    letter = any(c.isalpha() for c in value)
    if kind in _PHRASES:
        return len(value) >= 4 and ((digit and letter) or any(c in "!@#$%^&*+_~" for c in value) or not (value[1:].islower() or value.isdigit()))
    if _BOOTSTRAP.fullmatch(value):
        return True
    return len(value) >= 12 and digit and letter and not (_OBJECT_NAME.fullmatch(value) and _OBJECT_SURE.match(value))


def _is_object_name(name: str, value: str) -> bool:
    if name.isupper() and "_" in name:
        return False
    return not _TELLING_SECRET.search(name) and bool(_OBJECT_NAME.fullmatch(value)) and bool(_OBJECT_SURE.match(value))


def _is_login(value: str) -> bool:
    import binascii

    try:
        data = binascii.a2b_base64(value.replace("-", "+").replace("_", "/") + "=" * (-len(value) % 4))
    except binascii.Error:
        return False
    return b":" in data and data.isascii()


# --- environments: a name here, its value there ----------------------------------------------------------------------------------------------------------

_ENV_NAME = lazy(r"(?:\"name\"\s{0,20}:\s{0,20}\"|\bname:[ \t]{0,20}[\"']?)[\w.-]*$")
_ENV_AFTER = lazy(
    r"\"\s{0,40},\s{0,40}\"value\"\s{0,20}:\s{0,20}\"(?P<json>(?:[^\"\\\n]|\\.)*+)"
    r"|[\"']?[ \t\r]*\n[ \t]+value:[ \t]*(?P<yaml>[^\n]*)"
    r"|[\"']?,[ \t]*value:[ \t]*(?P<flow>\"[^\"\n]*\"|'[^'\n]*'|[^,}\n]+)"  # YAML in braces
    r"|[ \t]+value:[ \t]*(?P<go>[^\s,}]+)"  # Go's %+v of an EnvVar
)
_ENV_BEFORE = lazy(r"\"value\"\s{0,20}:\s{0,20}\"(?P<json>(?:[^\"\\\n]|\\.)*+)\"\s{0,40},\s{0,40}\Z|\bvalue:[ \t]*(?P<yaml>[^\n]*)\n[ \t]+\Z")
_LONGEST_VALUE = 20_000


def _environment(text: str, m: re.Match[str], kind: str) -> Iterator[Span]:
    """Yield the value of an environment variable with the telling name `m`, as Kubernetes writes it: two members of one object."""
    begin = max(0, m.start() - 160)
    name = _ENV_NAME.search(text[begin : m.start()])
    if name is None:
        return
    found = _ENV_AFTER.match(text, m.end())
    if found is None:
        at = text.rfind("value", max(0, m.start() - _LONGEST_VALUE), begin + name.start())
        found = _ENV_BEFORE.match(text, max(0, at - (text[at - 1 : at] == '"')), begin + name.start()) if at >= 0 else None
    if found is None:
        return
    group = found.lastgroup or "json"
    start, end = found.span(group)
    if group == "json":
        span = Span(start, end, kind) if end > start else None
    elif text[start:end].rstrip() in {"|", "|-", "|+", ">", ">-", ">+"}:
        line = text[text.rfind("\n", 0, start) + 1 : start]
        yield from yaml_block(text, end + 1, len(line) - len(line.lstrip(" -")), kind)
        return
    else:
        span = yaml_value(start, text[start:end].rstrip(), kind)
    if span and _accepts(kind, name.group() + m.group(), text[span.start : span.end], "strong"):
        yield span


# --- tokens that their form gives away -------------------------------------------------------------------------------------------------------------------

# Kind and form of tokens at least 20 characters long; each publisher documents its prefix.
TOKENS: tuple[tuple[str, str], ...] = (
    ("jwt", r"eyJ[\w-]{8,}\.[\w-]*(?:\.[\w-]*)*"),
    ("openshift-token", r"sha256~[\w-]{20,}"),
    ("github-token", r"gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{22,}"),
    ("gitlab-token", r"gl(?:pat|dt|rt|ptt|ft|soat|cbt|imt|agent|oas)-[\w.-]{20,}|GR1348941[\w-]{20,}"),
    ("slack-token", r"xox[abeoprs]-[\w-]{10,}|xapp-\d-[\w-]{10,}"),
    ("aws-key", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9])"),
    ("google-key", r"AIza[\w-]{35}|ya29\.[\w-]{20,}|GOCSPX-[\w-]{20,}"),
    ("stripe-key", r"(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{20,}"),
    ("sendgrid-key", r"SG\.[\w-]{16,}\.[\w-]{16,}"),
    ("mailgun-key", r"key-[0-9a-f]{32}(?![0-9a-f])"),
    ("twilio-key", r"SK[0-9a-f]{32}(?![0-9a-f])"),
    ("npm-token", r"npm_[A-Za-z0-9]{30,}"),
    ("pypi-token", r"pypi-AgE[\w-]{20,}"),
    ("rubygems-key", r"rubygems_[0-9a-f]{40,}"),
    ("docker-token", r"dckr_(?:pat|oat)_[\w-]{20,}"),
    ("huggingface-token", r"hf_[A-Za-z]{30,}|hf_[A-Za-z0-9]{34}"),
    ("ai-key", r"sk-(?:ant-|proj-|svcacct-|admin-)[\w-]{20,}|sk-[A-Za-z0-9]{32,}(?![\w-])"),
    ("vault-token", r"hv[sbr]\.[\w-]{20,}|s\.[A-Za-z0-9]{24}(?![\w.-])"),
    ("digitalocean-token", r"do[opr]_v1_[0-9a-f]{40,}"),
    ("grafana-token", r"gl(?:sa|c)_[A-Za-z0-9+/=_]{20,}"),
    ("newrelic-key", r"NR(?:AK|RA|II|JS)-[\w-]{19,}"),
    ("databricks-token", r"dapi[0-9a-f]{32}(?:-\d)?"),
    ("age-key", r"AGE-SECRET-KEY-1[0-9A-Z]{20,}"),
    ("discord-token", r"[MNO][\w-]{23,25}\.[\w-]{6}\.[\w-]{27,}"),
    ("shopify-token", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    ("linear-key", r"lin_api_[A-Za-z0-9]{30,}"),
    ("atlassian-token", r"ATATT3[\w=-]{40,}|ATCTT3[\w=-]{40,}|ATBB[A-Za-z0-9]{24,}"),
    ("postman-key", r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}"),
    ("doppler-token", r"dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{40,}"),
    ("pulumi-token", r"pul-[0-9a-f]{40}"),
    ("planetscale-token", r"pscale_(?:tkn|pw|oauth)_[\w.=-]{30,}"),
    ("tailscale-key", r"tskey-[a-z]+-[\w-]{16,}"),
    ("jfrog-key", r"AKCp[A-Za-z0-9]{60,}|cmVmdGtu[A-Za-z0-9]{50,}"),
)
# A token follows what is no letter or digit, or an escape.
_BEFORE = r"(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrtbfv])|(?<=\\[ux]00[0-9A-Fa-f]{2}))"
TOKEN = lazy(_BEFORE + r"(?:" + "|".join(f"(?P<t{i}>{pattern})" for i, (_, pattern) in enumerate(TOKENS)) + ")")
TOKEN_KINDS = tuple(kind for kind, _ in TOKENS)
# Cheap sign, in lower case, that a run of 20 characters may be one of them.
TOKEN_HINT = lazy(
    _BEFORE.encode()
    + rb"(?:eyj|sha256~|gh[pousr]_|github_pat|gl(?:pat|dt|rt|ptt|ft|soat|cbt|imt|agent|oas)-|gr1348941|xox[abeoprs]-|xapp-|a[ksbc]ca|a[ks]ia|abia|aiza|ya29|gocspx"
    rb"|[sr]k_(?:live|test)|sk-|sk[0-9a-f]{32}|whsec_|sg\.|key-[0-9a-f]{32}|npm_|pypi-age|rubygems_|dckr_|hf_|hv[sbr]\.|s\.|do[opr]_v1|gl(?:sa|c)_|nr(?:ak|ra|ii|js)-|dapi[0-9a-f]"
    rb"|age-secret|shp(?:at|ca|pa|ss)_|lin_api|atatt3|atctt3|atbb|pmak-|dp\.|pul-|pscale_|tskey-|akcp|cmvmdgtu|[mno][\w-]{23,25}\.[\w-]{6}\.)"
)

# --- places on a line ------------------------------------------------------------------------------------------------------------------------------------


class Place(NamedTuple):
    """A place where a secret stands: `pattern` matches only where one of `hints` is, in lower case; every group is a secret."""

    kind: str
    hints: tuple[str, ...]
    pattern: re.Pattern[str]


def _place(kind: str, hints: str, pattern: str, flags: re.RegexFlag = re.IGNORECASE) -> Place:
    if pattern.startswith("^"):  # a line may be all that a string holds
        pattern = r"(?:^|(?<=[\"'=]))" + pattern[1:]
    return Place(kind, tuple(hints.split()), lazy(pattern, flags | re.MULTILINE))


def _tool(names: str) -> str:
    """Return a pattern of a command and what stands between it and an option of its own."""
    return rf"\b(?:{names})\b(?:(?!\b(?:{names})\b)[^\n|;]){{0,300}}?[ \t]"


_ONE = r"(?:\"([^\"\n]+)\"|'([^'\n]+)'|([^\s\"'\\`;|,)\]}]+))"
_OPTION = r"(?:[a-z0-9]+-){0,4}(?:password|passwd|pass|passphrase|token|secret|api-?key|access-?key|secret-?key|private-?key|client-?secret|psk|pw|auth-?key|activation-?key|credentials)"
_NO_PROSE = r"(?!(?:to|is|was|or|and|the|a|an|in|for|must|not|flags?|options?|needs?|requires?|parameter|argument|instead|with|from|has|cannot|should|will|can|are|as|of|on|if|when|file)\b)"
PLACES: tuple[Place, ...] = (
    _place(
        "authorization",
        "auth",
        r"\b(?:proxy-)?authorization[\"'\]]{0,3}[ \t]*[:=][ \t]*[\"'\[]{0,3}(?:bearer|basic|digest|negotiate|ntlm|token|apikey|aws4-hmac-sha256|splunk|key)[ \t]+([^\"'\s\\`\]}][^\"'\n\\`\]}]*)",
    ),
    _place("authorization", "auth", r"\b(?:proxy-)?authorization[\"'\]]{0,3}[ \t]*[:=][ \t]*[\"'\[]{0,3}([^\s\"'\\\[\]{}:=,;]{16,})"),
    _place("authorization", "bearer", r"\bbearer(?:[ \t]+|[\"']?[:=][ \t]*[\"']?)([A-Za-z0-9][\w.~+/-]{15,}=*)"),
    _place(
        "url-password",
        "://",
        r"\b[a-z][a-z0-9+.-]{1,30}://[^\s/?#@:\"'<>\\\[]{0,200}:((?!\[removed:[a-z-]+\]@)[^\s/?#\"'<>\\]{1,500})@(?=[\w\[$%.-])",
    ),
    _place(
        "url-password",
        "://",
        r"\b[a-z][a-z0-9+.-]{1,30}://[^\s/?#@:\"'<>\\\[]{0,200}:([^\s@\"'<>\\]{1,200}(?<![?=&]))@(?=[\w-]+(?:\.[\w-]+)*(?::\d+)?(?:[/?\s\"']|$))",
    ),
    _place("url-token", "://", r"\bhttps?://([A-Za-z0-9_-]{20,500})@(?=[\w\[-])"),
    _place(
        "url-parameter",
        "?key= &key= sig= signature= code= jwt= sas= sessionid= pass pw token secret key auth cred",
        r"(?<=[?&;])(?:access_token|id_token|refresh_token|auth_token|api[_-]?key|apikey|key|sig|signature|token|code|client_secret|password|passwd|pwd|secret|auth|jwt|sessionid|session_token"
        r"|x-amz-signature|x-amz-credential|x-amz-security-token|x-goog-signature|x-goog-credential|awsaccesskeyid|sas|sv_sig)=([^\s&#\"'<>\\;,)\]}]+)",
    ),
    _place("webhook", "://", r"https?://hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/([\w/-]+)"),
    _place("webhook", "://", r"https?://(?:\w+\.)?discord(?:app)?\.com/api/(?:v\d+/)?webhooks/\d+/([\w-]+)"),
    _place("webhook", "://", r"https?://[\w.-]*(?:webhook\.office\.com/webhookb2|outlook\.office\.com/webhook)/([\w@./-]+)"),
    _place("webhook", "://", r"https?://api\.telegram\.org/bot(\d+:[\w-]+)"),
    _place("telegram-token", ":aa", r"(?<![\w:])(\d{8,10}:AA[\w-]{30,})", re.NOFLAG),
    _place("terraform-token", "atlasv1", r"\b([A-Za-z0-9]{14}\.atlasv1\.[\w=-]{40,})", re.NOFLAG),
    _place("azure-secret", "q~", r"(?<![\w~.-])([\w~.-]{3}\dQ~[\w~.-]{31,34})(?![\w~.-])", re.NOFLAG),
    _place("sops", "enc[", r"\bENC\[AES256_GCM,data:([^,\s\]]+)", re.NOFLAG),
    _place("otp", "otpauth", r"\botpauth(?:-migration)?://[^\s\"']*?(?:secret|data)=([^&\s\"'\\]+)"),
    _place("option", "pass pw token secret key psk cred", r"(?<![\w-])--?" + _OPTION + r"(?:[ \t]+" + _NO_PROSE + r"|=)[ \t]*(?!-)" + _ONE),
    _place("option", "pass", r"-pass(?:in|out)?[ \t]+[\"']?pass:([^\s\"'\\]+)"),
    _place("option", "pass", r"(?<![\w])pass:([^\s\"'\\,;:]{4,})"),
    _place("option", "mysql maria pass", _tool(r"mysql\w*|mariadb[\w-]*|sshpass") + r"-p[ \t]?" + _ONE),
    _place("option", "login", _tool(r"(?:podman|docker|buildah|skopeo|nerdctl|oc|helm|az|crictl)[ \t]+(?:registry[ \t]+)?login") + r"-p[ \t=]?" + _ONE),
    _place(
        "option",
        "curl wget",
        _tool(r"curl|wget") + r"(?:-[a-z]{0,6}u|--user|-U|--proxy-user|-a|--auth)[ \t=]*[\"']?[^\s:\"'=\\/]{0,80}:([^\s\"'\\]+)",
    ),
    _place("option", "cred", r"--(?:[a-z]+-)?creds[ =][\"']?[^\s:\"'\\]{1,80}:([^\s\"'\\]+)"),
    _place("option", "ldap", _tool(r"ldap\w+") + r"-w[ \t]?" + _ONE),
    _place("option", "redis-cli", _tool(r"redis-cli") + r"-a[ \t]?" + _ONE),
    _place("option", "ipmitool", _tool(r"ipmitool") + r"-P[ \t]?" + _ONE, re.NOFLAG),
    _place("option", "smbclient rpcclient", _tool(r"smbclient|rpcclient") + r"-U[ \t]?[\"']?[^\s%\"']{1,80}%([^\s\"'\\]+)"),
    _place("option", "from-literal", r"--from-literal[ =][\"']?[\w.-]{1,80}=([^\s\"'\\]+)"),
    _place("option", "pass", r"\becho[ \t]+(?:-\w+[ \t]+)*[\"']?[\w.-]{1,40}:([^\s\"'|]+)[\"']?[ \t]*\|[^\n]{0,40}chpasswd"),
    _place("option", "pass", r"\bhtpasswd[ \t]+-[a-zA-Z]*b[a-zA-Z]*[ \t]+\S{1,200}[ \t]+\S{1,80}[ \t]+(\S+)"),
    _place("option", "nmcli", _tool(r"nmcli") + r"(?:password|wifi-sec\.psk|802-11-wireless-security\.psk|802-1x\.password|vpn\.secrets)[ \t]+" + _ONE),
    _place("option", "pass", r"\bwpa_passphrase[ \t]+(?:\"[^\"\n]+\"|'[^'\n]+'|\S{1,80})[ \t]+" + _ONE),
    # In prose only what no word is: capital, small letter and digit.
    _place(
        "password",
        "assword",
        r"\b[Pp]assword(?: for [\w.@-]{1,64})?:? (?:is |was )?[\"']?(?=[^\s\"']{0,64}[a-z])(?=[^\s\"']{0,64}[A-Z])(?=[^\s\"']{0,64}\d)([^\s\"',;]{8,64})",
        re.NOFLAG,
    ),
    _place("password", "bindpw storepass keypass", r"\b(?:bindpw|storepass|keypass)[ \t]+([^\s\"'#]+)"),
    _place("pre-shared-key", "wpa-psk", r"\bwpa-psk[ \t]+\"?([^\s\"#]{8,63})"),
    _place("private-key", "-key", r"\b(?:private|preshared)-key[ \t]+([A-Za-z0-9+/]{43}=)"),
    _place("token", "ession", r"\b[Jj]?(?:session|SESSION|Session)_?[iI][dD][=:] ?([A-Za-z0-9_-]{12,})"),
    _place("token", "token", r"\btoken ([a-z0-9]{6}\.[a-z0-9]{16})\b"),
    _place("snmp-community", "communit com2sec", r"\b(?:ro|rw)community6?[ \t]+([^\s#]+)"),
    _place("snmp-community", "communit", r"\b(?:snmp-server|trap)[ \t]?community[ \t]+([^\s#]+)"),
    _place("snmp-community", "com2sec", r"^[ \t]*com2sec6?[ \t]+(?:-Cn[ \t]+\S+[ \t]+)?\S{1,80}[ \t]+\S{1,80}[ \t]+([^\s#]+)"),
    _place("snmp-community", "snmp", _tool(r"snmp(?:get|walk|bulkwalk|bulkget|getnext|set|table|trap|inform|status)") + r"-c[ \t]?" + _ONE),
    _place("snmp-password", "snmp", _tool(r"snmp(?:get|walk|bulkwalk|bulkget|getnext|set|table|trap|inform|status)") + r"-A[ \t]?([^\s\"']+)", re.NOFLAG),
    _place("snmp-password", "snmp", _tool(r"snmp(?:get|walk|bulkwalk|bulkget|getnext|set|table|trap|inform|status)") + r"-X[ \t]?([^\s\"']+)", re.NOFLAG),
    _place(
        "snmp-password",
        "createuser",
        r"^[ \t]*createUser[ \t]+(?:-e[ \t]+\S+[ \t]+)?\S{1,80}[ \t]+(?:MD5|SHA[\d-]*)[ \t]+" + _ONE + r"(?:[ \t]+(?:DES|AES[\d-]*)[ \t]+" + _ONE + ")?",
    ),
    _place(
        "password",
        "pass pw",
        r"^[ \t]*(?:auth_pass|rootpw|bindpw|rootbindpw|requirepass|masterauth|authpass|ldap_default_authtok|insecure-password|smtp_auth_pass)[ \t]+(?:--(?:iscrypted|plaintext|lock)[ \t]+)*(?!--)"
        + _ONE,
    ),
    _place(
        "password",
        "pass",
        r"\b(?:login|username|user|account|neighbor)[ \t]+\S{1,120}[ \t]+(?:insecure-)?password[ \t]+(?:\d[ \t]+)?(?!for\b|is\b|was\b|has\b|not\b|authentication\b|expired\b|auth\b|and\b|or\b)"
        + _ONE,
    ),
    _place("password", "pass", r"\bmachine[ \t]+\S{1,200}\s{1,20}login[ \t]+\S{1,200}\s{1,20}password[ \t]+(\S+)"),
    _place("password", "pass", r"^[ \t]*password[ \t]+(?:[0-9][ \t]+)?(?![a-z]+[ \t]*$)(\S+)[ \t]*$"),
    _place("password", "pass identified", r"\b(?:password|identified[ \t]+by)[ \t]+'([^'\n]+)'"),
    _place("password", "pass", r"\b(?:area|domain)-password[ \t]+(?:clear|md5)[ \t]+(\S+)"),
    _place("password", "auth", r"^[ \t]*stats[ \t]+auth[ \t]+[^\s:]{1,80}:(\S+)"),
    _place(
        "password",
        ":5432: :*:",
        r"^(?:[\w.*-]{1,200}|/[\w./-]{1,200}):(?:\d{2,5}|\*):[\w.*-]{1,80}:[\w.*-]{1,80}:(?!\[removed)([^\s:\"'\\]{1,200})(?=[\"'\\]|$)",
    ),
    _place("routing-key", "digest-key key-string", r"\b(?:message-digest-key[ \t]+\d{1,3}[ \t]+md5|key-string)[ \t]+(?:\d[ \t]+)?(\S+)"),
    _place("ipsec-secret", "psk auth", r"^[^\n#:]{0,200}:[ \t]*(?:PSK|XAUTH)[ \t]+(?:\"([^\"\n]+)\"|(0[sx]\S+))", re.NOFLAG),
    _place(
        "xfrm-key",
        "hmac cbc( gcm( ctr(",
        r"\b(?:auth|auth-trunc|enc|aead|comp)[ \t]+[\"']?(?:(?:hmac|cbc|ctr|rfc\d+|ecb|cmac|xcbc|gcm|digest_null|cipher_null)[\w()-]*|[\w-]+\([\w(),-]+\))[\"']?[ \t]+(0x[0-9a-f]{8,})",
    ),
    _place("macsec-key", "macsec", r"\bkey[ \t]+[0-9a-f]{2,32}[ \t]+([0-9a-f]{16,64})\b"),
    _place("ppk-key", "private-mac private-hash", r"\bPrivate-(?:MAC|Hash):[ \t]*([0-9a-f]+)"),
    _place(
        "crypt-hash",
        "$ {s {crypt {md5 {pbkdf2",
        r"((?<![\w$])\$(?:1|5|6|7|y|gy|sm3|2[abxy]?|apr1|argon2i?d?|scrypt|pbkdf2(?:-sha\d+)?|sha1|P|H)\$[\w./$=,+-]{8,}|\{(?:SSHA|SHA|SMD5|MD5|CRYPT|SSHA\d+|PBKDF2[\w-]*)\}[\w+/=$.-]{8,})",
        re.NOFLAG,
    ),
    _place("crypt-hash", ":::", r"^[\w.-]{1,40}:!?([\w./]{13}):\d{0,6}:\d{0,6}:\d{0,6}:\d{0,6}:\d{0,6}:\d{0,6}:"),
)

# An option and its value as two members of a list, and what stands in every text with one.
LISTED = (
    ((b'"-',), lazy(rf'"--?{_OPTION}"\s{{0,80}},\s{{0,80}}"([^"\n\\-][^"\n\\]*)"')),
    (
        (b"- --", b"- '--", b'- "--'),
        lazy(rf"^[ \t]*-[ \t]+[\"']?--{_OPTION}[\"']?[ \t\r]*\n[ \t]*-[ \t]+[\"']?([^\s\"'-][^\n\"']*?)[\"']?[ \t\r]*$", re.MULTILINE),
    ),
)

# Names of which every value is secret stand near one of these, in lower case.
NAME_HINTS = (
    "cookie",
    "client-cert",
    "client_cert",
    "clientcert",
    "pass",
    "pw",
    "token",
    "secret",
    "psk",
    "cred",
    "cak",
    "pin=",
    "pin:",
    'pin"',
    "communit",
    "dockerc",
    "auth",
)
KEY_NAME = lazy(
    rb"(?:api|access|account|app|application|auth|client|consumer|crypto|deploy|encryption|encrypt|activation|license|master|service|shared|signing|storage|subscription|webhook|hmac|jwt|cipher|session"
    rb"|private|priv|secret|ssh|wep|digest|static)[ _-]?key"
)

KINDS = frozenset({*_KINDS, *TOKEN_KINDS, *(p.kind for p in PLACES), "secret-object", "kubeconfig-user", "ansible-vault", "base64"})
"""Every kind of secret that is removed, as in docs/redaction.md."""
