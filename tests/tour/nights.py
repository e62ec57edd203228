"""Runs the nightly sync of a CRM against a fresh server, night after night, and compares what each one does.

    nights.py --binary target/debug/customer-access --sync "python target/clients/python/nightly_sync.py"

Between the two stands a network that breaks once: the second chunk arrives, and its reply does not.
"""

import argparse
import os
import re
import shlex
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from tour import ROOT, Server

EXPORT = ROOT / "tests/data/crm-contacts-10000.csv"
CONTACTS = 2_000


class BrokenNetwork:
    """Passes everything on, but for the reply to the first upload of a second chunk."""

    def __init__(self, server: str):
        host, port = server.split(":")
        self.server, self.breaks, self.has_broken = (host, int(port)), threading.Event(), threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:{}".format(self.listener.getsockname()[1])
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(self.server)
            for ends in ((client, server, self.sent), (server, client, self.replied)):
                threading.Thread(target=self.pass_on, args=ends, daemon=True).start()

    def sent(self, piece: bytes) -> bool:
        if b"/chunks/2 " in piece and not self.has_broken.is_set():
            self.breaks.set()
        return True

    def replied(self, _: bytes) -> bool:
        if not self.breaks.is_set():
            return True
        self.breaks.clear()
        self.has_broken.set()
        return False

    @staticmethod
    def pass_on(source: socket.socket, target: socket.socket, passes) -> None:
        try:
            while (piece := source.recv(65536)) and passes(piece):
                target.sendall(piece)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Nights:
    """A scheduler, and who reads its mail in the morning."""

    def __init__(self, binary: Path, sync: str, server: Server, directory: Path):
        self.binary, self.sync, self.server, self.directory = binary, shlex.split(sync), server, directory
        self.network, self.passed = BrokenNetwork(server.address), 0

    def token(self, scope: str) -> str:
        command = [self.binary, "token", "--scope", scope, "--subject", "crm-sync"]
        made = subprocess.run(command, env=self.server.environment, text=True, stdout=subprocess.PIPE, check=True)
        return made.stdout.strip()

    def night(self, name: str, lines: list[bytes], status: int, *says: str, options: tuple[str, ...] = ()) -> None:
        """Runs the sync with these lines of the export; it ends with this status and says all of this."""
        export, failed = self.directory / "contacts.csv", self.directory / "failed.csv"
        export.write_bytes(b"".join(lines))
        failed.unlink(missing_ok=True)
        environment = os.environ | {
            "CUSTOMER_ACCESS_URL": f"http://{self.network.address}",
            "CUSTOMER_ACCESS_TOKEN": self.token("sync:write access:read"),
        }
        command = [*self.sync, export, "--failed", failed, "--rows-a-chunk", "1000", *options]
        run = subprocess.run(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if run.returncode != status or not all(text in run.stdout for text in says):
            wrong = f"its status is {run.returncode}, not {status}, or it does not say all of {says}"
            raise SystemExit(f"nights: {name}: {wrong}:\n{run.stdout}")
        print(f"{name}: as expected")

    def failed_rows(self) -> str:
        return (self.directory / "failed.csv").read_text(encoding="utf-8")

    def expect_validity(self, external_id: str, expected: str) -> None:
        address = f"http://{self.server.address}/v1/customer-users/external:crm:{external_id}"
        command = ["curl", "-s", "-H", f"Authorization: Bearer {self.token('directory:read')}", address]
        reply = subprocess.run(command, text=True, stdout=subprocess.PIPE, check=True).stdout
        found = re.search(r'"validity":"(\w+)"', reply)
        if not found or found[1] != expected:
            raise SystemExit(f"nights: {external_id} is not {expected}: {reply}")


def counts(kind: str, **counted: str) -> str:
    words = ("created", "updated", "unchanged", "failed", "deactivated", "reactivated")
    return f"\n{kind}: " + ", ".join(f"{counted.get(word, '0')} {word}" for word in words)


def nights(scheduler: Nights, lines: list[bytes]) -> None:
    gone, another = (line.split(b",")[1].decode() for line in lines[1:3])
    new = (counts("customer", created="1,953"), counts("customer_user", created="2,000"))
    same = counts("customer", unchanged="1,953")
    broken = ("once more in 1 s", "chunk 2: 1,000 rows, which had come already")
    scheduler.night("a dry run", lines, 0, *new, *broken, options=("--dry-run",))
    scheduler.night("the first night", lines, 0, *new, "chunk 4: 953 rows")
    scheduler.night("the same again", lines, 0, same, counts("customer_user", unchanged="2,000"))
    scheduler.expect_validity(gone, "valid")
    left = counts("customer_user", unchanged="1,999", deactivated="1")
    scheduler.night("a contact is gone", lines[:1] + lines[2:], 0, left)
    scheduler.expect_validity(gone, "invalid")
    scheduler.night("an empty export", lines[:1], 4, "awaits approval: no row was sent at all", "any more: 1,999")
    scheduler.expect_validity(another, "valid")
    scheduler.night("an empty file", [], 1, "has no column")
    back = counts("customer_user", updated="1", unchanged="1,999", reactivated="1")
    scheduler.night("the contact is back", lines, 0, same, back)
    scheduler.expect_validity(gone, "valid")
    half_and_bad(scheduler, lines)


def half_and_bad(scheduler: Nights, lines: list[bytes]) -> None:
    """A contact whose e-mail address is none, and half an export."""
    wrong = lines[2].replace(b"xreese@hall-donovan.com", b"=xreese")
    says = ("1 rows failed; they are in", "awaits approval: 1 rows failed")
    scheduler.night("a bad row", [lines[0], lines[1], wrong, *lines[3:]], 4, *says)
    if not all(text in scheduler.failed_rows() for text in ("'=xreese", "line 3", "_reason")):
        raise SystemExit(f"nights: the rows that failed are\n{scheduler.failed_rows()}")
    half = lines[: CONTACTS // 2 + 1]
    scheduler.night("half an export", half, 4, "awaits approval: 1000 of 2000", "any more: 1,000")
    scheduler.night("its dry run", half, 4, "would need approval", options=("--dry-run",))
    meant = ("--guard-percent", "50")
    scheduler.night("half an export that is meant", half, 0, "1,000 deactivated", options=meant)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, type=Path)
    parser.add_argument("--sync", required=True)
    arguments = parser.parse_args()
    binary = arguments.binary.resolve()
    with tempfile.TemporaryDirectory() as data, tempfile.TemporaryDirectory() as directory:
        server = Server(binary, data)
        try:
            lines = EXPORT.read_bytes().splitlines(keepends=True)[: CONTACTS + 1]
            nights(Nights(binary, arguments.sync, server, Path(directory)), lines)
        finally:
            server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
