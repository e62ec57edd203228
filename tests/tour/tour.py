"""Runs the README's commands against a fresh server, and compares what they print with what it says.

Every block marked ```console is run, in the order of the README, in one shell: a line that begins with
`$ ` is a command (a backslash continues it), what follows is what it prints. `…` in it stands for any
text. JSON is compared as JSON, so that the README may wrap it; what differs at every run (revisions'
epochs, entity tags, times, cursors, tokens, ids of jobs) is left out of the comparison, and nothing else is.

    tour.py --binary target/debug/customer-access                     run and compare
    tour.py --binary target/debug/customer-access --write             write what was printed into the README
    tour.py --binary target/debug/customer-access --client COMMAND    a client makes the calls instead

A client finds the server in CUSTOMER_ACCESS_URL and a token in CUSTOMER_ACCESS_TOKEN, makes the calls
that the section "A tour" makes with curl, in their order, and prints the replies as one JSON array.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
SHOWN_DIRECTORY = "$PWD/target/release"
SHOWN_BINARY = "target/release/customer-access"
SHOWN_ADDRESS = "127.0.0.1:8080"
WIDTH = 118


class Step:
    """A command of the README, and what it is said to print."""

    def __init__(self, command: str, first: int, section: str):
        self.command, self.first, self.section, self.printed = command, first, section, []

    @property
    def starts_the_server(self) -> bool:
        return self.command == "cargo run --release"

    @property
    def is_call(self) -> bool:
        """Whether a client makes it, too."""
        return self.section == "A tour" and self.command.startswith("curl -s -H \"$AUTH\"")


def steps_of(lines: list[str]) -> list[Step]:
    steps, inside, continued, section = [], False, False, ""
    for number, line in enumerate(lines):
        if line.startswith("## "):
            section = line[3:]
        if line.startswith("```"):
            inside, continued = line == "```console", False
        elif inside and continued:
            steps[-1].command += "\n" + line
            steps[-1].first, continued = number + 1, line.endswith("\\")
        elif inside and line.startswith("$ "):
            steps.append(Step(line[2:], number + 1, section))
            continued = line.endswith("\\")
        elif inside:
            steps[-1].printed.append(line)
    return steps


class Server:
    """A fresh installation, stopped as an operator stops it."""

    def __init__(self, binary: Path, data: str):
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        self.environment = inherited | {"DATA_DIR": data, "LISTEN": "127.0.0.1:0", "RUST_LOG": "warn", "LC_ALL": "C.UTF-8"}
        self.process = subprocess.Popen([binary], cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, text=True)
        self.said = [self.process.stdout.readline().rstrip("\n").replace(str(binary), SHOWN_BINARY) for _ in range(3)]
        found = re.search(r"http://([0-9.:]+)$", self.said[0])
        if not found:
            raise SystemExit(f"tour: the server did not start: {self.said}")
        self.address = found[1]

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=60)
        if status != 0:
            raise SystemExit(f"tour: the server ended with the status {status} after SIGTERM")


class Shell:
    """One shell for all commands, so that a variable that one sets is there for the next."""

    END = "--- end of the command ---"

    def __init__(self, server: Server, binary: Path):
        self.directory, self.address = str(binary.parent), server.address
        self.process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"], cwd=ROOT, env=server.environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )

    def run(self, command: str) -> str:
        command = command.replace(SHOWN_DIRECTORY, self.directory).replace(SHOWN_ADDRESS, self.address)
        self.process.stdin.write(f"{command}\nprintf '\\n%s\\n' '{self.END}'\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line.rstrip("\n") == self.END:
                return "".join(lines).strip("\n")
            lines.append(line)
        raise SystemExit(f"tour: the shell ended in: {command}")


def comparable(value):
    """A reply without what differs at every run."""
    if isinstance(value, list):
        return [comparable(item) for item in value]
    if isinstance(value, str):
        return UUID.sub("…", value)
    if not isinstance(value, dict):
        return value
    return {name: VOLATILE[name](member) if name in VOLATILE else comparable(member) for name, member in value.items()}


UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

VOLATILE = {
    "revision": lambda token: "…-" + token.rsplit("-", 1)[1],
    "etag": lambda _: "…",
    "created_at": lambda _: "…",
    "updated_at": lambda _: "…",
    "closed_at": lambda _: "…",
    "ended_at": lambda _: "…",
    "committed_at": lambda _: "…",
    "happened_at": lambda _: "…",
    "next_cursor": lambda _: "…",
    "request_id": lambda _: "…",
    "next_after": lambda place: "…-" + place.rsplit("-", 1)[1],
}


def parsed(text: str):
    try:
        return json.loads(text) if text.startswith("{") else None
    except ValueError:
        return None


def same(expected: str, printed: str) -> bool:
    said, found = parsed(expected), parsed(printed)
    if said is not None and found is not None:
        return comparable(said) == comparable(found)
    pattern = ".*".join(re.escape(part) for part in expected.split("…"))
    return re.fullmatch(pattern, printed, re.DOTALL) is not None


def wrapped(value, indent: str = "", before: int = 0) -> str:
    """JSON as the README shows it: what fits on a line stands on one."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(indent) + before + len(flat) <= WIDTH or not isinstance(value, (dict, list)) or not value:
        return flat
    inner = indent + "  "
    if isinstance(value, list):
        rows = [inner + wrapped(item, inner, 1) for item in value]
        return "[\n" + ",\n".join(rows) + f"\n{indent}]"
    rows = []
    for name, member in value.items():
        key = f"{json.dumps(name)}: "
        rows.append(inner + key + wrapped(member, inner, len(key) + 1))
    return "{\n" + ",\n".join(rows) + f"\n{indent}}}"


