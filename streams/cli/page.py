"""`worksteal page`: a recording in a browser, frame by frame."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer

from streams.audit.recording.reader import Recording
from streams.ground.settings import Settings, load_settings

from .deployment import Config
from .inputs import messages
from .replay import need_frames


def page(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A recording.", show_default=False)],
    port: Annotated[
        int, typer.Option("--port", min=0, max=65_535, help="Where to listen; 0 picks a free port.")
    ] = 0,
    config: Config = None,
) -> None:
    """Serve a recording as a page to step through, until SIGTERM or Ctrl-C.  Needs no broker.

    At each steal it shows the candidates and why this one, as `worksteal explain` does. Where it
    listens and who may ask is set as for a worker (web_host, web_token, web_connections).

    Example: `worksteal page day.recording`
    """
    settings = load_settings(config, {"web_port": port})
    with Recording(file, allow_cut=True) as recording:
        need_frames(recording)
        asyncio.run(_serve(recording, settings))


async def _serve(recording: Recording, settings: Settings) -> None:
    # Imported here: aiohttp takes a quarter of a second, which no other command should wait for.
    from streams.audit.replay.steps import Steps  # noqa: PLC0415
    from streams.observe.pages.listening import Listening  # noqa: PLC0415
    from streams.observe.pages.recording_pages import RecordingBoard, routes  # noqa: PLC0415

    stop = asyncio.Event()
    listening = Listening(
        settings, settings.web_port, (), "--port"
    )  # first what may be wrong with it
    with messages.status("replaying"):
        steps = await Steps.of(recording)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    listening.app.add_routes(routes(RecordingBoard(steps)))
    await listening.start()
    try:
        for url in listening.urls:
            typer.echo(url)
        await stop.wait()
    finally:
        await listening.stop()
