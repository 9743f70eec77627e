"""How Sphinx makes a site of the README and the pages of docs/: `make docs-site`.

The pages stay where a code host shows them; what a site needs beside them is here.
"""

from __future__ import annotations

from sphinx.application import Sphinx

project = "Customer segmentation"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "README"
include_patterns = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/*.md",
    "tests/fixtures/README.md",
    "warehouse/README.md",
]
# Headings can be linked to, as on a code host.
myst_heading_anchors = 4
# Blocks without a language are what a command prints.
highlight_language = "text"
html_theme = "furo"
html_title = project
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False

# The sidebar: every page stands in one group. Sphinx warns of a page that does not.
SIDEBAR = {
    "Use the segments": (
        "docs/working_with_segments",
        "docs/queries",
        "docs/connect",
        "docs/exports",
        "docs/playbook",
        "warehouse/README",
    ),
    "Your own data": ("docs/bring_your_own_data", "docs/privacy"),
    "Run it": ("docs/operation", "docs/upgrading", "docs/spark", "docs/scale"),
    "How it works": ("docs/architecture", "docs/quality", "docs/decisions"),
    "Change it": ("CONTRIBUTING", "CHANGELOG", "tests/fixtures/README"),
}


# dbt's own page is no page of Sphinx: it is copied beside the start page.
DBT_PAGE = (
    '\n<p><a href="dbt.html">Lineage and description of every model</a>, as dbt shows them.</p>\n'
)


def add_sidebar(app: Sphinx, page: str, source: list[str]) -> None:
    """Add the sidebar's groups to the start page; `source` holds its text as one element."""
    if page != root_doc:
        return
    source[0] += DBT_PAGE
    for caption, pages in SIDEBAR.items():
        listed = "\n".join(f"/{name}" for name in pages)
        source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{listed}\n```\n"


def setup(app: Sphinx) -> None:
    """Have the sidebar added when pages are read."""
    app.connect("source-read", add_sidebar)
