"""Installing by uv with pip's configuration, and by pip where uv has no such option."""

from __future__ import annotations

from pathlib import Path

import pytest

from upkeep.fast_installer import configuration_of_pip, is_installed_by_uv


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def configured(folder: Path, *lines: str) -> Path:
    """A Python whose pip is configured so."""
    shown = "\n".join(lines)
    return program(folder / "bin" / "python", f"cat <<'END'\n{shown}\nEND")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], ([], {})),
        (["global.timeout='60'", "freeze.all='yes'"], ([], {})),
        (
            [
                "global.index-url='https://reader@localhost/own'",
                "global.extra-index-url='https://localhost/a\\nhttps://localhost/b'",
                "install.find-links='/wheels /more'",
                ":env:.cert='/etc/own.pem'",
            ],
            (
                ["--find-links", "/wheels", "--find-links", "/more"],
                {
                    "UV_DEFAULT_INDEX": "https://reader@localhost/own",
                    "UV_INDEX": "https://localhost/a https://localhost/b",
                    "SSL_CERT_FILE": "/etc/own.pem",
                },
            ),
        ),
        # The variable goes before the file, as in pip.
        (
            ["global.index-url='https://localhost/a'", ":env:.index-url='https://localhost/b'"],
            ([], {"UV_DEFAULT_INDEX": "https://localhost/b"}),
        ),
        (["global.client-cert='/etc/own.pem'"], None),
    ],
)
def test_uv_gets_the_configuration_of_pip(tmp_path, lines, expected):
    assert configuration_of_pip(str(configured(tmp_path, *lines))) == expected


def test_what_uv_does_not_install_is_left_to_pip_and_said(tmp_path, capsys):
    lock = tmp_path / "requirements.lock"
    lock.write_text("")
    configured(tmp_path)
    # Nothing installs uv here.
    assert not is_installed_by_uv(tmp_path, lock, lock)
    assert capsys.readouterr().err == ""
    program(tmp_path / "bin" / "uv", "echo 'error: no such index' >&2; exit 2")
    assert not is_installed_by_uv(tmp_path, lock, lock)
    assert capsys.readouterr().err == (
        "uv has not installed requirements.lock (error: no such index): pip installs it\n"
    )
    program(tmp_path / "bin" / "uv", 'echo "$@" > "$(dirname "$0")/arguments"')
    assert is_installed_by_uv(tmp_path, lock, lock)
    arguments = (tmp_path / "bin" / "arguments").read_text()
    assert "--require-hashes" in arguments
    assert "--only-binary :all:" in arguments
    assert capsys.readouterr().err == ""
