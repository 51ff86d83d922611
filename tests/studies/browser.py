"""A headless browser, where one is installed: what a page says, and what it complains of."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
REASON = "no chromium here: apt-get install chromium"
QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
         "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr")  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """The page after its scripts ran, and what went to the console or was not found."""

    dom: str
    complaints: list[str]


def seen(page: Path, folder: Path, width: int = 1200, script: str = "") -> Seen:
    """Open ``page``; with ``script`` a copy of it that runs this at its end."""
    if script:
        text = page.read_text()
        page = page.with_name("with-script.html")
        page.write_text(text.replace("</body>", f"<script>{script}</script></body>"))
    command = [BROWSER or "", *QUIET, f"--user-data-dir={folder}", f"--window-size={width},900", "--dump-dom"]
    done = subprocess.run([*command, page.as_uri()], capture_output=True, text=True, timeout=120)
    said = [line for line in done.stderr.splitlines() if "CONSOLE" in line or "ERR_" in line]
    return Seen(done.stdout, said)


def referenced(html: str) -> list[str]:
    """All that a page loads or links to, other than places on itself."""
    return [link for link in re.findall(r'(?:src|href)="([^"]+)"', html) if not link.startswith(("#", "data:"))]
