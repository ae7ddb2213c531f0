"""Puts the compiled rules (see diagnose/compiled.py) into the wheel, made from the rules of the same tree."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompiledRules(BuildHookInterface):
    """Compiles the rules when a wheel is built; an editable install reads those of its checkout."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the file to a wheel. Raises `RuleError` where a rule is wrong: then nothing is built."""
        if self.target_name != "wheel" or version == "editable":
            return
        sys.path.insert(0, self.root)
        try:
            from diagnose import compiled

            made = compiled.build(compiled.made_from(str(Path(self.root, "rules"))))
        finally:
            sys.path.remove(self.root)
        self._folder = tempfile.TemporaryDirectory(prefix="msnet-")
        file = Path(self._folder.name, compiled.NAME)
        file.write_bytes(made)
        build_data["force_include"][str(file)] = f"diagnose/rules/{compiled.NAME}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was made for the wheel."""
        del version, build_data, artifact_path
        if hasattr(self, "_folder"):
            self._folder.cleanup()
