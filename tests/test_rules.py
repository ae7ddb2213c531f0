"""Promises about every rule: its own messages and cases find it, and no other rule's do."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from diagnose import catalog as catalogs
from diagnose.catalog import Catalog
from diagnose.errors import RuleError
from diagnose.lint import fill, first_rule, lint
from diagnose.match import Matcher
from diagnose.rule import rule_from_mapping

FILES = sorted(catalogs.rules_folder().glob("*/*.yaml"))

# The failure classes are public: an id is never renamed and never reused.
IDS = """
address-conflict admission-webhook-error annotation-invalid-format annotation-invalid-ip annotation-invalid-json
annotation-invalid-mac annotation-not-applied annotation-unknown-key apiserver-unreachable attachment-missing bridge-conflict
cni-check-failed cni-del-failed cni-plugin-exec-failed cni-plugin-missing crio-default-network crio-not-running
disk-or-resource-pressure firewall-backend-failed firewall-blocked host-device-unavailable interface-name-conflict
ipam-backend-failed ipam-dhcp-daemon-unreachable ipam-dhcp-no-lease ipam-invalid-range ipam-ip-unavailable ipam-pool-exhausted
ipam-state-corrupt ipam-static-invalid ipam-type-unsupported ipv6-disabled ipvlan-dhcp-unsupported kernel-unsupported
manifest-invalid master-interface-busy master-interface-not-found microshift-not-running multus-config-invalid multus-internal
multus-kubeconfig multus-not-installed multus-not-running multus-rbac-forbidden nad-chain-invalid nad-cniversion-unsupported
nad-config-empty nad-config-invalid-field nad-config-invalid-json nad-config-missing-name nad-config-missing-type nad-crd-missing
nad-namespace-isolation nad-not-found netns-gone network-overlap network-plugin-not-ready no-connectivity not-network
ovn-kubernetes-not-ready pod-gone primary-cni-failed readiness-indicator-timeout route-conflict sandbox-name-reserved
sandbox-network-failed selinux-denied
""".split()


def test_every_failure_class_has_its_rule(catalog: Catalog) -> None:
    assert sorted(catalog.by_id) == sorted(IDS)
    assert all(path.stem in catalog.by_id for path in FILES)


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_rule_file(catalog: Catalog, path: Path) -> None:
    """Cases fire or stay silent as told, each message finds its own rule, both languages agree, commands only read where they say so."""
    assert lint(catalog, path) == []


def test_quiet_messages_make_no_finding(catalog: Catalog) -> None:
    matcher = Matcher(catalog)
    loud = {m.template.text: hit.rule for m in catalog.quiet if (hit := first_rule(matcher.classify(fill(m.template.text))))}
    assert loud == {}


def test_a_failed_add_is_never_quiet(catalog: Catalog) -> None:
    matcher = Matcher(catalog)
    silent = [m.template.text for m in catalog.quiet if first_rule(matcher.classify(f'plugin type="multus" failed (add): {fill(m.template.text)}')) is None]
    assert silent == []


def test_no_message_stands_in_two_rules(catalog: Catalog) -> None:
    seen: dict[str, str] = {}
    for message in catalog.messages:
        text = message.template.text
        assert seen.setdefault(text, message.rule) == message.rule, text


def test_dhcp_is_never_blocked_as_a_cure(catalog: Catalog) -> None:
    """Erratum E1 of the guide: --remove-service=dhcp takes the service out of the zone."""
    for rule in catalog.rules:
        assert all("remove-service" not in s.run for s in rule.steps), rule.id


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"severity": "fatal"}, "severity must be one of error, warning, info"),
        ({"wrong": 1}, "unknown keys: wrong"),
        ({"messages": [{"say": "a", "root": "b"}]}, "message 1: needs one of say, root, tail"),
        ({"messages": [{"say": "lost {a}{b}"}]}, "message 1: two gaps touch"),
        ({"messages": [{"say": "text", "in": ["nowhere"]}]}, "message 1: unknown input nowhere"),
        ({"steps": [{"run": "rm -rf /", "effect": "harmless"}]}, "step 1: effect must be one of read-only"),
        ({"text": {"en": {}}}, "text must have en and ja"),
    ],
)
def test_a_broken_rule_file_names_its_faults(change: dict[str, object], error: str) -> None:
    good = yaml.safe_load(catalogs.head((catalogs.rules_folder() / "nad" / "nad-not-found.yaml").read_text()))
    rule_from_mapping(good, area="nad", where="good.yaml")
    with pytest.raises(RuleError, match="broken.yaml: ") as raised:
        rule_from_mapping({**good, **change}, area="nad", where="broken.yaml")
    assert error in str(raised.value)
