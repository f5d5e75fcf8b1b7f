"""The parts of a page that every report has, and the hashes by which its policy lets scripts run."""

import base64
import hashlib
from importlib import resources

from markupsafe import Markup
from plotly.offline import get_plotlyjs


def page_parts() -> dict[str, object]:
    """Return style and scripts by their names in the templates, with the scripts' hashes."""
    library, charts_js = str(get_plotlyjs()), _text("charts.js")
    return {
        # Ours or plotly's, never data; escaping would break all three.
        "style": Markup(_text("style.css")),  # noqa: S704
        "plotly_js": Markup(library),  # noqa: S704
        "charts_js": Markup(charts_js),  # noqa: S704
        "script_hashes": [_script_hash(library), _script_hash(charts_js)],
    }


def _text(name: str) -> str:
    return resources.files("streams.lab.drawing").joinpath(name).read_text("utf-8")


def _script_hash(script: str) -> str:
    hashed = hashlib.sha256(script.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(hashed).decode('ascii')}"
