"""Write a sos report of a chosen size, to measure how long and in how much memory it is diagnosed.

    python bench/make_sos.py --tree FOLDER --journal journal.short [--native system.journal ...] OUT.tar.xz

FOLDER is an unpacked sos report or any tree to lie beneath the root; the journal stands in it as the text journals of sos do, the
native journals in var/log/journal. The members are sorted, as sos sorts them. Standard library only.
"""

from __future__ import annotations

import argparse
import lzma
import tarfile
from pathlib import Path

ROOT = "sosreport-edge-bench"
MACHINE = "5e0c47b2a91d4d66b3f8127e6a54c90d"


def members(tree: Path | None, journal: Path | None, native: list[Path]) -> dict[str, Path]:
    """Return the file of each member, by its name."""
    found = {f"{ROOT}/{p.relative_to(tree)}": p for p in tree.rglob("*") if p.is_symlink() or p.is_file()} if tree else {}
    if journal:
        found[f"{ROOT}/sos_commands/logs/journalctl_--no-pager"] = journal
    for number, path in enumerate(native):
        found[f"{ROOT}/var/log/journal/{MACHINE}/system{number or ''}.journal"] = path
    return dict(sorted(found.items()))


def pack(out: Path, found: dict[str, Path], preset: int) -> int:
    """Write the archive, compressed by an xz preset in one block, as sos does, and return its unpacked size in bytes."""
    with lzma.open(out, "wb", preset=preset) as packed, tarfile.open(fileobj=packed, mode="w|") as archive:
        for name, path in found.items():
            archive.add(path, name, recursive=False)
    return sum(path.lstat().st_size for path in found.values())


def main() -> None:
    """Write the archive and print its unpacked size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--tree", type=Path)
    parser.add_argument("--journal", type=Path)
    parser.add_argument("--native", type=Path, nargs="*", default=[])
    options = parser.parse_args()
    size = pack(options.out, members(options.tree, options.journal, options.native), preset=0)
    print(f"{options.out}: {size / 1024 / 1024:.0f} MiB unpacked, {options.out.stat().st_size / 1024 / 1024:.0f} MiB packed")


if __name__ == "__main__":
    main()
