"""Drawn stand-ins for clinical photographs: nobody's face is in the demo."""

from io import BytesIO

from PIL import Image, ImageDraw, ImageFilter

from sessions.models import View

SIZE = (720, 960)
BACKDROP = (94, 122, 140)
# Fitzpatrick I to VI
TONES = [
    (246, 219, 200),
    (236, 198, 170),
    (214, 168, 130),
    (176, 126, 88),
    (128, 84, 56),
    (84, 54, 40),
]
TURN = {View.LEFT_45: -90, View.RIGHT_45: 90}  # pixels that nose and mouth are off the middle


def portrait(view: View, skin_type: int, *, flushed: bool) -> BytesIO:
    """A JPEG of a schematic head in a standard view; flushed as after a session."""
    tone = TONES[skin_type - 1]
    image = Image.new("RGB", SIZE, BACKDROP)
    draw = ImageDraw.Draw(image)
    middle, turn = SIZE[0] // 2, TURN.get(view, 0)
    draw.rounded_rectangle((middle - 90, 640, middle + 90, 900), 40, fill=_shade(tone, 0.88))
    draw.rounded_rectangle((110, 830, 610, 1100), 120, fill=(226, 230, 234))
    draw.ellipse((middle - 215, 130, middle + 215, 720), fill=tone)
    if flushed:
        _blush(image, middle + turn // 2)
    draw = ImageDraw.Draw(image)
    for side in (-1, 1):
        eye = middle + turn + side * 85
        draw.ellipse((eye - 34, 380, eye + 34, 408), fill=_shade(tone, 0.55))
        draw.line((eye - 45, 345, eye + 45, 340), fill=_shade(tone, 0.45), width=9)
    nose = middle + turn
    draw.line((nose, 400, nose + turn // 4, 520, nose - 26, 528), fill=_shade(tone, 0.75), width=7)
    draw.chord((nose - 62, 570, nose + 62, 618), 0, 180, fill=_shade(tone, 0.62))
    file = BytesIO()
    image.filter(ImageFilter.GaussianBlur(1.5)).save(file, "JPEG", quality=88)
    file.seek(0)
    return file


def _blush(image: Image.Image, middle: int) -> None:
    mask = Image.new("L", SIZE, 0)
    draw = ImageDraw.Draw(mask)
    for side in (-1, 1):
        cheek = middle + side * 115
        draw.ellipse((cheek - 80, 430, cheek + 80, 580), fill=110)
    red = Image.new("RGB", SIZE, (214, 74, 66))
    image.paste(red, mask=mask.filter(ImageFilter.GaussianBlur(26)))


def _shade(tone: tuple[int, int, int], by: float) -> tuple[int, int, int]:
    red, green, blue = (round(part * by) for part in tone)
    return red, green, blue
