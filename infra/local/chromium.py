"""Debian's Chromium for the tests of the page, with fonts for Vietnamese and emoji."""

from debian import Packages
from tools import LOCAL

PACKAGES = ["chromium", "fonts-noto-core", "fonts-noto-color-emoji"]
CHROMIUM = Packages("chromium", "Chromium", PACKAGES, "BROWSER", "NOTHING IS TESTED IN A BROWSER")
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{root}/usr/share/fonts</dir>
  <cachedir>{cache}</cachedir>
  <alias binding="same"><family>system-ui</family><prefer><family>Noto Sans</family></prefer></alias>
  <alias><family>sans-serif</family><prefer><family>Noto Sans</family><family>Noto Color Emoji</family></prefer></alias>
</fontconfig>
"""


def install():
    CHROMIUM.install()


def env():
    """The environment variables with its location; empty if it is not unpacked."""
    if not CHROMIUM.is_here():
        return {}
    fonts = LOCAL / "browser-fonts.conf"
    fonts.write_text(FONTS.format(root=CHROMIUM.root, cache=LOCAL / "font-cache"))
    program = CHROMIUM.root / "usr" / "lib" / "chromium"
    return {"CHROMIUM": str(program / "chromium"), "CHROMIUM_LIBRARIES": f"{program}:{CHROMIUM.libraries()}", "CHROMIUM_FONTS": str(fonts)}
