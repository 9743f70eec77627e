"""The containers of examples/docker: what their files name is there, and reading is reading only.

Building the images needs Docker, which tests do not.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from handover.dashboards import FILES
from loading.export_examples import EXAMPLES
from shops import ROOT

FOLDER = ROOT / "examples" / "docker"
IMAGES = ("Dockerfile", "superset.Dockerfile")


@pytest.fixture(scope="module")
def services() -> dict[str, dict]:
    services: dict[str, dict] = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
    return services


def allowed(image: str) -> list[Path]:
    """Return what an image gets of the project."""
    lines = (FOLDER / f"{image}.dockerignore").read_text(encoding="utf-8").splitlines()
    named = [line.removeprefix("!") for line in lines if line.startswith("!")]
    found = {name: sorted(ROOT.glob(name)) for name in named}
    assert all(found.values()), found
    return [path for paths in found.values() for path in paths]


@pytest.mark.parametrize("image", IMAGES)
def test_what_is_copied_into_an_image_is_there_and_not_ignored(image: str) -> None:
    text = (FOLDER / image).read_text(encoding="utf-8").replace("\\\n", " ")
    copied = re.findall(r"^COPY --chown=1000:1000 (.*) \S+$", text, re.MULTILINE)
    names = [name for line in copied for name in line.split()]
    assert names
    may = allowed(image)
    for name in names:
        path = (ROOT / name).resolve()
        assert path.exists(), name
        assert path == ROOT or any(path.is_relative_to(one) for one in may), name


def test_the_image_of_the_build_has_what_a_build_reads() -> None:
    may = allowed("Dockerfile")
    for needed in (
        FILES,
        EXAMPLES,
        ROOT / "dbt_project" / "dbt_project.yml",
        ROOT / "models_py",
        ROOT / "requirements.lock",
        ROOT / "scripts" / "segmentation.py",
        FOLDER / "build.sh",
    ):
        assert any(needed.is_relative_to(one) for one in may), needed


def test_services_are_built_from_files_that_are_there(services: dict[str, dict]) -> None:
    assert set(services) == {"segmentation", "superset"}
    for service in services.values():
        build = service["build"]
        assert (FOLDER / build["context"]).resolve() == ROOT
        assert (ROOT / build["dockerfile"]).is_file()


def test_superset_may_only_read_and_only_this_machine_reaches_it(
    services: dict[str, dict],
) -> None:
    assert "warehouse:/warehouse:ro" in services["superset"]["volumes"]
    assert all(port.startswith("127.0.0.1:") for port in services["superset"]["ports"])
    assert services["segmentation"]["network_mode"] == "none"
    # Nobody starts it with a password that is known.
    asked = (FOLDER / "env.example").read_text(encoding="utf-8")
    for name in ("SUPERSET_SECRET_KEY", "ADMIN_PASSWORD"):
        assert f"${{{name}:?" in services["superset"]["environment"][name]
        assert re.search(rf"^{name}=$", asked, re.MULTILINE)


def test_scripts_can_be_run() -> None:
    for name in ("build.sh", "superset.sh"):
        assert (FOLDER / name).stat().st_mode & 0o111 == 0o111, name
