"""A nightly sync of a CRM's contacts into customer-access, for a scheduler to run.

    nightly_sync.py contacts.csv                 brings everything in; who is no longer there is deactivated
    nightly_sync.py contacts.csv --dry-run       says what that would do, and does nothing

The service is at CUSTOMER_ACCESS_URL, and CUSTOMER_ACCESS_TOKEN has the scope `sync:write` (with
`access:read` a dry run also says whose access would change). Exit codes:

    0  everything is in
    1  it could not be done: the file, the network or the service; run it again
    2  wrong usage
    3  some rows failed; they are in the file that --failed names
    4  it waits for somebody's approval: so far nobody was deactivated
"""

import argparse
import base64
import csv
import gzip
import hashlib
import itertools
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from customer_access import AuthenticatedClient
from customer_access.api.import_jobs import close_import_job, create_import_job, get_import_job
from customer_access.models import AccessDiffCounts, CloseImportJob, ImportJob, NewImportJob, Problem
from customer_access.types import Response

SOURCE = "crm"
# How long to wait before each further try, in seconds; after the last one it is given up.
PAUSES = (1, 2, 5, 15, 30)
# What a service or a proxy replies that may be asked again.
BUSY = {429, 502, 503, 504}
# Which column of the export is which field of a customer user.
COLUMNS = {
    "external_id": "Customer Id",
    "login": "Email",
    "email": "Email",
    "first_name": "First Name",
    "last_name": "Last Name",
    "phone": "Phone 1",
    "mobile": "Phone 2",
    "city": "City",
    "country": "Country",
}
COMPANY = "Company"

Row = dict[str, str | None]


class Stopped(Exception):
    """It could not be done, for a reason that a person can read."""


def say(text: str) -> None:
    print(text, flush=True)


class Patient(httpx.BaseTransport):
    """Sends again what did not get through.

    That is safe with every call of this program: a chunk that has come is not taken twice, to close a
    job again changes nothing, and of two jobs that were created the later takes the other's place.
    """

    def __init__(self, wrapped: httpx.BaseTransport) -> None:
        self.wrapped = wrapped

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        for pause in PAUSES:
            try:
                reply = self.wrapped.handle_request(request)
                if reply.status_code not in BUSY:
                    return reply
                reply.close()
                why, asked = f"status {reply.status_code}", reply.headers.get("retry-after", "")
                pause = int(asked) if asked.isdecimal() else pause
            except httpx.TransportError as error:
                why = str(error) or type(error).__name__
            say(f"{request.method} {request.url.path}: {why}; once more in {pause} s")
            time.sleep(pause)
        return self.wrapped.handle_request(request)

    def close(self) -> None:
        self.wrapped.close()


def contacts(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The lines of the CRM's export, with their numbers. What cannot be read whole is not sent at all."""
    with file.open(encoding="utf-8-sig", newline="") as opened:
        reader = csv.DictReader(opened, strict=True)
        missing = {COMPANY, *COLUMNS.values()} - set(reader.fieldnames or ())
        if missing:
            raise Stopped(f"{file} has no column {', '.join(sorted(missing))}")
        for contact in reader:
            if None in contact or None in contact.values():
                raise Stopped(f"{file}, line {reader.line_num}: not as many fields as the header has")
            yield reader.line_num, contact


def rows(file: Path) -> Iterator[Row]:
    """What the export says: each company once, and each contact. An empty cell clears its field."""
    companies: dict[str, str] = {}
    for line, contact in contacts(file):
        company = contact[COMPANY].strip()
        if company and company.casefold() not in companies:
            companies[company.casefold()] = company
            yield {"kind": "customer", "row_id": f"line {line}", "customer_id": company, "name": company}
        fields = {field: contact[column].strip() or None for field, column in COLUMNS.items()}
        customer = companies.get(company.casefold())
        yield {"kind": "customer_user", "row_id": f"line {line}", "customer": customer, **fields}


def problem_of(problem: Problem) -> Stopped:
    return Stopped(f"{problem.code}: {problem.detail}")


def job_of(reply: Response[Any]) -> ImportJob:
    if isinstance(reply.parsed, ImportJob):
        return reply.parsed
    if isinstance(reply.parsed, Problem):
        raise problem_of(reply.parsed)
    raise Stopped(f"the service replied with the status {reply.status_code}")


def put_chunk(client: AuthenticatedClient, job: ImportJob, number: int, some: tuple[Row, ...]) -> None:
    """Uploads a chunk. The generator has no function for bodies of this type."""
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in some)
    packed = gzip.compress(lines.encode(), mtime=0)
    digest = base64.b64encode(hashlib.sha256(packed).digest()).decode()
    headers = {
        "Content-Type": "application/x-ndjson",
        "Content-Encoding": "gzip",
        "Content-Digest": f"sha-256=:{digest}:",
    }
    path = f"{job.links.chunks}/{number}"
    reply = client.get_httpx_client().put(path, content=packed, headers=headers)
    refuse(reply)
    before = "" if reply.status_code == 201 else ", which had come already"
    say(f"chunk {number}: {len(some):,} rows{before}")


