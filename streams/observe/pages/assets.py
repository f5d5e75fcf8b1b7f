"""The files of the pages: read once, served as they are.  There is no build step and no third party."""

from importlib.resources import files

from aiohttp import web

TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
FOLDER = "page"


class Assets:
    """Everything in the folder `page` but the pages themselves is served under `/page/`."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[bytes, str]] = {}
        for file in files(__package__).joinpath(FOLDER).iterdir():
            kind = TYPES.get("." + file.name.rpartition(".")[2])
            if kind is not None and file.is_file():
                self._files[file.name] = (file.read_bytes(), kind)

    def page(self, name: str) -> web.Response:
        """Return one of the files."""
        body, kind = self._files[name]
        return web.Response(body=body, content_type=kind, charset="utf-8")

    async def file(self, request: web.Request) -> web.Response:
        """Return the file that the address names."""
        name = request.match_info["name"]
        if name not in self._files or name.endswith(".html"):
            raise web.HTTPNotFound
        return self.page(name)


def wants_page(request: web.Request) -> bool:
    """Tell whether a browser asks: it names HTML among what it takes; programs name JSON or nothing."""
    return "text/html" in request.headers.get("Accept", "")
