"""The map on the device, the option --redact, and the way back."""

from __future__ import annotations

import base64
import io
import json
import os
import stat
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from conftest import NODE

from diagnose.bundle.check import check
from diagnose.errors import InputError, MsnetError
from diagnose.redact import kept
from diagnose.redact.check import Check, Leak

TEXT = (
    'Nov 23 20:00:01 edge07 microshift[1]: kubelet E1123 pod="plant/gateway-7c9d8b5f6-x2x4z" err="Multus: [plant/gateway-7c9d8b5f6-x2x4z/66bff467-7722-4c80-9c81-b7f4e34ce225:lan]: '
    'cannot find a network-attachment-definition (ot-vlan) in namespace (plant)"\n'
    "Nov 23 20:00:02 edge07 kernel: eth1: 52:54:00:12:34:5f 192.168.20.7/24 fd00:1:2::7 edge07.plant.acme-corp.com gw.plant.lan\n"
)


@pytest.fixture
def table() -> kept.Map:
    return kept.Map(bytes(range(32)))


def redacted(table: kept.Map, *texts: str) -> str:
    redactor = table.redactor(["gateway is missing"])
    for text in texts:
        redactor.learn_text(text)
    made = "".join(redactor.text(text) for text in texts)
    table.take(redactor)
    return made


def test_the_way_back_leads_to_the_original(table: kept.Map) -> None:
    made = redacted(table, TEXT)
    assert "plant" not in made
    assert table.reveal(made) == TEXT


def test_an_answer_may_name_what_the_report_did_not(table: kept.Map) -> None:
    made = redacted(table, TEXT)
    network = made.split("/24")[0].rpartition(" ")[2].rpartition(".")[0]
    app = table.names["gateway-7c9d8b5f6-x2x4z"].removesuffix("-7c9d8b5f6-x2x4z")
    answer = (
        f"Give {app} the address {network}.200 of {network}.0/24, restart deployment/{app}; ask 8.8.8.8 and 10.42.0.1; NAD {table.names['ot-vlan'].upper()}"
    )
    assert (
        table.reveal(answer) == "Give gateway the address 192.168.20.200 of 192.168.20.0/24, restart deployment/gateway; ask 8.8.8.8 and 10.42.0.1; NAD ot-vlan"
    )


def test_later_outputs_use_the_same_pseudonyms(table: kept.Map, tmp_path: Path) -> None:
    first = redacted(table, TEXT)
    kept.save(table, tmp_path / "map.json")
    again = kept.load(tmp_path / "map.json")
    assert again is not None
    assert redacted(again, "namespace: shop\n", TEXT).endswith(first)


def test_a_pseudonym_given_before_a_network_was_known_leads_back(table: kept.Map) -> None:
    first = redacted(table, "10.20.5.1\n")
    second = redacted(table, "10.20.5.1 of 10.20.0.0/16\n")
    assert first.strip() != second.split()[0]
    assert table.reveal(first) == "10.20.5.1\n"
    assert table.reveal(second) == "10.20.5.1 of 10.20.0.0/16\n"