def shown(printed: str) -> list[str]:
    value = parsed(printed)
    return (printed if value is None else wrapped(value)).split("\n") if printed else []


def tour(steps: list[Step], server: Server, shell: Shell) -> dict[int, str]:
    """Runs every step; gives what each printed."""
    results = {}
    for step in steps:
        if step.starts_the_server:
            printed = "\n".join(server.said)
        else:
            printed = shell.run(step.command)
        results[step.first] = printed.replace(server.address, SHOWN_ADDRESS)
    return results


def replies_of_client(client: str, steps: list[Step], server: Server, shell: Shell) -> list[str]:
    """What the client got, for each call of the README."""
    last = max(index for index, step in enumerate(steps) if step.is_call)
    for step in steps[:last]:
        if not step.is_call and not step.starts_the_server:
            shell.run(step.command)
    token = shell.run('printf %s "${AUTH#*Bearer }"')
    environment = os.environ | {"CUSTOMER_ACCESS_URL": f"http://{server.address}", "CUSTOMER_ACCESS_TOKEN": token}
    output = subprocess.run(client, shell=True, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return [json.dumps(reply) for reply in json.loads(output.stdout)]


def write(lines: list[str], steps: list[Step], results: dict[int, str]) -> None:
    for step in reversed(steps):
        if not same("\n".join(step.printed), results[step.first]):
            lines[step.first : step.first + len(step.printed)] = shown(results[step.first])
    README.write_text("\n".join(lines))


def compare(pairs: list[tuple[str, str, str]]) -> int:
    """Prints what differs; gives the exit code."""
    wrong = 0
    for command, expected, printed in pairs:
        if not same(expected, printed):
            wrong += 1
            value = parsed(printed)
            printed = printed if value is None else wrapped(value)
            print(f"$ {command}\n--- README.md says\n{expected}\n--- it prints\n{printed}\n")
    print(f"{len(pairs) - wrong} passed, {wrong} failed")
    return 1 if wrong else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, type=Path)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--client")
    arguments = parser.parse_args()
    lines = README.read_text().split("\n")
    steps = steps_of(lines)
    calls = [step for step in steps if step.is_call]
    with tempfile.TemporaryDirectory() as data:
        server = Server(arguments.binary.resolve(), data)
        shell = Shell(server, arguments.binary.resolve())
        try:
            if arguments.client:
                replies = replies_of_client(arguments.client, steps, server, shell)
                if len(replies) != len(calls):
                    raise SystemExit(f"tour: the client made {len(replies)} calls, and the README makes {len(calls)}")
                pairs = [(c.command, "\n".join(c.printed), reply) for c, reply in zip(calls, replies)]
            else:
                results = tour(steps, server, shell)
                pairs = [(s.command, "\n".join(s.printed), results[s.first]) for s in steps]
        finally:
            server.stop()
    if arguments.write:
        write(lines, steps, results)
        return 0
    return compare(pairs)


if __name__ == "__main__":
    sys.exit(main())