def refuse(reply: httpx.Response) -> None:
    """Stops at a refusal."""
    if reply.headers.get("content-type", "").startswith("application/problem+json"):
        raise problem_of(Problem.from_dict(reply.json()))
    if not reply.is_success:
        raise Stopped(f"the service replied with the status {reply.status_code}")


def wait(client: AuthenticatedClient, job: ImportJob) -> ImportJob:
    """Looks at the job until it rests, as often as the service says."""
    phase = ""
    while True:
        reply = get_import_job.sync_detailed(job.id, client=client)
        job, pause = job_of(reply), reply.headers.get("retry-after")
        if pause is None:
            return job
        if job.phase != phase:
            phase = job.phase
            say(f"{phase} …")
        time.sleep(int(pause))


def upload(client: AuthenticatedClient, arguments: argparse.Namespace) -> ImportJob:
    """Sends the whole file as one job. What is left of an earlier night's gives way."""
    new = NewImportJob(
        source=SOURCE,
        resources=["customer", "customer_user"],
        mode="full",
        # Who is there already, with the login of a contact, is that contact.
        on_existing="adopt",
        dry_run=arguments.dry_run,
        guard_percent=arguments.guard_percent,
    )
    job = job_of(create_import_job.sync_detailed(client=client, body=new, supersede=True))
    say(f"job {job.id}{', a dry run' if job.dry_run else ''}")
    sent, chunks = rows(arguments.file), 0
    while some := tuple(itertools.islice(sent, arguments.rows_a_chunk)):
        chunks += 1
        put_chunk(client, job, chunks, some)
    closed = close_import_job.sync_detailed(job.id, client=client, body=CloseImportJob(chunks=chunks))
    return wait(client, job_of(closed))


def save_failed(client: AuthenticatedClient, job: ImportJob, file: Path) -> None:
    """Writes the rows that failed, as a table that can be corrected and sent again, however many they are."""
    accept = {"Accept": "text/csv"}
    failed = client.get_httpx_client().stream("GET", job.links.results, params={"outcome": "failed"}, headers=accept)
    with failed as reply, file.open("wb") as output:
        if not reply.is_success:
            reply.read()
        refuse(reply)
        for piece in reply.iter_bytes():
            output.write(piece)


def report(job: ImportJob) -> None:
    words = ("created", "updated", "unchanged", "failed", "deactivated", "reactivated")
    for counts in job.counts:
        said = ", ".join(f"{getattr(counts, word):,} {word}" for word in words)
        say(f"{counts.kind}: {said}")
    if job.absent:
        say(f"not in the export any more: {job.absent:,}")
    if isinstance(job.access, AccessDiffCounts):
        say(f"access: {job.access.gaining:,} customer users would gain, {job.access.losing:,} would lose something")


def outcome(client: AuthenticatedClient, job: ImportJob, failed: Path) -> int:
    """Says how it ended; gives the exit code."""
    report(job)
    # Last night's rows are not this night's.
    failed.unlink(missing_ok=True)
    if job.failed_rows:
        save_failed(client, job, failed)
        say(f"{job.failed_rows:,} rows failed; they are in {failed}")
    if job.waits_because and (job.dry_run or job.state == "awaiting_approval"):
        needs = "would need" if job.dry_run else "awaits"
        say(f"job {job.id} {needs} approval: {'; '.join(job.waits_because)}")
        say(f"who would be deactivated: {job.links.absent}")
        return 4
    if job.state != "completed":
        raise Stopped(f"job {job.id} is {job.state}: {job.failure or 'somebody else ended it'}")
    return 3 if job.failed_rows else 0


def arguments_of() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="the CRM's export")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.add_argument("--failed", type=Path, default=Path("failed.csv"), help="where rows that failed are written")
    parser.add_argument("--guard-percent", type=int, default=5, help="deactivate so many of a hundred without asking")
    parser.add_argument("--rows-a-chunk", type=int, default=5_000, help="upload so many rows at once")
    arguments = parser.parse_args()
    if not (os.environ.get("CUSTOMER_ACCESS_URL") and os.environ.get("CUSTOMER_ACCESS_TOKEN")):
        parser.error("CUSTOMER_ACCESS_URL and CUSTOMER_ACCESS_TOKEN must say where the service is, and who asks")
    return arguments


def main() -> int:
    arguments = arguments_of()
    client = AuthenticatedClient(
        base_url=os.environ["CUSTOMER_ACCESS_URL"],
        token=os.environ["CUSTOMER_ACCESS_TOKEN"],
        timeout=httpx.Timeout(60),
        httpx_args={"transport": Patient(httpx.HTTPTransport())},
    )
    try:
        with client:
            return outcome(client, upload(client, arguments), arguments.failed)
    except (Stopped, OSError, UnicodeError, csv.Error, httpx.HTTPError) as why:
        print(f"nightly_sync: {why or type(why).__name__}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