def test_the_map_is_its_owner_s_alone(table: kept.Map, tmp_path: Path) -> None:
    path = tmp_path / "state" / "map.json"
    with kept.locked(path):
        kept.save(table, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert sorted(p.name for p in path.parent.iterdir()) == [".map.json.lock", "map.json"]


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "{}",
        "[]",
        '{"schema": "msnet.redaction-map/2"}',
        '{"schema": "msnet.redaction-map/1", "key": "zz"}',
        '{"schema": "msnet.redaction-map/1", "key": "00"}',
        "[" * 5000,
        "\0",
    ],
)
def test_what_is_no_map_is_said_to_be_none(raw: str, tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    path.write_text(raw)
    with pytest.raises(InputError, match="no map of pseudonyms"):
        kept.load(path)


def test_no_map(tmp_path: Path) -> None:
    assert kept.load(tmp_path / "none") is None
    with pytest.raises(InputError, match="cannot read"):
        kept.load(tmp_path)


def test_a_place_that_cannot_be_written(table: kept.Map, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MsnetError, match="cannot keep the map"), kept.locked(tmp_path / "file" / "map.json"):
        pass
    with pytest.raises(MsnetError, match="cannot keep the map"):
        kept.save(table, tmp_path / "nowhere" / "map.json")


def test_runs_side_by_side_give_each_name_its_own(tmp_path: Path) -> None:
    runs = []
    for number in range(4):
        text = tmp_path / f"{number}.txt"
        text.write_text(TEXT.replace("plant", f"plant-{'abcd'[number] * 3}"))
        runs.append(
            subprocess.Popen(
                [sys.executable, "-m", "diagnose", "diagnose", "--redact", "--redaction-map", str(tmp_path / "map.json"), str(text)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
    assert {run.wait(60) for run in runs} == {11}
    names = json.loads((tmp_path / "map.json").read_text())["names"]
    assert {f"plant-{c * 3}" for c in "abcd"} <= set(names)
    assert len(set(names.values())) == len(names)


def test_the_check_looks_behind_base64_and_at_addresses_in_any_form(table: kept.Map) -> None:
    redacted(table, TEXT)
    look = Check(table)
    assert look.leaks(base64.b64encode(b"the namespace is plant").decode()) == {Leak("name", "plant"): 1}
    assert look.leaks("52-54-00-12-34-5F FD00:1:2:0::7 of 192.168.20.7/24") == {
        Leak("address", "52:54:00:12:34:5f"): 1,
        Leak("address", "fd00:1:2::7"): 1,
        Leak("address", "192.168.20.7"): 1,
    }
    assert look.leaks(redacted(table, TEXT)) == {}
    assert look.leaks("password=hunter2hunter2") == {Leak("password", ""): 1}


def test_the_check_looks_at_the_paths_of_members(table: kept.Map, tmp_path: Path) -> None:
    redacted(table, TEXT)
    with tarfile.open(tmp_path / "b.tar.gz", "w:gz") as archive:
        for name, text in (("b/inputs/plant/x", "nothing"), ("b/report.md", "a plant, and ot-vlan")):
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    found = check(str(tmp_path / "b.tar.gz"), table, ["each plant has its words"])
    assert {name: set(leaks) for name, leaks in found.leaks.items()} == {"b/inputs/plant/x": {Leak("name", "plant")}, "b/report.md": {Leak("name", "ot-vlan")}}
    assert found.members == 2


@pytest.mark.parametrize("form", ["terminal", "json", "markdown"])
def test_every_format(form: str, msnet, tmp_path: Path) -> None:
    plain = msnet("diagnose", "--format", form, str(NODE))
    run = msnet(
        "diagnose",
        "--format",
        form,
        "--redact",
        "--redaction-map",
        str(tmp_path / "m.json"),
        "--text",
        str(tmp_path / "text"),
        "--metrics",
        str(tmp_path / "prom"),
        str(NODE),
    )
    assert run.returncode == plain.returncode == 11
    for name in ("historian", "plant", "conveyor", "microshift-edge01"):
        assert name.encode() in plain.stdout or name == "microshift-edge01"
        for made in (run.stdout, (tmp_path / "text").read_bytes(), (tmp_path / "prom").read_bytes()):
            assert name.encode() not in made.replace(str(NODE).encode(), b"")
    assert b"pseudonyms: " in run.stderr
    if form == "json":
        a, b = json.loads(plain.stdout), json.loads(run.stdout)
        assert [(f["rule"], f["state"], f["count"]) for f in a["findings"]] == [(f["rule"], f["state"], f["count"]) for f in b["findings"]]
        assert b["redacted"]["name"] > 10
        assert a["redacted"] is None


def test_reveal(msnet, tmp_path: Path) -> None:
    place = str(tmp_path / "m.json")
    run = msnet("diagnose", "--redact", "--redaction-map", place, "-", stdin=TEXT)
    assert b"plant" not in run.stdout
    back = msnet("reveal", "--redaction-map", place, "-", stdin=run.stdout)
    assert b'NAD "ot-vlan" does not exist' in back.stdout
    (tmp_path / "answer").write_bytes(run.stdout)
    assert msnet("reveal", "--redaction-map", place, str(tmp_path / "answer"), "-o", str(tmp_path / "out")).returncode == 0
    assert (tmp_path / "out").read_bytes() == back.stdout


def test_without_a_map_there_is_no_way_back(msnet, tmp_path: Path) -> None:
    run = msnet("reveal", "--redaction-map", str(tmp_path / "none"), "-", stdin="x")
    assert run.returncode == 1
    assert run.stderr.startswith(b"error: no map of pseudonyms at ")
    assert msnet("reveal", str(tmp_path / "nothing"), "--redaction-map", str(tmp_path / "none")).returncode == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's usual place can be put out of reach here")
def test_where_the_usual_place_cannot_be_written_the_pseudonyms_are_for_this_run(msnet, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code = f"import os; os.geteuid = lambda: 1000; os.environ['XDG_STATE_HOME'] = {str(tmp_path / 'file')!r}; from diagnose.entry import main; import sys; sys.argv = ['msnet', 'diagnose', '--redact', '-']; main()"
    run = subprocess.run([sys.executable, "-c", code], input=TEXT.encode(), capture_output=True, check=False, timeout=60)
    assert run.returncode == 11
    assert b"plant" not in run.stdout
    assert b"cannot be translated back" in run.stderr
    assert msnet("diagnose", "--redact", "--redaction-map", str(tmp_path / "file" / "m"), "-", stdin=TEXT).returncode == 1
