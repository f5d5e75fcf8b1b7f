"""The token of the pages: what is one, and where it is set."""

import re

from streams.ground.settings import Settings
from streams.observe.errors import WebError

TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{16,256}", re.ASCII)


def token_of(settings: Settings) -> str | None:
    """Return the token that callers need; None if they need none.

    Raises `WebError` for a file that cannot be read, and for a token that is none.
    """
    token, where = settings.web_token, "web_token"
    if settings.web_token_file is not None:
        if token is not None:
            raise WebError("web_token: there is a web_token_file too; set one of the two.")
        where = f"web_token_file: {settings.web_token_file}"
        try:
            text = settings.web_token_file.read_text(encoding="ascii").strip()
        except OSError as error:
            raise WebError(
                f"{where} cannot be read ({error.strerror}); correct the path or its rights."
            ) from error
        except ValueError:
            text = ""
    elif token is None:
        return None
    else:
        text = token.get_secret_value()
    if TOKEN.fullmatch(text) is None:
        raise WebError(
            f"{where}: a token has 16 to 256 letters, digits and signs of ._~+/=-; make one with"
            " `openssl rand -hex 32`."
        )
    return text
