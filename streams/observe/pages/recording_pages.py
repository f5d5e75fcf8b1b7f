"""What `worksteal page` serves: one recording, frame by frame."""

import asyncio
from collections import OrderedDict

from aiohttp import web

from streams.audit.recording.errors import ReplayError
from streams.audit.replay.steps import Steps
from topics.ids import parse_id

from .assets import Assets, wants_page
from .guard import as_json, refusal
from .recording_view import View, recording_view, step_view

PAGES = {
    "/": "this list; in a browser, the page",
    "/healthz": "200 while the process is alive",
    "/recording": "the journal partitions of the recording: frames and steals",
    "/recording/find?id=ID": "in which frame a command or fact was said",
    "/recording/{partition}/{step}": "one frame: events, what was weighed, what was said",
}

KEPT = 100
"""So many frames are kept as they were shown: whoever looks around comes back to them."""


class RecordingBoard:
    """The pages of one recording."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self.assets = Assets()
        self._kept: OrderedDict[tuple[int, int], View] = OrderedDict()

    async def index(self, request: web.Request) -> web.Response:
        """Show the page, or list the pages."""
        if wants_page(request):
            return self.assets.page("recording.html")
        name = self._steps.recording.path.name
        return as_json({"server": "worksteal", "recording": name, "pages": PAGES})

    async def healthz(self, request: web.Request) -> web.Response:  # noqa: ARG002 - aiohttp's form
        """Answer."""
        return as_json({"alive": True})

    async def recording(self, request: web.Request) -> web.Response:  # noqa: ARG002
        """Tell what the recording holds."""
        return as_json(recording_view(self._steps))

    async def step(self, request: web.Request) -> web.Response:
        """Show one frame."""
        number, step = (int(request.match_info[name]) for name in ("partition", "step"))
        track = self._steps.tracks.get(number)
        if track is None or step >= track.frames:
            told = (
                f"the recording has no frame {step} of partition {number}; /recording lists them."
            )
            return refusal(404, "no_frame", told)
        try:
            return as_json(await self._view(number, step))
        except ReplayError as error:
            return refusal(500, "damaged", str(error))

    async def find(self, request: web.Request) -> web.Response:
        """Tell in which frame a command or fact was said."""
        told = request.query.get("id", "")
        place = parse_id(told)
        if place is None:
            return refusal(400, "no_id", "an id reads PARTITION-OFFSET-INDEX, such as 0-123-4.")
        track = self._steps.tracks.get(place.partition)
        if track is not None and place.offset < track.frames:
            view = await self._view(place.partition, place.offset)
            if place.nth < view["said_in_all"]:
                return as_json({"partition": place.partition, "step": place.offset, "id": told})
        return refusal(404, "unknown_id", f"no desk said anything with the id {told} here.")

    async def _view(self, number: int, step: int) -> View:
        """Return a frame's view; it is made in a thread, for it may take a second."""
        kept = self._kept.get((number, step))
        if kept is None:
            track = self._steps.tracks[number]
            kept = await asyncio.to_thread(
                self._steps.at, number, step, lambda found: step_view(found, track)
            )
            self._kept[number, step] = kept
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return kept


def routes(board: RecordingBoard) -> list[web.RouteDef]:
    """Return the routes."""
    return [
        web.get("/", board.index),
        web.get("/healthz", board.healthz),
        web.get("/recording", board.recording),
        web.get("/recording/find", board.find),
        web.get(r"/recording/{partition:\d{1,9}}/{step:\d{1,18}}", board.step),
        web.get("/page/{name}", board.assets.file),
    ]
