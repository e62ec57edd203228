"""Opens two pages in a real browser, and asks what they saw of the service.

One page comes from an origin that `CORS_ORIGINS` lists and goes through a screen from load to save to
conflict; the other comes from one that is not listed. Each is served by this program from a port of its
own, calls the service with `fetch`, and sends back what it checked.

    browser.py --binary target/debug/customer-access
"""

import argparse
import http.server
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from pathlib import Path

PAGES = Path(__file__).resolve().parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 60


class Pages(http.server.ThreadingHTTPServer):
    """An origin: serves one page, and takes the report of what it checked."""

    def __init__(self, script: str):
        super().__init__(("127.0.0.1", 0), Request)
        self.script, self.setup, self.checks = script, {}, queue.Queue()
        self.origin = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Request(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/":
            page = f'<!doctype html><title>test</title><script type="module" src="{self.server.script}"></script>'
            self.reply("text/html", page.encode())
        elif self.path == "/setup.json":
            self.reply("application/json", json.dumps(self.server.setup).encode())
        elif self.path.endswith(".js") and (PAGES / self.path[1:]).is_file():
            self.reply("text/javascript", (PAGES / self.path[1:]).read_bytes())
        else:
            self.send_error(404)

    def do_POST(self):
        self.server.checks.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.reply("text/plain", b"")

    def reply(self, media_type: str, body: bytes):
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Service:
    """A fresh installation that lists one origin."""

    def __init__(self, binary: Path, data: str, origin: str):
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        settings = {"DATA_DIR": data, "LISTEN": "127.0.0.1:0", "RUST_LOG": "warn", "CORS_ORIGINS": origin}
        self.binary, self.environment = binary, inherited | settings
        self.process = subprocess.Popen([binary], env=self.environment, stdout=subprocess.PIPE, text=True)
        said = self.process.stdout.readline()
        found = re.search(r"http://[0-9.:]+$", said.strip())
        if not found:
            raise SystemExit(f"browser: the service did not start: {said!r}")
        self.address = found[0]

    def token(self, subject: str) -> str:
        command = [self.binary, "token", "--scope", "admin", "--subject", subject, "--expires", "1h"]
        return subprocess.run(command, env=self.environment, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()

    def status(self, path: str, token: str) -> int:
        request = urllib.request.Request(self.address + path, headers={"Authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as reply:
                return reply.status
        except urllib.error.HTTPError as error:
            return error.code

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=SECONDS)


def browser() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    return found or sys.exit(f"browser: there is none of {', '.join(BROWSERS)}")


def visit(pages: Pages) -> list[dict]:
    """Opens the page in a browser without a window; gives what it reports."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        # The sandbox needs rights that a container seldom gives; nothing but our own page is opened.
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
        options += ["--disable-background-networking", "--no-proxy-server", f"--user-data-dir={profile}"]
        log = Path(profile, "stderr.log")
        with log.open("wb") as errors:
            command = [browser(), *options, f"{pages.origin}/"]
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
        try:
            return pages.checks.get(timeout=SECONDS)
        except queue.Empty:
            raise SystemExit(f"browser: {pages.script} did not report:\n{log.read_text(errors='replace')[-4000:]}") from None
        finally:
            process.terminate()
            process.wait(timeout=SECONDS)


def story(binary: Path) -> list[dict]:
    listed, stranger = Pages("listed.js"), Pages("stranger.js")
    with tempfile.TemporaryDirectory() as data:
        service = Service(binary, data, listed.origin)
        try:
            tokens = {name: service.token(name) for name in ("anna", "bert")}
            listed.setup = stranger.setup = {"service": service.address, "tokens": tokens}
            checks = visit(listed) + visit(stranger)
            status = service.status("/v1/customers/stranger", tokens["anna"])
            return checks + [{"what": "the stranger has written nothing", "holds": status == 404, "found": status}]
        finally:
            service.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, type=Path)
    checks = story(parser.parse_args().binary.resolve())
    failed = [check for check in checks if not check["holds"]]
    for check in failed:
        print(f"failed: {check['what']}\n{json.dumps(check.get('found'), indent=2)}")
    print(f"{len(checks) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
