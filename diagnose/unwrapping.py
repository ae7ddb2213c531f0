"""One line in, its layers out: who failed, who only passed it on."""

from __future__ import annotations

import json
from typing import Any

from diagnose.catalog import Catalog
from diagnose.lang import labels
from diagnose.match import Hit, Matcher
from diagnose.parse.kube import event_row
from diagnose.parse.line import parse_line
from diagnose.render.words import fill, printable


class Unwrapper:
    """Takes lines apart; an answer depends on its own line only."""

    def __init__(self, catalog: Catalog) -> None:
        """Answer with the rules of `catalog`."""
        self._catalog = catalog
        self._matcher = Matcher(catalog)

    def _hit(self, text: str) -> tuple[Hit, str]:
        """Return the operation that matters, the first with a rule, else the first; and what the kubelet says before it."""
        said = ""
        row = event_row(text)
        if row is not None:
            hits = self._matcher.classify(row.message, "event")
        else:
            line = parse_line(text)
            said = line.fields.get("said", "")
            source = "" if line.program == "pod-log" or (line.program == "other" and not line.ident) else line.program
            hits = self._matcher.classify(line.message, source)
            pod = line.fields.get("pod", "")
            if "/" in pod:
                namespace, _, name = pod.partition("/")
                hits = [h._replace(captures={"namespace": namespace, "pod": name, **h.captures}) for h in hits]
        return next((h for h in hits if h.rule), hits[0]), said

    def answer(self, number: int, text: str) -> dict[str, Any]:
        """Return `{"line", "rule", "layers", "captures"}` for one line; `rule` is None when no rule knows it."""
        hit, said = self._hit(text.strip())
        layers: list[dict[str, Any]] = [{"who": x.who, "text": x.text, **({"names": x.fields} if x.fields else {})} for x in hit.segment.layers]
        if said:
            layers.insert(0, {"who": "kubelet", "text": said})
        layers.append({"who": self._failed(hit), "text": hit.segment.root, "failed": True})
        captures = {k: v for k, v in sorted(hit.captures.items()) if v}
        return {"line": number, "rule": hit.rule or None, "layers": layers, "captures": captures}

    def _failed(self, hit: Hit) -> str:
        """Return who said the root message: the IPAM or CNI plugin where a delegate was called, else the last layer."""
        if hit.rule and self._catalog.by_id[hit.rule].area == "ipam":
            return "ipam"
        delegated = any(x.who == "multus" and "network" in x.fields for x in hit.segment.layers)
        plugin = hit.segment.fields.get("plugin")
        if plugin or delegated:
            return plugin or "plugin"
        return hit.segment.layers[-1].who if hit.segment.layers else "root"

    def json(self, number: int, text: str) -> str:
        """Return the answer as one line of JSON."""
        return json.dumps(self.answer(number, text), ensure_ascii=False) + "\n"

    def text(self, text: str, language: str) -> str:
        """Return the answer for a reader: one layer a line, the root message last."""
        words = labels(language)
        answer = self.answer(1, text)
        layers: list[dict[str, Any]] = answer["layers"]
        out: list[str] = []
        for depth, layer in enumerate(layers[:-1]):
            names = " ".join(f"{k}={v}" for k, v in layer.get("names", {}).items())
            out.append(
                f"{'  ' * depth}{layer['who']:<12} {printable(str(layer['text']))}" + (f"   [{printable(names)}]" if names and not _shown(layer) else "")
            )
        last = layers[-1]
        out.append(f"{'  ' * (len(layers) - 1)}{last['who']:<12} {printable(str(last['text']))}   <- {words.root}")
        captures: dict[str, str] = answer["captures"]
        if captures:
            out.append(f"{words.names}: " + ", ".join(f"{k} {printable(v)}" for k, v in captures.items()))
        rule = answer["rule"]
        if rule:
            title = fill(self._catalog.by_id[rule].text[language].title, captures)
            out.append(f"{words.rule}: {rule} - {title}")
            out.append(f"{words.more}: msnet explain {rule}")
        else:
            out.append(f"{words.rule}: - ({words.none_rule})")
        return "\n".join(out) + "\n"


def _shown(layer: dict[str, Any]) -> bool:
    return all(str(v) in str(layer["text"]) for v in layer["names"].values())
