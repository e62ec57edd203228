"""Every crate in the binary has a licence that deny.toml allows, and comes from crates.io.

A part of what `cargo deny check licenses bans sources` does, without installing it: cargo-deny takes
minutes to build. Licence expressions are read as SPDX has them; the old `/` stands for OR.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def allowed(expression: str, allow: set[str]) -> bool:
    """Whether the expression can be met with these licences alone."""
    words = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))

    def either() -> bool:
        met = both()
        while words and words[0] == "OR":
            words.pop(0)
            met = both() or met
        return met

    def both() -> bool:
        met = one()
        while words and words[0] == "AND":
            words.pop(0)
            met = one() and met
        return met

    def one() -> bool:
        word = words.pop(0)
        if word == "(":
            met = either()
            words.pop(0)
            return met
        if words and words[0] == "WITH":
            words.pop(0)
            word += f" WITH {words.pop(0)}"
        return word in allow

    return either()


def crates() -> list[tuple[str, str]]:
    """What the binary is built of, each with its licence; not what the tests alone need."""
    command = ["cargo", "tree", "--locked", "--all-features", "--edges=normal,build", "--prefix=none", "--no-dedupe"]
    command.append("--format={p}\t{l}")
    lines = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    own, *others = dict.fromkeys(line.replace(" (proc-macro)", "") for line in lines)
    return [tuple(line.split("\t")) for line in others]


def problems(crate: str, licence: str, rules: dict) -> list[str]:
    found = []
    if not licence:
        found.append("names no licence")
    elif not allowed(licence, set(rules["licenses"]["allow"])):
        found.append(f"has the licence {licence}, which deny.toml does not allow")
    if "(" in crate:  # A path or a repository; what comes from crates.io has none.
        found.append("does not come from crates.io")
    if crate.split()[0] in {ban["crate"] for ban in rules["bans"]["deny"]}:
        found.append("is banned in deny.toml")
    return [f"{crate} {why}" for why in found]


def main() -> int:
    rules = tomllib.loads((ROOT / "deny.toml").read_text())
    all_crates = crates()
    found = [why for crate, licence in all_crates for why in problems(crate, licence, rules)]
    named = " ".join(licence for _, licence in all_crates)
    found += [f"deny.toml allows {it}, which no crate has" for it in rules["licenses"]["allow"] if it not in named]
    print("\n".join(found) or f"{len(all_crates)} crates, all allowed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
