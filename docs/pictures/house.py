"""Draws the rooms of the three packages, floor by floor, as the import contracts have them."""

from docs.render.layout import floors, says

from .shapes import Shape, arrow, arrowhead, box, rect, svg, text

FLOOR = 36
GAP = 6
LINE = 15
LETTER = 5.4
"""About the width of a small letter, in pixels."""
BESIDE_MAX = 3
TOP = 52
COLUMNS = (("streams", 10, 400), ("state", 440, 190), ("topics", 660, 90))
"""Package, left edge and width of its column."""


def house() -> str:
    """Draw the house: who stands higher may import who stands lower, and what stands to the right."""
    drawn = [arrowhead()]
    lowest = 0
    for package, left, width in COLUMNS:
        rows = floors(package)
        drawn.append(text(left, 22, f"{package}/"))
        for number, rooms in enumerate(rows):
            y = TOP + number * (FLOOR + GAP)
            lowest = max(lowest, y + FLOOR)
            drawn += _floor(Shape(left, y, width, FLOOR), package, rooms)
    drawn.append(text(10, 40, "what moves", 1))
    drawn.append(text(440, 40, "what is known and decided: pure", 1))
    drawn.append(text(660, 40, "what is said", 1))
    middle = TOP + 2 * (FLOOR + GAP) - GAP // 2
    drawn += [arrow(412, middle, 436, middle), arrow(632, middle, 656, middle)]
    told = "A room imports only from lower floors of its column, and from columns to its right."
    drawn.append(text(10, lowest + 24, told, 1))
    return svg(lowest + 36, "The rooms of the three packages, and who may import whom", drawn)


def _floor(floor: Shape, package: str, rooms: list[str]) -> list[str]:
    """Draw the rooms of one floor side by side, over its whole width."""
    if len(rooms) > BESIDE_MAX:
        return _list(floor, rooms)
    width = (floor.w - GAP * (len(rooms) - 1)) / len(rooms)
    drawn = []
    for number, room in enumerate(rooms):
        said = says(package, room).rstrip(".").replace("`", "")
        caption = {"below": said} if len(said) * LETTER < width else {}
        x = round(floor.x + number * (width + GAP))
        drawn.append(box(x, floor.y, round(width), floor.h, room, **caption))
    return drawn


def _list(floor: Shape, rooms: list[str]) -> list[str]:
    """Draw rooms that are too many to stand side by side as a list in one box."""
    high = LINE * len(rooms) + GAP
    drawn = [rect(floor.x, floor.y, floor.w, high, "box")]
    for number, room in enumerate(rooms):
        drawn.append(text(floor.x + GAP, floor.y + LINE * (number + 1) - 1, room, 1))
    return drawn
