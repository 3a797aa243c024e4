"""What pyproject.toml cannot say: the files that debuggers source go beside the package, as they lie here."""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

#: Relative to this directory, and to the one that the package is installed in.
SOURCED = [Path("gdb_gomap"), *sorted(Path("dlv_scripts").glob("*.star"))]


class BuildWithSourced(build_py):
    """The modules, and what is sourced.

    An editable installation leaves all of it here, so it copies none.
    """

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            for built, source in zip(self._built(), SOURCED, strict=True):
                self.mkpath(str(built.parent))
                shutil.copyfile(source, built)

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        return [*super().get_outputs(include_bytecode), *map(str, self._built())]

    def get_source_files(self) -> list[str]:
        """Of a source distribution."""
        return [*super().get_source_files(), *map(str, SOURCED)]

    def _built(self) -> list[Path]:
        return [Path(self.build_lib) / each for each in SOURCED]


setup(cmdclass={"build_py": BuildWithSourced})
