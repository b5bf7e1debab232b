"""Where each zone of the shipped catalogue lies on a drawn face or body. A zone that a clinic has
added stands in the list alone."""

from dataclasses import dataclass

# Zone → its outline, or outlines of both sides. The face is seen from the front.
FACE = {
    "forehead": ["M50 116Q66 42 150 36Q234 42 250 116L180 122Q150 108 120 122Z"],
    "glabella": ["M124 124Q150 112 176 124L172 170L128 170Z"],
    "temples": [
        "M28 128Q46 114 72 120L65 150L62 184Q46 190 33 186Q25 156 28 128Z",
        "M272 128Q254 114 228 120L235 150L238 184Q254 190 267 186Q275 156 272 128Z",
    ],
    "periorbital": [
        "M64 178a33 33 0 1 0 62 0a33 33 0 1 0 -62 0Z",
        "M174 178a33 33 0 1 0 62 0a33 33 0 1 0 -62 0Z",
    ],
    "orbital-rim-inside": [
        "M78 182a17 11 0 1 0 34 0a17 11 0 1 0 -34 0Z",
        "M188 182a17 11 0 1 0 34 0a17 11 0 1 0 -34 0Z",
    ],
    "nose": ["M130 174L170 174L180 236Q150 256 120 236Z"],
    "cheeks": [
        "M38 192L62 206Q92 226 116 214L112 246Q96 262 94 296L62 290Q42 250 38 192Z",
        "M262 192L238 206Q208 226 184 214L188 246Q204 262 206 296L238 290Q258 250 262 192Z",
    ],
    "perioral": [
        "M102 272Q106 252 124 248Q150 264 176 248Q194 252 198 272Q194 306 150 308Q106 306 102 272Z"
    ],
    "chin": [
        "M64 298L96 302Q110 318 150 318Q190 318 204 302L236 298Q214 364 150 370Q86 364 64 298Z"
    ],
}
BODY = {
    "scalp": ["M372 44a28 30 0 1 1 56 0Q400 30 372 44Z"],
    "neck-front": ["M87 74L113 74L120 97Q100 103 80 97Z"],
    "decolletage": ["M62 104Q100 110 138 104L132 134Q100 142 68 134Z"],
    "breast": [
        "M62 156a19 17 0 1 0 38 0a19 17 0 1 0 -38 0Z",
        "M102 156a19 17 0 1 0 38 0a19 17 0 1 0 -38 0Z",
    ],
    "abdomen": ["M80 180L120 180L126 240Q100 254 74 240Z"],
    "flanks": ["M62 178L78 180L72 238L58 234Z", "M138 178L122 180L128 238L142 234Z"],
    "upper-arms": ["M40 116L58 112L54 180L35 176Z", "M160 116L142 112L146 180L165 176Z"],
    "hand-backs": [
        "M12 268a12 19 0 1 0 24 0a12 19 0 1 0 -24 0Z",
        "M164 268a12 19 0 1 0 24 0a12 19 0 1 0 -24 0Z",
    ],
    "thighs": ["M60 262L97 270L94 352L68 352Z", "M140 262L103 270L106 352L132 352Z"],
    "knees": [
        "M66 374a14 16 0 1 0 28 0a14 16 0 1 0 -28 0Z",
        "M106 374a14 16 0 1 0 28 0a14 16 0 1 0 -28 0Z",
    ],
    "upper-back": ["M362 106L438 106L432 166L368 166Z"],
    "lower-back": ["M368 170L432 170L440 232L360 232Z"],
    "buttocks": [
        "M359 258a20 21 0 1 0 40 0a20 21 0 1 0 -40 0Z",
        "M401 258a20 21 0 1 0 40 0a20 21 0 1 0 -40 0Z",
    ],
}
HEAD = (
    "M150 14C78 14 30 62 28 132C14 134 14 196 34 202C48 300 96 380 150 380C204 380 252 300 266 202"
    "C286 196 286 134 272 132C270 62 222 14 150 14Z"
)
MOUTH = "M126 278Q138 270 150 275Q162 270 174 278Q150 294 126 278Z"
BODY_FRONT = (
    "M100 6C80 6 70 24 72 44C74 60 80 68 86 72L84 90C60 98 42 98 38 118C30 160 24 210 14 246C4 270 "
    "10 292 24 290C36 286 36 268 38 252C46 220 52 200 56 176L58 236C52 290 60 340 64 372C62 410 70 "
    "450 72 480L94 480L98 300L102 300L106 480L128 480C130 450 138 410 136 372C140 340 148 290 142 "
    "236L144 176C148 200 154 220 162 252C164 268 164 286 176 290C190 292 196 270 186 246C176 210 "
    "170 160 162 118C158 98 140 98 116 90L114 72C120 68 126 60 128 44C130 24 120 6 100 6Z"
)


@dataclass(frozen=True)
class Figure:
    """A drawing, cut to the area, with the zones that can be pressed in it."""

    view: str
    outlines: list[tuple[str, int]]  # and how far to the right
    shapes: dict[str, list[str]]
    features: tuple[str, ...] = ()  # to tell what is where; not to be pressed


# What is shown of the body for an area, by its code: x, y, width, height.
VIEWS = {
    "neck": "50 56 100 60",
    "decolletage": "40 84 120 72",
    "hands": "0 234 200 72",
    "abdomen": "36 160 128 104",
    "thighs": "36 226 428 144",
    "arms": "16 92 168 108",
    "back": "340 88 120 158",
    "knees": "46 348 108 60",
    "breast": "44 124 112 66",
    "scalp": "350 0 100 76",
}


def figure_of(area_code: str, zones: list[str]) -> Figure | None:
    """None where no zone of the area is drawn."""
    if area_code == "face":
        shapes = {code: FACE[code] for code in FACE if code in zones}
        found = Figure("10 4 280 384", [(HEAD, 0)], shapes, (MOUTH,))
    else:
        shapes = {code: BODY[code] for code in BODY if code in zones}
        outlines = [(BODY_FRONT, 0), (BODY_FRONT, 300)]
        found = Figure(VIEWS.get(area_code, "0 0 500 490"), outlines, shapes)
    return found if shapes else None


def in_order(code: str) -> int:
    """From the forehead down, then what is not drawn."""
    drawn = [*FACE, *BODY]
    return drawn.index(code) if code in drawn else len(drawn)
